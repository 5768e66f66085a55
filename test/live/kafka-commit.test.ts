import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { Prng } from '#src/base/prng.js';
import { createClient } from '#src/connect/kafka/client-internals.js';
import { clientSettings } from '#src/connect/kafka/settings.js';
import { RunningSource, sourceConfig } from '../connect/kafka/doubles.js';
import { CLI, millrace, put, rowsOf, scratch } from '../serve/cli.js';
import { type Broker, kafkaMissing, startBroker } from './broker.js';

/** Rounds of a process that is killed and started again; more with LONG=1. */
const ROUNDS = process.env.LONG === '1' ? 12 : 4;
const PARTITIONS = 3;
const STEP_MS = 7; // of event time, between records

describe('offsets that a job commits', { skip: kafkaMissing() }, () => {
  let broker: Broker;
  let admin: Admin;
  let producer: Producer;
  let topics = 0;
  const seed = Number(process.env.SEED ?? 5);
  const prng = new Prng(seed);

  before(async () => {
    broker = await startBroker();
    const client = createClient(clientSettings({ 'bootstrap.servers': broker.servers }), 5);
    admin = client.admin();
    producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await Promise.all([admin.connect(), producer.connect()]);
  });
  after(async () => {
    await RunningSource.stopAll();
    await producer?.disconnect();
    await admin?.disconnect();
    await broker?.close();
  });

  const newTopic = async (): Promise<string> => {
    const topic = `commit-${process.pid}-${topics++}`;
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: PARTITIONS }] });
    return topic;
  };
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  /** Sends numbered records until it is stopped; resolves with their number. */
  const feed = (topic: string): (() => Promise<number>) => {
    let stopped = false;
    const run = (async () => {
      let id = 0;
      while (!stopped) {
        const messages = Array.from({ length: 500 }, () => {
          const value = JSON.stringify({ id, k: Math.floor(id / 100), ts: new Date(STEP_MS * id).toISOString().replace('T', ' ').slice(0, -1) });
          return { value, partition: id++ % PARTITIONS };
        });
        await producer.send({ topic, messages });
        await sleep(10);
      }
      return id;
    })();
    return () => {
      stopped = true;
      return run;
    };
  };

  const source = (topic: string, group: string, more: string): string => `
    CREATE TABLE numbers (id BIGINT, k BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH (
      'connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${broker.servers}', 'format' = 'json',
      'properties.group.id' = '${group}', 'properties.auto.offset.reset' = 'earliest',
      'properties.enable.auto.commit' = 'true', 'properties.auto.commit.interval.ms' = '50' ${more});`;
  const kafkaSink = (topic: string, columns: string): string => `
    CREATE TABLE results (${columns}) WITH ('connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${broker.servers}', 'format' = 'json');`;
  const fileSink = (folder: string, columns: string): string => `
    CREATE TABLE results (${columns}) WITH ('connector' = 'filesystem', 'path' = '${folder}', 'format' = 'json',
      'sink.rolling-policy.rollover-interval' = '150 ms', 'sink.rolling-policy.check-interval' = '50 ms');`;

  const running = (script: string): { child: ChildProcess; ended: Promise<string> } => {
    const child = spawn(process.execPath, [CLI, 'run', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout?.on('data', (d) => (text += d));
    child.stderr?.on('data', (d) => (text += d));
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(text)));
    return { child, ended };
  };

  /** Kills a job again and again while records come, lets a last run read to the end, and returns how many records were sent. */
  const survive = async (signals: readonly NodeJS.Signals[], parallelism: number, sink: string, query: string): Promise<number> => {
    const topic = await newTopic();
    const dir = scratch();
    const set = `SET 'parallelism.default' = '${parallelism}';`;
    const script = put(dir, 'job.sql', set + source(topic, topic, '') + sink + query);
    const bounded = put(dir, 'last.sql', set + source(topic, topic, ", 'scan.bounded.mode' = 'latest-offset'") + sink + query);
    const stop = feed(topic);
    const committed = async (): Promise<number> => {
      const [{ partitions }] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
      return partitions.reduce((n, p) => n + Math.max(0, Number(p.offset)), 0);
    };
    let before = 0;
    let moved = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const job = running(script);
      // some are killed before they have committed anything
      if (prng.below(4) > 0) for (let tries = 0; tries < 200 && (await committed()) <= before; tries++) await sleep(20);
      await sleep(prng.below(700));
      assert.equal(job.child.exitCode, null, `the job has ended by itself: ${job.child.exitCode === null ? '' : await job.ended}`);
      job.child.kill(signals[round % signals.length]);
      await job.ended;
      const now = await committed();
      if (now > before) moved++;
      before = now;
    }
    assert.ok(moved > 0, 'offsets are committed while the job runs');
    const count = await stop();
    const last = await millrace(['run', bounded]);
    assert.equal(last.code, 0, last.stderr);
    assert.equal(await committed(), count, 'the end of the last run is committed');
    return count;
  };

  const readTopic = async (topic: string): Promise<string[]> => {
    const config = sourceConfig({
      topic,
      'properties.bootstrap.servers': broker.servers,
      'scan.startup.mode': 'earliest-offset',
      'scan.bounded.mode': 'latest-offset',
    });
    const reader = await RunningSource.start(config);
    const rows = await reader.until();
    await reader.stop();
    return rows.map((r) => r.value);
  };

  const allThere = (lines: readonly string[], count: number): void => {
    const seen = new Uint8Array(count);
    for (const l of lines) seen[(JSON.parse(l) as { id: number }).id] = 1;
    assert.equal(seen.indexOf(0), -1, `record ${seen.indexOf(0)} of ${count} is lost, of ${seen.filter((x) => x === 0).length}; seed ${seed}`);
  };

  /** What each window's result must be: rows by window end. */
  const windowsOf = (count: number, sizeMs: number, slideMs: number): Map<string, number> => {
    const want = new Map<string, number>();
    for (let id = 0; id < count; id++) {
      const ms = STEP_MS * id;
      for (let end = Math.floor(ms / slideMs) * slideMs + slideMs; end - sizeMs <= ms; end += slideMs)
        want.set(timeText(end), (want.get(timeText(end)) ?? 0) + 1);
    }
    return want;
  };
  const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
  /** A window may come again with fewer rows, those behind the committed offsets; its whole result has come before. */
  const wholeResults = (lines: readonly string[]): Map<string, number> => {
    const got = new Map<string, number>();
    for (const line of lines) {
      const { w, n } = JSON.parse(line) as { w: string; n: number };
      const key = w.slice(0, 19);
      got.set(key, Math.max(got.get(key) ?? 0, n));
    }
    return got;
  };
  const windowQuery = (table: string): string =>
    `INSERT INTO results SELECT CAST(window_end AS STRING), COUNT(*) FROM TABLE(${table}) GROUP BY window_start, window_end;`;
  const TUMBLE = "TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' SECOND)";
  const HOP = "HOP(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '3' SECOND)";
  /** One row in 100 opens a session of its own key; 7 ms between rows, so a gap of 50 ms closes each after it. */
  const SESSION = `INSERT INTO results SELECT CAST(MIN(id) AS STRING), COUNT(*) FROM TABLE(
    SESSION(TABLE numbers PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.05' SECOND)) GROUP BY window_start, window_end, k;`;

  const cases: readonly (readonly [parallelism: number, what: 'topic' | 'files' | 'tumble' | 'hop' | 'session'])[] = [
    [1, 'topic'],
    [2, 'topic'],
    [1, 'files'],
    [2, 'files'],
    [1, 'session'],
    [2, 'tumble'],
    [1, 'hop'],
  ];
  for (const [parallelism, what] of cases) {
    test(`nothing is lost when a process is killed again and again: ${what}, parallelism ${parallelism}`, async () => {
      const signals = ['SIGKILL', 'SIGTERM'] as const;
      const windows = what !== 'topic' && what !== 'files';
      const columns = windows ? 'w STRING, n BIGINT' : 'id BIGINT';
      const out = what === 'files' ? join(scratch(), 'out') : await newTopic();
      const query =
        what === 'session'
          ? SESSION
          : what === 'tumble'
            ? windowQuery(TUMBLE)
            : what === 'hop'
              ? windowQuery(HOP)
              : 'INSERT INTO results SELECT id FROM numbers;';
      const count = await survive(signals, parallelism, what === 'files' ? fileSink(out, columns) : kafkaSink(out, columns), query);
      const lines = what === 'files' ? rowsOf(out) : await readTopic(out);
      if (!windows) allThere(lines, count);
      else if (what === 'session') {
        const first = new Set(lines.map((l) => Number((JSON.parse(l) as { w: string }).w)));
        for (let id = 0; id < count; id += 100) assert.ok(first.has(id), `the session of record ${id} is lost; seed ${seed}`);
      } else assert.deepEqual([...wholeResults(lines)].sort(), [...windowsOf(count, what === 'hop' ? 3000 : 1000, 1000)].sort(), `seed ${seed}`);
    });
  }
});
