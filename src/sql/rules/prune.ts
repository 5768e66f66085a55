import type { Expr } from '../../types/expr.js';
import { leafCount } from '../../types/leaf.js';
import type { Field, LogicalType, Schema } from '../../types/logical.js';
import { columnsOf, mapColumns } from '../expr.js';
import { type AggregateRel, type CalcRel, leafRefs, leavesOf, type Rel } from '../rel.js';

/** A relation without the leaves nobody reads, and where the others went. */
export interface Pruned {
  readonly rel: Rel;
  /** old leaf -> new leaf */
  readonly map: ReadonlyMap<number, number>;
}

/** Keeps only the needed leaves, all the way down to the scans (which the physical planner narrows, since statements share them). */
export function prune(rel: Rel, needed: ReadonlySet<number>): Pruned {
  switch (rel.op) {
    case 'calc':
      return pruneCalc(rel, needed);
    case 'aggregate':
      return pruneAggregate(rel, needed);
    case 'union': {
      const inputs = rel.inputs.map((i) => prune(i.op === 'calc' ? i : asCalc(i), needed));
      const { schema } = narrow(rel.schema, needed);
      return { rel: { ...rel, inputs: inputs.map((p) => p.rel), schema }, map: inputs[0].map };
    }
    default:
      return { rel, map: new Map(leavesOf(rel.schema).map((_, i) => [i, i])) };
  }
}

export function asCalc(rel: Rel): CalcRel {
  return { op: 'calc', input: rel, exprs: leafRefs(rel.schema), schema: rel.schema };
}

/** The schema with only these leaves; a ROW stays when one of its fields does. */
export function narrow(schema: Schema, needed: ReadonlySet<number>): { schema: Schema; kept: number[] } {
  const kept: number[] = [];
  let leaf = 0;
  const walk = (name: string, type: LogicalType): Field | undefined => {
    const at = leaf++;
    if (type.root !== 'ROW') {
      if (!needed.has(at)) return undefined;
      kept.push(at);
      return { name, type };
    }
    const slot = kept.push(at) - 1;
    const fields = type.fields.map((f) => walk(f.name, f.type)).filter((f) => f !== undefined);
    if (fields.length === 0 && !needed.has(at)) {
      kept.splice(slot, 1);
      return undefined;
    }
    return { name, type: { ...type, fields } };
  };
  const fields = schema.fields.map((f) => walk(f.name, f.type)).filter((f) => f !== undefined);
  return { schema: { fields }, kept };
}

/** Expressions over a narrowed input: new leaf numbers, and ROW columns with the fields that are left. */
export function remap(e: Expr, map: ReadonlyMap<number, number>, schema: Schema): Expr {
  const leaves = leavesOf(schema);
  return mapColumns(e, (index, c) => {
    const to = map.get(index) as number;
    return { op: 'col', index: to, type: c.type.root === 'ROW' ? leaves[to].type : c.type };
  });
}

function pruneCalc(rel: CalcRel, needed: ReadonlySet<number>): Pruned {
  const { schema, kept } = narrow(rel.schema, needed);
  const reads = new Set<number>();
  if (rel.filter !== undefined) columnsOf(rel.filter, reads);
  for (const k of kept) columnsOf(rel.exprs[k], reads);
  const below = prune(rel.input, reads);
  const over = (e: Expr): Expr => remap(e, below.map, below.rel.schema);
  const exprs = kept.map((k) => over(rel.exprs[k]));
  const filter = rel.filter === undefined ? undefined : over(rel.filter);
  return { rel: { op: 'calc', input: below.rel, filter, exprs, schema }, map: new Map(kept.map((k, i) => [k, i])) };
}

function pruneAggregate(rel: AggregateRel, needed: ReadonlySet<number>): Pruned {
  const keyCount = rel.keys.length;
  const base = keyCount + rel.calls.length;
  const keptCalls = rel.calls.flatMap((_, i) => (needed.has(keyCount + i) ? [i] : []));
  const keptOutputs = rel.outputs.flatMap((_, i) => (needed.has(base + i) ? [i] : []));
  const kept = [...rel.keys.keys(), ...keptCalls.map((i) => keyCount + i), ...keptOutputs.map((i) => base + i)];
  const calls = keptCalls.map((i) => rel.calls[i]);
  const timeColumn = rel.window.kind === 'assign' ? rel.window.timeColumn : -1;
  const reads = new Set<number>(rel.keys);
  for (const c of calls) for (const i of [c.arg, c.filter]) if (i !== undefined) reads.add(i);
  if (timeColumn >= 0) reads.add(timeColumn);
  const below = prune(rel.input, reads);
  const at = (i: number): number => below.map.get(i) as number;
  const moved = (i: number | undefined): number | undefined => (i === undefined ? undefined : at(i));
  const out: AggregateRel = {
    ...rel,
    input: below.rel,
    window: rel.window.kind === 'assign' && timeColumn >= 0 ? { ...rel.window, timeColumn: at(timeColumn) } : rel.window,
    keys: rel.keys.map(at),
    calls: calls.map((c) => ({ ...c, arg: moved(c.arg), filter: moved(c.filter) })),
    outputs: keptOutputs.map((i) => rel.outputs[i]),
    schema: { fields: kept.map((k) => rel.schema.fields[k]) },
  };
  return { rel: out, map: new Map(kept.map((k, i) => [k, i])) };
}

/** Number of leaves a schema has: for checks in tests and physical plans. */
export const width = (schema: Schema): number => schema.fields.reduce((n, f) => n + leafCount(f.type), 0);
