import { MillraceError } from '#src/base/errors.js';
import { KAFKA_THROTTLE_MS_MAX } from '#src/base/limits.js';
import { Prng } from '#src/base/prng.js';
import { RunningSink } from '../../live/running-sink.js';
import { batchBytes, EMPTY_BATCH } from './batches.js';
import { RunningSource, sourceConfig } from './doubles.js';
import { type ApiName, type FakeBroker, startFakeBroker } from './fake-broker.js';

const RECORDS_PER_BATCH = 5;
const BATCHES = 3;
/** Nothing takes longer than the time-outs below, some tries and the work itself, ms; but a broker may ask for a pause. */
const ROUND_MS_MAX = 8000;
const PAUSED_MS_MAX = ROUND_MS_MAX + 8 * KAFKA_THROTTLE_MS_MAX;
/** Answers with offsets. */
const LIES: readonly ApiName[] = ['ListOffsets', 'OffsetFetch', 'Fetch'];

export const SOURCE: readonly ApiName[] = ['ApiVersions', 'Metadata', 'ListOffsets', 'FindCoordinator', 'OffsetFetch', 'OffsetCommit', 'Fetch'];
export const SINK: readonly ApiName[] = ['ApiVersions', 'Metadata', 'InitProducerId', 'Produce'];
export const SASL: readonly ApiName[] = ['SaslHandshake', 'SaslAuthenticate'];

const i32 = (v: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(v | 0);
  return b;
};
const EXTREMES = [-1, -2, -8, -0x80000000, 0, 1, 3, 4, 0x7fff, 0xffff, 0x7fffffff, 200 << 20];

/** Each makes something else of a response; the first four bytes are its length. */
const SPOILERS: readonly (readonly [name: string, spoil: (frame: Buffer, prng: Prng) => Buffer | undefined])[] = [
  ['length', (f, prng) => Buffer.concat([i32(EXTREMES[prng.below(EXTREMES.length)]), f.subarray(4)])],
  ['nothing', () => i32(0)],
  ['correlation', (f, prng) => Buffer.concat([f.subarray(0, 4), i32(EXTREMES[prng.below(EXTREMES.length)]), f.subarray(8)])],
  ['closed', () => undefined],
  ['cut', (f, prng) => f.subarray(0, prng.below(f.length))],
  [
    'shorter',
    (f, prng) => {
      const keep = 4 + prng.below(f.length - 7);
      return Buffer.concat([i32(keep), f.subarray(4, 4 + keep)]);
    },
  ],
  ['longer', (f, prng) => Buffer.concat([i32(f.length - 4 + prng.below(40)), f.subarray(4), random(prng, 60)])],
  ['twice', (f) => Buffer.concat([f, f])],
  ['noise', (f, prng) => Buffer.concat([f.subarray(0, 8), random(prng, f.length - 8)])],
  ['text', () => Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
  [
    'bits',
    (f, prng) => {
      const b = Buffer.from(f);
      for (let n = 1 + prng.below(6); n > 0; n--) b[8 + prng.below(b.length - 8)] ^= 1 << prng.below(8);
      return b;
    },
  ],
  [
    'number',
    (f, prng) => {
      const b = Buffer.from(f);
      if (b.length >= 12) b.writeInt32BE(EXTREMES[prng.below(EXTREMES.length)] | 0, 8 + prng.below(b.length - 11));
      return b;
    },
  ],
  [
    'short',
    (f, prng) => {
      const b = Buffer.from(f);
      if (b.length >= 10) b.writeInt16BE([-1, -2, -30000, 0, 3, 6, 74, 0x7fff][prng.below(8)], 8 + prng.below(b.length - 9));
      return b;
    },
  ],
];

function random(prng: Prng, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => prng.below(256)));
}

const encoder = new TextEncoder();
function bytesOf(base: number): Buffer {
  const records = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => ({
    key: null,
    value: encoder.encode(`v${base + i}`),
    timeDelta: 0n,
    offsetDelta: i,
    headers: [],
  }));
  return Buffer.from(batchBytes({ ...EMPTY_BATCH, baseOffset: BigInt(base), lastOffsetDelta: RECORDS_PER_BATCH - 1, records }));
}

export function newBroker(): Promise<FakeBroker> {
  return startFakeBroker(
    Array.from({ length: BATCHES }, (_, i) => bytesOf(i * RECORDS_PER_BATCH)),
    BATCHES * RECORDS_PER_BATCH,
  );
}

