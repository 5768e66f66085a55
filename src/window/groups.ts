import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { type Batch, allocBatch } from '../batch/batch.js';
import type { AggregateCall } from '../contract/nodes.js';
import type { OperatorContext } from '../contract/operator.js';
import { hashesOf, KeyedTables } from '../state/table.js';
import { Partials } from './partial.js';

/** Rows merged in one bounded piece of work: some 0.1 ms. */
const MERGE_ROWS = 4 * BATCH_ROWS_MAX;

/** What every windowed aggregation does with its groups: find them, accumulate, merge, and write them out a batch at a time. */
export class WindowGroups {
  readonly tables: KeyedTables;
  readonly aggregates: Aggregates;
  readonly out: Batch;
  readonly keyCount: number;
  readonly callCount: number;
  readonly #ctx: OperatorContext;
  /** what a local phase sends: its keys come first, then the accumulators */
  readonly #partials: { readonly tables: KeyedTables; readonly values: Partials; readonly column: number } | undefined;
  readonly #rows: number;
  readonly #dst: number;
  #groups = 0;
  #groupRows = 0;

  constructor(ctx: OperatorContext, keys: readonly number[], calls: readonly AggregateCall[]) {
    const [leaves, partials] = ctx.inputs;
    this.#ctx = ctx;
    this.keyCount = keys.length;
    this.callCount = calls.length;
    const base = KeyedTables.accBase(leaves, keys);
    this.aggregates = new Aggregates(ctx.engine, leaves, calls, base);
    this.tables = new KeyedTables(ctx.engine, leaves, keys, this.aggregates.layout.bytes, hashesOf(ctx, keys));
    if (partials !== undefined) {
      const tables = new KeyedTables(ctx.engine, partials, [...keys.keys()], this.aggregates.layout.bytes, hashesOf(ctx, keys));
      this.#partials = { tables, values: new Partials(ctx.engine, this.aggregates, base), column: keys.length };
    }
    this.#rows = ctx.engine.alloc(BATCH_ROWS_MAX * 4);
    this.#dst = ctx.engine.alloc(BATCH_ROWS_MAX * 4);
    this.out = allocBatch(ctx.engine, ctx.output);
  }

  create(expected = 0): GroupState {
    return { table: this.tables.create(expected), distinct: this.aggregates.createDistinct() };
  }
  free(state: GroupState): void {
    this.tables.free(state.table);
    this.aggregates.freeDistinct(state.distinct);
  }
  count(state: GroupState): number {
    return this.tables.count(state.table);
  }

  /** Accumulates `n` rows of `batch` given by `sel` with their hashes. */
  add(state: GroupState, batch: Batch, sel: number, n: number, hashes: number): void {
    this.#needGroups(n);
    this.tables.find(state.table, batch, sel, n, hashes, this.#groups);
    this.aggregates.update(state, this.#groups, sel, n, batch);
  }

  /** Merges `n` rows of a local phase's batch. */
  addPartials(state: GroupState, batch: Batch, sel: number, n: number, hashes: number): void {
    const { tables, values, column } = this.#partials!;
    this.#needGroups(n);
    tables.find(state.table, batch, sel, n, hashes, this.#groups);
    for (let i = 0; i < n; i += BATCH_ROWS_MAX) {
      const m = Math.min(BATCH_ROWS_MAX, n - i);
      values.unpack(batch, column, sel + 4 * i, m, this.#rows);
      this.aggregates.merge(state, this.#groups + 4 * i, this.#rows, m);
    }
  }

  #needGroups(n: number): void {
    if (n > this.#groupRows) {
      if (this.#groups !== 0) this.#ctx.engine.free(this.#groups, this.#groupRows * 4);
      this.#groupRows = Math.max(n, BATCH_ROWS_MAX);
      this.#groups = this.#ctx.engine.alloc(this.#groupRows * 4);
    }
  }

  /** Starts a walk over a state's groups, for mergeSome or writeSome. */
  start(state: GroupState): void {
    this.tables.walkStart(state.table);
  }

  /** Merges the next groups of `from` into `into`; true while more are left. */
  mergeSome(into: GroupState, from: GroupState): boolean {
    for (let done = 0; done < MERGE_ROWS; done += BATCH_ROWS_MAX) {
      const n = this.tables.walk(from.table, this.#rows, BATCH_ROWS_MAX);
      if (n > 0) this.adopt(into, this.#rows, n);
      if (n < BATCH_ROWS_MAX) {
        this.aggregates.mergeDistinct(into, from);
        return false;
      }
    }
    return true;
  }

  /** Merges `n` rows (at most BATCH_ROWS_MAX) of another table with this layout; their DISTINCT values must follow. */
  adopt(into: GroupState, rows: number, n: number): void {
    this.tables.findRows(into.table, rows, n, this.#dst);
    this.aggregates.merge(into, this.#dst, rows, n);
  }

  /** Writes keys and results of the next groups into `out`, which is selected as a whole; returns their number, 0 at the end. */
  writeSome(state: GroupState): number {
    const n = this.tables.walk(state.table, this.#rows, BATCH_ROWS_MAX);
    if (n === 0) return 0;
    this.tables.keysToColumns(this.#rows, n, this.out, 0);
    this.aggregates.results(this.#rows, n, this.out, this.keyCount);
    this.out.selectAll(n);
    return n;
  }

  /** Fills row 0..n-1 of an i64 output column with one value. */
  fillTime(column: number, n: number, value: number): void {
    const { engine } = this.#ctx;
    const at = this.out.values(column) >>> 3;
    engine.i64.fill(BigInt(value), at, at + n);
    const validity = this.out.validity(column);
    if (validity !== 0) engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
  }

  close(): void {
    const { engine } = this.#ctx;
    this.tables.close();
    this.#partials?.tables.close();
    this.#partials?.values.close();
    this.aggregates.close();
    engine.free(this.#rows, BATCH_ROWS_MAX * 4);
    engine.free(this.#dst, BATCH_ROWS_MAX * 4);
    if (this.#groups !== 0) engine.free(this.#groups, this.#groupRows * 4);
  }
}
