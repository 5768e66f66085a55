import { BATCH_ROWS_MAX } from '#abi';
import { LOCAL_AGGREGATE_BYTES_MAX, LOCAL_GROUPS_MAX, LOCAL_REST_ROWS, LOCAL_RETRY_ROWS, LOCAL_TRIAL_ROWS } from '../base/limits.js';
import type { Counter } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import { HotKeys } from '../batch/hot.js';
import type { LocalWindowAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import { WindowTime } from './clock.js';
import { Lateness } from './lateness.js';
import { LocalSlices } from './local-slices.js';
import { Partition, type SliceRows } from './partition.js';
import { firstWindowEnd, isBetweenWindows, lastPassedEnd, lastWindowEnd, type SliceSpec, sliceSpecOf } from './spec.js';

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

type Vector = 'hashes' | 'hits' | 'misses';
const VECTORS: readonly Vector[] = ['hashes', 'hits', 'misses'];
/** More hot keys than a share of 1/32 each leaves room for. */
const HOT_MAX = 32;

/** Late rows of a batch that leave when its groups have. */
interface Held {
  readonly batch: Batch;
  readonly n: number;
}

/**
 * The local phase accumulates every row while keys are few. When they are many it saves little by that, and keeps hot keys only, found by sampling:
 * those would burden one receiver with more than its part. Groups leave when the watermark reaches the end of their slice, before it is passed on, or when they
 * take too much memory. All other rows leave as they came.
 *
 * A batch may hold rows of many short windows: their groups leave together, before its watermarks. So which rows were late at their place is told first. Where
 * others bring rows too, the receiver decides, as without a local phase: late rows leave behind the groups, with the watermarks between them. Where the marks
 * are all the event time there is (`decides`), they end here.
 */
class LocalWindows implements Operator {
  readonly readsMarks = true;
  readonly #ctx: OperatorContext;
  readonly #spec: SliceSpec;
  readonly #limits: LocalLimits;
  readonly #time: WindowTime;
  readonly #lateness: Lateness;
  readonly #decides: boolean;
  readonly #late: Counter | undefined;
  readonly #slices: LocalSlices;
  readonly #partition: Partition;
  readonly #hasher: KeyHasher;
  #held: Held | undefined;
  /** u32 vectors by position in a batch */
  #vectors: Record<Vector, number> | undefined;
  #room = 0;
  /** all keys are kept; rows of this trial */
  #all = true;
  #seen = 0;
  readonly #hotKeys: HotKeys;
  /** hashes of hot keys, padded to a multiple of four */
  readonly #hot: number;
  #hotCount = 0;

  constructor(config: LocalWindowAggregateConfig, spec: SliceSpec, ctx: OperatorContext, limits: LocalLimits) {
    const { engine } = ctx;
    this.#ctx = ctx;
    this.#spec = spec;
    this.#limits = limits;
    this.#time = new WindowTime(config, ctx);
    this.#lateness = new Lateness(engine, spec, this.#time);
    this.#decides = config.decides;
    if (config.decides) this.#late = ctx.metrics.counter('numLateRecordsDropped');
    this.#slices = new LocalSlices(config, spec.sliceMs, ctx);
    this.#partition = new Partition(engine, spec);
    this.#hasher = new KeyHasher(engine, ctx.inputs[0], config.keys);
    this.#hotKeys = new HotKeys(engine, this.#hasher, Math.max(2, ctx.parallelism), LOCAL_REST_ROWS);
    this.#hot = engine.alloc(HOT_MAX * 4);
  }

  processBatch(batch: Batch): boolean {
    const { sel, selCount, markCount } = batch;
    if (selCount === 0) return false;
    if (!this.#all && this.#hotKeys.sample(batch)) this.#takeHot();
    const late = this.#lateness.split(batch, this.#time.times(batch));
    if (late > 0) batch.sel = this.#lateness.onTime;
    batch.selCount = selCount - late;
    batch.markCount = 0;
    if (late < selCount) this.#addOnTime(batch);
    if (late > 0) this.#treatLate(batch, late);
    batch.sel = sel;
    batch.selCount = selCount;
    batch.markCount = markCount;
    this.#judge(selCount);
    if (this.#held !== undefined) {
      this.#passTo(this.#lateness.ends[this.#lateness.ends.length - 1].end);
      return true;
    }
    return this.#slices.bytes > LOCAL_AGGREGATE_BYTES_MAX && this.#slices.leave(Number.POSITIVE_INFINITY);
  }

  #addOnTime(batch: Batch): void {
    const { sel, selCount } = batch;
    if (this.#lateness.passedEnd === Number.NEGATIVE_INFINITY || (!this.#all && this.#hotCount === 0)) {
      this.#ctx.out.emit(batch);
      return;
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
    if (misses === 0) return;
    batch.sel = misses === selCount ? sel : v.misses;
    batch.selCount = misses;
    this.#ctx.out.emit(batch);
  }

  /** Rows whose slice had ended when they came. */
  #treatLate(batch: Batch, n: number): void {
    if (this.#decides) {
      this.#decide(batch, n);
      return;
    }
    if (this.#lateness.ends.length > 1) {
      this.#held = { batch, n };
      return;
    }
    batch.sel = this.#lateness.late;
    batch.selCount = n;
    this.#ctx.out.emit(batch);
  }

  /** Counts and drops what no window waits for; what some still do is accumulated for them. */
  #decide(batch: Batch, n: number): void {
    const { late, ends } = this.#lateness;
    if (this.#spec.slideMs === this.#spec.sizeMs) {
      this.#late!.add(n);
      return;
    }
    const { engine } = this.#ctx;
    // the view is looked up each time: accumulating may let the memory grow
    const rowAt = (i: number): number => engine.u32[(late >>> 2) + i];
    const times = this.#time.times(batch);
    for (let from = 0, step = 0; from < n; ) {
      while (step + 1 < ends.length && ends[step + 1].row < rowAt(from)) step++;
      let to = from + 1;
      while (to < n && (step + 1 === ends.length || rowAt(to) <= ends[step + 1].row)) to++;
      batch.sel = late + 4 * from;
      batch.selCount = to - from;
      this.#hasher.hash(batch, this.#partition.hashes(batch));
      for (const part of this.#partition.split(batch, times)) this.#takeLate(batch, part, lastPassedEnd(this.#spec, ends[step].end - 1));
      from = to;
    }
  }
  #takeLate(batch: Batch, part: SliceRows, firedEnd: number): void {
    if (lastWindowEnd(this.#spec, part.start) <= firedEnd || isBetweenWindows(this.#spec, part.start)) this.#late!.add(part.n);
    else this.#slices.addAfter(batch, part, firstWindowEnd(this.#spec, part.start) <= firedEnd ? firedEnd : Number.NEGATIVE_INFINITY);
  }

  /** Accumulates the rows of one slice, unless they are to travel: those go behind the `misses` there are already. Returns their number. */
  #take(batch: Batch, part: SliceRows, v: Record<Vector, number>, misses: number): number {
    if (isBetweenWindows(this.#spec, part.start)) {
      this.#ctx.engine.u8.copyWithin(v.misses + 4 * misses, part.sel, part.sel + 4 * part.n);
      return part.n;
    }
    if (this.#slices.add(batch, part) > this.#limits.groupsMax) this.#setAll(false);
    return 0;
  }

  /** Three rows of four must find their group, or travelling is cheaper. */
  #judge(n: number): void {
    this.#seen += n;
    if (this.#all && this.#seen >= this.#limits.trialRows) this.#setAll(4 * this.#slices.saved >= 3 * this.#seen);
    else if (!this.#all && this.#seen >= this.#limits.retryRows) this.#setAll(true);
  }
  #setAll(all: boolean): void {
    this.#all = all;
    this.#seen = 0;
    this.#slices.saved = 0;
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

  /** A watermark matters when it passes the end of a slice, here or in another subtask. */
  watermarkMatters(watermark: bigint): boolean {
    return this.#lateness.endAt(watermark) > this.#lateness.passedEnd;
  }

  processWatermark(watermark: bigint): boolean {
    return this.#passTo(this.#lateness.endAt(watermark));
  }
  #passTo(end: number): boolean {
    if (end <= this.#lateness.passedEnd) return false;
    this.#lateness.passedEnd = end;
    return this.#slices.leave(end);
  }

  /** Everything leaves, so that this phase has no state: a job may go on with one phase, or at another parallelism. */
  prepareSnapshot(): boolean {
    return this.#slices.leave(Number.POSITIVE_INFINITY);
  }

  /** One batch of groups; behind the last one the late rows. */
  resume(): boolean {
    if (this.#slices.sendSome()) return true;
    if (this.#held !== undefined) this.#sendHeld(this.#held);
    return false;
  }
  #sendHeld({ batch, n }: Held): void {
    this.#held = undefined;
    const { sel, selCount } = batch;
    batch.sel = this.#lateness.late;
    batch.selCount = n;
    this.#ctx.out.emit(batch);
    batch.sel = sel;
    batch.selCount = selCount;
  }

  close(): void {
    for (const part of [this.#slices, this.#partition, this.#lateness, this.#time, this.#hotKeys]) part.close();
    this.#ctx.engine.free(this.#hot, HOT_MAX * 4);
    this.#freeVectors();
  }
}
