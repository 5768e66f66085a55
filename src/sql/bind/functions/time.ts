import type { Expr, FunctionName } from '../../../types/expr.js';
import {
  BIGINT,
  BOOLEAN,
  CHAR,
  DATE,
  DECIMAL,
  type LogicalType,
  STRING,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  typeToString,
  withNullable,
} from '../../../types/logical.js';
import type { CallExpression } from '../../ast/expression.js';
import { call, convert, literal } from '../../expr.js';
import { isApproximate, isDatetime, isInteger, isInterval, isNumeric, isText, isTimestamp, plainType } from '../../type/common.js';
import type { ExpressionBinder } from '../expression.js';
import type { FunctionDef, FunctionTable } from '../function.js';
import { patternProblem } from '../../../wasm/datepattern.js';
import { intervalOf } from '../literal.js';

const unitLiteral = (unit: string): Expr => literal(unit, CHAR(unit.length, false));

/** A function without arguments. */
const now = (fn: FunctionName, type: LogicalType): FunctionDef => ({ min: 0, max: 0, forms: [''], bind: () => call(fn, [], type) });
const nowTime: FunctionDef = {
  min: 0,
  max: 0,
  forms: [''],
  bind: () => call('cast', [call('localTimestamp', [], TIMESTAMP(3, false))], TIME(0, false)),
};

const EXTRACT_DATE = ['MILLENNIUM', 'CENTURY', 'DECADE', 'YEAR', 'QUARTER', 'MONTH', 'WEEK', 'DAY', 'DOW', 'ISODOW', 'DOY', 'ISOYEAR', 'EPOCH'];
const EXTRACT_CLOCK = ['HOUR', 'MINUTE', 'SECOND', 'MILLISECOND', 'MICROSECOND', 'NANOSECOND'];

function bindExtract(b: ExpressionBinder, node: CallExpression, unit: string, value: Expr): Expr | undefined {
  const t = value.type;
  if (!isDatetime(t) && !isInterval(t)) return undefined;
  const clock = EXTRACT_CLOCK.includes(unit);
  const days = unit === 'DAY';
  const fine = unit === 'MICROSECOND' || unit === 'NANOSECOND';
  if (fine && (t.root === 'DATE' || t.root === 'TIME'))
    throw b.source.error('SQL_VALIDATION', `the unit ${unit} cannot be applied to ${typeToString(t)}`, node.span);
  const fits = t.root === 'TIME' ? clock : t.root === 'INTERVAL_DAY_TIME' ? clock || days : t.root === 'INTERVAL_YEAR_MONTH' ? !clock && !days : true;
  if (!fits || (!EXTRACT_DATE.includes(unit) && !EXTRACT_CLOCK.includes(unit))) {
    throw b.source.error('SQL_VALIDATION', `${unit} cannot be extracted from this value`, node.span);
  }
  return call('extract', [unitLiteral(unit), value], BIGINT(t.nullable));
}

const extract: FunctionDef = {
  min: 2,
  max: 2,
  raw: true,
  forms: ['<UNIT> FROM <DATETIME>', '<UNIT> FROM <INTERVAL>'],
  bind: (_args, b, node) => {
    const [unit, value] = node.args;
    return unit.kind === 'unit' ? bindExtract(b, node, unit.unit, b.bind(value)) : undefined;
  },
};

/** YEAR(x) is EXTRACT(YEAR FROM x). */
const part = (unit: string): FunctionDef => ({
  min: 1,
  max: 1,
  forms: ['<DATETIME>'],
  bind: ([a], b, node) => bindExtract(b, node, unit, a),
});

const ROUNDING_UNITS = ['MILLENNIUM', 'CENTURY', 'DECADE', 'YEAR', 'QUARTER', 'MONTH', 'WEEK', 'DAY', 'HOUR', 'MINUTE', 'SECOND', 'MILLISECOND'];

const roundTo = (fn: 'floorTo' | 'ceilTo'): FunctionDef => ({
  min: 2,
  max: 2,
  raw: true,
  forms: ['<DATETIME> TO <UNIT>'],
  bind: (_args, b, node) => {
    const [value, unit] = node.args;
    const a = b.bind(value);
    if (!isDatetime(a.type) || unit.kind !== 'unit') return undefined;
    if (!ROUNDING_UNITS.includes(unit.unit)) throw b.source.error('NOT_SUPPORTED', `rounding to ${unit.unit} is not supported yet`, node.span);
    if (a.type.root === 'TIME' && (fn === 'ceilTo' || !EXTRACT_CLOCK.includes(unit.unit)))
      throw b.source.error('NOT_SUPPORTED', `${fn === 'ceilTo' ? 'CEIL' : 'FLOOR'} of a TIME to ${unit.unit} is not supported yet`, node.span);
    return call(fn, [unitLiteral(unit.unit), a], plainType(a.type));
  },
});

/** An exact number as BIGINT, its fraction cut; what has more digits than that is out of range in any case. */
function wholeNumber(a: Expr): Expr {
  if (a.type.root !== 'DECIMAL') return convert(a, BIGINT());
  const cut = call('cast', [a], BIGINT(a.type.nullable));
  if (a.type.precision - a.type.scale <= BIGINT_DIGITS) return cut;
  const limit = literal(10n ** BigInt(BIGINT_DIGITS), DECIMAL(BIGINT_DIGITS + 1, 0, false));
  const magnitude = call('abs', [a], a.type);
  const wide = DECIMAL(38, 0, a.type.nullable);
  const fits = call('lt', [convert(magnitude, wide), convert(limit, DECIMAL(38, 0, false))], BOOLEAN(a.type.nullable));
  return call('case', [fits, withNull(cut), literal(null, BIGINT())], BIGINT());
}
const BIGINT_DIGITS = 18;
const withNull = (e: Expr): Expr => ({ ...e, type: withNullable(e.type, true) }) as Expr;

