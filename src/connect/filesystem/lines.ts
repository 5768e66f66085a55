/**
 * Where the last whole record of bytes[from, to) ends (after its newline), -1 when none does.
 * With `quoted`, a newline between double quotes belongs to the record; `from` is a record's start.
 */
export function lastRecordEnd(bytes: Uint8Array, from: number, to: number, quoted: boolean): number {
  if (!quoted) {
    const at = to > from ? bytes.lastIndexOf(10, to - 1) : -1;
    return at >= from ? at + 1 : -1;
  }
  let cut = -1;
  let outside = from;
  for (;;) {
    let quote = bytes.indexOf(34, outside);
    if (quote >= to) quote = -1;
    const newline = bytes.lastIndexOf(10, (quote < 0 ? to : quote) - 1);
    if (newline >= outside) cut = newline + 1;
    const close = quote < 0 ? -1 : bytes.indexOf(34, quote + 1);
    if (close < 0 || close >= to) return cut;
    outside = close + 1;
  }
}

/** Newlines in bytes[from, to). */
export function countNewlines(bytes: Uint8Array, from: number, to: number): number {
  let n = 0;
  for (let at = bytes.indexOf(10, from); at >= 0 && at < to; at = bytes.indexOf(10, at + 1)) n++;
  return n;
}
