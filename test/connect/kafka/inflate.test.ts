import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { BATCH_V2_HEADER_BYTES, INPUT_PAD } from '#abi';
import { MillraceError } from '#src/base/errors.js';
import { inflateBatch, walkBatches } from '#src/connect/kafka/batch-walk.js';
import { FRAME_HEADER_BYTES } from '#src/connect/kafka/frame.js';
import '#src/connect/kafka/inflate.js';
import { RecordCursor } from '#src/connect/kafka/record-cursor.js';
import { Engine } from '#src/wasm/engine.js';
import fc from 'fast-check';
import { batchBytes, concat, EMPTY_BATCH, recordBytes, type TestRecord } from './batches.js';
import { JAVA_LZ4, JAVA_SNAPPY, JAVA_ZSTD, javaValue } from './java-batches.js';

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
const JAVA_ROWS = Array.from({ length: 90 }, (_, i) => `${10 + i} ${1000 + i} k${i} ${javaValue(i)}`);
const record = (value: string, offsetDelta: number): TestRecord => ({ key: null, value: Buffer.from(value), timeDelta: 0n, offsetDelta, headers: [] });

function readAll(engine: Engine, data: Uint8Array, checkCrc = true): { rows: string[]; error?: MillraceError } {
  const cursor = new RecordCursor(engine, { capacity: 7, keys: true });
  const block = engine.alloc(data.length + 2 * INPUT_PAD);
  const p = block + INPUT_PAD;
  engine.u8.set(data, p);
  cursor.reset(p, p + data.length, 0n, 2n ** 62n, checkCrc);
  const rows: string[] = [];
  const slice = (at: number): string => Buffer.from(engine.u8.subarray(engine.u32[at >> 2], engine.u32[at >> 2] + engine.u32[(at >> 2) + 1])).toString();
  try {
    for (let n = cursor.next({}); n > 0; n = cursor.next({})) {
      for (let i = 0; i < n; i++) {
        const [offset, time] = [engine.i64[(cursor.offsets >> 3) + i], engine.i64[(cursor.times >> 3) + i]];
        rows.push(`${offset} ${time} ${slice(cursor.keys + 8 * i)} ${slice(cursor.values + 8 * i)}`);
      }
    }
    return { rows };
  } catch (e) {
    assert.ok(e instanceof MillraceError, String(e));
    return { rows, error: e };
  } finally {
    cursor.close();
    engine.free(block, data.length + 2 * INPUT_PAD);
  }
}

test('snappy and lz4 batches of the Java client are read, also between plain ones', () => {
  const engine = new Engine();
  for (const base64 of [JAVA_SNAPPY, JAVA_LZ4]) {
    assert.deepEqual(readAll(engine, bytesOf(base64)), { rows: JAVA_ROWS });
    const plain = (offset: bigint): Uint8Array => batchBytes({ ...EMPTY_BATCH, baseOffset: offset, records: [record('plain', 0)] });
    const mixed = concat([plain(9n), bytesOf(base64), plain(100n), bytesOf(base64), plain(101n)]);
    const { rows } = readAll(engine, mixed);
    assert.deepEqual(rows, ['9 0  plain', ...JAVA_ROWS, '100 0  plain', ...JAVA_ROWS, '101 0  plain']);
  }
});

test('a zstd batch of the Java client is read where Node has zstd; elsewhere the message says which Node does', async () => {
  const packed = bytesOf(JAVA_ZSTD);
  const { runs } = walkBatches(packed, 0, packed.length, { aborted: [], place: {}, frameBytes: 1000 });
  assert.equal(runs[0].codec, 4);
  if ('zstdDecompress' in zlib) {
    const inflated = await inflateBatch(packed, runs[0], true, {});
    assert.deepEqual(readAll(new Engine(), inflated.subarray(FRAME_HEADER_BYTES), false), { rows: JAVA_ROWS });
    packed[packed.length - 9] ^= 4;
    for (const check of [true, false]) {
      await assert.rejects(inflateBatch(packed, runs[0], check, {}), (e: MillraceError) => e.code === 'KAFKA_CORRUPT_BATCH');
    }
  } else {
    await assert.rejects(
      inflateBatch(packed, runs[0], true, { topic: 't' }),
      (e: MillraceError) => e.code === 'KAFKA_UNSUPPORTED_CODEC' && /zstd[\s\S]*topic t, offset 10[\s\S]*Node\.js 22\.15/.test(e.message),
    );
  }
});

