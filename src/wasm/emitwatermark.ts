import { BATCH_MARK_COUNT, BATCH_MARKS, BATCH_SEL_COUNT, E_NULL_ROWTIME, ERR_CODE, ERR_ROW } from '#abi';
import type { Expr } from '../types/expr.js';
import type { Leaf } from '../types/leaf.js';
import { ALWAYS, Compiler, NEVER } from './compile.js';
import './functions.js';
import * as op from './opcodes.js';
import { ASSIGNER_LAST, ASSIGNER_MAX, ASSIGNER_OTHERS } from './layout.js';
import { cachedPlan } from './plancache.js';
import { pushMillis } from './instants.js';
import { beginRow } from './rowclock.js';
import { eachRow, newRows, takeRows } from './rowloop.js';
import type { ZoneTable } from './zonetable.js';

export interface WatermarkExprs {
  readonly rowtime: Expr;
  readonly watermark: Expr;
  readonly intervalMs: number;
}

/**
 * The module of a watermark assigner. `assign(batch, state)` evaluates both expressions for each selected row, replaces the batch's marks,
 * and returns 0. A watermark follows the row by which it has advanced by more than the interval. When a row has no rowtime it returns 1
 * with the error slot set, and the batch's selection and marks end before that row.
 */
export function emitWatermark(config: WatermarkExprs, leaves: readonly Leaf[], zone?: ZoneTable): Uint8Array {
  return cachedPlan(`watermark ${config.intervalMs}`, [config.rowtime, config.watermark], leaves, zone, () => write(config, leaves, zone));
}

function write(config: WatermarkExprs, leaves: readonly Leaf[], zone: ZoneTable | undefined): Uint8Array {
  const c = new Compiler([config.rowtime, config.watermark], leaves, zone);
  const f = c.module.func('ii:i', 'assign');
  c.f = f;
  const batch = 0;
  const state = 1;
  c.prologue(batch, [config.rowtime, config.watermark]);
  const rows = newRows(c);
  const mark = f.local(op.I32);
  const [max, others, last, now] = [f.local(op.I64), f.local(op.I64), f.local(op.I64), f.local(op.I64)];
  c.row = f.local(op.I32);
  takeRows(c, rows, batch);
  f.get(batch).mem(op.I32_LOAD, BATCH_MARKS).set(mark);
  f.get(state).mem(op.I64_LOAD, ASSIGNER_MAX).set(max);
  f.get(state).mem(op.I64_LOAD, ASSIGNER_OTHERS).set(others);
  f.get(state).mem(op.I64_LOAD, ASSIGNER_LAST).set(last);
  const store = (): void => {
    f.get(state).get(max).mem(op.I64_STORE, ASSIGNER_MAX);
    f.get(state).get(last).mem(op.I64_STORE, ASSIGNER_LAST);
    f.get(batch).get(mark).get(batch).mem(op.I32_LOAD, BATCH_MARKS).op(op.I32_SUB).i32(4).op(op.I32_SHR_U).mem(op.I32_STORE, BATCH_MARK_COUNT);
  };
  const fail = (): void => {
    f.i32(0).get(c.row).mem(op.I32_STORE, ERR_ROW);
    f.get(batch).get(rows.i).mem(op.I32_STORE, BATCH_SEL_COUNT);
    store();
    f.i32(1).op(op.RETURN);
  };

  eachRow(c, rows, () => {
    beginRow(c, [config.rowtime, config.watermark]);
    const rowtime = c.compile(config.rowtime);
    if (rowtime.nul !== NEVER) {
      c.pushNull(rowtime);
      f.if();
      f.i32(0).i32(E_NULL_ROWTIME).mem(op.I32_STORE, ERR_CODE);
      fail();
      f.end();
    }
    const watermark = c.compile(config.watermark);
    if (c.mayFail) {
      f.i32(0).mem(op.I32_LOAD, ERR_CODE).if();
      fail();
      f.end();
    }
    if (watermark.nul !== ALWAYS) {
      c.pushNull(watermark);
      f.op(op.I32_EQZ).if();
      pushMillis(c, watermark);
      f.tee(now).get(max).op(op.I64_GT_S).if().get(now).set(max);
      // the minimum over all splits, and whether it has advanced by more than the interval (unsigned: it may start at the minimum)
      f.get(now).get(others).op(op.I64_GT_S).if().get(others).set(now).end();
      f.get(now).get(last).op(op.I64_GT_S).get(now).get(last).op(op.I64_SUB).i64(BigInt(config.intervalMs)).op(op.I64_GT_U, op.I32_AND).if();
      f.get(mark).get(c.row).mem(op.I32_STORE);
      f.get(mark).get(now).mem(op.I64_STORE, 8);
      f.get(mark).i32(16).op(op.I32_ADD).set(mark);
      f.get(now).set(last).end();
      f.end().end();
    }
  });
  store();
  f.i32(0);
  c.resetArena();
  return c.finish();
}
