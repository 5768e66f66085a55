import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { allocBatch } from '#src/batch/batch.js';
import { crc32cBytes, crc32cJoined } from '#src/connect/kafka/crc32c.js';
import { BatchBuilder } from '#src/connect/kafka/batch-builder.js';
import { BatchInflater } from '#src/connect/kafka/inflate.js';
import { OutgoingBatch } from '#src/connect/kafka/outgoing-batch.js';
import { decodeProduceResponse, encodeProduce } from '#src/connect/kafka/produce-codec.js';
import { Sequences } from '#src/connect/kafka/sequences.js';
import { type CompressionType, zstdDeflates } from '#src/connect/kafka/deflate.js';
import { RecordCursor } from '#src/connect/kafka/record-cursor.js';
import { flatten } from '#src/types/leaf.js';
import { STRING, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import fc from 'fast-check';
import { concat, crc32cModel } from './batches.js';

const LEAVES = flatten({
  fields: [
    { name: 'k', type: STRING() },
    { name: 'ts', type: TIMESTAMP_LTZ(3) },
  ],
});
const murmur2 = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2.js') as (key: Buffer) => number;

interface OutRow {
  key: string | null;
  value: string;
  time: bigint | null;
}
const NOW = 1_700_000_000_000n;

/** Writes rows into batches, as the writer does; frames in the order they left. */
function build(
  engine: Engine,
  rows: readonly OutRow[],
  partitions: number,
  batchBytes: number,
  fixed: boolean,
  compression: CompressionType = 'none',
): Uint8Array[] {
  const batch = allocBatch(engine, LEAVES, { capacity: 64 });
  const builder = new BatchBuilder(engine, { partitions, batchBytes, keyLeaf: 0, timeLeaf: 1, headersLeaf: -1, fixed, sticky: 0, compression });
  const slices = engine.alloc(64 * 8);
  const text = engine.alloc(1 << 16);
  const frames: Uint8Array[] = [];
  const leave = (partition: number): void => {
    if (builder.count(partition) === 0) return;
    const { ptr, length } = builder.seal(partition);
    frames.push(engine.u8.slice(ptr, ptr + length));
    builder.clear(partition);
  };
  for (let start = 0; start < rows.length; start += 64) {
    const part = rows.slice(start, start + 64);
    batch.clear();
    let at = text;
    const put = (pair: number, s: string): void => {
      const bytes = Buffer.from(s);
      engine.u8.set(bytes, at);
      engine.u32[pair >> 2] = at;
      engine.u32[(pair >> 2) + 1] = bytes.length;
      at += bytes.length;
    };
    part.forEach((r, i) => {
      put(slices + 8 * i, r.value);
      if (r.key !== null) {
        put(batch.values(0) + 8 * i, r.key);
        batch.setPresent(0, i);
      }
      if (r.time !== null) {
        engine.i64[(batch.values(1) >> 3) + i] = r.time;
        batch.setPresent(1, i);
      }
    });
    batch.selectAll(part.length);
    for (let done = 0; done < part.length; ) {
      done += builder.append(batch, slices, done, part.length, NOW);
      if (done === part.length) break;
      leave(builder.full);
      builder.makeRoom(builder.full);
    }
  }
  for (let p = 0; p < partitions; p++) leave(p);
  builder.close();
  return frames;
}

test('any rows come back from the batches they were written into, each key in its partition', async () => {
  const engine = new Engine();
  const cursor = new RecordCursor(engine, { capacity: 50, keys: true, headers: true });
  const rowArb = fc.record({
    key: fc.option(fc.string({ maxLength: 20 })),
    value: fc.string({ maxLength: 300 }),
    time: fc.option(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 41n }), fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }))),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(rowArb, { maxLength: 150 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 100, max: 3000 }),
      fc.boolean(),
      async (rows, partitions, bytes, fixed) => {
        const got = Array.from({ length: partitions }, (): string[] => []);
        const sequences = new Sequences({ id: 7n, epoch: 1 });
        for (const frame of build(engine, rows, partitions, bytes, fixed)) {
          const out = new OutgoingBatch(frame, 0);
          out.seal(sequences);
          const p = engine.alloc(out.bytes.length + 128) + 64;
          engine.u8.set(out.bytes, p);
          assert.equal(out.bytes.readUInt32BE(17), crc32cModel(out.bytes.subarray(21)));
          cursor.reset(p, p + out.bytes.length, 0n, 2n ** 62n, true);
          for (let n = cursor.next({}); n > 0; n = cursor.next({})) {
            const slice = (array: number, i: number): string | null => {
              const ptr = engine.u32[(array >> 2) + 2 * i];
              return ptr === 0 ? null : Buffer.from(engine.u8.subarray(ptr, ptr + engine.u32[(array >> 2) + 2 * i + 1])).toString();
            };
            for (let i = 0; i < n; i++)
              got[out.partition].push(JSON.stringify([slice(cursor.keys, i), slice(cursor.values, i), String(engine.i64[(cursor.times >> 3) + i])]));
          }
        }
        assert.equal(
          Array.from({ length: partitions }, (_, p) => sequences.take(p, 0)).reduce((a, b) => a + b),
          rows.length,
        );
        const line = (r: OutRow): string => JSON.stringify([r.key, r.value, String(r.time ?? NOW)]);
        if (fixed) assert.deepEqual(got[0], rows.map(line));
        assert.deepEqual(got.flat().sort(), rows.map(line).sort());
        for (let p = 0; p < partitions && !fixed; p++) {
          const keyed = rows.filter((r) => r.key !== null && (murmur2(Buffer.from(r.key)) & 0x7fffffff) % partitions === p).map(line);
          assert.deepEqual(
            got[p].filter((l) => !l.startsWith('[null')),
            keyed,
          );
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a record larger than the buffer gets a batch of its own', () => {
  const engine = new Engine();
  const big = 'x'.repeat(5000);
  const frames = build(
    engine,
    [
      { key: null, value: 'a', time: null },
      { key: null, value: big, time: null },
      { key: null, value: 'b', time: null },
    ],
    1,
    200,
    true,
  );
  assert.ok(frames.length >= 2);
  assert.ok(frames.some((f) => f.length > 5000));
});

