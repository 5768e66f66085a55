import { MinHeap } from '../state/min-heap.js';
import type { Engine } from '../wasm/engine.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    sessionNew(table: number, bytes: number, key: number, head: number, start: number, end: number): number;
    sessionAssign(
      table: number,
      bytes: number,
      keys: number,
      head: number,
      sel: number,
      n: number,
      times: number,
      now: number,
      gap: number,
      progress: number,
      outSessions: number,
      outSel: number,
      created: number,
      mergeInto: number,
      mergeFrom: number,
      report: number,
    ): number;
    sessionResolve(sessions: number, n: number): void;
    sessionClose(sessions: number, n: number, head: number): void;
    sessionKeys(sessions: number, n: number, out: number): void;
    sessionTimes(sessions: number, n: number, what: number, values: number, validity: number): void;
  }
}

/** Offset of a session's f64 end; NaN = dead. */
const END = 8;

/**
 * Sessions waiting for their ends, in buckets of a fraction of the gap. A session that grows stays in its bucket until the bucket's time comes and
 * moves on then, so growing costs nothing.
 */
export class SessionBuckets {
  readonly #engine: Engine;
  readonly #widthMs: number;
  #buckets = new Map<number, number[]>();
  /** numbers of the buckets */
  #order = new MinHeap();

  constructor(engine: Engine, gapMs: number) {
    this.#engine = engine;
    this.#widthMs = Math.max(1, Math.ceil(gapMs / 8));
  }

  /** Puts a session into the bucket of its present end; dead ones are forgotten. */
  add(session: number): void {
    const end = this.#engine.f64[(session + END) >>> 3];
    if (Number.isNaN(end)) return;
    const bucket = Math.floor((end - 1) / this.#widthMs);
    const list = this.#buckets.get(bucket);
    if (list === undefined) this.#put(bucket, [session]);
    else list.push(session);
  }
  #put(bucket: number, sessions: number[]): void {
    this.#buckets.set(bucket, sessions);
    this.#order.push(bucket);
  }

  /** Takes out the due sessions of the earliest bucket that has any, in order of their ends; empty when nothing is due. */
  takeDue(progress: number): number[] {
    const { f64 } = this.#engine;
    const limit = Math.floor(progress / this.#widthMs);
    for (;;) {
      const { first } = this.#order;
      if (first === undefined || first > limit) return [];
      const list = this.#buckets.get(first)!;
      this.#buckets.delete(first);
      this.#order.dropFirst();
      const due: number[] = [];
      const stay: number[] = [];
      for (const s of list) {
        const end = f64[(s + END) >>> 3];
        if (Math.floor((end - 1) / this.#widthMs) !== first) this.add(s);
        else if (end - 1 <= progress) due.push(s);
        else stay.push(s);
      }
      if (stay.length > 0) this.#put(first, stay);
      if (due.length > 0) return due.sort((a, b) => f64[(a + END) >>> 3] - f64[(b + END) >>> 3]);
      if (stay.length > 0) return []; // later buckets are not due either
    }
  }

  /** The end of the session that ends last; -Infinity when there is none. */
  lastEnd(): number {
    const { f64 } = this.#engine;
    let last = Number.NEGATIVE_INFINITY;
    for (const list of this.#buckets.values()) {
      for (const s of list) if (f64[(s + END) >>> 3] > last) last = f64[(s + END) >>> 3]; // not of a dead one
    }
    return last;
  }
  /** Whether a session began at or before `time`. */
  anyFrom(time: number): boolean {
    const { f64 } = this.#engine;
    for (const list of this.#buckets.values()) {
      for (const s of list) if (f64[s >>> 3] <= time && !Number.isNaN(f64[(s + END) >>> 3])) return true;
    }
    return false;
  }

  /** Takes out everything that is alive. */
  *drain(): Generator<number> {
    const lists = [...this.#buckets.values()];
    this.#buckets = new Map();
    this.#order = new MinHeap();
    for (const list of lists) for (const s of list) if (!Number.isNaN(this.#engine.f64[(s + END) >>> 3])) yield s;
  }
}
