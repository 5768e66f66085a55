import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import type { KafkaCluster } from '#src/connect/kafka/client-internals.js';
import { Silence } from '#src/connect/kafka/connect.js';
import { FetchLane, type LaneHost } from '#src/connect/kafka/fetch-lane.js';
import type { ResponseReader } from '#src/connect/kafka/link.js';
import { PartitionFetch } from '#src/connect/kafka/partition-fetch.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { batchBytes, concat, EMPTY_BATCH } from './batches.js';
import { FrameQueue } from './doubles.js';
import { responseBytes } from './fetch-bytes.js';
import { Engine } from '#src/wasm/engine.js';

const batch = (offset: number, values: readonly string[] = ['v'], more: Partial<typeof EMPTY_BATCH> = {}): Uint8Array =>
  batchBytes({
    ...EMPTY_BATCH,
    baseOffset: BigInt(offset),
    lastOffsetDelta: values.length - 1,
    records: values.map((v, i) => ({ key: null, value: Buffer.from(v), timeDelta: 0n, offsetDelta: i, headers: [] })),
    ...more,
  });

interface Asked {
  readonly epoch: number;
  /** of the only partition; undefined = it was not named */
  readonly offset: bigint | undefined;
  readonly maxBytes: number | undefined;
}
type Answer = { records?: Uint8Array; error?: number; session?: number; throttleMs?: number; cutAt?: number } | 'refuse';

/** A lane with one partition and a broker that answers by a script; when the script ends the lane is stopped. */
async function run(
  answers: readonly Answer[],
  stop?: bigint,
): Promise<{ asked: Asked[]; frames: Uint8Array[]; refreshed: number; outOfRange: number; p: PartitionFetch; error?: unknown; waits: number[] }> {
  const abort = new AbortController();
  const queue = new FrameQueue(new Engine());
  const asked: Asked[] = [];
  const waits: number[] = [];
  let refreshed = 0;
  let outOfRange = 0;
  let last = systemClock.monotonicMs();
  const left = [...answers];
  const p = new PartitionFetch({ number: 0, topic: 't', partition: 3, start: 10n, ...(stop === undefined ? {} : { stop }) }, 0, 'table', 1000, {
    send: (_, frame) => queue.send(frame),
    room: { reserve: (_, bytes) => queue.reserve(bytes), fits: (_, bytes) => queue.fits(bytes), commit: (_, bytes) => queue.commit(bytes) },
    checkCrc: true,
    stopped: abort.signal,
    moved: () => {},
    failed: (e) => assert.fail(String(e)),
  });
  p.leader = 1;
  const answer = <T>(body: Buffer, reader: ResponseReader<T>): T => {
    const next = left.shift();
    if (next === undefined) {
      abort.abort();
      throw Object.assign(new Error('stopped'), { code: 'ECONNRESET' });
    }
    waits.push(systemClock.monotonicMs() - last);
    last = systemClock.monotonicMs();
    const named = body.readInt32BE(25) > 0;
    asked.push({ epoch: body.readInt32BE(21), offset: named ? body.readBigInt64BE(44) : undefined, maxBytes: named ? body.readInt32BE(60) : undefined });
    if (next === 'refuse') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const records = next.records ?? new Uint8Array(0);
    const partition = { topic: 't', partition: 3, errorCode: next.error ?? 0, highWatermark: 99n, aborted: [], preferredReplica: -1, bytes: records.length };
    const options = { errorCode: next.session ?? 0, throttleMs: next.throttleMs ?? 0 };
    const bytes = responseBytes(11, next.session !== undefined ? [] : [[[partition, records]]], options);
    reader.begin(bytes.length);
    for (let at = 0; at < (next.cutAt ?? bytes.length); ) {
      const room = reader.room();
      const n = Math.min(room.length, (next.cutAt ?? bytes.length) - at, 50);
      room.set(bytes.subarray(at, at + n));
      at += n;
      reader.took(n);
    }
    if (next.cutAt !== undefined) {
      reader.abort();
      throw Object.assign(new Error('cut'), { code: 'ECONNRESET' });
    }
    return reader.end();
  };
  let closed = false;
  const link = {
    expired: false,
    get closed() {
      return closed;
    },
    version: () => 11,
    close: () => {
      closed = true;
    },
    request: async (_api: number, _version: number, [body]: Buffer[], reader: ResponseReader<unknown>) => {
      try {
        return answer(body, reader);
      } catch (e) {
        closed = true;
        throw e;
      }
    },
  };
  const host: LaneHost = {
    cluster: {
      openLink: async () => {
        closed = false;
        return link;
      },
    } as unknown as KafkaCluster,
    settings: { minBytes: 1, maxBytes: 1 << 20, isolationLevel: 0, rackId: '' },
    maxWaitMs: 100,
    silence: new Silence(clientSettings({ 'bootstrap.servers': 'b:1' }), systemClock, {}),
    stopped: abort.signal,
    partitions: () => (p.finished ? [] : [p]),
    changed: async () => {},
    refreshLeaders: async () => {
      refreshed++;
    },
    offsetOutOfRange: async (q) => {
      outOfRange++;
      q.offset = 50n;
    },
    failed: (e) => e,
  };
  let error: unknown;
  try {
    await new FetchLane(1, host).run();
  } catch (e) {
    error = e;
  }
  await p.settled();
  const frames: Uint8Array[] = [];
  for (let f = queue.takeBytes(); f !== undefined; f = queue.takeBytes()) frames.push(f);
  return { asked, frames, refreshed, outOfRange, p, error, waits };
}

