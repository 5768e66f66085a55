import { createRequire } from 'node:module';
import { MillraceError } from '../../base/errors.js';
import { coordinated } from './coordinator.js';
import { decodeFetchResponse, FETCH_VERSION_MAX, FETCH_VERSION_MIN, type FetchResponse } from './fetch-response.js';
import { decodeProduceResponse, encodeProduce, PRODUCE_VERSION_MAX, PRODUCE_VERSION_MIN, type ProduceResponse } from './produce-codec.js';
import type { ClientSettings } from './settings.js';

/**
 * The only file that touches what kafkajs 2.2.4 does not promise: its cluster, brokers, connections and request encoders.
 * Its public consumer cannot own partitions and makes an object per record; Fetch over its connections gives raw bytes.
 */

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** A whole record batch for each of some partitions of one topic. */
export interface ProduceRequest {
  readonly topic: string;
  /** -1 = all in-sync replicas, 1 = the leader, 0 = nobody answers */
  readonly acks: number;
  readonly timeoutMs: number;
  readonly batches: readonly { readonly partition: number; readonly bytes: Buffer }[];
}

export interface FetchRequest {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  readonly rackId: string;
  readonly topics: readonly { topic: string; partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[] }[];
}

interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
}
interface Protocol {
  request: object;
  response: object;
  requestTimeout?: number;
}
interface Connection {
  rejectRequests(error: Error): void;
}
interface InternalBroker {
  connectionPool: { pool: Connection[]; send(protocol: Protocol): Promise<unknown> };
  versions: Record<number, { minVersion: number; maxVersion: number }> | null;
  metadata(topics: readonly string[]): Promise<{ topicMetadata: { topic: string; isInternal?: boolean; partitionMetadata: PartitionMetadata[] }[] }>;
  listOffsets(request: object): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  offsetFetch(request: object): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  offsetCommit(request: object): Promise<unknown>;
  initProducerId(request: object): Promise<{ producerId: string | number; producerEpoch: number }>;
}
interface InternalCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findBroker(at: { nodeId: number }): Promise<InternalBroker>;
  findGroupCoordinator(of: { groupId: string }): Promise<InternalBroker>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  brokerPool: { brokers: Record<string, InternalBroker>; seedBroker?: InternalBroker; findConnectedBroker(): Promise<InternalBroker> };
}
type FetchDefinition = (arg: object) => Protocol;

/** The parts of kafkajs that are used; found once per thread. */
export interface KafkaJsParts {
  readonly kafkajs: typeof import('kafkajs');
  readonly createCluster: symbol;
  readonly fetchVersions: ReadonlyMap<number, FetchDefinition>;
  readonly fetchApiKey: number;
  readonly produceApiKey: number;
}

type Load = (path: string) => unknown;
const loadFromPackage: Load = createRequire(import.meta.url);

