import type { AggregateCall, WindowSpec } from '../../contract/nodes.js';
import type { Expr } from '../../types/expr.js';
import { BIGINT, type Field, type LogicalType, TIMESTAMP, withNullable } from '../../types/logical.js';
import type { CallExpression, Expression } from '../ast/expression.js';
import type { Select } from '../ast/query.js';
import { column, columnsOf, mapColumns, retype, sameExpr } from '../expr.js';
import { type AggregateWindow, type Rel, schemaOf, type WindowOutput } from '../rel.js';
import type { Span } from '../source.js';
import { avgType, isNumeric, isTimestamp, plainType, sumType } from '../type/common.js';
import { type WindowColumns, windowColumns } from '../window-columns.js';
import { ExpressionBinder } from './expression.js';
import { keyName, uniqueNames } from './group-names.js';
import { AGGREGATES, GROUP_WINDOWS, WINDOW_AUXILIARY } from './function.js';
import { type OutputItem, projectItems, type QueryEnv, refuse, selectItems } from './query.js';
import type { Scope } from './scope.js';
import { intervalMs, notTimeAttribute, windowTimeType } from './tvf.js';
import { contains } from './walk.js';

const isAggregateCall = (e: Expression): boolean => e.kind === 'call' && (AGGREGATES.has(e.name) || WINDOW_AUXILIARY.test(e.name)) && e.over === undefined;

export function isAggregateQuery(select: Select): boolean {
  return select.groupBy !== undefined || select.having !== undefined || select.items.some((i) => contains(i.expression, isAggregateCall));
}

/** SELECT with GROUP BY or aggregates: a project of keys and arguments, the window aggregate, HAVING, and the project of the SELECT list. */
export function bindAggregate(select: Select, input: Rel, scope: Scope, env: QueryEnv): Rel {
  const groups = new AggregateBinder(select, input, scope, env);
  const binder = new ExpressionBinder(env.source, scope, (node) => groups.answer(node));
  const items = selectItems(select, binder, env);
  const having = select.having === undefined ? undefined : binder.bindCondition(select.having, 'HAVING');
  const { rel, settle } = groups.build(items);
  const filtered: Rel = having === undefined ? rel : { op: 'filter', input: rel, condition: settle(having), schema: rel.schema };
  return projectItems(
    filtered,
    items.map((i) => ({ name: i.name, expr: settle(i.expr) })),
  );
}

/** Leaves of window outputs until the number of calls is known. */
const OUTPUT_BASE = 1 << 24;

interface GroupWindow {
  readonly node: CallExpression;
  readonly window: WindowSpec;
  readonly time: Expr;
}

class AggregateBinder {
  readonly #env: QueryEnv;
  readonly #input: Rel;
  readonly #inner: ExpressionBinder;
  readonly #select: Select;
  readonly #columns: WindowColumns | undefined;
  /** GROUP BY expressions over the input, with what stands for each above the aggregate */
  readonly #keys: Expr[] = [];
  readonly #windowKeys: { expr: Expr; output: WindowOutput }[] = [];
  #group: GroupWindow | undefined;
  /** no windows */
  #running = false;
  /** what the aggregate reads, computed by a project below it */
  readonly #below: Expr[] = [];
  readonly #calls: AggregateCall[] = [];
  readonly #outputs: WindowOutput[] = [];

