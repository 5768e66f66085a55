import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { inflateBatch, walkBatches } from '#src/connect/kafka/batch-walk.js';
import { FLAG_CHECKED, FRAME_HEADER_BYTES, FRAME_RECORDS, FRAME_SPLIT_FINISHED, controlFrame, sealFrame } from '#src/connect/kafka/frame.js';
import { readPosition } from '#src/connect/kafka/position.js';
import { KafkaReader } from '#src/connect/kafka/reader.js';
import { POLL_END, POLL_IDLE, POLL_ROWS } from '#src/contract/source.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { batchBytes, concat, EMPTY_BATCH, recordBytes, type TestRecord } from './batches.js';
import { FrameQueue, sourceConfig, WholeValueDecoder } from './doubles.js';

const record = (value: string | null, offsetDelta: number): TestRecord => ({
  key: null,
  value: value === null ? null : Buffer.from(value),
  timeDelta: BigInt(offsetDelta),
  offsetDelta,
  headers: [],
});
const batchOf = (baseOffset: number, ...values: (string | null)[]): Uint8Array =>
  batchBytes({ ...EMPTY_BATCH, baseOffset: BigInt(baseOffset), lastOffsetDelta: values.length - 1, records: values.map(record) });
const frameOf = (bytes: Uint8Array, split = 0, flags = 0): Uint8Array => {
  const f = concat([new Uint8Array(FRAME_HEADER_BYTES), bytes]);
  return sealFrame(f, 0, f.length, FRAME_RECORDS, split, 1000n, flags);
};

function setUp(capacity = 4): {
  reader: KafkaReader;
  frames: FrameQueue;
  batch: Batch;
  rows: () => string[];
  metrics: MetricGroup;
  restart: () => KafkaReader;
} {
  const engine = new Engine();
  const config = sourceConfig({}, ['offset']);
  const leaves = flatten(config.schema);
  const frames = new FrameQueue(engine);
  const metrics = new MetricGroup();
  const splits = [{ number: 0, topic: 'orders', partition: 3, start: 10n, stop: 1000n }];
  const make = (): KafkaReader =>
    new KafkaReader(config, { bounded: true, splits: [splits], detail: { checkCrc: true, keyField: undefined } }, splits, {
      engine,
      clock: systemClock,
      metrics,
      subtaskIndex: 0,
      parallelism: 1,
      leaves,
      decoder: new WholeValueDecoder(engine),
      frames,
      closures: [],
      splitAdded() {},
      splitFinished() {},
    });
  const reader = make();
  reader.open();
  const batch = allocBatch(engine, leaves, { capacity });
  const rows = (): string[] =>
    Array.from({ length: batch.selCount }, (_, r) => {
      const at = (batch.values(0) >> 2) + 2 * r;
      const text = Buffer.from(engine.u8.subarray(engine.u32[at], engine.u32[at] + engine.u32[at + 1])).toString();
      return `${engine.i64[(batch.values(1) >> 3) + r]}=${text}`;
    });
  return { reader, frames, batch, rows, metrics, restart: make };
}

function drain(s: ReturnType<typeof setUp>, reader: KafkaReader, out: string[], each?: (row: number) => void): number {
  for (;;) {
    s.batch.clear();
    const polled = reader.poll(s.batch);
    if (polled !== POLL_ROWS) return polled;
    out.push(...s.rows());
    for (let r = 0; r < s.batch.selCount; r++) each?.(r);
  }
}

test('rows come with their offsets whatever the decoder skips, in batches as large as there is room', () => {
  const s = setUp();
  assert.equal(s.reader.poll(s.batch), POLL_IDLE);
  s.frames.send(frameOf(concat([batchOf(8, 'early', 'early', 'a', 'skip', null, 'b'), batchOf(20, 'c', 'd', 'e', 'f', 'skip', 'g')])));
  s.frames.send(frameOf(batchOf(998, 'h', 'i', 'late')));
  const out: string[] = [];
  const places: string[] = [];
  assert.equal(
    drain(s, s.reader, out, (row) => {
      const p = s.reader.placeOf(row);
      places.push(`${p?.topic} ${p?.partition} ${p?.offset}`);
    }),
    POLL_IDLE,
  );
  assert.deepEqual(out, ['10=a', '13=b', '20=c', '21=d', '22=e', '23=f', '25=g', '998=h', '999=i']);
  assert.deepEqual(
    places,
    out.map((o) => `orders 3 ${o.split('=')[0]}`),
  );
  assert.equal(s.metrics.snapshot().numRecordsWithoutValue, 1);
  s.frames.send(controlFrame(FRAME_SPLIT_FINISHED, 0));
  assert.equal(drain(s, s.reader, out), POLL_END);
});

