import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import type { KafkaCluster, TopicPartitions } from './client-internals.js';
import { parseSpecificOffsets, type SourceOptions } from './options.js';

/** topic -> partition -> leader's node id */
export type TopicLeaders = ReadonlyMap<string, ReadonlyMap<number, number>>;
/** topic -> partition -> offset */
export type Offsets = Map<string, Map<number, bigint>>;

const EARLIEST = -2;
const LATEST = -1;

/** Asks every leader for its partitions' offsets: by timestamp in ms, or EARLIEST (-2), LATEST (-1); -1n where no record is that young. */
export async function listOffsets(cluster: KafkaCluster, leaders: TopicLeaders, timestamp: number): Promise<Offsets> {
  const byLeader = new Map<number, TopicPartitions[]>();
  for (const [topic, partitions] of leaders) {
    for (const leader of new Set(partitions.values())) {
      const led = [...partitions].filter(([, l]) => l === leader).map(([p]) => p);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), { topic, partitions: led }]);
    }
  }
  const out: Offsets = new Map([...leaders.keys()].map((t) => [t, new Map()]));
  await Promise.all(
    [...byLeader].map(async ([leader, of]) => {
      for (const [topic, offsets] of await cluster.listOffsets(leader, of, timestamp, 0)) {
        for (const [partition, offset] of offsets) out.get(topic)?.set(partition, offset);
      }
    }),
  );
  return out;
}

export interface OffsetRequest {
  readonly cluster: KafkaCluster;
  readonly options: SourceOptions;
  readonly leaders: TopicLeaders;
  readonly place: ErrorPlace;
  readonly reset: 'earliest' | 'latest' | 'none';
}

/** The first offset to read of each partition, as Flink's OffsetsInitializer finds it for each startup mode. */
export async function resolveStart(r: OffsetRequest): Promise<Offsets> {
  const { cluster, leaders, options: o } = r;
  switch (o['scan.startup.mode']) {
    case 'earliest-offset':
      return listOffsets(cluster, leaders, EARLIEST);
    case 'latest-offset':
      return listOffsets(cluster, leaders, LATEST);
    case 'timestamp':
      return byTimestamp(r, o['scan.startup.timestamp-millis'] ?? 0);
    case 'specific-offsets': {
      const given = parseSpecificOffsets('scan.startup.specific-offsets', o['scan.startup.specific-offsets'] ?? '', r.place);
      const others = o['properties.group.id'] === undefined ? await listOffsets(cluster, leaders, EARLIEST) : await committed(r, 'earliest');
      return mapOffsets(leaders, (topic, partition) => given.get(partition) ?? others.get(topic)?.get(partition));
    }
    case 'group-offsets':
      return committed(r, r.reset);
  }
}

/** The first offset not to read of each partition. */
export async function resolveStop(r: OffsetRequest): Promise<Offsets> {
  const { cluster, leaders, options: o } = r;
  switch (o['scan.bounded.mode']) {
    case 'timestamp':
      return byTimestamp(r, o['scan.bounded.timestamp-millis'] ?? 0);
    case 'specific-offsets': {
      // A partition without an offset is not read at all.
      const given = parseSpecificOffsets('scan.bounded.specific-offsets', o['scan.bounded.specific-offsets'] ?? '', r.place);
      return mapOffsets(leaders, (_, partition) => given.get(partition) ?? 0n);
    }
    case 'group-offsets':
      return committed(r, 'none');
    default:
      return listOffsets(cluster, leaders, LATEST);
  }
}

async function byTimestamp(r: OffsetRequest, timestamp: number): Promise<Offsets> {
  const [at, latest] = await Promise.all([listOffsets(r.cluster, r.leaders, timestamp), listOffsets(r.cluster, r.leaders, LATEST)]);
  return mapOffsets(r.leaders, (topic, partition) => {
    const offset = at.get(topic)?.get(partition) ?? -1n;
    return offset >= 0n ? offset : latest.get(topic)?.get(partition);
  });
}

async function committed(r: OffsetRequest, reset: 'earliest' | 'latest' | 'none'): Promise<Offsets> {
  const groupId = r.options['properties.group.id'] ?? '';
  const of = [...r.leaders].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }));
  const found = await r.cluster.committed(groupId, of);
  const others = reset === 'none' ? undefined : await listOffsets(r.cluster, r.leaders, reset === 'earliest' ? EARLIEST : LATEST);
  return mapOffsets(r.leaders, (topic, partition) => {
    const offset = found.get(topic)?.get(partition) ?? -1n;
    if (offset >= 0n) return offset;
    if (others !== undefined) return others.get(topic)?.get(partition);
    throw new MillraceError('KAFKA_OFFSET', `the group '${groupId}' has committed no offset for this partition, and no reset policy is set`, {
      place: { ...r.place, topic, partition },
      remedy: "Set 'properties.auto.offset.reset' to 'earliest' or 'latest', or another 'scan.startup.mode'.",
    });
  });
}

function mapOffsets(leaders: TopicLeaders, offsetOf: (topic: string, partition: number) => bigint | undefined): Offsets {
  return new Map([...leaders].map(([topic, partitions]) => [topic, new Map([...partitions.keys()].map((p) => [p, offsetOf(topic, p) ?? 0n]))]));
}
