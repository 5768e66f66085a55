import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX, KAFKA_BACKOFF_MS_MIN } from '../../base/limits.js';
import type { IoContext, IoSink } from '../../contract/io.js';
import type { KafkaCluster } from './client-internals.js';
import { connect } from './connect.js';
import { isTransient, kafkaError, mayPass, unreachable } from './failure.js';
import { OutgoingBatch, type Producer } from './outgoing-batch.js';
import { topicLeaders } from './plan.js';
import { DUPLICATE_SEQUENCE, protocolError } from './protocol-errors.js';
import { booleanProperty, type ClientSettings, clientSettings, intProperty, type KafkaProperties, oneOfProperty } from './settings.js';

/** What the I/O thread needs to produce. */
export interface KafkaSinkConfig {
  readonly properties: KafkaProperties;
  readonly topic: string;
  readonly tableName: string;
}

/** A partition with batches to send; the first one may be on its way. */
interface Partition {
  readonly number: number;
  readonly queue: OutgoingBatch[];
  leader: number;
  /** the sequence number of the next record */
  sequence: number;
}

/**
 * Produces the batches that the slots built: one request at a time to each leader with one batch of each of its partitions, so that order
 * holds over retries; with a producer id the broker recognises a batch that it has already taken.
 */
class KafkaIoSink implements IoSink {
  readonly #config: KafkaSinkConfig;
  readonly #ctx: IoContext;
  readonly #settings: ClientSettings;
  readonly #place: { operator: string; topic: string };
  readonly #acks: number;
  readonly #gzip: boolean;
  readonly #idempotent: boolean;
  readonly #deliveryMs: number;
  readonly #requestBytesMax: number;
  readonly #partitions = new Map<number, Partition>();
  readonly #busy = new Set<number>();
  readonly #closed = new AbortController();
  #cluster: KafkaCluster | undefined;
  #producer: Producer | undefined;
  #failure: MillraceError | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(config: KafkaSinkConfig, ctx: IoContext) {
    const p = config.properties;
    this.#config = config;
    this.#ctx = ctx;
    this.#settings = clientSettings(p);
    this.#place = { operator: config.tableName, topic: config.topic };
    this.#acks = { all: -1, '-1': -1, '0': 0, '1': 1 }[oneOfProperty(p, 'acks', ['all', '-1', '0', '1'], 'all')];
    this.#gzip = oneOfProperty(p, 'compression.type', ['none', 'gzip'], 'none') === 'gzip';
    this.#idempotent = booleanProperty(p, 'enable.idempotence', true) && this.#acks === -1;
    this.#deliveryMs = intProperty(p, 'delivery.timeout.ms', 120_000);
    this.#requestBytesMax = intProperty(p, 'max.request.size', 1 << 20);
  }

  async open(): Promise<void> {
    this.#cluster = await connect(this.#settings, this.#ctx.signal, this.#place);
    try {
      await this.#findLeaders();
      if (this.#idempotent) this.#producer = await this.#initProducer();
    } catch (e) {
      throw kafkaError(e, this.#settings.servers, this.#place);
    }
  }

  write(_subtask: number, frame: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const batch = new OutgoingBatch(frame, this.#ctx.clock.monotonicMs());
    const p = this.#partition(batch.partition);
    p.queue.push(batch);
    void this.#send(p.leader);
    return batch.acknowledged;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#fail(new MillraceError('CANCELLED', 'the sink was closed', { place: this.#place }));
    await this.#cluster?.close().catch(() => {});
  }

  #partition(number: number): Partition {
    let p = this.#partitions.get(number);
    if (p === undefined) {
      p = { number, queue: [], leader: -1, sequence: 0 };
      this.#partitions.set(number, p);
    }
    return p;
  }

  /** Sends to one leader until its partitions have nothing left. */
  async #send(leader: number): Promise<void> {
    if (this.#busy.has(leader)) return;
    this.#busy.add(leader);
    try {
      while (this.#failure === undefined) {
        const group = this.#nextGroup(leader);
        if (group.length === 0) return;
        await this.#sendGroup(leader, group);
      }
    } catch (e) {
      this.#fail(kafkaError(e, this.#settings.servers, this.#place));
    } finally {
      this.#busy.delete(leader);
    }
  }

  #nextGroup(leader: number): Partition[] {
    const group: Partition[] = [];
    let bytes = 0;
    for (const p of this.#partitions.values()) {
      if (p.leader !== leader || p.queue.length === 0) continue;
      bytes += p.queue[0].bytes.length;
      if (group.length > 0 && bytes > this.#requestBytesMax) break;
      group.push(p);
    }
    return group;
  }

  async #sendGroup(leader: number, group: readonly Partition[]): Promise<void> {
    const heads = group.map((p) => p.queue[0]);
    for (const [i, batch] of heads.entries()) if (!batch.sealed) group[i].sequence = await batch.seal(this.#producer, group[i].sequence, this.#gzip);
    let errors: ReadonlyMap<number, number>;
    try {
      errors = await (this.#cluster as KafkaCluster).produce(leader, {
        topic: this.#config.topic,
        acks: this.#acks,
        timeoutMs: this.#settings.requestTimeoutMs,
        batches: heads,
      });
    } catch (e) {
      if (this.#failure !== undefined) return;
      if (!isTransient(e)) throw e;
      this.#checkDeadline(heads, e);
      return this.#refreshLeaders();
    }
    let stale: MillraceError | undefined;
    for (const p of group) {
      const code = errors.get(p.number) ?? 0;
      if (code === 0 || code === DUPLICATE_SEQUENCE) (p.queue.shift() as OutgoingBatch).done();
      else {
        const { error, retriable } = protocolError(code, { ...this.#place, partition: p.number });
        if (!retriable) throw error;
        stale = error;
      }
    }
    if (stale === undefined) return;
    this.#checkDeadline(heads, stale);
    await this.#refreshLeaders();
  }

  /** A batch that could not be delivered in time fails the sink. */
  #checkDeadline(batches: readonly OutgoingBatch[], cause: unknown): void {
    const oldestMs = Math.min(...batches.map((b) => b.bornMs));
    if (this.#ctx.clock.monotonicMs() - oldestMs <= this.#deliveryMs) return;
    throw cause instanceof MillraceError ? cause : unreachable(this.#settings.servers, this.#place, cause);
  }

  async #findLeaders(): Promise<void> {
    const leaders = await topicLeaders(this.#cluster as KafkaCluster, [this.#config.topic], this.#place);
    for (const [number, leader] of leaders.get(this.#config.topic) ?? []) this.#partition(number).leader = leader;
  }

  /** Finds the leaders anew after a failure, one try at a time, and starts sending to those that are new. */
  #refreshLeaders(): Promise<void> {
    this.#refreshing ??= this.#refreshUntilFound().finally(() => {
      this.#refreshing = undefined;
      for (const leader of new Set([...this.#partitions.values()].map((p) => p.leader))) void this.#send(leader);
    });
    return this.#refreshing;
  }

  async #refreshUntilFound(): Promise<void> {
    for (let waitMs = KAFKA_BACKOFF_MS_MIN; this.#failure === undefined; waitMs = Math.min(2 * waitMs, KAFKA_BACKOFF_MS_MAX)) {
      await delay(waitMs, undefined, { signal: this.#closed.signal }).catch(() => {});
      try {
        return await this.#findLeaders();
      } catch (e) {
        if (this.#failure !== undefined) return;
        if (!mayPass(e)) throw e;
        this.#checkDeadline(
          [...this.#partitions.values()].flatMap((p) => p.queue.slice(0, 1)),
          e,
        );
      }
    }
  }

  /** The coordinator of a cluster that has just started may not be ready. */
  async #initProducer(): Promise<Producer> {
    for (let waitMs = KAFKA_BACKOFF_MS_MIN; ; waitMs = Math.min(2 * waitMs, KAFKA_BACKOFF_MS_MAX)) {
      try {
        return await (this.#cluster as KafkaCluster).initProducer();
      } catch (e) {
        if (!isTransient(e) || waitMs >= KAFKA_BACKOFF_MS_MAX) throw e;
        await delay(waitMs, undefined, { signal: this.#closed.signal });
      }
    }
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error;
    for (const p of this.#partitions.values()) for (const b of p.queue.splice(0)) b.failed(this.#failure);
  }
}

export function createIoSink(config: KafkaSinkConfig, ctx: IoContext): IoSink {
  return new KafkaIoSink(config, ctx);
}
