import { HOP_WINDOWS_MAX } from '../../base/limits.js';
import type { Expr } from '../../types/expr.js';
import { BIGINT, type LogicalType, TIMESTAMP } from '../../types/logical.js';
import { call, column, literal, retype } from '../expr.js';
import { leafRefs, leavesOf, type Rel, type WindowTvfRel } from '../rel.js';
import type { Rule } from './rule.js';

/** TUMBLE and HOP in event time without an aggregate above: every row with its window's columns, computed from its time; HOP once per window. */
export const windowToCalc: Rule = {
  name: 'WindowToCalc',
  apply: (rel) => {
    if (rel.op !== 'tvf' || rel.time !== 'rowtime' || rel.window.type === 'session') return undefined;
    const { sizeMs, offsetMs } = rel.window;
    const slideMs = rel.window.type === 'hop' ? rel.window.slideMs : sizeMs;
    const count = sizeMs / slideMs;
    if (count > HOP_WINDOWS_MAX) return undefined;
    const inputs = Array.from({ length: count }, (_, i) => withWindow(rel, { sizeMs, slideMs, offsetMs, back: i * slideMs }));
    return count === 1 ? inputs[0] : { op: 'union', inputs, schema: rel.schema };
  },
};

/** Every row in the window that begins `back` ms before the last one that holds it. */
function withWindow(rel: WindowTvfRel, w: { sizeMs: number; slideMs: number; offsetMs: number; back: number }): Rel {
  const type = TIMESTAMP(3, false);
  const time = column(rel.timeColumn, leavesOf(rel.input.schema)[rel.timeColumn].type);
  const ms = (n: number): Expr => literal(BigInt(n), BIGINT(false));
  // the watermark has refused rows without a time
  const last = call('windowStart', [retype(time, { ...time.type, nullable: false } as LogicalType), ms(w.slideMs), ms(w.offsetMs)], type);
  const plus = (n: number): Expr => (n === 0 ? last : call('add', [last, literal(BigInt(n), { root: 'INTERVAL_DAY_TIME', nullable: false })], type));
  const end = w.sizeMs - w.back;
  const shown = rel.schema.fields[rel.schema.fields.length - 1].type;
  const inside = plus(end - 1);
  const windowTime = shown.root === 'TIMESTAMP_LTZ' ? call('cast', [inside], shown) : retype(inside, shown);
  return { op: 'calc', input: rel.input, exprs: [...leafRefs(rel.input.schema), plus(-w.back), plus(end), windowTime], schema: rel.schema };
}
