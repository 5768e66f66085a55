import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX, KAFKA_BACKOFF_MS_MIN, KAFKA_FETCHES_IN_FLIGHT, KAFKA_TOPIC_CHECK_MS } from '../../base/limits.js';
import type { FrameRoom, IoContext, IoSource } from '../../contract/io.js';
import type { KafkaCluster } from './client-internals.js';
import { autoCommitIntervalMs, OffsetCommitter } from './committer.js';
import { connect, every, passing, Silence } from './connect.js';
import { kafkaError, mayPass, placedAt, unreachable } from './failure.js';
import { FetchLane, type LaneHost } from './fetch-lane.js';
import type { FetchSettings } from './fetch-session.js';
import { listOffsets } from './offsets.js';
import { type HandOver, PartitionFetch } from './partition-fetch.js';
import { type KafkaIoConfig, type KafkaSplit, presentTopics, splitOwner, topicLeaders, wantedTopics } from './plan.js';
import { readPosition } from './position.js';
import { protocolError } from './protocol-errors.js';
import { booleanProperty, type ClientSettings, clientSettings, intProperty, oneOfProperty } from './settings.js';
import { TopicIdentity } from './topic-identity.js';

/** Fetches record batches and hands them raw to the slots: some lanes for each broker that leads partitions. Runs until all bounded partitions are read. */
class KafkaIoSource implements IoSource {
  readonly #config: KafkaIoConfig;
  readonly #ctx: IoContext;
  readonly #settings: ClientSettings;
  readonly #stop = new AbortController();
  readonly #partitions: PartitionFetch[] = [];
  /** by leader and number */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #fetch: FetchSettings;
  readonly #maxWaitMs: number;
  readonly #partitionBytesMax: number;
  readonly #handOver: HandOver;
  #cluster: KafkaCluster | undefined;
  #identity: TopicIdentity | undefined;
  #committer: OffsetCommitter | undefined;
  #commitFailure: MillraceError | undefined;
  #wake: () => void = () => {};
  #changed: Promise<void>;
  #failure: unknown;
  #splitCount = 0;
  readonly #silence: Silence;
  #refreshing: Promise<void> | undefined;
  #watching: Promise<void> | undefined;

  constructor(config: KafkaIoConfig, ctx: IoContext) {
    this.#config = config;
    this.#ctx = ctx;
    const p = config.properties;
    this.#settings = clientSettings(p);
    this.#silence = new Silence(this.#settings, ctx.clock, { operator: config.tableName });
    this.#fetch = {
      minBytes: intProperty(p, 'fetch.min.bytes', 1),
      maxBytes: intProperty(p, 'fetch.max.bytes', 50 << 20),
      isolationLevel: oneOfProperty(p, 'isolation.level', ['read_uncommitted', 'read_committed'], 'read_uncommitted') === 'read_committed' ? 1 : 0,
      rackId: p['client.rack'] ?? '',
    };
    this.#maxWaitMs = intProperty(p, 'fetch.max.wait.ms', 500);
    this.#partitionBytesMax = intProperty(p, 'max.partition.fetch.bytes', 1 << 20);
    this.#handOver = {
      send: () => undefined,
      room: undefined,
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

