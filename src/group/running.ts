import {
  BATCH_ROWS_MAX,
  GC_ACC,
  GC_AVG,
  GC_BYTES,
  GC_COUNT,
  GC_DIGITS,
  GC_DISTINCT,
  GC_FILTER,
  GC_FILTER_VALIDITY,
  GC_FLAG,
  GC_KIND,
  GC_OUT,
  GC_OUT_TYPE,
  GC_OUT_VALIDITY,
  GC_TYPE,
  GC_VALIDITY,
  GC_VALUES,
  GC_WORDS,
} from '#abi';
import { ACC } from '../aggregate/accumulators.js';
import type { Aggregates, GroupState } from '../aggregate/aggregates.js';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import { typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    groupStep(calls: number, count: number, groups: number, sel: number, n: number, kinds: number, pairs: number): number;
    groupSettle(table: number, calls: number, count: number, groups: number, n: number): number;
    groupChanges(calls: number, count: number, counter: number, n: number, updateBefore: number, kinds: number, sel: number): number;
    groupUpserts(counter: number, n: number, kinds: number): void;
    groupTwice(groups: number, n: number, out: number): void;
    groupPut(calls: number, count: number, groups: number, n: number, first: number, step: number): void;
    groupMerge(calls: number, count: number, table: number, dst: number, src: number, n: number): number;
    groupSigned(calls: number, count: number, groups: number, sel: number, n: number, kinds: number): void;
    groupMergeSigned(calls: number, count: number, dst: number, src: number, n: number): void;
  }
}

/** Descriptors of aggregate calls for the kernels of assembly/group. The first is the one that counts all rows of a group. */
export class RunningCalls {
  readonly ptr: number;
  readonly count: number;
  readonly #engine: Engine;
  readonly #aggregates: Aggregates;
  /** numbers of the calls, in the order of their descriptors */
  readonly #order: readonly number[];
  readonly #settles: boolean;

  /** `counter`: number of the call that counts all rows. `state` holds the DISTINCT values. */
  constructor(engine: Engine, aggregates: Aggregates, counter: number, state: GroupState) {
    const { plans } = aggregates.layout;
    this.#engine = engine;
    this.#aggregates = aggregates;
    this.#order = [counter, ...plans.keys()].filter((c, i) => i === 0 || c !== counter);
    this.count = plans.length;
    this.ptr = engine.alloc(this.count * GC_BYTES);
    this.#settles = plans.some((p) => p.kind >= ACC.minBytes);
    engine.u8.fill(0, this.ptr, this.ptr + this.count * GC_BYTES);
    this.#order.forEach((c, i) => {
      const p = plans[c];
      this.#set(i, GC_KIND, p.kind);
      this.#set(i, GC_TYPE, p.argCode);
      this.#set(i, GC_ACC, p.offset);
      this.#set(i, GC_FLAG, p.flag);
      this.#set(i, GC_COUNT, p.count);
      this.#set(i, GC_AVG, p.call.fn === 'avg' ? 1 : 0);
      this.#set(i, GC_DIGITS, p.kind === ACC.avgI128 ? aggregates.avgDigits(p) : 0);
      this.#set(i, GC_DISTINCT, p.distinct < 0 ? 0 : state.distinct[p.distinct]);
      this.#set(i, GC_OUT_TYPE, typeCode(p.call.type));
      this.#set(i, GC_WORDS, p.distinct >= 0 && aggregates.isWordDistinct(p.distinct) ? 1 : 0);
    });
  }

  /** Where the results of each call go. */
  writeTo(column: (call: number) => { readonly values: number; readonly validity: number }): void {
    this.#order.forEach((c, i) => {
      const { values, validity } = column(c);
      this.#set(i, GC_OUT, values);
      this.#set(i, GC_OUT_VALIDITY, validity);
    });
  }

  /** Where arguments come from. */
  readFrom(batch: Batch): void {
    const { plans } = this.#aggregates.layout;
    this.#order.forEach((c, i) => {
      const { call } = plans[c];
      const arg = call.fn === 'countStar' ? undefined : call.arg;
      this.#set(i, GC_VALUES, arg === undefined ? 0 : batch.values(arg));
      this.#set(i, GC_VALIDITY, arg === undefined ? 0 : batch.nulls(arg));
      this.#set(i, GC_FILTER, call.filter === undefined ? 0 : batch.values(call.filter));
      this.#set(i, GC_FILTER_VALIDITY, call.filter === undefined ? 0 : batch.validity(call.filter));
    });
  }

  /**
   * Makes a changelog of `n` pairs of results: writes kinds and selection; returns how many rows it has. `counter`: results of the first call;
   * they are not compared when `hidden`.
   */
  changes(counter: number, hidden: boolean, n: number, updateBefore: boolean, kinds: number, sel: number): number {
    const first = hidden ? 1 : 0;
    return this.#engine.kernels.groupChanges(this.ptr + first * GC_BYTES, this.count - first, counter, n, updateBefore ? 1 : 0, kinds, sel);
  }

  /** Accumulates rows and writes the results before (`pairs`) and after each. `kinds`: the rows' kinds, 0 = all INSERT. */
  step(groups: number, sel: number, n: number, kinds: number, pairs: boolean): void {
    if (this.#engine.kernels.groupStep(this.ptr, this.count, groups, sel, n, kinds, pairs ? 1 : 0) === 0) this.#outOfMemory();
  }

  /** Merges groups src[i] of a bundle into dst[i] of `table`; DISTINCT calls are left out. `signed`: the bundle's sums may be negative. */
  merge(table: number, dst: number, src: number, n: number, signed: boolean): void {
    const k = this.#engine.kernels;
    if (signed) k.groupMergeSigned(this.ptr, this.count, dst, src, n);
    else if (k.groupMerge(this.ptr, this.count, table, dst, src, n) === 0) this.#outOfMemory();
  }

  /** The results have left: what accumulators borrowed of the input moves into the table. */
  settle(table: number, groups: number, n: number): void {
    if (this.#settles && this.#engine.kernels.groupSettle(table, this.ptr, this.count, groups, n) === 0) this.#outOfMemory();
  }

  close(): void {
    this.#engine.free(this.ptr, this.count * GC_BYTES);
  }

  #set(call: number, field: number, value: number): void {
    this.#engine.u32[(this.ptr + call * GC_BYTES + field) >>> 2] = value;
  }

  #outOfMemory(): never {
    this.#engine.takeError();
    throw new MillraceError('OUT_OF_MEMORY', "aggregation state has reached the slot's memory limit", {
      remedy: 'Raise the parallelism, or lessen the state (fewer keys).',
    });
  }
}

/** Rows whose results before and after fill one batch. */
export const PAIRS_MAX = BATCH_ROWS_MAX / 2;
