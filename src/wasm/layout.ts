import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_STR } from '#abi';
import type { Expr } from '../types/expr.js';
import { leafCount } from '../types/leaf.js';
import * as op from './opcodes.js';

/** Layout of the block of memory that an emitted module owns, before its constants. `init` receives its address. */
export const DATA_ARENA = 0; // 16 bytes: the string arena
export const DATA_NOW_US = 16; // i64: wall clock at the current row, microseconds
export const DATA_WATERMARK = 24; // i64: current watermark, ms
export const DATA_SCRATCH = 64; // 64 bytes: results of kernels, and their room to work
export const DATA_CONSTANTS = 128;

/** State of an assigner in memory: three i64 of milliseconds. */
export const ASSIGNER_MAX = 0; // highest watermark of the batch's split so far
export const ASSIGNER_OTHERS = 8; // minimum over the other active splits
export const ASSIGNER_LAST = 16; // last emitted watermark
export const ASSIGNER_BYTES = 24;

/** Operation numbers of the host function decimalOp. */
export const DECIMAL_OPS = { add: 0, sub: 1, mul: 2, div: 3, mod: 4 } as const;
/** Rounding modes of the host function decimalRound. */
export const DECIMAL_ROUNDING = { round: 0, floor: 1, ceil: 2 } as const;

/** Output leaves that each projection fills: `first` leaf and how many; a plain column is copied as descriptors. */
export function outputLeaves(project: readonly Expr[]): { expr: Expr; first: number; count: number; copy: boolean }[] {
  let first = 0;
  return project.map((expr) => {
    const count = leafCount(expr.type);
    const at = first;
    first += count;
    return { expr, first: at, count, copy: expr.op === 'col' };
  });
}

/** Whether an expression asks for CURRENT_WATERMARK. */
export function readsWatermark({ filter, project }: { readonly filter?: Expr; readonly project: readonly Expr[] }): boolean {
  const reads = (e: Expr): boolean => e.op === 'call' && (e.fn === 'currentWatermark' || e.args.some(reads));
  return (filter !== undefined && reads(filter)) || project.some(reads);
}

/** Every expression of a calc, in the order in which emitted code numbers their calls. */
export function calcRoots(config: { readonly filter?: Expr; readonly project: readonly Expr[] }): readonly Expr[] {
  return config.filter === undefined ? config.project : [config.filter, ...config.project];
}

/** Value type of the locals that hold a column type. */
export function wasmType(code: number): number {
  switch (code) {
    case T_I64:
    case T_I128:
      return op.I64;
    case T_F32:
      return op.F32;
    case T_F64:
      return op.F64;
    default:
      return op.I32;
  }
}

/** Loads of one value (half, for two-part types) by type code. */
export const LOADS: Readonly<Record<number, number>> = {
  [T_BOOL]: op.I32_LOAD8_U,
  [T_I8]: op.I32_LOAD8_S,
  [T_I16]: op.I32_LOAD16_S,
  [T_I32]: op.I32_LOAD,
  [T_I64]: op.I64_LOAD,
  [T_F32]: op.F32_LOAD,
  [T_F64]: op.F64_LOAD,
  [T_STR]: op.I32_LOAD,
  [T_I128]: op.I64_LOAD,
};
export const STORES: Readonly<Record<number, number>> = {
  [T_BOOL]: op.I32_STORE8,
  [T_I8]: op.I32_STORE8,
  [T_I16]: op.I32_STORE16,
  [T_I32]: op.I32_STORE,
  [T_I64]: op.I64_STORE,
  [T_F32]: op.F32_STORE,
  [T_F64]: op.F64_STORE,
  [T_STR]: op.I32_STORE,
  [T_I128]: op.I64_STORE,
};
