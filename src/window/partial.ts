import type { Aggregates } from '../aggregate/aggregates.js';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import type { Engine } from '../wasm/engine.js';
import { blobPlans } from '../aggregate/packer.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    partialSize(rows: number, n: number, base: number, acc: number, texts: number, count: number): number;
    partialPack(rows: number, n: number, base: number, acc: number, texts: number, count: number, out: number, values: number): void;
    partialBytes(values: number, sel: number, n: number): number;
    partialUnpack(values: number, sel: number, n: number, base: number, acc: number, texts: number, count: number, out: number, outRows: number): number;
  }
}

/** `firedEnd` of partial results that every window of their slice gets. */
export const NOTHING_FIRED = -(2n ** 63n);

/** Accumulators as values of a VARBINARY column: what the local phase of an aggregation sends to the global one. */
export class Partials {
  readonly #engine: Engine;
  readonly #base: number;
  readonly #acc: number;
  readonly #texts: number;
  readonly #count: number;
  #buffer = 0;
  #bytes = 0;

  /** `base` is where accumulators begin in a group row. */
  constructor(engine: Engine, aggregates: Aggregates, base: number) {
    if (aggregates.layout.distinctArgs.length > 0) {
      throw new MillraceError('GRAPH_INVALID', 'DISTINCT aggregates cannot be split into a local and a global phase', {
        remedy: 'Plan them in one phase (table.optimizer.agg-phase-strategy = ONE_PHASE).',
      });
    }
    const plans = blobPlans(aggregates);
    this.#engine = engine;
    this.#base = base;
    this.#acc = aggregates.layout.bytes;
    this.#count = plans.length;
    this.#texts = plans.length === 0 ? 0 : engine.alloc(plans.length * 8);
    const { u32 } = engine;
    plans.forEach((p, i) => {
      u32[(this.#texts >>> 2) + 2 * i] = p.offset - base;
      u32[(this.#texts >>> 2) + 2 * i + 1] = p.flag - base;
    });
  }

  #room(bytes: number): number {
    if (bytes > this.#bytes) {
      if (this.#buffer !== 0) this.#engine.free(this.#buffer, this.#bytes);
      this.#bytes = Math.max(1024, bytes * 2);
      this.#buffer = this.#engine.alloc(this.#bytes);
    }
    return this.#buffer;
  }

  /** Writes the accumulators of `n` group rows into rows 0..n-1 of a column; valid until the next call or until the table is freed. */
  pack(rows: number, n: number, out: Batch, column: number): void {
    const k = this.#engine.kernels;
    const room = this.#count === 0 ? 0 : this.#room(k.partialSize(rows, n, this.#base, this.#acc, this.#texts, this.#count));
    k.partialPack(rows, n, this.#base, this.#acc, this.#texts, this.#count, room, out.values(column));
    const validity = out.validity(column);
    if (validity !== 0) this.#engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
  }

  /** Pointers to rows to merge from, at outRows, for `n` values of a column given by `sel`. */
  unpack(batch: Batch, column: number, sel: number, n: number, outRows: number): void {
    const k = this.#engine.kernels;
    const values = batch.values(column);
    const room = this.#count === 0 ? 0 : this.#room(k.partialBytes(values, sel, n));
    if (k.partialUnpack(values, sel, n, this.#base, this.#acc, this.#texts, this.#count, room, outRows) === 0) {
      throw new MillraceError('INTERNAL', 'accumulators from the local phase do not fit the global one');
    }
  }

  close(): void {
    if (this.#texts !== 0) this.#engine.free(this.#texts, this.#count * 8);
    if (this.#buffer !== 0) this.#engine.free(this.#buffer, this.#bytes);
    this.#buffer = 0;
    this.#bytes = 0;
  }
}
