import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Admin, Kafka, Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { Prng } from '#src/base/prng.js';
import { put, scratch } from '../serve/cli.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

const missing = kafkaMissing();
const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** The main job, as in the README. */
const job = (servers: string, run: number, extra = ''): string => `${extra}
CREATE TABLE user_events (user_id STRING, event_type STRING, amount DECIMAL(10,2), event_time TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'user_behavior_${run}', 'properties.bootstrap.servers' = '${servers}',
  'properties.group.id' = 'risk', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE VIEW suspicious_coupon_claims AS
SELECT user_id, COUNT(*) AS claim_count, TUMBLE_START(event_time, INTERVAL '1' MINUTE) AS window_start
FROM user_events WHERE event_type = 'coupon_claim'
GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE) HAVING COUNT(*) > 5;
CREATE TABLE risk_alerts (user_id STRING, alert_type STRING, alert_time TIMESTAMP(3))
WITH ('connector' = 'kafka', 'topic' = 'risk_alerts_${run}', 'properties.bootstrap.servers' = '${servers}', 'format' = 'json');
INSERT INTO risk_alerts SELECT user_id, 'COUPON_ABUSE', CURRENT_TIMESTAMP FROM suspicious_coupon_claims;`;

const T0 = Date.UTC(2026, 0, 1);
const stamp = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** Events with disorder below the watermark's delay, key orders that change, escapes and fields nobody declared. */
function events(seed: number, count: number): { user: string; type: string; ms: number; text: string }[] {
  const r = new Prng(seed);
  return Array.from({ length: count }, (_, i) => {
    const user = r.below(20) === 0 ? `"ü ${r.below(3)}` : `user-${r.below(60)}`;
    const type = r.below(3) === 0 ? 'coupon_claim' : r.below(2) === 0 ? 'view' : 'click';
    const ms = T0 + i * 100 - r.below(4000);
    const fields: [string, unknown][] = [
      ['user_id', user],
      ['event_type', type],
      ['amount', r.below(100_000) / 100],
      ['event_time', stamp(ms)],
      ['extra', { a: [1, { b: '}"' }], c: null }],
    ];
    for (let k = fields.length - 1; k > 0; k--) {
      const j = r.below(k + 1);
      [fields[k], fields[j]] = [fields[j], fields[k]];
    }
    return { user, type, ms, text: JSON.stringify(Object.fromEntries(fields), null, r.below(10) === 0 ? 1 : undefined) };
  });
}

/** Users with more than five claims in a minute, once per window. */
function alerts(all: ReturnType<typeof events>, untilMs: number): string[] {
  const counts = new Map<string, number>();
  for (const e of all) {
    if (e.type !== 'coupon_claim') continue;
    const start = Math.floor(e.ms / 60_000) * 60_000;
    if (start + 60_000 <= untilMs) counts.set(`${start} ${e.user}`, (counts.get(`${start} ${e.user}`) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, n]) => n > 5)
    .map(([k]) => k.slice(k.indexOf(' ') + 1))
    .sort();
}

describe('the main job on a real broker', { skip: missing }, () => {
  let broker: Broker;
  let client: Kafka;
  let admin: Admin;
  let producer: Producer;

  before(async () => {
    broker = await startBroker();
    client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await admin.connect();
    await producer.connect();
  });
  after(async () => {
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
  });

  for (const parallelism of [1, 2]) {
    test(`alerts of every user and window, none twice, at parallelism ${parallelism}; Ctrl-C ends it`, { timeout: 60_000 }, async () => {
      const run = process.pid * 10 + parallelism;
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          { topic: `user_behavior_${run}`, numPartitions: 3 },
          { topic: `risk_alerts_${run}`, numPartitions: 1 },
        ],
      });
      const all = events(parallelism, 12_000);
      // a window closes when every partition has passed it: the last event of each partition is far ahead
      const end = T0 + 3_600_000;
      const closing = [0, 1, 2].map((partition) => ({ partition, value: JSON.stringify({ user_id: 'end', event_type: 'view', event_time: stamp(end) }) }));
      const send = (from: number, to: number): Promise<unknown> =>
        producer.send({ topic: `user_behavior_${run}`, messages: all.slice(from, to).map((e, i) => ({ partition: (from + i) % 3, value: e.text })) });
      await send(0, 5000);
      const dir = scratch();
      const child = spawn(process.execPath, [CLI, 'run', put(dir, 'risk.sql', job(broker.servers, run, `SET 'parallelism.default' = '${parallelism}';`))], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (d) => (stderr += d));
      const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
      await send(5000, all.length);
      await producer.send({ topic: `user_behavior_${run}`, messages: closing });
      const expected = alerts(all, end - 5000);
      assert.ok(expected.length > 50, `the model finds alerts: ${expected.length}`);

      const got: { user_id: string; alert_type: string; alert_time: string }[] = [];
      const consumer = client.consumer({ groupId: `check-${run}` });
      await consumer.connect();
      await consumer.subscribe({ topic: `risk_alerts_${run}`, fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void got.push(JSON.parse(message.value!.toString())) });
      const deadline = performance.now() + 30_000;
      while (got.length < expected.length && performance.now() < deadline && child.exitCode === null) await new Promise((r) => setTimeout(r, 50));
      await new Promise((r) => setTimeout(r, 300));
      child.kill('SIGINT');
      const code = await exited;
      await consumer.disconnect();
      assert.deepEqual(got.map((a) => a.user_id).sort(), expected, stderr);
      assert.ok(got.every((a) => a.alert_type === 'COUPON_ABUSE' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?$/.test(a.alert_time)));
      assert.equal(code, 130, stderr);
      assert.match(stderr, /12\.0? ?k? ?records|12003|12 k/, 'the summary counts the records');
    });
  }
});
