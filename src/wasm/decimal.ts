import { ERR_CODE, T_I64, T_I128 } from '#abi';
import type { Call } from '../types/expr.js';
import type { LogicalType } from '../types/logical.js';
import { type Compiler, notSupported, type Val } from './compile.js';
import type { HostName, KernelName } from './kernels.js';
import { DATA_SCRATCH, DECIMAL_OPS, DECIMAL_ROUNDING } from './layout.js';
import * as op from './opcodes.js';

type DecimalType = Extract<LogicalType, { root: 'DECIMAL' }>;

/** Precision and scale of an operand: an integer is a decimal of scale 0. */
export function decimalShape(type: LogicalType): { precision: number; scale: number } {
  switch (type.root) {
    case 'DECIMAL':
      return type;
    case 'TINYINT':
      return { precision: 3, scale: 0 };
    case 'SMALLINT':
      return { precision: 5, scale: 0 };
    case 'INTEGER':
      return { precision: 10, scale: 0 };
    case 'BIGINT':
      return { precision: 19, scale: 0 };
    default:
      throw notSupported(`${type.root} as an operand of DECIMAL arithmetic`);
  }
}

/** Pushes a decimal or an integer as one i64. */
function pushNarrow(c: Compiler, a: Val): void {
  c.push(a);
  if (a.code !== T_I64) c.f.op(op.I64_EXTEND_I32_S);
}

/** Pushes a decimal or an integer as two i64: low, high. */
export function pushWide(c: Compiler, a: Val): void {
  if (a.code === T_I128) {
    c.push(a);
    return;
  }
  pushNarrow(c, a);
  pushNarrow(c, a);
  c.f.i64(63n).op(op.I64_SHR_S);
}

export const pow10 = (n: number): bigint => 10n ** BigInt(n);

export function decimalArithmetic(c: Compiler, e: Call, how: keyof typeof DECIMAL_OPS): Val {
  const a = c.compile(e.args[0]);
  const b = c.compile(e.args[1]);
  const sa = decimalShape(a.type);
  const sb = decimalShape(b.type);
  const to = decimalShape(e.type);
  if (e.type.root === 'DECIMAL' && to.precision <= 18 && a.code !== T_I128 && b.code !== T_I128) {
    if ((how === 'add' || how === 'sub') && to.scale === Math.max(sa.scale, sb.scale)) {
      const digits = Math.max(sa.precision + to.scale - sa.scale, sb.precision + to.scale - sb.scale) + 1;
      if (digits <= 18) return narrowSum(c, e, how, a, b, to.scale - sa.scale, to.scale - sb.scale, digits > to.precision);
    }
    if (how === 'mul' && to.scale === sa.scale + sb.scale && sa.precision + sb.precision <= 18)
      return narrowProduct(c, e, a, b, sa.precision + sb.precision > to.precision);
  }
  if (how === 'div' || how === 'mod') c.mayFail = true;
  const wide: Val = c.guarded({ root: 'DECIMAL', precision: to.precision, scale: to.scale, nullable: true }, [a, b], true, (out) => {
    const pushAll = (): void => {
      c.f.i32(DECIMAL_OPS[how]);
      pushWide(c, a);
      c.f.i32(sa.scale);
      pushWide(c, b);
      c.f.i32(sb.scale).i32(to.precision).i32(to.scale);
      c.pushData(DATA_SCRATCH);
    };
    c.kernelElseHost(pushAll, 'decimalOp128', pushAll, 'decimalOp');
    if (how === 'div' || how === 'mod') {
      const status = c.f.local(op.I32);
      c.f.tee(status).op(op.I32_EQZ).if().i32(0).mem(op.I32_LOAD, ERR_CODE).if();
      c.markFailing();
      c.f.end().end().get(status);
    }
    c.takeScratch(out);
  });
  if (e.type.root === 'DECIMAL') return wide;
  // MOD(DECIMAL, INT) is an INT in Flink
  return c.strict(e.type, [wide], () => {
    c.f.get(wide.v);
    if (e.type.root !== 'BIGINT') c.f.op(op.I32_WRAP_I64);
  });
}

function narrowSum(c: Compiler, e: Call, how: 'add' | 'sub', a: Val, b: Val, upA: number, upB: number, check: boolean): Val {
  const sum = (): void => {
    const f = c.f;
    pushNarrow(c, a);
    if (upA > 0) f.i64(pow10(upA)).op(op.I64_MUL);
    pushNarrow(c, b);
    if (upB > 0) f.i64(pow10(upB)).op(op.I64_MUL);
    f.op(how === 'add' ? op.I64_ADD : op.I64_SUB);
  };
  return bounded(c, e, [a, b], check, sum);
}

