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
  readonly start: number;
  readonly n: number;
  readonly sel: number;
  readonly hashes: number;
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

  /** The slices of the batch whose hashes were written; `times` are i64 by row number. */
  split(batch: Batch, times: number): SliceRows[] {
    const { kernels, i64, u32 } = this.#engine;
    const { sliceMs, offsetMs } = this.#spec;
    const n = batch.selCount;
    const count = kernels.sliceRows(times, batch.sel, n, this.#hashes, sliceMs, offsetMs, this.#slices, this.#numbers, this.#sel, this.#subHashes);
    if (count === 1) return [{ start: Number(i64[this.#slices >>> 3]), n, sel: batch.sel, hashes: this.#hashes }];
    const out: SliceRows[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#slices + i * SLICE_BYTES;
      const first = u32[(at >>> 2) + 5] * 4;
      out.push({ start: Number(i64[at >>> 3]), n: u32[(at >>> 2) + 4], sel: this.#sel + first, hashes: this.#subHashes + first });
    }
    return out;
  }

  close(): void {
    if (this.#rows === 0) return;
    for (const p of [this.#hashes, this.#numbers, this.#sel, this.#subHashes]) this.#engine.free(p, this.#rows * 4);
    this.#engine.free(this.#slices, this.#rows * SLICE_BYTES);
    this.#rows = 0;
  }
}
