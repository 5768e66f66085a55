import { looked, thrownStack, thrownText } from './thrown.js';

/**
 * Every failure millrace reports. One list: docs/errors.md mirrors it and a test compares them.
 * A code is stable: users match on it.
 */
export const ERROR_CODES = {
  // bad records
  MALFORMED_RECORD: 'a record is not well-formed in its format',
  BAD_FIELD: "a field's value does not convert to the declared type",
  MISSING_FIELD: 'a declared field is absent and the format was told to fail on that',
  INVALID_UTF8: 'the input is not valid UTF-8',
  RECORD_TOO_LONG: 'a record is longer than the limit',
  NULL_ROWTIME: 'the event-time attribute of a record is NULL',
  NOT_NULL_VIOLATION: 'a NULL arrived for a NOT NULL column of a sink',
  // expressions
  DIVISION_BY_ZERO: 'integer division or modulo by zero',
  CAST_FAILED: 'a CAST met a value it cannot convert',
  ARITHMETIC: 'a number left the range of its type',
  PATTERN_LIMIT: 'a regular expression takes too many steps',
  // SQL
  SQL_SYNTAX: 'the SQL text does not parse',
  SQL_VALIDATION: 'the SQL text parses but has no valid meaning',
  UNKNOWN_TABLE: 'no table or view of that name',
  UNKNOWN_COLUMN: 'no column of that name',
  UNKNOWN_FUNCTION: 'no function of that name and arguments',
  TYPE_MISMATCH: 'types do not fit together',
  NOT_SUPPORTED: 'Flink accepts this; millrace does not yet',
  // configuration
  UNKNOWN_CONNECTOR: 'no connector of that name',
  UNKNOWN_FORMAT: 'no format of that name',
  UNKNOWN_OPTION: 'an option the connector or format does not have',
  INVALID_OPTION: "an option's value is not valid",
  MISSING_OPTION: 'a required option is absent',
  // the outside world
  FILE_NOT_FOUND: 'a file or folder does not exist',
  FILE_READ: 'a file could not be read',
  FILE_WRITE: 'a file could not be written',
  KAFKA_UNREACHABLE: 'no broker answers',
  KAFKA_UNKNOWN_TOPIC: 'the topic does not exist',
  KAFKA_PROTOCOL: 'the broker answered with an error',
  KAFKA_CORRUPT_BATCH: 'a record batch is damaged',
  KAFKA_UNSUPPORTED_CODEC: 'a record batch is compressed with a codec that is not available',
  KAFKA_OFFSET: 'the requested offset does not exist',
  KAFKA_CLIENT: 'the installed kafkajs lacks a part millrace uses',
  // the job
  USER_CODE: "a function of the user's threw",
  ROW_EXPIRED: 'a row handle was used after its batch',
  GRAPH_INVALID: 'the job graph cannot run as built',
  PACKAGE_INCOMPLETE: "a file of millrace's own is not there",
  SLOT_DIED: 'a worker thread ended before its work was done',
  OUT_OF_MEMORY: 'a slot reached its memory limit',
  STATE_INCOMPATIBLE: 'saved state does not fit the operator that is to take it',
  CANCELLED: 'the job was cancelled',
  INTERNAL: 'a bug in millrace',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Where it happened: whatever is known. `line` and `column` count from 1. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  column?: number;
  topic?: string;
  partition?: number;
  offset?: bigint | number;
  /** name of the operator or table */
  operator?: string;
  /** the offending text, with a caret under it when `column` is known */
  excerpt?: string;
}

