import { T_I64 } from '#abi';
import type { Call, Expr, Literal } from '../types/expr.js';
import type { LogicalType } from '../types/logical.js';
import { type Compiler, defineFunctions, notSupported, type Val } from './compile.js';
import { DATA_NOW_US, DATA_WATERMARK } from './layout.js';
import { pow10 } from './decimal.js';
import { DAY_MS, digitsOf, pushLocalMillis, pushLocalWithOffset, pushMillis, rescaleTime, toLocal } from './instants.js';
import * as op from './opcodes.js';

const isInterval = (t: LogicalType): boolean => t.root === 'INTERVAL_DAY_TIME' || t.root === 'INTERVAL_YEAR_MONTH';

/** + and - with timestamps, dates, times and intervals. */
export function temporalArithmetic(c: Compiler, e: Call, how: 'add' | 'sub' | 'mul' | 'div' | 'mod'): Val {
  const f = c.f;
  let a = c.compile(e.args[0]);
  let b = c.compile(e.args[1]);
  if (isInterval(e.type)) return intervalArithmetic(c, e, how, a, b);
  if (how !== 'add' && how !== 'sub') throw notSupported(`${how} of ${a.type.root} and ${b.type.root}`);
  if (isInterval(a.type)) [a, b] = [b, a];
  const sign = how === 'add' ? op.I64_ADD : op.I64_SUB;
  if (b.type.root === 'INTERVAL_YEAR_MONTH') return plusMonths(c, e, a, b, how);
  return c.strict(e.type, [a, b], () => {
    if (a.type.root === 'DATE' && e.type.root === 'DATE') {
      // whole days of the interval, cut towards zero
      c.push(a);
      c.push(b);
      f.i64(DAY_MS).op(op.I64_DIV_S, op.I32_WRAP_I64, how === 'add' ? op.I32_ADD : op.I32_SUB);
      return;
    }
    if (a.type.root === 'DATE' || a.type.root === 'TIME') {
      pushMillis(c, a);
      c.push(b);
      f.op(sign);
      if (e.type.root === 'TIME') {
        f.i64(DAY_MS);
        c.kernel('floorMod');
        f.op(op.I32_WRAP_I64);
      } else rescaleTime(c, 3, digitsOf(e.type));
      return;
    }
    const from = digitsOf(a.type);
    const to = digitsOf(e.type);
    c.push(a);
    rescaleTime(c, from, Math.max(from, to));
    c.push(b);
    rescaleTime(c, 3, Math.max(from, to));
    f.op(sign);
    rescaleTime(c, Math.max(from, to), to);
  });
}

function intervalArithmetic(c: Compiler, e: Call, how: string, a: Val, b: Val): Val {
  const f = c.f;
  return c.strict(e.type, [a, b], () => {
    const months = e.type.root === 'INTERVAL_YEAR_MONTH';
    if (how === 'sub' && !isInterval(a.type) && !months) {
      // timestamp - timestamp
      pushMillis(c, a);
      pushMillis(c, b);
      f.op(op.I64_SUB);
      return;
    }
    for (const x of [a, b]) {
      c.push(x);
      if (!months && x.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
      if (months && x.code === T_I64) f.op(op.I32_WRAP_I64);
    }
    if (how === 'add') f.op(months ? op.I32_ADD : op.I64_ADD);
    else if (how === 'sub') f.op(months ? op.I32_SUB : op.I64_SUB);
    else if (how === 'mul') f.op(months ? op.I32_MUL : op.I64_MUL);
    else throw notSupported(`${how} of intervals`);
  });
}

function plusMonths(c: Compiler, e: Call, a: Val, b: Val, how: 'add' | 'sub'): Val {
  const f = c.f;
  return c.strict(e.type, [a, b], () => {
    const pushMonths = (): void => {
      if (how === 'sub') f.i32(0);
      c.push(b);
      if (how === 'sub') f.op(op.I32_SUB);
    };
    if (a.type.root === 'DATE') {
      c.push(a);
      pushMonths();
      c.kernel('addMonths');
      if (e.type.root !== 'DATE') {
        f.op(op.I64_EXTEND_I32_S).i64(DAY_MS).op(op.I64_MUL);
        rescaleTime(c, 3, digitsOf(e.type));
      }
      return;
    }
    // days change, the time of day stays
    const perDay = 86400n * pow10(digitsOf(a.type));
    const t = f.local(op.I64);
    c.push(a);
    f.set(t);
    f.get(t).i64(perDay);
    c.kernel('floorDiv');
    f.op(op.I32_WRAP_I64);
    pushMonths();
    c.kernel('addMonths');
    f.op(op.I64_EXTEND_I32_S).i64(perDay).op(op.I64_MUL).get(t).i64(perDay);
    c.kernel('floorMod');
    f.op(op.I64_ADD);
    rescaleTime(c, digitsOf(a.type), digitsOf(e.type));
  });
}

/** Unit numbers of the kernels extractDate and floorDate. */
const DATE_UNITS: Readonly<Record<string, number>> = {
  YEAR: 0,
  QUARTER: 1,
  MONTH: 2,
  WEEK: 3,
  DAY: 4,
  DOW: 5,
  DOY: 6,
  ISODOW: 7,
  ISOYEAR: 8,
  DECADE: 9,
  CENTURY: 10,
  MILLENNIUM: 11,
};
/** Milliseconds per unit of time of day, and how many make the next one. */
const CLOCK_UNITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  HOUR: [3600000n, 24n],
  MINUTE: [60000n, 60n],
  SECOND: [1000n, 60n],
  MILLISECOND: [1n, 1000n],
};

