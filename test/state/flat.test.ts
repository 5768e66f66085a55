import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { createBuilder } from '#src/batch/builder.js';
import { KeyHasher, keyGroupOf } from '#src/batch/hash.js';
import { createReader } from '#src/batch/rows.js';
import type { Leaf } from '#src/types/leaf.js';
import { hashRangeOf, KeyedTables } from '#src/state/table.js';
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INT, type LogicalType, SMALLINT, TINYINT } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import '#src/aggregate/packer.js';

const ALL = { base: 0, range: 2 ** 32 };
const ACC = 16; // where accumulators begin

/** A flat table whose first accumulator counts and whose last remembers the key's number, beside a Map that does the same. */
class Counted {
  readonly engine = new Engine();
  readonly leaves: readonly Leaf[];
  readonly tables: KeyedTables;
  readonly hasher: KeyHasher;
  readonly table: number;
  readonly #accBytes: number;
  readonly #counts = new Map<string, { n: number; id: number }>();

  constructor(type: LogicalType, accBytes: number, hashes = ALL) {
    this.leaves = [{ path: ['k'], type }];
    this.#accBytes = accBytes;
    this.tables = new KeyedTables(this.engine, this.leaves, [0], accBytes, hashes, true);
    this.hasher = new KeyHasher(this.engine, this.leaves, [0]);
    this.table = this.tables.create();
  }