test('batches of every codec are inflated to what they were, and their CRC covers what is sent', () => {
  const engine = new Engine();
  const inflater = new BatchInflater(engine);
  const zstd = zstdDeflates ? [['zstd', 4] as const] : [];
  for (const rows of [1, 3, 50, 3000]) {
    const all = Array.from({ length: rows }, (_, i) => ({ key: null, value: `value ${i % 7} ${i * i} ${'x'.repeat(i % 90)}`, time: null }));
    const made = (compression: CompressionType): OutgoingBatch[] =>
      build(engine, all, 1, 200_000, true, compression).map((frame) => {
        const out = new OutgoingBatch(frame, 0);
        out.seal(undefined);
        assert.equal(out.bytes.readInt32BE(8), out.bytes.length - 12);
        assert.equal(out.bytes.readUInt32BE(17), crc32cModel(out.bytes.subarray(21)));
        return out;
      });
    const plain = made('none');
    for (const [codec, number] of [['gzip', 1] as const, ['snappy', 2] as const, ['lz4', 3] as const, ...zstd]) {
      const packed = made(codec);
      assert.equal(packed.length, plain.length);
      packed.forEach(({ bytes }, i) => {
        assert.equal(bytes.readInt16BE(21), number);
        let records: Uint8Array;
        if (number === 1 || number === 4) {
          const inflate = number === 1 ? zlib.gunzipSync : (zlib as unknown as { zstdDecompressSync: typeof zlib.gunzipSync }).zstdDecompressSync;
          records = inflate(bytes.subarray(61));
        } else {
          const p = engine.alloc(bytes.length + 128) + 64;
          engine.u8.set(bytes, p);
          const length = inflater.inflate(p, p + bytes.length, number);
          records = engine.u8.slice(inflater.ptr + 61, inflater.ptr + length);
        }
        assert.deepEqual(Buffer.from(records), plain[i].bytes.subarray(61), `${codec}, ${rows} rows`);
        if (rows === 3000) assert.ok(bytes.length < plain[i].bytes.length / 2, `${codec}: ${bytes.length} of ${plain[i].bytes.length}`);
      });
    }
  }
});

test('any bytes come back from snappy and lz4', () => {
  const engine = new Engine();
  const { kernels } = engine;
  const table = engine.alloc(1 << 15);
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(255), fc.nat(70_000)).map(([byte, n]) => new Uint8Array(n).fill(byte)),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((b) => Uint8Array.from({ length: b.length * 400 }, (_, i) => b[i % b.length])),
  );
  const run = (bytes: Uint8Array): void => {
    const src = engine.alloc(bytes.length + 1);
    engine.u8.set(bytes, src);
    for (const codec of ['snappy', 'lz4'] as const) {
      const [max, deflate, inflate] = [kernels[`${codec}BytesMax`], kernels[`${codec}Deflate`], kernels[`${codec}Inflate`]];
      const most = max(bytes.length);
      const dst = engine.alloc(most + 64);
      engine.u8.fill(0xa5, dst, dst + most + 64);
      const n = deflate(src, bytes.length, dst, table);
      assert.ok(n <= most && engine.u8.subarray(dst + most, dst + most + 64).every((b) => b === 0xa5), 'wrote behind its room');
      const back = engine.alloc(bytes.length + 1);
      assert.equal(inflate(dst, n, back, bytes.length), bytes.length, codec);
      assert.equal(Buffer.compare(engine.u8.subarray(back, back + bytes.length), bytes), 0, codec);
      engine.free(dst, most + 64);
      engine.free(back, bytes.length + 1);
    }
    engine.free(src, bytes.length + 1);
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => run(concat(pieces))),
    { numRuns: 150 },
  );
});

test('joined CRCs are the CRC of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 3000 }), (a, b) => {
      const joined = crc32cJoined(crc32cBytes(a, 0, a.length), crc32cBytes(b, 0, b.length), b.length);
      assert.equal(joined, crc32cModel(concat([a, b])));
    }),
  );
});

test('a Produce request has the documented bytes, and a response that is cut short is an error of ours', () => {
  const bytes = Buffer.concat(
    encodeProduce({ topic: 'ab', transactionalId: undefined, acks: -1, timeoutMs: 30000, batches: [{ partition: 3, bytes: Buffer.from([1, 2]) }] }),
  );
  assert.equal(bytes.toString('hex'), 'ffff' + 'ffff' + '00007530' + '00000001' + '0002' + '6162' + '00000001' + '00000003' + '00000002' + '0102');
  const answer = Buffer.from(
    '00000001' + '0002' + '6162' + '00000001' + '00000003' + '0006' + '0000000000000000' + 'ffffffffffffffff' + '0000000000000000' + '00000000',
    'hex',
  );
  assert.deepEqual([...decodeProduceResponse(answer, 7).errors], [[3, 6]]);
  assert.throws(() => decodeProduceResponse(answer.subarray(0, 17), 7), /layout/);
});
