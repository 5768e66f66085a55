import type { AggregateCall, WindowAggregateConfig } from '../contract/nodes.js';
import type { Expr } from '../types/expr.js';
import type { Field, Schema } from '../types/logical.js';
import { type AggregateRel, type CalcRel, leavesOf } from './rel.js';
import { plainType, sameType } from './type/common.js';

/** Calls as plain data, without fields that are undefined. */
export const plainCalls = (rel: AggregateRel): AggregateCall[] =>
  rel.calls.map((c) => Object.fromEntries(Object.entries(c).filter(([, v]) => v !== undefined)) as unknown as AggregateCall);

export function aggregateKeys(rel: AggregateRel): string {
  return rel.schema.fields
    .slice(0, rel.keys.length)
    .map((f) => f.name)
    .join(', ');
}

/** Time attributes are a matter of planning: what runs are plain values. */
export function plainSchema(schema: Schema): Schema {
  return { fields: schema.fields.map((f): Field => ({ name: f.name, type: plainType(f.type) })) };
}

export function passesAll(exprs: readonly Expr[], below: Schema, output: Schema): boolean {
  const from = leavesOf(below);
  const to = leavesOf(output);
  return exprs.length === from.length && exprs.every((e, i) => e.op === 'col' && e.index === i && sameType(from[i].type, to[i].type));
}

export function sameNames(a: Schema, b: Schema): boolean {
  const names = leavesOf(b).map((l) => l.path.join('.'));
  return leavesOf(a).every((l, i) => l.path.join('.') === names[i]);
}

export function calcName(rel: CalcRel): string {
  const columns = rel.schema.fields.map((f) => f.name).join(', ');
  return `calc(${columns})${rel.filter === undefined ? '' : ' where'}`;
}

/** 'TUMBLE 10 s' */
export function windowName(w: WindowAggregateConfig['window']): string {
  const s = (ms: number): string => (ms % 60_000 === 0 && ms > 0 ? `${ms / 60_000} min` : ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);
  if (w.type === 'session') return `SESSION ${s(w.gapMs)}`;
  const offset = w.offsetMs === 0 ? '' : ` offset ${s(w.offsetMs)}`;
  return w.type === 'tumble' ? `TUMBLE ${s(w.sizeMs)}${offset}` : `HOP ${s(w.sizeMs)} every ${s(w.slideMs)}${offset}`;
}
