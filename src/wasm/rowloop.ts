import { BATCH_SEL, BATCH_SEL_COUNT } from '#abi';
import type { Compiler } from './compile.js';
import * as op from './opcodes.js';

/** Locals of a loop over the selected rows of a batch: their number, the position, the selection. */
export interface Rows {
  readonly n: number;
  readonly i: number;
  readonly sel: number;
}

export function newRows(c: Compiler): Rows {
  return { n: c.f.local(op.I32), i: c.f.local(op.I32), sel: c.f.local(op.I32) };
}

/** Takes the selection of the batch whose address is in the local `batch`. */
export function takeRows(c: Compiler, { n, sel }: Rows, batch: number): void {
  c.f.get(batch).mem(op.I32_LOAD, BATCH_SEL_COUNT).set(n);
  c.f.get(batch).mem(op.I32_LOAD, BATCH_SEL).set(sel);
}

/** One pass over the rows taken; `body` writes what is done with the row c.row. */
export function eachRow(c: Compiler, { n, i, sel }: Rows, body: () => void): void {
  const f = c.f;
  f.i32(0).set(i);
  f.block();
  f.get(n).op(op.I32_EQZ).brIfTo(f.depth);
  f.loop();
  const top = f.depth;
  f.get(sel).get(i).i32(2).op(op.I32_SHL, op.I32_ADD).mem(op.I32_LOAD).set(c.row);
  body();
  f.get(i).i32(1).op(op.I32_ADD).tee(i).get(n).op(op.I32_LT_U).brIfTo(top);
  f.end();
  f.end();
}
