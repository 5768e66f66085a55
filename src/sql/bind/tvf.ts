import { nearest } from '../../base/errors.js';
import type { WindowSpec } from '../../contract/nodes.js';
import { type LogicalType, TIMESTAMP, TIMESTAMP_LTZ, typeToString } from '../../types/logical.js';
import type { CallExpression, Expression } from '../ast/expression.js';
import type { Rel } from '../rel.js';
import { isTimestamp } from '../type/common.js';
import { ExpressionBinder } from './expression.js';
import { bindQuery, bindTableName, type QueryEnv, refuse } from './query.js';
import { Scope } from './scope.js';

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  TUMBLE: ['DATA', 'TIMECOL', 'SIZE', 'OFFSET'],
  HOP: ['DATA', 'TIMECOL', 'SLIDE', 'SIZE', 'OFFSET'],
  SESSION: ['DATA', 'TIMECOL', 'GAP'],
};
const OPTIONAL = ['OFFSET'];

/** FROM TABLE(TUMBLE(...)), HOP and SESSION. */
export function bindTableFunction(node: CallExpression, env: QueryEnv): Rel {
  const parameters = PARAMETERS[node.name];
  if (parameters === undefined) {
    if (node.name === 'CUMULATE') throw refuse(env, 'the window function CUMULATE', node.nameSpan);
    const near = nearest(node.name, Object.keys(PARAMETERS));
    if (near !== undefined) throw env.source.error('UNKNOWN_FUNCTION', `no table function ${node.name}`, node.nameSpan, `Did you mean ${near}?`);
    throw refuse(env, `the table function ${node.name}`, node.nameSpan);
  }
  const args = assignArguments(node, parameters, env);
  const data = args.get('DATA') as Expression;
  const input = bindData(data, node, env);
  const timeColumn = bindTimeColumn(args.get('TIMECOL') as Expression, input, node, env);
  const partitionBy = data.kind === 'table argument' && data.partitionBy !== undefined ? bindPartition(data.partitionBy, input, node, env) : [];
  const length = (name: string): number | undefined => {
    const e = args.get(name);
    return e === undefined ? undefined : intervalMs(e, env, `${node.name}'s ${name}`);
  };
  const window = checkWindow(node, windowSpec(node.name, length), env);
  const fields = [
    ...input.schema.fields,
    { name: 'window_start', type: TIMESTAMP(3, false) },
    { name: 'window_end', type: TIMESTAMP(3, false) },
    { name: 'window_time', type: windowTimeType(timeColumn.type) },
  ];
  return {
    op: 'tvf',
    input,
    window,
    time: timeColumn.type.attribute as 'rowtime' | 'proctime',
    timeZone: timeColumn.type.root === 'TIMESTAMP' ? 'UTC' : env.timeZone,
    timeColumn: timeColumn.leaf,
    partitionBy,
    schema: { fields },
    origin: { source: env.source, span: node.span },
  };
}

/** The type of window_time: the time attribute of the windows. */
export function windowTimeType(t: LogicalType & { attribute?: 'rowtime' | 'proctime' }): LogicalType {
  const base = t.root === 'TIMESTAMP' ? TIMESTAMP(3, false) : TIMESTAMP_LTZ(3, false);
  return { ...base, attribute: t.attribute } as LogicalType;
}

function assignArguments(node: CallExpression, parameters: readonly string[], env: QueryEnv): Map<string, Expression> {
  if (node.distinct || node.all || node.star || node.filter !== undefined) {
    throw env.source.error('SQL_SYNTAX', `${node.name} takes a table, a DESCRIPTOR and intervals`, node.span);
  }
  const out = new Map<string, Expression>();
  node.args.forEach((a, i) => {
    const name = a.kind === 'named' ? a.name.text.toUpperCase() : parameters[i];
    if (name === undefined || !parameters.includes(name)) {
      const what = a.kind === 'named' ? `no parameter ${a.name.text}` : 'too many arguments';
      throw env.source.error('SQL_VALIDATION', `${what} in ${node.name}`, a.span, `${node.name} takes ${parameters.join(', ')}.`);
    }
    if (out.has(name)) throw env.source.error('SQL_VALIDATION', `the parameter ${name} is given twice`, a.span);
    out.set(name, a.kind === 'named' ? a.value : a);
  });
  const missing = parameters.find((p) => !out.has(p) && !OPTIONAL.includes(p));
  if (missing !== undefined)
    throw env.source.error('SQL_VALIDATION', `${node.name} needs the argument ${missing}`, node.span, `${node.name} takes ${parameters.join(', ')}.`);
  return out;
}

function bindData(data: Expression, node: CallExpression, env: QueryEnv): Rel {
  if (data.kind === 'subquery') return bindQuery(data.query, env);
  if (data.kind !== 'table argument')
    throw env.source.error('SQL_VALIDATION', `${node.name}'s first argument must be a table`, data.span, 'Write TABLE t or (SELECT ...).');
  if (data.orderBy !== undefined) throw env.source.error('SQL_VALIDATION', `${node.name} takes no ORDER BY`, data.span);
  if ('kind' in data.table) return bindQuery(data.table, env);
  const ref = { kind: 'table', name: data.table, options: [], span: data.table.span } as const;
  return bindTableName(
    data.table.parts.map((p) => p.text),
    ref,
    env,
  ).rel;
}

