import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../base/clock.js';
import { type ErrorPlace, MillraceError, nearest } from '../../base/errors.js';
import { KAFKA_BACKOFF_MS_MAX, KAFKA_BACKOFF_MS_MIN } from '../../base/limits.js';
import { ownModule } from '../../base/modules.js';
import type { HostContext, SourceConfig, SourcePlan } from '../../contract/source.js';
import type { KafkaCluster } from './client-internals.js';
import { autoCommitIntervalMs } from './committer.js';
import { connect } from './connect.js';
import { isTransient, kafkaError, protocolErrorType } from './failure.js';
import { listOffsets, resolveStart, resolveStop, type TopicLeaders } from './offsets.js';
import { propertiesOf, type SourceOptions, sourceKeyField, sourceOptions, topicList } from './options.js';
import { readPosition } from './position.js';
import { booleanProperty, clientSettings, intProperty, type KafkaProperties } from './settings.js';

/** One partition as a split: plain data. `stop` is the first offset that is not read. */
export interface KafkaSplit {
  /** the split's number in batches and frames, unique in the job */
  readonly number: number;
  readonly topic: string;
  readonly partition: number;
  readonly start: bigint;
  readonly stop?: bigint;
}

/** What the I/O thread needs. */
export interface KafkaIoConfig {
  readonly properties: KafkaProperties;
  readonly topics: readonly string[];
  readonly pattern?: string;
  /** by subtask */
  readonly splits: readonly (readonly KafkaSplit[])[];
  readonly bounded: boolean;
  /** 0 = partitions that appear later are not looked for */
  readonly discoveryMs: number;
  /** where to go on when an offset no longer exists */
  readonly reset: 'earliest' | 'latest' | 'none';
  readonly tableName: string;
}

/** What the readers need beside their splits. */
export interface KafkaPlanDetail {
  readonly checkCrc: boolean;
  /** the column that the record's key fills */
  readonly keyField: string | undefined;
}

/** Flink's KafkaSourceEnumerator.getSplitOwner: partitions of a topic go round from a start that its name gives. */
export function splitOwner(topic: string, partition: number, parallelism: number): number {
  let hash = 0;
  for (let i = 0; i < topic.length; i++) hash = (Math.imul(hash, 31) + topic.charCodeAt(i)) | 0;
  return (((Math.imul(hash, 31) & 0x7fffffff) % parallelism) + partition) % parallelism;
}

/** Topics that the options name, or that match the pattern now. */
export async function wantedTopics(cluster: KafkaCluster, topics: readonly string[], pattern: string | undefined): Promise<string[]> {
  if (pattern === undefined) return [...topics];
  const whole = new RegExp(`^(?:${pattern})$`);
  return (await cluster.topicNames()).filter((t) => whole.test(t)).sort();
}

/** Those of the topics that are there now. */
export async function presentTopics(cluster: KafkaCluster, topics: readonly string[]): Promise<string[]> {
  const known = new Set(await cluster.topicNames());
  return topics.filter((t) => known.has(t));
}

/** Leaders of every partition; an unknown topic fails with KAFKA_UNKNOWN_TOPIC and the nearest name there is. */
export async function topicLeaders(cluster: KafkaCluster, topics: readonly string[], place: ErrorPlace): Promise<TopicLeaders> {
  try {
    return await cluster.leaders(topics);
  } catch (e) {
    const type = protocolErrorType(e);
    if (type !== 'UNKNOWN_TOPIC_OR_PARTITION' && type !== 'INVALID_TOPIC_EXCEPTION') throw e;
    const known = await cluster.topicNames();
    const topic = topics.find((t) => !known.includes(t)) ?? topics[0];
    const near = nearest(topic, known);
    throw new MillraceError('KAFKA_UNKNOWN_TOPIC', `there is no topic '${topic}'`, {
      place: { ...place, topic },
      cause: e,
      remedy: near === undefined ? 'Create the topic first.' : `Did you mean '${near}'?`,
    });
  }
}

