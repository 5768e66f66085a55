// Rows as CSV, byte for byte as Flink's csv format (Jackson's CsvEncoder with loose quoting) writes them.
import { BATCH_SEL, BATCH_SEL_COUNT, F_BOOL, F_BYTES, F_DECIMAL, F_F32, F_F64, F_I16, F_I32, F_I64, F_I8, F_STR } from "../abi";
import { copyShort } from "../bytes";
import {
  isPresent, W_BUFFER, W_DELIMITER, W_ESCAPE, W_LEAF, W_LEAVES, W_LENGTH, W_MIN_SAFE, W_NULL, W_NULL_LENGTH, W_PLAIN, W_QUOTE, WL_BYTES,
  WL_KIND, WL_VALUES, writeBegin, writeReserve, writeReserveSlices,
} from "./context";
import { writeBase64, writeValue } from "./values";

/** Longer texts (in UTF-16 units) are quoted without a look at them. */
const QUOTE_CHECK_MAX: u32 = 24;

// Scratch, not state: texts of fixed width before their quotes are decided.
const TEXT = memory.data(64, 16);

export function csvOptions(w: usize, delimiter: u32, quote: u32, escape: u32, nullText: usize, nullLength: u32): void {
  store<u32>(w, delimiter, W_DELIMITER);
  store<u32>(w, quote, W_QUOTE);
  store<u32>(w, escape, W_ESCAPE);
  store<u32>(w, nullText as u32, W_NULL);
  store<u32>(w, nullLength, W_NULL_LENGTH);
  const high = delimiter > quote ? delimiter : quote;
  store<u32>(w, (high > 0x0d ? high : 0x0d) + 1, W_MIN_SAFE);
}

/** UTF-16 units of [p, e), counted no further than just beyond the limit. */
function isLong(p: usize, e: usize): bool {
  if (e - p <= (QUOTE_CHECK_MAX as usize)) return false;
  let n: u32 = 0;
  for (; p < e && n <= QUOTE_CHECK_MAX; p++) {
    const c = load<u8>(p);
    if ((c & 0xc0) != 0x80) n += c >= 0xf0 ? 2 : 1;
  }
  return n > QUOTE_CHECK_MAX;
}

function needsQuotes(w: usize, p: usize, e: usize): bool {
  if (isLong(p, e)) return true;
  const minSafe = load<u32>(w, W_MIN_SAFE);
  for (; p < e; p++) {
    const c: u32 = load<u8>(p);
    if (c < minSafe || c == 0x5c) return true;
  }
  return false;
}

function writeText(w: usize, o: usize, p: usize, e: usize): usize {
  const quote = load<u32>(w, W_QUOTE);
  if (quote == 0 || p == e || !needsQuotes(w, p, e)) {
    copyShort(o, p, e - p);
    return o + (e - p);
  }
  const escape = load<u32>(w, W_ESCAPE);
  store<u8>(o++, quote);
  for (; p < e; p++) {
    const c: u32 = load<u8>(p);
    if (c == quote) store<u8>(o++, quote);
    else if (c == escape && escape != 0) store<u8>(o++, escape);
    store<u8>(o++, c);
  }
  store<u8>(o, quote);
  return o + 1;
}

function writeField(w: usize, o: usize, l: usize, row: u32): usize {
  if (!isPresent(l, row)) {
    const n = load<u32>(w, W_NULL_LENGTH) as usize;
    copyShort(o, load<u32>(w, W_NULL) as usize, n);
    return o + n;
  }
  const kind = load<u32>(l, WL_KIND);
  const values = load<u32>(l, WL_VALUES) as usize;
  if (kind == F_STR) {
    const p = load<u32>(values + ((row as usize) << 3)) as usize;
    return writeText(w, o, p, p + load<u32>(values + ((row as usize) << 3), 4));
  }
  if (kind == F_BYTES) {
    const p = load<u32>(values + ((row as usize) << 3)) as usize;
    const n = load<u32>(values + ((row as usize) << 3), 4);
    // the text goes behind the room its quotes may take, then back
    const t = o + 1;
    const e = writeBase64(t, p, p + n);
    const quote = load<u32>(w, W_QUOTE);
    if (quote != 0 && needsQuotes(w, t, e)) {
      store<u8>(o, quote);
      store<u8>(e, quote);
      return e + 1;
    }
    copyShort(o, t, e - t);
    return o + (e - t);
  }
  const plain = load<u32>(w, W_PLAIN) != 0;
  const bare = kind == F_BOOL || kind == F_I8 || kind == F_I16 || kind == F_I32 || kind == F_I64 || kind == F_F32 || kind == F_F64 || kind == F_DECIMAL;
  if (bare) return writeValue(o, l, row, false, plain);
  return writeText(w, o, TEXT, writeValue(TEXT, l, row, false, plain));
}

/** As jsonWrite. */
export function csvWrite(w: usize, batch: usize, lines: u32): u32 {
  writeBegin(w, batch);
  let slices: usize = 0;
  if (lines == 0) {
    slices = writeReserveSlices(w, batch);
    if (slices == 0) return 0;
  }
  const n = load<u32>(batch, BATCH_SEL_COUNT);
  const sel = load<u32>(batch, BATCH_SEL) as usize;
  const leaves = load<u32>(w, W_LEAVES);
  const delimiter = load<u32>(w, W_DELIMITER);
  let used: usize = 0;
  for (let k: u32 = 0; k < n; k++) {
    const row = load<u32>(sel + ((k as usize) << 2));
    const buffer = writeReserve(w, row, used);
    if (buffer == 0) return 0;
    const start = buffer + used;
    let o = start;
    for (let i: u32 = 0; i < leaves; i++) {
      if (i != 0) store<u8>(o++, delimiter);
      o = writeField(w, o, (load<u32>(w, W_LEAF) as usize) + (i as usize) * WL_BYTES, row);
    }
    if (lines != 0) store<u8>(o++, 0x0a);
    else {
      store<u32>(slices + ((k as usize) << 3), used as u32); // an offset until the buffer stops moving
      store<u32>(slices + ((k as usize) << 3), (o - start) as u32, 4);
    }
    used = o - buffer;
  }
  const buffer = load<u32>(w, W_BUFFER);
  if (lines == 0) {
    for (let k: u32 = 0; k < n; k++) {
      const s = slices + ((k as usize) << 3);
      store<u32>(s, load<u32>(s) + buffer);
    }
  }
  store<u32>(w, used as u32, W_LENGTH);
  return 1;
}
