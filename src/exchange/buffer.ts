import { FRAME_BARRIER, FRAME_END, FRAME_OBJECTS, FRAME_WATERMARK } from '#abi';
import type { Clock } from '../base/clock.js';
import { OUTPUT_BUFFER_BYTES, OUTPUT_BUFFER_SMALL_BYTES } from '../base/limits.js';
import type { RingWriter } from '../ring/ring.js';
import type { Engine } from '../wasm/engine.js';

/**
 * The bytes on their way to one receiving subtask: frames are appended in order and leave for the ring together,
 * when the buffer is full, or when its time is up (execution.buffer-timeout). A small one whose time is up is filled further, as in Flink, until the receiver has taken the one
 * before, so a receiver that is behind does not find a ring full of small ones.
 */
export class OutputBuffer {
  readonly #engine: Engine;
  readonly #ring: RingWriter;
  readonly #clock: Clock;
  #ptr: number;
  #capacity = OUTPUT_BUFFER_BYTES + 4096;
  #used = 0;
  #oldestMs = 0;
  #blocked = false;
  /** a barrier is in it */
  #urgent = false;
  /** where the last frame's watermark stands when that frame is one, and none of it can have left: offset in the buffer, else -1 */
  #watermarkAt = -1;

  constructor(engine: Engine, ring: RingWriter, clock: Clock) {
    this.#engine = engine;
    this.#ring = ring;
    this.#clock = clock;
    this.#ptr = engine.alloc(this.#capacity);
  }

  /** Room for `bytes` more; returns where to write. May grow the memory. */
  reserve(bytes: number): number {
    const need = this.#used + bytes;
    if (need > this.#capacity) {
      const capacity = Math.max(need, this.#capacity * 2);
      const ptr = this.#engine.alloc(capacity);
      this.#engine.u8.copyWithin(ptr, this.#ptr, this.#ptr + this.#used);
      this.#engine.free(this.#ptr, this.#capacity);
      this.#ptr = ptr;
      this.#capacity = capacity;
    }
    return this.#ptr + this.#used;
  }
  /** Says that `bytes` were written at the reserved place. */
  commit(bytes: number): void {
    if (this.#used === 0) this.#oldestMs = this.#clock.monotonicMs();
    this.#used += bytes;
    this.#watermarkAt = -1;
  }
  /** A watermark replaces one that is still here with nothing behind it: the receiver would get both at once. */
  watermark(watermark: bigint): void {
    if (this.#watermarkAt >= 0) this.#engine.i64[(this.#ptr + this.#watermarkAt) >>> 3] = watermark;
    else {
      this.control(FRAME_WATERMARK, watermark);
      this.#watermarkAt = this.#used - 8;
    }
  }
  /** A frame of a type and one 64-bit word. */
  control(type: number, word: bigint): void {
    const at = this.reserve(16);
    const u32 = this.#engine.u32;
    u32[at >>> 2] = 16;
    u32[(at >>> 2) + 1] = type;
    this.#engine.i64[(at + 8) >>> 3] = word;
    this.commit(16);
  }
  /** JS values of the batch frame that follows, as bytes. */
  objects(bytes: Uint8Array): void {
    const total = (16 + bytes.length + 7) & ~7;
    const at = this.reserve(total);
    const u32 = this.#engine.u32;
    u32[at >>> 2] = total;
    u32[(at >>> 2) + 1] = FRAME_OBJECTS;
    u32[(at >>> 2) + 2] = bytes.length;
    this.#engine.u8.set(bytes, at + 16);
    this.commit(total);
  }
  /** Leaves at once, whatever the buffer's time. */
  barrier(barrier: number): void {
    this.control(FRAME_BARRIER, BigInt(barrier));
    this.#urgent = true;
    this.flush();
  }
  end(failed: boolean): void {
    this.control(FRAME_END, failed ? 1n : 0n);
  }

  get used(): number {
    return this.#used;
  }
  get full(): boolean {
    return this.#used >= OUTPUT_BUFFER_BYTES || this.#urgent;
  }
  /** When the oldest frame in the buffer came, ms; meaningless when empty. */
  get oldestMs(): number {
    return this.#oldestMs;
  }
  /** The receiver was not ready at the last try: the ring had no room for a full buffer, or the last one lay there still. It rings when that has changed. */
  get blocked(): boolean {
    return this.#blocked;
  }
  /** The buffer's time is up: as `flush`, but a small one is kept, and false given, while the receiver has not taken the last buffer. */
  flushDue(): boolean {
    if (this.#used === 0 || this.#used >= OUTPUT_BUFFER_SMALL_BYTES || this.#ring.consumerFailed || this.#ring.drained()) return this.flush();
    this.#blocked = true;
    return false;
  }
  /** Hands everything to the ring; false when there is no room. */
  flush(): boolean {
    if (this.#used === 0) return true;
    this.#watermarkAt = -1; // a frame larger than the ring may have left in part
    // a receiver that failed takes nothing: waiting for its room would keep this subtask from ending
    if (!this.#ring.consumerFailed && !this.#ring.offer(this.#engine.u8, this.#ptr, this.#used)) {
      this.#blocked = true;
      return false;
    }
    this.#blocked = false;
    this.#urgent = false;
    this.#used = 0;
    if (this.#capacity > 8 * OUTPUT_BUFFER_BYTES) {
      this.#engine.free(this.#ptr, this.#capacity);
      this.#capacity = OUTPUT_BUFFER_BYTES + 4096;
      this.#ptr = this.#engine.alloc(this.#capacity);
    }
    return true;
  }
}