  /** Counts the rows of a batch whose keys are named by `names`, and checks the counts before. */
  count(batch: Batch, names: readonly string[]): void {
    const { engine } = this;
    const n = batch.selCount;
    const hashes = engine.alloc(n * 4);
    const out = engine.alloc(n * 4);
    this.hasher.hash(batch, hashes);
    this.tables.find(this.table, batch, batch.sel, n, hashes, out);
    names.forEach((name, i) => {
      const seen = this.#counts.get(name) ?? { n: 0, id: this.#counts.size };
      const row = engine.u32[(out >>> 2) + i] + ACC;
      const view = new DataView(engine.memory.buffer);
      assert.equal(view.getUint32(row, true), seen.n, `count of ${name}`);
      if (seen.n > 0) assert.equal(view.getUint32(row + this.#accBytes - 4, true), seen.id, `number of ${name}`);
      view.setUint32(row, seen.n + 1, true);
      view.setUint32(row + this.#accBytes - 4, seen.id, true);
      this.#counts.set(name, { n: seen.n + 1, id: seen.id });
    });
    engine.free(hashes, n * 4);
    engine.free(out, n * 4);
    assert.equal(this.tables.count(this.table), this.#counts.size);
  }

  /** Every row with its key group, through the kernels of snapshots. */
  *rows(groups: number): Generator<{ group: number; key: unknown; n: number; id: number }> {
    const { engine, tables, table } = this;
    const k = engine.kernels;
    const n = tables.count(table);
    const [starts, spare, rows, copies] = [(groups + 1) * 4, n * 4 + 64, n * 4 + 64, n * 4 + 64].map((bytes) => engine.alloc(bytes));
    const packed = engine.alloc(n * (16 + this.#accBytes) + 64);
    k.flatByGroup(table, groups, starts, spare, rows);
    const end = k.flatPackRows(rows, n, this.#accBytes, packed, copies);
    assert.equal(end >>> 0, packed + n * (16 + this.#accBytes));
    const out = allocBatch(engine, this.leaves, { capacity: Math.max(1, n) });
    tables.keysToColumns(rows, n, out, 0);
    const reader = createReader(this.leaves);
    reader.bind(out);
    for (let g = 0; g < groups; g++) {
      for (let i = engine.u32[(starts >>> 2) + g]; i < engine.u32[(starts >>> 2) + g + 1]; i++) {
        const copy = engine.u32[(copies >>> 2) + i];
        const view = new DataView(engine.memory.buffer);
        const key = Object.values(reader.object(i))[0];
        assert.equal(view.getUint32(copy + 4, true) !== 0, key === null);
        assert.equal(keyGroupOf(view.getUint32(copy, true), groups), g, 'the hash of a packed row');
        yield { group: g, key, n: view.getUint32(copy + ACC, true), id: view.getUint32(copy + ACC + this.#accBytes - 4, true) };
      }
    }
  }

  get size(): number {
    return this.#counts.size;
  }
  get(name: string): { n: number; id: number } | undefined {
    return this.#counts.get(name);
  }
}

const nullable = <T>(a: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(a, { nil: null, freq: 8 });
const COLUMNS: readonly (readonly [LogicalType, fc.Arbitrary<unknown>])[] = [
  [INT(), nullable(fc.integer({ min: -300, max: 300 }))],
  [BIGINT(), nullable(fc.bigInt({ min: -200n, max: 200n }))],
  [BIGINT(), nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [TINYINT(), nullable(fc.integer({ min: -128, max: 127 }))],
  [SMALLINT(), nullable(fc.integer({ min: -200, max: 200 }))],
  [BOOLEAN(), nullable(fc.boolean())],
  [DOUBLE(), nullable(fc.oneof(fc.constantFrom(0, -0, Number.NaN, Number.NEGATIVE_INFINITY), fc.double()))],
  [FLOAT(), nullable(fc.constantFrom(0, -0, 1.5, 2.25, Number.NaN))],
];
const show = (v: unknown): string => (Object.is(v, -0) ? '-0' : String(v));

test('a flat table counts as a Map does, whatever the type of its keys', () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(...COLUMNS)
        .chain(([type, value]) => fc.tuple(fc.constant(type), fc.array(fc.array(value, { minLength: 1, maxLength: 300 }), { maxLength: 8 }))),
      fc.constantFrom(8, 16, 24),
      ([type, batches], accBytes) => {
        const counted = new Counted(type, accBytes);
        const builder = createBuilder(counted.engine, counted.leaves, { capacity: 300 });
        for (const values of batches) {
          builder.clear();
          for (const v of values) builder.append([v]);
          counted.count(builder.finish(), values.map(show));
        }
        let rows = 0;
        for (const { key, n, id } of counted.rows(128)) {
          assert.deepEqual({ n, id }, counted.get(show(key)), show(key));
          rows++;
        }
        assert.equal(rows, counted.size);
      },
    ),
    { numRuns: 200 },
  );
});

/** Batches of given BIGINT keys. */
function countAll(counted: Counted, keys: readonly bigint[], batchRows: number): void {
  const { engine } = counted;
  const batch = allocBatch(engine, counted.leaves, { capacity: batchRows });
  batch.setValidity(0, 0);
  for (let from = 0; from < keys.length; from += batchRows) {
    const some = keys.slice(from, from + batchRows);
    for (let i = 0; i < some.length; i++) engine.i64[(batch.values(0) >> 3) + i] = some[i];
    batch.selectAll(some.length);
    counted.count(batch, some.map(String));
  }
}

test('rows found in a batch are right although their segments split in the midst of it, and all memory comes back', () => {
  for (const [accBytes, batchRows] of [
    [8, 2048],
    [24, 700],
    [8, 20_000],
  ]) {
    const counted = new Counted(BIGINT(false), accBytes);
    const { kernels } = counted.engine;
    const keys: bigint[] = [];
    // each key comes twice, the second time while new ones still come
    for (let i = 0; i < 120_000; i++) keys.push(BigInt(i % 3 === 2 ? i >> 1 : i) * 977n - 12345n);
    countAll(counted, keys, batchRows);
    const bytes = kernels.tableBytes(counted.table);
    assert.ok(bytes / counted.size < 110, 'bytes a key');
    const held = kernels.bytesUsed();
    counted.tables.free(counted.tables.create());
    assert.equal(kernels.bytesUsed(), held);
    counted.tables.free(counted.table);
    assert.ok(held - kernels.bytesUsed() >= bytes);
  }
});

/** Keys of one hash: the finaliser of assembly/hash.ts run backwards. */
function keysOfHash(hash: number, n: number): bigint[] {
  const M = (1n << 64n) - 1n;
  const inverse = (k: bigint): bigint => {
    let x = k;
    for (let i = 0; i < 6; i++) x = (x * (2n - k * x)) & M;
    return x;
  };
  const [k0, k1, k2] = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn].map(inverse);
  return Array.from({ length: n }, (_, i) => {
    let x = ((BigInt(hash) << 32n) | BigInt(i)) & M;
    x = (x * k2) & M;
    x ^= (x >> 29n) ^ (x >> 58n);
    x = (x * k1) & M;
    x ^= x >> 32n;
    return BigInt.asIntN(64, (x * k0) & M);
  });
}

test('keys that share a hash are all found', () => {
  const counted = new Counted(BIGINT(false), 8);
  for (const hash of [0, 0x1234_5678, 0xffff_ffff]) {
    const keys = keysOfHash(hash, 700);
    countAll(counted, [...keys, ...Array.from({ length: 3000 }, (_, i) => BigInt(i)), ...keys], 512);
  }
  assert.ok(counted.engine.kernels.tableBytes(counted.table) < 8 << 20);
});

test("a subtask's flat table stands in the order of hashes, and its segments are evenly filled", () => {
  for (const [p, i] of [
    [1, 0],
    [2, 1],
    [100, 99],
  ]) {
    const range = hashRangeOf(Math.floor((128 * i) / p), Math.floor((128 * (i + 1)) / p), 128);
    const counted = new Counted(BIGINT(false), 8, range);
    const keys = Array.from({ length: 30_000 }, (_, k) => keysOfHash(range.base + Math.floor((range.range * (((k * 7919) % 30_000) + 0.5)) / 30_000), 1)[0]);
    countAll(counted, keys, 2048);
    const groups = [...counted.rows(128)].map((r) => r.group);
    assert.equal(groups.length, keys.length);
    assert.ok(counted.engine.kernels.tableBytes(counted.table) / keys.length < 60, 'bytes a key');
  }
});

test('rows of other tables and packed rows find their place', () => {
  const counted = new Counted(BIGINT(), 8);
  const { engine } = counted;
  const stable = new KeyedTables(engine, counted.leaves, [0], 8, ALL);
  const builder = createBuilder(engine, counted.leaves);
  for (let i = 0; i < 2000; i++) builder.append([i % 500 === 7 ? null : BigInt(i % 1500)]);
  const batch = builder.finish();
  const [hashes, rows, found, again] = [1, 2, 3, 4].map(() => engine.alloc(8192));
  counted.hasher.hash(batch, hashes);
  const source = stable.create();
  stable.find(source, batch, batch.sel, 2000, hashes, rows);
  counted.tables.findRows(counted.table, rows, 2000, found);
  counted.tables.find(counted.table, batch, batch.sel, 2000, hashes, again);
  assert.deepEqual(engine.u32.slice(found >> 2, (found >> 2) + 2000), engine.u32.slice(again >> 2, (again >> 2) + 2000));
  assert.equal(counted.tables.count(counted.table), stable.count(source));
});

test('a large table whose rows stay finds keys that share a hash', () => {
  const counted = new Counted(BIGINT(false), 8);
  const { engine } = counted;
  const tables = new KeyedTables(engine, counted.leaves, [0], 8, ALL);
  const table = tables.create();
  const batch = allocBatch(engine, counted.leaves);
  batch.setValidity(0, 0);
  const [hashes, out] = [engine.alloc(8192), engine.alloc(8192)];
  const find = (keys: readonly bigint[]): number[] => {
    keys.forEach((k, i) => {
      engine.i64[(batch.values(0) >> 3) + i] = k;
    });
    batch.selectAll(keys.length);
    counted.hasher.hash(batch, hashes);
    tables.find(table, batch, batch.sel, keys.length, hashes, out);
    return [...engine.u32.subarray(out >> 2, (out >> 2) + keys.length)];
  };
  for (let i = 0; i < 60_000; i += 2000) find(Array.from({ length: 2000 }, (_, k) => BigInt(i + k)));
  assert.ok(engine.kernels.tableBytes(table) > 1 << 20);
  for (const hash of [0, 0x8765_4321, 0xffff_ffff]) {
    const keys = keysOfHash(hash, 1000);
    const first = find([...keys, ...keys]);
    assert.equal(new Set(first).size, 1000);
    assert.deepEqual(first.slice(0, 1000), first.slice(1000));
    assert.deepEqual(find(keys), first.slice(0, 1000));
  }
});
