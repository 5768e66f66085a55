import { T_F32, T_F64, T_I64, T_I128, T_STR } from '#abi';
import type { Compiler, Val } from './compile.js';
import * as op from './opcodes.js';

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

const I32_OPS: Readonly<Record<Comparison, number>> = {
  eq: op.I32_EQ,
  ne: op.I32_NE,
  lt: op.I32_LT_S,
  le: op.I32_LE_S,
  gt: op.I32_GT_S,
  ge: op.I32_GE_S,
};
const I64_OPS: Readonly<Record<Comparison, number>> = {
  eq: op.I64_EQ,
  ne: op.I64_NE,
  lt: op.I64_LT_S,
  le: op.I64_LE_S,
  gt: op.I64_GT_S,
  ge: op.I64_GE_S,
};
const F32_OPS: Readonly<Record<Comparison, number>> = { eq: op.F32_EQ, ne: op.F32_NE, lt: op.F32_LT, le: op.F32_LE, gt: op.F32_GT, ge: op.F32_GE };
const F64_OPS: Readonly<Record<Comparison, number>> = { eq: op.F64_EQ, ne: op.F64_NE, lt: op.F64_LT, le: op.F64_LE, gt: op.F64_GT, ge: op.F64_GE };

/** Pushes 1 or 0 for a comparison of two values of one type, null flags aside. */
export function pushComparison(c: Compiler, how: Comparison, a: Val, b: Val): void {
  const f = c.f;
  switch (a.code) {
    case T_STR:
      pushStringComparison(c, how, a, b);
      return;
    case T_I128:
      pushWideComparison(c, how, a, b);
      return;
    default:
      c.push(a);
      c.push(b);
      f.op((a.code === T_I64 ? I64_OPS : a.code === T_F32 ? F32_OPS : a.code === T_F64 ? F64_OPS : I32_OPS)[how]);
  }
}

function pushStringComparison(c: Compiler, how: Comparison, a: Val, b: Val): void {
  const f = c.f;
  if (how === 'eq' || how === 'ne') {
    if (typeof b.lit === 'string' && a.lit === undefined) pushEqualsLiteral(c, a, b.lit);
    else if (typeof a.lit === 'string' && b.lit === undefined) pushEqualsLiteral(c, b, a.lit);
    else {
      c.push(a);
      c.push(b);
      c.kernel('strEq');
    }
    if (how === 'ne') f.op(op.I32_EQZ);
    return;
  }
  c.push(a);
  c.push(b);
  c.kernel('strCompare');
  f.i32(0).op(I32_OPS[how]);
}

const utf8 = new TextEncoder();
const INLINE_BYTES_MAX = 32;
/** Constants up to this many bytes are compared whatever the string's length, without a branch: the bytes behind a string can be read. */
const BRANCHLESS_BYTES_MAX = 16;

/** A string against a short constant: its length, then whole words of it, no call. */
function pushEqualsLiteral(c: Compiler, a: Val, text: string): void {
  const f = c.f;
  const bytes = utf8.encode(text);
  const n = bytes.length;
  if (n > INLINE_BYTES_MAX) {
    f.get(a.w).i32(n).op(op.I32_EQ).if(op.I32);
    c.push(a);
    c.pushString(text);
    c.kernel('strEq');
    f.else().i32(0).end();
    return;
  }
  f.get(a.w).i32(n).op(op.I32_EQ);
  if (n === 0) return;
  const branch = n > BRANCHLESS_BYTES_MAX;
  if (branch) f.if(op.I32);
  const view = new DataView(bytes.buffer, bytes.byteOffset, n);
  // Words may overlap at the end, so that any length is a few compares.
  let parts = 0;
  const word = (at: number, size: 8 | 4 | 2 | 1): void => {
    f.get(a.v);
    if (size === 8) f.mem(op.I64_LOAD, at).i64(view.getBigInt64(at, true)).op(op.I64_EQ);
    else if (size === 4) f.mem(op.I32_LOAD, at).i32(view.getInt32(at, true)).op(op.I32_EQ);
    else if (size === 2) f.mem(op.I32_LOAD16_U, at).i32(view.getUint16(at, true)).op(op.I32_EQ);
    else f.mem(op.I32_LOAD8_U, at).i32(bytes[at]).op(op.I32_EQ);
    if (parts++ > 0 || !branch) f.op(op.I32_AND);
  };
  const size = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
  for (let at = 0; at + size <= n; at += size) word(at, size);
  if (n % size !== 0) word(n - size, size);
  if (branch) f.else().i32(0).end();
}

function pushWideComparison(c: Compiler, how: Comparison, a: Val, b: Val): void {
  const f = c.f;
  const left = c.newVal(a.type, false);
  const right = c.newVal(b.type, false);
  c.push(a);
  c.pop(left);
  c.push(b);
  c.pop(right);
  if (how === 'eq' || how === 'ne') {
    f.get(left.v).get(right.v).op(op.I64_EQ).get(left.w).get(right.w).op(op.I64_EQ, op.I32_AND);
    if (how === 'ne') f.op(op.I32_EQZ);
    return;
  }
  const low = { lt: op.I64_LT_U, le: op.I64_LE_U, gt: op.I64_GT_U, ge: op.I64_GE_U }[how];
  const high = how === 'lt' || how === 'le' ? op.I64_LT_S : op.I64_GT_S;
  f.get(left.w).get(right.w).op(op.I64_EQ).if(op.I32).get(left.v).get(right.v).op(low).else().get(left.w).get(right.w).op(high).end();
}
