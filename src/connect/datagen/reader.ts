import type { Batch } from '../../batch/batch.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceReader } from '../../contract/source.js';
import { BATCH_ROWS_MAX } from '#abi';
import { Columns } from './columns.js';
import type { DatagenPlan } from './options.js';

/** Rows next, next + stride, ... of the table: what one subtask makes. On restore a strand moves to one subtask as it is. */
interface Strand {
  next: number;
  readonly stride: number;
}
interface Stored {
  readonly strands: readonly Strand[];
  readonly random: readonly (readonly number[])[];
}

/**
 * Makes the rows of one subtask: row numbers i, i + parallelism, ... of the whole table, so that sequences and number-of-rows
 * are shared as in Flink. Row k of a subtask is due k / rate seconds after its start, by the clock, so the pace does not drift.
 */
export class DatagenReader implements SourceReader {
  readonly #plan: DatagenPlan;
  readonly #ctx: ReaderContext;
  readonly #columns: Columns;
  readonly #rowsPerMs: number;
  #strands: Strand[];
  #startMs: number | undefined;
  /** rows made since the start */
  #made = 0;

  constructor(plan: DatagenPlan, ctx: ReaderContext, seed: number) {
    this.#plan = plan;
    this.#ctx = ctx;
    this.#columns = new Columns(ctx.engine, ctx.leaves, plan.fields, seed + ctx.subtaskIndex * 2 * ctx.leaves.length, BATCH_ROWS_MAX);
    this.#strands = [{ next: ctx.subtaskIndex, stride: ctx.parallelism }];
    const share = Math.floor(plan.rowsPerSecond / ctx.parallelism) + (plan.rowsPerSecond % ctx.parallelism > ctx.subtaskIndex ? 1 : 0);
    this.#rowsPerMs = Math.max(1, share) / 1000;
  }

  poll(batch: Batch): number {
    const now = this.#ctx.clock.monotonicMs();
    this.#startMs ??= now;
    const limit = this.#plan.rows ?? Number.POSITIVE_INFINITY;
    this.#strands = this.#strands.filter((s) => s.next < limit);
    const strand = this.#strands[0];
    if (strand === undefined) return POLL_END;
    const due = Math.floor((now - this.#startMs) * this.#rowsPerMs) + 1 - this.#made;
    if (due <= 0) return POLL_IDLE;
    const left = limit === Number.POSITIVE_INFINITY ? limit : Math.ceil((limit - strand.next) / strand.stride);
    const n = Math.min(due, left, batch.capacity, this.#columns.rowsMax);
    this.#columns.fill(batch, n, strand.next, strand.stride, this.#ctx.clock.nowMs());
    batch.selectAll(n);
    strand.next += n * strand.stride;
    this.#made += n;
    this.#strands.push(this.#strands.shift()!);
    return POLL_ROWS;
  }

  wakeupMs(): number {
    const elapsed = this.#ctx.clock.monotonicMs() - (this.#startMs ?? 0);
    return Math.max(1, Math.ceil(this.#made / this.#rowsPerMs - elapsed));
  }

  snapshot(): Uint8Array[] {
    return this.#strands.map((s) => new TextEncoder().encode(JSON.stringify({ strands: [s], random: this.#columns.state } satisfies Stored)));
  }

  restore(elements: readonly Uint8Array[]): void {
    const stored = elements.map((e) => JSON.parse(new TextDecoder().decode(e)) as Stored);
    this.#strands = stored.flatMap((s) => s.strands.map((x) => ({ ...x })));
    if (stored.length > 0) this.#columns.state = stored[0].random;
  }

  close(): void {
    this.#columns.close();
  }
}
