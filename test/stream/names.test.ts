import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { toArrow } from '#src/batch/arrow.js';
import { createBuilder } from '#src/batch/builder.js';
import { createReader } from '#src/batch/rows.js';
import {
  col,
  executeSql,
  type MillraceError,
  OutputTag,
  type RowSchema,
  schema,
  StreamExecutionEnvironment,
  sql,
  sum,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from '#src/index.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { scratch } from '../serve/cli.js';

/** Names that every object has something under, and some that rows or promises have. */
const NAMES = [...Object.getOwnPropertyNames(Object.prototype), 'toObject', 'toJSON', 'then', 'length', 'prototype', 'a'];

type AnyRow = Record<string, unknown>;
/** An object with own properties of any name: Object.fromEntries sets '__proto__' too. */
const record = <T>(names: readonly string[], value: (name: string, i: number) => T): Record<string, T> =>
  Object.fromEntries(names.map((n, i) => [n, value(n, i)]));
const env = (): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment();
async function all<T>(elements: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const e of elements) out.push(e);
  return out;
}
const same = (got: unknown, want: unknown): void => {
  // assert's own comparison reads '__proto__' as a property where it is one
  assert.deepStrictEqual(got, want);
  assert.equal(JSON.stringify(got), JSON.stringify(want));
};

const namesArb = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 6 });
/** A schema of INTs and one nested ROW of INTs, full rows, and the same rows as a user gives them: absent where NULL. */
const tableArb = fc
  .tuple(namesArb, namesArb, fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 99 })), { minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 4 }))
  .map(([names, nested, values]) => {
    const [row, ...plain] = names;
    const given = (x: AnyRow): AnyRow =>
      record(
        Object.keys(x).filter((n) => x[n] !== null),
        (n) => x[n],
      );
    const rows = values.map((v) => record(names, (n, i) => (n === row ? record(nested, (_, j) => v[6 + j]) : v[i])));
    return {
      names,
      plain,
      S: schema(record(names, (n) => (n === row ? record(nested, () => 'INT') : 'INT'))) as unknown as RowSchema<AnyRow>,
      rows,
      given: rows.map((r) => given(record(names, (n) => (n === row ? given(r[n] as AnyRow) : r[n])))),
    };
  });

test('schemas, builders, handles, plain rows and Arrow have fields of any name', () => {
  const engine = new Engine();
  fc.assert(
    fc.property(tableArb, ({ S, names, rows, given }) => {
      assert.deepEqual(
        S.fields.map((f) => f.name),
        names,
      );
      const leaves = flatten(S);
      const builder = createBuilder(engine, leaves, { capacity: 8 });
      for (const g of given) builder.append(g);
      const batch = builder.finish();
      const reader = createReader(leaves);
      reader.bind(batch);
      rows.forEach((r, i) => {
        same(reader.object(i), r);
        same({ ...reader.whole(i) }, r);
        for (const n of names) same(reader.row(i)[n], r[n]);
      });
      const again = createBuilder(engine, leaves, { capacity: 8 });
      rows.forEach((_, i) => again.append(reader.row(i)));
      assert.deepEqual(toArrow(again.finish()), toArrow(batch));
      const fields = tableFromIPC(toArrow(batch)).schema.fields;
      assert.deepEqual(
        fields.map((f) => f.name),
        names,
      );
    }),
    { numRuns: 100 },
  );
});

