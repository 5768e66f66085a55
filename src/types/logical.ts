/**
 * Flink's logical types. Plain immutable data: they travel between threads by structured clone.
 */
export type LogicalType =
  | { readonly root: 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INTEGER' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'DATE' | 'NULL'; readonly nullable: boolean }
  | { readonly root: 'CHAR' | 'VARCHAR' | 'BINARY' | 'VARBINARY'; readonly length: number; readonly nullable: boolean }
  | { readonly root: 'DECIMAL'; readonly precision: number; readonly scale: number; readonly nullable: boolean }
  | { readonly root: 'TIME'; readonly precision: number; readonly nullable: boolean }
  | {
      readonly root: 'TIMESTAMP' | 'TIMESTAMP_LTZ';
      readonly precision: number;
      readonly nullable: boolean /** a time attribute, as in Flink */;
      readonly attribute?: 'rowtime' | 'proctime';
    }
  | { readonly root: 'INTERVAL_YEAR_MONTH' | 'INTERVAL_DAY_TIME'; readonly nullable: boolean }
  | { readonly root: 'ROW'; readonly fields: readonly Field[]; readonly nullable: boolean }
  | { readonly root: 'MAP'; readonly key: LogicalType; readonly value: LogicalType; readonly nullable: boolean }
  /** a JavaScript value that only closures understand */
  | { readonly root: 'ANY'; readonly nullable: boolean };

export type TypeRoot = LogicalType['root'];

export interface Field {
  readonly name: string;
  readonly type: LogicalType;
}

/** An ordered list of named, typed fields. */
export interface Schema {
  readonly fields: readonly Field[];
}

export const STRING_LENGTH = 2147483647;

const simple =
  (root: 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INTEGER' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'DATE' | 'NULL') =>
  (nullable = true): LogicalType => ({ root, nullable });
export const BOOLEAN = simple('BOOLEAN');
export const TINYINT = simple('TINYINT');
export const SMALLINT = simple('SMALLINT');
export const INT = simple('INTEGER');
export const BIGINT = simple('BIGINT');
export const FLOAT = simple('FLOAT');
export const DOUBLE = simple('DOUBLE');
export const DATE = simple('DATE');
export const NULL_TYPE = simple('NULL');
export const STRING = (nullable = true): LogicalType => ({ root: 'VARCHAR', length: STRING_LENGTH, nullable });
export const VARCHAR = (length: number, nullable = true): LogicalType => ({ root: 'VARCHAR', length, nullable });
export const CHAR = (length: number, nullable = true): LogicalType => ({ root: 'CHAR', length, nullable });
export const DECIMAL = (precision = 10, scale = 0, nullable = true): LogicalType => ({ root: 'DECIMAL', precision, scale, nullable });
export const TIME = (precision = 0, nullable = true): LogicalType => ({ root: 'TIME', precision, nullable });
export const TIMESTAMP = (precision = 6, nullable = true): LogicalType => ({ root: 'TIMESTAMP', precision, nullable });
export const TIMESTAMP_LTZ = (precision = 6, nullable = true): LogicalType => ({ root: 'TIMESTAMP_LTZ', precision, nullable });
export const ROW = (fields: readonly Field[], nullable = true): LogicalType => ({ root: 'ROW', fields, nullable });
export const BYTES = (nullable = true): LogicalType => ({ root: 'VARBINARY', length: STRING_LENGTH, nullable });
export const MAP = (key: LogicalType, value: LogicalType, nullable = true): LogicalType => ({ root: 'MAP', key, value, nullable });
export const ANY = (nullable = true): LogicalType => ({ root: 'ANY', nullable });

/** The type with another nullability. */
export function withNullable<T extends LogicalType>(type: T, nullable: boolean): T {
  return type.nullable === nullable ? type : { ...type, nullable };
}

/** As Flink prints it: `DECIMAL(10, 2) NOT NULL`. */
export function typeToString(t: LogicalType): string {
  return bare(t) + (t.nullable ? '' : ' NOT NULL');
}

function bare(t: LogicalType): string {
  switch (t.root) {
    case 'INTEGER':
      return 'INT';
    case 'VARCHAR':
      return t.length === STRING_LENGTH ? 'STRING' : `VARCHAR(${t.length})`;
    case 'VARBINARY':
      return t.length === STRING_LENGTH ? 'BYTES' : `VARBINARY(${t.length})`;
    case 'CHAR':
    case 'BINARY':
      return `${t.root}(${t.length})`;
    case 'DECIMAL':
      return `DECIMAL(${t.precision}, ${t.scale})`;
    case 'TIME':
      return `TIME(${t.precision})`;
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return `${t.root}(${t.precision})${t.attribute === undefined ? '' : ` *${t.attribute.toUpperCase()}*`}`;
    case 'INTERVAL_YEAR_MONTH':
      return 'INTERVAL MONTH';
    case 'INTERVAL_DAY_TIME':
      return 'INTERVAL SECOND(3)';
    case 'ROW':
      return `ROW<${t.fields.map((f) => `\`${f.name}\` ${typeToString(f.type)}`).join(', ')}>`;
    case 'MAP':
      return `MAP<${typeToString(t.key)}, ${typeToString(t.value)}>`;
    default:
      return t.root;
  }
}
