// CSV records into columns by position, as Flink's csv format (Jackson) splits them: quotes only at a field's start, doubled quotes
// inside, an optional escape character, a record ends at a newline outside quotes.
import {
  BATCH_CAPACITY, BATCH_ROWS, E_BAD_FIELD, E_INVALID_UTF8, E_MALFORMED, E_OUT_OF_MEMORY, E_RECORD_TOO_LONG, ERR_CODE, R_BAD_FIELD,
  R_CSV_QUOTE, R_CSV_TOO_FEW, R_CSV_TOO_MANY, R_ENDS_EARLY, R_TOO_LONG, R_UTF8,
} from "../abi";
import { alloc } from "../memory";
import {
  arenaTake, leafOf, refuse, setPresent, X_BAD_LEAF, X_FAIL_MISSING, X_LENIENT, X_NULLED, X_OWN, X_RECORD_MAX, X_ROOT, X_ROW, X_TEXT,
  X_TEXT_LENGTH,
} from "./context";
import { convertCsv } from "./csv-convert";
import { beginBatch, findNewline, selectRows, skipRefused } from "./frame";
import { BAD, GOOD } from "./number";
import { trimEnd, utf8Check } from "./utf8";

// The format's own part of the context; X_ROOT points at i32 leaf numbers by position, -1 = not projected.
const C_COLUMNS: usize = X_OWN;
const C_DELIMITER: usize = X_OWN + 4;
const C_QUOTE: usize = X_OWN + 8; // 0 = none
const C_ESCAPE: usize = X_OWN + 12; // 0 = none
const C_FLAGS: usize = X_OWN + 16;
const C_NULL: usize = X_OWN + 20; // null literal: pointer, length; pointer 0 = none
const C_NULL_LENGTH: usize = X_OWN + 24;

// C_FLAGS
const COMMENTS: u32 = 1;
const TRIM: u32 = 2;
const TRAILING_COMMA: u32 = 4;
const IGNORE_UNMAPPABLE: u32 = 8;
const EMPTY_NULL: u32 = 16;

/** Sets the options of a context and makes its position table; returns 0 without memory. */
export function csvSetup(x: usize, columns: u32, delimiter: u32, quote: u32, escape: u32, flags: u32, nullText: usize, nullLength: u32): usize {
  const positions = alloc(columns * 4 + 64);
  if (positions == 0) return 0;
  for (let i: u32 = 0; i < columns; i++) store<i32>(positions + ((i as usize) << 2), -1);
  store<u32>(x, positions as u32, X_ROOT);
  store<u32>(x, columns, C_COLUMNS);
  store<u32>(x, delimiter, C_DELIMITER);
  store<u32>(x, quote, C_QUOTE);
  store<u32>(x, escape, C_ESCAPE);
  store<u32>(x, flags, C_FLAGS);
  store<u32>(x, nullText as u32, C_NULL);
  store<u32>(x, nullLength, C_NULL_LENGTH);
  return positions;
}

export function csvPosition(x: usize, position: u32, leaf: i32): void {
  store<i32>((load<u32>(x, X_ROOT) as usize) + ((position as usize) << 2), leaf);
}

