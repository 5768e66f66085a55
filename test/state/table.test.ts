import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { type Batch, allocBatch } from '#src/batch/batch.js';
import { createBuilder } from '#src/batch/builder.js';
import { KeyHasher } from '#src/batch/hash.js';
import { createReader } from '#src/batch/rows.js';
import { keyGroupStart } from '#src/contract/operator.js';
import { hashRangeOf, KeyedTables } from '#src/state/table.js';
import { BIGINT, BOOLEAN, DECIMAL, DOUBLE, FLOAT, INT, type LogicalType, ROW, SMALLINT, STRING, TINYINT } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';

const ALL = { base: 0, range: 2 ** 32 };
const nullable = <T>(a: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(a, { nil: null, freq: 6 });
const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', '12345678', '123456789', '1234567890123456', '12345678901234567', 'x'.repeat(40)));
const COLUMNS: readonly (readonly [LogicalType, fc.Arbitrary<unknown>])[] = [
  [INT(), nullable(fc.integer({ min: -2, max: 2 }))],
  [BIGINT(), nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [TINYINT(), nullable(fc.integer({ min: -128, max: 127 }))],
  [SMALLINT(), nullable(fc.integer({ min: -32768, max: 32767 }))],
  [BOOLEAN(), nullable(fc.boolean())],
  [STRING(), nullable(text)],
  [DOUBLE(), nullable(fc.constantFrom(0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY))],
  [FLOAT(), nullable(fc.constantFrom(0, -0, 1.5, Number.NaN))],
  [DECIMAL(10, 2), nullable(fc.constantFrom('1.00', '-2.50', '0.00'))],
  [DECIMAL(30, 2), nullable(fc.constantFrom('1.00', '-2.50', '123456789012345678901234.00'))],
  [ROW([{ name: 'a', type: INT() }]), nullable(fc.record({ a: nullable(fc.integer({ min: 0, max: 1 })) }))],
];
const show = (v: unknown): string =>
  JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? `${x}n` : Object.is(x, -0) ? '-0' : typeof x === 'number' && !Number.isFinite(x) ? String(x) : x));

