import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { Prng } from '#src/base/prng.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import type { Admin } from 'kafkajs';
import { type Row, RunningSource, sourceConfig } from '../connect/kafka/doubles.js';
import { type Broker, freePorts, kafkaMissing, startBroker } from './broker.js';
import { type Proxy, startProxy } from './proxy.js';
import { type OutRow, RunningSink } from './running-sink.js';

const missing = process.env.KAFKA_BROKERS === undefined ? kafkaMissing() : 'that broker is not ours to stop';

/** Everything here goes through a proxy that cuts connections, to a broker that dies. */
describe('Kafka while connections break and brokers die', { skip: missing }, () => {
  let broker: Broker;
  let proxy: Proxy;
  let servers: string;
  let admin: Admin;
  let topics = 0;
  const seed = Number(process.env.SEED ?? 7);
  const prng = new Prng(seed);

  before(async () => {
    const [port] = await freePorts(1);
    let target = 0;
    proxy = await startProxy(port, () => target);
    broker = await startBroker({ advertisedPort: port });
    target = Number(broker.servers.split(':')[1]);
    servers = `127.0.0.1:${port}`;
    admin = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 20).admin();
    await admin.connect();
  });
  after(async () => {
    await RunningSource.stopAll();
    await admin?.disconnect();
    await broker?.close();
    await proxy?.close();
  });

  const newTopic = async (numPartitions = 1): Promise<string> => {
    const topic = `chaos-${process.pid}-${topics++}`;
    for (let tries = 0; ; tries++) {
      try {
        await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions }] });
        return topic;
      } catch (e) {
        if (tries > 20) throw e; // the broker has just come back
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  };
  const options = (topic: string, more: Record<string, string> = {}): Record<string, string> => ({
    topic,
    'properties.bootstrap.servers': servers,
    'scan.startup.mode': 'earliest-offset',
    ...more,
  });
  const sinkOptions = (topic: string, more: Record<string, string> = {}): Record<string, string> => ({
    topic,
    'properties.bootstrap.servers': servers,
    'properties.batch.size': '4000',
    ...more,
  });
  const pad = '-'.repeat(60);
  // Without a time a record gets the present one: a broker forgets producers by the age of their records' timestamps.
  const rowsOf = (from: number, to: number): OutRow[] => Array.from({ length: to - from }, (_, i) => [`${from + i}${pad}`, null, null] as const);
  /** Numbers of the rows of each partition, as they were read. */
  const numbers = (rows: readonly Row[]): number[][] => {
    const out: number[][] = [];
    for (const r of rows) {
      out[r.partition ?? 0] ??= [];
      out[r.partition ?? 0].push(Number.parseInt(r.value, 10));
    }
    return out;
  };
  /** Every number once, and in order within its partition. */
  const exactly = (rows: readonly Row[], count: number): void => {
    const byPartition = numbers(rows);
    for (const list of byPartition) {
      for (let i = 1; i < list.length; i++) {
        if (list[i] > list[i - 1]) continue;
        const at = rows.filter((r) => Number.parseInt(r.value, 10) === list[i]).map((r) => `${r.partition}@${r.offset}`);
        assert.fail(`seed ${seed}: ${list[i]} after ${list[i - 1]}; it is at ${at.join(' and ')}`);
      }
    }
    assert.equal(rows.length, count, `seed ${seed}`);
    assert.equal(new Set(byPartition.flat()).size, count, `seed ${seed}`);
  };
  const fill = async (topic: string, count: number): Promise<void> => {
    const sink = await RunningSink.start(sinkOptions(topic));
    for (let i = 0; i < count; i += 1000) await sink.write(rowsOf(i, i + 1000));
    await sink.finish();
    await sink.close();
  };
  const readAll = async (topic: string): Promise<Row[]> => {
    const source = await RunningSource.start(sourceConfig(options(topic, { 'scan.bounded.mode': 'latest-offset' }), ['partition', 'offset']));
    const rows = await source.until();
    await source.stop();
    return rows;
  };

  for (const copied of [false, true]) {
    test(`connections that break in the middle of responses cost a reader nothing (${copied ? 'copied' : 'read in place'})`, async () => {
      const topic = await newTopic(3);
      await fill(topic, 30_000);
      const config = sourceConfig(options(topic, { 'scan.bounded.mode': 'latest-offset', 'properties.max.partition.fetch.bytes': '60000' }), [
        'partition',
        'offset',
      ]);
      const source = await RunningSource.start(config, { parallelism: 2, copied });
      const before = proxy.cuts;
      proxy.cutAfter = () => 1000 + prng.below(200_000);
      try {
        exactly(await source.until(() => false, 60_000), 30_000);
      } finally {
        proxy.cutAfter = undefined;
      }
      assert.ok(proxy.cuts - before >= 3, `${proxy.cuts - before} cuts`);
      await source.stop();
    });
  }

  test('connections that break before answers arrive make a writer repeat nothing and reorder nothing', async () => {
    for (const compression of ['none', 'lz4']) {
      const topic = await newTopic(2);
      const sink = await RunningSink.start(sinkOptions(topic, { 'properties.compression.type': compression }));
      const before = proxy.cuts;
      proxy.cutAfter = () => 1500 + prng.below(3000);
      try {
        for (let i = 0; i < 20_000; i += 500) await sink.write(rowsOf(i, i + 500));
        await sink.finish();
      } finally {
        proxy.cutAfter = undefined;
      }
      assert.ok(proxy.cuts - before >= 3, `${proxy.cuts - before} cuts`);
      await sink.close();
      exactly(await readAll(topic), 20_000);
    }
  });

  test('a broker that is killed and started again in mid-stream, twice: what is written and read meanwhile is neither lost nor repeated', async () => {
    const topic = await newTopic(2);
    const source = await RunningSource.start(sourceConfig(options(topic), ['partition', 'offset']), { parallelism: 2 });
    const sink = await RunningSink.start(sinkOptions(topic));
    const total = 40_000;
    let written = 0;
    const writing = (async () => {
      for (; written < total; written += 200) {
        await sink.write(rowsOf(written, written + 200));
        if (written % 1000 === 0) sink.writers[0].flush?.();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await sink.finish();
    })();
    writing.catch(() => {});
    for (const part of [0.2, 0.6]) {
      await source.until((rows) => rows.length >= total * part * 0.5 && written >= total * part, 60_000);
      await broker.stop();
      await broker.start();
    }
    await source.until((rows) => rows.length >= total, 60_000);
    await writing;
    await sink.close();
    await source.until(() => true);
    exactly(source.rows, total);
    exactly(await readAll(topic), total);
    await source.stop();
  });

  test('a topic that is deleted under the job fails it with topic, partition and offset; the others are read on until then', async () => {
    const [kept, deleted] = [await newTopic(), await newTopic()];
    await fill(kept, 1000);
    await fill(deleted, 1000);
    const more = { 'properties.default.api.timeout.ms': '1500', 'properties.fetch.max.wait.ms': '100' };
    const source = await RunningSource.start(sourceConfig(options(`${kept};${deleted}`, more), ['partition', 'offset']));
    await source.until((rows) => rows.length === 2000);
    await admin.deleteTopics({ topics: [deleted] });
    const sink = await RunningSink.start(sinkOptions(kept));
    await sink.write([['late', null, null]]);
    await sink.finish();
    await sink.close();
    await source.until((rows) => rows.length === 2001);
    await assert.rejects(source.until(), (e: MillraceError) => {
      assert.equal(e.code, 'KAFKA_UNKNOWN_TOPIC');
      assert.deepEqual({ topic: e.place.topic, partition: e.place.partition, offset: e.place.offset }, { topic: deleted, partition: 0, offset: 1000n });
      return true;
    });
    await source.stop();
  });

  test('a cluster that stays away fails reader and writer with topic and partition', async () => {
    const topic = await newTopic();
    await fill(topic, 1000);
    const source = await RunningSource.start(sourceConfig(options(topic, { 'properties.default.api.timeout.ms': '500' }), ['partition', 'offset']));
    await source.until((rows) => rows.length === 1000);
    const sink = await RunningSink.start(sinkOptions(topic, { 'properties.delivery.timeout.ms': '500' }));
    await broker.stop();
    const began = systemClock.monotonicMs();
    await assert.rejects(source.until(), (e: MillraceError) => {
      assert.equal(e.code, 'KAFKA_UNREACHABLE');
      assert.deepEqual({ topic: e.place.topic, partition: e.place.partition, offset: e.place.offset }, { topic, partition: 0, offset: 1000n });
      return true;
    });
    await sink.write([['lost', null, null]]);
    await assert.rejects(sink.finish(), (e: MillraceError) => e.code === 'KAFKA_UNREACHABLE' && e.place.topic === topic && e.place.partition === 0);
    assert.ok(systemClock.monotonicMs() - began < 30_000);
    await sink.close();
    await source.stop();
    await broker.start();
  });

  // The last one: a second broker stays in the cluster.
  test('partitions whose leaders move in mid-stream are written and read on, nothing lost or repeated', async () => {
    const node = await broker.addNode();
    const topic = `chaos-${process.pid}-moves`;
    const replicaAssignment = [
      { partition: 0, replicas: [node] },
      { partition: 1, replicas: [1] },
    ];
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, replicaAssignment }] });
    const source = await RunningSource.start(sourceConfig(options(topic), ['partition', 'offset']), { parallelism: 2 });
    const sink = await RunningSink.start(sinkOptions(topic));
    const total = 30_000;
    let written = 0;
    const writing = (async () => {
      for (; written < total; written += 200) {
        await sink.write(rowsOf(written, written + 200));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      await sink.finish();
    })();
    writing.catch(() => {});
    for (const [part, leaders] of [[0.2, [1, node]] as const, [0.6, [node, 1]] as const]) {
      await source.until((rows) => rows.length >= total * part, 60_000);
      const partitionAssignment = leaders.map((leader, partition) => ({ partition, replicas: [leader] }));
      await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
      for (let tries = 0; ; tries++) {
        const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] });
        if (found[0].partitions.every((p) => p.leader === leaders[p.partitionId])) break;
        assert.ok(tries < 100, 'the leaders did not move');
        await source.until(() => true);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await source.until((rows) => rows.length >= total, 60_000);
    await writing;
    await sink.close();
    await source.until(() => true);
    exactly(source.rows, total);
    exactly(await readAll(topic), total);
    await source.stop();
  });
});
