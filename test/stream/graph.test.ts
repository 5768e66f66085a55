import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import {
  avg,
  col,
  count,
  EventTimeSessionWindows,
  OutputTag,
  type RowOf,
  schema,
  StreamExecutionEnvironment,
  sum,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
} from '#src/index.js';
import { graphHash } from '#src/stream/graph-builder.js';

const order = schema({ user: 'STRING NOT NULL', amount: 'DECIMAL(10, 2)', ts: 'TIMESTAMP(3)', place: { city: 'STRING' } });
const strategy = WatermarkStrategy.forBoundedOutOfOrderness('5 s');

// ---- types: this part only has to compile ----
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T => true as T;
holds<Equal<RowOf<typeof order>['user'], string>>();
holds<Equal<RowOf<typeof order>['amount'], string | null>>();
holds<Equal<RowOf<typeof order>['ts'], number | null>>();
holds<Equal<NonNullable<RowOf<typeof order>['place']>['city'], string | null>>();
const everything = schema({
  a: 'bigint',
  b: 'TIMESTAMP(6)',
  c: 'double not null',
  d: 'BYTES',
  e: 'BOOLEAN',
  f: "TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'",
  g: 'ANY',
});
holds<Equal<RowOf<typeof everything>['a'], bigint | null>>();
holds<Equal<RowOf<typeof everything>['b'], bigint | null>>();
holds<Equal<RowOf<typeof everything>['c'], number>>();
holds<Equal<RowOf<typeof everything>['d'], Uint8Array | null>>();
holds<Equal<RowOf<typeof everything>['e'], boolean | null>>();
holds<Equal<RowOf<typeof everything>['f'], number | null>>();
holds<Equal<RowOf<typeof everything>['g'], unknown>>();

function declarative(env: StreamExecutionEnvironment): void {
  env
    .fromConnector(
      { connector: 'filesystem', path: '/in', format: 'json', 'json.ignore-parse-errors': true, schema: order },
      strategy.withTimestampAssigner('ts'),
    )
    .filter(col('amount').gt(10).and(col('place.city').ne('Rome')))
    .keyBy('user')
    .window(TumblingEventTimeWindows.of('10 s'))
    .aggregate(count().as('n'), sum('amount').as('total'), avg('amount'))
    .uid('totals')
    .select('user', 'total', col('n').plus(1).as('more'))
    .sinkTo({ connector: 'print' });
}

test('the declarative form is a graph of wasm operators only, plain data with Flink types', () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  declarative(env);
  const { graph, closures } = env.build('job');
  assert.equal(closures.length, 0);
  assert.deepEqual(graph, structuredClone(graph));
  assert.deepEqual(
    graph.nodes.map((n) => [n.kind, n.uid, n.inputs.map((e) => `${e.source} ${e.partition} ${e.keys ?? ''}`).join()]),
    [
      ['source', 'source-0', ''],
      ['calc', 'calc-1', '0 forward '],
      ['windowAggregate', 'totals', '1 hash 0'],
      ['calc', 'calc-3', '2 forward '],
      ['sink', 'sink-4', '3 forward '],
    ],
  );
  assert.deepEqual(
    graph.nodes[2].output.fields.map((f) => [f.name, f.type.root, 'precision' in f.type ? f.type.precision : 0, 'scale' in f.type ? f.type.scale : 0]),
    [
      ['user', 'VARCHAR', 0, 0],
      ['n', 'BIGINT', 0, 0],
      ['total', 'DECIMAL', 38, 2],
      ['avg_amount', 'DECIMAL', 38, 6],
      ['window_start', 'TIMESTAMP', 3, 0],
      ['window_end', 'TIMESTAMP', 3, 0],
      ['window_time', 'TIMESTAMP', 3, 0],
    ],
  );
  const source = graph.nodes[0].config as {
    source: { options: object; format: object };
    watermark: { watermark: { args: { value: bigint }[] } };
  };
  assert.deepEqual([source.source.options, source.source.format], [{ path: '/in' }, { name: 'json', options: { 'ignore-parse-errors': 'true' } }]);
  assert.equal(source.watermark.watermark.args[1].value, 5001n); // one more millisecond than SQL's
});

