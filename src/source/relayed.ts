import { BATCH_ROWS_MAX } from '#abi';
import type { MillraceError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import { RELAY_AHEAD_BATCHES, RELAY_HOLD_MS } from '../base/limits.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { WatermarkAssigner } from '../time/assigner.js';
import type { WatermarkRelay } from '../time/relay.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

interface RelayContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly subtaskIndex: number;
  readonly leaves: readonly Leaf[];
}
interface Events {
  batch(batch: Batch): void;
  watermark(watermark: bigint): void;
}

/** Rows of a piece that wait: their marks depend on pieces that other readers have not finished. */
interface Waiting {
  readonly batch: Batch;
  /** where the copy stands */
  bytes: number;
  frame: number;
  /** its own room for marks: opening a frame points elsewhere */
  readonly marks: number;
  piece: number;
  begins: boolean;
  ends: boolean;
  assigned: boolean;
  /** watermark that comes before the rows: how far other readers have come */
  before: bigint | undefined;
}

interface Rows {
  readonly batch: Batch;
  readonly piece: number;
  readonly begins: boolean;
  readonly ends: boolean;
}

/**
 * The watermarks of a reader that shares one event time with others. What it has decoded before the state of its piece is there waits for a moment; when its
 * neighbour was held up for longer it is copied, and the reader works ahead.
 */
export class RelayedWatermarks {
  readonly #engine: Engine;
  readonly #assigner: WatermarkAssigner;
  readonly #relay: WatermarkRelay;
  readonly #reader: number;
  readonly #clock: Clock;
  readonly #leaves: readonly Leaf[];
  readonly #events: Events;
  /** in order; the first `#count` of them wait */
  readonly #waiting: Waiting[] = [];
  #count = 0;
  /** the last batch, where the reader filled it: it is not filled again before this has gone on or is copied */
  #held: Rows | undefined;
  /** monotonic ms of the last time that rows went on, or began to wait */
  #movedMs = 0;
  /** the piece being read; -1 = none */
  #piece = -1;
  #begins = false;
  #ends = false;
  /** the last watermark that went on */
  #said = 0n;
  #failure: MillraceError | undefined;

  constructor(assigner: WatermarkAssigner, relay: WatermarkRelay, ctx: RelayContext, events: Events) {
    this.#engine = ctx.engine;
    this.#assigner = assigner;
    this.#relay = relay;
    this.#reader = ctx.subtaskIndex;
    this.#clock = ctx.clock;
    this.#leaves = ctx.leaves;
    this.#events = events;
  }

  pieceBegins(piece: number): void {
    this.#piece = piece;
    this.#begins = true;
  }
  pieceEnds(): void {
    this.#ends = true;
  }

