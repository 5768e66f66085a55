import type { Bell } from './doorbell.js';

/**
 * A single-producer single-consumer byte ring in a SharedArrayBuffer (or in an ArrayBuffer between subtasks of one thread).
 * Layout: docs/formats/ring.md. Control words (i32) on cache lines of their own, then `capacity` bytes (a power of two).
 * A frame is { u32 length, u32 flags } and its bytes, padded to 8. A frame larger than half the ring travels in pieces (flag MORE).
 * Invariants: 0 <= written - read <= capacity (positions modulo 2^32); only the writer stores WRITTEN, only the reader READ and DONE.
 */
const WRITTEN = 0;
const WRITER_WAITS = 1; // 0, FOR_ROOM or FOR_DRAINED
const ENDED = 2;
const FRAMES = 3; // whole frames written (modulo 2^32)
const READ = 16;
const DONE = 32; // whole frames the consumer is done with (acknowledged)
const FAILED = 33; // the consumer gave up
const HEADER_BYTES = 256;
const FRAME_HEADER = 8;
const FLAG_MORE = 1;
const WRAP = 0xffffffff;
const FOR_ROOM = 1;
const FOR_DRAINED = 2;

export type RingBuffer = SharedArrayBuffer | ArrayBuffer;

export function ringBytes(capacity: number): number {
  return HEADER_BYTES + capacity;
}

class RingBase {
  protected readonly i32: Int32Array;
  protected readonly u32: Uint32Array;
  protected readonly u8: Uint8Array;
  readonly capacity: number;
  constructor(buffer: RingBuffer) {
    this.capacity = buffer.byteLength - HEADER_BYTES;
    if ((this.capacity & (this.capacity - 1)) !== 0) throw new RangeError('a ring has a power of two of bytes');
    this.i32 = new Int32Array(buffer, 0, HEADER_BYTES >>> 2);
    this.u32 = new Uint32Array(buffer, HEADER_BYTES);
    this.u8 = new Uint8Array(buffer, HEADER_BYTES);
  }
  protected get used(): number {
    return (Atomics.load(this.i32, WRITTEN) - Atomics.load(this.i32, READ)) >>> 0;
  }
}

export class RingWriter extends RingBase {
  readonly #consumer: Bell;
  /** bytes of the current frame that already travelled */
  #sent = 0;
  /** bytes skipped at the ring's end and bytes given by `reserve`; undefined = nothing is reserved */
  #reserved: { readonly skip: number; readonly bytes: number } | undefined;

  constructor(buffer: RingBuffer, consumer: Bell) {
    super(buffer);
    this.#consumer = consumer;
  }

