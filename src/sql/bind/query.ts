import { setOwn } from '../../base/own.js';
import type { Expr, Literal } from '../../types/expr.js';
import { leafCount } from '../../types/leaf.js';
import { type Field, INT, type LogicalType, ROW, type Schema } from '../../types/logical.js';
import type { Expression } from '../ast/expression.js';
import type { Alias, CommonTable, Query, QueryBody, Select, TableReference, Values } from '../ast/query.js';
import type { OptionNode } from '../ast/name.js';
import { type Catalog, type CatalogTable, DEFAULT_CATALOG, DEFAULT_DATABASE } from '../catalog.js';
import { column, convert, literal } from '../expr.js';
import { leafRefs, leavesOf, type Rel } from '../rel.js';
import type { SourceText, Span } from '../source.js';
import { commonType, plainType, sameType } from '../type/common.js';
import { bindAggregate, isAggregateQuery } from './aggregate.js';
import { distinctRows } from './distinct.js';
import { ExpressionBinder } from './expression.js';
import { Scope } from './scope.js';
import { bindTableFunction } from './tvf.js';

/** What a query can see. */
export interface QueryEnv {
  readonly catalog: Catalog;
  readonly source: SourceText;
  /** table.local-time-zone */
  readonly timeZone: string;
  readonly ctes: ReadonlyMap<string, { readonly table: CommonTable; readonly env: QueryEnv }>;
  readonly depth: number;
}

/** A relation with the names it goes by in FROM. */
export interface Named {
  readonly rel: Rel;
  readonly qualifiers: readonly (readonly string[])[];
}

export function refuse(env: QueryEnv, what: string, span: Span, remedy = ''): Error {
  return env.source.error('NOT_SUPPORTED', `${what} ${/s$/.test(what) && !/(BY|AS|TS|SS)$/.test(what) ? 'are' : 'is'} not supported yet`, span, remedy);
}

const ORDER_REMEDY = 'On a stream it needs changelogs or an order by time, which come later.';

export function bindQuery(query: Query, outer: QueryEnv): Rel {
  let env = outer;
  for (const table of query.ctes) {
    const ctes = new Map(env.ctes);
    ctes.set(table.name.text, { table, env });
    env = { ...env, ctes };
  }
  if (query.orderBy !== undefined) throw refuse(env, 'ORDER BY', query.orderBy, ORDER_REMEDY);
  if (query.limit !== undefined) throw refuse(env, 'LIMIT', query.limit, ORDER_REMEDY);
  return bindBody(query.body, env);
}

function bindBody(body: QueryBody, env: QueryEnv): Rel {
  switch (body.kind) {
    case 'query':
      return bindQuery(body, env);
    case 'values':
      return bindValues(body, env);
    case 'select':
      return bindSelect(body, env);
    case 'set': {
      if (body.op !== 'UNION') throw refuse(env, body.op, body.opSpan);
      const both = union([bindBody(body.left, env), bindBody(body.right, env)], env, body.span);
      return body.all ? both : distinctRows(both, env, body.span);
    }
  }
}

/** UNION ALL: the columns take their common types, the names of the first input. */
export function union(inputs: readonly Rel[], env: QueryEnv, span: Span): Rel {
  const [first] = inputs;
  const count = first.schema.fields.length;
  if (inputs.some((r) => r.schema.fields.length !== count)) {
    throw env.source.error('SQL_VALIDATION', `column count mismatch in UNION ALL: ${inputs.map((r) => r.schema.fields.length).join(' and ')}`, span);
  }
  const fields = first.schema.fields.map((f, i): Field => {
    const types = inputs.map((r) => r.schema.fields[i].type);
    const type = commonType(types);
    if (type === undefined) throw env.source.error('TYPE_MISMATCH', `type mismatch in column ${i + 1} of UNION ALL`, span, 'CAST them to one type.');
    return { name: f.name, type };
  });
  const schema = { fields };
  return { op: 'union', inputs: inputs.flatMap((r) => (r.op === 'union' && sameSchema(r.schema, schema) ? r.inputs : [castTo(r, schema)])), schema };
}

export function sameSchema(a: Schema, b: Schema): boolean {
  return sameType(ROW(a.fields), ROW(b.fields));
}

/** The relation with its columns converted to the types of a schema of the same shape. */
export function castTo(rel: Rel, schema: Schema): Rel {
  const from = leavesOf(rel.schema);
  const to = leavesOf(schema);
  const exprs = from.map((l, i) => (l.type.root === 'ROW' ? column(i, l.type) : convert(column(i, l.type), to[i].type)));
  if (exprs.every((e) => e.op === 'col') && from.every((l, i) => sameType(l.type, to[i].type))) return { ...rel, schema } as Rel;
  return { op: 'project', input: rel, exprs, schema };
}

const ONE_ROW: Rel = { op: 'values', rows: [[literal(0, INT(false))]], schema: { fields: [{ name: 'ZERO', type: INT(false) }] } };

