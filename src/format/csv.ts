import { type ErrorPlace, MillraceError } from '../base/errors.js';
import { RECORD_BYTES_MAX } from '../base/limits.js';
import type { Format, RecordDecoder, RecordEncoder } from '../contract/format.js';
import { option, optionKind, type OptionValues, readOptions, type TextOptions } from '../contract/options.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { allocated, KernelDecoder } from './decoder.js';
import { KernelEncoder, pinText } from './encoder.js';
import { fieldKind } from './fields.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    csvSetup(x: number, columns: number, delimiter: number, quote: number, escapeWith: number, flags: number, nullText: number, nullLength: number): number;
    csvPosition(x: number, position: number, leaf: number): void;
    csvLines(x: number, ptr: number, end: number, batch: number): number;
    csvSlices(x: number, slices: number, count: number, batch: number, rowSlice: number): number;
    csvOptions(w: number, delimiter: number, quote: number, escapeWith: number, nullText: number, nullLength: number): void;
    csvWrite(w: number, batch: number, lines: number): number;
  }
}

/** Flink's options of the csv format. One table can be read and written, so both sides know them all. */
const options = {
  'field-delimiter': option(optionKind.string, "one character between fields; '\\t' is the tab", ','),
  'disable-quote-character': option(optionKind.boolean, 'no character quotes', false),
  'quote-character': option(optionKind.string, 'the character around fields with special characters', '"'),
  'allow-comments': option(optionKind.boolean, "skip lines that begin with '#', and blank lines", false),
  'ignore-parse-errors': option(optionKind.boolean, 'NULL for fields that do not convert; skip and count records that do not parse', false),
  'array-element-delimiter': option(optionKind.string, 'the text between elements of arrays', ';'),
  'escape-character': option(optionKind.string, 'the character that takes the meaning from the next one; none by default'),
  'null-literal': option(optionKind.string, 'the text that means NULL; none by default'),
  'write-bigdecimal-in-scientific-notation': option(optionKind.boolean, 'write decimals as 1E+2 instead of 100.00', false),
  'trim-spaces': option(optionKind.boolean, 'drop blanks around fields', false),
  'ignore-trailing-unmappable': option(optionKind.boolean, 'ignore fields behind the last column', false),
  'allow-trailing-comma': option(optionKind.boolean, 'allow one delimiter behind the last field', true),
  'fail-on-missing-columns': option(optionKind.boolean, 'refuse records with fewer fields even where errors are ignored', false),
  'empty-string-as-null': option(optionKind.boolean, 'empty fields are NULL', false),
} as const;

export interface CsvOptions extends OptionValues<typeof options> {
  /** bytes; 0 = none */
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\t': '\t', '\\b': '\b', '\\f': '\f', '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

function oneCharacter(key: string, text: string | undefined, place: ErrorPlace): number {
  if (text === undefined) return 0;
  const c = ESCAPES[text] ?? /^\\u([0-9a-f]{4})$/i.exec(text)?.[1].replace(/.*/, (h) => String.fromCharCode(Number.parseInt(h, 16))) ?? text;
  const code = c.charCodeAt(0);
  if (c.length !== 1 || code > 127 || code === 10 || code === 13) {
    throw new MillraceError('INVALID_OPTION', `'csv.${key}' must be one ASCII character, not '${text}'`, {
      place,
      remedy: "Give a single character such as ';' or '\\t'.",
    });
  }
  return code;
}

function check(given: TextOptions, place: ErrorPlace): CsvOptions {
  const o = readOptions("format 'csv'", options, given, place);
  if (o['disable-quote-character'] && given['quote-character'] !== undefined) {
    throw new MillraceError('INVALID_OPTION', "'csv.disable-quote-character' and 'csv.quote-character' exclude each other", {
      place,
      remedy: 'Remove one of them.',
    });
  }
  return {
    ...o,
    delimiter: oneCharacter('field-delimiter', o['field-delimiter'], place),
    quote: o['disable-quote-character'] ? 0 : oneCharacter('quote-character', o['quote-character'], place),
    escape: oneCharacter('escape-character', o['escape-character'], place),
  };
}

/** Flink's csv format has no intervals, and nested rows only as arrays of text, which we do not read. */
function csvKind(leaf: Leaf): { kind: number; arg: number } {
  const root = leaf.type.root;
  if (root === 'ROW' || root === 'INTERVAL_DAY_TIME' || root === 'INTERVAL_YEAR_MONTH') {
    throw new MillraceError('NOT_SUPPORTED', `the format 'csv' has no ${root === 'ROW' ? 'nested ROW' : 'INTERVAL'} for '${leaf.path.join('.')}'`, {
      remedy: "Use the format 'json', or declare a flat column.",
    });
  }
  return fieldKind('csv', leaf);
}

class CsvDecoder extends KernelDecoder {
  constructor(engine: Engine, o: CsvOptions, leaves: readonly Leaf[], tableLeaves: readonly Leaf[]) {
    super('csv', engine, leaves, o['ignore-parse-errors']);
    const k = engine.kernels;
    k.scanOptions(this.context, +o['ignore-parse-errors'], +o['fail-on-missing-columns'], 0, 0, RECORD_BYTES_MAX);
    const flags =
      +o['allow-comments'] + 2 * +o['trim-spaces'] + 4 * +o['allow-trailing-comma'] + 8 * +o['ignore-trailing-unmappable'] + 16 * +o['empty-string-as-null'];
    const literal = o['null-literal'] === undefined ? { ptr: 0, length: 0 } : pinText(engine, o['null-literal']);
    const columns = tableLeaves.filter((l) => l.path.length === 1).map((l) => l.path[0]);
    allocated(engine, k.csvSetup(this.context, columns.length, o.delimiter, o.quote, o.escape, flags, literal.ptr, literal.length));
    leaves.forEach((leaf, i) => {
      const { kind, arg } = csvKind(leaf);
      k.scanLeaf(this.context, i, kind, arg, i + 1);
      const position = columns.indexOf(leaf.path[0]);
      if (position < 0) throw new MillraceError('INTERNAL', `column '${leaf.path[0]}' is not a column of the csv table`, {});
      k.csvPosition(this.context, position, i);
    });
  }

