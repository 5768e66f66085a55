import { MillraceError } from '../base/errors.js';
import { setOwn } from '../base/own.js';
import type { Field, LogicalType, Schema } from '../types/logical.js';
import * as t from '../types/logical.js';

/** A field as users write it: Flink's SQL type as text ('DECIMAL(10, 2)', 'STRING NOT NULL'), or nested fields for a ROW. */
export type FieldSpec = string | { readonly [name: string]: FieldSpec };
export type SchemaSpec = { readonly [name: string]: FieldSpec };

/** A schema with the JS type of its rows, and which fields are metadata of the connector. */
export interface RowSchema<R = Record<string, unknown>> extends Schema {
  /** metadata key by field name */
  readonly metadata: Readonly<Record<string, string>>;
  /** only for the compiler */
  readonly row?: R;
}

/** The JS type of rows of a schema: what docs/types.md says per type. A field is nullable unless it says NOT NULL. */
export type RowOf<S> = S extends RowSchema<infer R> ? R : S extends SchemaSpec ? { [K in keyof S]: ValueOf<S[K]> } : never;
type ValueOf<F> = F extends string ? FromText<Upper<F>> : F extends SchemaSpec ? RowOf<F> | null : never;
type Upper<S extends string> = Uppercase<Trim<S>>;
type Trim<S extends string> = S extends ` ${infer T}` ? Trim<T> : S extends `${infer T} ` ? Trim<T> : S;
type FromText<S extends string> = S extends `${infer T} METADATA${string}`
  ? FromText<Trim<T>>
  : S extends `${infer T} NOT NULL`
    ? BaseType<Trim<T>>
    : S extends `${infer T} NULL`
      ? BaseType<Trim<T>> | null
      : BaseType<S> | null;
type Numeric = 'TINYINT' | 'SMALLINT' | 'INT' | 'INTEGER' | 'FLOAT' | 'DOUBLE' | 'DOUBLE PRECISION';
type BaseType<S extends string> = S extends Numeric
  ? number
  : S extends 'BIGINT'
    ? bigint
    : S extends 'BOOLEAN'
      ? boolean
      : S extends
            | 'STRING'
            | 'DATE'
            | `TIME`
            | `TIME(${string}`
            | `DECIMAL${string}`
            | `DEC${string}`
            | `NUMERIC${string}`
            | `VARCHAR${string}`
            | `CHAR${string}`
        ? string
        : S extends 'BYTES' | `VARBINARY${string}` | `BINARY${string}`
          ? Uint8Array
          : S extends `TIMESTAMP(${'0' | '1' | '2' | '3'})` | `TIMESTAMP_LTZ(${'0' | '1' | '2' | '3'})`
            ? number
            : S extends `TIMESTAMP${string}`
              ? bigint
              : unknown;

/** `schema({ userId: 'STRING', amount: 'DECIMAL(10, 2)', at: 'TIMESTAMP(3)', place: { lat: 'DOUBLE', lon: 'DOUBLE' } })` */
export function schema<const S extends SchemaSpec>(spec: S): RowSchema<RowOf<S>> {
  const metadata: Record<string, string> = {};
  const isMetadata = (f: Field): boolean => Object.hasOwn(metadata, f.name);
  const fields = Object.entries(spec).map(([name, f]) => field(name, f, metadata));
  return { fields: [...fields.filter((f) => !isMetadata(f)), ...fields.filter(isMetadata)], metadata };
}

function field(name: string, spec: FieldSpec, metadata?: Record<string, string>): Field {
  if (name.startsWith('$')) throw invalid(name, 'a field name cannot start with $', 'Choose another name.');
  if (typeof spec !== 'string') return { name, type: t.ROW(Object.entries(spec).map(([n, f]) => field(n, f))) };
  const m = /^(.*?)\s+METADATA(?:\s+FROM\s+'([^']+)')?(?:\s+VIRTUAL)?\s*$/i.exec(spec);
  if (m === null) return { name, type: parseType(name, spec) };
  if (metadata === undefined) throw invalid(name, 'only top-level fields can be metadata', 'Declare it beside the other fields.');
  setOwn(metadata, name, m[2] ?? name);
  return { name, type: parseType(name, m[1]) };
}