test('collections, functions, keys, state and declarative steps take fields of any name', async () => {
  await fc.assert(
    fc.asyncProperty(tableArb, async ({ S, names, plain, rows, given }) => {
      const input = () => env().fromCollection(given, S);
      same(await all(input().executeAndCollect()), rows);
      const mapped = input()
        .map((r) => ({ ...r }))
        .returns(S);
      same(await all(mapped.executeAndCollect()), rows);
      same(
        await all(
          input()
            .select(...names)
            .executeAndCollect(),
        ),
        rows,
      );
      if (plain.length === 0) return;
      const counted = input()
        .keyBy(...plain)
        .process((row, ctx, out) => {
          const last = ctx.valueState<AnyRow>('__proto__');
          out.collect([ctx.key, last.value() ?? null]);
          last.update({ ...row });
        });
      const keys = rows.map((r) => (plain.length === 1 ? r[plain[0]] : record(plain, (n) => r[n])));
      const text = keys.map((k) => JSON.stringify(k));
      const before = text.map((t, i) => text.lastIndexOf(t, i - 1)).map((at, i) => (i === 0 || at < 0 ? null : rows[at]));
      same(
        await all(counted.executeAndCollect()),
        keys.map((k, i) => [k, before[i]]),
      );
    }),
    { numRuns: 40 },
  );
});

test('a user class, and an object without the field, give NULL and not what they inherit', async () => {
  const S = schema({ constructor: 'STRING', a: 'INT' });
  class Reading {
    readonly a = 1;
  }
  same(
    await all(
      env()
        .fromCollection([new Reading() as never, { a: 2 } as never], S)
        .executeAndCollect(),
    ),
    [
      { constructor: null, a: 1 },
      { constructor: null, a: 2 },
    ],
  );
});

test('keys of JS values, aggregates, windows, side outputs, uids, options and metadata', async () => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<AnyRow>().withTimestampAssigner((r) => r.at as bigint);
  for (const name of NAMES) {
    const S = schema(record([name, 'n', 'at'], (f) => (f === 'at' ? 'BIGINT' : 'INT')));
    const rows = [1, 1, 2].map((k, i) => record([name, 'n', 'at'], (f) => (f === 'at' ? BigInt(i) : f === 'n' ? i + 1 : k)));
    const input = () =>
      env()
        .fromCollection(rows as never[], S as unknown as RowSchema<AnyRow>)
        .assignTimestampsAndWatermarks(strategy);
    const windows = input()
      .keyBy(name)
      .window(TumblingEventTimeWindows.of(10))
      .aggregate(sum('n').as(`${name}_`))
      .select(name, col(`${name}_`).as('total'));
    same(await all(windows.executeAndCollect()), [record([name, 'total'], (f) => (f === name ? 1 : 3)), record([name, 'total'], (f) => (f === name ? 2 : 3))]);
    const reduced = input()
      .keyBy((r) => r[name])
      .window(TumblingEventTimeWindows.of(10))
      .aggregate({
        createAccumulator: (): AnyRow => ({}),
        add: (r, acc) => record([name], () => [...((Object.hasOwn(acc, name) ? acc[name] : []) as unknown[]), r.n]),
        getResult: (acc) => acc,
        merge: (acc) => acc,
      });
    same(await all(reduced.executeAndCollect()), [record([name], () => [1, 2]), record([name], () => [3])]);
    const values = env()
      .fromCollection([record([name], () => 1), {}])
      .keyBy(name)
      .process((_v, ctx, out) => out.collect(ctx.key));
    same(await all(values.executeAndCollect()), [1, null]);
    const tag = new OutputTag<number>(name);
    const main = env()
      .fromElements(1, 2)
      .process((v, ctx) => ctx.output(tag, v))
      .uid(name);
    same(await all(main.getSideOutput(tag).executeAndCollect()), [1, 2]);
    await assert.rejects(
      all(
        env()
          .fromConnector({ connector: 'datagen', schema: S as never, ...record([name], () => '1') })
          .executeAndCollect(),
      ),
      (e: MillraceError) => e.code === 'UNKNOWN_OPTION' && e.message.includes(`'${name}'`),
    );
    const meta = schema(record([name, 'x'], (f) => (f === name ? 'STRING METADATA' : 'INT')));
    assert.deepEqual([meta.fields.map((f) => f.name), Object.entries(meta.metadata)], [['x', name], [[name, name]]]);
    await assert.rejects(
      all(
        env()
          .fromConnector({ connector: 'datagen', schema: meta as never })
          .executeAndCollect(),
      ),
      (e: MillraceError) => e.code === 'UNKNOWN_COLUMN' && e.message.includes(`'${name}'`),
    );
  }
});

