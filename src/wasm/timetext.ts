import { T_I64 } from '#abi';
import type { Call } from '../types/expr.js';
import { STRING } from '../types/logical.js';
import { type Compiler, defineFunctions, notSupported, type Val } from './compile.js';
import { compileFixedPattern, compilePattern } from './datepattern.js';
import { pow10 } from './decimal.js';
import { digitsOf, pushLocalMillis, rescaleTime } from './instants.js';
import { DATA_SCRATCH } from './layout.js';
import * as op from './opcodes.js';

/** TO_TIMESTAMP_LTZ(number, 0 | 3): seconds or milliseconds since the epoch. */
function toTimestampLtz(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  if (a.type.root === 'VARCHAR' || a.type.root === 'CHAR') return parseWithPattern(c, e, a);
  const precision = e.args[1];
  if (precision !== undefined && precision.op !== 'lit') throw notSupported('TO_TIMESTAMP_LTZ with a precision that is not a constant');
  const digits = precision === undefined ? 3 : Number(precision.value);
  if (digits !== 0 && digits !== 3) throw notSupported(`TO_TIMESTAMP_LTZ with precision ${digits}`);
  const seconds = digits === 0;
  return c.guarded(e.type, [a], true, (out) => {
    const f = c.f;
    if (a.type.root === 'DOUBLE' || a.type.root === 'FLOAT') {
      c.push(a);
      if (a.type.root === 'FLOAT') f.op(op.F64_PROMOTE_F32);
      // Flink goes through nanoseconds in a long; what does not fit there is out of range
      if (seconds) {
        const s = f.local(op.F64);
        f.tee(s)
          .f64(Number(INSTANT_MS_MAX) / 1000)
          .op(op.F64_GT)
          .get(s)
          .f64(Number(INSTANT_MS_MIN) / 1000)
          .op(op.F64_LT, op.I32_OR);
        f.if().i32(1).set(out.nul).end();
        f.get(s).f64(1e9).op(op.F64_MUL);
      }
      f.op(op.F64_FLOOR).fc(op.FC_I64_TRUNC_SAT_F64_S);
      if (seconds) rescaleTime(c, 9, 3);
    } else {
      c.push(a);
      if (a.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
      if (seconds) {
        // beyond the range already, so that the product is no other number
        f.set(out.v).get(out.v).i64(SECONDS_MAX).get(out.v).i64(SECONDS_MAX).op(op.I64_LT_S, op.SELECT).set(out.v);
        f.get(out.v).i64(-SECONDS_MAX).get(out.v).i64(-SECONDS_MAX).op(op.I64_GT_S, op.SELECT);
        rescaleTime(c, 0, 3);
      }
    }
    f.tee(out.v).i64(INSTANT_MS_MIN).op(op.I64_LT_S).get(out.v).i64(INSTANT_MS_MAX).op(op.I64_GT_S, op.I32_OR).if().i32(1).set(out.nul).end();
    f.get(out.v);
    rescaleTime(c, 3, digitsOf(e.type));
    f.set(out.v);
  });
}
/** Years 0 to 9999: Flink gives NULL beyond them. */
const INSTANT_MS_MIN = -62167219200000n;
const INSTANT_MS_MAX = 253402300799999n;
const SECONDS_MAX = 10n ** 15n;

/**
 * TO_TIMESTAMP and TO_TIMESTAMP_LTZ (string [, pattern]): NULL where the text does not fit; the text is UTC for both. Patterns whose fields all have
 * a width, and what is usual without a pattern, are read by a kernel; what it cannot read, as everything else, by the host.
 */
function parseWithPattern(c: Compiler, e: Call, a: Val): Val {
  const given = e.args[1];
  const known = given === undefined ? 'yyyy-MM-dd HH:mm:ss' : given.op === 'lit' && typeof given.value === 'string' ? given.value : undefined;
  const pattern = given === undefined ? undefined : c.compile(given);
  const fixed = known === undefined ? undefined : compileFixedPattern(known);
  return c.guarded(e.type, pattern === undefined ? [a] : [a, pattern], true, (out) => {
    const f = c.f;
    const pushForHost = (): void => {
      c.push(a);
      if (pattern === undefined) f.i32(0).i32(-1);
      else c.push(pattern);
      c.pushData(DATA_SCRATCH);
    };
    if (fixed === undefined) {
      pushForHost();
      c.host('parseTimestamp');
    } else {
      const at = c.constant(fixed.bytes);
      const pushForKernel = (): void => {
        c.push(a);
        c.pushData(at);
        f.i32(fixed.count).i32(Number(given === undefined));
        c.pushData(DATA_SCRATCH);
      };
      c.kernelElseHost(pushForKernel, 'strToFixedTime', pushForHost, 'parseTimestamp');
    }
    c.takeScratch(out);
    f.get(out.v);
    rescaleTime(c, 3, digitsOf(e.type));
    f.set(out.v);
  });
}

function dateFormat(c: Compiler, e: Call): Val {
  const a = c.compile(e.args[0]);
  const pattern = e.args[1];
  if (pattern.op !== 'lit' || typeof pattern.value !== 'string') throw notSupported('DATE_FORMAT with a pattern that is not a constant');
  const tokens = compilePattern(pattern.value);
  const at = c.constant(tokens.bytes);
  let local = a;
  if (a.type.root === 'VARCHAR' || a.type.root === 'CHAR') {
    local = parseWithPattern(c, { op: 'call', fn: 'toTimestamp', args: [e.args[0]], type: { root: 'TIMESTAMP', precision: 3, nullable: true } }, a);
  }
  return c.guarded(STRING(), [local], false, (out) => {
    const f = c.f;
    c.pushArena();
    pushLocalMillis(c, local);
    // nanoseconds below the millisecond
    const digits = digitsOf(local.type);
    if (digits > 3) {
      c.push(local);
      f.i64(pow10(digits - 3));
      c.kernel('floorMod');
      rescaleTime(c, digits, 9);
      f.op(op.I32_WRAP_I64);
    } else f.i32(0);
    c.pushData(at);
    f.i32(tokens.count);
    c.kernel('formatTimestamp');
    c.popPacked(out);
  });
}

defineFunctions({
  dateFormat,
  toTimestampLtz,
  toTimestamp: (c, e) => parseWithPattern(c, e, c.compile(e.args[0])),
});