test('equal keys find one row, other keys other rows, and rows give their keys back', () => {
  const columns = fc.uniqueArray(fc.integer({ min: 0, max: COLUMNS.length - 1 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      columns.chain((cs) => fc.tuple(fc.constant(cs), fc.array(fc.tuple(...cs.map((c) => COLUMNS[c][1])), { minLength: 1, maxLength: 60 }))),
      ([cs, rows]) => {
        const engine = new Engine();
        const leaves = flatten({ fields: cs.map((c, i) => ({ name: `c${i}`, type: COLUMNS[c][0] })) });
        const keys = leaves.map((_, i) => i);
        const tables = new KeyedTables(engine, leaves, keys, 8, ALL);
        const hasher = new KeyHasher(engine, leaves, keys);
        const builder = createBuilder(engine, leaves, { capacity: 16 });
        const pointers = new Map<string, number>();
        const hashes = engine.alloc(64);
        const out = engine.alloc(64);
        const table = tables.create();
        for (let from = 0; from < rows.length; from += 16) {
          builder.clear();
          for (const row of rows.slice(from, from + 16)) builder.append(row);
          const batch = builder.finish();
          hasher.hash(batch, hashes);
          tables.find(table, batch, batch.sel, batch.selCount, hashes, out);
          rows.slice(from, from + 16).forEach((row, i) => {
            const key = show(row);
            const p = engine.u32[(out >> 2) + i];
            assert.equal(pointers.get(key) ?? p, p, key);
            pointers.set(key, p);
          });
        }
        assert.equal(new Set(pointers.values()).size, pointers.size, 'different keys share a row');
        assert.equal(tables.count(table), pointers.size);
        const result = allocBatch(engine, leaves, { capacity: 64 });
        const vector = engine.alloc(256);
        tables.walkStart(table);
        const n = tables.walk(table, vector, 64);
        assert.equal(n, pointers.size);
        assert.equal(tables.walk(table, vector + n * 4, 64), 0);
        tables.keysToColumns(vector, n, result, 0);
        const reader = createReader(leaves);
        reader.bind(result);
        for (let i = 0; i < n; i++) {
          const key = show(Object.values(reader.object(i)));
          assert.equal(pointers.get(key), engine.u32[(vector >> 2) + i], key);
        }
      },
    ),
    { numRuns: 120 },
  );
});

/** Finds `keys` (BIGINT) in batches; returns the pointers. */
function findAll(engine: Engine, tables: KeyedTables, table: number, batch: Batch, hasher: KeyHasher, keys: readonly bigint[]): number[] {
  const hashes = engine.alloc(8192);
  const out = engine.alloc(8192);
  const pointers: number[] = [];
  for (let from = 0; from < keys.length; from += 2048) {
    const n = Math.min(2048, keys.length - from);
    for (let i = 0; i < n; i++) engine.i64[(batch.values(0) >> 3) + i] = keys[from + i];
    batch.selectAll(n);
    hasher.hash(batch, hashes);
    tables.find(table, batch, batch.sel, n, hashes, out);
    pointers.push(...engine.u32.subarray(out >> 2, (out >> 2) + n));
  }
  engine.free(hashes, 8192);
  engine.free(out, 8192);
  return pointers;
}

test('a table grows while rows stay where they are, and gives all memory back', () => {
  const engine = new Engine();
  const leaves = [{ path: ['k'], type: BIGINT(false) }];
  const tables = new KeyedTables(engine, leaves, [0], 16, ALL);
  const hasher = new KeyHasher(engine, leaves, [0]);
  const batch = allocBatch(engine, leaves);
  batch.setValidity(0, 0);
  const keys = Array.from({ length: 60_000 }, (_, i) => BigInt(i) * 977n - 12345n);
  const before = engine.kernels.bytesUsed();
  const table = tables.create();
  const first = findAll(engine, tables, table, batch, hasher, keys);
  assert.equal(new Set(first).size, keys.length);
  assert.deepEqual(findAll(engine, tables, table, batch, hasher, keys), first);
  assert.equal(tables.count(table), keys.length);
  tables.free(table);
  assert.equal(engine.kernels.bytesUsed(), before);
});

test('large tables of strings and of composite keys find every key again and give it back', () => {
  for (const types of [[STRING(false)], [STRING(), INT()], [BIGINT()]]) {
    const engine = new Engine();
    const leaves = flatten({ fields: types.map((type, i) => ({ name: `c${i}`, type })) });
    const keys = leaves.map((_, i) => i);
    const tables = new KeyedTables(engine, leaves, keys, 24, ALL);
    const hasher = new KeyHasher(engine, leaves, keys);
    const builder = createBuilder(engine, leaves);
    const hashes = engine.alloc(8192);
    const out = engine.alloc(8192);
    const table = tables.create();
    const find = (from: number): number[] => {
      builder.clear();
      for (let i = from; i < from + 2048; i++)
        builder.append(types[0].root === 'BIGINT' ? [BigInt(i)] : [i % 5 === 0 ? 'x'.repeat((i / 5) % 300) : `k${i}`, i]);
      const batch = builder.finish();
      hasher.hash(batch, hashes);
      tables.find(table, batch, batch.sel, batch.selCount, hashes, out);
      return [...engine.u32.subarray(out >> 2, (out >> 2) + 2048)];
    };
    const first = Array.from({ length: 16 }, (_, b) => find(b * 2048));
    first.forEach((pointers, b) => assert.deepEqual(find(b * 2048), pointers));
    const distinct = new Set(first.flat());
    assert.equal(tables.count(table), distinct.size);
    if (types.length === 2 || types[0].root === 'BIGINT') assert.equal(distinct.size, 16 * 2048);
    assert.ok(engine.kernels.tableBytes(table) > 1 << 20);
    const result = allocBatch(engine, leaves);
    engine.u32.set(first[7], out >> 2);
    tables.keysToColumns(out, 2048, result, 0);
    const reader = createReader(leaves);
    reader.bind(result);
    builder.clear();
    for (let i = 0; i < 2048; i++) {
      const n = 7 * 2048 + i;
      const text = n % 5 === 0 ? 'x'.repeat((n / 5) % 300) : `k${n}`;
      assert.deepEqual(Object.values(reader.object(i)), types[0].root === 'BIGINT' ? [BigInt(n)] : types.length === 2 ? [text, n] : [text]);
    }
  }
});

test("a subtask's table uses its whole width although its hashes share their top bits", () => {
  const engine = new Engine();
  const leaves = [{ path: ['k'], type: BIGINT(false) }];
  const hasher = new KeyHasher(engine, leaves, [0]);
  const batch = allocBatch(engine, leaves);
  batch.setValidity(0, 0);
  const hashes = engine.alloc(8192);
  const prng = new Prng(3);
  for (const [p, i] of [
    [2, 1],
    [7, 3],
    [100, 99],
  ]) {
    const range = hashRangeOf(keyGroupStart(128, p, i), keyGroupStart(128, p, i + 1), 128);
    const mine: bigint[] = [];
    while (mine.length < 3000) {
      for (let r = 0; r < 2048; r++) engine.i64[(batch.values(0) >> 3) + r] = BigInt.asIntN(64, prng.nextU64());
      batch.selectAll(2048);
      hasher.hash(batch, hashes);
      for (let r = 0; r < 2048; r++) {
        const h = engine.u32[(hashes >> 2) + r];
        if (h >= range.base && h < range.base + range.range) mine.push(engine.i64[(batch.values(0) >> 3) + r]);
      }
    }
    const tables = new KeyedTables(engine, leaves, [0], 8, range);
    const table = tables.create();
    findAll(engine, tables, table, batch, hasher, mine);
    // slots stand in the order of hashes: neighbours differ little, and no run is long
    const slots = engine.u32[table >> 2] >> 2;
    const capacity = 2 ** engine.u32[(table >> 2) + 1];
    let run = 0;
    let longest = 0;
    for (let s = 0; s < capacity; s++) {
      run = engine.u32[slots + 2 * s + 1] === 0 ? 0 : run + 1;
      longest = Math.max(longest, run);
    }
    assert.ok(longest < 100, `parallelism ${p}: a run of ${longest} slots`);
    tables.free(table);
  }
});

test('more key columns than NULL bits are refused', () => {
  const leaves = Array.from({ length: 33 }, (_, i) => ({ path: [`c${i}`], type: INT() }));
  assert.throws(
    () =>
      new KeyedTables(
        new Engine(),
        leaves,
        leaves.map((_, i) => i),
        8,
        ALL,
      ),
    { code: 'GRAPH_INVALID' },
  );
});
