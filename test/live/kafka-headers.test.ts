import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import kafkajs, { type Admin, type Consumer, type Producer } from 'kafkajs';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

describe('headers of Kafka records in SQL, on a real broker', { skip: kafkaMissing() }, () => {
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let consumer: Consumer;

  before(async () => {
    broker = await startBroker();
    const client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    consumer = client.consumer({ groupId: `headers-${process.pid}` });
    await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
  });
  after(async () => {
    await consumer?.disconnect();
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
  });

  test('several, none, one name twice, empty and NULL values: read, printed, passed on and made', { timeout: 60_000 }, async () => {
    const topics = [`headers_in_${process.pid}`, `headers_out_${process.pid}`];
    await admin.createTopics({ waitForLeaders: true, topics: topics.map((topic) => ({ topic, numPartitions: 1 })) });
    await producer.send({
      topic: topics[0],
      messages: [
        { value: '{"id":1}', headers: { source: 'web', trace: Buffer.from([0xff, 0x00]) } },
        { value: '{"id":2}' },
        { value: '{"id":3}', headers: { source: ['first', 'last'], other: '' } },
        { value: '{"id":4}', headers: { other: 'ü' } },
      ],
    });
    const table = (name: string, columns: string, topic: string, more: string): string =>
      `CREATE TABLE ${name} (${columns}) WITH ('connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${broker.servers}', 'format' = 'json'${more});`;
    const plan = await planScript(`
      ${table('i', "id INT, h MAP<STRING, BYTES> METADATA FROM 'headers'", topics[0], ", 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'")}
      ${table('o', 'id INT, headers MAP<STRING, BYTES> METADATA', topics[1], '')}
      SELECT id, h, CAST(h['source'] AS STRING), h['other'] FROM i WHERE h['source'] IS NULL OR CAST(h['source'] AS STRING) <> 'nobody';
      INSERT INTO o SELECT id, h FROM i;
      INSERT INTO o SELECT id + 10, MAP['id', CAST(CAST(id AS STRING) AS BYTES), 'from', h['source']] FROM i WHERE id < 3;`);
    let printed = '';
    for (const step of plan.steps) {
      assert.ok(step.kind === 'job');
      const job = await executeGraph(step.graph, { print: (t) => (printed += t) });
      await job.done;
    }
    assert.deepEqual(printed.trimEnd().split('\n'), [
      '+I[1, {source=[119, 101, 98], trace=[-1, 0]}, web, null]',
      '+I[2, {}, null, null]',
      '+I[3, {source=[108, 97, 115, 116], other=[]}, last, []]',
      '+I[4, {other=[-61, -68]}, null, [-61, -68]]',
    ]);
    const out = await readTopic(topics[1], 6);
    // of equal names the last is written, and NULL values are not, as Flink's connector does
    assert.deepEqual(out, [
      ['{"id":1}', { source: 'web', trace: '\xff\x00' }],
      ['{"id":2}', {}],
      ['{"id":3}', { source: 'last', other: '' }],
      ['{"id":4}', { other: '\xc3\xbc' }],
      ['{"id":11}', { id: '1', from: 'web' }],
      ['{"id":12}', { id: '2' }],
    ]);
  });

  /** Values and headers (bytes as latin1) of a topic's first records. */
  async function readTopic(topic: string, count: number): Promise<[string, Record<string, unknown>][]> {
    const out: [string, Record<string, unknown>][] = [];
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([k, v]) => [k, Buffer.isBuffer(v) ? v.toString('latin1') : v] as const);
          out.push([String(message.value), Object.fromEntries(headers)]);
          if (out.length === count) resolve();
        },
      });
    });
    return out;
  }
});
