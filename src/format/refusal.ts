import {
  E_BAD_FIELD,
  E_INVALID_UTF8,
  E_MISSING_FIELD,
  E_OUT_OF_MEMORY,
  E_RECORD_TOO_LONG,
  R_BAD_ESCAPE,
  R_BAD_FIELD,
  R_BAD_NUMBER,
  R_BAD_TOKEN,
  R_CSV_QUOTE,
  R_CSV_TOO_FEW,
  R_CSV_TOO_MANY,
  R_ENDS_EARLY,
  R_EXPECTED_COLON,
  R_EXPECTED_COMMA,
  R_EXPECTED_KEY,
  R_EXPECTED_ROW,
  R_MISSING,
  R_NOT_OBJECT,
  R_TOO_DEEP,
  R_TOO_LONG,
  R_UTF8,
} from '#abi';
import { type ErrorCode, type ErrorPlace, MillraceError } from '../base/errors.js';
import { NESTING_MAX, RECORD_BYTES_MAX } from '../base/limits.js';
import type { Leaf } from '../types/leaf.js';
import { typeToString } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';

/** A record a kernel refused: where it is, why, and at which byte. */
export interface Refusal {
  readonly code: number;
  readonly ptr: number;
  readonly length: number;
  readonly reason: number;
  /** byte offset of the trouble in the record */
  readonly offset: number;
  readonly leaf: number;
}

const TEXTS: Readonly<Record<number, string>> = {
  [R_NOT_OBJECT]: 'the record is not a JSON object',
  [R_ENDS_EARLY]: 'the record ends too early',
  [R_EXPECTED_KEY]: 'a field name in double quotes was expected',
  [R_EXPECTED_COLON]: "':' was expected",
  [R_EXPECTED_COMMA]: "',' or a closing bracket was expected",
  [R_BAD_NUMBER]: 'a number is not well-formed',
  [R_BAD_TOKEN]: 'a value was expected (string, number, object, array, true, false or null)',
  [R_BAD_ESCAPE]: 'a string has an escape that JSON does not know',
  [R_UTF8]: 'a string is not valid UTF-8',
  [R_TOO_DEEP]: `values are nested deeper than ${NESTING_MAX}`,
  [R_TOO_LONG]: `the record is longer than ${RECORD_BYTES_MAX} bytes`,
  [R_CSV_QUOTE]: 'text stands between a closing quote and the delimiter',
  [R_CSV_TOO_MANY]: 'the record has more fields than the table has columns',
  [R_CSV_TOO_FEW]: 'the record has fewer fields than the table has columns',
};

/** Why, in words. */
export function refusalText(r: Refusal, leaves: readonly Leaf[]): string {
  const leaf = leaves[r.leaf];
  if (r.reason === R_BAD_FIELD || r.reason === R_EXPECTED_ROW) {
    return `field '${leaf.path.join('.')}' does not convert to ${typeToString(leaf.type)} at byte ${r.offset}`;
  }
  if (r.reason === R_MISSING) return 'a declared field is missing';
  return `${TEXTS[r.reason] ?? 'the record is not well-formed'} at byte ${r.offset}`;
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  [E_BAD_FIELD]: 'BAD_FIELD',
  [E_MISSING_FIELD]: 'MISSING_FIELD',
  [E_INVALID_UTF8]: 'INVALID_UTF8',
  [E_RECORD_TOO_LONG]: 'RECORD_TOO_LONG',
};

const EXCERPT_BYTES = 160;

/** The error a strict format throws. */
export function refusalError(format: string, engine: Engine, r: Refusal, leaves: readonly Leaf[], place: ErrorPlace): MillraceError {
  if (r.code === E_OUT_OF_MEMORY) {
    return new MillraceError('OUT_OF_MEMORY', `a slot's memory could not hold the strings of a ${format} batch`, { place, remedy: 'Raise the parallelism.' });
  }
  const from = Math.max(0, Math.min(r.offset - EXCERPT_BYTES / 2, r.length - EXCERPT_BYTES));
  const to = Math.min(r.length, from + EXCERPT_BYTES);
  const text = new TextDecoder().decode(engine.u8.slice(r.ptr + from, r.ptr + to)).replace(/\p{Cc}/gu, ' ');
  const excerpt = `${from > 0 ? '...' : ''}${text}${to < r.length ? '...' : ''}`;
  return new MillraceError(CODES[r.code] ?? 'MALFORMED_RECORD', `${format}: ${refusalText(r, leaves)}`, {
    place: { ...place, excerpt },
    remedy:
      r.code === E_RECORD_TOO_LONG
        ? 'Split the record, or look for a missing newline.'
        : r.code === E_MISSING_FIELD
          ? `Correct the input, or set '${format}.fail-on-missing-field' = 'false'.`
          : `Correct the input, or set '${format}.ignore-parse-errors' = 'true' to skip what does not parse.`,
  });
}