  protected scanLines(ptr: number, end: number, batch: number): number {
    return this.engine.kernels.csvLines(this.context, ptr, end, batch);
  }

  protected scanSlices(slices: number, count: number, batch: number, rowSlice: number): number {
    return this.engine.kernels.csvSlices(this.context, slices, count, batch, rowSlice);
  }
}

class CsvEncoder extends KernelEncoder {
  constructor(engine: Engine, o: CsvOptions, leaves: readonly Leaf[]) {
    super(engine, leaves.length);
    const k = engine.kernels;
    k.writeOptions(this.context, 0, +!o['write-bigdecimal-in-scientific-notation'], 0);
    const literal = pinText(engine, o['null-literal'] ?? '');
    k.csvOptions(this.context, o.delimiter, o.quote, o.escape, literal.ptr, literal.length);
    leaves.forEach((leaf, i) => {
      const { kind, arg } = csvKind(leaf);
      // the null literal's bytes are reserved as a json name's are
      k.writeLeaf(this.context, i, kind, arg, 0, literal.length, i + 1);
    });
  }

  protected write(batch: number, lines: number): number {
    return this.engine.kernels.csvWrite(this.context, batch, lines);
  }
}

/** How records are told apart in a stream of csv bytes: characters as bytes (0 = none), flags of the kernel csvRecordEnd. Plain data. */
export interface CsvFraming {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
  readonly flags: number;
}

/** The framing of checked options; undefined when every newline ends a record. */
export function csvFraming(given: TextOptions): CsvFraming | undefined {
  const o = check(given, {});
  if (o.quote === 0 && o.escape === 0) return undefined;
  return { delimiter: o.delimiter, quote: o.quote, escape: o.escape, flags: +o['allow-comments'] + 2 * +o['trim-spaces'] };
}

/** Comma-separated values by position, as Flink's csv format reads and writes them (docs/formats/csv.md). */
export const format: Format = {
  name: 'csv',
  decoderOptions: options,
  encoderOptions: options,
  check(given: TextOptions, _role, place: ErrorPlace): void {
    check(given, place);
  },
  checkColumn(leaf: Leaf): void {
    csvKind(leaf);
  },
  createDecoder(engine: Engine, given: TextOptions, leaves: readonly Leaf[], tableLeaves?: readonly Leaf[]): RecordDecoder {
    return new CsvDecoder(engine, check(given, {}), leaves, tableLeaves ?? leaves);
  },
  createEncoder(engine: Engine, given: TextOptions, leaves: readonly Leaf[]): RecordEncoder {
    return new CsvEncoder(engine, check(given, {}), leaves);
  },
};
