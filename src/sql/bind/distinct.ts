import type { Expr } from '../../types/expr.js';
import type { Field } from '../../types/logical.js';
import { column } from '../expr.js';
import { type AggregateWindow, leavesOf, type Rel, type WindowOutput } from '../rel.js';
import type { Span } from '../source.js';
import { plainType } from '../type/common.js';
import { windowColumns } from '../window-columns.js';
import { uniqueNames } from './group-names.js';
import { type QueryEnv, refuse } from './query.js';

/** SELECT DISTINCT, and UNION: an aggregate by all columns without calls. By windows when their bounds are among the columns, as in Flink. */
export function distinctRows(rel: Rel, env: QueryEnv, span: Span): Rel {
  const leaves = leavesOf(rel.schema);
  if (leaves.some((l) => l.type.root === 'ROW')) throw refuse(env, 'DISTINCT over a ROW', span, 'Select its fields.');
  const c = windowColumns(rel);
  const windowed = c !== undefined && c.start.size > 0 && c.end.size > 0;
  const role = (leaf: number): WindowOutput | undefined =>
    !windowed ? undefined : c.start.has(leaf) ? 'start' : c.end.has(leaf) ? 'end' : c.attribute.has(leaf) ? c.time : undefined;
  const keys = [...leaves.keys()].filter((i) => role(i) === undefined);
  const outputs = [...new Set([...leaves.keys()].map(role).filter((o) => o !== undefined))];
  const window: AggregateWindow = windowed ? { kind: 'attached', start: [...c.start][0], end: [...c.end][0] } : { kind: 'none' };
  const types = rel.schema.fields.map((f) => (windowed ? f.type : plainType(f.type)));
  const at = (leaf: number): number => {
    const o = role(leaf);
    return o === undefined ? keys.indexOf(leaf) : keys.length + outputs.indexOf(o);
  };
  const fields: Field[] = [];
  rel.schema.fields.forEach((f, i) => {
    fields[at(i)] = { name: f.name, type: types[i] };
  });
  const origin = { source: env.source, span };
  const aggregate: Rel = { op: 'aggregate', input: rel, window, keys, calls: [], outputs, schema: { fields: uniqueNames(fields) }, origin };
  const exprs = types.map((type, i): Expr => column(at(i), type));
  return { op: 'project', input: aggregate, exprs, schema: { fields: rel.schema.fields.map((f, i) => ({ name: f.name, type: types[i] })) } };
}
