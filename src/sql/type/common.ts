import { BIGINT, DECIMAL, DOUBLE, FLOAT, INT, type LogicalType, SMALLINT, TINYINT, type TypeRoot, withNullable } from '../../types/logical.js';

/** Flink's rules for types of results: Calcite's leastRestrictive and arithmetic under Flink's type system. */

const INT_ROOTS: readonly TypeRoot[] = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'];
const DECIMAL_MAX = 38;
/** Scale that a division keeps at least, and that is kept when a precision overflows. */
const SCALE_MIN = 6;

export const isInteger = (t: LogicalType): boolean => INT_ROOTS.includes(t.root);
export const isExact = (t: LogicalType): boolean => isInteger(t) || t.root === 'DECIMAL';
export const isApproximate = (t: LogicalType): boolean => t.root === 'FLOAT' || t.root === 'DOUBLE';
export const isNumeric = (t: LogicalType): boolean => isExact(t) || isApproximate(t);
export const isText = (t: LogicalType): boolean => t.root === 'CHAR' || t.root === 'VARCHAR';
export const isBinary = (t: LogicalType): boolean => t.root === 'BINARY' || t.root === 'VARBINARY';
/** The one kind of map there is: text to bytes. */
export const isMapOfBytes = (key: LogicalType, value: LogicalType): boolean => isText(key) && isBinary(value);
export const isTimestamp = (t: LogicalType): boolean => t.root === 'TIMESTAMP' || t.root === 'TIMESTAMP_LTZ';
export const isDatetime = (t: LogicalType): boolean => isTimestamp(t) || t.root === 'DATE' || t.root === 'TIME';
export const isInterval = (t: LogicalType): boolean => t.root === 'INTERVAL_YEAR_MONTH' || t.root === 'INTERVAL_DAY_TIME';

/** Precision and scale of an exact number seen as DECIMAL. */
export function asDecimal(t: LogicalType): { precision: number; scale: number } {
  switch (t.root) {
    case 'DECIMAL':
      return { precision: t.precision, scale: t.scale };
    case 'TINYINT':
      return { precision: 3, scale: 0 };
    case 'SMALLINT':
      return { precision: 5, scale: 0 };
    case 'INTEGER':
      return { precision: 10, scale: 0 };
    default:
      return { precision: 19, scale: 0 };
  }
}

/** The same type, apart from nullability and time attributes. */
export function sameType(a: LogicalType, b: LogicalType): boolean {
  if (a.root !== b.root) return false;
  switch (a.root) {
    case 'DECIMAL':
      return a.precision === (b as typeof a).precision && a.scale === (b as typeof a).scale;
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return a.length === (b as typeof a).length;
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return a.precision === (b as typeof a).precision;
    case 'ROW': {
      const other = (b as typeof a).fields;
      return a.fields.length === other.length && a.fields.every((f, i) => sameType(f.type, other[i].type));
    }
    case 'MAP':
      return sameType(a.key, (b as typeof a).key) && sameType(a.value, (b as typeof a).value);
    default:
      return true;
  }
}

/** Without its time attribute: an ordinary value. */
export function plainType(t: LogicalType): LogicalType {
  if ((t.root !== 'TIMESTAMP' && t.root !== 'TIMESTAMP_LTZ') || t.attribute === undefined) return t;
  return { root: t.root, precision: t.precision, nullable: t.nullable };
}

/** The type all of these convert to without loss of kind (Calcite's leastRestrictive); undefined when there is none. NULL fits everywhere. */
export function commonType(types: readonly LogicalType[]): LogicalType | undefined {
  const nullable = types.some((t) => t.nullable || t.root === 'NULL');
  const known = types.filter((t) => t.root !== 'NULL');
  if (known.length === 0) return undefined;
  let result: LogicalType | undefined = known[0];
  for (const t of known.slice(1)) {
    result = commonOfTwo(result, t);
    if (result === undefined) return undefined;
  }
  return withNullable(result, nullable);
}

function commonOfTwo(a: LogicalType, b: LogicalType): LogicalType | undefined {
  if (isNumeric(a) && isNumeric(b)) return commonNumeric(a, b);
  if (isText(a) && isText(b)) {
    const la = (a as { length: number }).length;
    const lb = (b as { length: number }).length;
    const fixed = a.root === 'CHAR' && b.root === 'CHAR' && la === lb;
    return { root: fixed ? 'CHAR' : 'VARCHAR', length: Math.max(la, lb), nullable: true };
  }
  if (isBinary(a) && isBinary(b)) {
    const la = (a as { length: number }).length;
    const lb = (b as { length: number }).length;
    return { root: a.root === 'BINARY' && b.root === 'BINARY' && la === lb ? 'BINARY' : 'VARBINARY', length: Math.max(la, lb), nullable: true };
  }
  if (a.root !== b.root) return undefined;
  if (a.root === 'TIMESTAMP' || a.root === 'TIMESTAMP_LTZ' || a.root === 'TIME') {
    const other = b as typeof a;
    if (a.precision !== other.precision) return a.precision > other.precision ? plainType(a) : plainType(other);
    return a.root !== 'TIME' && other.root !== 'TIME' && a.attribute === other.attribute ? a : plainType(a);
  }
  return sameType(a, b) ? a : undefined;
}