  async run(send: HandOver['send'], room?: FrameRoom): Promise<void> {
    this.#handOver.send = send;
    this.#handOver.room = room;
    if (this.#ctx.signal.aborted) return;
    for (const p of this.#partitions) await p.finishAtStop();
    if (this.#allFinished()) return;
    const place = { operator: this.#config.tableName };
    const background: Promise<void>[] = [];
    try {
      this.#cluster = await connect(this.#settings, this.#ctx.signal, place);
      this.#identity = new TopicIdentity(this.#cluster, place);
      this.#startCommitting(this.#cluster);
      await this.#findLeaders();
      const { discoveryMs } = this.#config;
      if (discoveryMs > 0) background.push(this.#guard(every(discoveryMs, this.#stop.signal, () => this.#findLeaders())));
      background.push(this.#guard(every(KAFKA_TOPIC_CHECK_MS, this.#stop.signal, () => this.#sameTopics())));
      while (!this.#stop.signal.aborted && !this.#allFinished()) {
        this.#startLanes();
        await this.#changed;
      }
      if (!this.#stop.signal.aborted) await passing(this.#sameTopics());
    } catch (e) {
      this.#failure ??= e;
    }
    this.#halt();
    if (this.#committer === undefined) await this.#cluster?.close().catch(() => {});
    else this.#cluster?.closeLinks(); // positions are still to come
    await Promise.all([...this.#lanes.values(), ...background]);
    if (this.#failure !== undefined) throw kafkaError(this.#failure, this.#settings.servers, place);
  }

  /** The group's offsets begin where this job does: a restart before the first of its commits reads the same. */
  #startCommitting(cluster: KafkaCluster): void {
    if (autoCommitIntervalMs(this.#config.properties) === undefined) return;
    const failed = (e: unknown): void => {
      this.#commitFailure ??= kafkaError(e, this.#settings.servers, { operator: this.#config.tableName });
      this.#fail(this.#commitFailure);
    };
    this.#committer = new OffsetCommitter(this.#config.properties['group.id'], cluster, failed);
    this.#committer.offer(this.#config.splits.flat().map((s) => ({ topic: s.topic, partition: s.partition, offset: s.start })));
  }

  complete(positions: readonly Uint8Array[]): void {
    this.#committer?.offer(positions.map(readPosition));
  }

  async close(): Promise<void> {
    this.#halt();
    await this.#committer?.settle();
    await this.#cluster?.close().catch(() => {});
    if (this.#commitFailure !== undefined) throw this.#commitFailure;
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

  /** Which lane of its leader a partition belongs to: subtasks don't share one if they can, because a ring takes one response at a time. */
  #laneOf(p: PartitionFetch): number {
    return (this.#config.splits.length >= KAFKA_FETCHES_IN_FLIGHT ? p.subtask : p.split.number) % KAFKA_FETCHES_IN_FLIGHT;
  }

  /** A lane ends when it has no partitions any more. */
  #startLanes(): void {
    for (const p of this.#partitions) {
      const { leader } = p;
      const lane = this.#laneOf(p);
      const key = `${leader}/${lane}`;
      if (p.finished || leader < 0 || this.#lanes.has(key)) continue;
      const host: LaneHost = {
        cluster: this.#cluster as KafkaCluster,
        settings: this.#fetch,
        maxWaitMs: this.#maxWaitMs,
        silence: this.#silence,
        stopped: this.#stop.signal,
        partitions: () => this.#partitions.filter((q) => !q.finished && q.leader === leader && this.#laneOf(q) === lane),
        changed: () => this.#changed,
        refreshLeaders: (cause) => this.#refreshLeaders(cause),
        offsetOutOfRange: (q) => this.#offsetOutOfRange(q),
        failed: (cause) => this.#unreachableAt(cause),
      };
      const run = this.#guard(new FetchLane(leader, host).run()).finally(() => {
        this.#lanes.delete(key);
        this.#notify();
      });
      this.#lanes.set(key, run);
    }
  }

  /** A failure of the cluster, at the first partition that waits for it. */
  #unreachableAt(cause: unknown): MillraceError {
    const place = this.#partitions.find((p) => !p.finished)?.where ?? { operator: this.#config.tableName };
    return cause instanceof MillraceError ? placedAt(cause, place) : unreachable(this.#settings.servers, place, cause);
  }

  /** The offset is gone (retention) or not there: goes on where the reset strategy says. */
  async #offsetOutOfRange(p: PartitionFetch): Promise<void> {
    await p.settled();
    if (this.#config.reset === 'none') throw protocolError(1, p.where).error;
    const leaders = new Map([[p.split.topic, new Map([[p.split.partition, p.leader]])]]);
    const found = await listOffsets(this.#cluster as KafkaCluster, leaders, this.#config.reset === 'earliest' ? -2 : -1);
    await p.seek(found.get(p.split.topic)?.get(p.split.partition) ?? p.offset);
  }

  /** None of the topics that are read is another one now; offsets of one that is are not committed. */
  async #sameTopics(): Promise<void> {
    const check = this.#identity?.check([...new Set(this.#partitions.map((p) => p.split.topic))], this.#stop.signal);
    await check?.catch((e: unknown) => {
      if (!mayPass(e)) this.#committer?.abandon();
      throw e;
    });
  }

  async #findLeaders(): Promise<void> {
    await this.#sameTopics();
    const cluster = this.#cluster as KafkaCluster;
    const place = { operator: this.#config.tableName };
    const topics = await presentTopics(cluster, await wantedTopics(cluster, this.#config.topics, this.#config.pattern));
    const leaders = topics.length === 0 ? new Map() : await topicLeaders(cluster, topics, place);
    for (const p of this.#partitions) this.#lead(p, leaders.get(p.split.topic)?.get(p.split.partition) ?? -1);
    for (const [topic, partitions] of leaders) {
      for (const [partition, leader] of partitions) {
        if (!this.#config.bounded && !this.#partitions.some((p) => p.split.topic === topic && p.split.partition === partition)) {
          await this.#discovered({ number: this.#splitCount, topic, partition, start: 0n }, leader);
        }
      }
    }
    this.#notify();
    if (this.#missing()) this.#watching ??= this.#guard(this.#watch());
  }

  /** A partition that nobody leads may come back; one that stays away fails the source. */
  #lead(p: PartitionFetch, leader: number): void {
    p.leader = leader;
    if (leader >= 0 || p.finished) p.gone = undefined;
    else p.gone ??= new Silence(this.#settings, this.#ctx.clock, p.at);
    try {
      p.gone?.goesOn(
        new MillraceError('KAFKA_UNKNOWN_TOPIC', 'the partition is not there any more', {
          place: p.where,
          remedy: 'Was the topic deleted while the job read it? Start the job anew when it is there again.',
        }),
      );
    } catch (e) {
      this.#fail(e);
    }
  }

  #missing(): boolean {
    return this.#partitions.some((p) => p.gone !== undefined);
  }

  /** Looks for partitions without a leader until they have one. */
  async #watch(): Promise<void> {
    for (let waitMs = KAFKA_BACKOFF_MS_MIN; this.#missing() && !this.#stop.signal.aborted; waitMs = Math.min(waitMs * 2, KAFKA_BACKOFF_MS_MAX)) {
      await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (!this.#stop.signal.aborted) await this.#refreshLeaders(undefined);
    }
    this.#watching = undefined;
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
        this.#silence.goesOn(this.#unreachableAt(e instanceof MillraceError ? e : (cause ?? e)));
      }
    }
  }
}

export function createIoSource(config: KafkaIoConfig, ctx: IoContext): IoSource {
  return new KafkaIoSource(config, ctx);
}