function narrowProduct(c: Compiler, e: Call, a: Val, b: Val, check: boolean): Val {
  return bounded(c, e, [a, b], check, () => {
    pushNarrow(c, a);
    pushNarrow(c, b);
    c.f.op(op.I64_MUL);
  });
}

/** An i64 result that is NULL when it has more digits than its type allows. */
function bounded(c: Compiler, e: Call, args: Val[], check: boolean, body: () => void): Val {
  if (!check) return c.strict(e.type, args, body);
  return c.guarded(e.type, args, true, (out) => {
    body();
    c.pop(out);
    nullWhenTooWide(c, out, (e.type as DecimalType).precision);
  });
}

/** Sets the null flag of an i64 decimal when it has more than `precision` digits. */
export function nullWhenTooWide(c: Compiler, out: Val, precision: number): void {
  const f = c.f;
  const limit = pow10(precision);
  // -limit < v < limit, as one unsigned compare
  f.get(out.v)
    .i64(limit - 1n)
    .op(op.I64_ADD)
    .i64(2n * limit - 2n)
    .op(op.I64_GT_U)
    .if()
    .i32(1)
    .set(out.nul)
    .end();
}

/** A kernel, or the host where it cannot tell, that always has a value, a double at scratch: pushes it. */
export function pushDoubleElseHost(c: Compiler, pushArguments: () => void, kernel: KernelName, host: HostName): void {
  c.kernelElseHost(pushArguments, kernel, pushArguments, host);
  c.f.op(op.DROP);
  c.pushData(0);
  c.f.mem(op.F64_LOAD, DATA_SCRATCH);
}

export function decimalNeg(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  return c.strict(e.type, [a], () => pushNegated(c, a));
}

function pushNegated(c: Compiler, a: Val): void {
  const f = c.f;
  if (a.code !== T_I128) {
    f.i64(0n);
    pushNarrow(c, a);
    f.op(op.I64_SUB);
    return;
  }
  const t = c.newVal(a.type, false);
  c.push(a);
  c.pop(t);
  f.i64(0n).get(t.v).op(op.I64_SUB);
  f.i64(0n).get(t.w).op(op.I64_SUB).get(t.v).i64(0n).op(op.I64_NE, op.I64_EXTEND_I32_U, op.I64_SUB);
}

/** Pushes 1 when a decimal is below zero. */
function pushIsNegative(c: Compiler, a: Val): void {
  pushWide(c, a);
  const f = c.f;
  const high = f.local(op.I64);
  f.set(high).op(op.DROP).get(high).i64(0n).op(op.I64_LT_S);
}

export function decimalAbs(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  const out = { ...c.newVal(e.type, false), nul: c.anyNull([a]) };
  c.push(a);
  c.pop(out);
  pushIsNegative(c, a);
  c.f.if();
  pushNegated(c, a);
  c.pop(out);
  c.f.end();
  return out;
}

/** SIGN of a DECIMAL: -1, 0 or 1 in its own type. */
export function decimalSign(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  const to = e.type as DecimalType;
  const out = { ...c.newVal(to, false), nul: c.anyNull([a]) };
  const f = c.f;
  const unit = pow10(to.scale);
  const put = (n: bigint): void => {
    f.i64(n);
    if (out.w >= 0) f.i64(n >> 64n);
    c.pop(out);
  };
  const low = f.local(op.I64);
  const high = f.local(op.I64);
  pushWide(c, a);
  f.set(high).set(low);
  put(0n);
  f.get(high).i64(0n).op(op.I64_LT_S).if();
  put(-unit);
  f.else().get(low).get(high).op(op.I64_OR, op.I64_EQZ, op.I32_EQZ).if();
  put(unit);
  f.end().end();
  return out;
}

/** ROUND, FLOOR and CEIL of a DECIMAL. */
export function decimalRoundTo(c: Compiler, e: Call, how: keyof typeof DECIMAL_ROUNDING, digits: number): Val {
  const a = c.compile(e.args[0]);
  const from = decimalShape(a.type);
  const to = e.type as DecimalType;
  return c.guarded(to, [a], true, (out) => {
    const pushAll = (): void => {
      c.f.i32(DECIMAL_ROUNDING[how]);
      pushWide(c, a);
      c.f.i32(from.scale).i32(digits).i32(to.precision).i32(to.scale);
      c.pushData(DATA_SCRATCH);
    };
    c.kernelElseHost(pushAll, 'decimalRound128', pushAll, 'decimalRound');
    c.takeScratch(out);
  });
}
