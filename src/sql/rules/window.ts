import type { WindowSpec } from '../../contract/nodes.js';
import type { Expr } from '../../types/expr.js';
import { BOOLEAN, type Field, TIMESTAMP, TIMESTAMP_LTZ, withNullable } from '../../types/logical.js';
import { call, column, columnsOf, conjunction, conjuncts, literal, mapColumns } from '../expr.js';
import { type AggregateRel, type AggregateWindow, type CalcRel, leavesOf, type Rel, schemaOf, type WindowOutput, type WindowTvfRel } from '../rel.js';
import { type WindowColumns, windowColumns } from '../window-columns.js';
import type { Rule } from './rule.js';

/** What an aggregate over window columns becomes: its input with a time column, the windows, and what is computed above it. */
interface Assigned {
  readonly input: Rel;
  readonly exprs: readonly Expr[];
  readonly filter?: Expr;
  readonly window: AggregateWindow & { kind: 'assign' };
  readonly outputs: readonly WindowOutput[];
  /** over the outputs by name */
  readonly having?: (output: (o: WindowOutput) => Expr) => Expr | undefined;
  readonly computed?: Partial<Record<WindowOutput, (output: (o: WindowOutput) => Expr) => Expr>>;
}

function refuse(rel: AggregateRel | WindowTvfRel, what: string, remedy = ''): Error {
  return rel.origin.source.error('NOT_SUPPORTED', `${what} is not supported yet`, rel.origin.span, remedy);
}

/**
 * An aggregate grouped by window_start and window_end becomes one that assigns windows itself. Below it the window columns are not needed:
 * conditions on them move above, where they are known (Flink's PullUpWindowTableFunctionIntoWindowAggregateRule and its relatives).
 */
export const windowIntoAggregate: Rule = {
  name: 'WindowIntoAggregate',
  apply: (rel) => {
    if (rel.op !== 'aggregate' || rel.window.kind !== 'attached' || rel.input.op !== 'calc') return undefined;
    const columns = windowColumns(rel.input);
    if (columns === undefined) return undefined;
    if (columns.from === 'aggregate') return rebuild(rel, attachedWindows(rel, rel.input, columns));
    if (rel.input.input.op !== 'tvf') throw refuse(rel, 'an aggregate whose window function is hidden below another operation');
    return rebuild(rel, pulledUp(rel, rel.input, rel.input.input));
  },
};

/** The windows of a window function move into the aggregate. */
function pulledUp(rel: AggregateRel, calc: CalcRel, tvf: WindowTvfRel): Assigned {
  const first = leavesOf(tvf.schema).length - 3;
  const touches = (e: Expr): boolean => [...columnsOf(e)].some((i) => i >= first);
  const parts = calc.filter === undefined ? [] : conjuncts(calc.filter);
  const above = parts.filter(touches);
  if (above.some((e) => [...columnsOf(e)].some((i) => i < first))) {
    throw refuse(
      rel,
      'a condition on window columns and other columns together, below the aggregate',
      'Put the condition on window_start and window_end alone.',
    );
  }
  const read = new Set([...rel.keys, ...rel.calls.flatMap((c) => [c.arg, c.filter].filter((x) => x !== undefined))]);
  if ([...read].some((i) => touches(calc.exprs[i])))
    throw refuse(rel, 'computing with window columns below the aggregate', 'Compute with them in the SELECT list.');
  const exprs = [...calc.exprs];
  const placeholder = literal(null, BOOLEAN());
  for (let i = 0; i < exprs.length; i++) if (!read.has(i)) exprs[i] = placeholder;
  const timeColumn = tvf.time === 'rowtime' ? exprs.push(column(tvf.timeColumn, leavesOf(tvf.input.schema)[tvf.timeColumn].type)) - 1 : -1;
  const names: readonly WindowOutput[] = ['start', 'end', tvf.time];
  const having = (output: (o: WindowOutput) => Expr): Expr | undefined => conjunction(above.map((e) => mapColumns(e, (i) => output(names[i - first]))));
  return {
    input: tvf.input,
    exprs,
    filter: conjunction(parts.filter((e) => !touches(e))),
    window: { kind: 'assign', window: tvf.window, time: tvf.time, timeZone: tvf.timeZone, timeColumn },
    outputs: above.length === 0 ? rel.outputs : union(rel.outputs, [...new Set(above.flatMap((e) => [...columnsOf(e)].map((i) => names[i - first])))]),
    having: above.length === 0 ? undefined : having,
  };
}