test('functions stand beside the graph, by index; the same program gives the same hash', () => {
  const program = (env: StreamExecutionEnvironment, gap: string): void => {
    const late = new OutputTag<{ id: string }>('late');
    const windowed = env
      .fromElements({ id: 'a', at: 1 })
      .map((v) => ({ ...v, x: Math.random() }))
      .assignTimestampsAndWatermarks(strategy.withTimestampAssigner((v: { at: number }) => v.at))
      .keyBy('id')
      .window(EventTimeSessionWindows.withGap(gap))
      .allowedLateness('1 s')
      .sideOutputLateData(late as never)
      .process((key, _ctx, elements, out) => out.collect({ key, n: elements.length }));
    windowed.getSideOutput(late).print();
    windowed.print('main');
  };
  const build = (gap: string) => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    program(env, gap);
    return env.build();
  };
  const [a, b, c] = [build('2 min'), build('2 min'), build('3 min')];
  assert.deepEqual(
    a.graph.nodes.map((n) => n.kind),
    ['source', 'map', 'assignTimestamps', 'keyHash', 'windowProcess', 'map', 'sink', 'map', 'sink'],
  );
  assert.deepEqual(
    a.closures.map((f) => typeof f),
    ['object', 'function', 'function', 'function', 'function', 'function', 'function'],
  );
  assert.equal(a.graph.nodes[5].inputs[0].side, 'late');
  assert.equal(graphHash(a.graph), graphHash(b.graph));
  assert.notEqual(graphHash(a.graph), graphHash(c.graph));
});

test('a graph that cannot run is refused while it is built, with the remedy', () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const rows = env.fromCollection([], order);
  const values = env.fromElements({ a: 1 });
  const refused: [string, RegExp, () => unknown][] = [
    ['GRAPH_INVALID', /without timestamps/, () => rows.keyBy('user').window(TumblingEventTimeWindows.of(10))],
    ['UNKNOWN_COLUMN', /no field 'usr'/, () => rows.keyBy('usr')],
    ['UNKNOWN_COLUMN', /no field 'x'/, () => rows.select('x')],
    ['GRAPH_INVALID', /JS values without declared fields/, () => values.filter(col('a').gt(1))],
    ['GRAPH_INVALID', /returns\(schema/, () => values.keyBy('a').window(TumblingProcessingTimeWindows.of(10)).count()],
    [
      'GRAPH_INVALID',
      /key of fields/,
      () =>
        rows
          .keyBy((r) => r.user)
          .window(TumblingProcessingTimeWindows.of(10))
          .count(),
    ],
    ['TYPE_MISMATCH', /STRING NOT NULL and INT/, () => rows.filter(col('user').gt(1))],
    ['TYPE_MISMATCH', /filter is BOOLEAN/, () => rows.filter(col('amount'))],
    ['TYPE_MISMATCH', /sum does not take STRING/, () => rows.keyBy('user').window(TumblingProcessingTimeWindows.of(10)).sum('user')],
    ['TYPE_MISMATCH', /no event time/, () => rows.assignTimestampsAndWatermarks(strategy.withTimestampAssigner('user'))],
    ['TYPE_MISMATCH', /'STRANG'/, () => schema({ a: 'STRANG' })],
    ['TYPE_MISMATCH', /out of range/, () => schema({ a: 'DECIMAL(40, 2)' })],
    ['INVALID_OPTION', /no duration/, () => TumblingEventTimeWindows.of('ten')],
    ['GRAPH_INVALID', /cannot be written/, () => values.sinkTo({ connector: 'print' })],
    [
      'GRAPH_INVALID',
      /two operators have the uid 'x'/,
      () => {
        const twice = StreamExecutionEnvironment.getExecutionEnvironment();
        twice
          .fromElements(1)
          .uid('x')
          .map((v) => v)
          .uid('x');
        return twice.build();
      },
    ],
    ['TYPE_MISMATCH', /union of/, () => (rows as never as typeof values).union(values)],
  ];
  for (const [code, message, build] of refused)
    assert.throws(build, (e: unknown) => e instanceof MillraceError && e.code === code && message.test(e.message), String(message));
});