function commonNumeric(a: LogicalType, b: LogicalType): LogicalType {
  if (isApproximate(a) || isApproximate(b)) {
    if (a.root === 'DECIMAL' || b.root === 'DECIMAL') return DOUBLE();
    // of two approximate types the first wins, whichever is wider: FLOAT + DOUBLE is FLOAT
    return (isApproximate(a) ? a : b).root === 'DOUBLE' ? DOUBLE() : FLOAT();
  }
  if (isInteger(a) && isInteger(b)) {
    const widest = Math.max(INT_ROOTS.indexOf(a.root), INT_ROOTS.indexOf(b.root));
    return [TINYINT, SMALLINT, INT, BIGINT][widest]();
  }
  const x = asDecimal(a);
  const y = asDecimal(b);
  // whole digits are kept, the scale gives way
  const digits = Math.max(x.precision - x.scale, y.precision - y.scale);
  const scale = Math.min(Math.max(x.scale, y.scale), DECIMAL_MAX - digits);
  return DECIMAL(digits + scale, scale);
}

/** The common type of the arguments of COALESCE, IFNULL, GREATEST and LEAST: Flink's LogicalTypeMerging, by which the widest approximate type wins. */
export function mergedType(types: readonly LogicalType[]): LogicalType | undefined {
  const known = types.filter((t) => t.root !== 'NULL');
  if (!known.every(isNumeric) || !known.some(isApproximate)) return commonType(types);
  const merged = known.reduce((a, b) => {
    if (!isApproximate(a)) return isApproximate(b) ? b : commonNumeric(a, b);
    return a.root === 'DOUBLE' || b.root === 'DOUBLE' || b.root === 'DECIMAL' ? DOUBLE() : a; // FLOAT before a DECIMAL is a DOUBLE, behind it a FLOAT
  });
  return withNullable(
    merged,
    types.some((t) => t.nullable || t.root === 'NULL'),
  );
}

/** Precision beyond 38 digits gives up scale first, down to 6 digits. */
function adjusted(precision: number, scale: number): LogicalType {
  if (precision <= DECIMAL_MAX) return DECIMAL(precision, scale);
  const digits = precision - scale;
  return DECIMAL(DECIMAL_MAX, Math.max(DECIMAL_MAX - digits, Math.min(scale, SCALE_MIN)));
}

/** The result type of number op number; nullable when an operand is. */
export function arithmeticType(op: '+' | '-' | '*' | '/' | '%', a: LogicalType, b: LogicalType): LogicalType {
  const nullable = a.nullable || b.nullable;
  const decimal = (a.root === 'DECIMAL' || b.root === 'DECIMAL') && isExact(a) && isExact(b);
  if (!decimal) return withNullable(op === '%' ? plainType(b) : commonNumeric(a, b), nullable);
  const x = asDecimal(a);
  const y = asDecimal(b);
  return withNullable(decimalResult(op, x, y), nullable);
}

function decimalResult(op: '+' | '-' | '*' | '/' | '%', x: { precision: number; scale: number }, y: { precision: number; scale: number }): LogicalType {
  const digits = [x.precision - x.scale, y.precision - y.scale];
  const scale = Math.max(x.scale, y.scale);
  switch (op) {
    case '+':
    case '-':
      return adjusted(Math.max(...digits) + scale + 1, scale);
    case '*':
      return adjusted(x.precision + y.precision + 1, x.scale + y.scale);
    case '/': {
      const quotientScale = Math.max(SCALE_MIN, x.scale + y.precision + 1);
      return adjusted(digits[0] + y.scale + quotientScale, quotientScale);
    }
    case '%':
      return adjusted(Math.min(...digits) + scale, scale);
  }
}

/** ROUND(x, digits) of a DECIMAL. */
export function roundType(t: LogicalType & { root: 'DECIMAL' }, digits: number): LogicalType {
  if (digits >= t.scale) return t;
  if (digits < 0) return DECIMAL(Math.min(DECIMAL_MAX, 1 + t.precision - t.scale), 0, t.nullable);
  return DECIMAL(Math.min(DECIMAL_MAX, 1 + t.precision - t.scale + digits), digits, t.nullable);
}

/** The result type of SUM and AVG over a type, before nullability. */
export function sumType(t: LogicalType): LogicalType {
  return t.root === 'DECIMAL' ? DECIMAL(DECIMAL_MAX, t.scale, t.nullable) : t;
}
export function avgType(t: LogicalType): LogicalType {
  return t.root === 'DECIMAL' ? DECIMAL(DECIMAL_MAX, Math.max(SCALE_MIN, t.scale), t.nullable) : t;
}
