import type { LogicalType } from '../types/logical.js';
import * as t from '../types/logical.js';

/** Flink's type rules for the expressions that the DataStream API builds. */

const INTEGERS = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'];
const INTEGER_DIGITS: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19 };
const DIGITS_MAX = 38;

export function isNumeric(type: LogicalType): boolean {
  return INTEGERS.includes(type.root) || type.root === 'FLOAT' || type.root === 'DOUBLE' || type.root === 'DECIMAL';
}

interface Decimal {
  readonly precision: number;
  readonly scale: number;
}
function asDecimal(type: LogicalType): Decimal | undefined {
  if (type.root === 'DECIMAL') return type;
  return type.root in INTEGER_DIGITS ? { precision: INTEGER_DIGITS[type.root], scale: 0 } : undefined;
}

/** The type both sides of a comparison (or branches of a choice) are brought to; undefined when there is none. */
export function commonType(a: LogicalType, b: LogicalType): LogicalType | undefined {
  const nullable = a.nullable || b.nullable;
  if (a.root === 'NULL') return t.withNullable(b, true);
  if (b.root === 'NULL') return t.withNullable(a, true);
  if (isNumeric(a) && isNumeric(b)) {
    if (INTEGERS.includes(a.root) && INTEGERS.includes(b.root)) return t.withNullable(INTEGERS.indexOf(a.root) >= INTEGERS.indexOf(b.root) ? a : b, nullable);
    const [x, y] = [asDecimal(a), asDecimal(b)];
    if (x !== undefined && y !== undefined) {
      const scale = Math.max(x.scale, y.scale);
      return t.DECIMAL(Math.min(DIGITS_MAX, scale + Math.max(x.precision - x.scale, y.precision - y.scale)), scale, nullable);
    }
    return a.root === 'FLOAT' && b.root === 'FLOAT' ? t.FLOAT(nullable) : t.DOUBLE(nullable);
  }
  const text = (x: LogicalType): boolean => x.root === 'VARCHAR' || x.root === 'CHAR';
  if (text(a) && text(b)) return t.STRING(nullable);
  if ((a.root === 'TIMESTAMP' || a.root === 'TIMESTAMP_LTZ') && a.root === b.root) {
    return { root: a.root, precision: Math.max(a.precision, b.precision), nullable };
  }
  // a text literal compared with a time is that time
  if (text(a) !== text(b)) {
    const other = text(a) ? b : a;
    if (['TIMESTAMP', 'TIMESTAMP_LTZ', 'DATE', 'TIME'].includes(other.root)) return t.withNullable(other, nullable);
    return undefined;
  }
  return a.root === b.root && a.root !== 'ROW' && a.root !== 'ANY' ? t.withNullable(a, nullable) : undefined;
}

/** Exact arithmetic with at least one DECIMAL: operand types and the result's, by Flink's rules; undefined when it is not that. */
export function decimalResult(
  fn: 'add' | 'sub' | 'mul' | 'div' | 'mod',
  a: LogicalType,
  b: LogicalType,
): { operands: readonly [LogicalType, LogicalType]; result: LogicalType } | undefined {
  if (a.root !== 'DECIMAL' && b.root !== 'DECIMAL') return undefined;
  const [x, y] = [asDecimal(a), asDecimal(b)];
  if (x === undefined || y === undefined) return undefined;
  const operands = [t.DECIMAL(x.precision, x.scale), t.DECIMAL(y.precision, y.scale)] as const;
  const whole = Math.max(x.precision - x.scale, y.precision - y.scale);
  const scale = Math.max(x.scale, y.scale);
  switch (fn) {
    case 'add':
    case 'sub':
      return { operands, result: bounded(scale + whole + 1, scale) };
    case 'mul':
      return { operands, result: bounded(x.precision + y.precision, x.scale + y.scale) };
    case 'div': {
      const s = Math.max(6, x.scale + y.precision + 1);
      return { operands, result: bounded(x.precision - x.scale + y.scale + s, s) };
    }
    case 'mod':
      return { operands, result: bounded(Math.min(x.precision - x.scale, y.precision - y.scale) + scale, scale) };
  }
}

/** Over 38 digits the scale gives way, but keeps 6 digits where it had them. */
function bounded(precision: number, scale: number): LogicalType {
  if (precision <= DIGITS_MAX) return t.DECIMAL(precision, scale);
  const whole = precision - scale;
  return t.DECIMAL(DIGITS_MAX, Math.max(DIGITS_MAX - whole, Math.min(scale, 6)));
}
