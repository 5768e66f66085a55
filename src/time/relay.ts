/** Where a watermark assigner stands: the largest watermark seen, and the last one given out; ms. */
export interface AssignerState {
  readonly max: bigint;
  readonly last: bigint;
}

const STATE_WORDS = 2;
const READY = 1;

/**
 * One event time for an input that several readers take in pieces: the state before each piece is left here by the reader of the piece before, so every
 * reader gives its rows the watermarks they would have if one reader took the whole input in order (as Flink's does). Shared memory: for each piece and the
 * end { i64 max, i64 last }, an i32 that says it is there, and for each reader an i32: the piece whose state it waits for, plus one.
 */
export class WatermarkRelay {
  readonly #states: BigInt64Array;
  readonly #ready: Int32Array;
  readonly #waiting: Int32Array;
  readonly #ring: (reader: number) => void;

  /** Before the first piece stands where Flink's assigner begins: at 0. */
  static create(pieces: number, readers: number): SharedArrayBuffer {
    const shared = new SharedArrayBuffer((pieces + 1) * (STATE_WORDS * 8 + 4) + 4 * readers);
    new WatermarkRelay(shared, readers, () => {}).leave(0, { max: 0n, last: 0n });
    return shared;
  }

  /** `ring` wakes a reader. */
  constructor(shared: SharedArrayBuffer, readers: number, ring: (reader: number) => void) {
    const states = (shared.byteLength - 4 * readers) / (STATE_WORDS * 8 + 4);
    this.#states = new BigInt64Array(shared, 0, states * STATE_WORDS);
    this.#ready = new Int32Array(shared, states * STATE_WORDS * 8, states);
    this.#waiting = new Int32Array(shared, states * (STATE_WORDS * 8 + 4), readers);
    this.#ring = ring;
  }

  /** Is the state before this piece known? */
  ready(piece: number): boolean {
    return Atomics.load(this.#ready, piece) === READY;
  }
  /** The same; when it is not, this reader is woken as soon as it is. */
  readyOrRing(piece: number, reader: number): boolean {
    if (this.ready(piece)) return true;
    Atomics.store(this.#waiting, reader, piece + 1);
    return this.ready(piece);
  }
  read(piece: number): AssignerState {
    return { max: this.#states[piece * STATE_WORDS], last: this.#states[piece * STATE_WORDS + 1] };
  }

  /** Leaves the state before `piece`: everything before it has been seen. */
  leave(piece: number, state: AssignerState): void {
    this.#states[piece * STATE_WORDS] = state.max;
    this.#states[piece * STATE_WORDS + 1] = state.last;
    Atomics.store(this.#ready, piece, READY);
    for (let reader = 0; reader < this.#waiting.length; reader++) {
      if (Atomics.compareExchange(this.#waiting, reader, piece + 1, 0) === piece + 1) this.#ring(reader);
    }
  }

  /** States before pieces that are not finished: what a later run needs. { i64 piece, i64 max, i64 last } each, little endian. */
  snapshot(): Uint8Array {
    const found: bigint[] = [];
    for (let piece = 0; piece < this.#ready.length; piece++) {
      if (!this.ready(piece) || (piece + 1 < this.#ready.length && this.ready(piece + 1))) continue;
      const { max, last } = this.read(piece);
      found.push(BigInt(piece), max, last);
    }
    const view = new DataView(new ArrayBuffer(found.length * 8));
    found.forEach((word, i) => view.setBigInt64(i * 8, word, true));
    return new Uint8Array(view.buffer);
  }
  restore(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += 24) {
      const piece = Number(view.getBigInt64(at, true));
      if (piece < this.#ready.length) this.leave(piece, { max: view.getBigInt64(at + 8, true), last: view.getBigInt64(at + 16, true) });
    }
  }
}
