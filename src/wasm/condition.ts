import type { Expr } from '../types/expr.js';
import { ALWAYS, type Compiler, NEVER } from './compile.js';
import * as op from './opcodes.js';

/** Pushes 1 when a BOOLEAN expression is TRUE, else 0 (FALSE or NULL). */
export function pushIsTrue(c: Compiler, e: Expr): void {
  const { f } = c;
  if (e.op === 'call' && (e.fn === 'and' || e.fn === 'or')) {
    pushIsTrue(c, e.args[0]);
    for (const a of e.args.slice(1)) {
      f.if(op.I32);
      if (e.fn === 'or') f.i32(1).else();
      c.scoped(() => pushIsTrue(c, a));
      if (e.fn === 'and') f.else().i32(0);
      f.end();
    }
    return;
  }
  const val = c.compile(e);
  if (val.nul === ALWAYS) {
    f.i32(0);
    return;
  }
  c.push(val);
  if (val.nul !== NEVER) f.get(val.nul).op(op.I32_EQZ, op.I32_AND);
}