function bindTimeColumn(
  arg: Expression,
  input: Rel,
  node: CallExpression,
  env: QueryEnv,
): { leaf: number; type: LogicalType & { attribute?: 'rowtime' | 'proctime' } } {
  if (arg.kind !== 'descriptor' || arg.columns.length !== 1) {
    throw env.source.error('SQL_VALIDATION', `${node.name} needs DESCRIPTOR(column) with one column`, arg.span);
  }
  const name = arg.columns[0];
  const e = new Scope(input.schema).resolve([name], env.source);
  const type = e.type as LogicalType & { attribute?: 'rowtime' | 'proctime' };
  if (e.op !== 'col' || !isTimestamp(type)) {
    throw env.source.error(
      'TYPE_MISMATCH',
      `${node.name} requires the time column to be TIMESTAMP or TIMESTAMP_LTZ, but '${name.text}' is ${typeToString(type)}`,
      name.span,
    );
  }
  if (type.attribute === undefined) throw notTimeAttribute(env, name.text, type, name.span);
  return { leaf: e.index, type };
}

/** Flink's reason, with what to do. */
export function notTimeAttribute(env: QueryEnv, what: string, type: LogicalType, span: { start: number; end: number }): Error {
  return env.source.error(
    'SQL_VALIDATION',
    `a window can only be defined over a time attribute column, but '${what}' is ${typeToString(type)}`,
    span,
    'A time attribute is the WATERMARK column of a table, PROCTIME(), or either passed on unchanged: declare WATERMARK FOR <column> AS <column> - INTERVAL ...',
  );
}

function bindPartition(keys: readonly Expression[], input: Rel, node: CallExpression, env: QueryEnv): number[] {
  if (node.name !== 'SESSION')
    throw env.source.error('SQL_VALIDATION', `${node.name} takes no PARTITION BY`, keys[0].span, 'Its windows do not depend on a key.');
  const binder = new ExpressionBinder(env.source, new Scope(input.schema));
  return keys.map((k) => {
    const e = binder.bind(k);
    if (e.op !== 'col') throw env.source.error('SQL_VALIDATION', 'PARTITION BY takes columns', k.span);
    return e.index;
  });
}

/** A constant interval of days or less, in ms. */
export function intervalMs(node: Expression, env: QueryEnv, what: string): number {
  const e = new ExpressionBinder(env.source, new Scope({ fields: [] })).bind(node);
  if (e.op !== 'lit' || (e.type.root !== 'INTERVAL_DAY_TIME' && e.type.root !== 'INTERVAL_YEAR_MONTH')) {
    throw env.source.error('SQL_VALIDATION', `${what} must be a constant interval`, node.span, "Write INTERVAL '10' SECOND.");
  }
  if (e.type.root === 'INTERVAL_YEAR_MONTH') {
    throw env.source.error('SQL_VALIDATION', 'window aggregates only support SECOND, MINUTE, HOUR and DAY as the time unit', node.span);
  }
  return Number(e.value);
}

function windowSpec(name: string, length: (parameter: string) => number | undefined): WindowSpec {
  if (name === 'TUMBLE') return { type: 'tumble', sizeMs: length('SIZE') as number, offsetMs: length('OFFSET') ?? 0 };
  if (name === 'SESSION') return { type: 'session', gapMs: length('GAP') as number };
  return { type: 'hop', sizeMs: length('SIZE') as number, slideMs: length('SLIDE') as number, offsetMs: length('OFFSET') ?? 0 };
}

/** What Flink checks of the lengths. */
function checkWindow(node: CallExpression, spec: WindowSpec, env: QueryEnv): WindowSpec {
  const error = (message: string): Error => env.source.error('SQL_VALIDATION', message, node.span);
  if (spec.type === 'session') {
    if (spec.gapMs <= 0) throw error(`SESSION requires the gap to be positive, but got ${spec.gapMs} ms`);
    return spec;
  }
  if (spec.sizeMs <= 0) throw error(`${node.name} requires the size to be positive, but got ${spec.sizeMs} ms`);
  const step = spec.type === 'hop' ? spec.slideMs : spec.sizeMs;
  if (step <= 0) throw error(`HOP requires the slide to be positive, but got ${step} ms`);
  if (spec.type === 'hop' && spec.sizeMs % step !== 0) {
    throw error(`HOP requires the size to be an integral multiple of the slide, but got size ${spec.sizeMs} ms and slide ${step} ms`);
  }
  if (spec.type === 'tumble' && Math.abs(spec.offsetMs) >= step)
    throw error(`${node.name} requires the offset to be smaller than ${step} ms, but got ${spec.offsetMs} ms`);
  return spec;
}
