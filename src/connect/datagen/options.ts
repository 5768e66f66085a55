import { type ErrorPlace, MillraceError, nearest } from '../../base/errors.js';
import { parseDurationMs } from '../../base/quantity.js';
import { option, optionKind, readOptions, type TextOptions } from '../../contract/options.js';
import type { LogicalType, Schema } from '../../types/logical.js';
import { STRING_LENGTH, typeToString } from '../../types/logical.js';

export const OPTIONS = {
  'rows-per-second': option(optionKind.int, 'rows a second of all subtasks together', 10000),
  'number-of-rows': option(optionKind.int, 'rows of all subtasks together; absent = without end'),
  'fields.*': option(optionKind.string, "how a field is made: 'fields.<name>.kind', '.min', '.max', '.length', '.start', ..."),
};

/** Flink's default length of a random STRING or BYTES. */
const LENGTH_DEFAULT = 100;
/** Largest and smallest positive double and float: Flink's defaults are Java's MIN_VALUE and MAX_VALUE. */
const FLOAT_MIN = 1.401298464324817e-45;
const FLOAT_MAX = 3.4028234663852886e38;

/** How one column is made: plain data, checked. */
export type FieldSpec =
  | { readonly kind: 'sequence'; readonly start: number; readonly end: number }
  | { readonly kind: 'integer'; readonly min: bigint; readonly max: bigint; readonly nullRate: number }
  | { readonly kind: 'real'; readonly min: number; readonly max: number; readonly nullRate: number }
  | { readonly kind: 'boolean'; readonly nullRate: number }
  | { readonly kind: 'hex' | 'bytes'; readonly length: number; readonly variable: boolean; readonly nullRate: number }
  | { readonly kind: 'time'; readonly maxPastMs: number; readonly nullRate: number }
  | { readonly kind: 'row'; readonly nullRate: number };

export interface DatagenPlan {
  readonly rowsPerSecond: number;
  /** rows of all subtasks: the least of number-of-rows and the sequences; undefined = without end */
  readonly rows: number | undefined;
  /** by leaf */
  readonly fields: readonly FieldSpec[];
}

/**
 * Checks all options against the table's schema. With `projected` the schema may lack columns of the table that nobody reads:
 * their options were checked before, and their sequences still end the table.
 */
export function planDatagen(schema: Schema, given: TextOptions, place: ErrorPlace, projected = false): DatagenPlan {
  const options = readOptions("connector 'datagen'", OPTIONS, given, place);
  const texts = new Map(Object.entries(options['fields.*']));
  const known: string[] = [];
  const fields: FieldSpec[] = [];
  const visit = (name: string, type: LogicalType): void => {
    const take = (key: string): string | undefined => {
      known.push(`fields.${name}.${key}`);
      const text = texts.get(`${name}.${key}`);
      texts.delete(`${name}.${key}`);
      return text;
    };
    fields.push(fieldSpec(name, type, take, place));
    if (type.root === 'ROW') for (const f of type.fields) visit(`${name}.${f.name}`, f.type);
  };
  for (const f of schema.fields) visit(f.name, f.type);
  for (const key of projected ? [] : texts.keys()) {
    const near = nearest(`fields.${key}`, known);
    throw new MillraceError('UNKNOWN_OPTION', `connector 'datagen' has no option 'fields.${key}' for this table`, {
      place,
      remedy: near === undefined ? `Options of its fields: ${known.join(', ')}` : `Did you mean '${near}'?`,
    });
  }
  const rates = options['rows-per-second'];
  if (rates <= 0) throw invalid('rows-per-second', String(rates), 'a number above 0', place);
  const limits = fields.flatMap((f) => (f.kind === 'sequence' ? [f.end - f.start + 1] : []));
  for (const [key, value] of texts) {
    if (!key.endsWith('.kind') || value.toLowerCase() !== 'sequence') continue;
    const name = key.slice(0, -'.kind'.length);
    limits.push(Number(texts.get(`${name}.end`)) - Number(texts.get(`${name}.start`)) + 1);
  }
  if (options['number-of-rows'] !== undefined) limits.push(options['number-of-rows']);
  return { rowsPerSecond: rates, rows: limits.length === 0 ? undefined : Math.max(0, Math.min(...limits)), fields };
}

function invalid(key: string, text: string, expected: string, place: ErrorPlace): MillraceError {
  return new MillraceError('INVALID_OPTION', `'${text}' is not valid for option '${key}' of connector 'datagen'`, { place, remedy: `Give ${expected}.` });
}

type Take = (key: string) => string | undefined;

