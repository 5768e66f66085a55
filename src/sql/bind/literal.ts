import type { Expression, IntervalExpression } from '../ast/expression.js';
import { timestampDigits } from '../../types/leaf.js';
import type { Expr } from '../../types/expr.js';
import { BIGINT, DATE, DECIMAL, DOUBLE, INT, type LogicalType, TIME, TIMESTAMP } from '../../types/logical.js';
import { literal } from '../expr.js';
import type { SourceText } from '../source.js';

const DAY_MS = 86_400_000;

/** 5 INT, 3000000000 BIGINT, 1.50 DECIMAL(3, 2), 1e3 DOUBLE. */
export function bindNumber(node: Expression & { kind: 'number' }, negative: boolean, source: SourceText): Expr {
  const text = node.text.startsWith('.') ? `0${node.text}` : node.text;
  if (/e/i.test(text)) {
    const double = Number(text);
    if (!Number.isFinite(double)) throw source.error('SQL_VALIDATION', `the number ${node.text} is out of range`, node.span);
    return literal(negative ? -double : double, DOUBLE(false));
  }
  const [whole, fraction = ''] = text.split('.');
  const magnitude = BigInt(whole + fraction);
  const value = negative ? -magnitude : magnitude;
  if (fraction === '') {
    if (value >= -(2n ** 31n) && value < 2n ** 31n) return literal(Number(value), INT(false));
    if (value >= -(2n ** 63n) && value < 2n ** 63n) return literal(value, BIGINT(false));
    throw source.error('SQL_VALIDATION', `the number ${node.text} is out of range`, node.span, 'Whole numbers have at most 64 bits.');
  }
  const digits = node.text.replace('.', '').length;
  if (digits > 38) throw source.error('SQL_VALIDATION', `the number ${node.text} has more than 38 digits`, node.span);
  return literal(value, DECIMAL(Math.max(digits, fraction.length), fraction.length, false));
}

export function bindDatetime(node: Expression & { kind: 'datetime' }, source: SourceText): Expr {
  const bad = (form: string): Error =>
    source.error('SQL_VALIDATION', `'${node.value}' is not a valid ${node.type} literal`, node.span, `Write ${node.type} '${form}'.`);
  if (node.type === 'DATE') {
    const days = parseDate(node.value.trim());
    if (days === undefined) throw bad('2020-12-31');
    return literal(days, DATE(false));
  }
  if (node.type === 'TIME') {
    const time = parseTime(node.value.trim());
    if (time === undefined) throw bad('23:59:59');
    return literal(time.seconds * 1000 + Number(time.fraction.slice(0, 3).padEnd(3, '0')), TIME(time.fraction.length, false));
  }
  const bound = parseTimestamp(node.value.trim());
  if (bound === undefined) throw bad('2020-12-31 23:59:59');
  return literal(scaled(bound, bound.fraction.length), TIMESTAMP(bound.fraction.length, false));
}

/** A constant string seen as a date or time, as the cast would read it; undefined when it does not fit. */
export function datetimeOfText(text: string, type: LogicalType): Expr | undefined {
  const s = text.trim();
  if (type.root === 'DATE') {
    const days = parseDate(s);
    return days === undefined ? undefined : literal(days, DATE(false));
  }
  if (type.root !== 'TIMESTAMP') return undefined;
  const bound = parseTimestamp(s);
  if (bound === undefined || bound.fraction.length > type.precision) return undefined;
  return literal(scaled(bound, type.precision), TIMESTAMP(type.precision, false));
}

interface Moment {
  readonly days: number;
  readonly seconds: number;
  readonly fraction: string;
}

function scaled(m: Moment, precision: number): bigint {
  const digits = timestampDigits(precision);
  const fraction = BigInt(m.fraction.slice(0, digits).padEnd(digits, '0') || '0');
  return (BigInt(m.days) * 86_400n + BigInt(m.seconds)) * 10n ** BigInt(digits) + fraction;
}

function parseDate(text: string): number | undefined {
  const m = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (m === null) return undefined;
  const ms = Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]));
  const date = new Date(ms);
  if (Number(m[1]) < 100) date.setUTCFullYear(Number(m[1]));
  if (date.getUTCMonth() !== Number(m[2]) - 1 || date.getUTCDate() !== Number(m[3])) return undefined;
  return Math.floor(date.getTime() / DAY_MS);
}

