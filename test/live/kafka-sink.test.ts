import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import type { FormatConfig } from '#src/contract/format.js';
import type { GraphNode } from '#src/contract/graph.js';
import { executeGraph } from '#src/job/execute.js';
import { BIGINT, type Schema, STRING } from '#src/types/logical.js';
import type { Admin } from 'kafkajs';
import { type Row, RunningSource, sourceConfig } from '../connect/kafka/doubles.js';
import { type OutRow, RunningSink } from './running-sink.js';
import { type Broker, javaProduce, kafkaMissing, startBroker } from './broker.js';

const RUN = process.pid;

describe('writing to a real Kafka broker', { skip: kafkaMissing() }, () => {
  let broker: Broker;
  let admin: Admin;
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

  const newTopic = async (numPartitions = 1, config: Record<string, string> = {}): Promise<string> => {
    const topic = `alerts-${RUN}-${topics++}`;
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, configEntries }] });
    return topic;
  };
  const options = (topic: string, more: Record<string, string> = {}): Record<string, string> => ({
    topic,
    'properties.bootstrap.servers': broker.servers,
    ...more,
  });
  const keyed = { 'key.format': 'raw', 'key.fields': 'k' };
  const read = async (topic: string): Promise<Row[]> => {
    const o = options(topic, { 'scan.startup.mode': 'earliest-offset', 'scan.bounded.mode': 'latest-offset' });
    const source = await RunningSource.start(sourceConfig(o, ['partition', 'timestamp']));
    try {
      return await source.until();
    } finally {
      await source.stop();
    }
  };

  test('what finish() waited for is on the broker, in order, with its timestamps', async () => {
    for (const codec of ['none', 'gzip']) {
      const topic = await newTopic();
      const sink = await RunningSink.start(options(topic, { 'properties.compression.type': codec }));
      sink.frames[0].room = 2;
      const rows = Array.from({ length: 5000 }, (_, i): OutRow => [`row ${i}`, null, BigInt(1000 + i)]);
      for (let i = 0; i < rows.length; i += 1000) await sink.write(rows.slice(i, i + 1000));
      await sink.write([['x'.repeat(200_000), null, 7n]]);
      await sink.write([]);
      await sink.write([['now', null, null]]);
      await sink.finish();
      const got = await read(topic);
      await sink.close();
      assert.deepEqual(
        got.slice(0, 5000).map((r) => [r.value, r.timestamp]),
        rows.map(([v, , t]) => [v, t]),
      );
      assert.equal(got[5000].value.length, 200_000);
      assert.equal(got[5001].value, 'now');
      assert.ok((got[5001].timestamp ?? 0n) > 1_600_000_000_000n);
    }
  });

  test("keys go to the partitions where Kafka's own client puts them", async () => {
    const [ours, theirs] = [await newTopic(4), await newTopic(4)];
    const keys = Array.from({ length: 60 }, (_, i) => `key ${i} ü`);
    javaProduce(
      broker.servers,
      theirs,
      'none',
      '-',
      keys.map((k) => `${k}|~|~|${k}`),
    );
    const sink = await RunningSink.start(options(ours, keyed));
    await sink.write(keys.map((k) => [k, k, null] as const));
    await sink.finish();
    await sink.close();
    const where = async (topic: string): Promise<string[]> => (await read(topic)).map((r) => `${r.value} ${r.partition}`).sort();
    assert.deepEqual(await where(ours), await where(theirs));
  });

  test("'fixed' gives each subtask one partition; rows without a key go round the partitions by batches", async () => {
    const [fixed, spread] = [await newTopic(3), await newTopic(3)];
    const sink = await RunningSink.start(options(fixed, { 'sink.partitioner': 'fixed' }), 2);
    for (const subtask of [0, 1])
      await sink.write(
        Array.from({ length: 20 }, (): OutRow => [`from ${subtask}`, null, null]),
        subtask,
      );
    await sink.finish();
    await sink.close();
    for (const r of await read(fixed)) assert.equal(r.value, `from ${r.partition}`);
    const other = await RunningSink.start(options(spread));
    for (let i = 0; i < 3; i++) {
      await other.write(Array.from({ length: 20 }, (): OutRow => ['x', null, null]));
      other.writers[0].flush?.();
    }
    await other.finish();
    await other.close();
    assert.equal(new Set((await read(spread)).map((r) => r.partition)).size, 3);
  });

  test('an unknown topic and an unreachable cluster are named', async () => {
    const code = async (o: Record<string, string>): Promise<string> => {
      try {
        await RunningSink.start(o);
      } catch (e) {
        assert.ok(e instanceof MillraceError);
        return e.code;
      }
      return 'none';
    };
    assert.equal(await code(options(`nowhere-${RUN}`)), 'KAFKA_UNKNOWN_TOPIC');
    assert.equal(await code({ ...options('t'), 'properties.bootstrap.servers': '127.0.0.1:1' }), 'KAFKA_UNREACHABLE');
  });

  test('a row the broker refuses fails with its topic; nothing waits for ever', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '1000' });
    const sink = await RunningSink.start(options(topic));
    await sink.write([['y'.repeat(5000), null, null]]);
    await assert.rejects(sink.finish(), (e: MillraceError) => {
      assert.equal(e.code, 'KAFKA_PROTOCOL');
      assert.match(
        e.message,
        new RegExp(
          `MESSAGE_TOO_LARGE: a batch of one record, 50\\d\\d bytes\n  at topic ${topic}, partition 0[\\s\\S]*yyyyy[\\s\\S]*'max\\.message\\.bytes' of the topic`,
        ),
      );
      return true;
    });
    await sink.close();
    const many = await RunningSink.start(options(topic));
    await many.write(Array.from({ length: 20 }, (_, i) => [`row ${i} ${'y'.repeat(100)}`, null, null] as const));
    await assert.rejects(many.finish(), (e: MillraceError) => /a batch of 20 records, \d+ bytes[\s\S]*lower 'properties\.batch\.size'/.test(e.message));
    await many.close();
  });

  test('a whole job writes more than its rings hold, and another reads it', async () => {
    const topic = await newTopic(2);
    const rows = 150_000;
    const schema: Schema = {
      fields: [
        { name: 'id', type: BIGINT() },
        { name: 'name', type: STRING() },
      ],
    };
    const made = {
      'number-of-rows': String(rows),
      'rows-per-second': '100000000',
      'fields.id.kind': 'sequence',
      'fields.id.start': '1',
      'fields.id.end': String(rows),
      'fields.name.length': '100',
    };
    const physical = { schema, metadata: [undefined, undefined] };
    const source = (connector: string, o: Record<string, string>, format?: FormatConfig): GraphNode => ({
      id: 1,
      uid: 's',
      name: 'in',
      kind: 'source',
      inputs: [],
      output: schema,
      config: { source: { connector, tableName: 'in', options: o, format, ...physical, order: 'ignored' } },
    });
    const sink = (connector: string, o: Record<string, string>, format?: FormatConfig): GraphNode => ({
      id: 2,
      uid: 'k',
      name: 'out',
      kind: 'sink',
      inputs: [{ source: 1, partition: 'rebalance' }],
      output: schema,
      config: { sink: { connector, tableName: 'out', options: o, format, ...physical, partitionKeys: [], primaryKey: [] } },
    });
    const json = { name: 'json', options: {} };
    const run = async (nodes: GraphNode[]): Promise<number> => (await (await executeGraph({ options: { 'parallelism.default': '2' }, nodes })).done).recordsOut;
    assert.equal(await run([source('datagen', made), sink('kafka', options(topic), json)]), rows);
    const read = { 'scan.startup.mode': 'earliest-offset', 'scan.bounded.mode': 'latest-offset' };
    const printed: string[] = [];
    const keyTopic = await newTopic();
    javaProduce(broker.servers, keyTopic, 'none', '-', ['k1|~|~|{"id":1}', '~|~|~|{"id":2,"name":"not this"}', '|~|~|{"id":3}']);
    const keys = { 'key.format': 'raw', 'key.fields': 'name', 'value.fields-include': 'EXCEPT_KEY' };
    const nodes = [source('kafka', options(keyTopic, { ...read, ...keys }), json), sink('print', {})];
    await (await executeGraph({ options: {}, nodes }, { print: (t) => printed.push(t) })).done;
    assert.equal(printed.join(''), '+I[1, k1]\n+I[2, null]\n+I[3, ]\n');
    assert.equal(await run([source('kafka', options(topic, read), json), sink('blackhole', {})]), rows);
  });

  test('a broker that dies and comes back loses and repeats nothing', {
    skip: process.env.KAFKA_BROKERS !== undefined && 'that broker is not ours to stop',
  }, async () => {
    const topic = await newTopic();
    const sink = await RunningSink.start(options(topic));
    await sink.write([['before', null, null]]);
    await sink.finish();
    await broker.stop();
    await sink.write([['during', null, null]]);
    const finished = sink.finish();
    await broker.start();
    await finished;
    await sink.write([['after', null, null]]);
    await sink.finish();
    await sink.close();
    assert.deepEqual(
      (await read(topic)).map((r) => r.value),
      ['before', 'during', 'after'],
    );
  });

  // the last one: a broker that was killed takes its time to look at so many partitions
  test('a topic whose partitions are still getting their leaders: everything arrives, once and in order', async () => {
    const topic = `alerts-${RUN}-${topics++}`;
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 300 }] });
    const sink = await RunningSink.start(options(topic, keyed));
    const rows = Array.from({ length: 12_000 }, (_, i): OutRow => [String(i), `key ${i % 1000}`, null]);
    for (let i = 0; i < rows.length; i += 2000) {
      await sink.write(rows.slice(i, i + 2000));
      sink.writers[0].flush?.();
    }
    await sink.finish();
    await sink.close();
    const last = new Map<number, number>();
    const got = await read(topic);
    for (const { value, partition } of got) {
      assert.ok(Number(value) > (last.get(Number(partition)) ?? -1), `partition ${partition}: ${value} after ${last.get(Number(partition))}`);
      last.set(Number(partition), Number(value));
    }
    assert.equal(got.length, rows.length);
  });
});
