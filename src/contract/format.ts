import type { Batch } from '../batch/batch.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import type { ErrorPlace } from '../base/errors.js';
import type { OptionDefs, TextOptions } from './options.js';

/** A format and its options (keys without the format's prefix: 'ignore-parse-errors', not 'json.ignore-parse-errors'). Plain data. */
export interface FormatConfig {
  readonly name: string;
  readonly options: TextOptions;
}

/** Where a bad record stands, as the reader knows it; called only when a message or a dead letter is needed. */
export type RecordPlace = (recordPtr: number, recordLength: number) => ErrorPlace;

/** A bad record that was skipped, for the dead-letter output: its bytes are valid during the call. */
export type BadRecord = (ptr: number, length: number, reason: string) => void;

/**
 * Turns bytes in wasm memory into rows. Input must stay pinned while the batch is used (strings are views into it) and have INPUT_PAD readable bytes around it.
 * Bad records follow the format's options: strict ones throw a MillraceError (place from `place`), others become NULL fields or skipped, counted records.
 */
export interface RecordDecoder {
  /** Decodes newline-separated records of [ptr, end) and appends rows until the batch is full. The last record may lack its newline. Returns the pointer after the last consumed record. */
  decodeLines(ptr: number, end: number, batch: Batch): number;
  /**
   * Decodes records given as pairs { u32 ptr, u32 length }[count]. Appends rows until the batch is full; returns how many slices were consumed.
   * When `rowSlice` is not 0, the slice number of row r is stored at rowSlice + 4 * r.
   */
  decodeSlices(slices: number, count: number, batch: Batch, rowSlice: number): number;
  /** records skipped as malformed so far (ignore-parse-errors) */
  readonly skipped: number;
  /** fields set to NULL because they did not convert (ignore-parse-errors) */
  readonly nulled: number;
  onBadRecord?: BadRecord;
  place: RecordPlace;
}

/** Turns rows into bytes. */
export interface RecordEncoder {
  /** Encodes the selected rows with a newline after each. Returns pointer and length of bytes the encoder owns until its next call. */
  encodeLines(batch: Batch): { ptr: number; length: number };
  /** Encodes the selected rows without separators; slice k is { u32 ptr, u32 length } at `slices` + 8 * k. */
  encodeSlices(batch: Batch): { slices: number; count: number };
}

export interface Format {
  readonly name: string;
  readonly decoderOptions: OptionDefs;
  readonly encoderOptions: OptionDefs;
  /** Plan time: options that exclude each other. */
  check(options: TextOptions, role: 'decode' | 'encode', place: ErrorPlace): void;
  /** Plan time: fails with NOT_SUPPORTED for a column whose type the format cannot carry. */
  checkColumn?(leaf: Leaf): void;
  /**
   * `leaves` are the projected columns the batch has. `tableLeaves`, the leaves of all physical columns in the table's order, tell a positional
   * format (csv) where they stand in a record; without them the record has the projected columns only.
   */
  createDecoder(engine: Engine, options: TextOptions, leaves: readonly Leaf[], tableLeaves?: readonly Leaf[]): RecordDecoder;
  createEncoder(engine: Engine, options: TextOptions, leaves: readonly Leaf[]): RecordEncoder;
}
