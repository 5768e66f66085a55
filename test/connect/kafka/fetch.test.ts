import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { type FetchedPartition, FetchReader, type FetchResponse, type RecordsIntake } from '#src/connect/kafka/fetch-response.js';
import { FetchSession } from '#src/connect/kafka/fetch-session.js';
import fc from 'fast-check';
import { responseBytes } from './fetch-bytes.js';

const SETTINGS = { minBytes: 1, maxBytes: 1000, isolationLevel: 1, rackId: 'r' };
const target = (partition: number, offset: number, topic = 't', maxBytes = 100) => ({ split: { topic, partition }, offset: BigInt(offset), maxBytes });

/** What a Fetch v11 asks, read back by its documented layout. */
function asked(b: Buffer): { session: number; epoch: number; wanted: string[]; forgotten: string[] } {
  let at = 4 + 4 + 4 + 4 + 1;
  const i32 = (): number => {
    at += 4;
    return b.readInt32BE(at - 4);
  };
  const string = (): string => {
    const n = b.readInt16BE(at);
    at += 2 + n;
    return b.toString('utf8', at - n, at);
  };
  const [session, epoch] = [i32(), i32()];
  const wanted: string[] = [];
  for (let topics = i32(); topics > 0; topics--) {
    const topic = string();
    for (let n = i32(); n > 0; n--) {
      const partition = i32();
      assert.equal(i32(), -1);
      wanted.push(`${topic}/${partition}@${b.readBigInt64BE(at)}`);
      at += 8;
      assert.equal(b.readBigInt64BE(at), -1n);
      at += 8;
      wanted.push(String(i32()));
    }
  }
  const forgotten: string[] = [];
  for (let topics = i32(); topics > 0; topics--) {
    const topic = string();
    for (let n = i32(); n > 0; n--) forgotten.push(`${topic}/${i32()}`);
  }
  assert.equal(string(), 'r');
  assert.equal(at, b.length);
  return { session, epoch, wanted: wanted.filter((_, i) => i % 2 === 0), forgotten };
}

test('a fetch session names everything once, then only what has changed, and begins anew when the broker forgot it', () => {
  const s = new FetchSession();
  const ask = (...targets: ReturnType<typeof target>[]) => asked(s.encode(11, SETTINGS, 500, targets));
  assert.deepEqual(ask(target(0, 5), target(1, 6), target(0, 7, 'u')), { session: 0, epoch: 0, wanted: ['t/0@5', 't/1@6', 'u/0@7'], forgotten: [] });
  assert.equal(s.answered(0, 77), true);
  assert.deepEqual(ask(target(0, 9), target(1, 6), target(0, 7, 'u')), { session: 77, epoch: 1, wanted: ['t/0@9'], forgotten: [] });
  assert.equal(s.answered(0, 77), true);
  assert.deepEqual(ask(target(0, 9)), { session: 77, epoch: 2, wanted: [], forgotten: ['t/1', 'u/0'] });
  s.answered(0, 77);
  assert.deepEqual(ask(target(0, 9), target(1, 6)).wanted, ['t/1@6']);
  assert.equal(s.answered(71, 0), false);
  assert.deepEqual(ask(target(0, 9), target(1, 6)), { session: 77, epoch: 0, wanted: ['t/0@9', 't/1@6'], forgotten: [] });
  assert.equal(s.answered(70, 0), false);
  assert.equal(ask(target(0, 9)).session, 0);
  s.answered(0, 0); // the broker keeps no session
  assert.deepEqual(ask(target(0, 9)), { session: 0, epoch: 0, wanted: ['t/0@9'], forgotten: [] });
});

class Collect implements RecordsIntake {
  readonly got: [string, string][] = [];
  open = 0;
  #room = new Uint8Array(0);
  place(p: FetchedPartition): Uint8Array {
    this.open++;
    this.#room = new Uint8Array(p.bytes);
    return this.#room;
  }
  records(p: FetchedPartition): void {
    this.open--;
    this.got.push([`${p.topic}/${p.partition}`, Buffer.from(this.#room).toString('hex')]);
  }
  lost(): void {
    this.open--;
  }
}

/** Feeds a response as a link does, in pieces as a socket gives them. */
function read(version: number, bytes: Buffer, pieces: readonly number[], intake: RecordsIntake): FetchResponse {
  const r = new FetchReader(version, intake);
  r.begin(bytes.length);
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const room = r.room();
    assert.ok(room.length > 0);
    const n = Math.min(room.length, bytes.length - at, Math.max(1, pieces[k % pieces.length]));
    room.set(bytes.subarray(at, at + n));
    at += n;
    r.took(n);
  }
  return r.end();
}

const topicsArb = fc.array(
  fc.tuple(
    fc.constantFrom('t', 'orders', 'ü'.repeat(40)),
    fc.array(
      fc.tuple(
        fc.nat(100),
        fc.constantFrom(0, 0, 0, 6),
        fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 99n }), fc.bigInt({ min: 0n, max: 99n })), { maxLength: 3 }),
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.nat(9000).map((n) => new Uint8Array(n).fill(n & 255)),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  ),
  { maxLength: 3 },
);
const made = topicsArb.map((topics) =>
  topics.map(([topic, partitions]) =>
    partitions.map(([partition, errorCode, aborted, records]): readonly [FetchedPartition, Uint8Array] => [
      {
        topic,
        partition,
        errorCode,
        highWatermark: 5n,
        aborted: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
        preferredReplica: -1,
        bytes: records.length,
      },
      records,
    ]),
  ),
);

test('a Fetch response gives the same in whatever pieces it comes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 5, 7, 11),
      made,
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.nat(5000)), { minLength: 1 }),
      (version, topics, pieces) => {
        const intake = new Collect();
        const r = read(version, responseBytes(version, topics), pieces, intake);
        assert.deepEqual(
          r.partitions,
          topics.flat().map(([p]) => p),
        );
        assert.deepEqual([r.throttleTimeMs, r.sessionId], [9, version >= 7 ? 42 : 0]);
        assert.deepEqual(
          intake.got,
          topics.flat().flatMap(([p, records]) => (records.length === 0 ? [] : [[`${p.topic}/${p.partition}`, Buffer.from(records).toString('hex')]])),
        );
        assert.equal(intake.open, 0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a Fetch response that is cut short or damaged ends in an error of ours, never outside of its bytes', () => {
  fc.assert(
    fc.property(made, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), (topics, cut, mutations) => {
      const whole = responseBytes(11, topics);
      const bytes = whole.subarray(0, cut % (whole.length + 1));
      for (const [at, byte] of mutations) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const intake = new Collect();
      try {
        read(11, bytes, [4096], intake);
        for (const [, hex] of intake.got) assert.ok(hex.length / 2 <= bytes.length);
      } catch (e) {
        assert.ok(e instanceof MillraceError && e.code === 'KAFKA_PROTOCOL', String(e));
      }
    }),
    { numRuns: 500 },
  );
});
