import type { TypeNode } from '../ast/type.js';
import {
  BIGINT,
  BOOLEAN,
  CHAR,
  DATE,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INT,
  type LogicalType,
  MAP,
  ROW,
  SMALLINT,
  STRING,
  STRING_LENGTH,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  TINYINT,
  VARCHAR,
  withNullable,
} from '../../types/logical.js';
import type { SourceText } from '../source.js';
import { isMapOfBytes } from './common.js';

/** The logical type a written type means, with Flink's defaults and ranges. */
export function resolveType(node: TypeNode, source: SourceText): LogicalType {
  return withNullable(bareType(node, source), node.nullable);
}

function bareType(node: TypeNode, source: SourceText): LogicalType {
  const bad = (what: string): Error => source.error('SQL_VALIDATION', what, node.span);
  const arg = (index: number, otherwise: number, min: number, max: number, what: string): number => {
    const n = node.args[index] ?? otherwise;
    if (n < min || n > max) throw bad(`the ${what} of ${node.name} must be between ${min} and ${max}, not ${n}`);
    return n;
  };
  switch (node.name) {
    case 'BOOLEAN':
      return BOOLEAN();
    case 'TINYINT':
      return TINYINT();
    case 'SMALLINT':
      return SMALLINT();
    case 'INT':
    case 'INTEGER':
      return INT();
    case 'BIGINT':
      return BIGINT();
    case 'FLOAT':
      return FLOAT();
    case 'DOUBLE':
      return DOUBLE();
    case 'DATE':
      return DATE();
    case 'STRING':
      return STRING();
    case 'CHAR':
      return CHAR(arg(0, 1, 1, STRING_LENGTH, 'length'));
    case 'VARCHAR':
      return node.args.length === 0 ? STRING() : VARCHAR(arg(0, 1, 1, STRING_LENGTH, 'length'));
    case 'BYTES':
      return { root: 'VARBINARY', length: STRING_LENGTH, nullable: true };
    case 'BINARY':
      return { root: 'BINARY', length: arg(0, 1, 1, STRING_LENGTH, 'length'), nullable: true };
    case 'VARBINARY':
      return { root: 'VARBINARY', length: arg(0, STRING_LENGTH, 1, STRING_LENGTH, 'length'), nullable: true };
    case 'DECIMAL':
    case 'DEC':
    case 'NUMERIC': {
      const precision = arg(0, 10, 1, 38, 'precision');
      return DECIMAL(precision, arg(1, 0, 0, precision, 'scale'));
    }
    case 'TIME':
      return TIME(arg(0, 0, 0, 9, 'precision'));
    case 'TIMESTAMP':
      return TIMESTAMP(arg(0, 6, 0, 9, 'precision'));
    case 'TIMESTAMP_LTZ':
      return TIMESTAMP_LTZ(arg(0, 6, 0, 9, 'precision'));
    case 'INTERVAL MONTH':
      return { root: 'INTERVAL_YEAR_MONTH', nullable: true };
    case 'INTERVAL SECOND':
      return { root: 'INTERVAL_DAY_TIME', nullable: true };
    case 'ROW': {
      const seen = new Set<string>();
      const fields = (node.fields ?? []).map((f) => {
        if (seen.has(f.name.text)) throw source.error('SQL_VALIDATION', `the field '${f.name.text}' stands twice in this ROW`, f.name.span);
        seen.add(f.name.text);
        return { name: f.name.text, type: resolveType(f.type, source) };
      });
      return ROW(fields);
    }
    case 'MAP':
      return mapType(node, source);
    default:
      throw source.error('NOT_SUPPORTED', `the type ${node.name} is not supported yet`, node.span);
  }
}

function mapType(node: TypeNode, source: SourceText): LogicalType {
  const [key, value] = (node.elements ?? []).map((t) => resolveType(t, source));
  if (!isMapOfBytes(key, value)) throw source.error('NOT_SUPPORTED', 'a MAP other than MAP<STRING, BYTES> is not supported yet', node.span);
  return MAP(key, value);
}
