import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX, KAFKA_BACKOFF_MS_MIN } from '../../base/limits.js';
import type { IoContext, IoSource } from '../../contract/io.js';
import type { FetchRequest, KafkaCluster } from './client-internals.js';
import { OffsetCommitter } from './committer.js';
import { connect, Silence } from './connect.js';
import { isTransient, kafkaError, mayPass } from './failure.js';
import type { FetchResponse } from './fetch-response.js';
import { listOffsets } from './offsets.js';
import { type HandOver, PartitionFetch } from './partition-fetch.js';
import { type KafkaIoConfig, type KafkaSplit, splitOwner, topicLeaders, wantedTopics } from './plan.js';
import { booleanProperty, type ClientSettings, clientSettings, intProperty, oneOfProperty } from './settings.js';
import { protocolError } from './protocol-errors.js';

/** Responses of one partition that wait for room in the ring before it is not asked for any more: one is handed over while the next is fetched. */
const PENDING_MAX = 2;
/** A long poll ends so soon while partitions are held back, so that they are asked for again when the ring has room. */
const WAIT_MS_HELD_BACK = 10;

/**
 * Fetches record batches and hands them raw to the slots: one loop for each broker that leads partitions. A full ring holds back
 * the partitions of its subtask and nobody else. Runs until all bounded partitions are read.
 */
class KafkaIoSource implements IoSource {
  readonly #config: KafkaIoConfig;
  readonly #ctx: IoContext;
  readonly #settings: ClientSettings;
  readonly #stop = new AbortController();
  readonly #partitions: PartitionFetch[] = [];
  readonly #loops = new Map<number, Promise<void>>();
  readonly #fetch: { minBytes: number; maxBytes: number; maxWaitTime: number; isolationLevel: number; rackId: string };
  readonly #partitionBytesMax: number;
  readonly #handOver: HandOver;
  #cluster: KafkaCluster | undefined;
  #wake: () => void = () => {};
  #changed: Promise<void>;
  #failure: unknown;
  #splitCount = 0;
  readonly #silence: Silence;
  #refreshing: Promise<void> | undefined;

