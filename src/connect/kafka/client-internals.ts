import type { Socket } from 'node:net';
import { coordinated } from './coordinator.js';
import { isTlsFailure, notKafka } from './failure.js';
import { findParts, type KafkaJsParts } from './kafkajs-parts.js';
import { BrokerLink } from './link.js';
import type { ClientSettings } from './settings.js';
import { socketFactory } from './socket.js';
import { decodeTopicIds, encodeTopicIdsRequest, METADATA_API_KEY, METADATA_IDS_VERSION } from './topic-ids.js';

/**
 * The only file, with kafkajs-parts.ts and kafkajs-repairs.ts, that touches what kafkajs 2.2.4 does not promise: its cluster, brokers and connections. kafkajs finds brokers, leaders
 * and offsets and opens connections (TLS, SASL); records travel over links of their own, because its consumer makes an object per record.
 */

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
}
type Versions = Record<number, { minVersion: number; maxVersion: number }>;
interface Connection {
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly ssl: unknown;
  readonly sasl: unknown;
  readonly clientId: string;
  readonly logger: unknown;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly reauthenticationThreshold: number;
  readonly socket: Socket;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  authenticate(): Promise<void>;
  isAuthenticated(): boolean;
  setVersions(versions: Versions | null): void;
  getSupportAuthenticationProtocol(): boolean;
  setSupportAuthenticationProtocol(supported: boolean): void;
  rejectRequests(error: Error): void;
}
interface InternalBroker {
  connectionPool: { pool: Connection[]; send(what: object): Promise<{ ids: Map<string, string> }> };
  versions: Versions | null;
  metadata(topics: readonly string[]): Promise<{ topicMetadata: { topic: string; isInternal?: boolean; partitionMetadata: PartitionMetadata[] }[] }>;
  listOffsets(request: object): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  findGroupCoordinator(of: object): Promise<unknown>;
  offsetFetch(request: object): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  offsetCommit(request: object): Promise<unknown>;
  initProducerId(request: object): Promise<{ producerId: string | number; producerEpoch: number }>;
}
interface InternalCluster {
  targetTopics: Set<string>;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findBroker(at: { nodeId: number }): Promise<InternalBroker>;
  findGroupCoordinator(of: { groupId: string }): Promise<InternalBroker>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  brokerPool: { brokers: Record<string, InternalBroker>; seedBroker?: InternalBroker; findConnectedBroker(): Promise<InternalBroker> };
}
let found: KafkaJsParts | undefined;

/** kafkajs's public client with its log silenced. */
export function createClient(settings: ClientSettings, retries: number, onSocketError?: (e: Error) => void): import('kafkajs').Kafka {
  found ??= findParts();
  const { Kafka, logLevel } = found.kafkajs;
  return new Kafka({
    brokers: [...settings.servers],
    clientId: settings.clientId,
    connectionTimeout: 3000,
    requestTimeout: settings.requestTimeoutMs,
    retry: { retries: Math.max(retries, settings.servers.length), initialRetryTime: 100, maxRetryTime: 1000 },
    logLevel: logLevel.NOTHING,
    socketFactory: onSocketError === undefined ? socketFactory : (o: Parameters<typeof socketFactory>[0]) => socketFactory(o).on('error', onSocketError),
    ...(settings.tls === undefined ? {} : { ssl: settings.tls }),
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl }),
  } as unknown as import('kafkajs').KafkaConfig);
}

/** A connection to a cluster, as a source needs it. Errors are kafkajs's own. */
export class KafkaCluster {
  readonly #cluster: InternalCluster;
  readonly #secured: boolean;
  readonly #links = new Set<BrokerLink>();
  #closed = false;
  /** Rejects when TLS fails: that does not pass, and kafkajs would try again for long. */
  readonly tlsFailure: Promise<never>;

  constructor(settings: ClientSettings, autoCreateTopics = false) {
    let refuse: (e: Error) => void = () => {};
    this.tlsFailure = new Promise((_, reject) => (refuse = reject));
    this.tlsFailure.catch(() => {});
    const onSocketError = (e: Error): void => {
      if (isTlsFailure(e)) refuse(e);
    };
    const client = createClient(settings, 8, onSocketError) as unknown as Record<symbol, (options: object) => InternalCluster>;
    const { createCluster } = found as KafkaJsParts;
    this.#secured = settings.sasl !== undefined;
    this.#cluster = client[createCluster]({ metadataMaxAge: 300_000, allowAutoTopicCreation: autoCreateTopics });
  }

  connect(): Promise<void> {
    return this.#cluster.connect();
  }