function bindValues(values: Values, env: QueryEnv): Rel {
  const binder = new ExpressionBinder(env.source, new Scope({ fields: [] }));
  // Flink takes no bare NULL in VALUES, also not where other rows or the sink would tell its type
  const rows = values.rows.map((row) => row.map((x) => binder.bindTyped(x)));
  const width = rows[0].length;
  if (rows.some((r) => r.length !== width)) throw env.source.error('SQL_VALIDATION', 'the rows of VALUES have different numbers of columns', values.span);
  const fields = rows[0].map((_, i): Field => {
    const type = commonType(rows.map((r) => r[i].type));
    if (type === undefined)
      throw env.source.error('TYPE_MISMATCH', `values passed to VALUES have incompatible types in column ${i + 1}`, values.span, 'CAST them to one type.');
    return { name: `EXPR$${i}`, type: plainType(type) };
  });
  const schema = { fields };
  const converted = rows.map((r) => r.map((e, i) => convert(e, fields[i].type)));
  if (converted.every((r) => r.every((e) => e.op === 'lit'))) return { op: 'values', rows: converted as Literal[][], schema };
  const inputs = converted.map((exprs): Rel => ({ op: 'project', input: ONE_ROW, exprs, schema }));
  return inputs.length === 1 ? inputs[0] : { op: 'union', inputs, schema };
}

function bindSelect(select: Select, env: QueryEnv): Rel {
  if (select.refused !== undefined) throw refuse(env, select.refused.what, select.refused.span);
  const from: Named = select.from === undefined ? { rel: { ...ONE_ROW, schema: ONE_ROW.schema }, qualifiers: [] } : bindReference(select.from, env);
  const scope = select.from === undefined ? new Scope({ fields: [] }) : new Scope(from.rel.schema, from.qualifiers);
  const binder = new ExpressionBinder(env.source, scope);
  let rel = from.rel;
  if (select.where !== undefined) {
    refuseAggregates(select.where, env, 'WHERE');
    rel = { op: 'filter', input: rel, condition: binder.bindCondition(select.where, 'WHERE'), schema: rel.schema };
  }
  const rows = isAggregateQuery(select) ? bindAggregate(select, rel, scope, env) : projectItems(rel, selectItems(select, binder, env));
  return select.distinct === undefined ? rows : distinctRows(rows, env, select.distinct);
}

function refuseAggregates(node: Expression, env: QueryEnv, clause: string): void {
  const found = isAggregateQuery({ kind: 'select', items: [{ expression: node, span: node.span }], span: node.span });
  if (found)
    throw env.source.error('SQL_VALIDATION', `aggregate functions are not allowed in ${clause}`, node.span, 'Conditions on aggregates stand in HAVING.');
}

export interface OutputItem {
  readonly name: string;
  readonly expr: Expr;
}

/** The SELECT list with * expanded and names given as Flink gives them: alias, column name, or EXPR$n. */
export function selectItems(select: Select, binder: ExpressionBinder, env: QueryEnv): OutputItem[] {
  const out: OutputItem[] = [];
  for (const item of select.items) {
    const e = item.expression;
    if (e.kind === 'star') {
      out.push(...starItems(e, binder, env));
      continue;
    }
    const last = e.kind === 'column' ? e.parts[e.parts.length - 1].text : e.kind === 'field' ? e.field.text : e.kind === 'call' && e.bare ? e.name : undefined;
    out.push({ name: item.alias?.text ?? last ?? `EXPR$${out.length}`, expr: binder.bindTyped(e) });
  }
  return out;
}

function starItems(e: Expression & { kind: 'star' }, binder: ExpressionBinder, env: QueryEnv): OutputItem[] {
  const fields = binder.scope.fields;
  if (e.qualifier.length > 0 && !binder.scope.qualifiers.some((q) => q.length === e.qualifier.length && q.every((n, i) => n === e.qualifier[i].text))) {
    const name = e.qualifier[e.qualifier.length - 1];
    if (fields.some((f) => f.name === name.text && f.type.root === 'ROW')) throw refuse(env, 'expanding the fields of a ROW', e.span);
    throw env.source.error('UNKNOWN_TABLE', `table '${name.text}' not found`, name.span);
  }
  if (fields.length === 0) throw env.source.error('SQL_VALIDATION', 'SELECT * needs a FROM clause', e.span);
  return fields.map((f) => ({ name: f.name, expr: binder.bind({ kind: 'column', parts: [{ text: f.name, quoted: true, span: e.span }], span: e.span }) }));
}

/** A project of named values: a ROW column gives all its leaves. Names may repeat until somebody asks for one of them. */
export function projectItems(input: Rel, items: readonly OutputItem[]): Rel {
  const fields = items.map((i): Field => ({ name: i.name, type: i.expr.type }));
  return { op: 'project', input, exprs: items.flatMap((i) => leafExprs(i.expr)), schema: { fields } };
}