  constructor(config: KafkaIoConfig, ctx: IoContext) {
    this.#config = config;
    this.#ctx = ctx;
    const p = config.properties;
    this.#settings = clientSettings(p);
    this.#silence = new Silence(this.#settings, ctx.clock, { operator: config.tableName });
    this.#fetch = {
      minBytes: intProperty(p, 'fetch.min.bytes', 1),
      maxBytes: intProperty(p, 'fetch.max.bytes', 50 << 20),
      maxWaitTime: intProperty(p, 'fetch.max.wait.ms', 500),
      isolationLevel: oneOfProperty(p, 'isolation.level', ['read_uncommitted', 'read_committed'], 'read_uncommitted') === 'read_committed' ? 1 : 0,
      rackId: p['client.rack'] ?? '',
    };
    this.#partitionBytesMax = intProperty(p, 'max.partition.fetch.bytes', 1 << 20);
    this.#handOver = {
      send: () => undefined,
      checkCrc: booleanProperty(p, 'check.crcs', true),
      stopped: this.#stop.signal,
      moved: () => this.#notify(),
      failed: (e) => this.#fail(e),
    };
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
    config.splits.forEach((splits, subtask) => {
      for (const s of splits) this.#add(s, subtask);
    });
    ctx.signal.addEventListener('abort', () => this.#halt(), { once: true });
  }

  async run(send: HandOver['send']): Promise<void> {
    this.#handOver.send = send;
    if (this.#ctx.signal.aborted) return;
    for (const p of this.#partitions) await p.finishAtStop();
    if (this.#allFinished()) return;
    const place = { operator: this.#config.tableName };
    const committer = OffsetCommitter.of(this.#config.properties);
    const background: Promise<void>[] = [];
    try {
      this.#cluster = await connect(this.#settings, this.#ctx.signal, place);
      await this.#findLeaders();
      if (committer !== undefined) background.push(this.#guard(this.#commitLoop(committer)));
      if (this.#config.discoveryMs > 0) background.push(this.#guard(this.#discoveryLoop()));
      while (!this.#stop.signal.aborted && !this.#allFinished()) {
        this.#startLoops();
        await this.#changed;
      }
      if (committer !== undefined && this.#failure === undefined) await this.#commit(committer);
    } catch (e) {
      this.#failure ??= e;
    }
    this.#halt();
    await this.#cluster?.close().catch(() => {});
    await Promise.all([...this.#loops.values(), ...background]);
    if (this.#failure !== undefined) throw kafkaError(this.#failure, this.#settings.servers, place);
  }

  async close(): Promise<void> {
    this.#halt();
    await this.#cluster?.close().catch(() => {});
  }

  #halt(): void {
    this.#stop.abort();
    this.#notify();
  }

  /** Lets everybody who waits look again. */
  #notify(): void {
    const wake = this.#wake;
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
    wake();
  }

  #fail(e: unknown): void {
    if (!this.#stop.signal.aborted) this.#failure ??= e;
    this.#halt();
  }

  #guard(work: Promise<void>): Promise<void> {
    return work.catch((e: unknown) => this.#fail(e));
  }

  #add(split: KafkaSplit, subtask: number): PartitionFetch {
    const p = new PartitionFetch(split, subtask, this.#config.tableName, this.#partitionBytesMax, this.#handOver);
    this.#splitCount = Math.max(this.#splitCount, split.number + 1);
    this.#partitions.push(p);
    return p;
  }

  #allFinished(): boolean {
    return this.#config.bounded && this.#partitions.every((p) => p.finished);
  }

  /** One loop per leader; a loop ends when its broker leads nothing any more. */
  #startLoops(): void {
    for (const p of this.#partitions) {
      if (p.finished || p.leader < 0 || this.#loops.has(p.leader)) continue;
      const { leader } = p;
      const loop = this.#guard(this.#fetchLoop(leader)).finally(() => {
        this.#loops.delete(leader);
        this.#notify();
      });
      this.#loops.set(leader, loop);
    }
  }

  async #fetchLoop(leader: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const changed = this.#changed;
      const led = this.#partitions.filter((p) => !p.finished && p.leader === leader && (p.split.stop === undefined || p.offset < p.split.stop));
      const held = this.#partitions.some((p) => !p.finished && p.leader === leader && p.pending > 0);
      if (led.length === 0 && !held) return;
      const ready = led.filter((p) => p.pending < PENDING_MAX);
      if (ready.length === 0) {
        await changed;
        continue;
      }
      let response: FetchResponse;
      try {
        response = await (this.#cluster as KafkaCluster).fetch(leader, {
          ...this.#fetch,
          maxWaitTime: ready.length < led.length ? Math.min(WAIT_MS_HELD_BACK, this.#fetch.maxWaitTime) : this.#fetch.maxWaitTime,
          topics: byTopic(ready),
        });
        this.#silence.end();
      } catch (e) {
        if (this.#stop.signal.aborted) return;
        if (!isTransient(e)) throw e;
        this.#silence.goesOn(e);
        await this.#refreshLeaders(e);
        continue;
      }
      if (response.errorCode !== 0) throw protocolError(response.errorCode, { operator: this.#config.tableName });
      await this.#takeResponse(response, ready);
    }
  }

  async #takeResponse(response: FetchResponse, asked: readonly PartitionFetch[]): Promise<void> {
    let stale = false;
    for (const fetched of response.partitions) {
      const p = asked.find((a) => a.split.topic === fetched.topic && a.split.partition === fetched.partition);
      if (p === undefined) continue;
      if (fetched.errorCode === 1) await this.#offsetOutOfRange(p);
      else if (fetched.errorCode !== 0) {
        const error = protocolError(fetched.errorCode, p.place);
        if (!error.retriable) throw error.error;
        stale = true;
      } else p.takeRecords(response.payload, fetched);
    }
    if (stale) await this.#refreshLeaders(undefined);
  }

  /** The offset is gone (retention) or not there: goes on where the reset strategy says. */
  async #offsetOutOfRange(p: PartitionFetch): Promise<void> {
    await p.settled();
    if (this.#config.reset === 'none') throw protocolError(1, { ...p.place, offset: p.offset }).error;
    const leaders = new Map([[p.split.topic, new Map([[p.split.partition, p.leader]])]]);
    const found = await listOffsets(this.#cluster as KafkaCluster, leaders, this.#config.reset === 'earliest' ? -2 : -1);
    await p.seek(found.get(p.split.topic)?.get(p.split.partition) ?? p.offset);
  }

  async #findLeaders(): Promise<void> {
    const topics = await wantedTopics(this.#cluster as KafkaCluster, this.#config.topics, this.#config.pattern);
    const leaders = await topicLeaders(this.#cluster as KafkaCluster, topics, { operator: this.#config.tableName });
    for (const p of this.#partitions) p.leader = leaders.get(p.split.topic)?.get(p.split.partition) ?? -1;
    for (const [topic, partitions] of leaders) {
      for (const [partition, leader] of partitions) {
        if (!this.#config.bounded && !this.#partitions.some((p) => p.split.topic === topic && p.split.partition === partition)) {
          await this.#discovered({ number: this.#splitCount, topic, partition, start: 0n }, leader);
        }
      }
    }
    this.#notify();
  }

  /** A new partition is read from its beginning. */
  async #discovered(split: KafkaSplit, leader: number): Promise<void> {
    const p = this.#add(split, splitOwner(split.topic, split.partition, this.#config.splits.length));
    p.leader = leader;
    await p.announce();
  }

  /** Finds the leaders anew after a failure, waiting longer each time; one try at a time for all loops. Gives up when the cluster was silent too long. */
  #refreshLeaders(cause: unknown): Promise<void> {
    this.#refreshing ??= this.#refreshUntilFound(cause).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshUntilFound(cause: unknown): Promise<void> {
    let waitMs = KAFKA_BACKOFF_MS_MIN;
    while (!this.#stop.signal.aborted) {
      await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      waitMs = Math.min(waitMs * 2, KAFKA_BACKOFF_MS_MAX);
      try {
        await this.#findLeaders();
        return;
      } catch (e) {
        if (this.#stop.signal.aborted) return;
        if (!mayPass(e)) throw e;
        this.#silence.goesOn(e instanceof MillraceError ? e : (cause ?? e));
      }
    }
  }

  async #discoveryLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await delay(this.#config.discoveryMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      try {
        await this.#findLeaders();
      } catch (e) {
        if (!mayPass(e)) throw e;
      }
    }
  }

  #commit(committer: OffsetCommitter): Promise<void> {
    const positions = this.#partitions.map((p) => ({ topic: p.split.topic, partition: p.split.partition, offset: p.delivered }));
    return committer.commit(this.#cluster as KafkaCluster, positions);
  }

  /** Commits what the slots were given, as Kafka's consumer does when enable.auto.commit is set. */
  async #commitLoop(committer: OffsetCommitter): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await delay(committer.intervalMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      await this.#commit(committer);
    }
  }
}

/** The partitions to ask for, as a Fetch request lists them. */
function byTopic(ready: readonly PartitionFetch[]): FetchRequest['topics'] {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const p of ready) {
    const list = topics.get(p.split.topic) ?? [];
    topics.set(p.split.topic, list);
    list.push({ partition: p.split.partition, fetchOffset: String(p.offset), maxBytes: p.maxBytes });
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

export function createIoSource(config: KafkaIoConfig, ctx: IoContext): IoSource {
  return new KafkaIoSource(config, ctx);
}
