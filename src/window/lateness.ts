import { BATCH_ROWS_MAX } from '#abi';
import type { Batch } from '../batch/batch.js';
import type { Engine } from '../wasm/engine.js';
import type { WindowTime } from './clock.js';
import { floorTo, type SliceSpec } from './spec.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    lateRows(times: number, sel: number, n: number, steps: number, count: number, onTime: number, late: number): number;
  }
}

const STEP_BYTES = 16;
/** Before every row, and before every time. */
const FIRST_ROW = -0x80000000;
const NOTHING_PASSED = -(2n ** 63n);

/** The rows that are late by the marks of their own batch, told row by row: a row is late when the watermark before it has reached the end of the row's slice. */
export class Lateness {
  readonly #engine: Engine;
  readonly #spec: SliceSpec;
  readonly #time: WindowTime;
  /** end of the slices that have passed; -Infinity = no watermark came yet */
  passedEnd = Number.NEGATIVE_INFINITY;
  /** rows of the last batch, as u32 vectors */
  onTime = 0;
  late = 0;
  /** steps of event time in the last batch */
  readonly ends: { row: number; end: number }[] = [];
  #steps = 0;
  #room = 0;
  #stepRoom = 0;

  constructor(engine: Engine, spec: SliceSpec, time: WindowTime) {
    this.#engine = engine;
    this.#spec = spec;
    this.#time = time;
  }

  /** End of the last slice that has passed at a watermark. */
  endAt(watermark: bigint): number {
    return floorTo(this.#time.progressOf(watermark) + 1, this.#spec.sliceMs, this.#spec.offsetMs);
  }

  /** Parts a batch's rows into `onTime` and `late`; `times` are i64 by row number. Returns the number of late ones; `passedEnd` stays what it was before the batch. */
  split(batch: Batch, times: number): number {
    this.#findSteps(batch);
    const { ends } = this;
    const engine = this.#engine;
    this.#need(batch.rows, ends.length);
    for (let i = 0; i < ends.length; i++) {
      const at = this.#steps + i * STEP_BYTES;
      engine.u32[at >>> 2] = ends[i].row;
      engine.i64[(at + 8) >>> 3] = Number.isFinite(ends[i].end) ? BigInt(ends[i].end) : ends[i].end < 0 ? NOTHING_PASSED : -(NOTHING_PASSED + 1n);
    }
    return engine.kernels.lateRows(times, batch.sel, batch.selCount, this.#steps, ends.length, this.onTime, this.late) >>> 0;
  }

  /** The marks by which slices end; there are few, so each is found by halving. */
  #findSteps(batch: Batch): void {
    const { ends } = this;
    ends.length = 0;
    ends.push({ row: FIRST_ROW, end: this.passedEnd });
    const last = batch.markCount - 1;
    const lastEnd = last < 0 ? Number.NEGATIVE_INFINITY : this.endAt(batch.markWatermark(last));
    for (let mark = 0, end = this.passedEnd; end < lastEnd; mark++) {
      let high = last;
      while (mark < high) {
        const mid = (mark + high) >> 1;
        if (this.endAt(batch.markWatermark(mid)) > end) high = mid;
        else mark = mid + 1;
      }
      end = this.endAt(batch.markWatermark(mark));
      ends.push({ row: batch.markRow(mark) | 0, end });
    }
  }

  #need(rows: number, steps: number): void {
    if (rows > this.#room) {
      this.#freeRows();
      this.#room = Math.max(rows, BATCH_ROWS_MAX);
      // one more than there are: the kernel writes before it knows
      this.onTime = this.#engine.alloc((this.#room + 1) * 4);
      this.late = this.#engine.alloc((this.#room + 1) * 4);
    }
    if (steps > this.#stepRoom) {
      if (this.#stepRoom > 0) this.#engine.free(this.#steps, this.#stepRoom * STEP_BYTES);
      this.#stepRoom = Math.max(steps, 64);
      this.#steps = this.#engine.alloc(this.#stepRoom * STEP_BYTES);
    }
  }
  #freeRows(): void {
    if (this.#room === 0) return;
    this.#engine.free(this.onTime, (this.#room + 1) * 4);
    this.#engine.free(this.late, (this.#room + 1) * 4);
  }

  close(): void {
    this.#freeRows();
    if (this.#stepRoom > 0) this.#engine.free(this.#steps, this.#stepRoom * STEP_BYTES);
    this.#room = this.#stepRoom = 0;
  }
}