const offsets = (asked: readonly Asked[]): (bigint | undefined)[] => asked.map((a) => a.offset);

test('a lane asks on behind what it got, naming the partition only when something changed', async () => {
  const r = await run([{ records: concat([batch(10, ['a', 'b']), batch(12)]) }, {}, { records: batch(13) }, {}]);
  assert.equal(r.error, undefined);
  assert.deepEqual(offsets(r.asked), [10n, 13n, undefined, 14n]);
  assert.deepEqual(
    r.asked.map((a) => a.epoch),
    [0, 1, 2, 3],
  );
  assert.equal(r.frames.length, 2);
  assert.equal(r.p.delivered, 14n);
});

test('a response that is cut short costs nothing: whole partitions of it are kept, the rest is asked for again in a new session', async () => {
  const two = concat([batch(10), batch(11)]);
  for (const cutAt of [3, 20, 70, 100, 200]) {
    const r = await run([{ records: two, cutAt }, { records: two }, {}]);
    assert.equal(r.error, undefined);
    assert.deepEqual(offsets(r.asked), [10n, 10n, 12n]);
    assert.deepEqual(
      r.asked.map((a) => a.epoch),
      [0, 0, 1],
    );
    assert.equal(r.refreshed, 1);
    assert.equal(r.frames.length, 1);
  }
});

test('a broker that forgot the session is asked for everything again; one that refuses is asked after its leaders were looked for', async () => {
  const r = await run([{ records: batch(10) }, { session: 70 }, { records: batch(11) }, 'refuse', {}]);
  assert.equal(r.error, undefined);
  assert.deepEqual(offsets(r.asked), [10n, 11n, 11n, 12n, 12n]);
  assert.deepEqual(
    r.asked.map((a) => a.epoch),
    [0, 1, 0, 1, 0],
  );
});

test('moved leaders are looked for, lost offsets are handed on, throttling is honoured', async () => {
  const r = await run([{ error: 6 }, { error: 1 }, { throttleMs: 120 }, { records: batch(50) }]);
  assert.equal(r.error, undefined);
  assert.ok(r.refreshed >= 1);
  assert.equal(r.outOfRange, 1);
  assert.deepEqual(offsets(r.asked), [10n, undefined, 50n, undefined]);
  assert.ok(r.waits[3] >= 110, `waited ${r.waits[3]} ms`);
});

test('bad input is an error with topic, partition and offset, after the batches before it', async () => {
  const place = { topic: 't', partition: 3 };
  const fails = async (answers: readonly Answer[], code: string, offset: bigint, frames: number): Promise<void> => {
    const r = await run(answers);
    assert.ok(r.error instanceof MillraceError, String(r.error));
    assert.equal(r.error.code, code);
    assert.deepEqual({ topic: r.error.place.topic, partition: r.error.place.partition, offset: r.error.place.offset }, { ...place, offset });
    assert.equal(r.frames.length, frames);
  };
  const bad = (change: (v: DataView) => void): Uint8Array => {
    const b = batch(12);
    change(new DataView(b.buffer));
    return b;
  };
  for (const records of [bad((v) => v.setInt32(8, -1)), bad((v) => v.setInt32(8, 20)), bad((v) => v.setInt8(16, 1)), bad((v) => v.setInt8(16, 9))]) {
    await fails([{ records: concat([batch(10, ['a', 'b']), records]) }, { records }], 'KAFKA_CORRUPT_BATCH', 12n, 1);
  }
  await fails([{ error: 29 }], 'KAFKA_PROTOCOL', 10n, 0);
  const cut = batch(10, ['x'.repeat(500)]).subarray(0, 200);
  await fails(
    Array.from({ length: 22 }, () => ({ records: cut })),
    'KAFKA_PROTOCOL',
    10n,
    0,
  );
});

test('a batch that did not come whole is asked for with more room', async () => {
  const whole = batch(10, ['x'.repeat(500)]);
  const r = await run([{ records: whole.subarray(0, 300) }, { records: whole.subarray(0, 500) }, { records: whole }, {}]);
  assert.deepEqual(
    r.asked.map((a) => a.maxBytes),
    [1000, 2000, 4000, 4000],
  );
  assert.equal(r.p.delivered, 11n);
});