function parseTime(text: string): { seconds: number; fraction: string } | undefined {
  const m = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/.exec(text);
  if (m === null || Number(m[1]) > 23 || Number(m[2]) > 59 || Number(m[3]) > 59) return undefined;
  return { seconds: Number(m[1]) * 3600 + Number(m[2]) * 60 + Number(m[3]), fraction: m[4] ?? '' };
}

function parseTimestamp(text: string): Moment | undefined {
  const m = /^(\S+) +(\S+)$/.exec(text);
  const days = parseDate(m === null ? text : m[1]);
  if (days === undefined) return undefined;
  if (m === null) return { days, seconds: 0, fraction: '' };
  const time = parseTime(m[2]);
  return time === undefined ? undefined : { days, ...time };
}

const UNIT_MS: Readonly<Record<string, number>> = { WEEK: 7 * DAY_MS, DAY: DAY_MS, HOUR: 3_600_000, MINUTE: 60_000, SECOND: 1000 };
const UNIT_MONTHS: Readonly<Record<string, number>> = { YEAR: 12, QUARTER: 3, MONTH: 1 };

/** The interval of `count` units, as a literal. */
export function intervalOf(count: number, unit: string): Expr | undefined {
  if (unit in UNIT_MONTHS) return literal(count * UNIT_MONTHS[unit], { root: 'INTERVAL_YEAR_MONTH', nullable: false });
  if (unit in UNIT_MS) return literal(BigInt(Math.round(count * UNIT_MS[unit])), { root: 'INTERVAL_DAY_TIME', nullable: false });
  return undefined;
}

const FIELDS = ['DAY', 'HOUR', 'MINUTE', 'SECOND'];

/** INTERVAL '1' DAY, '1-2' YEAR TO MONTH, '1 10:20:30.5' DAY TO SECOND and every part between. */
export function bindInterval(node: IntervalExpression, source: SourceText): Expr {
  const bad = (): Error =>
    source.error(
      'SQL_VALIDATION',
      `illegal interval literal '${node.value}' for INTERVAL ${node.from}${node.to === undefined ? '' : ` TO ${node.to}`}`,
      node.span,
    );
  const m = /^\s*([+-]?)\s*(.*?)\s*$/.exec(node.value) as RegExpExecArray;
  const sign = (m[1] === '-') !== node.negative ? -1 : 1;
  const text = m[2];
  const leading = /^\d+/.exec(text)?.[0].replace(/^0+/, '') ?? '';
  if (leading.length > (node.digits ?? 2)) {
    throw source.error(
      'SQL_VALIDATION',
      `interval field value ${leading} exceeds precision of ${node.from}(${node.digits ?? 2}) field`,
      node.span,
      `Write ${node.from}(${leading.length}), or a larger unit.`,
    );
  }
  if (node.to === undefined) {
    if (!(node.from === 'SECOND' ? /^\d+(\.\d{1,9})?$/ : /^\d+$/).test(text)) throw bad();
    return intervalOf(sign * Number(text), node.from) ?? fail(bad());
  }
  if (node.from === 'YEAR' && node.to === 'MONTH') {
    const ym = /^(\d+)-(\d{1,2})$/.exec(text);
    if (ym === null || Number(ym[2]) > 11) throw bad();
    return literal(sign * (Number(ym[1]) * 12 + Number(ym[2])), { root: 'INTERVAL_YEAR_MONTH', nullable: false });
  }
  const first = FIELDS.indexOf(node.from);
  const last = FIELDS.indexOf(node.to);
  if (first < 0 || last <= first) throw bad();
  const pattern = FIELDS.slice(first, last + 1).map((f, i) => (f === 'SECOND' ? '(\\d{1,2}(?:\\.\\d{1,9})?)' : i === 0 ? '(\\d+)' : '(\\d{1,2})'));
  const separators = FIELDS.slice(first, last).map((f) => (f === 'DAY' ? ' ' : ':'));
  const parts = new RegExp(`^${pattern.map((p, i) => p + (separators[i] ?? '')).join('')}$`).exec(text);
  if (parts === null) throw bad();
  let ms = 0;
  for (let i = first; i <= last; i++) {
    const value = Number(parts[i - first + 1]);
    if (i > first && value >= (FIELDS[i] === 'HOUR' ? 24 : 60)) throw bad();
    ms += value * UNIT_MS[FIELDS[i]];
  }
  return literal(BigInt(sign * Math.round(ms)), { root: 'INTERVAL_DAY_TIME', nullable: false });
}

function fail(e: Error): never {
  throw e;
}
