import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX, KAFKA_BACKOFF_MS_MIN, KAFKA_REQUESTS_IN_FLIGHT_MAX, KAFKA_THROTTLE_MS_MAX } from '../../base/limits.js';
import type { IoContext, IoSink } from '../../contract/io.js';
import type { KafkaCluster } from './client-internals.js';
import { connect } from './connect.js';
import { isTransient, kafkaError, mayPass, placedAt, unreachable } from './failure.js';
import { WholeResponse } from './link.js';
import { OutgoingBatch } from './outgoing-batch.js';
import { topicLeaders } from './plan.js';
import { decodeProduceResponse, encodeProduce, PRODUCE_API_KEY, PRODUCE_VERSION_MAX, PRODUCE_VERSION_MIN, type ProduceResponse } from './produce-codec.js';
import { PartitionQueue, ProduceLane } from './produce-lane.js';
import { DUPLICATE_SEQUENCE, OUT_OF_ORDER_SEQUENCE, protocolError } from './protocol-errors.js';
import { type Producer, Sequences } from './sequences.js';
import { tooLarge } from './too-large.js';
import { booleanProperty, type ClientSettings, clientSettings, intProperty, type KafkaProperties, oneOfProperty } from './settings.js';

/** What the I/O thread needs to produce. */
export interface KafkaSinkConfig {
  readonly properties: KafkaProperties;
  readonly topic: string;
  readonly tableName: string;
}

type Group = ReturnType<ProduceLane['nextGroup']>;

/**
 * Produces the batches that the slots built: to each leader several requests in flight, each with one batch of each of its partitions. With
 * a producer id the broker recognises what it has already taken and refuses what comes too early, so that retries neither repeat nor
 * reorder; without one a single request is in flight.
 */
class KafkaIoSink implements IoSink {
  readonly #config: KafkaSinkConfig;
  readonly #ctx: IoContext;
  readonly #settings: ClientSettings;
  readonly #place: { operator: string; topic: string };
  readonly #acks: number;
  readonly #idempotent: boolean;
  readonly #requestsMax: number;
  readonly #deliveryMs: number;
  readonly #requestBytesMax: number;
  readonly #queues: PartitionQueue[] = [];
  readonly #lanes = new Map<number, ProduceLane>();
  readonly #closed = new AbortController();
  #cluster: KafkaCluster | undefined;
  #sequences: Sequences | undefined;
  #failure: MillraceError | undefined;
  #retrying: Promise<void> | undefined;

  constructor(config: KafkaSinkConfig, ctx: IoContext) {
    const p = config.properties;
    this.#config = config;
    this.#ctx = ctx;
    this.#settings = clientSettings(p);
    this.#place = { operator: config.tableName, topic: config.topic };
    this.#acks = { all: -1, '-1': -1, '0': 0, '1': 1 }[oneOfProperty(p, 'acks', ['all', '-1', '0', '1'], 'all')];
    this.#idempotent = booleanProperty(p, 'enable.idempotence', true) && this.#acks === -1;
    const wanted = intProperty(p, 'max.in.flight.requests.per.connection', KAFKA_REQUESTS_IN_FLIGHT_MAX);
    this.#requestsMax = this.#idempotent ? Math.max(1, Math.min(wanted, KAFKA_REQUESTS_IN_FLIGHT_MAX)) : 1;
    this.#deliveryMs = intProperty(p, 'delivery.timeout.ms', 120_000);
    this.#requestBytesMax = intProperty(p, 'max.request.size', 1 << 20);
  }