/**
 * The input comes out of a window aggregate and keeps its windows. A row of the window that ends at E has the event time E - 1 ms, which lies in the
 * tumbling window of one slide that ends at E: those windows gather exactly the rows of one window. Their start is computed from the end.
 */
function attachedWindows(rel: AggregateRel, calc: CalcRel, columns: WindowColumns): Assigned {
  const given = columns.window;
  if (given.type === 'session') throw refuse(rel, 'an aggregate over the windows of a SESSION aggregate');
  if (columns.time === 'proctime') throw refuse(rel, 'an aggregate over the windows of a processing-time aggregate');
  const stepMs = given.type === 'hop' ? given.slideMs : given.sizeMs;
  const offsetMs = (((given.offsetMs + given.sizeMs) % stepMs) + stepMs) % stepMs;
  const window: WindowSpec = { type: 'tumble', sizeMs: stepMs, offsetMs };
  const end = calc.exprs[(rel.window as { end: number }).end];
  const attribute = [...(windowColumns(calc.input)?.attribute ?? [])][0];
  const utc = columns.timeZone === 'UTC' && (attribute === undefined || leavesOf(calc.input.schema)[attribute].type.root === 'TIMESTAMP');
  const last = call('sub', [end, interval(1)], TIMESTAMP(3, false));
  const computed = utc ? last : call('cast', [last], TIMESTAMP_LTZ(3, false));
  const time = attribute === undefined ? computed : column(attribute, leavesOf(calc.input.schema)[attribute].type);
  const outputs = given.type === 'hop' && rel.outputs.includes('start') ? union<WindowOutput>(rel.outputs, ['end']) : rel.outputs;
  return {
    input: calc.input,
    exprs: [...calc.exprs, time],
    filter: calc.filter,
    window: { kind: 'assign', window, time: 'rowtime', timeZone: columns.timeZone, timeColumn: calc.exprs.length },
    outputs,
    computed: given.type === 'hop' ? { start: (output) => call('sub', [output('end'), interval(given.sizeMs)], TIMESTAMP(3, false)) } : undefined,
  };
}

const interval = (ms: number): Expr => literal(BigInt(ms), { root: 'INTERVAL_DAY_TIME', nullable: false });

function union<T>(a: readonly T[], b: readonly T[]): T[] {
  return [...a, ...b.filter((x) => !a.includes(x))];
}

/** The new aggregate, with a calc above it where conditions moved up or outputs are computed. */
function rebuild(rel: AggregateRel, to: Assigned): Rel {
  const below = schemaOf(to.exprs, to.input.schema);
  const input: Rel = { op: 'calc', input: to.input, filter: to.filter, exprs: to.exprs, schema: below };
  const base = rel.keys.length + rel.calls.length;
  const outputField = (o: WindowOutput): Field => {
    const known = rel.outputs.indexOf(o);
    if (known >= 0) return rel.schema.fields[base + known];
    const time = to.window.timeColumn < 0 ? TIMESTAMP_LTZ(3, false) : withNullable(to.exprs[to.window.timeColumn].type, false);
    return { name: o, type: o === 'start' || o === 'end' ? TIMESTAMP(3, false) : time };
  };
  const schema = { fields: [...rel.schema.fields.slice(0, base), ...to.outputs.map(outputField)] };
  const aggregate: AggregateRel = { ...rel, input, window: to.window, outputs: to.outputs, schema };
  if (to.having === undefined && to.computed === undefined) return aggregate;
  const output = (o: WindowOutput): Expr => column(base + to.outputs.indexOf(o), outputField(o).type);
  const exprs = schema.fields.slice(0, base).map((f, i): Expr => column(i, f.type));
  for (const o of rel.outputs) exprs.push(to.computed?.[o]?.(output) ?? output(o));
  return { op: 'calc', input: aggregate, filter: to.having?.(output), exprs, schema: rel.schema };
}