  /** Ends the links that were opened; what was asked for on them fails. */
  closeLinks(): void {
    for (const link of this.#links) link.close();
  }

  /** Ends every connection at once; requests in flight are rejected. */
  async close(): Promise<void> {
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    const error = new Error('closed');
    this.#closed = true;
    this.closeLinks();
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
    this.#cluster.targetTopics = new Set(topics); // those that were deleted would fail every refresh
    await this.#cluster.refreshMetadata();
    const out = new Map<string, Map<number, number>>();
    for (const topic of topics) {
      const partitions = new Map(this.#cluster.findTopicPartitionMetadata(topic).map((p) => [p.partitionId, p.leader]));
      if ([...partitions.keys()].some((id) => id < 0 || id >= partitions.size)) throw notKafka('the broker', `partitions ${[...partitions.keys()].join(', ')}`);
      out.set(topic, partitions);
    }
    return out;
  }

  /** Ids of topics that are there; none from brokers before 2.8. */
  async topicIds(topics: readonly string[]): Promise<Map<string, string>> {
    const broker = await this.#cluster.brokerPool.findConnectedBroker();
    if ((broker.versions?.[METADATA_API_KEY]?.maxVersion ?? 0) < METADATA_IDS_VERSION || topics.length === 0) return new Map();
    const { Encoder } = found as KafkaJsParts;
    const body = new Encoder();
    body.writeBufferInternal(encodeTopicIdsRequest(topics));
    const encode = async (): Promise<object> => body;
    const request = { apiKey: METADATA_API_KEY, apiVersion: METADATA_IDS_VERSION, apiName: 'Metadata', encode };
    const response = { decode: async (payload: Buffer) => ({ ids: decodeTopicIds(payload) }), parse: async (data: object) => data };
    return (await broker.connectionPool.send({ request, response })).ids;
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
    return byPartition((await coordinated(this, groupId, (broker) => broker.offsetFetch({ groupId, topics }))).responses);
  }

  /** Commits offsets for a group without members, as a consumer that assigns partitions itself does. */
  async commit(groupId: string, topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]): Promise<void> {
    await coordinated(this, groupId, (broker) => broker.offsetCommit({ groupId, groupGenerationId: -1, memberId: '', topics }));
  }

  /** kafkajs asks one broker after the other and does not say why each would not answer; the last one is asked for that. */
  async findGroupCoordinator(of: { groupId: string }): Promise<InternalBroker> {
    try {
      return await this.#cluster.findGroupCoordinator(of);
    } catch (e) {
      if (/coordinator/i.test(String(e))) await (await this.#cluster.brokerPool.findConnectedBroker()).findGroupCoordinator({ ...of, coordinatorType: 0 });
      throw e;
    }
  }

  /** An id under which sequence numbers make retries harmless. */
  async initProducer(transactionalId: string | null): Promise<{ id: bigint; epoch: number }> {
    const broker = await this.#cluster.brokerPool.findConnectedBroker();
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionalId, transactionTimeout: 60_000 });
    return { id: BigInt(producerId), epoch: producerEpoch };
  }

  /** A connection of its own to a broker, for raw requests that it may hold for `waitMs`. Closed with the cluster. */
  async openLink(nodeId: number, waitMs = 0): Promise<BrokerLink> {
    const broker = await this.#cluster.findBroker({ nodeId });
    const [base] = broker.connectionPool.pool;
    const { host, port, rack, ssl, sasl, clientId, logger, connectionTimeout, requestTimeout, reauthenticationThreshold } = base;
    const make = base.constructor as new (options: object) => Connection;
    const options = { host, port, rack, ssl, sasl, clientId, logger, connectionTimeout, requestTimeout, reauthenticationThreshold, socketFactory };
    const connection = new make(options);
    connection.setVersions(broker.versions);
    connection.setSupportAuthenticationProtocol(base.getSupportAuthenticationProtocol());
    await connection.connect();
    await connection.authenticate();
    const link = new BrokerLink(connection.socket, {
      address: `${host}:${port}`,
      clientId,
      timeoutMs: requestTimeout + waitMs,
      versions: broker.versions ?? {},
      expired: () => this.#secured && !connection.isAuthenticated(),
      end: () => {
        this.#links.delete(link);
        void connection.disconnect().catch(() => {});
      },
    });
    this.#links.add(link);
    if (this.#closed) link.close();
    return link;
  }
}

function byPartition(responses: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]): Map<string, Map<number, bigint>> {
  return new Map(responses.map((r) => [r.topic, new Map(r.partitions.map((p) => [p.partition, BigInt(p.offset)]))]));
}