/** Copies and literals that a model runs, written in both formats. */
type Step = { literal: Uint8Array } | { distance: number; length: number };

/** Literals and copies by turns, the last one a literal, as lz4 wants it; what they make. */
function stepsOf(plan: readonly (readonly [Uint8Array, number, number])[], tail: Uint8Array): { steps: Step[]; result: number[] } {
  const steps: Step[] = [];
  const result: number[] = [];
  const literal = (bytes: Uint8Array): void => {
    steps.push({ literal: bytes });
    result.push(...bytes);
  };
  for (const [bytes, reach, length] of plan) {
    literal(bytes);
    const distance = 1 + (reach % result.length);
    steps.push({ distance, length });
    for (let i = 0; i < length; i++) result.push(result[result.length - distance]);
  }
  literal(tail);
  return { steps, result };
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)];
}

function snappyOf({ steps, result }: { steps: Step[]; result: number[] }): Uint8Array {
  const out = varint(result.length);
  for (const s of steps) {
    if ('literal' in s) {
      const n = s.literal.length - 1;
      out.push(...(n < 60 ? [n << 2] : n < 256 ? [60 << 2, n] : [61 << 2, n & 255, n >> 8]), ...s.literal);
      continue;
    }
    for (let left = s.length; left > 0; ) {
      const n = Math.min(left, 64);
      if (n >= 4 && n <= 11 && s.distance < 2048) out.push(1 | ((n - 4) << 2) | ((s.distance >> 8) << 5), s.distance & 255);
      else if (n % 2 === 0) out.push(2 | ((n - 1) << 2), s.distance & 255, s.distance >> 8);
      else out.push(3 | ((n - 1) << 2), s.distance & 255, s.distance >> 8, 0, 0);
      left -= n;
    }
  }
  return Uint8Array.from(out);
}

function lz4Of({ steps }: { steps: Step[] }): Uint8Array {
  const out: number[] = [];
  const more = (n: number): number[] => (n < 15 ? [] : [...Array<number>(Math.floor((n - 15) / 255)).fill(255), (n - 15) % 255]);
  for (let i = 0; i < steps.length; i += 2) {
    const { literal } = steps[i] as { literal: Uint8Array };
    const match = steps[i + 1] as { distance: number; length: number } | undefined;
    const length = match === undefined ? 0 : match.length - 4;
    out.push((Math.min(15, literal.length) << 4) | Math.min(15, length), ...more(literal.length), ...literal);
    if (match !== undefined) out.push(match.distance & 255, match.distance >> 8, ...more(length));
  }
  const size = Buffer.alloc(4);
  size.writeUInt32LE(out.length);
  return concat([Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0), size, Uint8Array.from(out), new Uint8Array(4)]);
}

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });
const somePlan = fc.array(
  fc.tuple(fc.oneof(bytes(1, 20), bytes(250, 300)), fc.nat(40000), fc.oneof(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 250, max: 600 }))),
  {
    maxLength: 12,
  },
);

/** Inflates as the reader does, between guards: nothing outside of `capacity` bytes may change. Undefined = damaged. */
function inflate(engine: Engine, codec: 'snappy' | 'lz4', input: Uint8Array, room?: number): Uint8Array | undefined {
  const { kernels } = engine;
  const src = engine.alloc(input.length + 1);
  engine.u8.set(input, src);
  const most = codec === 'lz4' ? kernels.lz4Length(src, input.length) : kernels.snappyLength(src, input.length);
  const capacity = Math.min(room ?? most, 1 << 20);
  let result: Uint8Array | undefined;
  if (most >= 0) {
    const block = engine.alloc(capacity + 128);
    engine.u8.fill(0xa5, block, block + capacity + 128);
    const dst = block + 64;
    const n = codec === 'lz4' ? kernels.lz4Inflate(src, input.length, dst, capacity) : kernels.snappyInflate(src, input.length, dst, capacity);
    assert.ok(n >= -1 && n <= capacity, `${n} bytes of ${capacity}`);
    for (let i = 0; i < 64; i++) assert.ok(engine.u8[block + i] === 0xa5 && engine.u8[dst + capacity + i] === 0xa5, 'wrote outside of the output');
    if (n >= 0) result = engine.u8.slice(dst, dst + n);
    engine.free(block, capacity + 128);
  }
  engine.free(src, input.length + 1);
  return result;
}

