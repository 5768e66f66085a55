import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import kafkajs, { type Admin, type Consumer, type Producer } from 'kafkajs';
import { Prng } from '#src/base/prng.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { executeModule } from '#src/index.js';
import { ROOT } from '../tidy/source.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

const START_MS = Date.UTC(2024, 0, 1);

describe('the recommendation job on a real broker', { skip: kafkaMissing() }, () => {
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let consumer: Consumer;

  before(async () => {
    broker = await startBroker();
    const client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    consumer = client.consumer({ groupId: `check-${process.pid}` });
    await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
  });
  after(async () => {
    await consumer?.disconnect();
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
  });

  test('CSV lines -> objects -> user windows -> a function over the elements -> a topic, at parallelism 2', async () => {
    const [input, output] = [`visits_${process.pid}`, `recommendation_${process.pid}`];
    await admin.createTopics({ waitForLeaders: true, topics: [input, output].map((topic) => ({ topic, numPartitions: 2 })) });
    const random = new Prng(11);
    const visits = Array.from({ length: 5000 }, (_, i) => ({
      user: `u${random.below(30)}`,
      item: `i${random.below(7)}`,
      ms: START_MS + i * 20 - random.below(900),
    }));
    await producer.send({ topic: input, messages: visits.map((v) => ({ key: v.user, value: `${v.user},${v.item},${v.ms}` })) });

    Object.assign(process.env, { KAFKA_BROKERS: broker.servers, INPUT_TOPIC: input, OUTPUT_TOPIC: output, BOUNDED: '1' });
    const job = await executeModule(`file://${join(ROOT, 'examples/recommendation.js')}?live`, { settings: { 'parallelism.default': '2' } });
    const result = await job.done;
    assert.equal(result.recordsIn, 5000);

    const interest = new Map<string, Map<string, number>>();
    for (const v of visits) {
      const key = `${v.user} ${Math.floor(v.ms / 10_000) * 10_000 + 10_000}`;
      const items = interest.get(key) ?? new Map<string, number>();
      interest.set(key, items.set(v.item, (items.get(v.item) ?? 0) + 1));
    }
    const want = [...interest].map(([key, items]) => {
      const [user, end] = key.split(' ');
      const ranked = [...items].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([item, n]) => `${item}:${n}`);
      return JSON.stringify({ userId: user, items: ranked.join(' '), windowEnd: new Date(Number(end)).toISOString().slice(0, 19).replace('T', ' ') });
    });
    assert.deepEqual((await readTopic(output)).sort(), want.sort());
  });

  /** The values of every record up to the present end. */
  async function readTopic(topic: string): Promise<string[]> {
    const end = (await admin.fetchTopicOffsets(topic)).reduce((n, p) => n + Number(p.high), 0);
    const out: string[] = [];
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          out.push(String(message.value));
          if (out.length === end) resolve();
        },
      });
    });
    return out;
  }
});
