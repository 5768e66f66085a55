import { BATCH_ROWS_MAX, T_I128, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import type { AggregateCall } from '../contract/nodes.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { ACC, type AccumulatorLayout, type AccumulatorPlan, layOut } from './accumulators.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    keepPresent(groups: number, sel: number, n: number, validity: number, outGroups: number, outSel: number): number;
    keepTrue(groups: number, sel: number, n: number, values: number, validity: number, outGroups: number, outSel: number): number;
    aggCount(groups: number, n: number, acc: number): void;
    aggSum(type: number, groups: number, sel: number, n: number, values: number, acc: number, flag: number, wide: number): void;
    aggSumDecimal(type: number, groups: number, sel: number, n: number, values: number, acc: number, flag: number, sticky: number): void;
    aggExtreme(type: number, groups: number, sel: number, n: number, values: number, acc: number, flag: number, max: number): void;
    aggExtreme128(groups: number, sel: number, n: number, values: number, acc: number, flag: number, max: number): void;
    aggExtremeBytes(table: number, groups: number, sel: number, n: number, values: number, acc: number, flag: number, max: number): number;
    aggMerge(kind: number, table: number, dst: number, src: number, n: number, acc: number, flag: number): number;
    distinctKeep(table: number, words: number, type: number, groups: number, sel: number, n: number, values: number, outGroups: number, outSel: number): number;
    distinctMerge(t: number, words: number, type: number, rows: number, n: number, link: number, outGroups: number, outSel: number, outValues: number): number;
    linkRows(rows: number, dst: number, n: number, link: number): void;
    resultCount(rows: number, n: number, acc: number, values: number, validity: number, first: number, step: number): void;
    resultWord(rows: number, n: number, acc: number, flag: number, type: number, values: number, validity: number, first: number, step: number): void;
    result128(rows: number, n: number, acc: number, flag: number, values: number, validity: number, first: number, step: number): void;
    resultBytes(rows: number, n: number, acc: number, flag: number, values: number, validity: number, first: number, step: number): void;
    resultAvgInt(rows: number, n: number, acc: number, count: number, type: number, values: number, validity: number, first: number, step: number): void;
    resultAvgFloat(rows: number, n: number, acc: number, count: number, type: number, values: number, validity: number, first: number, step: number): void;
    resultAvgDecimal(
      rows: number,
      n: number,
      acc: number,
      flag: number,
      count: number,
      digits: number,
      values: number,
      validity: number,
      first: number,
      step: number,
    ): void;
  }
}

const DISTINCT_WORD = 1;
const DISTINCT_BYTES = 2;
const DISTINCT_ACC_BYTES = 8;

/** A group table with the tables of its DISTINCT values. */
export interface GroupState {
  readonly table: number;
  readonly distinct: readonly number[];
}

/** The aggregate calls of one operator: accumulate, merge and results over group rows, a batch at a time (assembly/aggregate). */
export class Aggregates {
  readonly layout: AccumulatorLayout;
  readonly #engine: Engine;
  readonly #leaves: readonly Leaf[];
  #rows = 0;
  #groups = 0;
  #sel = 0;
  readonly #walked: number;
  readonly #values: number;

  /** `base` is where accumulators begin in a group row; `retracts`: values are taken out again. */
  constructor(engine: Engine, leaves: readonly Leaf[], calls: readonly AggregateCall[], base: number, retracts = false) {
    this.#engine = engine;
    this.#leaves = leaves;
    this.layout = layOut(calls, leaves, base, retracts);
    this.#need(BATCH_ROWS_MAX);
    const distinct = this.layout.distinctArgs.length > 0;
    this.#walked = distinct ? engine.alloc(BATCH_ROWS_MAX * 4) : 0;
    this.#values = distinct ? engine.alloc(BATCH_ROWS_MAX * 16) : 0;
  }

  #need(rows: number): void {
    if (rows <= this.#rows) return;
    if (this.#rows > 0) {
      this.#engine.free(this.#groups, this.#rows * 4);
      this.#engine.free(this.#sel, this.#rows * 4);
    }
    this.#rows = rows;
    this.#groups = this.#engine.alloc(rows * 4);
    this.#sel = this.#engine.alloc(rows * 4);
  }

