import { T_F32, T_F64, T_I128, T_I64, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import type { AggregateCall } from '../contract/nodes.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import { typeToString } from '../types/logical.js';

/** What an accumulator holds: the ACC_* codes of assembly/aggregate/merge.ts. */
export const ACC = {
  count: 0,
  sumI64: 1,
  sumF32: 2,
  sumF64: 3,
  sumI128: 4,
  avgI128: 5,
  minI64: 6,
  minF32: 8,
  minF64: 10,
  minI128: 12,
  minBytes: 14,
} as const;

/** One aggregate call laid out in the group row. Offsets are from the row's start. */
export interface AccumulatorPlan {
  readonly call: AggregateCall;
  /** T_* of the argument, 0 without one */
  readonly argCode: number;
  /** ACC_* of the main accumulator */
  readonly kind: number;
  readonly offset: number;
  readonly flag: number;
  /** AVG, and SUM whose values are taken out again: offset of the count, else 0 */
  readonly count: number;
  readonly decimal: boolean;
  readonly max: boolean;
  /** number of the distinct table, -1 = none */
  readonly distinct: number;
}

export interface AccumulatorLayout {
  readonly plans: readonly AccumulatorPlan[];
  /** bytes of all accumulators, a multiple of 8 */
  readonly bytes: number;
  /** offset of a u32 that merging may use to remember the row's counterpart; 0 when no call is DISTINCT */
  readonly link: number;
  /** leaf index of the argument of each distinct table */
  readonly distinctArgs: readonly number[];
}

/**
 * Lays out the accumulators of `calls` after `base` bytes of row header: links, then 8-byte cells, then one flag byte per call.
 * `retracts`: a SUM counts its values, because it is NULL again when all of them are gone.
 */
export function layOut(calls: readonly AggregateCall[], leaves: readonly Leaf[], base: number, retracts = false): AccumulatorLayout {
  const distinctArgs: number[] = [];
  const isDistinct = (c: AggregateCall): boolean => c.distinct && c.fn !== 'min' && c.fn !== 'max' && c.fn !== 'countStar';
  const anyDistinct = calls.some(isDistinct);
  let at = base + (anyDistinct ? 8 : 0);
  const cells = calls.map((call) => {
    const leaf = call.arg === undefined ? undefined : leaves[call.arg];
    const argCode = leaf === undefined ? 0 : typeCode(leaf.type);
    const decimal = leaf?.type.root === 'DECIMAL';
    const kind = kindOf(call, argCode, decimal);
    const offset = at;
    at += kind >= ACC.minBytes || isWide(kind) ? 16 : 8;
    const counted = call.fn === 'avg' || (retracts && call.fn === 'sum');
    const count = counted ? at : 0;
    if (counted) at += 8;
    let distinct = -1;
    if (isDistinct(call)) {
      distinct = distinctArgs.length;
      distinctArgs.push(call.arg!);
    }
    return { call, argCode, kind, offset, count, decimal, max: call.fn === 'max', distinct };
  });
  const plans = cells.map((cell) => ({ ...cell, flag: cell.kind === ACC.count ? 0 : at++ }));
  return { plans, bytes: ((at + 7) & ~7) - base, link: anyDistinct ? base : 0, distinctArgs };
}

function isWide(kind: number): boolean {
  return kind === ACC.sumI128 || kind === ACC.avgI128 || kind === ACC.minI128 || kind === ACC.minI128 + 1;
}

function kindOf(call: AggregateCall, argCode: number, decimal: boolean): number {
  const max = call.fn === 'max' ? 1 : 0;
  switch (call.fn) {
    case 'countStar':
    case 'count':
      return ACC.count;
    case 'sum':
    case 'avg':
      if (decimal) return call.fn === 'avg' ? ACC.avgI128 : ACC.sumI128;
      if (argCode === T_F32) return call.fn === 'avg' ? ACC.sumF64 : ACC.sumF32;
      if (argCode === T_F64) return ACC.sumF64;
      if (argCode >= 2 && argCode <= T_I64) return ACC.sumI64;
      break;
    default:
      if (argCode === T_F32) return ACC.minF32 + max;
      if (argCode === T_F64) return ACC.minF64 + max;
      if (argCode === T_I128) return ACC.minI128 + max;
      if (argCode === T_STR) return ACC.minBytes + max;
      if (argCode >= 1 && argCode <= T_I64) return ACC.minI64 + max;
  }
  throw new MillraceError('TYPE_MISMATCH', `${call.fn.toUpperCase()} is not defined for an argument that gives ${typeToString(call.type)}`, {
    remedy: 'Cast the argument to a number, a time or a string.',
  });
}
