import { assert } from '../../base/assert.js';
import { OUTPUT_BUFFER_BYTES } from '../../base/limits.js';
import type { Batch } from '../../batch/batch.js';
import type { RecordEncoder } from '../../contract/format.js';
import type { FrameWriter } from '../../contract/io.js';
import type { SinkConfig, SinkWriter, WriterContext } from '../../contract/sink.js';
import { flatten } from '../../types/leaf.js';
import { sinkOptions, topicList } from './options.js';
import { SEND_HEADER_BYTES } from './send-frame.js';

/** Packs a subtask's rows as records and offers them to the producer. Done when every frame was acknowledged. */
export class KafkaWriter implements SinkWriter {
  readonly #ctx: WriterContext;
  readonly #encoder: RecordEncoder;
  readonly #frames: FrameWriter;
  /** leaf index of the key column, of the timestamp metadata; -1 = none */
  readonly #keyLeaf: number;
  readonly #timeLeaf: number;
  readonly #packed: number;
  #buffer: number;
  #capacity = OUTPUT_BUFFER_BYTES;
  #filled = 0;
  /** the batch whose records wait for room */
  #batch: Batch | undefined;
  #slices = 0;
  #count = 0;
  #done = 0;

  constructor(config: SinkConfig, ctx: WriterContext) {
    assert(ctx.encoder !== undefined && ctx.frames !== undefined, 'a kafka writer has an encoder and frames');
    this.#ctx = ctx;
    this.#encoder = ctx.encoder;
    this.#frames = ctx.frames;
    const leaves = flatten(config.schema);
    const leafOf = (name: string | undefined): number => leaves.findIndex((l) => l.path.length === 1 && l.path[0] === name);
    this.#keyLeaf = leafOf(topicList(sinkOptions(config.options)['key.fields'])[0]);
    this.#timeLeaf = leafOf(config.schema.fields.find((_, i) => config.metadata[i] === 'timestamp')?.name);
    this.#buffer = ctx.engine.alloc(this.#capacity);
    this.#packed = ctx.engine.alloc(64);
  }

  write(batch: Batch): boolean {
    const { slices, count } = this.#encoder.encodeSlices(batch);
    this.#batch = batch;
    this.#slices = slices;
    this.#count = count;
    this.#done = 0;
    return this.resume();
  }

  /** Packs what is left of the batch; true while there is no room. */
  resume(): boolean {
    const batch = this.#batch;
    while (batch !== undefined && this.#done < this.#count) {
      const n = this.#pack(batch);
      this.#done += n;
      if (this.#done === this.#count) break;
      if (this.#filled > 0) {
        if (!this.#offer()) return true;
      } else if (n === 0) this.#grow();
    }
    this.#batch = undefined;
    return false;
  }

  flush(): void {
    this.#offer();
  }

  finish(): boolean {
    if (!this.#offer()) return true;
    return this.#frames.pending > 0;
  }

  close(): void {
    this.#ctx.engine.free(this.#buffer, this.#capacity);
    this.#ctx.engine.free(this.#packed, 64);
  }

  #pack(batch: Batch): number {
    const { engine } = this.#ctx;
    const k = this.#keyLeaf;
    const t = this.#timeLeaf;
    const n = engine.kernels.kafkaPack(
      this.#buffer + this.#filled,
      this.#buffer + this.#capacity,
      this.#slices,
      this.#done,
      this.#count,
      batch.sel,
      k < 0 ? 0 : batch.values(k),
      k < 0 ? 0 : batch.validity(k),
      t < 0 ? 0 : batch.values(t),
      t < 0 ? 0 : batch.validity(t),
      this.#packed,
    );
    this.#filled += engine.u32[this.#packed >> 2];
    return n;
  }

  /** Hands the buffer over; false when there is no room. */
  #offer(): boolean {
    if (this.#filled === 0) return true;
    if (!this.#frames.offer(this.#buffer, this.#filled)) return false;
    this.#filled = 0;
    return true;
  }

  /** The next record does not fit into an empty buffer. */
  #grow(): void {
    const { engine } = this.#ctx;
    const keyBytes = this.#keyLeaf < 0 || this.#batch === undefined ? 0 : this.#keyLength(this.#batch);
    const need = SEND_HEADER_BYTES + keyBytes + engine.u32[((this.#slices + 8 * this.#done) >> 2) + 1];
    engine.free(this.#buffer, this.#capacity);
    this.#capacity = need;
    this.#buffer = engine.alloc(need);
  }

  #keyLength(batch: Batch): number {
    const { u32 } = this.#ctx.engine;
    return u32[((batch.values(this.#keyLeaf) + 8 * u32[(batch.sel >> 2) + this.#done]) >> 2) + 1];
  }
}
