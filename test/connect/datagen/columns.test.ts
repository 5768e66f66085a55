import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng32 } from '#src/base/prng.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { Columns } from '#src/connect/datagen/columns.js';
import type { FieldSpec } from '#src/connect/datagen/options.js';
import { RowText } from '#src/connect/print/text.js';
import { flatten } from '#src/types/leaf.js';
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INT,
  type LogicalType,
  ROW,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  TINYINT,
} from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

/** Value by value what the kernels draw column by column. */
class Model {
  readonly #random: Prng32;
  constructor(seed: number) {
    this.#random = new Prng32(seed);
  }
  next(): number {
    return ((this.#random.nextU32() >>> 5) * 67108864 + (this.#random.nextU32() >>> 6)) / 2 ** 53;
  }
  whole(min: bigint, max: bigint): bigint {
    const range = max - min + 1n;
    if (range <= 0xffffffffn) return min + BigInt(Math.floor(this.next() * Number(range)));
    const u64 = (BigInt(this.#random.nextU32()) << 32n) | BigInt(this.#random.nextU32());
    return range === 2n ** 64n ? BigInt.asIntN(64, u64) : min + (u64 % range);
  }
  flag(): boolean {
    return (this.#random.nextU32() & 1) === 1;
  }
  bytes(length: number): number[] {
    const out: number[] = [];
    for (let i = 0, word = 0; i < length; i++, word >>>= 8) {
      if ((i & 3) === 0) word = this.#random.nextU32();
      out.push(word & 255);
    }
    return out;
  }
  hex(length: number): string {
    let out = '';
    for (let i = 0, word = 0; i < length; i++, word >>>= 4) {
      if ((i & 7) === 0) word = this.#random.nextU32();
      out += (word & 15).toString(16);
    }
    return out;
  }
}

/** One column, made in batches of `sizes` rows; what `read` says of each row. */
function column<T>(type: LogicalType, spec: FieldSpec, sizes: readonly number[], seed: number, read: (batch: Batch, row: number) => T): T[] {
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'a', type }] });
  const columns = new Columns(engine, leaves, [spec], seed, 64);
  const batch = allocBatch(engine, leaves, { capacity: 64 });
  const out: T[] = [];
  let first = 0;
  for (const n of sizes) {
    batch.clear();
    columns.fill(batch, n, first, 1, 1_700_000_000_123);
    batch.selectAll(n);
    for (let r = 0; r < n; r++) out.push(read(batch, r));
    first += n;
  }
  columns.close();
  return out;
}

const text = (type: LogicalType): ((batch: Batch, row: number) => string) => {
  const rows = new RowText(flatten({ fields: [{ name: 'a', type }] }));
  return (batch, row) => rows.row(batch, row).slice(3, -1);
};
const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 4 });
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const total = (s: readonly number[]): number => s.reduce((a, b) => a + b, 0);
const times = <T>(s: readonly number[], make: (i: number) => T): T[] => Array.from({ length: total(s) }, (_, i) => make(i));

test('whole numbers of every width and range are those of the model', () => {
  const types: [LogicalType, bigint][] = [
    [TINYINT(), 2n ** 7n],
    [SMALLINT(), 2n ** 15n],
    [INT(), 2n ** 31n],
    [BIGINT(), 2n ** 63n],
  ];
  const cases = fc
    .constantFrom(...types)
    .chain(([type, bound]) =>
      fc.record({ type: fc.constant(type), a: fc.bigInt({ min: -bound, max: bound - 1n }), b: fc.bigInt({ min: -bound, max: bound - 1n }) }),
    );
  fc.assert(
    fc.property(cases, sizes, seeds, ({ type, a, b }, s, seed) => {
      const [min, max] = a < b ? [a, b] : [b, a];
      const model = new Model(seed);
      const want = times(s, () => (type.root === 'BIGINT' ? model.whole(min, max) : min + BigInt(Math.floor(model.next() * Number(max - min + 1n)))));
      assert.deepEqual(column(type, { kind: 'integer', min, max, nullRate: 0 }, s, seed, text(type)), want.map(String));
    }),
  );
  const all: FieldSpec = { kind: 'integer', min: -(2n ** 63n), max: 2n ** 63n - 1n, nullRate: 0 };
  const model = new Model(3);
  assert.deepEqual(
    column(BIGINT(), all, [64, 64], 3, text(BIGINT())),
    times([64, 64], () => String(model.whole(all.min, all.max))),
  );
});

test('texts and bytes, of fixed and of varying length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.boolean(), fc.boolean(), sizes, seeds, (length, variable, hex, s, seed) => {
      const model = new Model(seed);
      const want = times(s, () => {
        const n = variable ? 1 + Math.floor(model.next() * length) : length;
        return hex ? model.hex(n) : Buffer.from(model.bytes(n)).toString('hex');
      });
      const read = (batch: Batch, row: number): string => {
        const { u32, u8 } = batch.engine;
        const at = (batch.values(0) >>> 2) + 2 * row;
        return Buffer.from(u8.slice(u32[at], u32[at] + u32[at + 1])).toString(hex ? 'latin1' : 'hex');
      };
      assert.deepEqual(column(hex ? STRING() : BYTES(), { kind: hex ? 'hex' : 'bytes', length, variable, nullRate: 0 }, s, seed, read), want);
    }),
  );
});

