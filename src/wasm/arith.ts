import { T_F32, T_F64, T_I8, T_I16, T_I64 } from '#abi';
import type { Call } from '../types/expr.js';
import { type Compiler, defineFunctions, notSupported, type Val } from './compile.js';
import { decimalAbs, decimalArithmetic, decimalNeg, decimalRoundTo, decimalSign, pushDoubleElseHost } from './decimal.js';
import { DATA_SCRATCH } from './layout.js';
import * as op from './opcodes.js';
import { temporalArithmetic } from './time.js';

const I32_OPS = { add: op.I32_ADD, sub: op.I32_SUB, mul: op.I32_MUL, div: op.I32_DIV_S, mod: op.I32_REM_S };
const I64_OPS = { add: op.I64_ADD, sub: op.I64_SUB, mul: op.I64_MUL, div: op.I64_DIV_S, mod: op.I64_REM_S };
const F32_OPS = { add: op.F32_ADD, sub: op.F32_SUB, mul: op.F32_MUL, div: op.F32_DIV };
const F64_OPS = { add: op.F64_ADD, sub: op.F64_SUB, mul: op.F64_MUL, div: op.F64_DIV };
type Arithmetic = keyof typeof I32_OPS;

const TEMPORAL = new Set(['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ', 'INTERVAL_YEAR_MONTH', 'INTERVAL_DAY_TIME']);

const arithmetic =
  (how: Arithmetic) =>
  (c: Compiler, e: Call): Val => {
    if (e.args.some((a) => TEMPORAL.has(a.type.root))) return temporalArithmetic(c, e, how);
    if (e.args.some((a) => a.type.root === 'DECIMAL')) return decimalArithmetic(c, e, how);
    const a = c.compile(e.args[0]);
    const b = c.compile(e.args[1]);
    if (a.code === T_F64 || a.code === T_F32) return floating(c, e, how, a, b);
    return how === 'div' || how === 'mod' ? integerDivision(c, e, how, a, b) : integer(c, e, how, a, b);
  };

function integer(c: Compiler, e: Call, how: 'add' | 'sub' | 'mul', a: Val, b: Val): Val {
  return c.strict(e.type, [a, b], () => {
    c.push(a);
    c.push(b);
    c.f.op(a.code === T_I64 ? I64_OPS[how] : I32_OPS[how]);
    narrow(c, a.code);
  });
}

/** Brings an i32 on the stack back into the range of TINYINT or SMALLINT, wrapping as Java does. */
export function narrow(c: Compiler, code: number): void {
  if (code === T_I8) c.f.op(op.I32_EXTEND8_S);
  else if (code === T_I16) c.f.op(op.I32_EXTEND16_S);
}

function integerDivision(c: Compiler, e: Call, how: 'div' | 'mod', a: Val, b: Val): Val {
  const f = c.f;
  const wide = a.code === T_I64;
  const constant = b.lit !== undefined && b.lit !== null ? BigInt(b.lit as bigint) : undefined;
  const divide = (): void => {
    c.push(a);
    c.push(b);
    f.op(wide ? I64_OPS[how] : I32_OPS[how]);
    narrow(c, a.code);
  };
  if (constant !== undefined && constant !== 0n && constant !== -1n) return c.strict(e.type, [a, b], divide);
  c.mayFail = true;
  return c.guarded(e.type, [a, b], false, (out) => {
    c.push(b);
    f.op(wide ? op.I64_EQZ : op.I32_EQZ).if();
    c.markFailing();
    c.kernel('divisionByZero');
    f.else();
    // MIN / -1 traps in wasm and wraps in Java; x % -1 is 0
    c.push(b);
    if (wide) f.i64(-1n).op(op.I64_EQ);
    else f.i32(-1).op(op.I32_EQ);
    f.if();
    if (wide) f.i64(0n);
    else f.i32(0);
    if (how === 'div') {
      c.push(a);
      f.op(wide ? op.I64_SUB : op.I32_SUB);
      narrow(c, a.code);
    }
    c.pop(out);
    f.else();
    divide();
    c.pop(out);
    f.end().end();
  });
}

function floating(c: Compiler, e: Call, how: Arithmetic, a: Val, b: Val): Val {
  return c.strict(e.type, [a, b], () => {
    const f = c.f;
    if (how === 'mod') {
      // Java's %: exact remainder with the sign of the dividend
      for (const x of [a, b]) {
        c.push(x);
        if (x.code === T_F32) f.op(op.F64_PROMOTE_F32);
      }
      c.host('fmod');
      if (a.code === T_F32) f.op(op.F32_DEMOTE_F64);
      return;
    }
    c.push(a);
    c.push(b);
    f.op(a.code === T_F64 ? F64_OPS[how] : F32_OPS[how]);
  });
}

function negate(c: Compiler, e: Call): Val {
  if (e.type.root === 'DECIMAL') return decimalNeg(c, e);
  const a = c.compile(e.args[0]);
  return c.strict(e.type, [a], () => {
    const f = c.f;
    if (a.code === T_F64 || a.code === T_F32) {
      c.push(a);
      f.op(a.code === T_F64 ? op.F64_NEG : op.F32_NEG);
    } else if (a.code === T_I64) {
      f.i64(0n);
      c.push(a);
      f.op(op.I64_SUB);
    } else {
      f.i32(0);
      c.push(a);
      f.op(op.I32_SUB);
      narrow(c, a.code);
    }
  });
}

