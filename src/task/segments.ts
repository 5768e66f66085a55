import type { Batch } from '../batch/batch.js';

/** A batch that an operator takes apart at its marks. An operator has one: its next batch comes when it is done with this one. */
export class Segments {
  readonly kind = 'segments';
  batch: Batch;
  input = 0;
  sel = 0;
  selCount = 0;
  markCount = 0;
  /** position in the selection of the first row that is left */
  from = 0;
  /** the next mark */
  mark = 0;
  /** the rows before `mark` are taken */
  rowsDone = false;

  constructor(batch: Batch) {
    this.batch = batch;
  }

  start(batch: Batch, input: number): this {
    this.batch = batch;
    this.input = input;
    this.sel = batch.sel;
    this.selCount = batch.selCount;
    this.markCount = batch.markCount;
    this.from = 0;
    this.mark = 0;
    this.rowsDone = false;
    return this;
  }

  /** The batch's header names the rows from position `from` on, up to `to`. */
  narrow(from: number, to: number): void {
    const { batch } = this;
    batch.sel = this.sel + 4 * from;
    batch.selCount = to - from;
    batch.markCount = 0;
  }
  /** The header is as it came. */
  widen(): void {
    const { batch } = this;
    batch.sel = this.sel;
    batch.selCount = this.selCount;
    batch.markCount = this.markCount;
  }

  /** Position in the selection of the first row that comes after mark number `mark`. */
  rowsThrough(mark: number): number {
    const row = this.batch.markRow(mark) | 0; // -1 = before the first row
    const { u32 } = this.batch.engine;
    const sel = this.sel >>> 2;
    let low = this.from;
    let high = this.selCount;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (u32[sel + mid] <= row) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
