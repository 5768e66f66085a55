// Orders and turnover per category every 10 s, without a function in JS: every step runs in WebAssembly.
//   npx millrace run examples/declarative.js
//   INPUT=orders.jsonl OUTPUT=out npx millrace run examples/declarative.js --set 'parallelism.default=2'
import { col, count, schema, sum, TumblingEventTimeWindows, WatermarkStrategy } from 'millrace';

const { INPUT = new URL('data/orders.jsonl', import.meta.url).pathname, OUTPUT } = process.env;

const order = schema({ category: 'STRING', price: 'DECIMAL(10, 2)', quantity: 'INT', ordered_at: 'TIMESTAMP(3)' });

export default function (env) {
  const totals = env
    .fromConnector(
      { connector: 'filesystem', path: INPUT, format: 'json', schema: order },
      WatermarkStrategy.forBoundedOutOfOrderness('5 s').withTimestampAssigner('ordered_at'),
    )
    .filter(col('quantity').gt(0))
    .select('category', col('price').times(col('quantity')).as('amount'), 'ordered_at')
    .keyBy('category')
    .window(TumblingEventTimeWindows.of('10 s'))
    .aggregate(count().as('orders'), sum('amount').as('turnover'))
    .select('category', 'orders', 'turnover', 'window_start');

  if (OUTPUT) totals.sinkTo({ connector: 'filesystem', path: OUTPUT, format: 'json' });
  else totals.print();
}
