import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Admin, Consumer } from 'kafkajs';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

interface Message {
  readonly partition: number;
  readonly key: string | null;
  readonly value: unknown;
}

describe('a changelog into upsert-kafka, on a real broker', { skip: kafkaMissing() }, () => {
  let broker: Broker;
  let admin: Admin;
  let consumer: Consumer;
  let topics = 0;

  before(async () => {
    broker = await startBroker();
    admin = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5).admin();
    await admin.connect();
  });
  after(async () => {
    await admin?.disconnect();
    await broker?.close();
  });

  async function written(table: string, insert: string, partitions: number, settings = ''): Promise<Message[]> {
    const topic = `upserts-${process.pid}-${topics++}`;
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] });
    const plan = await planScript(`
      ${settings}
      CREATE TABLE o (${table}) WITH ('connector' = 'upsert-kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${broker.servers}',
        'value.format' = 'json');
      ${insert}`);
    for (const step of plan.steps) {
      assert.ok(step.kind === 'job');
      await (await executeGraph(step.graph)).done;
    }
    const want = (await admin.fetchTopicOffsets(topic)).reduce((n, p) => n + Number(p.high), 0);
    consumer = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5).consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const messages: Message[] = [];
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ partition, message }: { partition: number; message: { key: Buffer | null; value: Buffer | null } }): Promise<void> => {
        messages.push({ partition, key: message.key?.toString() ?? null, value: message.value === null ? null : JSON.parse(message.value.toString()) });
        if (messages.length === want) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return messages;
  }

  const ROWS = "(VALUES ('a', 1), ('b', 2), ('a', 3), ('a', 3), ('b', 5)) AS t(k, v)";

  test('each row is a message under its key; the last one of a key is its row', { timeout: 60_000 }, async () => {
    const messages = await written(
      'k STRING, n BIGINT, total BIGINT, PRIMARY KEY (k) NOT ENFORCED',
      `INSERT INTO o /*+ OPTIONS('key.format' = 'json') */ SELECT k, COUNT(*), SUM(CAST(v AS BIGINT)) FROM ${ROWS} GROUP BY k;`,
      3,
      "SET 'parallelism.default' = '2';",
    );
    const of = (k: string): Message[] => messages.filter((m) => m.key === `{"k":"${k}"}`);
    assert.deepEqual(
      of('a').map((m) => m.value),
      [
        { k: 'a', n: 1, total: 1 },
        { k: 'a', n: 2, total: 4 },
        { k: 'a', n: 3, total: 7 },
      ],
    );
    assert.deepEqual(
      of('b').map((m) => m.value),
      [
        { k: 'b', n: 1, total: 2 },
        { k: 'b', n: 2, total: 7 },
      ],
    );
    for (const k of ['a', 'b']) assert.equal(new Set(of(k).map((m) => m.partition)).size, 1);
    assert.equal(messages.length, 5);
  });

  test('rows that go leave a message without a value; keys of several columns and raw keys', { timeout: 60_000 }, async () => {
    const groups = `SELECT n, COUNT(*) AS m FROM (SELECT k, COUNT(*) AS n FROM ${ROWS} GROUP BY k) GROUP BY n`;
    const messages = await written('n BIGINT, m BIGINT, PRIMARY KEY (n) NOT ENFORCED', `INSERT INTO o /*+ OPTIONS('key.format' = 'json') */ ${groups};`, 1);
    const last = new Map(messages.map((m) => [m.key, m.value]));
    assert.deepEqual(Object.fromEntries(last), { '{"n":1}': null, '{"n":2}': { n: 2, m: 1 }, '{"n":3}': { n: 3, m: 1 } });
    const filtered = await written(
      'k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED',
      `INSERT INTO o /*+ OPTIONS('key.format' = 'raw') */ SELECT k, COUNT(*) FROM ${ROWS} GROUP BY k HAVING COUNT(*) < 3;`,
      1,
    );
    assert.deepEqual(Object.fromEntries(filtered.map((m) => [m.key, m.value])), { a: null, b: { k: 'b', n: 2 } });
    const pairs = await written(
      'v INT, k STRING, n BIGINT, PRIMARY KEY (k, v) NOT ENFORCED',
      `INSERT INTO o /*+ OPTIONS('key.format' = 'json') */ SELECT CAST(v AS INT), k, COUNT(*) FROM ${ROWS} GROUP BY k, v;`,
      1,
    );
    assert.deepEqual(pairs.at(-1), { partition: 0, key: '{"k":"b","v":5}', value: { v: 5, k: 'b', n: 1 } });
  });
});
