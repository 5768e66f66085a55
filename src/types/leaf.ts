import { T_ANY, T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_ROW, T_STR } from '#abi';
import type { LogicalType, Schema } from './logical.js';

/**
 * A physical column. A schema is flattened depth first: a ROW gives one column that carries only validity,
 * followed by the columns of its fields. Expressions, batches and plans number columns by leaf index.
 */
export interface Leaf {
  /** names from the top-level field down: ['person', 'id'] */
  readonly path: readonly string[];
  readonly type: LogicalType;
}

export function flatten(schema: Schema): Leaf[] {
  const out: Leaf[] = [];
  const walk = (path: readonly string[], type: LogicalType): void => {
    out.push({ path, type });
    if (type.root === 'ROW') for (const f of type.fields) walk([...path, f.name], f.type);
  };
  for (const f of schema.fields) walk([f.name], f.type);
  return out;
}

/** Number of leaf columns a type takes. */
export function leafCount(type: LogicalType): number {
  return type.root === 'ROW' ? 1 + type.fields.reduce((n, f) => n + leafCount(f.type), 0) : 1;
}

/** The physical type code (T_* of the ABI) of a column's values. */
export function typeCode(t: LogicalType): number {
  switch (t.root) {
    case 'BOOLEAN':
      return T_BOOL;
    case 'TINYINT':
      return T_I8;
    case 'SMALLINT':
      return T_I16;
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
    case 'INTERVAL_YEAR_MONTH':
      return T_I32;
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'INTERVAL_DAY_TIME':
      return T_I64;
    case 'FLOAT':
      return T_F32;
    case 'DOUBLE':
      return T_F64;
    case 'DECIMAL':
      return t.precision <= 18 ? T_I64 : T_I128;
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'MAP':
      return T_STR;
    case 'ROW':
    case 'NULL':
      return T_ROW;
    case 'ANY':
      return T_ANY;
  }
}

/** Bytes of one value in a column; 0 for columns without values. */
export function typeWidth(code: number): number {
  switch (code) {
    case T_BOOL:
    case T_I8:
      return 1;
    case T_I16:
      return 2;
    case T_I32:
    case T_F32:
      return 4;
    case T_I64:
    case T_F64:
    case T_STR:
      return 8;
    case T_I128:
      return 16;
    default:
      return 0;
  }
}

/**
 * Digits after the second in the i64 of a TIMESTAMP(p): 3, 6 or 9 (Arrow's units). A TIMESTAMP(0) has milliseconds too: computing with intervals leaves them in it, as in Flink.
 * TIMESTAMP(3) holds milliseconds, TIMESTAMP(6) microseconds.
 */
export function timestampDigits(precision: number): 3 | 6 | 9 {
  return precision <= 3 ? 3 : precision <= 6 ? 6 : 9;
}
