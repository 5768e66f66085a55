import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CRC_TABLE_BYTES, INPUT_PAD, KS_EMPTY, KS_MORE, KS_PARTIAL, KS_STOPPED } from '#abi';
import { MillraceError } from '#src/base/errors.js';
import { RecordCursor } from '#src/connect/kafka/record-cursor.js';
import { Engine } from '#src/wasm/engine.js';
import fc from 'fast-check';
import { batchBytes, concat, crc32cModel, EMPTY_BATCH, type TestBatch, type TestRecord } from './batches.js';

const MAX = 2n ** 63n - 1n;

interface Read {
  offset: bigint;
  time: bigint;
  key: string | null;
  value: string | null;
}

const text = (b: Uint8Array | null): string | null => (b === null ? null : Buffer.from(b).toString('latin1'));

/** Loads bytes into wasm memory between zeroed pads. */
function place(engine: Engine, data: Uint8Array): number {
  const p = engine.alloc(data.length + 2 * INPUT_PAD) + INPUT_PAD;
  engine.u8.fill(0, p - INPUT_PAD, p + data.length + INPUT_PAD);
  engine.u8.set(data, p);
  return p;
}

interface Options {
  from?: bigint;
  to?: bigint;
  capacity?: number;
  keepNulls?: boolean;
  headers?: boolean;
  crc?: boolean;
}

/** Reads everything, as a SourceReader would; an error comes after the records before it. */
function readAll(engine: Engine, data: Uint8Array, o: Options = {}): { rows: Read[]; state: number; next: bigint; error?: MillraceError } {
  const capacity = o.capacity ?? 7;
  const cursor = new RecordCursor(engine, { capacity, keys: true, headers: o.headers === true, keepNulls: o.keepNulls !== false });
  const p = place(engine, data);
  cursor.reset(p, p + data.length, o.from ?? 0n, o.to ?? MAX, o.crc !== false);
  const rows: Read[] = [];
  const slice = (at: number): string | null => {
    const ptr = engine.u32[at >> 2];
    if (ptr === 0) return null;
    const length = engine.u32[(at >> 2) + 1];
    assert.ok(ptr >= p && ptr + length <= p + data.length, 'a slice left its region');
    return text(engine.u8.slice(ptr, ptr + length));
  };
  for (let calls = 0; ; calls++) {
    assert.ok(calls < 10000, 'no progress');
    let n: number;
    try {
      n = cursor.next({ topic: 't', partition: 0 });
    } catch (e) {
      assert.ok(e instanceof MillraceError);
      const next = cursor.nextOffset;
      cursor.close();
      return { rows, state: -1, next, error: e };
    }
    assert.ok(n <= capacity);
    for (let i = 0; i < n; i++) {
      rows.push({
        offset: engine.i64[(cursor.offsets >> 3) + i],
        time: engine.i64[(cursor.times >> 3) + i],
        key: slice(cursor.keys + 8 * i),
        value: slice(cursor.values + 8 * i),
      });
    }
    if (cursor.state !== KS_MORE) {
      const out = { rows, state: cursor.state, next: cursor.nextOffset };
      cursor.close();
      return out;
    }
  }
}

const bytesArb = fc.option(fc.uint8Array({ maxLength: 200 }));
const recordArb: fc.Arbitrary<TestRecord> = fc.record({
  key: bytesArb,
  value: bytesArb,
  timeDelta: fc.oneof(fc.bigInt({ min: -5000n, max: 5000n }), fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
  offsetDelta: fc.constant(0),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), bytesArb), { maxLength: 3 }),
});

/** Batches with increasing offsets, gaps (compaction), control batches and LogAppendTime. */
const batchesArb: fc.Arbitrary<TestBatch[]> = fc
  .array(
    fc.record({
      records: fc.array(fc.tuple(recordArb, fc.integer({ min: 1, max: 300 })), { maxLength: 12 }),
      gap: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom(0, 0, 0, 8, 16, 16 + 32),
      baseTime: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 41n }),
    }),
    { maxLength: 5 },
  )
  .map((list) => {
    let offset = 100n;
    return list.map((b) => {
      let delta = -1;
      const records = b.records.map(([r, step]) => {
        delta += step;
        return { ...r, offsetDelta: delta };
      });
      const lastOffsetDelta = Math.max(0, delta) + b.gap;
      const batch = { ...EMPTY_BATCH, baseOffset: offset, baseTime: b.baseTime, maxTime: b.baseTime + 77n, attributes: b.kind, lastOffsetDelta, records };
      offset += BigInt(lastOffsetDelta) + 1n;
      return batch;
    });
  });

function model(batches: readonly TestBatch[], from: bigint, to: bigint, keepNulls: boolean): Read[] {
  const out: Read[] = [];
  for (const b of batches) {
    if ((b.attributes & 32) !== 0) continue;
    for (const r of b.records) {
      const offset = b.baseOffset + BigInt(r.offsetDelta);
      if (offset < from || offset >= to || (r.value === null && !keepNulls)) continue;
      const time = (b.attributes & 8) !== 0 ? b.maxTime : BigInt.asIntN(64, b.baseTime + r.timeDelta);
      out.push({ offset, time, key: text(r.key), value: text(r.value) });
    }
  }
  return out;
}

