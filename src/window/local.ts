import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { LOCAL_AGGREGATE_BYTES_MAX, LOCAL_GROUPS_MAX, LOCAL_REST_ROWS, LOCAL_RETRY_ROWS, LOCAL_TRIAL_ROWS } from '../base/limits.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import { HotKeys } from '../batch/hot.js';
import { type LocalWindowAggregateConfig, PARTIALS, type WindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import { MinHeap } from '../state/min-heap.js';
import { KeyedTables } from '../state/table.js';
import { flatten } from '../types/leaf.js';
import { WindowTime } from './clock.js';
import { Partials } from './partial.js';
import { partialSchema } from './partial-schema.js';
import { Partition, type SliceRows } from './partition.js';
import { floorTo, isBetweenWindows, type SliceSpec, sliceSpecOf } from './spec.js';

/** kind 'localWindowAggregate': accumulates per slice and key before the shuffle what is worth it. */
export const operator: OperatorModule<LocalWindowAggregateConfig> = localPhase({
  groupsMax: LOCAL_GROUPS_MAX,
  trialRows: LOCAL_TRIAL_ROWS,
  retryRows: LOCAL_RETRY_ROWS,
});

/** What tests change. */
export interface LocalLimits {
  readonly groupsMax: number;
  readonly trialRows: number;
  readonly retryRows: number;
}

export function localPhase(limits: LocalLimits): OperatorModule<LocalWindowAggregateConfig> {
  return { create: (config, ctx) => new LocalWindows(config, sliceSpecOf(config.window), ctx, limits) };
}

declare module '../wasm/engine.js' {
  interface Kernels {
    splitHashes(hashes: number, sel: number, n: number, hot: number, count: number, hits: number, hitHashes: number, misses: number): number;
  }
}

/**
 * The local phase accumulates every row while keys are few. When they are many it saves little by that, and keeps hot keys only, found by sampling:
 * those would burden one receiver with more than its part. Groups leave when the watermark reaches the end of their slice, before it is passed on, or when they
 * take too much memory. All other rows leave as they came; so do rows of slices that have ended: whether a row is late is decided, and counted, as without
 * a local phase.
 */
type Vector = 'hashes' | 'groups' | 'hits' | 'misses';
const VECTORS: readonly Vector[] = ['hashes', 'groups', 'hits', 'misses'];
/** More hot keys than a share of 1/32 each leaves room for. */
const HOT_MAX = 32;

interface LocalSlice extends GroupState {
  /** groups, and bytes of their table, when rows were last accumulated */
  groups: number;
  bytes: number;
}

class LocalWindows implements Operator {
  /** A batch may hold rows of many short windows: their groups leave together. A row that is late within its batch only is then taken in time. */
  readonly lastWatermarkOnly = true;
  readonly #ctx: OperatorContext;
  readonly #spec: SliceSpec;
  readonly #limits: LocalLimits;
  readonly #time: WindowTime;
  readonly #tables: KeyedTables;
  readonly #aggregates: Aggregates;
  readonly #partials: Partials;
  readonly #partition: Partition;
  readonly #hasher: KeyHasher;
  readonly #out: Batch;
  readonly #rows: number;
  readonly #keyCount: number;
  readonly #slices = new Map<number, LocalSlice>();
  /** their starts */
  readonly #order = new MinHeap();
  /** slices on their way out; the first is being walked */
  #leaving: { start: number; state: GroupState }[] = [];
  /** of all slices' tables */
  #bytes = 0;
  #walking = false;
  /** u32 vectors by position in a batch */
  #vectors: Record<Vector, number> | undefined;
  #room = 0;
  #passedEnd = Number.NEGATIVE_INFINITY;
  /** all keys are kept; rows of this trial, and how many of them found their group */
  #all = true;
  #seen = 0;
  #saved = 0;
  readonly #hotKeys: HotKeys;
  /** hashes of hot keys, padded to a multiple of four */
  readonly #hot: number;
  #hotCount = 0;

  constructor(config: LocalWindowAggregateConfig, spec: SliceSpec, ctx: OperatorContext, limits: LocalLimits) {
    const { engine } = ctx;
    const leaves = ctx.inputs[0];
    const base = KeyedTables.accBase(leaves, config.keys);
    const whole: WindowAggregateConfig = { ...config, time: 'rowtime', windowOutputs: [] };
    this.#ctx = ctx;
    this.#spec = spec;
    this.#limits = limits;
    this.#keyCount = config.keys.length;
    this.#time = new WindowTime(whole, ctx);
    this.#aggregates = new Aggregates(engine, leaves, config.calls, base);
    this.#tables = new KeyedTables(engine, leaves, config.keys, this.#aggregates.layout.bytes, { base: 0, range: 2 ** 32 });
    this.#partials = new Partials(engine, this.#aggregates, base);
    this.#partition = new Partition(engine, spec);
    this.#hasher = new KeyHasher(engine, leaves, config.keys);
    this.#hotKeys = new HotKeys(engine, this.#hasher, Math.max(2, ctx.parallelism), LOCAL_REST_ROWS);
    this.#hot = engine.alloc(HOT_MAX * 4);
    this.#out = allocBatch(engine, flatten(partialSchema(leaves, config.keys)));
    this.#rows = engine.alloc(BATCH_ROWS_MAX * 4);
  }

  processBatch(batch: Batch): boolean {
    const { sel, selCount } = batch;
    if (selCount === 0) return false;
    if (!this.#all && this.#hotKeys.sample(batch)) this.#takeHot();
    if (this.#passedEnd === Number.NEGATIVE_INFINITY || (!this.#all && this.#hotCount === 0)) {
      this.#judge(selCount);
      this.#ctx.out.emit(batch);
      return false;
    }
    const v = this.#need(batch.rows);
    const hashes = this.#partition.hashes(batch);
    let misses = 0;
    if (this.#all) this.#hasher.hash(batch, hashes);
    else {
      this.#hasher.hash(batch, v.hashes);
      batch.selCount = this.#ctx.engine.kernels.splitHashes(v.hashes, sel, selCount, this.#hot, this.#hotCount, v.hits, hashes, v.misses);
      batch.sel = v.hits;
      misses = selCount - batch.selCount;
    }
    if (misses < selCount) for (const part of this.#partition.split(batch, this.#time.times(batch))) misses += this.#take(batch, part, v, misses);
    if (misses > 0) {
      batch.sel = misses === selCount ? sel : v.misses;
      batch.selCount = misses;
      this.#ctx.out.emit(batch);
    }
    batch.sel = sel;
    batch.selCount = selCount;
    this.#judge(selCount);
    return this.#bytes > LOCAL_AGGREGATE_BYTES_MAX && this.#leave(Number.POSITIVE_INFINITY);
  }

  /** Accumulates the rows of one slice, unless they are to travel: those go behind the `misses` there are already. Returns their number. */
  #take(batch: Batch, part: SliceRows, v: Record<Vector, number>, misses: number): number {
    const { start, n, sel, hashes } = part;
    if (start + this.#spec.sliceMs <= this.#passedEnd || isBetweenWindows(this.#spec, start)) {
      this.#ctx.engine.u8.copyWithin(v.misses + 4 * misses, sel, sel + 4 * n);
      return n;
    }
    const state = this.#slice(start);
    const { table } = state;
    this.#tables.find(table, batch, sel, n, hashes, v.groups);
    this.#aggregates.update(state, v.groups, sel, n, batch);
    const groups = this.#tables.count(table);
    this.#saved += n;
    if (groups > state.groups) {
      this.#saved -= groups - state.groups;
      state.groups = groups;
      const bytes = this.#ctx.engine.kernels.tableBytes(table) >>> 0;
      this.#bytes += bytes - state.bytes;
      state.bytes = bytes;
    }
    if (groups > this.#limits.groupsMax) this.#setAll(false);
    return 0;
  }

  /** Three rows of four must find their group, or travelling is cheaper. */
  #judge(n: number): void {
    this.#seen += n;
    if (this.#all && this.#seen >= this.#limits.trialRows) this.#setAll(4 * this.#saved >= 3 * this.#seen);
    else if (!this.#all && this.#seen >= this.#limits.retryRows) this.#setAll(true);
  }
  #setAll(all: boolean): void {
    this.#all = all;
    this.#seen = 0;
    this.#saved = 0;
  }

  #takeHot(): void {
    const hot = this.#hotKeys.hot.slice(0, HOT_MAX);
    this.#hotCount = (hot.length + 3) & ~3;
    const { u32 } = this.#ctx.engine;
    for (let i = 0; i < this.#hotCount; i++) u32[(this.#hot >>> 2) + i] = hot[i] ?? hot[0];
  }

  #need(rows: number): Record<Vector, number> {
    if (this.#vectors === undefined || rows > this.#room) {
      this.#freeVectors();
      this.#room = Math.max(rows, BATCH_ROWS_MAX);
      // splitting writes one row further than it has found
      this.#vectors = Object.fromEntries(VECTORS.map((name) => [name, this.#ctx.engine.alloc((this.#room + 1) * 4)])) as Record<Vector, number>;
    }
    return this.#vectors;
  }
  #freeVectors(): void {
    if (this.#vectors !== undefined) for (const name of VECTORS) this.#ctx.engine.free(this.#vectors[name], (this.#room + 1) * 4);
    this.#vectors = undefined;
  }

  #slice(start: number): LocalSlice {
    let state = this.#slices.get(start);
    if (state === undefined) {
      state = { table: this.#tables.create(), distinct: [], groups: 0, bytes: 0 };
      this.#slices.set(start, state);
      this.#order.push(start);
    }
    return state;
  }

  /** A watermark matters when it passes the end of a slice, here or in another subtask. */
  watermarkMatters(watermark: bigint): boolean {
    return this.#endAt(watermark) > this.#passedEnd;
  }
  #endAt(watermark: bigint): number {
    return floorTo(this.#time.progressOf(watermark) + 1, this.#spec.sliceMs, this.#spec.offsetMs);
  }

  processWatermark(watermark: bigint): boolean {
    const end = this.#endAt(watermark);
    if (end <= this.#passedEnd) return false;
    this.#passedEnd = end;
    return this.#leave(end);
  }

  /** Sends the slices that end at or before `end` on their way. */
  #leave(end: number): boolean {
    for (let start = this.#order.first; start !== undefined && start + this.#spec.sliceMs <= end; start = this.#order.first) {
      this.#order.dropFirst();
      const state = this.#slices.get(start)!;
      this.#slices.delete(start);
      this.#bytes -= state.bytes;
      this.#leaving.push({ start, state });
    }
    return this.#leaving.length > 0;
  }

  /** Everything leaves, so that this phase has no state: a job may go on with one phase, or at another parallelism. */
  prepareSnapshot(): boolean {
    return this.#leave(Number.POSITIVE_INFINITY);
  }

  /** One batch of groups, of as many slices as it takes. */
  resume(): boolean {
    const walked: number[] = [];
    let n = 0;
    while (this.#leaving.length > 0 && n < BATCH_ROWS_MAX) {
      const [{ start, state }] = this.#leaving;
      const wanted = BATCH_ROWS_MAX - n;
      if (!this.#walking) this.#tables.walkStart(state.table);
      const found = this.#tables.walk(state.table, this.#rows + 4 * n, wanted);
      const at = (this.#out.values(this.#keyCount + 1) >>> 3) + n;
      this.#ctx.engine.i64.fill(BigInt(start + this.#spec.sliceMs), at, at + found);
      n += found;
      this.#walking = found === wanted;
      if (this.#walking) break;
      this.#leaving.shift();
      walked.push(state.table);
    }
    if (n > 0) this.#emit(n);
    for (const table of walked) this.#tables.free(table);
    return this.#leaving.length > 0;
  }

  #emit(n: number): void {
    const { engine } = this.#ctx;
    const out = this.#out;
    this.#tables.keysToColumns(this.#rows, n, out, 0);
    this.#partials.pack(this.#rows, n, out, this.#keyCount);
    const column = this.#keyCount + 1;
    const validity = out.validity(column);
    if (validity !== 0) engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
    out.selectAll(n);
    this.#ctx.out.emitSide(PARTIALS, out);
  }

  close(): void {
    const { engine } = this.#ctx;
    for (const s of [...this.#slices.values(), ...this.#leaving.map((l) => l.state)]) this.#tables.free(s.table);
    for (const part of [this.#tables, this.#aggregates, this.#partials, this.#partition, this.#time]) part.close();
    this.#hotKeys.close();
    engine.free(this.#rows, BATCH_ROWS_MAX * 4);
    engine.free(this.#hot, HOT_MAX * 4);
    this.#freeVectors();
    this.#slices.clear();
    this.#leaving = [];
  }
}
