import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { Prng } from '#src/base/prng.js';
import { ROOT, read } from '../tidy/source.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

interface Claim {
  readonly user: string;
  readonly type: string;
  readonly cents: number;
  readonly ms: number;
}

const START_MS = Date.UTC(2024, 0, 1, 12);
const MINUTE_MS = 60_000;

/** 4,000 events of 40 users over ten minutes, up to 4 s out of order; every fourth user claims coupons much more often. */
function claims(): Claim[] {
  const random = new Prng(7);
  return Array.from({ length: 4000 }, (_, i) => {
    const user = random.below(40);
    const type = random.below(100) < (user % 4 === 0 ? 60 : 4) ? 'coupon_claim' : ['view', 'click', 'purchase'][random.below(3)];
    return { user: `u${user}`, type, cents: random.below(10_000), ms: START_MS + i * 150 - random.below(4000) };
  });
}

const timestamp = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const decimal = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

/** What the windows must give, computed from all events at once: 'user|start|end|claims|cents'. */
function windows(events: readonly Claim[], kind: 'TUMBLE' | 'HOP' | 'SESSION', least: number): string[] {
  const found = new Map<string, { n: number; cents: number }>();
  const add = (user: string, start: number, end: number, cents: number): void => {
    const key = `${user}|${timestamp(start)}|${timestamp(end)}`;
    const w = found.get(key) ?? { n: 0, cents: 0 };
    found.set(key, { n: w.n + 1, cents: w.cents + cents });
  };
  const wanted = events.filter((e) => e.type === 'coupon_claim');
  if (kind === 'SESSION') {
    for (const user of new Set(wanted.map((e) => e.user))) {
      const mine = wanted.filter((e) => e.user === user).sort((a, b) => a.ms - b.ms);
      for (let from = 0, i = 1; i <= mine.length; i++) {
        if (i < mine.length && mine[i].ms <= mine[i - 1].ms + 30_000) continue;
        for (const e of mine.slice(from, i)) add(user, mine[from].ms, mine[i - 1].ms + 30_000, e.cents);
        from = i;
      }
    }
  } else {
    const size = kind === 'TUMBLE' ? MINUTE_MS : 5 * MINUTE_MS;
    for (const e of wanted) for (let start = e.ms - (e.ms % MINUTE_MS); start > e.ms - size; start -= MINUTE_MS) add(e.user, start, start + size, e.cents);
  }
  return [...found].filter(([, w]) => w.n > least).map(([key, w]) => `${key}|${w.n}|${w.cents}`);
}

const missing = kafkaMissing();
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const p of running) p.kill('SIGKILL');
});

describe('the Kafka examples on a real broker', { skip: missing }, () => {
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let client: ReturnType<typeof createClient>;
  const dir = mkdtempSync(join(tmpdir(), 'millrace-examples-'));

  before(async () => {
    broker = await startBroker();
    client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await Promise.all([admin.connect(), producer.connect()]);
  });
  after(async () => {
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Runs an example with its topics renamed and its reading bounded; resolves with the values of the alerts. */
  const alerts = async (example: string, parallelism: number): Promise<Record<string, unknown>[]> => {
    const suffix = `${process.pid}_${example.replace(/\W/g, '_')}_${parallelism}`;
    const [input, output] = [`user_behavior_${suffix}`, `risk_alerts_${suffix}`];
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic: input, numPartitions: 2 },
        { topic: output, numPartitions: 2 },
      ],
    });
    const messages = claims().map((e) => ({
      key: e.user,
      value: JSON.stringify({ user_id: e.user, event_type: e.type, amount: Number(decimal(e.cents)), event_time: timestamp(e.ms) }),
    }));
    await producer.send({ topic: input, messages });
    const sql = read(`examples/${example}`)
      .replaceAll('localhost:9092', broker.servers)
      .replaceAll("'user_behavior'", `'${input}', 'scan.bounded.mode' = 'latest-offset'`)
      .replaceAll("'risk_alerts'", `'${output}'`);
    const path = join(dir, `${suffix}.sql`);
    writeFileSync(path, `SET 'parallelism.default' = '${parallelism}';\nSET 'table.local-time-zone' = 'UTC';\n${sql}`);
    await run([join(ROOT, 'dist/cli.js'), 'run', path]);
    return readTopic(output);
  };

  /** Every record up to the present end of the topic. */
  const readTopic = async (topic: string): Promise<Record<string, unknown>[]> => {
    const end = (await admin.fetchTopicOffsets(topic)).reduce((n, p) => n + Number(p.high), 0);
    const out: Record<string, unknown>[] = [];
    if (end === 0) return out;
    const consumer = client.consumer({ groupId: `check-${topic}` });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            out.push(JSON.parse(String(message.value)) as Record<string, unknown>);
            if (out.length === end) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    return out;
  };

  for (const parallelism of [1, 2]) {
    test(`examples/risk.sql at parallelism ${parallelism}`, async () => {
      const began = Date.now();
      const found = await alerts('risk.sql', parallelism);
      const want = windows(claims(), 'TUMBLE', 5).map((w) => w.split('|')[0]);
      assert.ok(want.length > 20, 'the events raise alerts');
      assert.deepEqual(found.map((a) => a.user_id).sort(), want.sort());
      for (const a of found) {
        assert.deepEqual(Object.keys(a), ['user_id', 'alert_type', 'alert_time']);
        assert.equal(a.alert_type, 'COUPON_ABUSE');
        const at = Date.parse(`${String(a.alert_time).replace(' ', 'T')}Z`);
        assert.ok(at >= began - 1000 && at <= Date.now() + 1000, `CURRENT_TIMESTAMP is now, in the session's zone: ${String(a.alert_time)}`);
      }
    });
  }

  test('examples/risk-tvf.sql', async () => {
    const found = await alerts('risk-tvf.sql', 2);
    for (const [kind, least] of [
      ['TUMBLE', 5],
      ['HOP', 10],
      ['SESSION', 8],
    ] as const) {
      const rows = found
        .filter((a) => a.alert_type === kind)
        .map((a) => [a.user_id, full(a.window_start), full(a.window_end), a.claims, Math.round(Number(a.total) * 100)].join('|'));
      const want = windows(claims(), kind, least);
      assert.ok(want.length > 0, `${kind}: the events raise alerts`);
      assert.deepEqual(rows.sort(), want.sort(), kind);
    }
  });
});

/** A timestamp with three digits after the second: Flink's JSON writes only as many as it needs. */
function full(value: unknown): string {
  const [seconds, fraction = ''] = String(value).split('.');
  return `${seconds}.${fraction.padEnd(3, '0')}`;
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const p = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(p);
    const timer = setTimeout(() => p.kill('SIGKILL'), 60_000);
    let text = '';
    for (const s of [p.stdout, p.stderr])
      s.on('data', (d: Buffer) => {
        text += d;
      });
    p.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(p);
      if (code === 0) resolve(text);
      else reject(new Error(`ended with ${signal ?? code}:\n${text}`));
    });
  });
}
