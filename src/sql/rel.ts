import type { AggregateCall, WindowSpec } from '../contract/nodes.js';
import type { TextOptions } from '../contract/options.js';
import type { Expr, Literal } from '../types/expr.js';
import { flatten, type Leaf } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { CatalogTable } from './catalog.js';
import { column } from './expr.js';
import type { SourceText, Span } from './source.js';

/**
 * The logical algebra. Expressions are over the leaf columns of the input (types/leaf.ts), and a project has one expression per leaf of its output.
 * Trees are immutable; rules build new ones.
 */
export type Rel = ScanRel | ValuesRel | FilterRel | ProjectRel | CalcRel | WindowTvfRel | AggregateRel | UnionRel;

/** Where in the script a relation comes from, for refusals that only the optimiser can decide. */
export interface Origin {
  readonly source: SourceText;
  readonly span: Span;
}

/** Physical columns, then metadata columns. The watermark is part of the scan, over its own leaves. */
export interface ScanRel {
  readonly op: 'scan';
  readonly table: CatalogTable;
  readonly options: TextOptions;
  readonly watermark?: { readonly rowtime: Expr; readonly strategy: Expr };
  readonly schema: Schema;
  readonly origin: Origin;
}

export interface ValuesRel {
  readonly op: 'values';
  readonly rows: readonly (readonly Literal[])[];
  readonly schema: Schema;
}

export interface FilterRel {
  readonly op: 'filter';
  readonly input: Rel;
  readonly condition: Expr;
  readonly schema: Schema;
}

export interface ProjectRel {
  readonly op: 'project';
  readonly input: Rel;
  readonly exprs: readonly Expr[];
  readonly schema: Schema;
}

/** Filter and projection in one pass. */
export interface CalcRel {
  readonly op: 'calc';
  readonly input: Rel;
  readonly filter?: Expr;
  readonly exprs: readonly Expr[];
  readonly schema: Schema;
}

export interface WindowTime {
  readonly time: 'rowtime' | 'proctime';
  /** 'UTC', or the session's zone for TIMESTAMP_LTZ */
  readonly timeZone: string;
}

/** A window table-valued function: the input's leaves, then window_start, window_end, window_time. */
export interface WindowTvfRel extends WindowTime {
  readonly op: 'tvf';
  readonly input: Rel;
  readonly window: WindowSpec;
  /** leaf of the time attribute */
  readonly timeColumn: number;
  /** leaves of SESSION's PARTITION BY */
  readonly partitionBy: readonly number[];
  readonly schema: Schema;
  readonly origin: Origin;
}

export type WindowOutput = 'start' | 'end' | 'rowtime' | 'proctime';

/** How an aggregate gets its windows. */
export type AggregateWindow =
  | ({ readonly kind: 'assign'; readonly window: WindowSpec; readonly timeColumn: number } & WindowTime)
  /** the input carries window columns: its leaves of window_start and window_end */
  | { readonly kind: 'attached'; readonly start: number; readonly end: number }
  /** no windows: results change with every row */
  | { readonly kind: 'none' };

/** Output leaves: keys, then calls, then outputs. */
export interface AggregateRel {
  readonly op: 'aggregate';
  readonly input: Rel;
  readonly window: AggregateWindow;
  readonly keys: readonly number[];
  readonly calls: readonly AggregateCall[];
  readonly outputs: readonly WindowOutput[];
  readonly schema: Schema;
  readonly origin: Origin;
}

export interface UnionRel {
  readonly op: 'union';
  readonly inputs: readonly Rel[];
  readonly schema: Schema;
}

export function inputsOf(rel: Rel): readonly Rel[] {
  switch (rel.op) {
    case 'scan':
    case 'values':
      return [];
    case 'union':
      return rel.inputs;
    default:
      return [rel.input];
  }
}

export function withInputs(rel: Rel, inputs: readonly Rel[]): Rel {
  switch (rel.op) {
    case 'scan':
    case 'values':
      return rel;
    case 'union':
      return { ...rel, inputs };
    default:
      return { ...rel, input: inputs[0] };
  }
}

const leafCache = new WeakMap<Schema, Leaf[]>();

export function leavesOf(schema: Schema): readonly Leaf[] {
  let leaves = leafCache.get(schema);
  if (leaves === undefined) {
    leaves = flatten(schema);
    leafCache.set(schema, leaves);
  }
  return leaves;
}

/** References to leaves [from, to) of a schema. */
export function leafRefs(schema: Schema, from = 0, to = leavesOf(schema).length): Expr[] {
  return leavesOf(schema)
    .slice(from, to)
    .map((l, i) => column(from + i, l.type));
}

/** A schema for expressions over a relation: columns keep their names, everything is told apart. */
export function schemaOf(exprs: readonly Expr[], below: Schema): Schema {
  const leaves = leavesOf(below);
  const used = new Set<string>();
  const fields = exprs.map((e, i) => {
    const base = e.op === 'col' ? leaves[e.index].path.join('_') : `f${i}`;
    let name = base;
    for (let n = 0; used.has(name); n++) name = `${base}$${n}`;
    used.add(name);
    return { name, type: e.type };
  });
  return { fields };
}