  /** Empty tables for the DISTINCT calls of one group table. */
  createDistinct(): number[] {
    return this.layout.distinctArgs.map((arg) => {
      const t = this.#engine.kernels.tableNew(this.#distinctKind(arg), DISTINCT_ACC_BYTES, 0, 2 ** 32, 0);
      if (t === 0) this.#outOfMemory();
      return t >>> 0;
    });
  }
  freeDistinct(tables: readonly number[]): void {
    for (const t of tables) this.#engine.kernels.tableFree(t);
  }
  #distinctKind(arg: number): number {
    const code = typeCode(this.#leaves[arg].type);
    return code === T_STR || code === T_I128 ? DISTINCT_BYTES : DISTINCT_WORD;
  }

  /** Accumulates `n` rows sel[i] of `batch` into their group rows groups[i] of `state`. */
  update(state: GroupState, groups: number, sel: number, n: number, batch: Batch): void {
    this.#need(n);
    const k = this.#engine.kernels;
    for (const plan of this.layout.plans) {
      const { arg, filter } = plan.call;
      let g = groups;
      let s = sel;
      let m = n;
      if (filter !== undefined) {
        m = k.keepTrue(g, s, m, batch.values(filter), batch.validity(filter), this.#groups, this.#sel);
        g = this.#groups;
        s = this.#sel;
      }
      if (arg !== undefined && plan.call.fn !== 'countStar') {
        const validity = batch.nulls(arg);
        if (validity !== 0) {
          m = k.keepPresent(g, s, m, validity, this.#groups, this.#sel);
          g = this.#groups;
          s = this.#sel;
        }
        if (plan.distinct >= 0 && m > 0) {
          m = this.#keepNew(plan, state.distinct[plan.distinct], g, s, m, batch.values(arg));
          g = this.#groups;
          s = this.#sel;
        }
      }
      if (m > 0) this.#accumulate(plan, state.table, g, s, m, arg === undefined ? 0 : batch.values(arg));
    }
  }

  #keepNew(plan: AccumulatorPlan, table: number, g: number, s: number, n: number, values: number): number {
    const words = Number(this.#distinctKind(plan.call.arg!) === DISTINCT_WORD);
    const m = this.#engine.kernels.distinctKeep(table, words, plan.argCode, g, s, n, values, this.#groups, this.#sel);
    if (m < 0) this.#outOfMemory();
    return m;
  }

  #accumulate(plan: AccumulatorPlan, table: number, g: number, s: number, n: number, values: number): void {
    const k = this.#engine.kernels;
    const { kind, argCode, offset, flag } = plan;
    const max = plan.max ? 1 : 0;
    const avg = plan.call.fn === 'avg' ? 1 : 0;
    if (kind === ACC.count) k.aggCount(g, n, offset);
    else if (kind === ACC.sumI128 || kind === ACC.avgI128) k.aggSumDecimal(argCode, g, s, n, values, offset, flag, avg);
    else if (kind < ACC.sumI128) k.aggSum(argCode, g, s, n, values, offset, flag, avg);
    else if (kind < ACC.minI128) k.aggExtreme(argCode, g, s, n, values, offset, flag, max);
    else if (kind < ACC.minBytes) k.aggExtreme128(g, s, n, values, offset, flag, max);
    else if (k.aggExtremeBytes(table, g, s, n, values, offset, flag, max) === 0) this.#outOfMemory();
    if (plan.count !== 0) k.aggCount(g, n, plan.count);
  }

  /** Merges group rows src[i] of `from` into dst[i] of `into`. When calls are DISTINCT, mergeDistinct must follow once for the whole of `from`. */
  merge(into: GroupState, dst: number, src: number, n: number): void {
    const k = this.#engine.kernels;
    this.link(src, dst, n);
    for (const plan of this.layout.plans) {
      if (plan.distinct >= 0) continue;
      if (k.aggMerge(plan.kind, into.table, dst, src, n, plan.offset, plan.flag) === 0) this.#outOfMemory();
      if (plan.count !== 0) k.aggMerge(ACC.count, into.table, dst, src, n, plan.count, 0);
    }
  }

  /** Says where the DISTINCT values of rows src[i] belong: to rows dst[i]. */
  link(src: number, dst: number, n: number): void {
    if (this.layout.link !== 0) this.#engine.kernels.linkRows(src, dst, n, this.layout.link);
  }

  /** Forgets what merge has linked: of rows that are dead but whose DISTINCT values are still there. */
  unlink(src: number, n: number): void {
    if (this.layout.link !== 0) this.#engine.kernels.linkRows(src, 0, n, this.layout.link);
  }

  /** Merges the DISTINCT values of all of `from`, whose rows `merge` has linked to rows of `into`. */
  mergeDistinct(into: GroupState, from: GroupState): void {
    const k = this.#engine.kernels;
    for (let i = 0; i < from.distinct.length; i++) {
      const source = from.distinct[i];
      k.tableWalkStart(source);
      for (let n = k.tableWalk(source, this.#walked, BATCH_ROWS_MAX); n > 0; n = k.tableWalk(source, this.#walked, BATCH_ROWS_MAX)) {
        this.mergeDistinctRows(into, i, this.#walked, n);
      }
    }
  }

  /** Merges `n` (at most BATCH_ROWS_MAX) entries of distinct table number `index` whose owners are linked to rows of `into`. */
  mergeDistinctRows(into: GroupState, index: number, rows: number, n: number): void {
    const plan = this.layout.plans.find((p) => p.distinct === index)!;
    const words = this.isWordDistinct(index) ? 1 : 0;
    const target = into.distinct[index];
    const m = this.#engine.kernels.distinctMerge(target, words, plan.argCode, rows, n, this.layout.link, this.#groups, this.#sel, this.#values);
    if (m < 0) this.#outOfMemory();
    if (m > 0) this.#accumulate(plan, into.table, this.#groups, this.#sel, m, this.#values);
  }

  /** Whether distinct table number `index` has WORD rows. */
  isWordDistinct(index: number): boolean {
    return this.#distinctKind(this.layout.distinctArgs[index]) === DISTINCT_WORD;
  }

  /**
   * Writes the results of `n` group rows into the columns from `first` on, into rows 0.., or `at`, `at` + `step`... Strings are views of the table's memory.
   */
  results(rows: number, n: number, out: Batch, first: number, at = 0, step = 1): void {
    const k = this.#engine.kernels;
    this.layout.plans.forEach((plan, i) => {
      const values = out.values(first + i);
      const validity = out.validity(first + i);
      const code = typeCode(out.leaves[first + i].type);
      const { kind, offset, flag, count } = plan;
      if (kind === ACC.count) k.resultCount(rows, n, offset, values, validity, at, step);
      else if (plan.call.fn === 'avg') {
        if (kind === ACC.sumF64) k.resultAvgFloat(rows, n, offset, count, code, values, validity, at, step);
        else if (kind === ACC.sumI64) k.resultAvgInt(rows, n, offset, count, code, values, validity, at, step);
        else k.resultAvgDecimal(rows, n, offset, flag, count, this.avgDigits(plan), values, validity, at, step);
      } else if (kind >= ACC.minBytes) k.resultBytes(rows, n, offset, flag, values, validity, at, step);
      else if (code === T_I128) k.result128(rows, n, offset, flag, values, validity, at, step);
      else k.resultWord(rows, n, offset, flag, code, values, validity, at, step);
    });
  }

  /** Digits that AVG of a DECIMAL has beyond its argument's. */
  avgDigits(plan: AccumulatorPlan): number {
    const arg = this.#leaves[plan.call.arg!].type;
    return Math.max(0, (plan.call.type.root === 'DECIMAL' ? plan.call.type.scale : 0) - (arg.root === 'DECIMAL' ? arg.scale : 0));
  }

  #outOfMemory(): never {
    this.#engine.takeError();
    throw new MillraceError('OUT_OF_MEMORY', "aggregation state has reached the slot's memory limit", {
      remedy: 'Raise the parallelism, or lessen the state (fewer keys, shorter windows).',
    });
  }

  /** Frees the scratch (not the distinct tables). */
  close(): void {
    this.#engine.free(this.#groups, this.#rows * 4);
    this.#engine.free(this.#sel, this.#rows * 4);
    if (this.#walked !== 0) this.#engine.free(this.#walked, BATCH_ROWS_MAX * 4);
    if (this.#values !== 0) this.#engine.free(this.#values, BATCH_ROWS_MAX * 16);
  }
}
