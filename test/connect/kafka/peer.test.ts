import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { findParts } from '#src/connect/kafka/kafkajs-parts.js';
import type { ApiName } from './fake-broker.js';
import { fuzzPeers, newBroker, optionsFor, readFrom, SASL, SINK, SOURCE, writeTo } from './peer-fuzz.js';

/** More: npm run fuzz -- kafka-peers. */
test('whatever a peer at the broker answers, a source or a sink ends with one error that says so, or as it should', async () => {
  const ends = await fuzzPeers(150, 40);
  assert.ok(ends.right > 5 && ends.KAFKA_PROTOCOL > 20, JSON.stringify(ends));
});

const i32 = (v: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(v);
  return b;
};
const LENGTHS: readonly (readonly [string, (frame: Buffer) => Buffer])[] = [
  ['a length of -1', (f) => Buffer.concat([i32(-1), f.subarray(4)])],
  ['a length of 0', () => i32(0)],
  ['a length of 3', (f) => Buffer.concat([i32(3), f.subarray(4)])],
  ['text', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['an answer to another request', (f) => Buffer.concat([f.subarray(0, 4), i32(0x7000_0000), f.subarray(8)])],
  ['an empty response', (f) => Buffer.concat([i32(4), f.subarray(4, 8)])],
];

for (const [what, spoil] of LENGTHS) {
  test(`${what} is no response of any request: one error with the address and a remedy`, async () => {
    const cases = [...SOURCE.map((api) => [api, true] as const), ...SINK.map((api) => [api, false] as const), ...SASL.map((api) => [api, true] as const)];
    await Promise.all(cases.map(([api, source]) => once(api, source, spoil)));
  });
}

async function once(api: ApiName, source: boolean, spoil: (frame: Buffer) => Buffer): Promise<void> {
  const broker = await newBroker();
  broker.spoil = (a, _nth, frame) => (a === api ? spoil(frame) : frame);
  try {
    const options = optionsFor(broker, SASL.includes(api));
    await assert.rejects(source ? readFrom(options) : writeTo(options), (e: unknown) => {
      assert.ok(e instanceof MillraceError, String(e));
      assert.equal(e.code, 'KAFKA_PROTOCOL', `${api}: ${e.message}`);
      assert.ok(e.message.includes(`what ${broker.address} answers is not Kafka's protocol`), `${api}: ${e.message}`);
      assert.match(e.remedy, /security\.protocol/);
      return true;
    });
  } finally {
    await broker.close();
  }
}

test('partitions have the numbers from 0: others would be counted up to', async () => {
  for (const source of [true, false]) {
    const broker = await newBroker();
    broker.spoil = (api, _nth, frame) => {
      // behind the topic's name and its flag: a list of one partition, its error, its number
      const at = frame.lastIndexOf(Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      if (api === 'Metadata' && frame.length < 110 && at > 0 && frame.readInt32BE(8) === 0) i32(0x7fff_ffff).copy(frame, at + 6);
      return frame;
    };
    const options = optionsFor(broker, false);
    await assert.rejects(
      source ? readFrom(options) : writeTo(options),
      (e: MillraceError) => e.code === 'KAFKA_PROTOCOL' && /partitions 2147483647/.test(e.message),
    );
    await broker.close();
  }
});

test("kafkajs's decoder goes neither backwards nor beyond the end, and SCRAM's rounds have a bound", async () => {
  findParts();
  const load = createRequire(import.meta.url);
  const Decoder = load('kafkajs/src/protocol/decoder.js') as new (
    b: Buffer,
  ) => {
    readString(): unknown;
    readBytes(): unknown;
    readArray(r: (d: { readString(): unknown }) => unknown): unknown[];
  };
  const strings = (bytes: number[]): unknown[] => new Decoder(Buffer.from(bytes)).readArray((d) => d.readString());
  assert.deepEqual(strings([0, 0, 0, 2, 0, 1, 97, 255, 255]), ['a', null]);
  assert.deepEqual(strings([255, 255, 255, 255]), []);
  for (const bytes of [
    [127, 255, 255, 255, 255, 254, 0, 0],
    [0, 0, 0, 2, 255, 254, 0, 0],
    [255, 255, 255, 254, 0, 0],
    [0, 0, 0, 1, 0, 9, 97],
  ])
    assert.throws(() => strings(bytes), RangeError);
  assert.throws(() => new Decoder(Buffer.from([0, 0, 0, 9, 1])).readBytes(), RangeError);
  const { SCRAM } = load('kafkajs/src/broker/saslAuthenticator/scram.js') as { SCRAM: { hi(p: string, s: string, i: number, d: object): Promise<unknown> } };
  await assert.rejects(SCRAM.hi('p', 's', 2 ** 31 - 1, {}), RangeError);
});
