import { BATCH_ROWS_MAX } from '#abi';
import type { Batch } from '../batch/batch.js';
import type { Engine } from '../wasm/engine.js';
import type { SliceSpec } from './spec.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    sliceRows(
      times: number,
      sel: number,
      n: number,
      hashes: number,
      size: number,
      offset: number,
      slices: number,
      numbers: number,
      outSel: number,
      outHashes: number,
    ): number;
  }
}

const SLICE_BYTES = 32;

/** Rows of one batch that fall into one slice: `n` row numbers at `sel` with their hashes. */
export interface SliceRows {
  start: number;
  n: number;
  sel: number;
  hashes: number;
}

/** Splits batches by slice: keeps the order of rows, copies nothing when all rows fall into one slice. Owns the vector of hashes. */
export class Partition {
  readonly #engine: Engine;
  readonly #spec: SliceSpec;
  #rows = 0;
  #hashes = 0;
  #numbers = 0;
  #sel = 0;
  #subHashes = 0;
  #slices = 0;
  /** of the last split; used again by the next */
  readonly #parts: SliceRows[] = [];

  constructor(engine: Engine, spec: SliceSpec) {
    this.#engine = engine;
    this.#spec = spec;
  }

  /** Room for the hashes of a batch, by position in its selection. */
  hashes(batch: Batch): number {
    if (batch.rows > this.#rows) {
      this.close();
      this.#rows = Math.max(batch.rows, BATCH_ROWS_MAX);
      this.#hashes = this.#engine.alloc(this.#rows * 4);
      this.#numbers = this.#engine.alloc(this.#rows * 4);
      this.#sel = this.#engine.alloc(this.#rows * 4);
      this.#subHashes = this.#engine.alloc(this.#rows * 4);
      this.#slices = this.#engine.alloc(this.#rows * SLICE_BYTES);
    }
    return this.#hashes;
  }

  /** The slices of the batch whose hashes were written, until the next split; `times` are i64 by row number. */
  split(batch: Batch, times: number): readonly SliceRows[] {
    const { kernels } = this.#engine;
    const { sliceMs, offsetMs } = this.#spec;
    const { sel, selCount } = batch;
    const count = kernels.sliceRows(times, sel, selCount, this.#hashes, sliceMs, offsetMs, this.#slices, this.#numbers, this.#sel, this.#subHashes);
    const { u32, f64 } = this.#engine;
    const parts = this.#parts;
    while (parts.length < count) parts.push({ start: 0, n: 0, sel: 0, hashes: 0 });
    parts.length = count;
    for (let i = 0; i < count; i++) {
      const part = parts[i];
      const at = this.#slices + i * SLICE_BYTES;
      const first = u32[(at >>> 2) + 5] * 4;
      part.start = f64[(at >>> 3) + 3];
      part.n = u32[(at >>> 2) + 4];
      part.sel = count === 1 ? sel : this.#sel + first;
      part.hashes = count === 1 ? this.#hashes : this.#subHashes + first;
    }
    return parts;
  }

  close(): void {
    if (this.#rows === 0) return;
    for (const p of [this.#hashes, this.#numbers, this.#sel, this.#subHashes]) this.#engine.free(p, this.#rows * 4);
    this.#engine.free(this.#slices, this.#rows * SLICE_BYTES);
    this.#rows = 0;
  }
}