test('doubles, floats, booleans, timestamps', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), fc.double({ noNaN: true, min: 0, max: 1e300 }), sizes, seeds, (min, width, s, seed) => {
      const spec: FieldSpec = { kind: 'real', min, max: min + width, nullRate: 0 };
      const model = new Model(seed);
      const want = times(s, () => min + model.next() * (spec.max - min));
      assert.deepEqual(
        column(DOUBLE(), spec, s, seed, (b, r) => b.engine.f64[(b.values(0) >>> 3) + r]),
        want,
      );
      const float = (b: Batch, r: number): number => new DataView(b.engine.memory.buffer).getFloat32(b.values(0) + 4 * r, true);
      assert.deepEqual(column(FLOAT(), spec, s, seed, float), want.map(Math.fround));
    }),
  );
  const flags = new Model(9);
  assert.deepEqual(
    column(BOOLEAN(), { kind: 'boolean', nullRate: 0 }, [64, 3], 9, text(BOOLEAN())),
    times([64, 3], () => String(flags.flag())),
  );
  for (const [type, digits] of [
    [TIMESTAMP(0), 0],
    [TIMESTAMP(3), 3],
    [TIMESTAMP_LTZ(6), 6],
  ] as const) {
    const past = new Model(5);
    const ms = times([64], () => 1_700_000_000_123 - Math.floor(past.next() * 3e12)); // before 1970 too
    const want = ms.map((x) => BigInt(x) * 10n ** BigInt(Math.max(0, digits - 3))); // TIMESTAMP(0) keeps its milliseconds, as Flink's generator does
    assert.deepEqual(
      column(type, { kind: 'time', maxPastMs: 3e12, nullRate: 0 }, [64], 5, (b, r) => b.engine.i64[(b.values(0) >>> 3) + r]),
      want,
    );
  }
});

test('DECIMALs are doubles cut off at their scale', () => {
  const cases = fc
    .integer({ min: 1, max: 38 })
    .chain((precision) => fc.record({ precision: fc.constant(precision), scale: fc.integer({ min: 0, max: precision }) }));
  fc.assert(
    fc.property(cases, sizes, seeds, ({ precision, scale }, s, seed) => {
      const bound = 10 ** (precision - scale) - 1;
      const model = new Model(seed);
      const want = times(s, () => {
        const x = -bound + model.next() * (2 * bound);
        const scaled = x * 10 ** scale;
        return Math.abs(scaled) < 2 ** 53 ? BigInt(Math.trunc(scaled)) : BigInt(Math.trunc(x)) * 10n ** BigInt(scale);
      });
      const read = (b: Batch, r: number): bigint => {
        const { i64, u64 } = { i64: b.engine.i64, u64: new BigUint64Array(b.engine.memory.buffer) };
        const at = b.values(0) >>> 3;
        return precision <= 18 ? i64[at + r] : (i64[at + 2 * r + 1] << 64n) | u64[at + 2 * r];
      };
      assert.deepEqual(column(DECIMAL(precision, scale), { kind: 'real', min: -bound, max: bound, nullRate: 0 }, s, seed, read), want);
    }),
  );
});

test('sequences of every type', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), sizes, (start, s) => {
      const spec: FieldSpec = { kind: 'sequence', start, end: start + 1000 };
      const numbers = times(s, (i) => start + i);
      assert.deepEqual(column(BIGINT(), spec, s, 1, text(BIGINT())), numbers.map(String));
      assert.deepEqual(column(STRING(), spec, s, 1, text(STRING())), numbers.map(String));
      assert.deepEqual(
        column(INT(), spec, s, 1, text(INT())),
        numbers.map((x) => String(Number(BigInt.asIntN(32, BigInt(x))))),
      );
      assert.deepEqual(
        column(DOUBLE(), spec, s, 1, (b, r) => b.engine.f64[(b.values(0) >>> 3) + r]),
        numbers,
      );
      assert.deepEqual(
        column(DECIMAL(30, 4), spec, s, 1, text(DECIMAL(30, 4))),
        numbers.map((x) => `${x}.0000`),
      );
      const bytes = (b: Batch, r: number): bigint => {
        const { u32, u8 } = b.engine;
        const at = (b.values(0) >>> 2) + 2 * r;
        assert.equal(u32[at + 1], 8);
        return Buffer.from(u8.slice(u32[at], u32[at] + 8)).readBigInt64LE();
      };
      assert.deepEqual(column(BYTES(), spec, s, 1, bytes), numbers.map(BigInt));
    }),
  );
});

test('NULLs come from a stream of their own, and a NULL row has no fields', () => {
  const type = ROW([{ name: 'p', type: INT() }]);
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'r', type }] });
  const one: FieldSpec = { kind: 'integer', min: 1n, max: 1n, nullRate: 0.3 };
  const columns = new Columns(engine, leaves, [{ kind: 'row', nullRate: 0.5 }, one], 7, 64);
  const batch = allocBatch(engine, leaves, { capacity: 64 });
  columns.fill(batch, 64, 0, 1, 0);
  const [rows, fields] = [new Model(7 + 1), new Model(7 + 3)];
  for (let r = 0; r < 64; r++) {
    const present = rows.next() > 0.5;
    assert.equal(batch.isNull(0, r), !present);
    assert.equal(batch.isNull(1, r), !present || !(fields.next() > 0.3));
  }
  columns.close();
});
