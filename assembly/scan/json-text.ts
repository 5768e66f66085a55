// The pieces of JSON text: white space, strings, numbers, and values that are only checked and skipped.
// Grammar: RFC 8259, with raw control characters allowed in strings as Flink's format allows them.
import {
  E_INVALID_UTF8, E_MALFORMED, R_BAD_ESCAPE, R_BAD_NUMBER, R_BAD_TOKEN, R_ENDS_EARLY, R_EXPECTED_COLON, R_EXPECTED_COMMA, R_EXPECTED_KEY,
  R_TOO_DEEP, R_UTF8,
} from "../abi";
import { arenaTake, refuse, X_FLAGS, X_LINES, X_STACK, X_TEXT, X_TEXT_LENGTH } from "./context";
import { utf8Check, utf8Put } from "./utf8";

/** Of the last string: it has escapes. Of the last number: it has a fraction or an exponent. */
export const FLAG_ESCAPED: u32 = 1;
export const FLAG_FLOAT: u32 = 2;
const DEPTH_MAX: u32 = 500; // NESTING_MAX of src/base/limits.ts

/** Passes white space; in line mode a newline is not white space but the record's end. */
// @ts-ignore: decorator
@inline
export function skipSpace(x: usize, p: usize): usize {
  return load<u8>(p) > 0x20 ? p : skipSpaceSlow(x, p);
}
function skipSpaceSlow(x: usize, p: usize): usize {
  const lines = load<u32>(x, X_LINES);
  while (true) {
    const c = load<u8>(p);
    if (c != 0x20 && c != 0x09 && c != 0x0d && (c != 0x0a || lines != 0)) return p;
    p++;
  }
}

/** Bytes of v that end the quick scan of a string: quote, backslash, control, beyond ASCII. */
// @ts-ignore: decorator
@inline
export function stringStopBytes(v: v128): v128 {
  return v128.or(v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))), i8x16.lt_s(v, i8x16.splat(0x20)));
}
// @ts-ignore: decorator
@inline
export function stringStops(v: v128): i32 { return i8x16.bitmask(stringStopBytes(v)); }

/** p is after the opening quote. Returns the address of the closing quote, or 0. Sets X_FLAGS. The content is valid UTF-8 with valid escapes. */
// @ts-ignore: decorator
@inline
export function scanString(x: usize, p: usize, end: usize): usize {
  store<u32>(x, 0, X_FLAGS);
  let q = p;
  let m = stringStops(v128.load(q));
  while (m == 0 && q < end) {
    q += 16;
    m = stringStops(v128.load(q));
  }
  q += ctz<i32>(m) as usize;
  if (m != 0 && load<u8>(q) == 0x22 && q < end) return q;
  return scanStringSlow(x, p, q, end);
}

/** As scanString, with one look at 64 bytes: where lengths can't be predicted, four loads cost less than a wrong guess. */
// @ts-ignore: decorator
@inline
export function scanLongString(x: usize, p: usize, end: usize): usize {
  const m =
    ((stringStops(v128.load(p)) as u32) as u64) | (((stringStops(v128.load(p, 16)) as u32) as u64) << 16) |
    (((stringStops(v128.load(p, 32)) as u32) as u64) << 32) | (((stringStops(v128.load(p, 48)) as u32) as u64) << 48);
  const q = p + (ctz<u64>(m) as usize);
  if (m != 0 && load<u8>(q) == 0x22 && q < end) {
    store<u32>(x, 0, X_FLAGS);
    return q;
  }
  return scanString(x, p, end);
}

function scanStringSlow(x: usize, p: usize, q: usize, end: usize): usize {
  const lines = load<u32>(x, X_LINES) != 0;
  let beyond: i32 = 0;
  while (true) {
    if (q >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const v = v128.load(q);
    beyond |= i8x16.bitmask(v);
    const m = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))), i8x16.eq(v, i8x16.splat(0x0a))));
    if (m == 0) { q += 16; continue; }
    q += ctz<i32>(m) as usize;
    if (q >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const c = load<u8>(q);
    if (c == 0x22) break;
    if (c == 0x0a) {
      if (lines) return refuse(x, E_MALFORMED, R_ENDS_EARLY, q);
      q++;
      continue;
    }
    store<u32>(x, load<u32>(x, X_FLAGS) | FLAG_ESCAPED, X_FLAGS);
    const k = load<u8>(q, 1);
    if (k == 0x75) {
      if (q + 6 > end || hex4(q + 2) < 0) return refuse(x, E_MALFORMED, R_BAD_ESCAPE, q);
      q += 6;
    } else if (k == 0x22 || k == 0x5c || k == 0x2f || k == 0x62 || k == 0x66 || k == 0x6e || k == 0x72 || k == 0x74) q += 2;
    else return refuse(x, E_MALFORMED, R_BAD_ESCAPE, q);
  }
  if (beyond != 0) {
    const bad = utf8Check(p, q);
    if (bad != 0) return refuse(x, E_INVALID_UTF8, R_UTF8, bad);
  }
  return q;
}

/** Four hexadecimal digits, or -1. */
export function hex4(p: usize): i32 {
  let v: i32 = 0;
  for (let i = 0; i < 4; i++) {
    const c: u32 = load<u8>(p + i);
    let d: u32 = c - 0x30;
    if (d > 9) {
      d = (c | 0x20) - 0x61;
      if (d > 5) return -1;
      d += 10;
    }
    v = (v << 4) | (d as i32);
  }
  return v;
}