/** Asks again, for default.api.timeout.ms as Kafka's own client, while partitions are getting their leaders: brokers answer nothing about them before. */
export async function onceLed<T>(properties: KafkaProperties, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const endMs = systemClock.monotonicMs() + intProperty(properties, 'default.api.timeout.ms', 60_000);
  for (let waitMs = KAFKA_BACKOFF_MS_MIN; ; waitMs = Math.min(2 * waitMs, KAFKA_BACKOFF_MS_MAX)) {
    try {
      return await ask();
    } catch (e) {
      if (protocolErrorType(e) === undefined || !isTransient(e) || signal.aborted || systemClock.monotonicMs() > endMs) throw e;
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** Where an offset that no longer exists leads, as Flink sets auto.offset.reset by the startup mode. */
function resetStrategy(o: SourceOptions, p: KafkaProperties): KafkaIoConfig['reset'] {
  switch (o['scan.startup.mode']) {
    case 'group-offsets':
      return (p['auto.offset.reset']?.trim().toLowerCase() ?? 'none') as KafkaIoConfig['reset'];
    case 'latest-offset':
    case 'timestamp':
      return 'latest';
    default:
      return 'earliest';
  }
}

/** Host: finds the partitions, their starts and stops, and gives them to subtasks. */
export async function planKafkaSource(config: SourceConfig, host: HostContext): Promise<SourcePlan> {
  const place = { operator: config.tableName };
  const o = sourceOptions(config.options, place);
  const properties = propertiesOf(config.options);
  const settings = clientSettings(properties, place);
  const bounded = o['scan.bounded.mode'] !== 'unbounded';
  const cluster = await connect(settings, host.signal, place);
  try {
    const reset = resetStrategy(o, properties);
    const { leaders, start, stop } = await onceLed(properties, host.signal, async () => {
      const topics = await wantedTopics(cluster, topicList(o.topic), o['topic-pattern']);
      const request = { cluster, options: o, leaders: await topicLeaders(cluster, topics, place), place, reset };
      return { leaders: request.leaders, start: await resolveStart(request), stop: bounded ? await resolveStop(request) : undefined };
    });
    const restored = new Map((host.restored ?? []).map(readPosition).map((r) => [`${r.partition}:${r.topic}`, r]));
    if (restored.size > 0) await startNewAtBeginning(cluster, leaders, start, restored);
    const found: KafkaSplit[] = [];
    for (const [topic, partitions] of leaders) {
      for (const partition of [...partitions.keys()].sort((a, b) => a - b)) {
        const old = restored.get(`${partition}:${topic}`);
        const from = old?.offset ?? start.get(topic)?.get(partition) ?? 0n;
        const to = old === undefined ? stop?.get(topic)?.get(partition) : old.stop;
        found.push({ number: found.length, topic, partition, start: from, ...(to === undefined ? {} : { stop: to }) });
      }
    }
    const parallelism = Math.max(1, Math.min(host.parallelism, found.length));
    const splits: KafkaSplit[][] = Array.from({ length: parallelism }, () => []);
    for (const s of found) splits[splitOwner(s.topic, s.partition, parallelism)].push(s);
    const io: KafkaIoConfig = {
      properties,
      topics: topicList(o.topic),
      ...(o['topic-pattern'] === undefined ? {} : { pattern: o['topic-pattern'] }),
      splits,
      bounded,
      discoveryMs: bounded ? 0 : o['scan.topic-partition-discovery.interval'],
      reset,
      tableName: config.tableName,
    };
    const detail: KafkaPlanDetail = { checkCrc: booleanProperty(properties, 'check.crcs', true, place), keyField: sourceKeyField(o) };
    const commitIntervalMs = autoCommitIntervalMs(properties);
    const commits = commitIntervalMs === undefined ? {} : { commitIntervalMs };
    return {
      bounded,
      splits,
      detail,
      parallelismMax: parallelism,
      ...commits,
      io: { thread: 'io', module: ownModule('connect/kafka/io-source.js'), config: io },
    };
  } catch (e) {
    throw kafkaError(e, settings.servers, place);
  } finally {
    await cluster.close().catch(() => {});
  }
}

/** Partitions that appeared since the snapshot are read from their beginning, as Flink reads discovered ones. */
async function startNewAtBeginning(
  cluster: KafkaCluster,
  leaders: TopicLeaders,
  start: Map<string, Map<number, bigint>>,
  restored: ReadonlyMap<string, unknown>,
): Promise<void> {
  const earliest = await listOffsets(cluster, leaders, -2);
  for (const [topic, partitions] of leaders) {
    for (const partition of partitions.keys()) {
      if (!restored.has(`${partition}:${topic}`)) start.get(topic)?.set(partition, earliest.get(topic)?.get(partition) ?? 0n);
    }
  }
}
