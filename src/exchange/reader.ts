import { deserialize } from 'node:v8';
import { BATCH_ROWS_MAX, FRAME_ACTIVE, FRAME_BARRIER, FRAME_BATCH, FRAME_END, FRAME_IDLE, FRAME_OBJECTS, FRAME_WATERMARK } from '#abi';
import { assert } from '../base/assert.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { RingFrameReader } from '../ring/frames.js';
import type { RingReader } from '../ring/ring.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

/** What came out of a channel. `batch` is valid until the next event of the same channel. */
export type ChannelEvent =
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'watermark'; readonly watermark: bigint }
  | { readonly type: 'barrier'; readonly barrier: number }
  | { readonly type: 'idle' }
  | { readonly type: 'active' }
  | { readonly type: 'end'; readonly failed: boolean };

/** The receiving end of one ring: a cursor over the frames of the buffers that arrive. */
export class ExchangeReader {
  readonly #engine: Engine;
  readonly #frames: RingFrameReader;
  readonly #ring: RingReader;
  readonly #batch: Batch;
  readonly #batchEvent: ChannelEvent;
  #at = 0;
  #end = 0;
  #objects: (unknown[] | undefined)[] | undefined;
  ended = false;

  constructor(engine: Engine, leaves: readonly Leaf[], ring: RingReader) {
    this.#engine = engine;
    this.#frames = new RingFrameReader(engine, ring);
    this.#ring = ring;
    this.#batch = allocBatch(engine, leaves, { columns: false, capacity: BATCH_ROWS_MAX });
    this.#batchEvent = { type: 'batch', batch: this.#batch };
  }

  /** Tells the sender that nothing more will be taken. */
  fail(): void {
    this.#ring.fail();
  }

  /** The next event in order; undefined when nothing has arrived. */
  next(): ChannelEvent | undefined {
    for (;;) {
      if (this.#at === this.#end) {
        const f = this.#frames.take();
        if (f === undefined) return undefined;
        this.#at = f.ptr;
        this.#end = f.ptr + f.length;
      }
      const at = this.#at;
      const u32 = this.#engine.u32;
      const type = u32[(at >>> 2) + 1];
      this.#at += u32[at >>> 2];
      assert(this.#at <= this.#end && this.#at > at, 'a frame ends inside its buffer');
      switch (type) {
        case FRAME_BATCH:
          this.#engine.kernels.openBatch(at, this.#batch.ptr);
          if (this.#objects !== undefined) {
            this.#batch.objects = this.#objects;
            this.#objects = undefined;
          }
          return this.#batchEvent;
        case FRAME_OBJECTS: {
          const from = at + 16;
          this.#objects = deserialize(this.#engine.u8.slice(from, from + u32[(at >>> 2) + 2])) as (unknown[] | undefined)[];
          continue;
        }
        case FRAME_WATERMARK:
          return { type: 'watermark', watermark: this.#engine.i64[(at + 8) >>> 3] };
        case FRAME_BARRIER:
          return { type: 'barrier', barrier: Number(this.#engine.i64[(at + 8) >>> 3]) };
        case FRAME_IDLE:
          return { type: 'idle' };
        case FRAME_ACTIVE:
          return { type: 'active' };
        case FRAME_END:
          this.ended = true;
          return { type: 'end', failed: this.#engine.i64[(at + 8) >>> 3] !== 0n };
        default:
          assert(false, `frame type ${type}`);
      }
    }
  }
}
