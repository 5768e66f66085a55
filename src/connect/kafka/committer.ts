import { setTimeout as delay } from 'node:timers/promises';
import { KAFKA_LAST_COMMIT_MS } from '../../base/limits.js';
import type { KafkaCluster } from './client-internals.js';
import { isTransient } from './failure.js';
import type { KafkaPosition } from './position.js';
import { booleanProperty, intProperty, type KafkaProperties } from './settings.js';

/** ms between commits when `properties.enable.auto.commit` says so; undefined = it does not. Flink turns that property off unless the table sets it. */
export function autoCommitIntervalMs(p: KafkaProperties): number | undefined {
  if (!booleanProperty(p, 'enable.auto.commit', false)) return undefined;
  return Math.max(1, intProperty(p, 'auto.commit.interval.ms', 5000));
}

/** Commits a group's positions, one request at a time: always the newest that were offered. */
export class OffsetCommitter {
  readonly #groupId: string;
  readonly #cluster: KafkaCluster;
  readonly #failed: (e: unknown) => void;
  readonly #wanted = new Map<string, KafkaPosition>();
  readonly #committed = new Map<string, bigint>();
  #running: Promise<void> | undefined;
  #abandoned = false;

  /** `failed` takes what another try would not mend. */
  constructor(groupId: string, cluster: KafkaCluster, failed: (e: unknown) => void) {
    this.#groupId = groupId;
    this.#cluster = cluster;
    this.#failed = failed;
  }

  /** Commits nothing any more. */
  abandon(): void {
    this.#abandoned = true;
    this.#wanted.clear();
  }

  offer(positions: readonly KafkaPosition[]): void {
    if (this.#abandoned) return;
    for (const p of positions) this.#wanted.set(`${p.partition}:${p.topic}`, p);
    this.#running ??= this.#run()
      .catch((e: unknown) => {
        if (!isTransient(e)) this.#failed(e); // else the next offer tries again, as Kafka's client does
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #run(): Promise<void> {
    for (;;) {
      const moved = [...this.#wanted].filter(([key, p]) => this.#committed.get(key) !== p.offset);
      if (moved.length === 0) return;
      const byTopic = new Map<string, { partition: number; offset: string }[]>();
      for (const [, p] of moved) byTopic.set(p.topic, [...(byTopic.get(p.topic) ?? []), { partition: p.partition, offset: String(p.offset) }]);
      await this.#cluster.commit(
        this.#groupId,
        [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
      );
      for (const [key, p] of moved) this.#committed.set(key, p.offset);
    }
  }

  /** Waits until everything offered is committed, for a while. What is not will be read again. */
  async settle(): Promise<void> {
    const late = new AbortController();
    await Promise.race([this.#running, delay(KAFKA_LAST_COMMIT_MS, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }
}
