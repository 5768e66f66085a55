import assert from 'node:assert/strict';
import { openSync, readdirSync, readFileSync, writeSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as zlib from 'node:zlib';
import { MillraceError } from '#src/base/errors.js';
import { createClient, KafkaCluster } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import type { Admin, Message, Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { type Row, RunningSource, sourceConfig } from '../connect/kafka/doubles.js';
import { type Broker, javaProduce, kafkaMissing, startBroker } from './broker.js';

const missing = kafkaMissing();
const RUN = process.pid; // topics of runs against one broker must not meet

describe('reading from a real Kafka broker', { skip: missing }, () => {
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let topics = 0;

  before(async () => {
    broker = await startBroker();
    const client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await admin.connect();
    await producer.connect();
  });
  after(async () => {
    await RunningSource.stopAll();
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
  });

  const newTopic = async (numPartitions = 1, config: Record<string, string> = {}): Promise<string> => {
    const topic = `orders-${RUN}-${topics++}`;
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions, configEntries: Object.entries(config).map(([name, value]) => ({ name, value })) }],
    });
    return topic;
  };
  const send = (topic: string, messages: Message[], compression = 0): Promise<unknown> => producer.send({ topic, messages, compression });
  const options = (topic: string, more: Record<string, string> = {}): Record<string, string> => ({
    topic,
    'properties.bootstrap.servers': broker.servers,
    'scan.startup.mode': 'earliest-offset',
    ...more,
  });
  const bounded = { 'scan.bounded.mode': 'latest-offset' };
  const readAll = async (
    o: Record<string, string>,
    metadata: Parameters<typeof sourceConfig>[1] = [],
    run: Parameters<typeof RunningSource.start>[1] = {},
  ): Promise<Row[]> => {
    const source = await RunningSource.start(sourceConfig(o, metadata), run);
    try {
      return await source.until();
    } finally {
      await source.stop();
    }
  };
  const values = (rows: readonly Row[]): string[] => rows.map((r) => r.value);
  const failure = async (work: Promise<unknown>): Promise<MillraceError> => {
    try {
      await work;
    } catch (e) {
      assert.ok(e instanceof MillraceError, String(e));
      return e;
    }
    return assert.fail('did not fail');
  };
  const numbers = (from: number, to: number): Message[] =>
    Array.from({ length: to - from }, (_, i) => ({ partition: 0, value: String(from + i), timestamp: String(1_000_000 + 10 * (from + i)) }));
  const texts = (from: number, to: number): string[] => numbers(from, to).map((m) => String(m.value));

  test('every startup mode begins where Flink begins', async () => {
    const topic = await newTopic();
    await send(topic, numbers(0, 50));
    const cluster = new KafkaCluster(clientSettings({ 'bootstrap.servers': broker.servers }));
    await cluster.connect();
    await cluster.commit(`g-${topic}`, [{ topic, partitions: [{ partition: 0, offset: '30' }] }]);
    await cluster.close();
    const from = (more: Record<string, string>) => readAll(options(topic, { ...bounded, ...more })).then(values);
    assert.deepEqual(await from({}), texts(0, 50));
    assert.deepEqual(await from({ 'scan.startup.mode': 'latest-offset' }), []);
    assert.deepEqual(await from({ 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': String(1_000_000 + 195) }), texts(20, 50));
    assert.deepEqual(await from({ 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': '9000000' }), []);
    assert.deepEqual(await from({ 'scan.startup.mode': 'specific-offsets', 'scan.startup.specific-offsets': 'partition:0,offset:45' }), texts(45, 50));
    assert.deepEqual(await from({ 'scan.startup.mode': 'group-offsets', 'properties.group.id': `g-${topic}` }), texts(30, 50));
    const fresh = { 'scan.startup.mode': 'group-offsets', 'properties.group.id': `none-${topic}` };
    assert.deepEqual(await from({ ...fresh, 'properties.auto.offset.reset': 'earliest' }), texts(0, 50));
    const e = await failure(from(fresh));
    assert.equal(e.code, 'KAFKA_OFFSET');
    assert.match(e.message, new RegExp(`topic ${topic}, partition 0`));
  });

  test('every bounded mode ends before its offset', async () => {
    const topic = await newTopic(2);
    await send(topic, [...numbers(0, 50), { partition: 1, value: 'other', timestamp: '5' }]);
    const upTo = (more: Record<string, string>) => readAll(options(topic, more)).then((r) => values(r).sort((a, b) => Number(a) - Number(b)));
    assert.deepEqual(await upTo({ 'scan.bounded.mode': 'specific-offsets', 'scan.bounded.specific-offsets': 'partition:0,offset:7' }), texts(0, 7));
    const timed = await upTo({ 'scan.bounded.mode': 'timestamp', 'scan.bounded.timestamp-millis': String(1_000_000 + 100) });
    assert.deepEqual([...timed].sort(), [...texts(0, 10), 'other'].sort());
    assert.equal((await upTo(bounded)).length, 51);
  });

  test('an unbounded source goes on, starting at the end', async () => {
    const topic = await newTopic();
    await send(topic, numbers(0, 5));
    const source = await RunningSource.start(sourceConfig(options(topic, { 'scan.startup.mode': 'latest-offset' })));
    await send(topic, numbers(5, 8));
    assert.deepEqual(values(await source.until((r) => r.length === 3)), texts(5, 8));
    await send(topic, numbers(8, 9));
    assert.deepEqual(values(await source.until((r) => r.length === 4)), texts(5, 9));
    assert.deepEqual(source.events, ['added 0']);
    await source.stop();
  });

  test("batches of Kafka's own client: keys, headers, no value, times that go back, gzip and plain; metadata columns", async () => {
    const topic = await newTopic();
    const records = ['k1|5000|~|a', '~|3000|head|b', 'k2|9000|~|~', 'k3|7|x|c', '~|8000|~|'];
    for (const codec of ['none', 'gzip']) javaProduce(broker.servers, topic, codec, '-', records);
    const rows = await readAll(options(topic, bounded), ['offset', 'timestamp', 'topic', 'partition', 'leader-epoch', 'timestamp-type']);
    const want = [0n, 5n].flatMap((base) =>
      [
        [0n, 5000n, 'a'],
        [1n, 3000n, 'b'],
        [3n, 7n, 'c'],
        [4n, 8000n, ''],
      ].map(([offset, time, value]) => ({
        value,
        split: 0,
        time,
        offset: base + (offset as bigint),
        timestamp: time,
        topic,
        partition: 0,
        'leader-epoch': 0,
        'timestamp-type': 'CreateTime',
      })),
    );
    assert.deepEqual(rows, want);
  });

  test('LogAppendTime gives the time at which the broker took the batch', async () => {
    const topic = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
    await send(topic, [{ value: 'a', timestamp: '5' }], 1);
    const [row] = await readAll(options(topic, bounded), ['timestamp-type', 'timestamp']);
    assert.equal(row['timestamp-type'], 'LogAppendTime');
    assert.ok((row.timestamp ?? 0n) > 1_600_000_000_000n);
  });

  test('markers of transactions are no records; rolled back ones are left out on demand, whatever the codec', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', ...('zstdDecompress' in zlib ? ['zstd'] : [])]) {
      const topic = await newTopic();
      const lost = (from: number, to: number): string[] => texts(from, to).map((t) => `~|~|~|lost ${t}`);
      javaProduce(broker.servers, topic, codec, `tx-${topic}`, [
        ...['~|~|~|a', 'COMMIT', ...lost(0, 40), 'ABORT', 'k|5|h|b', '~|~|~|c', 'COMMIT'],
        ...[...lost(40, 41), 'ABORT', ...lost(41, 43), 'ABORT', '~|~|~|d', 'COMMIT', ...lost(43, 44), 'ABORT'],
      ]);
      await send(topic, [{ value: 'plain' }]);
      const all = values(await readAll(options(topic, bounded)));
      assert.deepEqual(
        all,
        ['a', ...lost(0, 40), 'b', 'c', ...lost(40, 43), 'd', ...lost(43, 44), 'plain'].map((v) => v.replace('~|~|~|', '')),
        codec,
      );
      const committed = { ...bounded, 'properties.isolation.level': 'read_committed' };
      assert.deepEqual(values(await readAll(options(topic, committed))), ['a', 'b', 'c', 'd', 'plain'], codec);
      // many small responses: transactions that began before what is fetched
      const small = { ...committed, 'properties.max.partition.fetch.bytes': '200' };
      const rows = await readAll(options(topic, small), ['offset'], { copied: true });
      assert.deepEqual(values(rows), ['a', 'b', 'c', 'd', 'plain'], codec);
    }
  });

  test('partitions go to subtasks as Flink gives them, and rows come in order within each', async () => {
    const topic = await newTopic(5);
    const all = Array.from({ length: 5 }, (_, p) => Array.from({ length: 3000 }, (_, i) => ({ partition: p, value: `${p}:${i}` }))).flat();
    for (let i = 0; i < all.length; i += 1000) await send(topic, all.slice(i, i + 1000), (i / 1000) % 2);
    const source = await RunningSource.start(sourceConfig(options(topic, bounded), ['partition']), { parallelism: 3, limit: 20_000 });
    const rows = await source.until();
    assert.equal(rows.length, all.length);
    for (let p = 0; p < 5; p++) {
      assert.deepEqual(
        values(rows.filter((r) => r.partition === p)),
        Array.from({ length: 3000 }, (_, i) => `${p}:${i}`),
      );
    }
    assert.deepEqual(
      source.events.filter((e) => e.startsWith('finished')).sort(),
      [0, 1, 2, 3, 4].map((n) => `finished ${n}`),
    );
    assert.equal(source.plan.splits.length, 3);
    assert.equal(source.plan.splits.flat().length, 5);
    await source.stop();
  });

  test('a slow slot holds the fetcher back and loses nothing', async () => {
    const topic = await newTopic(2);
    const big = 'x'.repeat(1000);
    for (let k = 0; k < 10; k++) {
      await send(
        topic,
        Array.from({ length: 600 }, (_, i) => ({ partition: i % 2, value: `${k}-${i}-${big}` })),
      );
    }
    const source = await RunningSource.start(sourceConfig(options(topic, { ...bounded, 'properties.max.partition.fetch.bytes': '50000' })), { limit: 100_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(source.queuedBytes() < 1_000_000, `${source.queuedBytes()} bytes wait`);
    assert.equal(new Set(values(await source.until())).size, 6000);
    await source.stop();
  });

  test('partitions of a slow slot take turns', async () => {
    const topic = await newTopic(6);
    const pad = 'x'.repeat(500);
    for (let k = 0; k < 12; k++) {
      await send(
        topic,
        Array.from({ length: 1200 }, (_, i) => ({ partition: i % 6, value: pad })),
      );
    }
    const config = sourceConfig(options(topic, { ...bounded, 'properties.max.partition.fetch.bytes': '50000' }), ['partition']);
    const source = await RunningSource.start(config, { limit: 150_000 }); // three responses fill it
    const rows = [...(await source.until((r) => r.length >= 7200))];
    for (let p = 0; p < 6; p++) {
      const n = rows.filter((r) => r.partition === p).length;
      assert.ok(n > 600, `${n} of 1200 rows of partition ${p} after half of all`);
    }
    assert.equal((await source.until()).length, 14_400);
    await source.stop();
  });

  test('a snapshot in the middle goes on exactly there, in the reader or in the plan', async () => {
    const topic = await newTopic(3);
    await send(
      topic,
      Array.from({ length: 900 }, (_, i) => ({ partition: i % 3, value: String(i) })),
    );
    const config = sourceConfig(options(topic, bounded));
    const first = await RunningSource.start(config, { parallelism: 2 });
    const before = [...(await first.until((r) => r.length >= 350))];
    const snapshot = first.snapshot();
    await first.stop();
    assert.ok(before.length < 900);
    for (const restored of [{ restored: snapshot }, { readerRestored: snapshot }]) {
      const second = await RunningSource.start(config, { parallelism: 3, ...restored });
      const rows = [...before, ...(await second.until())];
      assert.deepEqual(
        values(rows)
          .map(Number)
          .sort((a, b) => a - b),
        Array.from({ length: 900 }, (_, i) => i),
      );
      await second.stop();
    }
  });

  test('new partitions are found and read from their beginning', async () => {
    const topic = await newTopic(1);
    await send(topic, [{ partition: 0, value: 'a' }]);
    const config = sourceConfig(options(topic, { 'scan.topic-partition-discovery.interval': '100 ms' }), ['partition']);
    const source = await RunningSource.start(config);
    await source.until((r) => r.length === 1);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
    for (let tries = 0; ; tries++) {
      const known = await admin.fetchTopicMetadata({ topics: [topic] });
      if (known.topics[0].partitions.length === 2) break;
      assert.ok(tries < 100);
    }
    const other = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await other.connect();
    await other.send({ topic, messages: [{ partition: 1, value: 'b' }] });
    await other.disconnect();
    const rows = await source.until((r) => r.length === 2);
    assert.deepEqual(rows[1].partition, 1);
    assert.deepEqual(source.events, ['added 0', 'added 1']);
    assert.equal(source.snapshot().length, 2);
    await source.stop();
  });

  test('offsets of a group are committed when Kafka is told to', async () => {
    const topic = await newTopic();
    await send(topic, numbers(0, 6));
    const group = { 'properties.group.id': `auto-${topic}`, 'properties.enable.auto.commit': 'true', 'properties.auto.commit.interval.ms': '50' };
    const source = await RunningSource.start(sourceConfig(options(topic, group)));
    const committed = async (wanted: string): Promise<void> => {
      let offset = '';
      for (let tries = 0; tries < 100 && offset !== wanted; tries++) {
        const [t] = await admin.fetchOffsets({ groupId: `auto-${topic}`, topics: [topic] });
        offset = t.partitions[0].offset;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      assert.equal(offset, wanted);
    };
    await committed('0'); // where the job began
    await source.until((r) => r.length === 6);
    source.source?.complete?.(source.snapshot());
    await committed('6');
    await send(topic, numbers(6, 10));
    await source.until((r) => r.length === 10);
    await committed('6'); // what was read is not committed before it is complete
    source.source?.complete?.(source.snapshot());
    await source.stop();
    await committed('10');
  });

  test('a topic that is deleted and made again under a job fails it, whatever is in it then', { timeout: 60_000 }, async () => {
    const topic = await newTopic();
    await send(topic, numbers(0, 1000));
    const again = async (): Promise<void> => {
      await admin.deleteTopics({ topics: [topic] });
      for (let tries = 0; (await admin.listTopics()).includes(topic); tries++) {
        assert.ok(tries < 100, 'the topic goes away');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
      await send(topic, numbers(0, 1500));
    };
    const group = { 'properties.group.id': `again-${topic}`, 'properties.enable.auto.commit': 'true' };
    const source = await RunningSource.start(sourceConfig(options(topic, group)));
    await source.until((r) => r.length === 1000);
    const read = source.snapshot();
    await again();
    const e = await failure(source.until((r) => r.length > 2500));
    assert.equal(e.code, 'KAFKA_OFFSET');
    assert.match(e.message, /was deleted and made again/);
    assert.match(e.message, new RegExp(`topic ${topic}`));
    source.source?.complete?.(read);
    await source.stop();
    const [t] = await admin.fetchOffsets({ groupId: `again-${topic}`, topics: [topic] });
    assert.notEqual(t.partitions[0].offset, '1000'); // of the old topic

    // a job that asks for nothing meanwhile, because its slot has no room, finds a topic that answers at its old offset
    const slow = await RunningSource.start(sourceConfig(options(topic, { 'properties.max.partition.fetch.bytes': '4000' })), { limit: 5000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await again();
    assert.equal((await failure(slow.until((r) => r.length > 3000))).code, 'KAFKA_OFFSET');
  });

  test('a topic pattern reads all that match as a whole', async () => {
    const a = await newTopic();
    const b = await newTopic();
    await send(a, [{ value: 'a' }]);
    await send(b, [{ value: 'b' }]);
    const { topic: _, ...o } = options('', bounded);
    assert.deepEqual(values(await readAll({ ...o, 'topic-pattern': `(${a}|${b})` })).sort(), ['a', 'b']);
    assert.deepEqual(values(await readAll({ ...o, topic: `${a};${b}` })).sort(), ['a', 'b']);
  });

  test('an unknown topic is named with the nearest one there is', async () => {
    const topic = await newTopic();
    const e = await failure(readAll(options(`${topic}x`, bounded)));
    assert.equal(e.code, 'KAFKA_UNKNOWN_TOPIC');
    assert.match(e.message, new RegExp(`no topic '${topic}x'[\\s\\S]*Did you mean 'orders-${RUN}-`));
  });

  test('a cluster that does not answer is named with its addresses, soon', async () => {
    const start = performance.now();
    const e = await failure(readAll({ ...options('t'), 'properties.bootstrap.servers': '127.0.0.1:1,127.0.0.1:2' }));
    assert.equal(e.code, 'KAFKA_UNREACHABLE');
    assert.match(e.message, /127\.0\.0\.1:1, 127\.0\.0\.1:2/);
    assert.ok(performance.now() - start < 11_000);
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(silent.address() as { port: number }).port}`;
    const mute = await failure(readAll({ ...options('t'), 'properties.bootstrap.servers': address, 'properties.socket.connection.setup.timeout.ms': '300' }));
    assert.equal(mute.code, 'KAFKA_UNREACHABLE');
    silent.close();
    silent.unref();
  });

  test('snappy, lz4 and zstd batches of the Java client are read; where Node has no zstd it is named with its place', async () => {
    const packed = Array.from({ length: 200 }, (_, i) => `packed ${i} packed packed`);
    const records = packed.map((v) => `~|~|~|${v}`);
    for (const codec of ['snappy', 'lz4', 'zstd']) {
      const topic = await newTopic();
      await send(topic, numbers(0, 3));
      javaProduce(broker.servers, topic, codec, '-', records);
      const read = readAll(options(topic, bounded));
      if (codec !== 'zstd' || 'zstdDecompress' in zlib) {
        assert.deepEqual(values(await read).slice(3), packed, codec);
        continue;
      }
      const e = await failure(read);
      assert.equal(e.code, 'KAFKA_UNSUPPORTED_CODEC');
      assert.deepEqual({ topic: e.place.topic, partition: e.place.partition, offset: e.place.offset }, { topic, partition: 0, offset: 3n });
      assert.match(e.message, /zstd[\s\S]*Node\.js 22\.15/);
    }
  });

  test('a damaged batch on the broker is found by its CRC', {
    skip: process.env.KAFKA_BROKERS !== undefined && 'the log of that broker is not ours',
  }, async () => {
    const topic = await newTopic();
    await send(topic, [{ value: 'intact' }]);
    await send(topic, [{ value: 'to be damaged' }]);
    const folder = join(broker.data ?? '', `${topic}-0`);
    const log = join(folder, readdirSync(folder).find((f) => f.endsWith('.log')) ?? '');
    const file = openSync(log, 'r+');
    writeSync(file, 'T', readFileSync(log).indexOf('to be damaged'));
    closeSync(file);
    const source = await RunningSource.start(sourceConfig(options(topic, bounded)));
    const e = await failure(source.until());
    assert.equal(e.code, 'KAFKA_CORRUPT_BATCH');
    assert.deepEqual({ topic: e.place.topic, partition: e.place.partition, offset: e.place.offset }, { topic, partition: 0, offset: 1n });
    assert.deepEqual(values(source.rows), ['intact']);
    await source.stop();
  });

  test('an offset that is not there leads where the reset strategy says', async () => {
    const topic = await newTopic();
    await send(topic, numbers(0, 20));
    const from = { 'scan.startup.mode': 'specific-offsets', 'scan.startup.specific-offsets': 'partition:0,offset:1000' };
    const source = await RunningSource.start(sourceConfig(options(topic, from)));
    assert.deepEqual(values(await source.until((r) => r.length === 20)), texts(0, 20));
    await source.stop();
  });

  test('a broker that dies and comes back in the middle costs nothing', {
    skip: process.env.KAFKA_BROKERS !== undefined && 'that broker is not ours to stop',
  }, async () => {
    const topic = await newTopic(2);
    const source = await RunningSource.start(sourceConfig(options(topic)));
    const batch = (from: number): Message[] => Array.from({ length: 100 }, (_, i) => ({ partition: i % 2, value: String(from + i) }));
    await send(topic, batch(0));
    await source.until((r) => r.length === 100);
    const impatient = await RunningSource.start(sourceConfig(options(topic, { 'properties.default.api.timeout.ms': '500' })));
    await impatient.until((r) => r.length === 100);
    await broker.stop();
    const e = await failure(impatient.until());
    assert.equal(e.code, 'KAFKA_UNREACHABLE');
    await impatient.stop();
    await source.until(() => true);
    await broker.start();
    // idempotent: a retry while the broker comes up must not write the records twice
    const late = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 20).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      idempotent: true,
    });
    await late.connect();
    await late.send({ topic, messages: batch(100) });
    await late.disconnect();
    const rows = await source.until((r) => r.length >= 200);
    assert.equal(new Set(values(rows)).size, 200);
    assert.equal(rows.length, 200);
    await source.stop();
  });
});
