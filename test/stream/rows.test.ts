import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type MillraceError, schema, StreamExecutionEnvironment, TumblingEventTimeWindows, type TypedRow, WatermarkStrategy } from '#src/index.js';

const PLACE = schema({ id: 'INT NOT NULL', name: 'STRING', at: { x: 'DOUBLE NOT NULL', deep: { y: 'INT' } } });
type Place = TypedRow<{ id: number; name: string | null; at: { x: number; deep: { y: number | null } | null } | null }>;
const ROW = { id: 1, name: 'a', at: { x: 0.5, deep: { y: 2 } } };
const BARE = { id: 2, name: null, at: null };

async function mapped(fn: (row: Place) => unknown): Promise<unknown> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  for await (const value of env.fromCollection([ROW], PLACE).map(fn).executeAndCollect()) return value;
  throw new Error('nothing came');
}

/** What a function calls is not seen in its text. */
const copy = (row: object): object => ({ ...row });

test('a row is an object of its fields, and has toObject(), whatever a function does with it', async () => {
  const want: [(row: Place) => unknown, unknown][] = [
    [(r) => ({ ...r, b: 2 }), { ...ROW, b: 2 }],
    [(r) => ({ ...r.toObject(), b: 2 }), { ...ROW, b: 2 }],
    [(r) => [{ ...r }, r.toObject()], [ROW, ROW]],
    [(r) => copy(r), ROW],
    [(r) => Object.assign({}, r), ROW],
    [(r) => Object.entries(r), Object.entries(ROW)],
    [(r) => Object.keys(r), ['id', 'name', 'at']],
    [(r) => JSON.stringify(r), JSON.stringify(ROW)],
    [(r) => structuredClone(r), ROW],
    [(r) => inspect(r), inspect(ROW)],
    [({ id, ...rest }) => [id, rest], [1, { name: 'a', at: ROW.at }]],
    [({ id, at }) => [id, at], [1, ROW.at]],
    [(r) => ['name' in r, 'nobody' in r, Object.hasOwn(r, 'id')], [true, false, true]],
    [(r) => Object.keys(r.toObject()), ['id', 'name', 'at']],
    [(r) => ({ ...r.at, z: 1 }), { ...ROW.at, z: 1 }],
    [(r) => ({ ...r.at?.deep }), { y: 2 }],
    [(r) => ({ at: r.at }), { at: ROW.at }],
    [(r) => r, ROW],
    [(r) => ({ r }), { r: ROW }],
    [(r) => [r], [ROW]],
    [
      (r) => {
        const keys: string[] = [];
        for (const k in r) keys.push(k);
        return keys;
      },
      ['id', 'name', 'at'],
    ],
  ];
  for (const [fn, value] of want) assert.deepStrictEqual(await mapped(fn), value, String(fn));
});

test('key functions, timestamps, reduce and process functions may copy rows too', async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const out: unknown[] = [];
  const sums = env
    .fromCollection([ROW, BARE, { ...ROW, name: 'b' }], PLACE)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Place>().withTimestampAssigner(({ id, ...rest }) => id + Object.keys(rest).length))
    .keyBy((r) => copy({ ...r, name: null }))
    .process({
      processElement(r, ctx, collector) {
        const seen = ctx.valueState<object[]>('seen', []);
        seen.update([...(seen.value() ?? []), copy(r)]);
        collector.collect([ctx.timestamp, ctx.key, seen.value()?.length, r.toObject()]);
      },
    });
  for await (const e of sums.executeAndCollect()) out.push(e);
  assert.deepStrictEqual(out, [
    [3, { ...ROW, name: null }, 1, ROW],
    [4, BARE, 1, BARE],
    [3, { ...ROW, name: null }, 2, { ...ROW, name: 'b' }],
  ]);
  const windows = StreamExecutionEnvironment.getExecutionEnvironment()
    .fromCollection([ROW, { ...ROW, name: 'b' }], PLACE)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Place>().withTimestampAssigner((r) => r.id))
    .keyBy((r) => Object.keys(r).length)
    .window(TumblingEventTimeWindows.of(10))
    .process((key, _ctx, rows, collector) => collector.collect([key, rows]));
  for await (const e of windows.executeAndCollect()) assert.deepStrictEqual(e, [3, [ROW, { ...ROW, name: 'b' }]]);
  const reduced: unknown[] = [];
  const rolling = StreamExecutionEnvironment.getExecutionEnvironment()
    .fromCollection([ROW, { ...ROW, name: 'b' }], PLACE)
    .keyBy((r) => r.id)
    .reduce((a, b) => ({ ...(copy(b) as Place), id: a.id + 1 }));
  for await (const e of rolling.executeAndCollect()) reduced.push(e);
  assert.deepStrictEqual(reduced, [ROW, { ...ROW, name: 'b', id: 2 }]);
});

test('a row that is kept stays; one that was only read from expires with its batch', async () => {
  const kept: Place[] = [];
  const later: (() => number)[] = [];
  await mapped((r) => kept.push(r));
  await mapped((r) => later.push(() => r.id));
  assert.deepStrictEqual({ ...kept[0] }, ROW);
  assert.throws(
    () => later[0](),
    (e: MillraceError) => e.code === 'ROW_EXPIRED',
  );
});

test('a field hides what a row has beside its fields', async () => {
  const S = schema({ toObject: 'INT', toJSON: 'STRING', n: 'INT' });
  const row = { toObject: 1, toJSON: 'x', n: 3 };
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const out: unknown[] = [];
  const rows = env
    .fromCollection([row], S)
    .filter((r) => r.n === 3)
    .map((r) => [{ ...r }, (r as unknown as typeof row).toObject]);
  for await (const e of rows.executeAndCollect()) out.push(e);
  assert.deepStrictEqual(out, [[row, 1]]);
});