test('records of any batches are what the model says, at any capacity and range', () => {
  const engine = new Engine();
  fc.assert(
    fc.property(
      batchesArb,
      fc.integer({ min: 1, max: 20 }),
      fc.bigInt({ min: 0n, max: 400n }),
      fc.bigInt({ min: 0n, max: 2000n }),
      fc.boolean(),
      fc.boolean(),
      (batches, capacity, from, span, keepNulls, headers) => {
        const to = from + span;
        const got = readAll(engine, concat(batches.map((b) => batchBytes(b))), { capacity, from, to, keepNulls, headers });
        assert.equal(got.error, undefined);
        assert.deepEqual(got.rows, model(batches, from, to, keepNulls));
        const end = batches.at(-1);
        if (got.state === KS_EMPTY && end !== undefined) {
          const last = end.baseOffset + BigInt(end.lastOffsetDelta) + 1n;
          assert.equal(got.next, last);
        } else if (end !== undefined) assert.equal(got.state, KS_STOPPED);
      },
    ),
    { numRuns: 300 },
  );
});

test('a batch cut off at the end is left, what stands before it is read', () => {
  const engine = new Engine();
  const whole = { ...EMPTY_BATCH, records: [{ key: null, value: Buffer.from('abc'), timeDelta: 0n, offsetDelta: 0, headers: [] }] };
  const first = batchBytes(whole);
  const second = batchBytes({ ...whole, baseOffset: 1n });
  for (let cut = 1; cut < second.length; cut++) {
    const got = readAll(engine, concat([first, second.subarray(0, cut)]));
    assert.equal(got.state, KS_PARTIAL, `cut ${cut}`);
    assert.equal(got.rows.length, 1);
    assert.equal(got.next, 1n);
  }
});

test('damage is found: every flipped bit under the CRC, with the records before it handed out first', () => {
  const engine = new Engine();
  const record = (v: string): TestRecord => ({ key: Buffer.from('k'), value: Buffer.from(v), timeDelta: -3n, offsetDelta: 0, headers: [['h', null]] });
  const first = batchBytes({ ...EMPTY_BATCH, baseOffset: 41n, records: [record('good')] });
  const second = batchBytes({ ...EMPTY_BATCH, baseOffset: 42n, records: [record('bad')] });
  for (let bit = 17 * 8; bit < second.length * 8; bit++) {
    const bad = Uint8Array.from(second);
    bad[bit >> 3] ^= 1 << (bit & 7);
    const got = readAll(engine, concat([first, bad]));
    assert.equal(got.error?.code, 'KAFKA_CORRUPT_BATCH', `bit ${bit}`);
    assert.deepEqual(got.error?.place, { topic: 't', partition: 0, offset: 42n });
    assert.deepEqual(
      got.rows.map((r) => r.value),
      ['good'],
    );
  }
});

test('codecs that are not there are named; other magics too', () => {
  const engine = new Engine();
  const b = { ...EMPTY_BATCH, baseOffset: 7n, attributes: 4, records: [{ key: null, value: null, timeDelta: 0n, offsetDelta: 0, headers: [] }] };
  const got = readAll(engine, batchBytes(b));
  assert.equal(got.error?.code, 'KAFKA_UNSUPPORTED_CODEC');
  assert.match(got.error?.message ?? '', /zstd[\s\S]*topic t, partition 0, offset 7/);
  const old = batchBytes(b);
  old[16] = 1;
  assert.match(readAll(engine, old).error?.message ?? '', /magic 2/);
});

test('mutated bytes without the CRC end in an error or in slices of the region, never in a trap or a hang', () => {
  const engine = new Engine();
  fc.assert(
    fc.property(
      batchesArb.filter((b) => b.length > 0),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.boolean(),
      (batches, mutations, cut, headers) => {
        const data = concat(batches.map((b) => batchBytes(b)));
        for (const [at, byte] of mutations) data[at % data.length] = byte;
        const got = readAll(engine, data.subarray(0, data.length - (cut % 3 === 0 ? cut % data.length : 0)), { crc: false, headers });
        if (got.error !== undefined) assert.match(got.error.code, /^KAFKA_/);
      },
    ),
    { numRuns: 1500 },
  );
});

test('random bytes never trap', () => {
  const engine = new Engine();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 61, maxLength: 300 }), (noise) => {
      const data = Uint8Array.from(noise);
      data[16] = 2;
      new DataView(data.buffer).setInt32(8, data.length - 12);
      data[0] = 0;
      data[22] = 0;
      readAll(engine, data, { crc: false, headers: true });
    }),
    { numRuns: 1000 },
  );
});

test('CRC-32C equals the definition at every length around the lanes', () => {
  const engine = new Engine();
  const tables = engine.alloc(CRC_TABLE_BYTES);
  engine.kernels.crc32cTables(tables);
  const data = Uint8Array.from({ length: 10000 }, (_, i) => (i * 2654435761) >>> 13);
  const p = place(engine, data);
  assert.equal(engine.kernels.crc32c(tables, place(engine, Buffer.from('123456789')), 9) >>> 0, 0xe3069283);
  for (const n of [0, 1, 7, 8, 9, 1023, 3071, 3072, 3073, 3080, 6144, 6151, 9999]) {
    assert.equal(engine.kernels.crc32c(tables, p + 1, n) >>> 0, crc32cModel(data.subarray(1, n + 1)), `length ${n}`);
  }
});
