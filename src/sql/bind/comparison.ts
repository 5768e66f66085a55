import type { Expr, FunctionName } from '../../types/expr.js';
import { BOOLEAN, DECIMAL, DOUBLE, type LogicalType, typeToString, withNullable } from '../../types/logical.js';
import { call, convert, foldCast, literal } from '../expr.js';
import type { Span } from '../source.js';
import { commonType, isDatetime, isExact, isNumeric, isText, isTimestamp, plainType } from '../type/common.js';
import type { ExpressionBinder } from './expression.js';
import { datetimeOfText } from './literal.js';

const COMPARE: Readonly<Record<string, FunctionName>> = {
  '=': 'eq',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  'IS DISTINCT FROM': 'isDistinctFrom',
  'IS NOT DISTINCT FROM': 'isNotDistinctFrom',
};

/** left op right with both brought to one type, as Flink coerces comparisons. */
export function bindComparison(b: ExpressionBinder, op: string, left: Expr, right: Expr, span: Span): Expr {
  const [x, y] = alike(b, op, left, right, span);
  const distinct = op.startsWith('IS');
  if (distinct && isText(left.type) !== isText(right.type) && left.type.root !== 'NULL' && right.type.root !== 'NULL')
    return distinctText(op, [left, right], x, y);
  if (/^[<>]=?$/.test(op) && op !== '<>' && x.type.root === 'DECIMAL' && left.type.root === 'DECIMAL' && right.type.root === 'DECIMAL') {
    if (x.type.scale < right.type.scale) return finer(op, left, right);
    if (x.type.scale < left.type.scale) return finer(MIRRORED[op], right, left);
  }
  return call(COMPARE[op], [x, y], BOOLEAN(!distinct && (x.type.nullable || y.type.nullable)));
}

/** Text IS [NOT] DISTINCT FROM another type: what counts as NULL are the values as they are, not text that does not convert. */
function distinctText(op: string, sides: readonly Expr[], x: Expr, y: Expr): Expr {
  const bool = BOOLEAN(false);
  const equal = call('isTrue', [call('eq', [x, y], BOOLEAN())], bool);
  const [a, b] = sides.map((e) => (e.type.nullable ? call('isNull', [e], bool) : literal(false, bool)));
  const same = call('or', [equal, call('and', [a, b], bool)], bool);
  return op === 'IS NOT DISTINCT FROM' ? same : call('not', [same], bool);
}

const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/**
 * The order of DECIMALs that no DECIMAL holds both of, b with more digits after the point: b rounded to a's scale decides, and what the rounding did where those are equal.
 * (Flink orders them exactly, and compares for equality what the rounding leaves.)
 */
function finer(op: string, a: Expr, b: Expr): Expr {
  const type = BOOLEAN(a.type.nullable || b.type.nullable);
  const scale = (a.type as LogicalType & { scale: number }).scale;
  const whole = (e: Expr): Expr => convert(e, DECIMAL(38, scale));
  const rounded = call('cast', [b], DECIMAL(38, scale, b.type.nullable));
  const back = call('cast', [rounded], b.type);
  const equal = call('eq', [whole(a), rounded], type);
  const strict = op.startsWith('<') ? 'lt' : 'gt';
  return call('or', [call(strict, [whole(a), rounded], type), call('and', [equal, call(COMPARE[op], [back, b], type)], type)], type);
}

function alike(b: ExpressionBinder, op: string, left: Expr, right: Expr, span: Span): [Expr, Expr] {
  if (left.type.root === 'NULL' && right.type.root === 'NULL') throw b.illegalNull(span);
  if (left.type.root === 'NULL') return [literal(null, withNullable(plainType(right.type), true)), right];
  if (right.type.root === 'NULL') return [left, literal(null, withNullable(plainType(left.type), true))];
  if (isText(left.type) && isText(right.type)) return [left, right];
  if (left.type.root === 'ROW' || right.type.root === 'ROW') throw b.source.error('NOT_SUPPORTED', 'comparing ROW values is not supported yet', span);
  if (left.type.root === 'MAP' || right.type.root === 'MAP') throw b.source.error('NOT_SUPPORTED', 'comparing MAP values is not supported yet', span);
  if (isText(left.type)) return [textAs(b, op, left, right, span), right];
  if (isText(right.type)) return [left, textAs(b, op, right, left, span)];
  if (left.type.root !== right.type.root && isTimestamp(left.type) && isTimestamp(right.type)) {
    return zonesAlike(op, left, right);
  }
  const constantRight = constantAs(right, left.type);
  if (constantRight !== undefined) return [left, constantRight];
  const constantLeft = constantAs(left, right.type);
  if (constantLeft !== undefined) return [constantLeft, right];
  // both orders: FLOAT with DOUBLE compares as DOUBLE
  const common =
    [left.type.root, right.type.root].includes('DOUBLE') && isNumeric(left.type) && isNumeric(right.type) ? DOUBLE() : commonType([left.type, right.type]);
  if (common === undefined) throw b.mismatch(op, [left, right], span, [`<COMPARABLE> ${op} <COMPARABLE>`]);
  return [convert(left, common), convert(right, common)];
}

/**
 * TIMESTAMP against TIMESTAMP_LTZ. Which side Flink converts shows only in the hours a zone repeats or skips, and was asked of Flink
 * (test/sql/flink/ltz.sql): equality takes the left side's type (against a constant the right side's), order the right side's (against a constant the column's).
 */
function zonesAlike(op: string, left: Expr, right: Expr): [Expr, Expr] {
  const order = /^[<>]=?$/.test(op);
  const toLeft = order ? right.op === 'lit' : left.op !== 'lit' && right.op !== 'lit';
  return toLeft ? [left, convert(right, left.type)] : [convert(left, right.type), right];
}

/** An exact constant that the other side's exact type holds as it is: then the column needs no cast. */
export function constantAs(e: Expr, type: LogicalType): Expr | undefined {
  if (e.op !== 'lit' || e.value === null || !isExact(e.type) || !isExact(type)) return undefined;
  return foldCast(e, withNullable(type, false));
}

/** A string compared with another type: Flink casts it to a date, time or boolean, and refuses numbers. */
function textAs(b: ExpressionBinder, op: string, text: Expr, other: Expr, span: Span): Expr {
  if (isNumeric(other.type)) {
    const types = [text, other].map((e) => typeToString(withNullable(e.type, true))).join(' and ');
    throw b.source.error('TYPE_MISMATCH', `implicit type conversion between ${types} is not supported`, span, 'CAST one of them to the type of the other.');
  }
  if (!isDatetime(other.type) && other.type.root !== 'BOOLEAN') throw b.mismatch(op, [text, other], span);
  const constant = text.op === 'lit' && typeof text.value === 'string' ? text.value : undefined;
  const folded = constant === undefined ? undefined : datetimeOfText(constant, other.type);
  if (folded === undefined && constant !== undefined && isDatetime(other.type) && !looksLikeTime(constant)) {
    throw b.source.error('TYPE_MISMATCH', `'${constant}' is not a ${other.type.root}`, span, "Write '2020-12-31', '23:59:59' or '2020-12-31 23:59:59'.");
  }
  // text that does not convert is NULL in equality and fails the job in order, as in Flink
  const order = /^[<>]=?$/.test(op);
  return folded ?? call(order ? 'cast' : 'tryCast', [text], withNullable(plainType(other.type), !order || text.type.nullable));
}

const looksLikeTime = (text: string): boolean => /^\s*\d[\d:. TZ+-]*$/.test(text);
