import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { LOCAL_AGGREGATE_BYTES_MAX } from '../base/limits.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { LocalWindowAggregateConfig, WindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import { KeyedTables } from '../state/table.js';
import { WindowTime } from './clock.js';
import { Partials } from './partial.js';
import { Partition } from './partition.js';
import { floorTo, type SliceSpec, sliceSpecOf } from './spec.js';

/** kind 'localWindowAggregate': accumulates per slice and key before the shuffle. */
export const operator: OperatorModule<LocalWindowAggregateConfig> = {
  create: (config, ctx) => new LocalWindows(config, sliceSpecOf(config.window), ctx),
};

/**
 * The local phase: groups leave when the watermark reaches the end of their slice, before it is passed on, or when they take too much memory.
 * A row for a slice that has ended leaves with the next watermark: whether it is late is the global phase's to say.
 */
class LocalWindows implements Operator {
  readonly #ctx: OperatorContext;
  readonly #spec: SliceSpec;
  readonly #time: WindowTime;
  readonly #tables: KeyedTables;
  readonly #aggregates: Aggregates;
  readonly #partials: Partials;
  readonly #partition: Partition;
  readonly #hasher: KeyHasher;
  readonly #out: Batch;
  readonly #rows: number;
  readonly #keyCount: number;
  readonly #slices = new Map<number, GroupState>();
  /** slices on their way out; the first is being walked */
  #leaving: { start: number; state: GroupState }[] = [];
  #walking = false;
  #groups = 0;
  #groupRows = 0;
  #passedEnd = Number.NEGATIVE_INFINITY;

  constructor(config: LocalWindowAggregateConfig, spec: SliceSpec, ctx: OperatorContext) {
    const { engine } = ctx;
    const leaves = ctx.inputs[0];
    const base = KeyedTables.accBase(leaves, config.keys);
    const whole: WindowAggregateConfig = { ...config, time: 'rowtime', windowOutputs: [] };
    this.#ctx = ctx;
    this.#spec = spec;
    this.#keyCount = config.keys.length;
    this.#time = new WindowTime(whole, ctx);
    this.#aggregates = new Aggregates(engine, leaves, config.calls, base);
    this.#tables = new KeyedTables(engine, leaves, config.keys, this.#aggregates.layout.bytes, { base: 0, range: 2 ** 32 });
    this.#partials = new Partials(engine, this.#aggregates, base);
    this.#partition = new Partition(engine, spec);
    this.#hasher = new KeyHasher(engine, leaves, config.keys);
    this.#out = allocBatch(engine, ctx.output);
    this.#rows = engine.alloc(BATCH_ROWS_MAX * 4);
  }

  processBatch(batch: Batch): boolean {
    if (batch.selCount === 0) return false;
    this.#hasher.hash(batch, this.#partition.hashes(batch));
    for (const part of this.#partition.split(batch, this.#time.times(batch))) {
      const { table } = this.#slice(part.start);
      const groups = this.#groupVector(part.n);
      this.#tables.find(table, batch, part.sel, part.n, part.hashes, groups);
      this.#aggregates.update({ table, distinct: [] }, groups, part.sel, part.n, batch);
    }
    let bytes = 0;
    for (const s of this.#slices.values()) bytes += this.#ctx.engine.kernels.tableBytes(s.table) >>> 0;
    return bytes > LOCAL_AGGREGATE_BYTES_MAX && this.#leave(Number.POSITIVE_INFINITY);
  }

  #groupVector(n: number): number {
    if (n > this.#groupRows) {
      if (this.#groups !== 0) this.#ctx.engine.free(this.#groups, this.#groupRows * 4);
      this.#groupRows = Math.max(n, BATCH_ROWS_MAX);
      this.#groups = this.#ctx.engine.alloc(this.#groupRows * 4);
    }
    return this.#groups;
  }

  #slice(start: number): GroupState {
    let state = this.#slices.get(start);
    if (state === undefined) {
      state = { table: this.#tables.create(), distinct: [] };
      this.#slices.set(start, state);
    }
    return state;
  }

  /** A watermark matters when it passes the end of a slice, here or in another subtask, or lets rows of ended slices go. */
  watermarkMatters(watermark: bigint): boolean {
    return this.#endAt(watermark) > this.#passedEnd || [...this.#slices.keys()].some((start) => start < this.#passedEnd);
  }
  #endAt(watermark: bigint): number {
    return floorTo(this.#time.progressOf(watermark) + 1, this.#spec.sliceMs, this.#spec.offsetMs);
  }

  processWatermark(watermark: bigint): boolean {
    this.#passedEnd = Math.max(this.#passedEnd, this.#endAt(watermark));
    return this.#leave(this.#passedEnd);
  }

  /** Sends the slices that end at or before `end` on their way. */
  #leave(end: number): boolean {
    for (const [start, state] of [...this.#slices].sort((a, b) => a[0] - b[0])) {
      if (start + this.#spec.sliceMs > end) break;
      this.#slices.delete(start);
      this.#leaving.push({ start, state });
    }
    return this.#leaving.length > 0;
  }

  /** Everything leaves, so that this phase has no state: a job may go on with one phase, or at another parallelism. */
  prepareSnapshot(): boolean {
    return this.#leave(Number.POSITIVE_INFINITY);
  }

  resume(): boolean {
    const [slice] = this.#leaving;
    if (slice === undefined) return false;
    if (!this.#walking) this.#tables.walkStart(slice.state.table);
    this.#walking = true;
    const n = this.#tables.walk(slice.state.table, this.#rows, BATCH_ROWS_MAX);
    if (n > 0) this.#emit(n, slice.start + this.#spec.sliceMs);
    if (n < BATCH_ROWS_MAX) {
      this.#tables.free(slice.state.table);
      this.#leaving.shift();
      this.#walking = false;
    }
    return this.#leaving.length > 0;
  }

  #emit(n: number, end: number): void {
    const { engine } = this.#ctx;
    const out = this.#out;
    this.#tables.keysToColumns(this.#rows, n, out, 0);
    this.#partials.pack(this.#rows, n, out, this.#keyCount);
    const column = this.#keyCount + 1;
    const at = out.values(column) >>> 3;
    engine.i64.fill(BigInt(end), at, at + n);
    const validity = out.validity(column);
    if (validity !== 0) engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
    out.selectAll(n);
    this.#ctx.out.emit(out);
  }

  close(): void {
    const { engine } = this.#ctx;
    for (const s of [...this.#slices.values(), ...this.#leaving.map((l) => l.state)]) this.#tables.free(s.table);
    for (const part of [this.#tables, this.#aggregates, this.#partials, this.#partition, this.#time]) part.close();
    engine.free(this.#rows, BATCH_ROWS_MAX * 4);
    if (this.#groups !== 0) engine.free(this.#groups, this.#groupRows * 4);
    this.#slices.clear();
    this.#leaving = [];
  }
}