function unitOf(e: Expr): string {
  if (e.op !== 'lit' || typeof e.value !== 'string') throw notSupported('a time unit that is not a constant');
  return e.value.toUpperCase();
}

function extract(c: Compiler, e: Call): Val {
  const unit = unitOf(e.args[0]);
  const a = c.compile(e.args[1]);
  const f = c.f;
  const toResult = (): void => {
    if (e.type.root !== 'BIGINT') f.op(op.I32_WRAP_I64);
  };
  return c.strict(e.type, [a], () => {
    if (a.type.root === 'INTERVAL_YEAR_MONTH') {
      c.push(a);
      f.i32(12).op(unit === 'YEAR' ? op.I32_DIV_S : op.I32_REM_S, op.I64_EXTEND_I32_S);
      toResult();
      return;
    }
    if (a.type.root === 'INTERVAL_DAY_TIME') {
      c.push(a);
      const [size, count] = unit === 'DAY' ? [DAY_MS, 0n] : CLOCK_UNITS[unit];
      f.i64(size).op(op.I64_DIV_S);
      if (count > 0n) f.i64(count).op(op.I64_REM_S);
      toResult();
      return;
    }
    if (unit === 'EPOCH') {
      pushLocalMillis(c, a);
      f.i64(1000n).op(op.I64_DIV_S);
      toResult();
      return;
    }
    // Flink divides towards zero here, so fields of times before 1970 come out as its users see them there.
    const clock = CLOCK_UNITS[unit];
    if (clock !== undefined) {
      pushLocalMillis(c, a);
      f.i64(clock[0]).op(op.I64_DIV_S).i64(clock[1]).op(op.I64_REM_S);
      toResult();
      return;
    }
    if (unit === 'MICROSECOND' || unit === 'NANOSECOND') {
      // within the second
      const digits = digitsOf(a.type);
      c.push(a);
      f.i64(pow10(digits)).op(op.I64_REM_S);
      rescaleTime(c, digits, unit === 'MICROSECOND' ? 6 : 9);
      toResult();
      return;
    }
    const number = DATE_UNITS[unit];
    if (number === undefined) throw notSupported(`EXTRACT(${unit})`);
    f.i32(number);
    if (a.type.root === 'DATE') c.push(a);
    else {
      pushLocalMillis(c, a);
      f.i64(DAY_MS).op(op.I64_DIV_S, op.I32_WRAP_I64);
    }
    c.kernel('extractDate');
    toResult();
  });
}

