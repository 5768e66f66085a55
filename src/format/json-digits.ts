import type { FunctionBuilder } from '../wasm/encoder.js';
import * as op from '../wasm/opcodes.js';
import type { RunLocals } from './json-run.js';

/** Leaves on the stack: i64 value of the 1 to 8 digits at p + at (eightDigits of number.ts). */
export function pushDigits(f: FunctionBuilder, p: number, at: number, count: number): void {
  f.get(p).mem(op.I64_LOAD, at);
  if (count < 8) f.i64(BigInt(64 - 8 * count)).op(op.I64_SHL);
  pushEight(f);
}

/** Turns the i64 on the stack, eight digits or zero bytes as they stand in memory, into their value. */
function pushEight(f: FunctionBuilder): void {
  f.i64(0x0f0f0f0f0f0f0f0fn).op(op.I64_AND).i64(2561n).op(op.I64_MUL).i64(8n).op(op.I64_SHR_U);
  f.i64(0x00ff00ff00ff00ffn).op(op.I64_AND).i64(6553601n).op(op.I64_MUL).i64(16n).op(op.I64_SHR_U);
  f.i64(0x0000ffff0000ffffn).op(op.I64_AND).i64(42949672960001n).op(op.I64_MUL).i64(32n).op(op.I64_SHR_U);
}

/** Leaves on the stack: i32 number of digits at p, 16 if there are more. */
export function pushDigitCount(f: FunctionBuilder, l: RunLocals): void {
  f.get(l.p).loadV128().get(l.zero).simd(op.I8X16_SUB).get(l.nine).simd(op.I8X16_GT_U, op.I8X16_BITMASK).i32(0x10000).op(op.I32_OR, op.I32_CTZ);
}

/**
 * Leaves on the stack: i32, not 0 when the `digits` (a local) digits at p are no whole number of 1 to `most` digits: another byte than a comma or brace
 * follows, or a zero leads.
 */
export function pushNoInteger(f: FunctionBuilder, p: number, digits: number, most: number): void {
  f.get(digits).i32(1).op(op.I32_SUB).i32(most).op(op.I32_GE_U);
  const next = (byte: number): void => {
    f.get(p).get(digits).op(op.I32_ADD).mem(op.I32_LOAD8_U).i32(byte).op(op.I32_NE);
  };
  next(0x2c);
  next(0x7d);
  f.op(op.I32_AND, op.I32_OR);
  f.get(p).mem(op.I32_LOAD8_U).i32(0x30).op(op.I32_EQ).get(digits).i32(1).op(op.I32_NE, op.I32_AND, op.I32_OR);
}

/** Leaves on the stack: i64 value of the `digits` (a local, 1 to 16) digits at p. */
export function pushInteger(f: FunctionBuilder, p: number, digits: number): void {
  const shifted = (length: number): void => {
    f.i32(length).get(digits).op(op.I32_SUB).i32(3).op(op.I32_SHL, op.I64_EXTEND_I32_U, op.I64_SHL);
  };
  f.get(digits).i32(8).op(op.I32_LE_U).if(op.I64);
  f.get(p).mem(op.I64_LOAD);
  shifted(8);
  pushEight(f);
  f.else().get(p).mem(op.I64_LOAD);
  shifted(16);
  pushEight(f);
  f.i64(100_000_000n).op(op.I64_MUL).get(p).get(digits).op(op.I32_ADD).i32(8).op(op.I32_SUB).mem(op.I64_LOAD);
  pushEight(f);
  f.op(op.I64_ADD).end();
}