  /** No piece is open and nothing waits. */
  get resting(): boolean {
    return this.#piece < 0 && !this.waits;
  }
  get waits(): boolean {
    return this.#count > 0 || this.#held !== undefined;
  }
  /** Ms for which nothing more is to be decoded, unless a doorbell rings before; Infinity = until then. */
  get patienceMs(): number {
    if (this.#count === RELAY_AHEAD_BATCHES) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#movedMs + RELAY_HOLD_MS - this.#clock.monotonicMs());
  }

  /** The error of a row without a rowtime, when the rows before it have gone on. */
  get failure(): MillraceError | undefined {
    return this.waits ? undefined : this.#failure;
  }

  /** After a poll: its rows (maybe none) go on, or wait. */
  take(batch: Batch): void {
    const [piece, begins, ends] = [this.#piece, this.#begins, this.#ends];
    if (piece < 0 || (batch.selCount === 0 && !ends)) return;
    this.#begins = this.#ends = false;
    if (ends) this.#piece = -1;
    if (this.#count > 0 || (begins && !this.#relay.ready(piece))) {
      if (this.#count === 0) this.#movedMs = this.#clock.monotonicMs();
      this.#held = { batch, piece, begins, ends };
    } else this.#direct(batch, piece, begins, ends);
  }
  #direct(batch: Batch, piece: number, begins: boolean, ends: boolean): void {
    const before = begins ? this.#enter(piece) : undefined;
    this.#assign(batch, piece, ends);
    this.#goOn(before, batch);
  }

  /** Sends the oldest waiting rows on. false = the state of their piece is not there yet; this reader is woken when it is. */
  next(): boolean {
    if (this.#count > 0) return this.#nextCopy();
    const { batch, piece, begins, ends } = this.#held!;
    if (!this.#relay.readyOrRing(piece, this.#reader)) return false;
    this.#held = undefined;
    this.#direct(batch, piece, begins, ends);
    return true;
  }
  #nextCopy(): boolean {
    const first = this.#waiting[0];
    if (!first.assigned) this.#assignAll();
    if (!first.assigned) return false;
    this.#count--;
    this.#waiting.shift();
    this.#waiting.push(first);
    this.#movedMs = this.#clock.monotonicMs();
    this.#goOn(first.before, first.batch);
    return true;
  }

  /** The reader's batch is needed for more. */
  copyHeld(): void {
    if (this.#held === undefined) return;
    this.#keep(this.#held);
    this.#held = undefined;
  }

  /** Everything whose state is there gets its marks at once: the reader of the next piece need not wait for what these rows cost further on. */
  #assignAll(): void {
    for (let i = 0; i < this.#count; i++) {
      const w = this.#waiting[i];
      if (w.assigned) continue;
      if (w.begins) {
        if (!this.#relay.readyOrRing(w.piece, this.#reader)) return;
        w.before = this.#enter(w.piece);
      }
      this.#engine.kernels.openBatch(w.frame, w.batch.ptr);
      w.batch.marks = w.marks;
      w.assigned = true;
      this.#assign(w.batch, w.piece, w.ends);
      if (this.#failure === undefined) continue;
      this.#count = i + 1; // what comes behind a row that fails the job is not wanted
      this.#held = undefined;
    }
  }
  #assign(batch: Batch, piece: number, ends: boolean): void {
    this.#failure = this.#assigner.assign(batch);
    if (ends && this.#failure === undefined) this.#relay.leave(piece + 1, this.#assigner.state);
  }

  /** Takes up the state before a piece. */
  #enter(piece: number): bigint {
    const state = this.#relay.read(piece);
    this.#assigner.state = state;
    return state.last;
  }
  #goOn(before: bigint | undefined, batch: Batch): void {
    if (before !== undefined && before > this.#said) {
      this.#said = before;
      this.#events.watermark(before);
    }
    const marks = batch.markCount;
    if (marks > 0) this.#said = batch.markWatermark(marks - 1);
    if (batch.selCount > 0) this.#events.batch(batch);
  }

  #keep({ batch, piece, begins, ends }: Rows): void {
    if (this.#waiting.length === this.#count) this.#waiting.push(this.#room());
    const w = this.#waiting[this.#count++];
    const { kernels } = this.#engine;
    const bytes = kernels.encodedBytes(batch.ptr, batch.sel, batch.selCount) >>> 0;
    if (bytes > w.bytes) {
      if (w.bytes > 0) this.#engine.free(w.frame, w.bytes);
      w.bytes = bytes;
      w.frame = this.#engine.alloc(bytes);
    }
    kernels.encodeRows(batch.ptr, batch.sel, batch.selCount, w.frame);
    Object.assign(w, { piece, begins, ends, assigned: false, before: undefined });
  }
  #room(): Waiting {
    const batch = allocBatch(this.#engine, this.#leaves, { columns: false, capacity: BATCH_ROWS_MAX });
    return { batch, bytes: 0, frame: 0, marks: batch.marks, piece: -1, begins: false, ends: false, assigned: false, before: undefined };
  }

  close(): void {
    for (const w of this.#waiting) if (w.bytes > 0) this.#engine.free(w.frame, w.bytes);
    this.#waiting.length = 0;
    this.#count = 0;
  }
}