/** FLOOR/CEIL(x TO unit): calendar units by kernel, clock units by division of local time. */
function floorTo(c: Compiler, e: Call, up: boolean): Val {
  const unit = unitOf(e.args[0]);
  const a = c.compile(e.args[1]);
  const f = c.f;
  return c.strict(e.type, [a], () => {
    const size = unit === 'DAY' ? DAY_MS : CLOCK_UNITS[unit]?.[0];
    const round = (n: bigint): void => {
      if (up) f.i64(n - 1n).op(op.I64_ADD);
      f.i64(n);
      c.kernel('floorDiv');
      f.i64(n).op(op.I64_MUL);
    };
    if (a.type.root === 'DATE') {
      // Flink's CEIL of a DATE TO DAY is the next day
      if (size !== undefined) {
        c.push(a);
        if (up && unit === 'DAY') f.i32(1).op(op.I32_ADD);
      } else {
        c.push(a);
        f.i32(calendarUnit(unit)).i32(up ? 1 : 0);
        c.kernel('floorDate');
      }
      return;
    }
    // of an instant with the offset it has, which also leads back: over a change of clocks the result is no whole unit there, as in Flink
    const offset = pushLocalWithOffset(c, a);
    if (size !== undefined) round(size);
    else {
      // A calendar unit above the day: Flink looks at the day alone (noon of January 1 is its own CEIL to YEAR), divided towards zero.
      f.i64(DAY_MS)
        .op(op.I64_DIV_S, op.I32_WRAP_I64)
        .i32(calendarUnit(unit))
        .i32(up ? 1 : 0);
      c.kernel('floorDate');
      f.op(op.I64_EXTEND_I32_S).i64(DAY_MS).op(op.I64_MUL);
    }
    if (a.type.root === 'TIME') {
      f.op(op.I32_WRAP_I64);
      return;
    }
    if (offset !== undefined) f.get(offset).op(op.I64_SUB);
    rescaleTime(c, 3, digitsOf(e.type));
  });
}

function calendarUnit(unit: string): number {
  const n = DATE_UNITS[unit];
  if (n === undefined || unit === 'DOW' || unit === 'DOY' || unit === 'ISODOW' || unit === 'ISOYEAR') throw notSupported(`FLOOR or CEIL to ${unit}`);
  return n;
}

/** Pushes the wall clock at the current row (rowclock.ts) at `digits` after the second. */
function pushNow(c: Compiler, digits: number): void {
  c.pushData(0);
  c.f.mem(op.I64_LOAD, DATA_NOW_US);
  rescaleTime(c, 6, digits);
}

defineFunctions({
  extract,
  floorTo: (c, e) => floorTo(c, e, false),
  ceilTo: (c, e) => floorTo(c, e, true),
  windowStart: (c, e) => {
    const [time, size, offset] = [c.compile(e.args[0]), ...e.args.slice(1).map((a) => BigInt((a as Literal).value as bigint))] as [Val, bigint, bigint];
    const f = c.f;
    return c.guarded(e.type, [time], false, (out) => {
      pushLocalMillis(c, time);
      f.tee(out.v).get(out.v).i64(offset).op(op.I64_SUB).i64(size);
      c.kernel('floorMod');
      f.op(op.I64_SUB).set(out.v);
    });
  },
  currentTimestamp: (c, e) => c.strict(e.type, [], () => pushNow(c, digitsOf(e.type))),
  proctime: (c, e) => c.strict(e.type, [], () => pushNow(c, digitsOf(e.type))),
  localTimestamp: (c, e) =>
    c.strict(e.type, [], () => {
      pushNow(c, 3);
      toLocal(c);
      rescaleTime(c, 3, digitsOf(e.type));
    }),
  currentDate: (c, e) =>
    c.strict(e.type, [], () => {
      pushNow(c, 3);
      toLocal(c);
      c.f.i64(DAY_MS);
      c.kernel('floorDiv');
      c.f.op(op.I32_WRAP_I64);
    }),
  /** NULL until the first watermark has come. */
  currentWatermark: (c, e) => {
    const f = c.f;
    const out = c.newVal(e.type, true);
    c.pushData(0);
    f.mem(op.I64_LOAD, DATA_WATERMARK)
      .tee(out.v)
      .i64(-(2n ** 63n))
      .op(op.I64_EQ)
      .set(out.nul);
    f.get(out.v);
    rescaleTime(c, 3, digitsOf(e.type));
    f.set(out.v);
    return out;
  },
});