function fieldSpec(name: string, type: LogicalType, take: Take, place: ErrorPlace): FieldSpec {
  const kind = (take('kind') ?? 'random').toLowerCase();
  if (kind === 'sequence') return sequence(name, type, take, place);
  if (kind !== 'random') throw invalid(`fields.${name}.kind`, kind, "'random' or 'sequence'", place);
  const number = (key: string, otherwise: number): number => {
    const text = take(key);
    const n = text === undefined ? otherwise : text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(n)) throw invalid(`fields.${name}.${key}`, text ?? '', 'a number', place);
    return n;
  };
  const nullRate = number('null-rate', 0);
  switch (type.root) {
    case 'BOOLEAN':
      return { kind: 'boolean', nullRate };
    case 'TINYINT':
      return integer(name, take, -128n, 127n, nullRate, place);
    case 'SMALLINT':
      return integer(name, take, -32768n, 32767n, nullRate, place);
    case 'INTEGER':
      return integer(name, take, -(2n ** 31n), 2n ** 31n - 1n, nullRate, place);
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return integer(name, take, -(2n ** 63n), 2n ** 63n - 1n, nullRate, place);
    case 'INTERVAL_YEAR_MONTH':
      return integer(name, take, 0n, 120000n, nullRate, place);
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL': {
      const [low, high] = type.root === 'FLOAT' ? [FLOAT_MIN, FLOAT_MAX] : [Number.MIN_VALUE, Number.MAX_VALUE];
      let min = number('min', low);
      let max = number('max', high);
      if (type.root === 'DECIMAL') {
        const bound = 10 ** (type.precision - type.scale) - 1;
        min = Math.max(min, -bound);
        max = Math.min(max, bound);
      }
      if (min > max) throw invalid(`fields.${name}.max`, String(max), `a number above ${min}`, place);
      return { kind: 'real', min, max, nullRate };
    }
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return text(name, type, take, nullRate, place);
    case 'DATE':
    case 'TIME':
      return { kind: 'time', maxPastMs: 0, nullRate };
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return { kind: 'time', maxPastMs: duration(name, take('max-past'), place), nullRate };
    case 'ROW':
      return { kind: 'row', nullRate };
    default:
      throw new MillraceError('NOT_SUPPORTED', `connector 'datagen' cannot make ${typeToString(type)} (field '${name}')`, {
        place,
        remedy: 'Use another type.',
      });
  }
}

function duration(name: string, textOption: string | undefined, place: ErrorPlace): number {
  if (textOption === undefined) return 0;
  try {
    return parseDurationMs(textOption);
  } catch {
    throw invalid(`fields.${name}.max-past`, textOption, "a duration such as '10 s'", place);
  }
}

function integer(name: string, take: Take, low: bigint, high: bigint, nullRate: number, place: ErrorPlace): FieldSpec {
  const read = (key: string, otherwise: bigint): bigint => {
    const given = take(key);
    if (given === undefined) return otherwise;
    const n = /^[+-]?\d+$/.test(given.trim()) ? BigInt(given.trim().replace('+', '')) : undefined;
    if (n === undefined || n < low || n > high) throw invalid(`fields.${name}.${key}`, given, `a whole number from ${low} to ${high}`, place);
    return n;
  };
  const min = read('min', low);
  const max = read('max', high);
  if (min > max) throw invalid(`fields.${name}.max`, String(max), `a number from ${min} on`, place);
  return { kind: 'integer', min, max, nullRate };
}

function text(
  name: string,
  type: LogicalType & { root: 'CHAR' | 'VARCHAR' | 'BINARY' | 'VARBINARY' },
  take: Take,
  nullRate: number,
  place: ErrorPlace,
): FieldSpec {
  const fixed = type.root === 'CHAR' || type.root === 'BINARY';
  const kind = type.root === 'CHAR' || type.root === 'VARCHAR' ? 'hex' : 'bytes';
  const given = take('length');
  const variable = take('var-len')?.toLowerCase() === 'true';
  if (fixed && given !== undefined) throw invalid(`fields.${name}.length`, given, `no length: ${typeToString(type)} has its own`, place);
  if (fixed && variable) throw invalid(`fields.${name}.var-len`, 'true', 'it only for STRING, VARCHAR, BYTES and VARBINARY', place);
  const length = given === undefined ? (type.length === STRING_LENGTH ? LENGTH_DEFAULT : type.length) : Number(given);
  if (!Number.isInteger(length) || length < 1 || length > type.length)
    throw invalid(`fields.${name}.length`, given ?? '', `a whole number from 1 to ${type.length}`, place);
  return { kind, length, variable, nullRate };
}

const SEQUENCE_TYPES = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL', 'CHAR', 'VARCHAR', 'BINARY', 'VARBINARY']);

function sequence(name: string, type: LogicalType, take: Take, place: ErrorPlace): FieldSpec {
  const read = (key: string): number => {
    const given = take(key);
    if (given === undefined) {
      throw new MillraceError('MISSING_OPTION', `the sequence of field '${name}' needs the option 'fields.${name}.${key}'`, {
        place,
        remedy: 'Give its first and last number.',
      });
    }
    const n = Number(given);
    if (given.trim() === '' || !Number.isSafeInteger(n)) throw invalid(`fields.${name}.${key}`, given, 'a whole number below 2^53', place);
    return n;
  };
  if (!SEQUENCE_TYPES.has(type.root)) {
    throw new MillraceError('NOT_SUPPORTED', `a sequence of ${typeToString(type)} (field '${name}')`, {
      place,
      remedy: 'Flink has none either: make it random, or compute it from a number.',
    });
  }
  const start = read('start');
  const end = read('end');
  if (end < start) throw invalid(`fields.${name}.end`, String(end), `a number from ${start} on`, place);
  return { kind: 'sequence', start, end };
}