test('SQL: JSON and CSV in and out, nested ROWs, sql() rows', async () => {
  const dir = scratch();
  const q = (n: string): string => `\`${n}\``;
  const columns = NAMES.map((n) => `${q(n)} INT`).join(', ');
  const row = record(NAMES, (_, i) => i);
  const nested = record(['r', 'n'], (f) => (f === 'r' ? row : 7));
  writeFileSync(join(dir, 'flat.json'), `${JSON.stringify(row)}\n{}\n`);
  writeFileSync(join(dir, 'nested.json'), `${JSON.stringify(nested)}\n`);
  const table = (name: string, path: string, cols: string, format: string): string =>
    `CREATE TABLE ${name} (${cols}) WITH ('connector' = 'filesystem', 'path' = '${join(dir, path)}', 'format' = '${format}');`;
  const tables = [
    table('flat', 'flat.json', columns, 'json'),
    table('nested', 'nested.json', `r ROW<${columns}>, n INT`, 'json'),
    table('json_out', 'json', columns, 'json'),
    table('nested_out', 'nested', `r ROW<${columns}>, n INT`, 'json'),
    table('csv_out', 'csv', columns, 'csv'),
  ].join('\n');
  const none = record(NAMES, () => null);
  same(await all(sql(`${tables} SELECT * FROM flat`)), [row, none]);
  same(await all(sql(`${tables} SELECT * FROM nested`)), [nested]);
  for (const [into, from] of [
    ['json_out', 'flat'],
    ['nested_out', 'nested'],
    ['csv_out', 'flat'],
  ])
    await (await executeSql(`${tables} INSERT INTO ${into} SELECT * FROM ${from} ${into === 'csv_out' ? 'WHERE a IS NOT NULL' : ''}`)).done;
  const lines = (folder: string): string[] =>
    readdirSync(join(dir, folder)).flatMap((f) =>
      readFileSync(join(dir, folder, f), 'utf8')
        .trim()
        .split('\n'),
    );
  same(
    lines('json').map((l) => JSON.parse(l)),
    [row, none],
  );
  same(
    lines('nested').map((l) => JSON.parse(l)),
    [nested],
  );
  same(await all(sql(`${tables} SELECT * FROM csv_out`)), [row]);
});

test('SQL: a time attribute, keys and results of a window of such names', async () => {
  const dir = scratch();
  const at = (s: number): string => `2024-01-01 00:00:0${s}`;
  const lines = [1, 1, 2].map((k, i) => record(['constructor', '__proto__', 'toString'], (n) => (n === 'constructor' ? at(i) : n === '__proto__' ? k : i)));
  writeFileSync(join(dir, 'in.json'), lines.map((l) => `${JSON.stringify(l)}\n`).join(''));
  const got = sql(`CREATE TABLE \`hasOwnProperty\` (\`constructor\` TIMESTAMP(3), \`__proto__\` INT, \`toString\` INT,
      WATERMARK FOR \`constructor\` AS \`constructor\`) WITH ('connector' = 'filesystem', 'path' = '${join(dir, 'in.json')}', 'format' = 'json');
    SELECT \`__proto__\`, MAX(\`toString\`) AS \`valueOf\` FROM TABLE(TUMBLE(TABLE \`hasOwnProperty\`, DESCRIPTOR(\`constructor\`), INTERVAL '1' MINUTE))
    GROUP BY \`__proto__\`, window_start, window_end`);
  same(await all(got), [record(['__proto__', 'valueOf'], () => 1), record(['__proto__', 'valueOf'], () => 2)]);
});
