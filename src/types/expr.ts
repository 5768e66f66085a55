import type { ErrorPlace } from '../base/errors.js';
import type { LogicalType } from './logical.js';

/**
 * A typed expression over the leaf columns of one batch: pure data, the emitter's input.
 * The planner has already resolved names, chosen functions by Flink's rules and inserted every CAST.
 */
export type Expr = ColumnRef | Literal | Call;

export interface ColumnRef {
  readonly op: 'col';
  /** leaf index in the input */
  readonly index: number;
  readonly type: LogicalType;
}

export interface Literal {
  readonly op: 'lit';
  /**
   * null; boolean; number for TINYINT..INTEGER, DATE (days), TIME (ms), FLOAT, DOUBLE, INTERVAL_YEAR_MONTH (months);
   * bigint for BIGINT, DECIMAL (unscaled), TIMESTAMP(_LTZ) (in the type's unit), INTERVAL_DAY_TIME (ms); string for CHAR/VARCHAR.
   */
  readonly value: null | boolean | number | bigint | string;
  readonly type: LogicalType;
}

export interface Call {
  readonly op: 'call';
  readonly fn: FunctionName;
  readonly args: readonly Expr[];
  /** the result's type, decided by the planner */
  readonly type: LogicalType;
  /** where it was written, for the error that it may end in; two calls that differ in this alone are equal */
  readonly written?: Written;
}

/** A piece of a script as its author wrote it. */
export interface Written {
  readonly text: string;
  readonly place: ErrorPlace;
}

/**
 * The functions the emitter knows. Comparison arguments have one common type; arithmetic arguments have the result's type,
 * but DECIMAL arithmetic keeps its operands' own precision and scale, and timestamp +/- interval keeps both.
 */
export type FunctionName =
  // arithmetic (ints wrap as in Java; DECIMAL overflow gives NULL; int / 0 and int % 0 fail the job)
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'neg'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'power'
  | 'sqrt'
  | 'ln'
  | 'log10'
  | 'exp'
  | 'sign'
  // comparison and three-valued logic
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'not'
  | 'isNull'
  | 'isNotNull'
  | 'isTrue'
  | 'isFalse'
  | 'isNotTrue'
  | 'isNotFalse'
  | 'isDistinctFrom'
  | 'isNotDistinctFrom'
  /** args: value, then literals of its type */
  | 'in'
  // conditional; 'case' args: cond, value, cond, value, ..., else
  | 'case'
  | 'coalesce'
  // of arguments of one type; NULL when one is
  | 'greatest'
  | 'least'
  | 'nullIf'
  // casts: the argument's and the result's types say which
  | 'cast'
  | 'tryCast'
  // strings; position: sought, text, [character to begin at]; like: value, pattern, [escape]; substring: value, start (1-based), [length]; trim: both|leading|trailing as separate names
  | 'like'
  | 'concat'
  | 'substring'
  | 'upper'
  | 'lower'
  | 'charLength'
  | 'trim'
  | 'ltrim'
  | 'rtrim'
  | 'position'
  | 'replace'
  | 'splitIndex'
  | 'regexpExtract'
  | 'concatWs'
  // maps; item: map, key; map: key, value, key, value, ...
  | 'item'
  | 'map'
  // time; extract: a string literal unit (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, ...) first
  | 'extract'
  | 'toTimestampLtz'
  | 'toTimestamp'
  | 'currentTimestamp'
  | 'currentDate'
  | 'localTimestamp'
  | 'proctime'
  | 'dateFormat'
  | 'floorTo'
  | 'ceilTo'
  /** the start, in local time, of the window that holds an instant; args: rowtime, size and offset as BIGINT literals of ms */
  | 'windowStart'
  | 'currentWatermark';