export function optionsFor(broker: FakeBroker, sasl: boolean): Record<string, string> {
  return {
    topic: 't',
    'properties.bootstrap.servers': broker.address,
    'properties.request.timeout.ms': '300',
    'properties.socket.connection.setup.timeout.ms': '900',
    'properties.default.api.timeout.ms': '500',
    'properties.delivery.timeout.ms': '700',
    ...(sasl
      ? {
          'properties.security.protocol': 'SASL_PLAINTEXT',
          'properties.sasl.mechanism': 'PLAIN',
          'properties.sasl.jaas.config': 'x username="u" password="p";',
        }
      : {}),
  };
}

/** One run against a broker that goes wrong in one way, at one of its responses or from one on. Returns how it ended. */
async function round(seed: number): Promise<string> {
  const prng = new Prng(seed);
  const sasl = prng.below(4) === 0;
  const source = prng.below(3) > 0;
  const apis = [...(source ? SOURCE : SINK), ...(sasl ? SASL : [])];
  const api = apis[prng.below(apis.length)];
  const [name, spoil] = SPOILERS[prng.below(SPOILERS.length)];
  const from = prng.below(api === 'Metadata' || api === 'Fetch' ? 4 : 2);
  const forever = prng.below(2) === 0;
  const broker = await startFakeBroker(
    Array.from({ length: BATCHES }, (_, i) => bytesOf(i * RECORDS_PER_BATCH)),
    BATCHES * RECORDS_PER_BATCH,
  );
  broker.spoil = (a, nth, frame) => (a === api && (nth === from || (forever && nth > from)) ? spoil(frame, prng) : frame);
  const options = optionsFor(broker, sasl);
  const what = `${source ? 'source' : 'sink'}, ${api} ${from}${forever ? '+' : ''}: ${name}`;
  const began = performance.now();
  let end = 'right';
  try {
    await (source ? readFrom(options, LIES.includes(api) ? ROUND_MS_MAX : PAUSED_MS_MAX) : writeTo(options));
  } catch (e) {
    // an end that does not come is waited for, and nothing shows that it was a lie
    const lied = LIES.includes(api) && String(e).includes('timed out');
    if (lied) end = 'waits';
    else if (!(e instanceof MillraceError) || e.code === 'INTERNAL' || e.message === '') throw Object.assign(new Error(`seed ${seed}, ${what}`), { cause: e });
    else end = e.code;
  } finally {
    await broker.close();
  }
  if (performance.now() - began > PAUSED_MS_MAX) throw new Error(`seed ${seed}, ${what}: took ${performance.now() - began} ms`);
  return end;
}

export async function readFrom(options: Record<string, string>, timeoutMs = PAUSED_MS_MAX): Promise<void> {
  const group = { 'properties.group.id': 'g', 'properties.auto.offset.reset': 'earliest', 'properties.enable.auto.commit': 'true' };
  const reader = await RunningSource.start(sourceConfig({ ...options, ...group, 'scan.startup.mode': 'group-offsets', 'scan.bounded.mode': 'latest-offset' }));
  try {
    await reader.until(undefined, timeoutMs);
    reader.source?.complete?.(reader.snapshot());
  } finally {
    await reader.stop();
  }
}

export async function writeTo(options: Record<string, string>): Promise<void> {
  const writer = await RunningSink.start(options);
  try {
    for (let i = 0; i < 3; i++) {
      await writer.write([[`v${i}`, null, null]]);
      await writer.finish();
    }
  } finally {
    await writer.close();
  }
}

/**
 * Runs sources and sinks against brokers that answer wrongly. Each ends as it should or with a MillraceError; nothing may reach the process itself.
 * Returns how many ended how.
 */
export async function fuzzPeers(count: number, seed: number, log: (done: number) => void = () => {}): Promise<Record<string, number>> {
  let uncaught: unknown;
  const onUncaught = (e: unknown): void => {
    uncaught ??= e;
  };
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  const ends: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && uncaught === undefined) {
      const n = next++;
      const end = await round(seed + n);
      ends[end] = (ends[end] ?? 0) + 1;
      if (n % 100 === 99) log(n + 1);
    }
  };
  try {
    await Promise.all(Array.from({ length: 12 }, worker));
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
  }
  if (uncaught !== undefined) throw Object.assign(new Error(`uncaught, near seed ${seed + next - 1}`), { cause: uncaught });
  return ends;
}
