import { F_BOOL, F_BYTES, F_DATE, F_DECIMAL, F_F32, F_F64, F_I8, F_I16, F_I32, F_I64, F_LTZ, F_NULL, F_ROW, F_STR, F_TIME, F_TIMESTAMP } from '#abi';
import { MillraceError } from '../base/errors.js';
import { type Leaf, timestampDigits } from '../types/leaf.js';

/** How a format reads or writes one column: F_* and its argument. */
export interface FieldKind {
  readonly kind: number;
  readonly arg: number;
}

/** Fails with NOT_SUPPORTED for types without a text form. */
export function fieldKind(format: string, leaf: Leaf): FieldKind {
  const t = leaf.type;
  switch (t.root) {
    case 'BOOLEAN':
      return { kind: F_BOOL, arg: 0 };
    case 'TINYINT':
      return { kind: F_I8, arg: 0 };
    case 'SMALLINT':
      return { kind: F_I16, arg: 0 };
    case 'INTEGER':
    case 'INTERVAL_YEAR_MONTH':
      return { kind: F_I32, arg: 0 };
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return { kind: F_I64, arg: 0 };
    case 'FLOAT':
      return { kind: F_F32, arg: 0 };
    case 'DOUBLE':
      return { kind: F_F64, arg: 0 };
    case 'CHAR':
    case 'VARCHAR':
      return { kind: F_STR, arg: 0 };
    case 'BINARY':
    case 'VARBINARY':
      return { kind: F_BYTES, arg: 0 };
    case 'DECIMAL':
      return { kind: F_DECIMAL, arg: (t.precision << 8) | t.scale };
    case 'DATE':
      return { kind: F_DATE, arg: 0 };
    case 'TIME':
      return { kind: F_TIME, arg: t.precision };
    case 'TIMESTAMP':
      return { kind: F_TIMESTAMP, arg: timestampDigits(t.precision) };
    case 'TIMESTAMP_LTZ':
      return { kind: F_LTZ, arg: timestampDigits(t.precision) };
    case 'ROW':
      return { kind: F_ROW, arg: 0 };
    case 'NULL':
      return { kind: F_NULL, arg: 0 };
    case 'MAP':
      throw new MillraceError('NOT_SUPPORTED', `the format '${format}' has no MAP yet, and '${leaf.path.join('.')}' is one`, {
        remedy: "Read and write its entries: CAST(m['key'] AS STRING).",
      });
    case 'ANY':
      throw new MillraceError('NOT_SUPPORTED', `the format '${format}' has no text for the JavaScript values of '${leaf.path.join('.')}'`, {
        remedy: 'Declare the field with a SQL type.',
      });
  }
}
