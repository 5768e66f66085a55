import { assert } from '../../base/assert.js';
import { KAFKA_BATCH_BYTES } from '../../base/limits.js';
import type { Batch } from '../../batch/batch.js';
import type { RecordEncoder } from '../../contract/format.js';
import type { FrameWriter } from '../../contract/io.js';
import type { SinkConfig, SinkPlan, SinkWriter, WriterContext } from '../../contract/sink.js';
import { flatten } from '../../types/leaf.js';
import { BatchBuilder } from './batch-builder.js';
import { compressionType, propertiesOf, sinkOptions, topicList } from './options.js';
import { intProperty } from './settings.js';

/** What the host found out about the topic. */
export interface KafkaSinkDetail {
  readonly partitions: number;
}

/** Writes a subtask's rows into record batches and offers each to the producer when it is full or flushed. Done when every batch was acknowledged. */
export class KafkaWriter implements SinkWriter {
  readonly #ctx: WriterContext;
  readonly #encoder: RecordEncoder;
  readonly #frames: FrameWriter;
  readonly #builder: BatchBuilder;
  /** the batch whose records wait for room */
  #batch: Batch | undefined;
  #slices = 0;
  #count = 0;
  #done = 0;
  /** a sealed batch for which there was no room */
  #held: { readonly partition: number; readonly ptr: number; readonly length: number } | undefined;

  constructor(config: SinkConfig, plan: SinkPlan, ctx: WriterContext) {
    assert(ctx.encoder !== undefined && ctx.frames !== undefined, 'a kafka writer has an encoder and frames');
    this.#ctx = ctx;
    this.#encoder = ctx.encoder;
    this.#frames = ctx.frames;
    const options = sinkOptions(config.options);
    const leaves = flatten(config.schema);
    const leafOf = (name: string | undefined): number => leaves.findIndex((l) => l.path.length === 1 && l.path[0] === name);
    const metadataLeaf = (key: string): number => leafOf(config.schema.fields.find((_, i) => config.metadata[i] === key)?.name);
    const { partitions } = plan.detail as KafkaSinkDetail;
    this.#builder = new BatchBuilder(ctx.engine, {
      partitions,
      batchBytes: intProperty(propertiesOf(config.options), 'batch.size', KAFKA_BATCH_BYTES),
      keyLeaf: leafOf(topicList(options['key.fields'])[0]),
      timeLeaf: metadataLeaf('timestamp'),
      headersLeaf: metadataLeaf('headers'),
      fixed: options['sink.partitioner'] === 'fixed',
      sticky: ctx.subtaskIndex % partitions,
      compression: compressionType(propertiesOf(config.options)),
    });
  }

  write(batch: Batch): boolean {
    const { slices, count } = this.#encoder.encodeSlices(batch);
    this.#batch = batch;
    this.#slices = slices;
    this.#count = count;
    this.#done = 0;
    return this.resume();
  }

  /** Appends what is left of the batch; true while there is no room. */
  resume(): boolean {
    if (!this.#offerHeld()) return true;
    const batch = this.#batch;
    const nowMs = BigInt(Math.trunc(this.#ctx.clock.nowMs()));
    while (batch !== undefined && this.#done < this.#count) {
      this.#done += this.#builder.append(batch, this.#slices, this.#done, this.#count, nowMs);
      if (this.#done === this.#count) break;
      const { full } = this.#builder;
      if (!this.#offer(full)) return true;
      this.#builder.makeRoom(full);
    }
    this.#batch = undefined;
    return false;
  }

  flush(): boolean {
    return !this.#offerAll();
  }

  finish(): boolean {
    return !this.#offerAll() || this.#frames.pending > 0;
  }

  close(): void {
    this.#builder.close();
  }

  #offerAll(): boolean {
    let all = this.#offerHeld();
    for (let p = 0; p < this.#builder.partitions && all; p++) all = this.#offer(p);
    return all;
  }

  /** Hands a partition's batch over; false when there is no room. */
  #offer(partition: number): boolean {
    if (this.#builder.count(partition) === 0) return true;
    this.#held = { partition, ...this.#builder.seal(partition) };
    return this.#offerHeld();
  }

  /** Until a sealed batch has left nothing is appended or sealed: its bytes must stay as they are. */
  #offerHeld(): boolean {
    if (this.#held === undefined) return true;
    if (!this.#frames.offer(this.#held.ptr, this.#held.length)) return false;
    this.#builder.clear(this.#held.partition);
    this.#held = undefined;
    return true;
  }
}
