import { createRequire } from 'node:module';
import { MillraceError } from '../../base/errors.js';
import { repairConnection, repairDecoder, repairRequestQueue, repairScram } from './kafkajs-repairs.js';

/** The parts of kafkajs that are used; found once per thread. */
export interface KafkaJsParts {
  readonly kafkajs: typeof import('kafkajs');
  readonly createCluster: symbol;
  readonly Encoder: new () => { writeBufferInternal(bytes: Buffer): void };
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
      'findBroker',
      'findGroupCoordinator',
      'findTopicPartitionMetadata',
    ]);
    methods('BrokerPool', need('kafkajs/src/cluster/brokerPool.js'), ['findConnectedBroker']);
    methods('Broker', need('kafkajs/src/broker/index.js'), [
      'metadata',
      'listOffsets',
      'findGroupCoordinator',
      'offsetFetch',
      'offsetCommit',
      'initProducerId',
    ]);
    const connection: { prototype: object } = need('kafkajs/src/network/connection.js');
    methods('Connection', connection, [
      'connect',
      'disconnect',
      'authenticate',
      'isAuthenticated',
      'setVersions',
      'getSupportAuthenticationProtocol',
      'setSupportAuthenticationProtocol',
      'rejectRequests',
      'processData',
      'send',
    ]);
    const queue: { prototype: object } = need('kafkajs/src/network/requestQueue/index.js');
    methods('RequestQueue', queue, ['scheduleCheckPendingRequests', 'maybeThrottle', 'fulfillRequest']);
    const decoder: { prototype: object } = need('kafkajs/src/protocol/decoder.js');
    methods('Decoder', decoder, ['readString', 'readBytes', 'readArray', 'readArrayAsync']);
    const { SCRAM: scram }: { SCRAM?: { hi?: unknown } } = need('kafkajs/src/broker/saslAuthenticator/scram.js');
    if (typeof scram?.hi !== 'function') throw missing('SCRAM.hi');
    repairRequestQueue(queue.prototype as never);
    repairConnection(connection.prototype as never);
    repairDecoder(decoder.prototype as never);
    repairScram(scram as never);
    const Encoder: KafkaJsParts['Encoder'] = need('kafkajs/src/protocol/encoder.js');
    methods('Encoder', Encoder as never, ['writeBufferInternal']);
    methods('ConnectionPool', need('kafkajs/src/network/connectionPool.js'), ['send']);
    return { kafkajs, createCluster, Encoder };
  } catch (e) {
    throw e instanceof MillraceError ? e : missing(part, e);
  }
}