/** Reads the quoted field at p (on its quote). X_TEXT is its content; returns the address after it and its trailing blanks, or 0. */
function readQuoted(x: usize, p: usize, end: usize, quote: u32, escape: u32, delimiter: u32): usize {
  const quotes = i8x16.splat(quote as i8);
  const escapes = i8x16.splat((escape == 0 ? quote : escape) as i8);
  const start = p + 1;
  let q = start;
  let special = false;
  while (true) {
    if (q >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const v = v128.load(q);
    const m = i8x16.bitmask(v128.or(i8x16.eq(v, quotes), i8x16.eq(v, escapes)));
    if (m == 0) { q += 16; continue; }
    q += ctz<i32>(m) as usize;
    if (q >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    if (load<u8>(q) != quote || (q + 1 < end && load<u8>(q, 1) == quote)) {
      special = true;
      q += 2;
      continue;
    }
    break;
  }
  if (special) {
    const out = arenaTake(x, (q - start) as u32);
    if (out == 0) return 0;
    let o = out;
    for (let s = start; s < q; s++) {
      let c: u32 = load<u8>(s);
      if (c == quote) s++;
      else if (c == escape && escape != 0) {
        s++;
        c = load<u8>(s);
        if (c == 0x6e) c = 0x0a;
        else if (c == 0x72) c = 0x0d;
        else if (c == 0x74) c = 0x09;
        else if (c == 0x30) c = 0;
      }
      store<u8>(o++, c);
    }
    store<u32>(x, out as u32, X_TEXT);
    store<u32>(x, (o - out) as u32, X_TEXT_LENGTH);
  } else {
    store<u32>(x, start as u32, X_TEXT);
    store<u32>(x, (q - start) as u32, X_TEXT_LENGTH);
  }
  q++;
  while (q < end && (load<u8>(q) == 0x20 || (load<u8>(q) == 0x09 && delimiter != 0x09))) q++;
  return q;
}

/** Reads the plain field at p into X_TEXT; returns the address of what ends it, or 0. */
function readPlain(x: usize, p: usize, end: usize, escape: u32, delimiter: u32): usize {
  const delimiters = i8x16.splat(delimiter as i8);
  const escapes = i8x16.splat((escape == 0 ? delimiter : escape) as i8);
  let q = p;
  let special = false;
  while (true) {
    const v = v128.load(q);
    const m = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(v, delimiters), i8x16.eq(v, escapes)), v128.or(i8x16.eq(v, i8x16.splat(0x0a)), i8x16.eq(v, i8x16.splat(0x0d)))));
    if (m == 0) {
      q += 16;
      if (q >= end) { q = end; break; }
      continue;
    }
    q += ctz<i32>(m) as usize;
    if (q >= end) { q = end; break; }
    if (escape != 0 && load<u8>(q) == escape) { special = true; q += 2; continue; }
    break;
  }
  if (q > end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
  store<u32>(x, p as u32, X_TEXT);
  store<u32>(x, (q - p) as u32, X_TEXT_LENGTH);
  if (!special) return q;
  const out = arenaTake(x, (q - p) as u32);
  if (out == 0) return 0;
  let o = out;
  for (let s = p; s < q; s++) {
    let c: u32 = load<u8>(s);
    if (c == escape) {
      s++;
      c = load<u8>(s);
      if (c == 0x6e) c = 0x0a;
      else if (c == 0x72) c = 0x0d;
      else if (c == 0x74) c = 0x09;
      else if (c == 0x30) c = 0;
    }
    store<u8>(o++, c);
  }
  store<u32>(x, out as u32, X_TEXT);
  store<u32>(x, (o - out) as u32, X_TEXT_LENGTH);
  return q;
}

/** Is the field's text the null literal, or empty where that means NULL? */
// @ts-ignore: decorator
@inline
function isNullText(x: usize, text: usize, length: u32, flags: u32): bool {
  if (length == 0 && (flags & EMPTY_NULL) != 0) return true;
  const literal = load<u32>(x, C_NULL) as usize;
  return literal != 0 && length == load<u32>(x, C_NULL_LENGTH) && memory.compare(text, literal, length) == 0;
}

function storeField(x: usize, leaf: u32, row: u32, flags: u32): bool {
  const text = load<u32>(x, X_TEXT) as usize;
  const length = load<u32>(x, X_TEXT_LENGTH);
  if (isNullText(x, text, length, flags)) return true;
  const l = leafOf(x, leaf);
  const s = convertCsv(x, l, row, text, text + length);
  if (s == GOOD) { setPresent(l, row); return true; }
  if (s != BAD) return true;
  if (load<u32>(ERR_CODE) == E_OUT_OF_MEMORY) return false;
  if (load<u32>(x, X_LENIENT) != 0) {
    store<u32>(x, load<u32>(x, X_NULLED) + 1, X_NULLED);
    return true;
  }
  store<u32>(x, leaf, X_BAD_LEAF);
  refuse(x, E_BAD_FIELD, R_BAD_FIELD, text);
  return false;
}

/** One record at p. Returns the address of what ends it (a newline or end), or 0. The row's bits must be clear. */
function readCsv(x: usize, p: usize, end: usize, row: u32): usize {
  const record = p;
  const columns = load<u32>(x, C_COLUMNS);
  const positions = load<u32>(x, X_ROOT) as usize;
  const delimiter = load<u32>(x, C_DELIMITER);
  const quote = load<u32>(x, C_QUOTE);
  const escape = load<u32>(x, C_ESCAPE);
  const flags = load<u32>(x, C_FLAGS);
  let i: u32 = 0;
  while (true) {
    if ((flags & TRIM) != 0) while (p < end && (load<u8>(p) == 0x20 || (load<u8>(p) == 0x09 && delimiter != 0x09))) p++;
    const fieldStart = p;
    const quoted = quote != 0 && p < end && load<u8>(p) == quote;
    if (quoted) {
      p = readQuoted(x, p, end, quote, escape, delimiter);
      if (p == 0) return 0;
    } else {
      p = readPlain(x, p, end, escape, delimiter);
      if (p == 0) return 0;
      if ((flags & TRIM) != 0) {
        const t = load<u32>(x, X_TEXT) as usize;
        store<u32>(x, (trimEnd(t, t + load<u32>(x, X_TEXT_LENGTH)) - t) as u32, X_TEXT_LENGTH);
      }
    }
    const c: u32 = p < end ? load<u8>(p) : 0x0a;
    if (c != delimiter && c != 0x0a && c != 0x0d) return refuse(x, E_MALFORMED, R_CSV_QUOTE, p);
    if (i < columns) {
      const leaf = load<i32>(positions + ((i as usize) << 2));
      if (leaf >= 0 && !storeField(x, leaf as u32, row, flags)) return 0;
    } else if ((flags & IGNORE_UNMAPPABLE) == 0) {
      if (i > columns || (flags & TRAILING_COMMA) == 0 || load<u32>(x, X_TEXT_LENGTH) != 0 || c == delimiter) {
        return refuse(x, E_MALFORMED, R_CSV_TOO_MANY, fieldStart);
      }
    }
    i++;
    if (p >= end || c != delimiter) break;
    p++;
  }
  if (i < columns && (load<u32>(x, X_LENIENT) == 0 || load<u32>(x, X_FAIL_MISSING) != 0)) return refuse(x, E_MALFORMED, R_CSV_TOO_FEW, p);
  const bad = utf8Check(record, p);
  if (bad != 0) return refuse(x, E_INVALID_UTF8, R_UTF8, bad);
  return p;
}

