import { type LogicalType, STRING_LENGTH, type TypeRoot } from '../../types/logical.js';
import { isBinary, isExact, isNumeric, isText, isTimestamp, sameType } from './common.js';

/** Which casts Flink has: LogicalTypeCasts. */
export type CastAnswer = 'yes' | 'no' | 'unsupported';

const IMPLICIT: Readonly<Partial<Record<TypeRoot, readonly TypeRoot[]>>> = {
  CHAR: ['CHAR'],
  VARCHAR: ['CHAR', 'VARCHAR'],
  BOOLEAN: ['BOOLEAN'],
  BINARY: ['BINARY'],
  VARBINARY: ['BINARY', 'VARBINARY'],
  DECIMAL: ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL'],
  TINYINT: ['TINYINT'],
  SMALLINT: ['TINYINT', 'SMALLINT'],
  INTEGER: ['TINYINT', 'SMALLINT', 'INTEGER'],
  BIGINT: ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'],
  FLOAT: ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DECIMAL'],
  DOUBLE: ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL'],
  DATE: ['DATE', 'TIMESTAMP'],
  TIME: ['TIME', 'TIMESTAMP'],
  TIMESTAMP: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
  TIMESTAMP_LTZ: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
  INTERVAL_YEAR_MONTH: ['INTERVAL_YEAR_MONTH'],
  INTERVAL_DAY_TIME: ['INTERVAL_DAY_TIME'],
};

/** Does a value of type `from` go into a sink column of type `to` by itself? */
export function implicitCast(from: LogicalType, to: LogicalType): boolean {
  if (from.root === 'NULL') return true;
  if (from.root === 'ROW' && to.root === 'ROW') {
    return from.fields.length === to.fields.length && from.fields.every((f, i) => implicitCast(f.type, to.fields[i].type));
  }
  if (from.root === 'MAP' && to.root === 'MAP') return implicitCast(from.key, to.key) && implicitCast(from.value, to.value);
  return IMPLICIT[to.root]?.includes(from.root) ?? false;
}

/** CAST(x AS t): 'unsupported' is what Flink can and we cannot yet. */
export function explicitCast(from: LogicalType, to: LogicalType): CastAnswer {
  if (from.root === 'NULL') return to.root === 'ROW' ? 'unsupported' : 'yes';
  if (from.root === 'ROW' || to.root === 'ROW') {
    if (from.root === 'ROW' && to.root === 'ROW') return sameType(from, to) ? 'yes' : 'unsupported';
    return isText(to) ? 'unsupported' : 'no';
  }
  if (from.root === 'ANY' || to.root === 'ANY') return 'no';
  if (from.root === 'MAP' || to.root === 'MAP') {
    if (from.root === 'MAP' && to.root === 'MAP') return implicitCast(from, to) ? 'yes' : 'unsupported';
    return from.root === 'MAP' && isText(to) ? 'unsupported' : 'no';
  }
  if (isBinary(from) || isBinary(to)) {
    if (isBinary(from) && isBinary(to)) return sameType(from, to) || isBytes(to) ? 'yes' : 'unsupported';
    if (isBinary(from)) return isText(to) ? 'yes' : 'no';
    return isText(from) ? (isBytes(to) ? 'yes' : 'unsupported') : 'no';
  }
  if (isText(to)) return 'yes';
  if (IMPLICIT[to.root]?.includes(from.root)) return 'yes';
  return explicitOnly(from, to) ? 'yes' : 'no';
}

const isBytes = (t: LogicalType): boolean => t.root === 'VARBINARY' && t.length === STRING_LENGTH;

function explicitOnly(from: LogicalType, to: LogicalType): boolean {
  const text = isText(from);
  switch (to.root) {
    case 'BOOLEAN':
      return text || isNumeric(from);
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL':
      return text || isNumeric(from) || from.root === 'BOOLEAN';
    case 'DATE':
      return text || isTimestamp(from);
    case 'TIME':
      return text || isTimestamp(from);
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return text || from.root === 'DATE' || from.root === 'TIME';
    case 'INTERVAL_YEAR_MONTH':
    case 'INTERVAL_DAY_TIME':
      return isExact(from);
    default:
      return false;
  }
}
