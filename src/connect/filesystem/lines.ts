import type { CsvFraming } from '../../format/csv.js';
import type { Engine } from '../../wasm/engine.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    csvRecordEnd(from: number, end: number, delimiter: number, quote: number, escapeWith: number, flags: number): number;
  }
}

/**
 * The address after the last whole record of [from, to), which begins with a record's start; 0 when none is whole.
 * With `framing` a newline between quotes belongs to the record. 16 bytes past `to` must be readable.
 */
export function lastRecordEnd(engine: Engine, from: number, to: number, framing: CsvFraming | undefined): number {
  if (framing !== undefined) return engine.kernels.csvRecordEnd(from, to, framing.delimiter, framing.quote, framing.escape, framing.flags) >>> 0;
  const at = engine.u8.subarray(from, to).lastIndexOf(10);
  return at < 0 ? 0 : from + at + 1;
}

/** Newlines in bytes[from, to). */
export function countNewlines(bytes: Uint8Array, from: number, to: number): number {
  let n = 0;
  for (let at = bytes.indexOf(10, from); at >= 0 && at < to; at = bytes.indexOf(10, at + 1)) n++;
  return n;
}