const toTimestampLtz: FunctionDef = {
  min: 1,
  max: 2,
  flinkMax: 3,
  forms: ['<NUMERIC>', '<NUMERIC>, <INTEGER>', '<STRING>', '<STRING>, <STRING>'],
  bind: (args, b, node) => {
    const [a, second] = args;
    if (isText(a.type) && (second === undefined || isText(second.type))) return call('toTimestampLtz', args, TIMESTAMP_LTZ(3));
    if (!isNumeric(a.type) || (second !== undefined && !isInteger(second.type))) return undefined;
    const precision = second === undefined ? 3 : second.op === 'lit' ? Number(second.value) : -1;
    if (precision !== 0 && precision !== 3) {
      throw b.source.error('NOT_SUPPORTED', 'TO_TIMESTAMP_LTZ with a precision other than the constants 0 and 3 is not supported yet', node.span);
    }
    const value = isApproximate(a.type) ? a : wholeNumber(a);
    return call('toTimestampLtz', second === undefined ? [value] : [value, second], TIMESTAMP_LTZ(3));
  },
};

const toTimestamp: FunctionDef = {
  min: 1,
  max: 2,
  forms: ['<STRING>', '<STRING>, <STRING>'],
  bind: (args) => (args.every((a) => isText(a.type)) ? call('toTimestamp', args, TIMESTAMP(3)) : undefined),
};

const dateFormat: FunctionDef = {
  min: 2,
  max: 2,
  forms: ['<TIMESTAMP>, <STRING>', '<STRING>, <STRING>'],
  bind: (args, b, node) => {
    const [a, pattern] = args;
    if ((!isTimestamp(a.type) && !isText(a.type)) || !isText(pattern.type)) return undefined;
    if (pattern.op !== 'lit') throw b.source.error('NOT_SUPPORTED', 'DATE_FORMAT with a pattern that is not a constant is not supported yet', node.span);
    const bad = patternProblem(String(pattern.value));
    if (bad !== undefined) throw b.source.error(bad.code, bad.message, node.args[1].span, bad.remedy);
    return call('dateFormat', args, STRING());
  },
};

const currentWatermark: FunctionDef = {
  min: 1,
  max: 1,
  forms: ['<rowtime attribute>'],
  bind: ([a]) => {
    if (!isTimestamp(a.type) || (a.type as { attribute?: string }).attribute !== 'rowtime') return undefined;
    return call('currentWatermark', [a], withNullable(plainType(a.type), true));
  },
};

const timestampAdd: FunctionDef = {
  min: 3,
  max: 3,
  raw: true,
  forms: ['<UNIT>, <INTEGER>, <DATETIME>'],
  bind: (_args, b, node) => {
    const [unit, countNode, valueNode] = node.args;
    const count = b.bind(countNode);
    const value = b.bind(valueNode);
    if (unit.kind !== 'unit' || !isInteger(count.type) || !isDatetime(value.type)) return undefined;
    const interval = count.op === 'lit' ? intervalOf(Number(count.value), unit.unit) : undefined;
    if (value.type.root === 'DATE' && /^(HOUR|MINUTE|SECOND)$/.test(unit.unit)) {
      throw b.source.error('NOT_SUPPORTED', `TIMESTAMPADD of ${unit.unit} to a DATE is not supported yet`, node.span, 'CAST the date to TIMESTAMP.');
    }
    if (interval === undefined) throw b.source.error('NOT_SUPPORTED', 'TIMESTAMPADD with a count that is not a constant is not supported yet', node.span);
    return call('add', [value, interval], plainType(value.type));
  },
};

const LTZ_NOW = TIMESTAMP_LTZ(3, false);

export const TIME_FUNCTIONS: FunctionTable = {
  EXTRACT: extract,
  YEAR: part('YEAR'),
  QUARTER: part('QUARTER'),
  MONTH: part('MONTH'),
  WEEK: part('WEEK'),
  DAYOFYEAR: part('DOY'),
  DAYOFMONTH: part('DAY'),
  DAYOFWEEK: part('DOW'),
  HOUR: part('HOUR'),
  MINUTE: part('MINUTE'),
  SECOND: part('SECOND'),
  'FLOOR TO': roundTo('floorTo'),
  'CEIL TO': roundTo('ceilTo'),
  TO_TIMESTAMP_LTZ: toTimestampLtz,
  TO_TIMESTAMP: toTimestamp,
  DATE_FORMAT: dateFormat,
  CURRENT_TIMESTAMP: now('currentTimestamp', LTZ_NOW),
  NOW: now('currentTimestamp', LTZ_NOW),
  CURRENT_ROW_TIMESTAMP: now('currentTimestamp', LTZ_NOW),
  LOCALTIMESTAMP: now('localTimestamp', TIMESTAMP(3, false)),
  CURRENT_DATE: now('currentDate', DATE(false)),
  CURRENT_TIME: nowTime,
  LOCALTIME: nowTime,
  PROCTIME: now('proctime', { root: 'TIMESTAMP_LTZ', precision: 3, nullable: false, attribute: 'proctime' }),
  CURRENT_WATERMARK: currentWatermark,
  TIMESTAMPADD: timestampAdd,
};