/** What a query shows at the top has names that differ: a, a0, as Flink numbers them. */
export function shownNames(rel: Rel): Rel {
  const given = rel.schema.fields.map((f) => f.name);
  const used = new Set<string>();
  const fields = rel.schema.fields.map((f) => {
    let name = f.name;
    for (let n = 0; used.has(name); n++) if (!given.includes(`${f.name}${n}`)) name = `${f.name}${n}`;
    used.add(name);
    return { name, type: f.type };
  });
  return { ...rel, schema: { fields } } as Rel;
}

/** One expression per leaf of a value. */
export function leafExprs(e: Expr): Expr[] {
  if (e.op !== 'col' || e.type.root !== 'ROW') return [e];
  return leafRefs({ fields: [{ name: '', type: e.type }] }).map((l, i) => column(e.index + i, l.type));
}

const JOIN_NAMES = {
  INNER: 'INNER JOIN',
  LEFT: 'LEFT JOIN',
  RIGHT: 'RIGHT JOIN',
  FULL: 'FULL JOIN',
  CROSS: 'CROSS JOIN',
  COMMA: 'a join of tables with a comma between them',
} as const;

function bindReference(ref: TableReference, env: QueryEnv): Named {
  switch (ref.kind) {
    case 'table':
      return bindTableName(
        ref.name.parts.map((p) => p.text),
        ref,
        env,
      );
    case 'derived': {
      if (ref.lateral) throw refuse(env, 'LATERAL', ref.span);
      return aliased(bindQuery(ref.query, env), ref.alias, [], env);
    }
    case 'function':
      return aliased(bindTableFunction(ref.call, env), ref.alias, [], env);
    case 'join':
      throw refuse(env, JOIN_NAMES[ref.type], ref.opSpan, 'Joins come later; real Flink runs this script.');
    case 'refused':
      throw refuse(env, ref.what, ref.span);
  }
}

export function aliased(rel: Rel, alias: Alias | undefined, own: readonly (readonly string[])[], env: QueryEnv): Named {
  if (alias === undefined) return { rel, qualifiers: own };
  return { rel: alias.columns === undefined ? rel : renamed(rel, alias.columns, env), qualifiers: [[alias.name.text]] };
}

/** The relation under other column names. */
export function renamed(rel: Rel, names: readonly { readonly text: string; readonly span: Span }[], env: QueryEnv): Rel {
  const fields = rel.schema.fields;
  if (names.length !== fields.length) {
    throw env.source.error('SQL_VALIDATION', `${names.length} column names are given for ${fields.length} columns`, names[0].span);
  }
  const schema = { fields: fields.map((f, i) => ({ name: names[i].text, type: f.type })) };
  return { op: 'project', input: rel, exprs: leafRefs(rel.schema), schema };
}

const VIEW_DEPTH_MAX = 100;

export function bindTableName(parts: readonly string[], ref: TableReference & { kind: 'table' }, env: QueryEnv): Named {
  const name = parts[parts.length - 1];
  const cte = parts.length === 1 ? env.ctes.get(name) : undefined;
  if (cte !== undefined) {
    const rel = bindQuery(cte.table.query, cte.env);
    return aliased(cte.table.columns === undefined ? rel : renamed(rel, cte.table.columns, env), ref.alias, [[name]], env);
  }
  const entry = env.catalog.find(ref.name, env.source);
  const own = [[name], [DEFAULT_DATABASE, name], [DEFAULT_CATALOG, DEFAULT_DATABASE, name]];
  if (entry.kind === 'view') {
    if (env.depth > VIEW_DEPTH_MAX) throw env.source.error('SQL_VALIDATION', `views are nested deeper than ${VIEW_DEPTH_MAX}`, ref.span);
    if (ref.options.length > 0) throw env.source.error('SQL_VALIDATION', `'${name}' is a view: OPTIONS hints belong to tables`, ref.options[0].span);
    const inner: QueryEnv = { catalog: env.catalog, source: entry.source, timeZone: env.timeZone, ctes: new Map(), depth: env.depth + 1 };
    const rel = bindQuery(entry.query, inner);
    return aliased(entry.columns === undefined ? rel : renamed(rel, entry.columns, inner), ref.alias, own, env);
  }
  return aliased(scanTable(entry, ref.options, { source: env.source, span: ref.name.span }), ref.alias, own, env);
}

/** A table as a query sees it: the scan, then its columns in their declared order. */
export function scanTable(table: CatalogTable, hints: readonly OptionNode[], origin: { source: SourceText; span: Span }): Rel {
  const options: Record<string, string> = {};
  for (const o of table.options.values()) setOwn(options, o.key, o.value);
  for (const h of hints) setOwn(options, h.key, h.value);
  const scan: Rel = { op: 'scan', table, options, watermark: table.watermark, schema: table.scanSchema, origin };
  const exprs = table.columns.flatMap((c) => leafExprs(c.read));
  return { op: 'project', input: scan, exprs, schema: { fields: table.columns.map((c) => ({ name: c.name, type: c.type })) } };
}

export function fieldLeaf(schema: Schema, index: number): number {
  return schema.fields.slice(0, index).reduce((n, f) => n + leafCount(f.type), 0);
}

export const isRow = (t: LogicalType): boolean => t.root === 'ROW';
