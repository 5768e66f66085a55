import type { Expr, FunctionName } from '../../types/expr.js';
import { DECIMAL, type LogicalType, STRING_LENGTH, withNullable } from '../../types/logical.js';
import { call, convert, literal } from '../expr.js';
import type { Span } from '../source.js';
import { arithmeticType, asDecimal, commonType, isDatetime, isExact, isInteger, isInterval, isNumeric, isText, plainType, sameType } from '../type/common.js';
import type { ExpressionBinder } from './expression.js';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
const FN: Readonly<Record<ArithmeticOperator, FunctionName>> = { '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '%': 'mod' };
const FORMS: Readonly<Record<string, readonly string[]>> = {
  '+': ['<NUMERIC> + <NUMERIC>', '<INTERVAL> + <INTERVAL>', '<DATETIME> + <INTERVAL>', '<INTERVAL> + <DATETIME>'],
  '-': ['<NUMERIC> - <NUMERIC>', '<INTERVAL> - <INTERVAL>', '<DATETIME> - <INTERVAL>'],
  '*': ['<NUMERIC> * <NUMERIC>', '<INTERVAL> * <NUMERIC>', '<NUMERIC> * <INTERVAL>'],
  '/': ['<NUMERIC> / <NUMERIC>', '<INTERVAL> / <NUMERIC>'],
  '%': ['<EXACT_NUMERIC> % <EXACT_NUMERIC>'],
  '||': ['<STRING> || <STRING>'],
};

/** + - * / % || with Flink's result types. */
export function bindArithmetic(b: ExpressionBinder, op: ArithmeticOperator | '||', left: Expr, right: Expr, span: Span): Expr {
  if (left.type.root === 'NULL' || right.type.root === 'NULL') throw b.illegalNull(span);
  if (op === '||') return concat(b, left, right, span);
  if (isNumeric(left.type) && isNumeric(right.type) && (op !== '%' || (isExact(left.type) && isExact(right.type)))) return numeric(op, left, right);
  const time = temporal(op, left, right);
  if (time === undefined) throw b.mismatch(op, [left, right], span, FORMS[op]);
  if (time === 'unsupported') throw b.source.error('NOT_SUPPORTED', 'computing with intervals in this way is not supported yet', span);
  return time;
}

function numeric(op: ArithmeticOperator, left: Expr, right: Expr): Expr {
  if (op === '%' && left.type.root === 'DECIMAL' && left.type.scale === 0 && isInteger(right.type)) {
    // MOD(DECIMAL(p, 0), INT) is an INT
    const { precision } = asDecimal(right.type);
    return call('mod', [left, convert(right, DECIMAL(precision, 0))], withNullable(right.type, left.type.nullable || right.type.nullable));
  }
  const type = arithmeticType(op, left.type, right.type);
  if (isExact(left.type) && isExact(right.type) && (left.type.root === 'DECIMAL' || right.type.root === 'DECIMAL')) {
    const decimal = (e: Expr): Expr => {
      const { precision, scale } = asDecimal(e.type);
      return convert(e, DECIMAL(precision, scale));
    };
    return call(FN[op], [decimal(left), decimal(right)], type);
  }
  // MOD(BIGINT, INT) is INT: computed in the wider type
  const inner = withNullable(commonType([left.type, right.type]) as LogicalType, type.nullable);
  const e = call(FN[op], [convert(left, inner), convert(right, inner)], inner);
  return sameType(inner, type) ? e : convert(e, type);
}

function temporal(op: ArithmeticOperator, left: Expr, right: Expr): Expr | 'unsupported' | undefined {
  const nullable = left.type.nullable || right.type.nullable;
  const result = (t: LogicalType): LogicalType => withNullable(plainType(t), nullable);
  if (isDatetime(left.type) && isInterval(right.type) && (op === '+' || op === '-')) return call(FN[op], [left, right], result(left.type));
  // Flink's own planner fails on INTERVAL + TIMESTAMP_LTZ in this order
  if (isInterval(left.type) && right.type.root === 'TIMESTAMP_LTZ' && op === '+') return 'unsupported';
  if (isInterval(left.type) && isDatetime(right.type) && op === '+') return call('add', [right, left], result(right.type));
  if (isInterval(left.type) && isInterval(right.type) && (op === '+' || op === '-')) {
    if (left.type.root !== right.type.root) return undefined;
    if (left.op !== 'lit' || right.op !== 'lit') return 'unsupported';
    const sign = op === '+' ? 1 : -1;
    if (left.type.root === 'INTERVAL_DAY_TIME') return literal(BigInt(left.value as bigint) + BigInt(sign) * BigInt(right.value as bigint), left.type);
    return literal(Number(left.value) + sign * Number(right.value), left.type);
  }
  const [interval, factor] = isInterval(left.type) ? [left, right] : [right, left];
  if (!isInterval(interval.type) || !isNumeric(factor.type) || (op !== '*' && (op !== '/' || interval !== left))) return undefined;
  if (op === '/' || interval.op !== 'lit' || factor.op !== 'lit' || !isInteger(factor.type)) return 'unsupported';
  if (interval.type.root === 'INTERVAL_DAY_TIME') return literal(BigInt(interval.value as bigint) * BigInt(factor.value as number | bigint), interval.type);
  return literal(Number(interval.value) * Number(factor.value), interval.type);
}

function concat(b: ExpressionBinder, left: Expr, right: Expr, span: Span): Expr {
  if (!isText(left.type) || !isText(right.type)) throw b.mismatch('||', [left, right], span, FORMS['||']);
  const l = left.type as LogicalType & { length: number };
  const r = right.type as LogicalType & { length: number };
  const length = Math.min(STRING_LENGTH, l.length + r.length);
  const root = l.root === 'CHAR' && r.root === 'CHAR' ? 'CHAR' : 'VARCHAR';
  return call('concat', [left, right], { root, length, nullable: l.nullable || r.nullable });
}
