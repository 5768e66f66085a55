import type { KafkaCluster } from './client-internals.js';
import { booleanProperty, intProperty, type KafkaProperties } from './settings.js';

/**
 * Commits read positions of a group from time to time, when `properties.enable.auto.commit` says so. Flink turns that property off unless
 * the table sets it, because it commits with checkpoints.
 */
export class OffsetCommitter {
  readonly intervalMs: number;
  readonly #groupId: string;
  readonly #committed = new Map<string, bigint>();

  private constructor(groupId: string, intervalMs: number) {
    this.#groupId = groupId;
    this.intervalMs = intervalMs;
  }

  static of(p: KafkaProperties): OffsetCommitter | undefined {
    if (p['group.id'] === undefined || !booleanProperty(p, 'enable.auto.commit', false)) return undefined;
    return new OffsetCommitter(p['group.id'], intProperty(p, 'auto.commit.interval.ms', 5000));
  }

  /** Commits the offsets that moved. A failed commit is tried again with the next one, as Kafka's client does. */
  async commit(cluster: KafkaCluster, positions: readonly { topic: string; partition: number; offset: bigint }[]): Promise<void> {
    const moved = positions.filter((p) => this.#committed.get(`${p.partition}:${p.topic}`) !== p.offset);
    if (moved.length === 0) return;
    const topics = [...new Set(moved.map((p) => p.topic))].map((topic) => ({
      topic,
      partitions: moved.filter((p) => p.topic === topic).map((p) => ({ partition: p.partition, offset: String(p.offset) })),
    }));
    try {
      await cluster.commit(this.#groupId, topics);
      for (const p of moved) this.#committed.set(`${p.partition}:${p.topic}`, p.offset);
    } catch {
      // The positions are still there for the next time.
    }
  }
}
