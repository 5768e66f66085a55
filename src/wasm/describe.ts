import type { Call, Expr, Literal } from '../types/expr.js';
import { timestampDigits } from '../types/leaf.js';
import { typeToString } from '../types/logical.js';

const INFIX: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  eq: '=',
  ne: '<>',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: 'AND',
  or: 'OR',
  isDistinctFrom: 'IS DISTINCT FROM',
  isNotDistinctFrom: 'IS NOT DISTINCT FROM',
};
const POSTFIX: Readonly<Record<string, string>> = {
  isNull: 'IS NULL',
  isNotNull: 'IS NOT NULL',
  isTrue: 'IS TRUE',
  isFalse: 'IS FALSE',
  isNotTrue: 'IS NOT TRUE',
  isNotFalse: 'IS NOT FALSE',
};
const CALLS: Readonly<Record<string, string>> = {
  concatWs: 'CONCAT_WS',
  charLength: 'CHAR_LENGTH',
  ltrim: 'LTRIM',
  rtrim: 'RTRIM',
  splitIndex: 'SPLIT_INDEX',
  regexpExtract: 'REGEXP_EXTRACT',
  nullIf: 'NULLIF',
  toTimestampLtz: 'TO_TIMESTAMP_LTZ',
  toTimestamp: 'TO_TIMESTAMP',
  currentTimestamp: 'CURRENT_TIMESTAMP',
  currentDate: 'CURRENT_DATE',
  localTimestamp: 'LOCALTIMESTAMP',
  dateFormat: 'DATE_FORMAT',
  currentWatermark: 'CURRENT_WATERMARK',
  windowStart: 'WINDOW_START',
};

/** An expression as SQL-like text for EXPLAIN and messages. `columns` are the input's column names by leaf index. */
export function describeExpr(e: Expr, columns?: readonly string[]): string {
  if (e.op === 'col') return columns?.[e.index] ?? `$${e.index}`;
  if (e.op === 'lit') return describeLiteral(e);
  return describeCall(e, (x) => describeExpr(x, columns));
}

function describeCall(e: Call, d: (e: Expr) => string): string {
  const inner = (x: Expr): string => (x.op === 'call' && (x.fn in INFIX || x.fn in POSTFIX || x.fn === 'not' || x.fn === 'like') ? `(${d(x)})` : d(x));
  if (e.fn in INFIX) return e.args.map(inner).join(` ${INFIX[e.fn]} `);
  if (e.fn in POSTFIX) return `${inner(e.args[0])} ${POSTFIX[e.fn]}`;
  const [a, b, c] = e.args;
  switch (e.fn) {
    case 'not':
      return `NOT ${inner(a)}`;
    case 'neg':
      return `-${inner(a)}`;
    case 'cast':
      return `CAST(${d(a)} AS ${typeToString({ ...e.type, nullable: true })})`;
    case 'tryCast':
      return `TRY_CAST(${d(a)} AS ${typeToString({ ...e.type, nullable: true })})`;
    case 'in':
      return `${inner(a)} IN (${e.args.slice(1).map(d).join(', ')})`;
    case 'like':
      return `${inner(a)} LIKE ${inner(b)}${c === undefined ? '' : ` ESCAPE ${d(c)}`}`;
    case 'case': {
      let s = 'CASE';
      for (let i = 0; i + 1 < e.args.length; i += 2) s += ` WHEN ${d(e.args[i])} THEN ${d(e.args[i + 1])}`;
      return e.args.length % 2 === 1 ? `${s} ELSE ${d(e.args[e.args.length - 1])} END` : `${s} END`;
    }
    case 'item':
      return `${inner(a)}[${d(b)}]`;
    case 'map':
      return `MAP[${e.args.map(d).join(', ')}]`;
    case 'extract':
      return `EXTRACT(${unit(a)} FROM ${d(b)})`;
    case 'floorTo':
    case 'ceilTo':
      return `${e.fn === 'floorTo' ? 'FLOOR' : 'CEIL'}(${d(b)} TO ${unit(a)})`;
    default:
      return `${CALLS[e.fn] ?? e.fn.toUpperCase()}(${e.args.map(d).join(', ')})`;
  }
}

function unit(e: Expr): string {
  return e.op === 'lit' ? String(e.value) : describeExpr(e);
}

function describeLiteral(e: Literal): string {
  const { value, type } = e;
  if (value === null) return `CAST(NULL AS ${typeToString({ ...type, nullable: true })})`;
  switch (type.root) {
    case 'CHAR':
    case 'VARCHAR':
      return `'${String(value).replaceAll("'", "''")}'`;
    case 'BOOLEAN':
      return value ? 'TRUE' : 'FALSE';
    case 'DECIMAL':
      return formatDecimal(BigInt(value as bigint), type.scale);
    case 'DATE':
      return `DATE '${iso(Number(value) * 86400000).slice(0, 10)}'`;
    case 'TIME':
      return `TIME '${iso(Number(value)).slice(11, 19)}'`;
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const perMs = 10n ** BigInt(Math.max(0, timestampDigits(type.precision) - 3));
      const ms = type.precision === 0 ? BigInt(value as bigint) * 1000n : BigInt(value as bigint) / perMs;
      return `${type.root} '${iso(Number(ms)).replace('T', ' ').replace('Z', '')}'`;
    }
    case 'INTERVAL_DAY_TIME':
      return `INTERVAL ${describeIntervalMs(Number(value))}`;
    case 'INTERVAL_YEAR_MONTH':
      return `INTERVAL '${value}' MONTH`;
    default:
      return String(value);
  }
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

function describeIntervalMs(ms: number): string {
  for (const [name, size] of [
    ['DAY', 86400000],
    ['HOUR', 3600000],
    ['MINUTE', 60000],
    ['SECOND', 1000],
  ] as const)
    if (ms !== 0 && ms % size === 0) return `'${ms / size}' ${name}`;
  return `'${ms / 1000}' SECOND`;
}

/** An unscaled integer as a decimal number with `scale` digits after the point. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const keys = new WeakMap<Expr, string>();

/** Equal for expressions that are structurally equal, types included: the key under which a value is reused and a plan is cached. */
export function exprKey(e: Expr): string {
  let k = keys.get(e);
  if (k === undefined) {
    if (e.op === 'col') k = `$${e.index}:${typeToString(e.type)}`;
    else if (e.op === 'lit') k = `${typeof e.value}${JSON.stringify(Object.is(e.value, -0) ? '-0' : String(e.value))}:${typeToString(e.type)}`;
    else k = `${e.fn}(${e.args.map(exprKey).join(',')}):${typeToString(e.type)}`;
    keys.set(e, k);
  }
  return k;
}