/** Finds every part, or fails with KAFKA_CLIENT naming the first one that is missing. */
export function findParts(load: Load = loadFromPackage): KafkaJsParts {
  let part = 'package';
  const need = (path: string): never => {
    part = path;
    return load(path) as never;
  };
  const missing = (what: string, cause?: unknown): MillraceError =>
    new MillraceError('KAFKA_CLIENT', `the installed kafkajs has no ${what}`, {
      cause,
      remedy: 'millrace works with kafkajs 2.2.4: install exactly that version.',
    });
  const methods = (what: string, owner: { prototype?: object } | undefined, names: readonly string[]): void => {
    const prototype = owner?.prototype as Record<string, unknown> | undefined;
    for (const n of names) if (typeof prototype?.[n] !== 'function') throw missing(`${what}.${n}`);
  };
  try {
    const kafkajs: typeof import('kafkajs') = need('kafkajs');
    const client = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'], logLevel: kafkajs.logLevel.NOTHING });
    const createCluster = Object.getOwnPropertySymbols(client).find((s) => s.description === 'private:Kafka:createCluster');
    if (createCluster === undefined) throw missing('private cluster factory');
    methods('Cluster', need('kafkajs/src/cluster/index.js'), [
      'connect',
      'disconnect',
      'refreshMetadata',
      'addMultipleTargetTopics',
      'findBroker',
      'findGroupCoordinator',
      'findTopicPartitionMetadata',
    ]);
    methods('BrokerPool', need('kafkajs/src/cluster/brokerPool.js'), ['findConnectedBroker']);
    methods('Broker', need('kafkajs/src/broker/index.js'), ['metadata', 'listOffsets', 'offsetFetch', 'offsetCommit', 'initProducerId']);
    methods('ConnectionPool', need('kafkajs/src/network/connectionPool.js'), ['send']);
    methods('Connection', need('kafkajs/src/network/connection.js'), ['send', 'rejectRequests']);
    const queue: { prototype: object } = need('kafkajs/src/network/requestQueue/index.js');
    methods('RequestQueue', queue, ['scheduleCheckPendingRequests']);
    quietRequestQueue(queue.prototype as QueuePrototype);
    const fetch: { versions: string[]; protocol(at: { version: number }): FetchDefinition } = need('kafkajs/src/protocol/requests/fetch/index.js');
    const fetchVersions = new Map<number, FetchDefinition>();
    for (let version = FETCH_VERSION_MIN; version <= FETCH_VERSION_MAX; version++) {
      const definition = fetch.protocol({ version });
      const { request } = definition({ maxWaitTime: 1, minBytes: 1, maxBytes: 1, topics: [] }) as { request?: { encode?: unknown } };
      if (typeof request?.encode !== 'function') throw missing(`Fetch request encoder of version ${version}`);
      fetchVersions.set(version, definition);
    }
    const keys: { Fetch?: number; Produce?: number } = need('kafkajs/src/protocol/requests/apiKeys.js');
    if (keys.Fetch === undefined || keys.Produce === undefined) throw missing('API keys of Fetch and Produce');
    return { kafkajs, createCluster, fetchVersions, fetchApiKey: keys.Fetch, produceApiKey: keys.Produce };
  } catch (e) {
    throw e instanceof MillraceError ? e : missing(part, e);
  }
}

interface QueuePrototype {
  pending: readonly unknown[];
  quiet?: true;
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs 2.2.4 sets a timer to a negative time after every response when nothing is pending, and again whenever it fires:
 * a busy loop, and a TimeoutNegativeWarning on Node >= 24. With nothing pending there is nothing to check.
 */
function quietRequestQueue(prototype: QueuePrototype): void {
  if (prototype.quiet === true) return;
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: QueuePrototype): void {
    if (this.pending.length > 0) original.call(this);
  };
  prototype.quiet = true;
}

let found: KafkaJsParts | undefined;

/** kafkajs's public client with its log silenced. */
export function createClient(settings: ClientSettings, retries: number): import('kafkajs').Kafka {
  found ??= findParts();
  const { Kafka, logLevel } = found.kafkajs;
  return new Kafka({
    brokers: [...settings.servers],
    clientId: settings.clientId,
    connectionTimeout: 3000,
    requestTimeout: settings.requestTimeoutMs,
    retry: { retries: Math.max(retries, settings.servers.length), initialRetryTime: 100, maxRetryTime: 1000 },
    logLevel: logLevel.NOTHING,
    ...(settings.tls === undefined ? {} : { ssl: settings.tls }),
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl }),
  } as import('kafkajs').KafkaConfig);
}

/** A connection to a cluster, as a source needs it. Errors are kafkajs's own. */
export class KafkaCluster {
  readonly #parts: KafkaJsParts;
  readonly #cluster: InternalCluster;

  constructor(settings: ClientSettings, autoCreateTopics = false) {
    const client = createClient(settings, 8) as unknown as Record<symbol, (options: object) => InternalCluster>;
    this.#parts = found as KafkaJsParts;
    this.#cluster = client[this.#parts.createCluster]({ metadataMaxAge: 300_000, allowAutoTopicCreation: autoCreateTopics });
  }

  connect(): Promise<void> {
    return this.#cluster.connect();
  }

  /** Ends every connection at once; requests in flight are rejected. */
  async close(): Promise<void> {
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    const error = new Error('closed');
    for (const broker of new Set([...Object.values(brokers), seedBroker])) {
      for (const c of broker?.connectionPool.pool ?? []) c.rejectRequests(error);
    }
    await this.#cluster.disconnect();
  }

  /** Names of all topics of the cluster that are not Kafka's own. */
  async topicNames(): Promise<string[]> {
    const broker = await this.#cluster.brokerPool.findConnectedBroker();
    const { topicMetadata } = await broker.metadata([]);
    return topicMetadata.filter((t) => t.isInternal !== true).map((t) => t.topic);
  }

