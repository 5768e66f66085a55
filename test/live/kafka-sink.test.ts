import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { connector } from '#src/connect/kafka/index.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import type { IoModule, IoSink } from '#src/contract/io.js';
import type { FormatConfig } from '#src/contract/format.js';
import type { GraphNode } from '#src/contract/graph.js';
import type { SinkConfig, SinkWriter } from '#src/contract/sink.js';
import { executeGraph } from '#src/job/execute.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, type Schema, STRING, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import type { Admin } from 'kafkajs';
import { hostContext, type Row, RunningSource, SinkFrames, sourceConfig, WholeValueEncoder } from '../connect/kafka/doubles.js';
import { type Broker, javaProduce, kafkaMissing, startBroker } from './broker.js';

const SCHEMA: Schema = {
  fields: [
    { name: 'v', type: STRING() },
    { name: 'k', type: STRING() },
    { name: 'ts', type: TIMESTAMP_LTZ(3) },
  ],
};
const RUN = process.pid;

type OutRow = readonly [value: string, key: string | null, time: bigint | null];

/** A sink as the runtime would run it, in this thread: one IoSink, a writer per subtask. */
class RunningSink {
  readonly writers: SinkWriter[] = [];
  readonly frames: SinkFrames[] = [];
  readonly #engines: Engine[] = [];
  readonly #batches: Batch[] = [];
  readonly #texts: number[] = [];
  sink!: IoSink;

  static async start(options: Record<string, string>, parallelism = 1): Promise<RunningSink> {
    const s = new RunningSink();
    const config: SinkConfig = {
      connector: 'kafka',
      tableName: 'out',
      options,
      schema: SCHEMA,
      metadata: [undefined, undefined, 'timestamp'],
      partitionKeys: [],
      primaryKey: [],
    };
    const signal = new AbortController().signal;
    connector.checkSink?.(config, {});
    const plan = await connector.planSink?.(config, hostContext(parallelism, signal));
    assert.ok(plan?.io !== undefined);
    const module = (await import(plan.io.module)) as IoModule;
    const sink = module.createIoSink?.(plan.io.config as never, { clock: systemClock, signal, parallelism, options: {} });
    assert.ok(sink !== undefined);
    s.sink = sink;
    await sink.open();
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const engine = new Engine();
      const leaves = flatten(SCHEMA);
      const frames = new SinkFrames(engine, sink, subtaskIndex);
      const writer = connector.createWriter?.(config, plan, {
        engine,
        clock: systemClock,
        metrics: new MetricGroup(),
        subtaskIndex,
        parallelism,
        leaves,
        encoder: new WholeValueEncoder(engine),
        frames,
        closures: [],
        runId: 'r',
      });
      assert.ok(writer !== undefined);
      s.writers.push(writer);
      s.frames.push(frames);
      s.#engines.push(engine);
      s.#batches.push(allocBatch(engine, leaves));
      s.#texts.push(engine.alloc(4 << 20));
    }
    return s;
  }

  async write(rows: readonly OutRow[], subtask = 0): Promise<void> {
    const engine = this.#engines[subtask];
    const batch = this.#batches[subtask];
    batch.clear();
    let at = this.#texts[subtask];
    const text = (column: number, row: number, s: string): void => {
      const bytes = Buffer.from(s);
      engine.u8.set(bytes, at);
      engine.u32[(batch.values(column) >> 2) + 2 * row] = at;
      engine.u32[(batch.values(column) >> 2) + 2 * row + 1] = bytes.length;
      batch.setPresent(column, row);
      at += bytes.length;
    };
    rows.forEach(([value, key, time], row) => {
      text(0, row, value);
      if (key !== null) text(1, row, key);
      if (time !== null) {
        engine.i64[(batch.values(2) >> 3) + row] = time;
        batch.setPresent(2, row);
      }
    });
    batch.selectAll(rows.length);
    const writer = this.writers[subtask];
    if (writer.write(batch) === true) while (writer.resume?.() === true) await this.#wait(subtask);
  }

  /** Resolves when every row was acknowledged. */
  async finish(): Promise<void> {
    for (const [i, w] of this.writers.entries()) while (w.finish()) await this.#wait(i);
  }

  async close(): Promise<void> {
    for (const w of this.writers) w.close?.();
    await this.sink.close();
  }

  async #wait(subtask: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (this.frames[subtask].error !== undefined) throw this.frames[subtask].error;
  }
}

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
    await assert.rejects(sink.finish(), (e: MillraceError) => e.code === 'KAFKA_PROTOCOL' && e.place.topic === topic && /MESSAGE_TOO_LARGE/.test(e.message));
    await sink.close();
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
      config: { source: { connector, tableName: 'in', options: o, format, ...physical, orderIgnored: true } },
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
});
