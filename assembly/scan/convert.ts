// A field's text into its column, as Flink's json format converts it.
import { F_BOOL, F_BYTES, F_DATE, F_DECIMAL, F_F32, F_F64, F_I16, F_I32, F_I64, F_I8, F_LTZ, F_STR, F_TIME, F_TIMESTAMP, L_VALUES } from "../abi";
import { arenaTake, L_ARG, L_KIND, X_OWN, X_TS_FORM } from "./context";
import { parseDecimal } from "./decimal";
import { BAD, GOOD, NULLED, parseFloating, parseLong, RESULT } from "./number";
import { parseDate, parseTime, parseTimestamp } from "./timestamp";
import { trimEnd, trimStart } from "./utf8";

/** What the text was in the record. */
export const S_INT: u32 = 0; // a JSON number without fraction and exponent
export const S_FLOAT: u32 = 1;
export const S_TEXT: u32 = 2; // a string's content, unescaped
export const S_LITERAL: u32 = 3; // true or false

// @ts-ignore: decorator
@inline
export function storeView(l: usize, row: u32, p: usize, length: u32): void {
  store<u64>((load<u32>(l, L_VALUES) as usize) + ((row as usize) << 3), (p as u64) | ((length as u64) << 32));
}

/** Is [p, e) `true` in any case? */
// @ts-ignore: decorator
@inline
function isTrue(p: usize, e: usize): bool {
  return e - p == 4 && (load<u32>(p) | 0x20202020) == 0x65757274;
}

/** Largest double that getLongValue and getIntValue accept, as Jackson compares them. */
function floatToLong(p: usize, e: usize, min: f64, max: f64): i32 {
  if (parseFloating(p, e, false) == BAD) return BAD;
  const v = load<f64>(RESULT);
  if (!(v >= min && v <= max)) return BAD;
  store<i64>(RESULT, v >= 9223372036854775807.0 ? i64.MAX_VALUE : v as i64);
  return GOOD;
}

/** Converts [p, e) and stores it in row `row`. Returns GOOD, NULLED (store nothing) or BAD. */
export function convertText(x: usize, l: usize, row: u32, p: usize, e: usize, source: u32): i32 {
  const kind = load<u32>(l, L_KIND);
  if (kind == F_STR) { storeView(l, row, p, (e - p) as u32); return GOOD; }
  if (source == S_TEXT && kind <= (F_DECIMAL as u32) && kind != F_BYTES) {
    p = trimStart(p, e);
    e = trimEnd(p, e);
  }
  const values = load<u32>(l, L_VALUES) as usize;
  const r = row as usize;
  switch (kind) {
    case F_I64: {
      if (source == S_FLOAT) {
        if (floatToLong(p, e, -9223372036854775808.0, 9223372036854775807.0) == BAD) return BAD;
      } else if (parseLong(p, e) == BAD) return BAD;
      store<i64>(values + (r << 3), load<i64>(RESULT));
      return GOOD;
    }
    case F_I32: {
      if (source == S_FLOAT) {
        if (floatToLong(p, e, -2147483648.0, 2147483647.0) == BAD) return BAD;
      } else if (parseLong(p, e) == BAD) return BAD;
      const v = load<i64>(RESULT);
      if (v != ((v as i32) as i64)) return BAD;
      store<i32>(values + (r << 2), v as i32);
      return GOOD;
    }
    case F_F64: {
      if (parseFloating(p, e, false) == BAD) return BAD;
      store<u64>(values + (r << 3), load<u64>(RESULT));
      return GOOD;
    }
    case F_DECIMAL: {
      const arg = load<u32>(l, L_ARG);
      const precision = (arg >> 8) as i32;
      const s = parseDecimal(p, e, precision, (arg & 255) as i32);
      if (s != GOOD) return s;
      if (precision <= 18) store<i64>(values + (r << 3), load<i64>(RESULT));
      else v128.store(values + (r << 4), v128.load(RESULT));
      return GOOD;
    }
    case F_TIMESTAMP:
    case F_LTZ: {
      if (parseTimestamp(p, e, load<i32>(x, X_TS_FORM), kind == F_LTZ, load<i32>(l, L_ARG), x + X_OWN) == BAD) return BAD;
      store<i64>(values + (r << 3), load<i64>(RESULT));
      return GOOD;
    }
    case F_BOOL: {
      store<u8>(values + r, isTrue(p, e) ? 1 : 0);
      return GOOD;
    }
    case F_I8:
    case F_I16: {
      if (source == S_FLOAT || parseLong(p, e) == BAD) return BAD;
      const v = load<i64>(RESULT);
      if (kind == F_I8) {
        if (v < -128 || v > 127) return BAD;
        store<i8>(values + r, v as i8);
      } else {
        if (v < -32768 || v > 32767) return BAD;
        store<i16>(values + (r << 1), v as i16);
      }
      return GOOD;
    }
    case F_F32: {
      if (parseFloating(p, e, true) == BAD) return BAD;
      store<u32>(values + (r << 2), load<u32>(RESULT));
      return GOOD;
    }
    case F_DATE: {
      if (parseDate(p, e, false) == BAD || load<u32>(RESULT, 8) != (e as u32)) return BAD;
      store<i32>(values + (r << 2), load<i32>(RESULT));
      return GOOD;
    }
    case F_TIME: {
      if (parseTime(p, e, false) == BAD || load<u32>(RESULT, 8) != (e as u32)) return BAD;
      store<i32>(values + (r << 2), ((load<i64>(RESULT) / 1000000) % 86400000) as i32);
      return GOOD;
    }
    case F_BYTES: {
      if (source != S_TEXT) return BAD;
      return convertBase64(x, l, row, p, e);
    }
    default:
      return NULLED;
  }
}

// @ts-ignore: decorator
@inline
function base64Digit(c: u32): i32 {
  if (c - 0x41 < 26) return (c - 0x41) as i32;
  if (c - 0x61 < 26) return (c - 0x61 + 26) as i32;
  if (c - 0x30 < 10) return (c - 0x30 + 52) as i32;
  return c == 0x2b ? 62 : c == 0x2f ? 63 : -1;
}

/** Standard base64 with padding; white space between groups of four, as Jackson's MIME variant reads it. */
export function convertBase64(x: usize, l: usize, row: u32, p: usize, e: usize): i32 {
  const out = arenaTake(x, ((e - p) as u32) / 4 * 3 + 3);
  if (out == 0) return BAD;
  let o = out;
  while (true) {
    while (p < e && load<u8>(p) <= 0x20) p++;
    if (p >= e) break;
    if (e - p < 4) return BAD;
    const a = base64Digit(load<u8>(p)), b = base64Digit(load<u8>(p, 1));
    const c2: u32 = load<u8>(p, 2), c3: u32 = load<u8>(p, 3);
    if (a < 0 || b < 0) return BAD;
    p += 4;
    store<u8>(o++, (a << 2) | (b >> 4));
    if (c2 == 0x3d) {
      if (c3 != 0x3d) return BAD;
      continue;
    }
    const c = base64Digit(c2);
    if (c < 0) return BAD;
    store<u8>(o++, (b << 4) | (c >> 2));
    if (c3 == 0x3d) continue;
    const d = base64Digit(c3);
    if (d < 0) return BAD;
    store<u8>(o++, (c << 6) | d);
  }
  storeView(l, row, out, (o - out) as u32);
  return GOOD;
}
