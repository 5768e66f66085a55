import { serialize } from 'node:v8';
import { BATCH_ROWS_MAX, FRAME_ACTIVE, FRAME_IDLE } from '#abi';
import type { Clock } from '../base/clock.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { Partitioning } from '../contract/graph.js';
import type { RingWriter } from '../ring/ring.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { OutputBuffer } from './buffer.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    routeByHash(hashes: number, sel: number, n: number, maxParallelism: number, parallelism: number, lists: number, stride: number, counts: number): void;
    routeRoundRobin(sel: number, n: number, parallelism: number, first: number, lists: number, stride: number, counts: number): number;
    encodedBytes(batch: number, rows: number, n: number): number;
    encodeRows(batch: number, rows: number, n: number, out: number): number;
    openBatch(frame: number, batch: number): void;
  }
}

/** execution.buffer-timeout: -1 = only when full, 0 = after every batch, else ms. */
export type BufferTimeoutMs = number;

export interface ExchangeConfig {
  readonly partition: Partitioning;
  readonly keys: readonly number[];
  readonly maxParallelism: number;
  readonly bufferTimeoutMs: BufferTimeoutMs;
  /** number of the sending subtask: forward goes to the same number, rebalance starts there */
  readonly subtaskIndex: number;
}

/** One side of an edge between subtasks: sends each row to the subtask that owns it, and every control event to all, in order. */
export class ExchangeWriter {
  readonly #engine: Engine;
  readonly #config: ExchangeConfig;
  readonly #clock: Clock;
  readonly #bufferTimeoutMs: BufferTimeoutMs;
  readonly #buffers: OutputBuffer[];
  readonly #hasher: KeyHasher | undefined;
  readonly #hashes: number;
  readonly #lists: number;
  readonly #stride: number;
  readonly #counts: number;
  #next: number;

  constructor(engine: Engine, clock: Clock, leaves: readonly Leaf[], rings: readonly RingWriter[], config: ExchangeConfig) {
    this.#engine = engine;
    this.#clock = clock;
    this.#config = config;
    this.#bufferTimeoutMs = config.bufferTimeoutMs;
    this.#buffers = rings.map((r) => new OutputBuffer(engine, r, clock));
    this.#hasher = config.partition === 'hash' ? new KeyHasher(engine, leaves, [...config.keys]) : undefined;
    this.#stride = BATCH_ROWS_MAX * 4;
    this.#hashes = engine.alloc(this.#stride);
    this.#lists = engine.alloc(this.#stride * rings.length);
    this.#counts = engine.alloc(rings.length * 4);
    this.#next = config.subtaskIndex % rings.length;
  }

  batch(batch: Batch): void {
    const n = batch.selCount;
    const targets = this.#buffers.length;
    if (n === 0 && batch.markCount === 0) return;
    const kernels = this.#engine.kernels;
    if (targets === 1 || this.#config.partition === 'broadcast') {
      for (let t = 0; t < targets; t++) this.#send(t, batch, batch.sel, n);
    } else if (this.#config.partition === 'forward') {
      this.#send(this.#config.subtaskIndex % targets, batch, batch.sel, n);
    } else {
      if (this.#hasher !== undefined) {
        this.#hasher.hash(batch, this.#hashes);
        kernels.routeByHash(this.#hashes, batch.sel, n, this.#config.maxParallelism, targets, this.#lists, this.#stride, this.#counts);
      } else {
        this.#next = kernels.routeRoundRobin(batch.sel, n, targets, this.#next, this.#lists, this.#stride, this.#counts);
      }
      for (let t = 0; t < targets; t++) this.#send(t, batch, this.#lists + t * this.#stride, this.#engine.u32[(this.#counts >>> 2) + t]);
    }
  }

  #send(target: number, batch: Batch, rows: number, n: number): void {
    const buffer = this.#buffers[target];
    if (n === 0) {
      const marks = batch.markCount;
      if (marks > 0) buffer.watermark(batch.markWatermark(marks - 1));
    } else {
      const { kernels } = this.#engine;
      if (batch.objects !== undefined) buffer.objects(this.#serialize(batch, rows, n));
      const at = buffer.reserve(kernels.encodedBytes(batch.ptr, rows, n) >>> 0);
      buffer.commit(kernels.encodeRows(batch.ptr, rows, n, at) >>> 0);
    }
    this.#leave(buffer);
  }

  /** ANY values travel by structured clone, column by column. */
  #serialize(batch: Batch, rows: number, n: number): Uint8Array {
    const u32 = this.#engine.u32;
    const columns = batch.objects!.map((values) => (values === undefined ? undefined : Array.from({ length: n }, (_, k) => values[u32[(rows >>> 2) + k]])));
    return serialize(columns);
  }

  watermark(watermark: bigint): void {
    const buffers = this.#buffers;
    for (let i = 0; i < buffers.length; i++) {
      buffers[i].watermark(watermark);
      this.#leave(buffers[i]);
    }
  }
  /** What is gathered leaves now, not when its time is up; small buffers once the receiver has taken the one before. */
  hasten(): void {
    if (this.#bufferTimeoutMs > 0) for (const b of this.#buffers) b.flushDue();
  }
  barrier(barrier: number): void {
    for (const b of this.#buffers) b.barrier(barrier);
  }
  idle(): void {
    this.#control(FRAME_IDLE);
  }
  active(): void {
    this.#control(FRAME_ACTIVE);
  }
  #control(type: number): void {
    for (const b of this.#buffers) {
      b.control(type, 0n);
      this.#leave(b);
    }
  }
  #leave(buffer: OutputBuffer): void {
    if (this.#bufferTimeoutMs === 0) buffer.flushDue();
    else if (buffer.full) buffer.flush();
  }
  end(failed: boolean): void {
    for (const b of this.#buffers) b.end(failed);
  }

  /**
   * Passes on full buffers and those whose time is up (all when `force`). True when one that must leave first could not: a full or forced one found no room; or, with
   * a time of 0, the receiver has not taken the last one. What comes meanwhile is better taken later and in larger batches than sent after it in small ones.
   */
  flush(force: boolean): boolean {
    const buffers = this.#buffers;
    const limitMs = this.#bufferTimeoutMs;
    let blocked = false;
    let nowMs = -1;
    for (let i = 0; i < buffers.length; i++) {
      const b = buffers[i];
      if (b.used === 0) continue;
      if (force || b.full) blocked = !b.flush() || blocked;
      else if (limitMs === 0) blocked = !b.flushDue() || blocked;
      else if (limitMs > 0) {
        if (nowMs < 0) nowMs = this.#clock.monotonicMs();
        if (b.blocked || nowMs - b.oldestMs >= limitMs) b.flushDue();
      }
    }
    return blocked;
  }
  /** The receiver's doorbell comes first. */
  get blocked(): boolean {
    return this.#buffers.some((b) => b.blocked && (b.full || this.#bufferTimeoutMs === 0));
  }
  /** Monotonic ms at which the next buffer's time is up; Infinity when none waits, or only for room. */
  nextFlushMs(): number {
    if (this.#bufferTimeoutMs < 0) return Number.POSITIVE_INFINITY;
    let t = Number.POSITIVE_INFINITY;
    for (const b of this.#buffers) if (b.used > 0 && !b.blocked) t = Math.min(t, b.oldestMs + this.#bufferTimeoutMs);
    return t;
  }
}