const SIMPLE: Readonly<Record<string, (nullable: boolean) => LogicalType>> = {
  BOOLEAN: t.BOOLEAN,
  TINYINT: t.TINYINT,
  SMALLINT: t.SMALLINT,
  INT: t.INT,
  INTEGER: t.INT,
  BIGINT: t.BIGINT,
  FLOAT: t.FLOAT,
  DOUBLE: t.DOUBLE,
  'DOUBLE PRECISION': t.DOUBLE,
  DATE: t.DATE,
  STRING: t.STRING,
  BYTES: (nullable) => ({ root: 'VARBINARY', length: t.STRING_LENGTH, nullable }),
  ANY: t.ANY,
};
/** type names with (p) or (p, s): how to make them, defaults, bounds of the first number */
const SIZED: Readonly<Record<string, { make: (nullable: boolean, p: number, s: number) => LogicalType; p: number; min: number; max: number }>> = {
  DECIMAL: { make: (n, p, s) => t.DECIMAL(p, s, n), p: 10, min: 1, max: 38 },
  DEC: { make: (n, p, s) => t.DECIMAL(p, s, n), p: 10, min: 1, max: 38 },
  NUMERIC: { make: (n, p, s) => t.DECIMAL(p, s, n), p: 10, min: 1, max: 38 },
  VARCHAR: { make: (n, p) => t.VARCHAR(p, n), p: 1, min: 1, max: t.STRING_LENGTH },
  CHAR: { make: (n, p) => t.CHAR(p, n), p: 1, min: 1, max: t.STRING_LENGTH },
  VARBINARY: { make: (n, p) => ({ root: 'VARBINARY', length: p, nullable: n }), p: 1, min: 1, max: t.STRING_LENGTH },
  BINARY: { make: (n, p) => ({ root: 'BINARY', length: p, nullable: n }), p: 1, min: 1, max: t.STRING_LENGTH },
  TIME: { make: (n, p) => t.TIME(p, n), p: 0, min: 0, max: 9 },
  TIMESTAMP: { make: (n, p) => t.TIMESTAMP(p, n), p: 6, min: 0, max: 9 },
  TIMESTAMP_LTZ: { make: (n, p) => t.TIMESTAMP_LTZ(p, n), p: 6, min: 0, max: 9 },
};

/** 'DECIMAL(10, 2) NOT NULL' -> the type; fails with SQL_VALIDATION naming the field. */
export function parseType(name: string, text: string): LogicalType {
  const m = /^\s*([A-Za-z_]+(?:\s+PRECISION)?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*(NOT\s+NULL|NULL)?\s*$/i.exec(text);
  if (m === null)
    throw invalid(name, `'${text}' is no type`, "Write one of Flink's SQL types, such as 'STRING' or 'DECIMAL(10, 2) NOT NULL'; nested fields as an object.");
  const root = m[1].toUpperCase().replace(/\s+/g, ' ');
  const nullable = m[4] === undefined || /^NULL$/i.test(m[4]);
  const simple = SIMPLE[root];
  if (simple !== undefined && m[2] === undefined) return simple(nullable);
  const sized = SIZED[root];
  if (sized === undefined)
    throw invalid(name, `there is no type '${text.trim()}'`, `Types: ${[...Object.keys(SIMPLE), ...Object.keys(SIZED)].sort().join(', ')}.`);
  const p = m[2] === undefined ? sized.p : Number(m[2]);
  const s = Number(m[3] ?? 0);
  if (p < sized.min || p > sized.max || s > p) throw invalid(name, `'${text.trim()}' is out of range`, `${root} takes ${sized.min} to ${sized.max}.`);
  return sized.make(nullable, p, s);
}

function invalid(name: string, what: string, remedy: string): MillraceError {
  return new MillraceError('TYPE_MISMATCH', `field '${name}': ${what}`, { remedy });
}
