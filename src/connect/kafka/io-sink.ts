import type { Message, Producer } from 'kafkajs';
import type { IoContext, IoSink } from '../../contract/io.js';
import { createClient, loadKafkaJs } from './client-internals.js';
import { withinConnectTimeout } from './connect.js';
import { kafkaError } from './failure.js';
import { unpackRecords } from './send-frame.js';
import { booleanProperty, clientSettings, type ClientSettings, intProperty, type KafkaProperties, oneOfProperty } from './settings.js';

/** What the I/O thread needs to produce. */
export interface KafkaSinkConfig {
  readonly properties: KafkaProperties;
  readonly topic: string;
  readonly partitioner: 'default' | 'fixed' | 'round-robin';
  readonly tableName: string;
}

interface Queued {
  readonly messages: SubtaskMessage[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (e: unknown) => void;
}
/** A message that knows its subtask: the 'fixed' partitioner needs it. */
type SubtaskMessage = Message & { subtask: number };

/** Produces what the slots send: one request at a time, so that retries keep the order; what arrives meanwhile goes with the next one. */
class KafkaIoSink implements IoSink {
  readonly #config: KafkaSinkConfig;
  readonly #settings: ClientSettings;
  readonly #producer: Producer;
  readonly #acks: number;
  readonly #compression: number;
  readonly #sendBytesMax: number;
  readonly #signal: AbortSignal;
  readonly #queue: Queued[] = [];
  #sending: Promise<void> | undefined;
  #failure: unknown;

  constructor(config: KafkaSinkConfig, ctx: IoContext) {
    const p = config.properties;
    this.#config = config;
    this.#signal = ctx.signal;
    this.#settings = clientSettings(p);
    this.#acks = { all: -1, '-1': -1, '0': 0, '1': 1 }[oneOfProperty(p, 'acks', ['all', '-1', '0', '1'], 'all')];
    this.#compression = oneOfProperty(p, 'compression.type', ['none', 'gzip'], 'none') === 'gzip' ? 1 : 0;
    // All records of a request may go to one partition as one batch, and a batch must not be larger than message.max.bytes.
    this.#sendBytesMax = Math.floor(intProperty(p, 'max.request.size', 1 << 20) / 2);
    const idempotent = booleanProperty(p, 'enable.idempotence', true) && this.#acks === -1;
    const deliveryMs = intProperty(p, 'delivery.timeout.ms', 120_000);
    const { Partitioners } = loadKafkaJs();
    const fixed = () => (arg: { partitionMetadata: { partitionId: number }[]; message: Message }) => {
      const partitions = arg.partitionMetadata.map((m) => m.partitionId).sort((a, b) => a - b);
      return partitions[(arg.message as SubtaskMessage).subtask % partitions.length];
    };
    // The client waits at most about a second between tries.
    this.#producer = createClient(this.#settings, Math.ceil(deliveryMs / 1000)).producer({
      idempotent,
      createPartitioner: config.partitioner === 'fixed' ? fixed : Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: true,
    });
  }

  async open(): Promise<void> {
    const place = { operator: this.#config.tableName, topic: this.#config.topic };
    await withinConnectTimeout(this.#producer.connect(), this.#settings, this.#signal, place);
  }

  write(subtask: number, frame: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#error(this.#failure));
    const messages = unpackRecords(Buffer.from(frame)) as SubtaskMessage[];
    for (const m of messages) m.subtask = subtask;
    const acknowledged = new Promise<void>((resolve, reject) => {
      this.#queue.push({ messages, bytes: frame.length, resolve, reject });
    });
    this.#sending ??= this.#drain();
    return acknowledged;
  }

  async close(): Promise<void> {
    this.#failure ??= new Error('closed');
    await this.#producer.disconnect();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group: Queued[] = [];
      let bytes = 0;
      while (this.#queue.length > 0 && (group.length === 0 || bytes + this.#queue[0].bytes <= this.#sendBytesMax)) {
        const q = this.#queue.shift() as Queued;
        bytes += q.bytes;
        group.push(q);
      }
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#producer.send({
          topic: this.#config.topic,
          acks: this.#acks,
          compression: this.#compression,
          messages: group.flatMap((q) => q.messages),
        });
        for (const q of group) q.resolve();
      } catch (e) {
        this.#failure ??= e;
        for (const q of group) q.reject(this.#error(e));
      }
    }
    this.#sending = undefined;
  }

  #error(e: unknown): Error {
    return kafkaError(e, this.#settings.servers, { operator: this.#config.tableName, topic: this.#config.topic });
  }
}

export function createIoSink(config: KafkaSinkConfig, ctx: IoContext): IoSink {
  return new KafkaIoSink(config, ctx);
}
