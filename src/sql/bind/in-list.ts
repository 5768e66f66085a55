import type { Expr, Literal } from '../../types/expr.js';
import { BOOLEAN, type LogicalType, NULL_TYPE, withNullable } from '../../types/logical.js';
import type { Expression } from '../ast/expression.js';
import { balanced, call, foldCast, literal } from '../expr.js';
import type { Span } from '../source.js';
import { explicitCast } from '../type/cast.js';
import { asDecimal, commonType, isExact, isInteger, isText, isTimestamp, plainType, sameType } from '../type/common.js';
import type { ExpressionBinder } from './expression.js';

/** value [NOT] IN (values): of constants one operation, else equalities. */
export function bindIn(b: ExpressionBinder, node: Expression & { kind: 'in' }): Expr {
  const operand = b.bindTyped(node.operand);
  const items = node.list.map((x) => b.bind(x));
  if (items.some((x) => x.type.root !== 'NULL') && commonType(items.map((x) => x.type)) === undefined) {
    throw b.source.error('TYPE_MISMATCH', 'the values of this IN list have no common type', node.span);
  }
  const constant = items.every((x) => x.op === 'lit' && x.value !== null);
  // values take the type of the left side, as in Flink: of text what it is
  const typed = isText(operand.type) && items.every((x) => isText(x.type)) ? items : items.map((x) => itemAs(b, x, operand, node.span));
  // a constant with more digits after the point than a DECIMAL on the left has equals none of its values
  const list = typed.filter((x) => x !== NEVER_EQUAL);
  const e =
    list.length === 0
      ? b.compare('<>', operand, operand, node.span)
      : constant && list.every((x) => x.op === 'lit')
        ? call('in', [operand, ...list], BOOLEAN(operand.type.nullable || list.some((x) => x.type.nullable)))
        : balanced(list.map((x) => b.compare('=', operand, x, node.span)).reduce((x, y) => call('or', [x, y], BOOLEAN(x.type.nullable || y.type.nullable))));
  return node.negated ? call('not', [e], e.type) : e;
}

/** A value of an IN list as the left side's type. */
function itemAs(b: ExpressionBinder, item: Expr, operand: Expr, span: Span): Expr {
  if (item.type.root === 'NULL' || sameType(item.type, operand.type)) return item;
  const type = withNullable(plainType(operand.type), item.type.nullable);
  if (item.op === 'lit') {
    const folded = constantIn(item, type);
    if (folded !== undefined) return folded;
  }
  const alike = commonType([item.type, type]) !== undefined || isText(item.type) || isText(type) || (isTimestamp(item.type) && isTimestamp(type));
  if (!alike || explicitCast(item.type, type) !== 'yes') throw b.mismatch('IN', [operand, item], span);
  return call('cast', [item], type);
}

const BITS: Readonly<Record<string, number>> = { TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64 };

/** A constant of an IN list cast to the type of the left side, as CAST would: a fraction is cut for integers; a DECIMAL has it or not. undefined = not known here. */
function constantIn(item: Literal, type: LogicalType): Expr | undefined {
  const exact = foldCast(item, type);
  if (exact !== undefined || item.value === null || !isExact(item.type)) return exact;
  const from = asDecimal(item.type);
  const unscaled = BigInt(item.value as number | bigint);
  if (isInteger(type)) {
    const whole = BigInt.asIntN(BITS[type.root], unscaled / 10n ** BigInt(from.scale));
    return literal(type.root === 'BIGINT' ? whole : Number(whole), type);
  }
  if (type.root !== 'DECIMAL') return undefined;
  const unit = 10n ** BigInt(Math.max(0, from.scale - type.scale));
  return unscaled % unit === 0n ? foldCast(literal(unscaled / unit, { ...type, precision: DECIMAL_MAX }), type) : NEVER_EQUAL;
}
const DECIMAL_MAX = 38;

/** Stands for a constant that no value of the left side's type equals. */
const NEVER_EQUAL: Expr = literal(null, NULL_TYPE());