  /** Reads the metadata anew: leader's node id by partition number, for each topic. An unknown topic is an error of type UNKNOWN_TOPIC_OR_PARTITION. */
  async leaders(topics: readonly string[]): Promise<Map<string, Map<number, number>>> {
    await this.#cluster.addMultipleTargetTopics(topics);
    await this.#cluster.refreshMetadata();
    const out = new Map<string, Map<number, number>>();
    for (const topic of topics) out.set(topic, new Map(this.#cluster.findTopicPartitionMetadata(topic).map((p) => [p.partitionId, p.leader])));
    return out;
  }

  /** Offsets by timestamp (ms; -1 = latest, -2 = earliest); -1n where no record is that young. All partitions must have `leader` as their leader. */
  async listOffsets(leader: number, of: readonly TopicPartitions[], timestamp: number, isolationLevel: number): Promise<Map<string, Map<number, bigint>>> {
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    const topics = of.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }));
    return byPartition((await broker.listOffsets({ isolationLevel, topics })).responses);
  }

  /** Offsets a group has committed; -1n where it has none. */
  async committed(groupId: string, of: readonly TopicPartitions[]): Promise<Map<string, Map<number, bigint>>> {
    const topics = of.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((partition) => ({ partition })) }));
    return byPartition((await coordinated(this.#cluster, groupId, (broker) => broker.offsetFetch({ groupId, topics }))).responses);
  }

  /** Commits offsets for a group without members, as a consumer that assigns partitions itself does. */
  async commit(groupId: string, topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]): Promise<void> {
    await coordinated(this.#cluster, groupId, (broker) => broker.offsetCommit({ groupId, groupGenerationId: -1, memberId: '', topics }));
  }

  /** An id under which sequence numbers make retries harmless. */
  async initProducer(): Promise<{ id: bigint; epoch: number }> {
    const broker = await this.#cluster.brokerPool.findConnectedBroker();
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionalId: null, transactionTimeout: 60_000 });
    return { id: BigInt(producerId), epoch: producerEpoch };
  }

  /** One Produce to a leader: the error code of each partition, 0 = taken. */
  async produce(leader: number, request: ProduceRequest): Promise<ReadonlyMap<number, number>> {
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    const version = this.#version(broker, this.#parts.produceApiKey, 'Produce', PRODUCE_VERSION_MIN, PRODUCE_VERSION_MAX);
    const buf = encodeProduce(request);
    const response = {
      decode: async (payload: Buffer) => decodeProduceResponse(payload, version),
      parse: async (data: ProduceResponse) => data.errors,
    };
    const answered = await broker.connectionPool.send({
      request: {
        apiKey: this.#parts.produceApiKey,
        apiVersion: version,
        apiName: 'Produce',
        expectResponse: () => request.acks !== 0,
        encode: async () => ({ buf, buffer: buf }),
      },
      response,
    });
    return (answered as ReadonlyMap<number, number> | undefined) ?? new Map(request.batches.map((b) => [b.partition, 0]));
  }

  /** The newest version that the broker and this client speak. */
  #version(broker: InternalBroker, apiKey: number, name: string, min: number, max: number): number {
    const range = broker.versions?.[apiKey];
    const version = Math.min(range?.maxVersion ?? 0, max);
    if (version < min || version < (range?.minVersion ?? 0)) {
      throw new MillraceError('KAFKA_CLIENT', `the broker speaks ${name} ${range?.minVersion} to ${range?.maxVersion}, millrace ${min} to ${max}`);
    }
    return version;
  }

  /** One Fetch to a leader; waits there up to maxWaitTime ms for data. */
  async fetch(leader: number, request: FetchRequest): Promise<FetchResponse> {
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    const version = this.#version(broker, this.#parts.fetchApiKey, 'Fetch', FETCH_VERSION_MIN, FETCH_VERSION_MAX);
    const definition = this.#parts.fetchVersions.get(version) as FetchDefinition;
    const { request: encoded, requestTimeout } = definition(request);
    const response = {
      decode: async (payload: Buffer) => {
        const decoded = decodeFetchResponse(payload, version);
        return { decoded, clientSideThrottleTime: decoded.throttleTimeMs };
      },
      parse: async (data: { decoded: FetchResponse }) => data.decoded,
    };
    return (await broker.connectionPool.send({ request: encoded, response, requestTimeout })) as FetchResponse;
  }
}

function byPartition(responses: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]): Map<string, Map<number, bigint>> {
  return new Map(responses.map((r) => [r.topic, new Map(r.partitions.map((p) => [p.partition, BigInt(p.offset)]))]));
}