test('a position at any step restores exactly there', () => {
  for (let steps = 1; steps < 12; steps++) {
    const s = setUp(2);
    const all = (): Uint8Array[] => [frameOf(batchOf(10, 'a', 'b', 'c', null, 'd')), frameOf(batchOf(15, 'e', 'skip', 'f'))];
    for (const f of all()) s.frames.send(f);
    const out: string[] = [];
    for (let i = 0; i < steps; i++) {
      s.batch.clear();
      if (s.reader.poll(s.batch) === POLL_ROWS) out.push(...s.rows());
    }
    const snapshot = s.reader.snapshot();
    assert.equal(readPosition(snapshot[0]).partition, 3);
    while (s.frames.take() !== undefined);
    const again = s.restart();
    again.restore(snapshot);
    again.open();
    for (const f of all()) s.frames.send(f);
    drain(s, again, out);
    assert.deepEqual(out, ['10=a', '11=b', '12=c', '14=d', '15=e', '17=f'], `after ${steps} steps`);
  }
});

test('a damaged batch fails with its place, after the rows before it', () => {
  const s = setUp();
  const bad = batchOf(12, 'x', 'y');
  bad[bad.length - 3] ^= 1;
  s.frames.send(frameOf(concat([batchOf(10, 'a', 'b'), bad])));
  const out: string[] = [];
  assert.throws(
    () => drain(s, s.reader, out),
    (e: MillraceError) => e.code === 'KAFKA_CORRUPT_BATCH' && /topic orders, partition 3, offset 12/.test(e.message),
  );
  assert.deepEqual(out, ['10=a', '11=b']);
});

test('a record the format refuses fails with its offset', () => {
  const s = setUp();
  s.frames.send(frameOf(batchOf(10, 'a', 'skip', 'bad')));
  assert.throws(
    () => drain(s, s.reader, []),
    (e: { place?: unknown }) => {
      assert.deepEqual(e.place, { topic: 'orders', partition: 3, offset: 12n });
      return true;
    },
  );
});

test('a gzip batch is checked, inflated and read; a damaged one is found by its CRC, or by gzip when CRCs are off', async () => {
  const values = Array.from({ length: 500 }, (_, i) => `value ${i}`);
  const records = values.map(record);
  const head = { ...EMPTY_BATCH, baseOffset: 10n, lastOffsetDelta: 499, records };
  const packed = Buffer.from(batchBytes({ ...head, attributes: 1 }, gzipSync(Buffer.from(records.flatMap(recordBytes)))));
  const walked = walkBatches(packed, 0, packed.length, { aborted: [], place: {}, frameBytes: 1000 });
  assert.deepEqual([walked.runs.length, walked.runs[0].codec, walked.next], [1, 1, 510n]);
  const inflated = await inflateBatch(packed, walked.runs[0], true, {});
  const s = setUp(100);
  s.frames.send(sealFrame(inflated, 0, inflated.length, FRAME_RECORDS, 0, 0n, FLAG_CHECKED));
  const out: string[] = [];
  drain(s, s.reader, out);
  assert.deepEqual(
    out,
    values.map((v, i) => `${10 + i}=${v}`),
  );
  packed[packed.length - 5] ^= 4;
  for (const check of [true, false])
    await assert.rejects(inflateBatch(packed, walked.runs[0], check, {}), (e: MillraceError) => e.code === 'KAFKA_CORRUPT_BATCH');
});

test('walking mutated responses ends in an error or in runs of whole batches', () => {
  const plain = concat([batchOf(0, 'a', 'b'), batchOf(2, 'c'), batchOf(3, 'd', 'e', 'f')]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(plain.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(plain.length), (mutations, cut) => {
      const data = Buffer.from(plain.subarray(0, cut));
      for (const [at, byte] of mutations) if (at < cut) data[at] = byte;
      try {
        const { runs } = walkBatches(data, 0, data.length, { aborted: [{ producerId: -1n, firstOffset: 0n }], place: {}, frameBytes: 100 });
        for (const r of runs) assert.ok(r.start >= 0 && r.end <= data.length && r.end - r.start >= 61);
      } catch (e) {
        assert.ok(e instanceof MillraceError && e.code === 'KAFKA_CORRUPT_BATCH', String(e));
      }
    }),
    { numRuns: 500 },
  );
});
