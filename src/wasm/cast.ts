import { T_F32, T_F64, T_I64, T_I128 } from '#abi';
import type { Call } from '../types/expr.js';
import { typeCode } from '../types/leaf.js';
import type { LogicalType } from '../types/logical.js';
import { narrow } from './arith.js';
import { fromString, INTEGERS } from './caststring.js';
import { toText } from './casttext.js';
import { type Compiler, defineFunctions, notSupported, nullOf, type Val } from './compile.js';
import { DATA_SCRATCH, DECIMAL_ROUNDING } from './layout.js';
import { decimalShape, nullWhenTooWide, pow10, pushDoubleElseHost, pushWide } from './decimal.js';
import * as op from './opcodes.js';
import { cutDigits, DAY_MS, digitsOf, pushLocalMillis, rescaleTime, shiftToLocal, shiftToUtc, toUtc } from './instants.js';

const isInteger = (t: LogicalType): boolean => t.root in INTEGERS || t.root.startsWith('INTERVAL');
const isString = (t: LogicalType): boolean => t.root === 'VARCHAR' || t.root === 'CHAR';
const isFloating = (t: LogicalType): boolean => t.root === 'FLOAT' || t.root === 'DOUBLE';
const isTimestamp = (t: LogicalType): boolean => t.root === 'TIMESTAMP' || t.root === 'TIMESTAMP_LTZ';

/** CAST and TRY_CAST, by Flink's rules for each pair of types. */
function cast(c: Compiler, e: Call, attempt: boolean): Val {
  const a = c.compile(e.args[0]);
  if (a.type.root === 'NULL' || a.nul === -2) return nullOf(e.type);
  const to = e.type;
  if (to.root === 'VARBINARY' && (isString(a.type) || a.type.root === 'BINARY' || a.type.root === 'VARBINARY')) return { ...a, type: to };
  if (isString(a.type) && !isString(to)) return fromString(c, a, to, attempt);
  switch (to.root) {
    case 'BOOLEAN':
      return toBoolean(c, a, to);
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
    case 'INTERVAL_YEAR_MONTH':
      return toInteger(c, a, to);
    case 'FLOAT':
    case 'DOUBLE':
      return toFloating(c, a, to);
    case 'DECIMAL':
      return toDecimal(c, a, to);
    case 'CHAR':
    case 'VARCHAR':
      return toText(c, a, to);
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return toTemporal(c, a, to);
    default:
      if (a.type.root === to.root) return { ...a, type: to };
      throw notSupported(`CAST from ${a.type.root} to ${to.root}`);
  }
}

function unsupported(a: Val, to: LogicalType): never {
  throw notSupported(`CAST from ${a.type.root} to ${to.root}`);
}

function toBoolean(c: Compiler, a: Val, to: LogicalType): Val {
  if (a.type.root === 'BOOLEAN') return { ...a, type: to };
  const f = c.f;
  return c.strict(to, [a], () => {
    c.push(a);
    if (a.code === T_F64) f.f64(0).op(op.F64_NE);
    else if (a.code === T_F32) f.f32(0).op(op.F32_NE);
    else if (a.code === T_I128) f.op(op.I64_OR).i64(0n).op(op.I64_NE);
    else if (a.code === T_I64) f.i64(0n).op(op.I64_NE);
    else if (isInteger(a.type)) f.i32(0).op(op.I32_NE);
    else unsupported(a, to);
  });
}