  async open(): Promise<void> {
    this.#cluster = await connect(this.#settings, this.#ctx.signal, this.#place);
    try {
      await this.#findLeaders();
      if (this.#idempotent) this.#sequences = new Sequences(await this.#initProducer());
    } catch (e) {
      throw kafkaError(e, this.#settings.servers, this.#place);
    }
  }

  write(_subtask: number, frame: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const batch = new OutgoingBatch(frame, this.#ctx.clock.monotonicMs());
    const queue = this.#queue(batch.partition);
    queue.waiting.push(batch);
    this.#pump(queue.leader);
    return batch.acknowledged;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#fail(new MillraceError('CANCELLED', 'the sink was closed', { place: this.#place }));
    await this.#cluster?.close().catch(() => {});
  }

  #queue(number: number): PartitionQueue {
    while (this.#queues.length <= number) this.#queues.push(new PartitionQueue(this.#queues.length));
    return this.#queues[number];
  }

  /** Sends to one leader as much as may be in flight. */
  #pump(leader: number): void {
    if (this.#failure !== undefined || leader < 0 || this.#closed.signal.aborted) return;
    let lane = this.#lanes.get(leader);
    if (lane === undefined) {
      lane = new ProduceLane(leader);
      this.#lanes.set(leader, lane);
    }
    if (lane.opening || lane.paused) return;
    if (lane.requests === 0 && lane.link?.expired === true) lane.link.close();
    const { link } = lane;
    if (link === undefined || link.closed) {
      if (this.#queues.some((q) => q.leader === leader && q.ready)) void this.#open(lane);
      return;
    }
    while (lane.requests < this.#requestsMax && !link.expired) {
      const group = lane.nextGroup(this.#queues, this.#requestBytesMax);
      if (group.length === 0) return;
      void this.#send(lane, group);
    }
  }

  async #open(lane: ProduceLane): Promise<void> {
    lane.opening = true;
    try {
      lane.link = await (this.#cluster as KafkaCluster).openLink(lane.leader);
      lane.opening = false;
      this.#pump(lane.leader);
    } catch (e) {
      lane.opening = false;
      if (!isTransient(e)) this.#fail(e);
      this.#halt(
        this.#queues.filter((q) => q.leader === lane.leader),
        e,
      );
    }
  }

  async #send(lane: ProduceLane, group: Group): Promise<void> {
    const { link } = lane;
    if (link === undefined) return;
    lane.requests++;
    try {
      const version = link.version(PRODUCE_API_KEY, 'Produce', PRODUCE_VERSION_MIN, PRODUCE_VERSION_MAX);
      for (const { batch } of group) batch.seal(this.#sequences);
      const request = {
        topic: this.#config.topic,
        transactionalId: this.#sequences?.producer.transactionalId,
        acks: this.#acks,
        timeoutMs: this.#settings.requestTimeoutMs,
        batches: group.map((g) => g.batch),
      };
      const reader = this.#acks === 0 ? undefined : new WholeResponse((payload) => decodeProduceResponse(payload, version));
      const response = (await link.request(PRODUCE_API_KEY, version, encodeProduce(request), reader)) as ProduceResponse | undefined;
      this.#land(group, (partition) => response?.errors.get(partition) ?? 0);
      if (response !== undefined && response.throttleTimeMs > 0) await this.#pause(lane, Math.min(response.throttleTimeMs, KAFKA_THROTTLE_MS_MAX));
    } catch (e) {
      for (const { batch } of group) batch.flying = false;
      if (!isTransient(e)) this.#fail(e);
      this.#halt(
        group.map((g) => g.queue),
        e,
      );
    } finally {
      lane.requests--;
      this.#pump(lane.leader);
    }
  }

  async #pause(lane: ProduceLane, ms: number): Promise<void> {
    lane.paused = true;
    await delay(ms, undefined, { signal: this.#closed.signal }).catch(() => {});
    lane.paused = false;
  }

  /** An answer came: each batch was taken, or has to go again, or will never be taken. */
  #land(group: Group, codeOf: (partition: number) => number): void {
    const failed: PartitionQueue[] = [];
    let cause: MillraceError | undefined;
    for (const { queue, batch } of group) {
      batch.flying = false;
      const code = codeOf(queue.number);
      if (code === 0 || code === DUPLICATE_SEQUENCE) {
        queue.taken(batch);
        if (queue.halted) failed.push(queue);
        continue;
      }
      const { error, retriable } = protocolError(code, { ...this.#place, partition: queue.number });
      // Behind a batch that failed every other comes too early: it goes again when that one has.
      if (!retriable && !(code === OUT_OF_ORDER_SEQUENCE && queue.halted)) {
        this.#fail(tooLarge(code, batch.bytes, { ...this.#place, partition: queue.number }) ?? error);
        return;
      }
      cause ??= error;
      failed.push(queue);
    }
    if (failed.length > 0) this.#halt(failed, cause);
  }

  /** Sends nothing more to these partitions until what was sent is answered; then finds the leaders and sends again. */
  #halt(queues: readonly PartitionQueue[], cause: unknown): void {
    if (this.#failure !== undefined) return;
    for (const q of queues) q.halted = true;
    if (queues.every((q) => !q.landed)) return;
    this.#retrying ??= this.#retry(cause)
      .catch((e: unknown) => this.#fail(e))
      .finally(() => {
        this.#retrying = undefined;
        for (const q of this.#queues) if (q.halted && q.landed) q.resume();
        for (const leader of new Set(this.#queues.map((q) => q.leader))) this.#pump(leader);
      });
  }

  /** Finds the leaders anew, waiting longer each time, until the oldest batch is too old. */
  async #retry(cause: unknown): Promise<void> {
    for (let waitMs = KAFKA_BACKOFF_MS_MIN; this.#failure === undefined; waitMs = Math.min(2 * waitMs, KAFKA_BACKOFF_MS_MAX)) {
      this.#checkDeadline(cause);
      await delay(waitMs, undefined, { signal: this.#closed.signal }).catch(() => {});
      if (this.#closed.signal.aborted) return;
      try {
        return await this.#findLeaders();
      } catch (e) {
        if (!mayPass(e)) throw e;
        cause = e;
      }
    }
  }

  /** A batch that could not be delivered in time fails the sink. */
  #checkDeadline(cause: unknown): void {
    for (const q of this.#queues) {
      const { oldest } = q;
      if (oldest === undefined || this.#ctx.clock.monotonicMs() - oldest.bornMs <= this.#deliveryMs) continue;
      const place = { ...this.#place, partition: q.number };
      throw cause instanceof MillraceError ? placedAt(cause, place) : unreachable(this.#settings.servers, place, cause);
    }
  }

  async #findLeaders(): Promise<void> {
    const leaders = await topicLeaders(this.#cluster as KafkaCluster, [this.#config.topic], this.#place);
    for (const [number, leader] of leaders.get(this.#config.topic) ?? []) this.#queue(number).leader = leader;
  }

  /** The coordinator of a cluster that has just started may not be ready. */
  async #initProducer(): Promise<Producer> {
    for (let waitMs = KAFKA_BACKOFF_MS_MIN; ; waitMs = Math.min(2 * waitMs, KAFKA_BACKOFF_MS_MAX)) {
      try {
        return await (this.#cluster as KafkaCluster).initProducer(null);
      } catch (e) {
        if (!isTransient(e) || waitMs >= KAFKA_BACKOFF_MS_MAX) throw e;
        await delay(waitMs, undefined, { signal: this.#closed.signal });
      }
    }
  }

  #fail(e: unknown): void {
    this.#failure ??= kafkaError(e, this.#settings.servers, this.#place);
    for (const q of this.#queues) q.fail(this.#failure);
  }
}

export function createIoSink(config: KafkaSinkConfig, ctx: IoContext): IoSink {
  return new KafkaIoSink(config, ctx);
}