function absolute(c: Compiler, e: Call): Val {
  if (e.type.root === 'DECIMAL') return decimalAbs(c, e);
  const a = c.compile(e.args[0]);
  return c.strict(e.type, [a], () => {
    const f = c.f;
    if (a.code === T_F64 || a.code === T_F32) {
      c.push(a);
      f.op(a.code === T_F64 ? op.F64_ABS : op.F32_ABS);
    } else {
      const wide = a.code === T_I64;
      // select(-x, x, x < 0)
      if (wide) f.i64(0n);
      else f.i32(0);
      c.push(a);
      f.op(wide ? op.I64_SUB : op.I32_SUB);
      narrow(c, a.code);
      c.push(a);
      c.push(a);
      if (wide) f.i64(0n).op(op.I64_LT_S);
      else f.i32(0).op(op.I32_LT_S);
      f.op(op.SELECT);
    }
  });
}

function floorCeil(c: Compiler, e: Call, up: boolean): Val {
  if (e.args[0].type.root === 'DECIMAL') return decimalRoundTo(c, e, up ? 'ceil' : 'floor', 0);
  const a = c.compile(e.args[0]);
  if (a.code !== T_F64 && a.code !== T_F32) return a;
  return c.strict(e.type, [a], () => {
    c.push(a);
    if (a.code === T_F64) c.f.op(up ? op.F64_CEIL : op.F64_FLOOR);
    else c.f.op(up ? op.F32_CEIL : op.F32_FLOOR);
  });
}

/** ROUND(x [, digits]): HALF_UP on the decimal value, as Flink's BigDecimal does. */
function round(c: Compiler, e: Call): Val {
  if (e.args[0].type.root === 'DECIMAL') {
    const digits = e.args[1];
    if (digits !== undefined && digits.op !== 'lit') throw notSupported('ROUND of a DECIMAL to a number of digits that is not a constant');
    return decimalRoundTo(c, e, 'round', digits === undefined ? 0 : Number(digits.value ?? 0));
  }
  const a = c.compile(e.args[0]);
  const digits = e.args[1] === undefined ? undefined : c.compile(e.args[1]);
  const pushDigits = (): void => {
    if (digits === undefined) c.f.i32(0);
    else c.push(digits);
  };
  return c.guarded(e.type, digits === undefined ? [a] : [a, digits], false, (out) => {
    const f = c.f;
    if (a.code === T_F64 || a.code === T_F32) {
      const pushAll = (): void => {
        c.push(a);
        if (a.code === T_F32) f.op(op.F64_PROMOTE_F32);
        pushDigits();
        c.pushData(DATA_SCRATCH);
      };
      pushDoubleElseHost(c, pushAll, 'roundDouble64', 'roundDouble');
      if (out.code === T_F32) f.op(op.F32_DEMOTE_F64);
    } else {
      c.push(a);
      if (a.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
      pushDigits();
      c.kernel('roundInt');
      if (out.code !== T_I64) f.op(op.I32_WRAP_I64);
      narrow(c, out.code);
    }
    c.pop(out);
  });
}

const viaHost =
  (name: 'exp' | 'ln' | 'log10') =>
  (c: Compiler, e: Call): Val => {
    const a = c.compile(e.args[0]);
    return c.guarded(e.type, [a], false, (out) => {
      pushDouble(c, a);
      c.host(name);
      c.pop(out);
    });
  };

/** Pushes a FLOAT or DOUBLE, or an integer, as f64. */
export function pushDouble(c: Compiler, a: Val): void {
  c.push(a);
  if (a.code === T_F64) return;
  c.f.op(a.code === T_F32 ? op.F64_PROMOTE_F32 : a.code === T_I64 ? op.F64_CONVERT_I64_S : op.F64_CONVERT_I32_S);
}

function sign(c: Compiler, e: Call): Val {
  if (e.type.root === 'DECIMAL') return decimalSign(c, e);
  const a = c.compile(e.args[0]);
  return c.strict(e.type, [a], () => {
    const f = c.f;
    const floating = a.code === T_F64 || a.code === T_F32;
    if (floating) {
      // signum: NaN and zeros are themselves
      const one = (n: number): void => {
        if (a.code === T_F64) f.f64(n);
        else f.f32(n);
      };
      one(1);
      one(-1);
      c.push(a);
      c.push(a);
      one(0);
      f.op(a.code === T_F64 ? op.F64_LT : op.F32_LT);
      f.op(op.SELECT);
      c.push(a);
      one(0);
      f.op(a.code === T_F64 ? op.F64_GT : op.F32_GT);
      f.op(op.SELECT);
      return;
    }
    const wide = a.code === T_I64;
    c.push(a);
    if (wide) f.i64(0n).op(op.I64_GT_S);
    else f.i32(0).op(op.I32_GT_S);
    c.push(a);
    if (wide) f.i64(0n).op(op.I64_LT_S);
    else f.i32(0).op(op.I32_LT_S);
    f.op(op.I32_SUB);
    if (wide) f.op(op.I64_EXTEND_I32_S);
  });
}

defineFunctions({
  add: arithmetic('add'),
  sub: arithmetic('sub'),
  mul: arithmetic('mul'),
  div: arithmetic('div'),
  mod: arithmetic('mod'),
  neg: negate,
  abs: absolute,
  floor: (c, e) => floorCeil(c, e, false),
  ceil: (c, e) => floorCeil(c, e, true),
  round,
  sign,
  sqrt: (c, e) => {
    const a = c.compile(e.args[0]);
    return c.strict(e.type, [a], () => {
      pushDouble(c, a);
      c.f.op(op.F64_SQRT);
    });
  },
  exp: viaHost('exp'),
  ln: viaHost('ln'),
  log10: viaHost('log10'),
  power: (c, e) => {
    const a = c.compile(e.args[0]);
    const b = c.compile(e.args[1]);
    return c.guarded(e.type, [a, b], false, (out) => {
      pushDouble(c, a);
      pushDouble(c, b);
      c.host('pow');
      c.pop(out);
    });
  },
});
