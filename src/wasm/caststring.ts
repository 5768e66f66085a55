import type { LogicalType } from '../types/logical.js';
import { type Compiler, notSupported, type Val } from './compile.js';
import { DATA_SCRATCH } from './layout.js';
import * as op from './opcodes.js';
import { cutDigits, digitsOf, shiftToUtc } from './instants.js';

/** Least and greatest value of the integer types. */
export const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  TINYINT: [-128n, 127n],
  SMALLINT: [-32768n, 32767n],
  INTEGER: [-2147483648n, 2147483647n],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** CAST fails the job where TRY_CAST gives NULL. */
export function fromString(c: Compiler, a: Val, to: LogicalType, attempt: boolean): Val {
  if (!attempt) c.mayFail = true;
  const f = c.f;
  return c.guarded(to, [a], true, (out) => {
    c.push(a);
    if (to.root in INTEGERS) {
      const [low, high] = INTEGERS[to.root];
      f.i64(low).i64(high);
      c.pushData(DATA_SCRATCH);
      c.kernel('strToI64');
    } else if (to.root === 'FLOAT' || to.root === 'DOUBLE') {
      c.pushData(DATA_SCRATCH);
      c.kernel(to.root === 'FLOAT' ? 'strToFloat' : 'strToDouble');
    } else if (to.root === 'DECIMAL') {
      f.i32(to.precision).i32(to.scale);
      c.pushData(DATA_SCRATCH);
      c.kernel('strToDecimal');
    } else if (to.root === 'TIMESTAMP' || to.root === 'TIMESTAMP_LTZ') {
      f.i32(digitsOf(to)).i32(to.precision);
      c.pushData(DATA_SCRATCH);
      c.kernel('strToTimestamp');
    } else {
      if (to.root !== 'BOOLEAN' && to.root !== 'DATE' && to.root !== 'TIME') throw notSupported(`CAST from ${a.type.root} to ${to.root}`);
      c.pushData(DATA_SCRATCH);
      c.kernel(to.root === 'BOOLEAN' ? 'strToBool' : to.root === 'DATE' ? 'strToDate' : 'strToTime');
    }
    const status = f.local(op.I32);
    f.set(status);
    if (!attempt) {
      f.get(status).op(op.I32_EQZ).if();
      c.markFailing();
      c.push(a);
      c.kernel('castError');
      f.end();
    }
    f.get(status);
    c.takeScratch(out);
    if (to.root === 'TIMESTAMP_LTZ') {
      f.get(out.v);
      shiftToUtc(c, digitsOf(to));
      f.set(out.v);
    }
    if (to.root === 'TIME') {
      f.get(out.v).op(op.I64_EXTEND_I32_S);
      cutDigits(c, 3, to.precision);
      f.op(op.I32_WRAP_I64).set(out.v);
    }
  });
}