  /**
   * Copies bytes[ptr, ptr + length) in as one frame. False: there is no room; call again later with the same frame
   * (a frame in pieces goes on where it stopped), after the reader has rung this side's doorbell.
   */
  offer(bytes: Uint8Array, ptr: number, length: number): boolean {
    if (this.#reserved !== undefined) return false;
    const pieceMax = (this.capacity >> 1) - FRAME_HEADER;
    for (;;) {
      const left = length - this.#sent;
      const piece = Math.min(left, pieceMax);
      if (!this.#put(bytes, ptr + this.#sent, piece, piece < left)) return false;
      this.#sent += piece;
      if (this.#sent === length) {
        this.#sent = 0;
        return true;
      }
    }
  }

  /**
   * Room for a frame of `bytes` bytes to be written in place, until `commit`; meanwhile nothing else is taken. Undefined: there is no room
   * now, or something is reserved or under way already, or it is more than half a ring.
   */
  reserve(bytes: number): Uint8Array | undefined {
    if (this.#reserved !== undefined || this.#sent !== 0 || bytes > (this.capacity >> 1) - FRAME_HEADER) return undefined;
    const skip = this.#skip(bytes);
    if (skip < 0) return undefined;
    this.#reserved = { skip, bytes };
    const at = skip > 0 ? 0 : this.#position;
    return this.u8.subarray(at + FRAME_HEADER, at + FRAME_HEADER + bytes);
  }

  /** Whether `bytes` bytes are free, or half a ring where that is less. */
  fits(bytes: number): boolean {
    return this.capacity - this.used >= Math.min(bytes + FRAME_HEADER, this.capacity >> 1);
  }

  /** Whether the reader has taken everything. False: it rings this side's doorbell when it has. */
  drained(): boolean {
    if (this.used === 0) return true;
    Atomics.store(this.i32, WRITER_WAITS, FOR_DRAINED);
    if (this.used !== 0) return false;
    Atomics.store(this.i32, WRITER_WAITS, 0);
    return true;
  }

  /** The first `bytes` bytes of the reserved room are a frame; 0 = there is none, the room is free again. */
  commit(bytes: number): void {
    const { skip, bytes: most } = this.#reserved ?? { skip: 0, bytes: -1 };
    if (bytes > most) throw new RangeError('a frame is committed that was not reserved');
    this.#reserved = undefined;
    if (bytes > 0) this.#publish(skip, bytes, false);
  }

  #put(bytes: Uint8Array, ptr: number, length: number, more: boolean): boolean {
    const skip = this.#skip(length);
    if (skip < 0) return false;
    this.u8.set(bytes.subarray(ptr, ptr + length), (skip > 0 ? 0 : this.#position) + FRAME_HEADER);
    this.#publish(skip, length, more);
    return true;
  }

  get #position(): number {
    return (Atomics.load(this.i32, WRITTEN) >>> 0) & (this.capacity - 1);
  }

  /** Bytes to skip before a frame of `length` bytes, so that it does not wrap; -1 = there is no room for it now. */
  #skip(length: number): number {
    const need = FRAME_HEADER + ((length + 7) & ~7);
    const tail = this.capacity - this.#position;
    const skip = tail < need ? tail : 0;
    if (this.used + skip + need > this.capacity) {
      Atomics.store(this.i32, WRITER_WAITS, FOR_ROOM);
      if (this.used + skip + need > this.capacity) return -1;
      Atomics.store(this.i32, WRITER_WAITS, 0);
    }
    return skip;
  }

  /** The frame's bytes are there: writes its header and lets the reader have it. */
  #publish(skip: number, length: number, more: boolean): void {
    const written = Atomics.load(this.i32, WRITTEN);
    let at = this.#position;
    if (skip > 0) {
      this.u32[at >>> 2] = WRAP;
      at = 0;
    }
    this.u32[at >>> 2] = length;
    this.u32[(at >>> 2) + 1] = more ? FLAG_MORE : 0;
    if (!more) Atomics.add(this.i32, FRAMES, 1);
    Atomics.store(this.i32, WRITTEN, (written + skip + FRAME_HEADER + ((length + 7) & ~7)) | 0);
    this.#consumer.ring();
  }

  /** No more frames will come. */
  end(): void {
    Atomics.store(this.i32, ENDED, 1);
    this.#consumer.ring();
  }
  /** Frames written that the consumer has not acknowledged. */
  get pending(): number {
    return (Atomics.load(this.i32, FRAMES) - Atomics.load(this.i32, DONE)) >>> 0;
  }
  /** The consumer failed: nothing more will be acknowledged. */
  get consumerFailed(): boolean {
    return Atomics.load(this.i32, FAILED) !== 0;
  }
  /** Share of the ring in use, 0..1. */
  get fill(): number {
    return this.used / this.capacity;
  }
}

/** Gives the place where a frame of `bytes` bytes (all its pieces) can be copied to. */
export type Destination = (bytes: number) => { view: Uint8Array; ptr: number };

export class RingReader extends RingBase {
  readonly #producer: Bell;
  /** pieces of a frame that has not ended */
  #pieces: Uint8Array[] = [];

  constructor(buffer: RingBuffer, producer: Bell) {
    super(buffer);
    this.#producer = producer;
  }

  /** Takes the next whole frame: copies it to the destination and returns its length; -1 when none is there. */
  take(destination: Destination): number {
    for (;;) {
      const read = Atomics.load(this.i32, READ);
      if (Atomics.load(this.i32, WRITTEN) === read) return -1;
      const at = (read >>> 0) & (this.capacity - 1);
      const length = this.u32[at >>> 2];
      if (length === WRAP) {
        this.#advance(read + this.capacity - at);
        continue;
      }
      const more = (this.u32[(at >>> 2) + 1] & FLAG_MORE) !== 0;
      const from = at + FRAME_HEADER;
      const next = read + FRAME_HEADER + ((length + 7) & ~7);
      if (more) {
        this.#pieces.push(this.u8.slice(from, from + length));
        this.#advance(next);
        continue;
      }
      const before = this.#pieces.reduce((n, p) => n + p.length, 0);
      const d = destination(before + length);
      let to = d.ptr;
      for (const p of this.#pieces) {
        d.view.set(p, to);
        to += p.length;
      }
      if (before > 0) this.#pieces = [];
      d.view.set(this.u8.subarray(from, from + length), to);
      this.#advance(next);
      return before + length;
    }
  }

  #advance(read: number): void {
    Atomics.store(this.i32, READ, read | 0);
    const waits = Atomics.load(this.i32, WRITER_WAITS);
    if (waits === FOR_ROOM || (waits === FOR_DRAINED && this.empty)) {
      Atomics.store(this.i32, WRITER_WAITS, 0);
      this.#producer.ring();
    }
  }

  get empty(): boolean {
    return Atomics.load(this.i32, WRITTEN) === Atomics.load(this.i32, READ);
  }
  /** The writer has ended and everything was taken. */
  get ended(): boolean {
    return Atomics.load(this.i32, ENDED) !== 0 && this.empty;
  }
  /** Acknowledges `frames` whole frames. */
  acknowledge(frames: number): void {
    Atomics.add(this.i32, DONE, frames);
    this.#producer.ring();
  }
  fail(): void {
    Atomics.store(this.i32, FAILED, 1);
    this.#producer.ring();
  }
}