/** With comments allowed: passes blanks, blank lines and lines that begin with '#'. */
function skipComments(p: usize, end: usize): usize {
  while (p < end) {
    const c = load<u8>(p);
    if (c == 0x20 || c == 0x0a || c == 0x0d) p++;
    else if (c == 0x23) p = findNewline(p, end);
    else break;
  }
  return p;
}

// @ts-ignore: decorator
@inline
function skipMark(p: usize, end: usize): usize {
  return end - p >= 3 && (load<u32>(p) & 0xffffff) == 0xbfbbef ? p + 3 : p;
}

/** As jsonLines. A quoted field may hold newlines as long as the record lies within [p, end). */
export function csvLines(x: usize, p: usize, end: usize, batch: usize): usize {
  beginBatch(x, batch);
  const from = load<u32>(batch, BATCH_ROWS);
  const capacity = load<u32>(batch, BATCH_CAPACITY);
  const recordMax = load<u32>(x, X_RECORD_MAX) as usize;
  const comments = (load<u32>(x, C_FLAGS) & COMMENTS) != 0;
  let row = from;
  while (p < end && row < capacity) {
    const start = p;
    if (comments) {
      p = skipComments(p, end);
      if (p >= end) break;
    }
    store<u32>(x, row, X_ROW);
    let q = readCsv(x, skipMark(p, end), end, row);
    if (q != 0 && q - p > recordMax) { refuse(x, E_RECORD_TOO_LONG, R_TOO_LONG, p); q = 0; }
    if (q == 0) {
      const next = findNewline(p, end);
      if (!skipRefused(x, p, (next - p) as u32, row)) {
        p = load<u32>(x, X_LENIENT) == 0 ? start : next < end ? next + 1 : end;
        break;
      }
      q = next;
    } else row++;
    if (q < end && load<u8>(q) == 0x0d) q++;
    else if (q < end) { p = q + 1; continue; }
    p = q < end && load<u8>(q) == 0x0a ? q + 1 : q;
  }
  selectRows(batch, from, row);
  return p;
}

/** As jsonSlices: one record a slice; what follows its first line is ignored, as Flink ignores it. */
export function csvSlices(x: usize, slices: usize, count: u32, batch: usize, rowSlice: usize): u32 {
  beginBatch(x, batch);
  const from = load<u32>(batch, BATCH_ROWS);
  const capacity = load<u32>(batch, BATCH_CAPACITY);
  const recordMax = load<u32>(x, X_RECORD_MAX);
  const comments = (load<u32>(x, C_FLAGS) & COMMENTS) != 0;
  let row = from;
  let i: u32 = 0;
  while (i < count && row < capacity) {
    const start = load<u32>(slices + ((i as usize) << 3)) as usize;
    const length = load<u32>(slices + ((i as usize) << 3), 4);
    const end = start + length;
    store<u32>(x, row, X_ROW);
    let p = start;
    let q: usize = 0;
    if (length > recordMax) refuse(x, E_RECORD_TOO_LONG, R_TOO_LONG, p);
    else {
      if (comments) p = skipComments(p, end);
      if (p >= end) refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
      else q = readCsv(x, skipMark(p, end), end, row);
    }
    if (q == 0) {
      if (!skipRefused(x, start, length, row)) {
        if (load<u32>(x, X_LENIENT) != 0) i++;
        break;
      }
    } else {
      if (rowSlice != 0) store<u32>(rowSlice + ((row as usize) << 2), i);
      row++;
    }
    i++;
  }
  selectRows(batch, from, row);
  return i;
}