/** The one error type. `code` says what, `place` where, `remedy` what to do; `cause` is kept. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  readonly code: ErrorCode;
  readonly place: ErrorPlace;
  readonly remedy: string;
  readonly #own = true;
  /** the row of the batch it happened in, as long as a source may still say which record that was */
  row?: number;

  constructor(code: ErrorCode, message: string, options: { place?: ErrorPlace; remedy?: string; cause?: unknown } = {}) {
    const place = options.place ?? {};
    const remedy = options.remedy ?? '';
    super([message, describePlace(place), remedy].filter((s) => s !== '').join('\n  '), { cause: options.cause });
    this.code = code;
    this.place = place;
    this.remedy = remedy;
  }

  /** A form that survives structured clone between threads. */
  toPlain(): PlainError {
    return {
      code: this.code,
      message: this.message,
      place: this.place,
      remedy: this.remedy,
      stack: this.stack ?? '',
      cause: this.cause === undefined ? '' : thrownStack(this.cause) || thrownText(this.cause),
    };
  }

  static fromPlain(p: PlainError): MillraceError {
    const e = new MillraceError(p.code, p.message, { cause: p.cause === '' ? undefined : p.cause });
    Object.assign(e, { place: p.place, remedy: p.remedy });
    e.stack = p.stack;
    return e;
  }

  /** The same failure with the operator, or the place, where it happened, unless its place is known. */
  at(where: string | ErrorPlace): MillraceError {
    if (Object.keys(this.place).length > 0) return this;
    return this.within(typeof where === 'string' ? { operator: where } : where);
  }

  /** The same failure with more known of its place. */
  within(more: ErrorPlace): MillraceError {
    const shown = [describePlace(this.place), this.remedy].filter((s) => s !== '').join('\n  ');
    const text = shown === '' ? this.message : this.message.slice(0, -shown.length).trimEnd();
    return new MillraceError(this.code, text, { place: { ...this.place, ...more }, remedy: this.remedy, cause: this.cause });
  }

  /** Not `instanceof`, which a Proxy answers as it likes. */
  static is(error: unknown): error is MillraceError {
    return typeof error === 'object' && error !== null && #own in error;
  }

  /** Any thrown value as a MillraceError; one that already is passes through. */
  static from(error: unknown, code: ErrorCode = 'INTERNAL', place: ErrorPlace = {}): MillraceError {
    if (MillraceError.is(error)) return error;
    const text = looked(() => (error instanceof Error ? String(error.message) : undefined), undefined) ?? thrownText(error);
    return new MillraceError(code, text, {
      place,
      cause: error,
      remedy: code === 'INTERNAL' ? 'This is a bug in millrace: please report it with the stack.' : '',
    });
  }
}

export interface PlainError {
  code: ErrorCode;
  message: string;
  place: ErrorPlace;
  remedy: string;
  stack: string;
  cause: string;
}

/** "at file.sql:3:14", "at topic t, partition 0, offset 17", with the excerpt and caret beneath. */
export function describePlace(place: ErrorPlace): string {
  const at: string[] = [];
  if (place.file !== undefined)
    at.push(place.file + (place.line === undefined ? '' : `:${place.line}`) + (place.column === undefined ? '' : `:${place.column}`));
  else if (place.line !== undefined) at.push(`line ${place.line}${place.column === undefined ? '' : `, column ${place.column}`}`);
  if (place.topic !== undefined) at.push(`topic ${place.topic}`);
  if (place.partition !== undefined) at.push(`partition ${place.partition}`);
  if (place.offset !== undefined) at.push(`offset ${place.offset}`);
  if (place.operator !== undefined) at.push(`operator ${place.operator}`);
  let s = at.length === 0 ? '' : `at ${at.join(', ')}`;
  if (place.excerpt !== undefined) {
    const { text, column } = clip(place.excerpt, place.column);
    s += `${s === '' ? '' : '\n  '}${text}`;
    if (column !== undefined) s += `\n  ${' '.repeat(Math.max(0, column - 1))}^`;
  }
  return s;
}

/** Characters of a line that a message shows around the place of an error. */
const EXCERPT_CHARS_MAX = 200;

/** The part of a long line around its column, and where the column is in it. */
function clip(text: string, column: number | undefined): { text: string; column: number | undefined } {
  if (text.length <= EXCERPT_CHARS_MAX) return { text, column };
  const middle = (column ?? 1) - 1;
  const from = Math.max(0, Math.min(middle - EXCERPT_CHARS_MAX / 2, text.length - EXCERPT_CHARS_MAX));
  const before = from > 0 ? '...' : '';
  const after = from + EXCERPT_CHARS_MAX < text.length ? '...' : '';
  return { text: before + text.slice(from, from + EXCERPT_CHARS_MAX) + after, column: column === undefined ? undefined : column - from + before.length };
}

/** The candidate nearest to `name` by edit distance, when near enough to be a slip; else undefined. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const c of candidates) {
    const d = editDistance(name.toLowerCase(), c.toLowerCase());
    if (d < bestDistance) {
      best = c;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
