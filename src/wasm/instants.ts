import type { LogicalType } from '../types/logical.js';
import { timestampDigits } from '../types/leaf.js';
import type { Compiler, Val } from './compile.js';
import { pow10 } from './decimal.js';
import * as op from './opcodes.js';

export const DAY_MS = 86400000n;

/** Digits after the second in a timestamp's i64. */
export function digitsOf(type: LogicalType): number {
  return type.root === 'TIMESTAMP' || type.root === 'TIMESTAMP_LTZ' ? timestampDigits(type.precision) : 3;
}

/** i64 on the stack: from `from` digits after the second to `to`; fewer digits are cut towards the past, as Flink's truncation of instants. */
export function rescaleTime(c: Compiler, from: number, to: number): void {
  if (to > from) c.f.i64(pow10(to - from)).op(op.I64_MUL);
  else if (to < from) {
    c.f.i64(pow10(from - to));
    c.kernel('floorDiv');
  }
}

/** Pushes a timestamp, date or time as milliseconds (i64). */
export function pushMillis(c: Compiler, a: Val): void {
  c.push(a);
  if (a.type.root === 'DATE') c.f.op(op.I64_EXTEND_I32_S).i64(DAY_MS).op(op.I64_MUL);
  else if (a.type.root === 'TIME') c.f.op(op.I64_EXTEND_I32_S);
  else rescaleTime(c, digitsOf(a.type), 3);
}

/** Pushes local milliseconds: a TIMESTAMP_LTZ is shifted into the session's zone. */
export function pushLocalMillis(c: Compiler, a: Val): void {
  pushMillis(c, a);
  if (a.type.root === 'TIMESTAMP_LTZ') toLocal(c);
}

/** Pushes local milliseconds; of a TIMESTAMP_LTZ in a zone the offset stands in the local that is returned. */
export function pushLocalWithOffset(c: Compiler, a: Val): number | undefined {
  pushMillis(c, a);
  if (a.type.root !== 'TIMESTAMP_LTZ' || c.zone === undefined) return undefined;
  const [t, offset] = [c.f.local(op.I64), c.f.local(op.I64)];
  c.f.set(t);
  c.pushZone();
  c.f.get(t);
  c.kernel('zoneOffset');
  c.f.tee(offset).get(t).op(op.I64_ADD);
  return offset;
}

/** i64 UTC ms on the stack -> local ms. */
export function toLocal(c: Compiler): void {
  if (c.zone === undefined) return;
  const t = c.f.local(op.I64);
  c.f.set(t);
  c.pushZone();
  c.f.get(t);
  c.kernel('zoneOffset');
  c.f.get(t).op(op.I64_ADD);
}

/** i64 local ms on the stack -> UTC ms; in a gap the clock has moved on, in an overlap the earlier instant, as Java's atZone. */
export function toUtc(c: Compiler): void {
  if (c.zone === undefined) return;
  const f = c.f;
  const t = f.local(op.I64);
  f.set(t).get(t);
  c.pushZone();
  f.get(t);
  c.kernel('zoneOffsetLocal');
  f.op(op.I64_SUB);
}

/** i64 on the stack in units of 10^-digits s: UTC -> local. */
export function shiftToLocal(c: Compiler, digits: number): void {
  if (c.zone !== undefined) shift(c, digits, 'zoneOffset', op.I64_ADD);
}
export function shiftToUtc(c: Compiler, digits: number): void {
  if (c.zone !== undefined) shift(c, digits, 'zoneOffsetLocal', op.I64_SUB);
}
function shift(c: Compiler, digits: number, kernel: 'zoneOffset' | 'zoneOffsetLocal', how: number): void {
  const f = c.f;
  const t = f.local(op.I64);
  f.set(t).get(t);
  c.pushZone();
  f.get(t);
  rescaleTime(c, digits, 3);
  c.kernel(kernel);
  rescaleTime(c, 3, digits);
  f.op(how);
}

/** i64 on the stack: digits after the second beyond `precision` become 0. */
export function cutDigits(c: Compiler, digits: number, precision: number): void {
  if (precision >= digits) return;
  const unit = pow10(digits - precision);
  c.f.i64(unit);
  c.kernel('floorDiv');
  c.f.i64(unit).op(op.I64_MUL);
}