  constructor(select: Select, input: Rel, scope: Scope, env: QueryEnv) {
    this.#env = env;
    this.#input = input;
    this.#select = select;
    this.#inner = new ExpressionBinder(env.source, scope);
    this.#columns = windowColumns(input);
    for (const item of select.groupBy ?? []) {
      if (item.kind === 'sets') throw refuse(env, item.what, item.span);
      this.#groupBy(item.expression);
    }
    this.#check();
    for (const k of this.#keys) this.#read(k);
  }

  #groupBy(node: Expression): void {
    if (node.kind === 'call' && GROUP_WINDOWS.has(node.name)) {
      if (this.#group !== undefined) throw this.#env.source.error('SQL_VALIDATION', 'only one group window is possible in a GROUP BY clause', node.span);
      this.#group = this.#bindGroupWindow(node);
      return;
    }
    const e = this.#inner.bindTyped(node);
    const role = e.op === 'col' ? this.#role(e.index) : undefined;
    if (role !== undefined) this.#windowKeys.push({ expr: e, output: role });
    else if (e.type.root === 'ROW' || e.type.root === 'MAP') throw refuse(this.#env, `grouping by a ${e.type.root}`, node.span, 'Group by its fields.');
    else if (!this.#keys.some((k) => sameExpr(k, e))) this.#keys.push(e);
  }

  #role(leaf: number): WindowOutput | undefined {
    const c = this.#columns;
    if (c === undefined || this.#group !== undefined) return undefined;
    if (c.start.has(leaf)) return 'start';
    if (c.end.has(leaf)) return 'end';
    return c.attribute.has(leaf) ? c.time : undefined;
  }

  /** Decides what the groups are: of windows, or running ones that have a result after every row. */
  #check(): void {
    if (this.#group !== undefined) {
      // a group window takes window columns of its input for ordinary keys
      for (const w of this.#windowKeys.splice(0)) this.#keys.push(w.expr);
      return;
    }
    const groupBy = this.#select.groupBy ?? [];
    const first = groupBy.at(0);
    const span: Span = first === undefined ? this.#select.span : { start: first.span.start, end: groupBy[groupBy.length - 1].span.end };
    const updating = (why: string, remedy: string): Error =>
      this.#env.source.error('NOT_SUPPORTED', `${why} is an updating aggregate, which is not supported yet`, span, remedy);
    const c = this.#columns;
    const has = (o: WindowOutput): boolean => this.#windowKeys.some((w) => w.output === o);
    if (c === undefined || (c.from === 'aggregate' && (!has('start') || !has('end')))) {
      this.#running = true;
      for (const w of this.#windowKeys.splice(0)) this.#keys.push(w.expr);
      return;
    }
    if (!has('start') || !has('end')) throw updating('a window query that is not grouped by both window_start and window_end', 'Add both to GROUP BY.');
    if (c.window.type === 'session' && c.from === 'tvf' && !this.#partitioned(c)) {
      throw updating(
        'a SESSION window whose PARTITION BY differs from the other GROUP BY columns',
        'Give the group columns to PARTITION BY: SESSION(TABLE t PARTITION BY key, ...).',
      );
    }
  }

  #partitioned(c: WindowColumns): boolean {
    const of = this.#keys.map((k) => (k.op === 'col' ? c.partition.findIndex((p) => p.has(k.index)) : -1));
    return of.every((i) => i >= 0) && c.partition.every((_, i) => of.includes(i));
  }

  #bindGroupWindow(node: CallExpression): GroupWindow {
    const { source } = this.#env;
    const [timeNode, ...lengths] = node.args;
    const counts: Readonly<Record<string, number>> = { TUMBLE: 1, HOP: 2, SESSION: 1 };
    if (lengths.length > counts[node.name])
      throw refuse(this.#env, 'a group window with an offset', node.span, `The table function ${node.name} takes an offset.`);
    if (lengths.length < counts[node.name]) {
      throw source.error(
        'SQL_VALIDATION',
        `invalid number of arguments to ${node.name}`,
        node.span,
        `Write ${node.name}(time${', INTERVAL ...'.repeat(counts[node.name])}).`,
      );
    }
    const time = this.#inner.bind(timeNode);
    const type = time.type as LogicalType & { attribute?: string };
    if (!isTimestamp(type)) throw this.#inner.mismatch(node.name, [time], node.span, [`${node.name}(<DATETIME>, <INTERVAL>)`]);
    if (type.attribute === undefined || time.op !== 'col') {
      if (time.op !== 'call' || time.fn !== 'proctime') throw notTimeAttribute(this.#env, source.slice(timeNode.span), type, timeNode.span);
    }
    const [a, b] = lengths.map((l) => intervalMs(l, this.#env, `the length of ${node.name}`));
    if (a <= 0 || (b !== undefined && b <= 0)) throw source.error('SQL_VALIDATION', `the lengths of ${node.name} must be positive`, node.span);
    const window: WindowSpec =
      node.name === 'TUMBLE'
        ? { type: 'tumble', sizeMs: a, offsetMs: 0 }
        : node.name === 'HOP'
          ? { type: 'hop', slideMs: a, sizeMs: b, offsetMs: 0 }
          : { type: 'session', gapMs: a };
    return { node, window, time };
  }

  /** The hook of the binder above the aggregate. */
  answer(node: Expression): Expr | undefined {
    if (node.kind === 'call' && node.over === undefined) {
      if (WINDOW_AUXILIARY.test(node.name)) return this.#auxiliary(node);
      if (AGGREGATES.has(node.name)) return this.#call(node);
    }
    if (!COMPARABLE.has(node.kind) || contains(node, isAggregateCall)) return undefined;
    const e = this.#inner.bind(node);
    const key = this.#keys.findIndex((k) => sameExpr(k, e));
    if (key >= 0) return column(key, this.#keyType(this.#keys[key]));
    const bound = this.#windowKeys.find((w) => sameExpr(w.expr, e));
    if (bound !== undefined) return this.#output(bound.output, bound.expr.type);
    if (columnsOf(e).size === 0) return e;
    if (node.kind !== 'column' && node.kind !== 'field') return undefined;
    throw this.#env.source.error(
      'SQL_VALIDATION',
      `expression '${this.#env.source.slice(node.span)}' is not being grouped`,
      node.span,
      'Add it to GROUP BY, or put it into an aggregate function.',
    );
  }

  /** A time attribute that is grouped by is an ordinary time afterwards: running results come at any time. */
  #keyType(key: Expr): LogicalType {
    return this.#running ? plainType(key.type) : key.type;
  }

  #output(output: WindowOutput, type: LogicalType): Expr {
    let at = this.#outputs.indexOf(output);
    if (at < 0) at = this.#outputs.push(output) - 1;
    return column(OUTPUT_BASE + at, type);
  }

  /** TUMBLE_START(...) and its kin: they must repeat the window of GROUP BY. */
  #auxiliary(node: CallExpression): Expr {
    const [name, part] = node.name.split('_');
    const g = this.#group;
    const own = g !== undefined && g.node.name === name ? this.#bindGroupWindow({ ...node, name }) : undefined;
    if (g === undefined || own === undefined || !sameExpr(own.time, g.time) || JSON.stringify(own.window) !== JSON.stringify(g.window)) {
      throw this.#env.source.error(
        'SQL_VALIDATION',
        `${node.name} must have a matching call to ${name} in the GROUP BY clause`,
        node.span,
        'Repeat the same arguments.',
      );
    }
    if (part === 'START' || part === 'END') return this.#output(part === 'START' ? 'start' : 'end', TIMESTAMP(3, false));
    const attribute = (g.time.type as { attribute?: string }).attribute;
    if (part.toLowerCase() !== attribute) {
      throw this.#env.source.error(
        'SQL_VALIDATION',
        `${node.name} does not fit: the window is over a ${attribute} attribute`,
        node.span,
        `Use ${name}_${attribute?.toUpperCase()}.`,
      );
    }
    // a group window's time attribute may be NULL in Flink's type, though it never is
    return this.#output(attribute as WindowOutput, withNullable(windowTimeType(g.time.type), true));
  }

  #call(node: CallExpression): Expr {
    const { source } = this.#env;
    const fn = node.name.toLowerCase() as 'count' | 'sum' | 'min' | 'max' | 'avg';
    const filter = node.filter === undefined ? undefined : this.#read(this.#inner.bindCondition(node.filter, 'FILTER'));
    if (fn === 'count' && node.args.length > 1) throw refuse(this.#env, 'COUNT of several arguments', node.span);
    if (node.star ? fn !== 'count' : node.args.length !== 1) {
      throw source.error('SQL_VALIDATION', `invalid number of arguments to ${node.name}`, node.span, `${node.name} takes one argument.`);
    }
    if (node.args.length === 0) return this.#register({ fn: 'countStar', distinct: false, filter, type: BIGINT(false) });
    const arg = this.#inner.bindTyped(node.args[0]);
    if (arg.type.root === 'ROW' || (arg.type.root === 'MAP' && (fn !== 'count' || node.distinct)))
      throw refuse(this.#env, `${node.name} of a ${arg.type.root}`, node.span);
    if ((fn === 'sum' || fn === 'avg') && !isNumeric(arg.type)) throw this.#inner.mismatch(node.name, [arg], node.span, [`${node.name}(<NUMERIC>)`]);
    if (fn === 'count' && !arg.type.nullable && !node.distinct) return this.#register({ fn: 'countStar', distinct: false, filter, type: BIGINT(false) });
    const distinct = node.distinct && fn !== 'min' && fn !== 'max';
    const base = fn === 'count' ? BIGINT(false) : fn === 'sum' ? sumType(arg.type) : fn === 'avg' ? avgType(arg.type) : arg.type;
    const nullable = fn !== 'count' && (arg.type.nullable || filter !== undefined || (this.#running && this.#keys.length === 0));
    return this.#register({ fn, arg: this.#read(retype(arg, plainType(arg.type))), distinct, filter, type: withNullable(plainType(base), nullable) });
  }

  #register(c: AggregateCall): Expr {
    let at = this.#calls.findIndex((x) => x.fn === c.fn && x.arg === c.arg && x.distinct === c.distinct && x.filter === c.filter);
    if (at < 0) at = this.#calls.push(c) - 1;
    return column(this.#keys.length + at, c.type);
  }

  /** The column below the aggregate that has this value. */
  #read(e: Expr): number {
    const at = this.#below.findIndex((x) => sameExpr(x, e));
    return at >= 0 ? at : this.#below.push(e) - 1;
  }

  /** `items`: what the SELECT list makes of the results; a result that it shows as it is has its name. */
  build(items: readonly OutputItem[]): { rel: Rel; settle: (e: Expr) => Expr } {
    const window = this.#window();
    const shown = (at: number): string | undefined => (this.#running ? items.find((i) => i.expr.op === 'col' && i.expr.index === at)?.name : undefined);
    const outputs = this.#outputs.map((o): Field => ({ name: o, type: this.#outputType(o) }));
    const fields = [
      ...this.#keys.map((k, i): Field => ({ name: keyName(k, this.#input, i), type: this.#keyType(k) })),
      ...this.#calls.map((c, i): Field => ({ name: shown(this.#keys.length + i) ?? `agg${i}`, type: c.type })),
      ...outputs,
    ];
    const base = this.#keys.length + this.#calls.length;
    const rel: Rel = {
      op: 'aggregate',
      input: { op: 'project', input: this.#input, exprs: this.#below, schema: schemaOf(this.#below, this.#input.schema) },
      window,
      keys: this.#keys.map((k) => this.#read(k)),
      calls: this.#calls,
      outputs: this.#outputs,
      schema: { fields: uniqueNames(fields) },
      origin: { source: this.#env.source, span: this.#select.span },
    };
    return { rel, settle: (e) => mapColumns(e, (index, c) => (index >= OUTPUT_BASE ? column(base + index - OUTPUT_BASE, c.type) : c)) };
  }

  #window(): AggregateWindow {
    if (this.#running) return { kind: 'none' };
    const g = this.#group;
    if (g !== undefined) {
      const attribute = (g.time.type as { attribute?: 'rowtime' | 'proctime' }).attribute ?? 'proctime';
      const timeColumn = attribute === 'rowtime' ? this.#read(g.time) : -1;
      return { kind: 'assign', window: g.window, time: attribute, timeColumn, timeZone: g.time.type.root === 'TIMESTAMP' ? 'UTC' : this.#env.timeZone };
    }
    const leaf = (o: WindowOutput): number => this.#read((this.#windowKeys.find((w) => w.output === o) as { expr: Expr }).expr);
    return { kind: 'attached', start: leaf('start'), end: leaf('end') };
  }

  #outputType(o: WindowOutput): LogicalType {
    if (o === 'start' || o === 'end') return TIMESTAMP(3, false);
    const time = this.#group?.time.type ?? (this.#windowKeys.find((w) => w.output === o) as { expr: Expr }).expr.type;
    return windowTimeType(time);
  }
}

const COMPARABLE: ReadonlySet<Expression['kind']> = new Set(['column', 'field', 'call', 'unary', 'binary', 'is', 'between', 'in', 'like', 'case', 'cast']);
