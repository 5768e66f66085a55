import { schema, type StreamExecutionEnvironment } from '#src/index.js';

/** A thousand log lines and as many promises, in two workers. */
export default function build(env: StreamExecutionEnvironment): void {
  const row = schema({ n: 'INT' });
  env
    .fromCollection(
      Array.from({ length: 2000 }, (_, n) => ({ n })),
      row,
    )
    .rebalance()
    .map(async (r) => {
      const n = r.n!;
      if (n < 1000) console.log(`log ${n}`);
      if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      return { n: r.n! + 1 };
    })
    .returns(row)
    .print();
}