/** Unescapes the checked content [p, q) into the arena: X_TEXT, X_TEXT_LENGTH. A lone surrogate becomes '?', as Java encodes it. Returns 0 without memory. */
export function unescape(x: usize, p: usize, q: usize): usize {
  const out = arenaTake(x, (q - p) as u32);
  if (out == 0) return 0;
  let o = out;
  while (p < q) {
    const v = v128.load(p);
    v128.store(o, v);
    const m = i8x16.bitmask(i8x16.eq(v, i8x16.splat(0x5c)));
    const n: usize = m == 0 ? 16 : ctz<i32>(m) as usize;
    if (n >= q - p) { o += q - p; break; }
    p += n;
    o += n;
    if (m == 0) continue;
    const k = load<u8>(p, 1);
    p += 2;
    if (k != 0x75) {
      let c = k;
      if (k == 0x62) c = 8;
      else if (k == 0x66) c = 12;
      else if (k == 0x6e) c = 10;
      else if (k == 0x72) c = 13;
      else if (k == 0x74) c = 9;
      store<u8>(o++, c);
      continue;
    }
    let c: u32 = hex4(p) as u32;
    p += 4;
    if (c - 0xd800 < 0x800) {
      let low: u32 = 0;
      if (c < 0xdc00 && q - p >= 6 && load<u16>(p) == 0x755c) low = hex4(p + 2) as u32;
      if (low - 0xdc00 < 0x400) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      } else c = 0x3f;
    }
    o = utf8Put(o, c);
  }
  store<u32>(x, out as u32, X_TEXT);
  store<u32>(x, (o - out) as u32, X_TEXT_LENGTH);
  return out;
}

/** p is at '-' or a digit. Returns the address after the number, or 0. Sets FLAG_FLOAT in X_FLAGS. */
export function scanNumber(x: usize, p: usize): usize {
  let flags: u32 = 0;
  if (load<u8>(p) == 0x2d) p++;
  const first: u32 = <u32>load<u8>(p) - 0x30;
  if (first > 9) return refuse(x, E_MALFORMED, R_BAD_NUMBER, p);
  p++;
  if (first == 0) {
    if (<u32>load<u8>(p) - 0x30 <= 9) return refuse(x, E_MALFORMED, R_BAD_NUMBER, p);
  } else {
    while (<u32>load<u8>(p) - 0x30 <= 9) p++;
  }
  if (load<u8>(p) == 0x2e) {
    flags = FLAG_FLOAT;
    p++;
    if (<u32>load<u8>(p) - 0x30 > 9) return refuse(x, E_MALFORMED, R_BAD_NUMBER, p);
    while (<u32>load<u8>(p) - 0x30 <= 9) p++;
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    flags = FLAG_FLOAT;
    p++;
    const c = load<u8>(p);
    if (c == 0x2b || c == 0x2d) p++;
    if (<u32>load<u8>(p) - 0x30 > 9) return refuse(x, E_MALFORMED, R_BAD_NUMBER, p);
    while (<u32>load<u8>(p) - 0x30 <= 9) p++;
  }
  store<u32>(x, flags, X_FLAGS);
  return p;
}

/** Length of the literal at p; 0 when it is something else. */
export function literalLength(p: usize): usize {
  const w = load<u32>(p);
  if (w == 0x65757274 || w == 0x6c6c756e) return 4; // true, null
  return w == 0x736c6166 && load<u8>(p, 4) == 0x65 ? 5 : 0; // false
}

/** p is at a letter. Returns the address after true, false or null, or 0. */
export function scanLiteral(x: usize, p: usize): usize {
  const length = literalLength(p);
  return length != 0 ? p + length : refuse(x, E_MALFORMED, R_BAD_TOKEN, p);
}

/** Checks and passes any value; p is at its first byte. Returns the address after it, or 0. */
export function skipValue(x: usize, p: usize, end: usize): usize {
  const c = load<u8>(p);
  if (c == 0x22) {
    const q = scanString(x, p + 1, end);
    return q == 0 ? 0 : q + 1;
  }
  if (c == 0x2d || <u32>c - 0x30 <= 9) return scanNumber(x, p);
  if (c != 0x7b && c != 0x5b) return scanLiteral(x, p);
  return skipNested(x, p, end);
}

/** Checks and passes an object or array without recursion: the open brackets stand on the context's stack. */
function skipNested(x: usize, p: usize, end: usize): usize {
  const stack = x + X_STACK;
  let depth: u32 = 0;
  while (true) {
    // p is at the first byte of a value
    if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const c = load<u8>(p);
    let opened = false;
    if (c == 0x7b || c == 0x5b) {
      if (depth >= DEPTH_MAX) return refuse(x, E_MALFORMED, R_TOO_DEEP, p);
      store<u8>(stack + depth, c);
      depth++;
      p = skipSpace(x, p + 1);
      opened = load<u8>(p) != (c == 0x7b ? 0x7d : 0x5d);
    } else {
      p = skipValue(x, p, end);
      if (p == 0) return 0;
    }
    if (!opened) {
      // after a value: close brackets, or pass a comma
      while (true) {
        p = skipSpace(x, p);
        if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
        const d = load<u8>(p);
        const inObject = load<u8>(stack + depth - 1) == 0x7b;
        if (d == 0x2c) { p = skipSpace(x, p + 1); break; }
        if (d != (inObject ? 0x7d : 0x5d)) return refuse(x, E_MALFORMED, R_EXPECTED_COMMA, p);
        p++;
        if (--depth == 0) return p;
      }
    }
    if (load<u8>(stack + depth - 1) == 0x7b) {
      if (load<u8>(p) != 0x22) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_KEY, p);
      const q = scanString(x, p + 1, end);
      if (q == 0) return 0;
      p = skipSpace(x, q + 1);
      if (load<u8>(p) != 0x3a) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_COLON, p);
      p = skipSpace(x, p + 1);
    }
  }
}
