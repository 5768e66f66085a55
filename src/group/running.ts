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
  T_I64,
} from '#abi';
import { ACC } from '../aggregate/accumulators.js';
import type { Aggregates, GroupState } from '../aggregate/aggregates.js';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import { typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    groupStep(calls: number, count: number, groups: number, sel: number, n: number, kinds: number, pairs: number, scratch: number): number;
    groupSettle(table: number, calls: number, count: number, groups: number, n: number): number;
    groupChanges(calls: number, count: number, counter: number, n: number, updateBefore: number, kinds: number, sel: number): number;
    groupUpserts(counter: number, n: number, kinds: number): void;
    groupTwice(groups: number, n: number, out: number): void;
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
  readonly #scratch: number;
  readonly #settles: boolean;

  /** `counter`: number of the call that counts all rows. */
  constructor(engine: Engine, aggregates: Aggregates, counter: number) {
    const { plans } = aggregates.layout;
    this.#engine = engine;
    this.#aggregates = aggregates;
    this.#order = [counter, ...plans.keys()].filter((c, i) => i === 0 || c !== counter);
    this.count = plans.length;
    this.ptr = engine.alloc(this.count * GC_BYTES);
    this.#scratch = engine.alloc(64);
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
      this.#set(i, GC_WORDS, p.distinct >= 0 && aggregates.isWordDistinct(p.distinct) ? 1 : 0);
    });
  }

  /** Where results go: column `first` + i of `out` for call i; the call beyond the columns (a hidden counter) to `hidden`. */
  writeTo(out: Batch, first: number, hidden: number): void {
    this.#order.forEach((c, i) => {
      const column = first + c;
      const shown = column < out.leaves.length;
      this.#set(i, GC_OUT_TYPE, shown ? typeCode(out.leaves[column].type) : T_I64);
      this.#set(i, GC_OUT, shown ? out.values(column) : hidden);
      this.#set(i, GC_OUT_VALIDITY, shown ? out.validity(column) : 0);
    });
  }

  /** Where arguments come from. */
  readFrom(batch: Batch, state: GroupState): void {
    const { plans } = this.#aggregates.layout;
    const k = this.#engine.kernels;
    this.#order.forEach((c, i) => {
      const { call, distinct } = plans[c];
      const arg = call.fn === 'countStar' ? undefined : call.arg;
      const validity = arg === undefined ? 0 : batch.validity(arg);
      this.#set(i, GC_VALUES, arg === undefined ? 0 : batch.values(arg));
      this.#set(i, GC_VALIDITY, validity === 0 || k.allPresent(validity, batch.rows) !== 0 ? 0 : validity);
      this.#set(i, GC_FILTER, call.filter === undefined ? 0 : batch.values(call.filter));
      this.#set(i, GC_FILTER_VALIDITY, call.filter === undefined ? 0 : batch.validity(call.filter));
      this.#set(i, GC_DISTINCT, distinct < 0 ? 0 : state.distinct[distinct]);
    });
  }

  /**
   * Makes a changelog of `n` pairs of results: kinds and selection of `out`; returns how many rows it has. `counter`: results of the first call;
   * it is not compared when `hidden`.
   */
  changes(out: Batch, sel: number, counter: number, hidden: boolean, n: number, updateBefore: boolean): number {
    const first = hidden ? 1 : 0;
    const k = this.#engine.kernels;
    return k.groupChanges(this.ptr + first * GC_BYTES, this.count - first, counter, n, updateBefore ? 1 : 0, out.kinds, sel);
  }

  /** Accumulates rows and writes the results before (`pairs`) and after each. `kinds`: the rows' kinds, 0 = all INSERT. */
  step(groups: number, sel: number, n: number, kinds: number, pairs: boolean): void {
    if (this.#engine.kernels.groupStep(this.ptr, this.count, groups, sel, n, kinds, pairs ? 1 : 0, this.#scratch) === 0) this.#outOfMemory();
  }

  /** The results have left: what accumulators borrowed of the input moves into the table. */
  settle(table: number, groups: number, n: number): void {
    if (this.#settles && this.#engine.kernels.groupSettle(table, this.ptr, this.count, groups, n) === 0) this.#outOfMemory();
  }

  close(): void {
    this.#engine.free(this.ptr, this.count * GC_BYTES);
    this.#engine.free(this.#scratch, 64);
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