test('every literal and copy inflates to what the model makes, and never beyond the room there is', () => {
  const engine = new Engine();
  fc.assert(
    fc.property(somePlan, bytes(1, 30), (plan, tail) => {
      const made = stepsOf(plan, tail);
      const want = Buffer.from(made.result);
      for (const [codec, packed] of [
        ['snappy', snappyOf(made)],
        ['lz4', lz4Of(made)],
      ] as const) {
        const got = inflate(engine, codec, packed);
        assert.ok(got !== undefined && want.equals(got), codec);
        const exact = inflate(engine, codec, packed, want.length);
        assert.ok(exact !== undefined && want.equals(exact), `${codec} into as much room as it needs`);
        assert.equal(inflate(engine, codec, packed, want.length - 1), undefined);
      }
    }),
    { numRuns: 150 },
  );
});

test('an lz4 match may reach into the block before it; raw blocks, content sizes and block sums are understood', () => {
  const raw = (text: string): number[] => [text.length, 0, 0, 0x80, ...Buffer.from(text)];
  const frame = (flags: number, extra: number[], blocks: number[]): Uint8Array =>
    Uint8Array.from([4, 0x22, 0x4d, 0x18, flags, 0x40, ...extra, 0, ...blocks, 0, 0, 0, 0]);
  const engine = new Engine();
  const back = [5, 0, 0, 0, 0x00, 6, 0, 0x10, 33]; // 4 bytes from 6 back, then '!'
  assert.equal(Buffer.from(inflate(engine, 'lz4', frame(0x40, [], [...raw('abcdef'), ...back])) ?? []).toString(), 'abcdefabcd!');
  assert.equal(Buffer.from(inflate(engine, 'lz4', frame(0x58, [3, 0, 0, 0, 0, 0, 0, 0], [...raw('abc'), 1, 2, 3, 4])) ?? []).toString(), 'abc');
  assert.equal(inflate(engine, 'lz4', frame(0x40, [], [...raw('abcde'), ...back])), undefined, 'beyond the beginning');
  assert.equal(inflate(engine, 'lz4', frame(0x41, [], raw('abc'))), undefined, 'a dictionary');
});

test('mutated input ends in damage or in bytes, never in a trap, nor outside of the output', () => {
  const engine = new Engine();
  const seeds = [
    ['snappy', bytesOf(JAVA_SNAPPY).subarray(BATCH_V2_HEADER_BYTES)],
    ['lz4', bytesOf(JAVA_LZ4).subarray(BATCH_V2_HEADER_BYTES)],
    ...(['snappy', 'lz4'] as const).map((c) => {
      const made = stepsOf([[Buffer.from('some literal'), 3, 300]], Buffer.from('the end of it'));
      return [c, c === 'lz4' ? lz4Of(made) : snappyOf(made)] as const;
    }),
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
      fc.option(fc.nat()),
      ([codec, seed], mutations, cut) => {
        const data = Uint8Array.from(cut === null ? seed : seed.subarray(0, cut % seed.length));
        for (const [at, byte] of mutations) if (data.length > 0) data[at % Math.min(data.length, at % 2 === 0 ? 64 : data.length)] = byte;
        inflate(engine, codec, data);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a damaged batch fails with its offset, by its CRC or by its codec; one bare snappy block is read', () => {
  const engine = new Engine();
  for (const base64 of [JAVA_SNAPPY, JAVA_LZ4]) {
    const bad = bytesOf(base64);
    bad[BATCH_V2_HEADER_BYTES + 3] ^= 1; // the magic
    for (const check of [true, false]) {
      const { rows, error } = readAll(engine, bad, check);
      assert.deepEqual([rows, error?.code, error?.place.offset], [[], 'KAFKA_CORRUPT_BATCH', 10n]);
    }
  }
  const records = [record('bare', 0)];
  const made = stepsOf([], Uint8Array.from(records.flatMap(recordBytes)));
  assert.deepEqual(readAll(engine, batchBytes({ ...EMPTY_BATCH, attributes: 2, records }, snappyOf(made))).rows, ['0 0  bare']);
});

test('a batch that says it inflates to more than the limit is damaged', () => {
  const records = [record('x', 0)];
  const huge = batchBytes({ ...EMPTY_BATCH, attributes: 2, records }, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01, 0, 65));
  assert.equal(readAll(new Engine(), huge).error?.code, 'KAFKA_CORRUPT_BATCH');
});
