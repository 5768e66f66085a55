import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX } from '../../base/limits.js';
import type { KafkaCluster } from './client-internals.js';

/** Sees when a topic is not the one any more that it was: deleted and made again under the same name. Offsets of the old one mean nothing in the new one. */
export class TopicIdentity {
  readonly #cluster: KafkaCluster;
  readonly #place: ErrorPlace;
  /** as they were first seen */
  readonly #ids = new Map<string, string>();

  constructor(cluster: KafkaCluster, place: ErrorPlace) {
    this.#cluster = cluster;
    this.#place = place;
  }

  /** Fails with KAFKA_OFFSET when one of the topics is another one. Brokers before 2.8 know no ids: then nothing is seen. */
  async check(topics: readonly string[], signal: AbortSignal): Promise<void> {
    if ((await this.#changed(topics)) === undefined) return;
    await delay(KAFKA_BACKOFF_MS_MAX, undefined, { signal }).catch(() => {}); // a broker that has just come up may be behind
    if (signal.aborted) return;
    const topic = await this.#changed(topics);
    if (topic === undefined) return;
    throw new MillraceError('KAFKA_OFFSET', `the topic '${topic}' was deleted and made again while the job read it: its offsets have begun anew`, {
      place: { ...this.#place, topic },
      remedy: 'Start the job anew; what it has read of the old topic stays written.',
    });
  }

  async #changed(topics: readonly string[]): Promise<string | undefined> {
    for (const [topic, id] of await this.#cluster.topicIds(topics)) {
      const known = this.#ids.get(topic);
      if (known === undefined) this.#ids.set(topic, id);
      else if (known !== id) return topic;
    }
    return undefined;
  }
}