/** Integers wrap, floating numbers saturate (through INT for the small types), decimals lose their fraction: as in Java. */
function toInteger(c: Compiler, a: Val, to: LogicalType): Val {
  const f = c.f;
  const code = typeCode(to);
  const wide = code === T_I64;
  return c.strict(to, [a], () => {
    if (isFloating(a.type)) {
      c.push(a);
      const double = a.code === T_F64;
      if (wide) f.fc(double ? op.FC_I64_TRUNC_SAT_F64_S : op.FC_I64_TRUNC_SAT_F32_S);
      else f.fc(double ? op.FC_I32_TRUNC_SAT_F64_S : op.FC_I32_TRUNC_SAT_F32_S);
    } else if (a.type.root === 'DECIMAL') {
      if (a.code === T_I128) {
        c.push(a);
        f.i32(a.type.scale);
        c.kernel('decimalToLong128');
      } else {
        c.push(a);
        if (a.type.scale > 0) f.i64(pow10(a.type.scale)).op(op.I64_DIV_S);
      }
      if (!wide) f.op(op.I32_WRAP_I64);
    } else if (isInteger(a.type) || a.type.root === 'BOOLEAN') {
      c.push(a);
      if (wide && a.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
      if (!wide && a.code === T_I64) f.op(op.I32_WRAP_I64);
    } else unsupported(a, to);
    narrow(c, code);
  });
}

function toFloating(c: Compiler, a: Val, to: LogicalType): Val {
  const f = c.f;
  const double = to.root === 'DOUBLE';
  if (a.type.root === to.root) return { ...a, type: to };
  return c.strict(to, [a], () => {
    if (isFloating(a.type)) {
      c.push(a);
      f.op(double ? op.F64_PROMOTE_F32 : op.F32_DEMOTE_F64);
    } else if (a.type.root === 'DECIMAL') {
      pushDecimalAsDouble(c, a, a.type.scale);
      if (!double) f.op(op.F32_DEMOTE_F64);
    } else if (isInteger(a.type) || a.type.root === 'BOOLEAN') {
      c.push(a);
      if (double) f.op(a.code === T_I64 ? op.F64_CONVERT_I64_S : op.F64_CONVERT_I32_S);
      else f.op(a.code === T_I64 ? op.F32_CONVERT_I64_S : op.F32_CONVERT_I32_S);
    } else unsupported(a, to);
  });
}

/** Below 2^53 one division by an exact power of ten rounds correctly (Clinger 1990). */
function pushDecimalAsDouble(c: Compiler, a: Val, scale: number): void {
  const f = c.f;
  const inFull = (): void => {
    const pushAll = (): void => {
      pushWide(c, a);
      f.i32(scale);
      c.pushData(DATA_SCRATCH);
    };
    pushDoubleElseHost(c, pushAll, 'decimalToDouble128', 'decimalToDouble');
  };
  if (a.code === T_I128) {
    inFull();
    return;
  }
  c.push(a);
  f.i64(1n << 53n)
    .op(op.I64_ADD)
    .i64(1n << 54n)
    .op(op.I64_LE_U)
    .if(op.F64);
  c.push(a);
  f.op(op.F64_CONVERT_I64_S)
    .f64(10 ** scale)
    .op(op.F64_DIV)
    .else();
  inFull();
  f.end();
}

/** HALF_UP to the new scale; NULL when it does not fit the precision. */
function toDecimal(c: Compiler, a: Val, to: Extract<LogicalType, { root: 'DECIMAL' }>): Val {
  const f = c.f;
  if (isFloating(a.type)) {
    return c.guarded(to, [a], true, (out) => {
      const pushAll = (): void => {
        c.push(a);
        if (a.code === T_F32) f.op(op.F64_PROMOTE_F32);
        f.i32(to.precision).i32(to.scale);
        c.pushData(DATA_SCRATCH);
      };
      c.kernelElseHost(pushAll, 'doubleToDecimal64', pushAll, 'doubleToDecimal');
      c.takeScratch(out);
    });
  }
  if (a.type.root === 'BOOLEAN') return toDecimal(c, { ...a, type: { root: 'INTEGER', nullable: true } }, to);
  const from = decimalShape(a.type);
  const up = to.scale - from.scale;
  const grows = from.precision + up > to.precision || up < 0;
  if (a.code === typeCode(to) && up === 0 && !grows) return { ...a, type: to };
  if (a.code !== T_I128 && to.precision <= 18 && (up <= 0 || from.precision + up <= 18)) {
    const body = (): void => {
      c.push(a);
      if (a.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
      if (up > 0) f.i64(pow10(up)).op(op.I64_MUL);
      else if (up < 0) {
        f.i32(-up);
        c.kernel('decRescale');
      }
    };
    if (!grows || from.precision + up < to.precision) return c.strict(to, [a], body);
    return c.guarded(to, [a], true, (out) => {
      body();
      c.pop(out);
      nullWhenTooWide(c, out, to.precision);
    });
  }
  if (up === 0 && !grows) return c.strict(to, [a], () => pushWide(c, a));
  return c.guarded(to, [a], true, (out) => {
    const pushShape = (...numbers: number[]): void => {
      pushWide(c, a);
      for (const n of numbers) f.i32(n);
      c.pushData(DATA_SCRATCH);
    };
    c.kernelElseHost(
      () => pushShape(from.scale, to.scale, to.precision),
      'decimalRescale128',
      () => {
        f.i32(DECIMAL_ROUNDING.round);
        pushShape(from.scale, to.scale, to.precision, to.scale);
      },
      'decimalRound',
    );
    c.takeScratch(out);
  });
}

function toTemporal(c: Compiler, a: Val, to: LogicalType): Val {
  const f = c.f;
  const from = a.type;
  if (from.root === to.root && (from.root === 'DATE' || from.root === 'TIME')) return { ...a, type: to };
  return c.strict(to, [a], () => {
    if (to.root === 'DATE' && isTimestamp(from)) {
      pushLocalMillis(c, a);
      f.i64(DAY_MS);
      // Flink divides a TIMESTAMP towards zero, a TIMESTAMP_LTZ downwards
      if (from.root === 'TIMESTAMP') f.op(op.I64_DIV_S);
      else c.kernel('floorDiv');
      f.op(op.I32_WRAP_I64);
    } else if (to.root === 'TIME' && isTimestamp(from)) {
      pushLocalMillis(c, a);
      if (from.root === 'TIMESTAMP_LTZ') {
        f.i64(DAY_MS);
        c.kernel('floorMod');
        cutDigits(c, 3, to.precision);
      } else {
        const unit = pow10(Math.max(0, 3 - to.precision));
        f.i64(DAY_MS).op(op.I64_REM_S).i64(unit).op(op.I64_DIV_S).i64(unit).op(op.I64_MUL).i64(DAY_MS);
        c.kernel('floorMod');
      }
      f.op(op.I32_WRAP_I64);
    } else if (isTimestamp(to) && (from.root === 'DATE' || from.root === 'TIME')) {
      // a TIME is one of 1970-01-01
      c.push(a);
      f.op(op.I64_EXTEND_I32_S);
      if (from.root === 'DATE') f.i64(DAY_MS).op(op.I64_MUL);
      if (to.root === 'TIMESTAMP_LTZ') toUtc(c);
      rescaleTime(c, 3, digitsOf(to));
      if (from.root === 'TIME' && 'precision' in to && to.precision < from.precision) cutDigits(c, 3, to.precision);
    } else if (isTimestamp(to) && isTimestamp(from)) {
      const digits = digitsOf(from);
      c.push(a);
      if (from.root === 'TIMESTAMP_LTZ' && to.root === 'TIMESTAMP') shiftToLocal(c, digits);
      if (from.root === 'TIMESTAMP' && to.root === 'TIMESTAMP_LTZ') shiftToUtc(c, digits);
      if (!('precision' in to && 'precision' in from) || to.precision >= from.precision || to.precision >= 3) {
        rescaleTime(c, digits, digitsOf(to));
        if ('precision' in to && 'precision' in from && to.precision < from.precision) cutDigits(c, digitsOf(to), to.precision);
      } else {
        // Flink cuts to whole milliseconds downwards, then digits of the milliseconds towards zero
        rescaleTime(c, digits, 3);
        f.i64(pow10(3 - to.precision))
          .op(op.I64_DIV_S)
          .i64(pow10(3 - to.precision))
          .op(op.I64_MUL);
      }
    } else unsupported(a, to);
  });
}

defineFunctions({
  cast: (c, e) => cast(c, e, false),
  tryCast: (c, e) => cast(c, e, true),
});
