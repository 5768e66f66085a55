import { serialize } from 'node:v8';
import { BATCH_ROWS_MAX, FRAME_ACTIVE, FRAME_IDLE, FRAME_WATERMARK } from '#abi';
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
    this.#buffers = rings.map((r) => new OutputBuffer(engine, r));
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
    const nowMs = this.#clock.monotonicMs();
    if (n === 0) {
      if (batch.markCount > 0) buffer.control(FRAME_WATERMARK, batch.markWatermark(batch.markCount - 1), nowMs);
    } else {
      if (batch.objects !== undefined) buffer.objects(this.#serialize(batch, rows, n), nowMs);
      const at = buffer.reserve(this.#engine.kernels.encodedBytes(batch.ptr, rows, n) >>> 0);
      buffer.commit(this.#engine.kernels.encodeRows(batch.ptr, rows, n, at) >>> 0, nowMs);
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
    this.#control(FRAME_WATERMARK, watermark);
  }
  idle(): void {
    this.#control(FRAME_IDLE, 0n);
  }
  active(): void {
    this.#control(FRAME_ACTIVE, 0n);
  }
  #control(type: number, word: bigint): void {
    const nowMs = this.#clock.monotonicMs();
    for (const b of this.#buffers) {
      b.control(type, word, nowMs);
      this.#leave(b);
    }
  }
  #leave(buffer: OutputBuffer): void {
    if (this.#config.bufferTimeoutMs === 0) buffer.flushDue();
    else if (buffer.full) buffer.flush();
  }
  end(failed: boolean): void {
    for (const b of this.#buffers) b.end(failed, this.#clock.monotonicMs());
  }

  /**
   * Passes on full buffers and those whose time is up (all when `force`). True when one that must leave first could not: a full or forced one found no room; or, with
   * a time of 0, the receiver has not taken the last one. What comes meanwhile is better taken later and in larger batches than sent after it in small ones.
   */
  flush(force: boolean): boolean {
    const limitMs = this.#config.bufferTimeoutMs;
    const nowMs = limitMs > 0 ? this.#clock.monotonicMs() : 0;
    let blocked = false;
    for (const b of this.#buffers) {
      if (b.used === 0) continue;
      if (force || b.full) blocked = !b.flush() || blocked;
      else if (limitMs === 0 || (limitMs > 0 && nowMs - b.oldestMs >= limitMs)) blocked = (!b.flushDue() && limitMs === 0) || blocked;
    }
    return blocked;
  }
  /** The receiver's doorbell comes first. */
  get blocked(): boolean {
    return this.#buffers.some((b) => b.blocked && (b.full || this.#config.bufferTimeoutMs === 0));
  }
  /** Monotonic ms at which the next buffer's time is up; Infinity when none waits, or only for room. */
  nextFlushMs(): number {
    if (this.#config.bufferTimeoutMs < 0) return Number.POSITIVE_INFINITY;
    let t = Number.POSITIVE_INFINITY;
    for (const b of this.#buffers) if (b.used > 0 && !b.blocked) t = Math.min(t, b.oldestMs + this.#config.bufferTimeoutMs);
    return t;
  }
}
