// Text to DATE, TIME and TIMESTAMP as java.time reads Flink's patterns.
import { BAD, GOOD, RESULT, pow10 } from "./number";

/** Days since 1970-01-01 of a proleptic Gregorian date; Hinnant, "chrono-compatible low-level date algorithms". */
export function daysFromCivil(y: i32, m: i32, d: i32): i32 {
  y -= m <= 2 ? 1 : 0;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yoe = y - era * 400;
  const doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

export function daysInMonth(y: i32, m: i32): i32 {
  if (m == 2) return (y & 3) == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : 28;
  return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

// @ts-ignore: decorator
@inline
function two(p: usize): i32 {
  const a: u32 = <u32>load<u8>(p) - 0x30, b: u32 = <u32>load<u8>(p, 1) - 0x30;
  return a > 9 || b > 9 ? -1 : (a * 10 + b) as i32;
}

/**
 * ISO_LOCAL_DATE at p: [+-]yyyy-MM-dd, years beyond four digits with their sign. Smart resolution clamps a day 29..31 to the
 * month's last, strict refuses it. Result: days, i32 at RESULT; the address after it at RESULT + 8. Returns GOOD or BAD.
 */
export function parseDate(p: usize, e: usize, smart: bool): i32 {
  let sign: u32 = 0;
  if (p < e && (load<u8>(p) == 0x2d || load<u8>(p) == 0x2b)) { sign = load<u8>(p); p++; }
  let y: i32 = 0;
  let n: i32 = 0;
  while (p < e && n < 11) {
    const d: u32 = <u32>load<u8>(p) - 0x30;
    if (d > 9) break;
    if (n < 9) y = y * 10 + (d as i32);
    p++;
    n++;
  }
  if (n < 4 || n > 9) return BAD;
  // SignStyle.EXCEEDS_PAD, strict parsing: '+' exactly when there are more than four digits
  if (n > 4 && sign == 0) return BAD;
  if (n == 4 && sign == 0x2b) return BAD;
  if (sign == 0x2d) { if (y == 0) return BAD; y = -y; }
  if (e - p < 6 || load<u8>(p) != 0x2d || load<u8>(p, 3) != 0x2d) return BAD;
  const m = two(p + 1);
  let d = two(p + 4);
  if (m < 1 || m > 12 || d < 1 || d > 31) return BAD;
  const last = daysInMonth(y, m);
  if (d > last) {
    if (!smart) return BAD;
    d = last;
  }
  store<i32>(RESULT, daysFromCivil(y, m, d));
  store<u32>(RESULT, (p + 6) as u32, 8);
  return GOOD;
}

/**
 * HH:mm:ss[.fraction of 0..9 digits] at p; seconds may be absent when `secondsOptional`. 24:00:00 is the day's end.
 * Result: nanoseconds of the day (up to 24 h), i64 at RESULT; the address after it at RESULT + 8.
 */
export function parseTime(p: usize, e: usize, secondsOptional: bool): i32 {
  if (e - p < 5 || load<u8>(p, 2) != 0x3a) return BAD;
  const h = two(p), m = two(p + 3);
  let s: i32 = 0;
  let nanos: i64 = 0;
  if (h < 0 || h > 24 || m < 0 || m > 59) return BAD;
  p += 5;
  if (p < e && load<u8>(p) == 0x3a) {
    if (e - p < 3) return BAD;
    s = two(p + 1);
    if (s < 0 || s > 59) return BAD;
    p += 3;
    if (p < e && load<u8>(p) == 0x2e) {
      p++;
      let n: i32 = 0;
      while (p < e && n < 9) {
        const d: u32 = <u32>load<u8>(p) - 0x30;
        if (d > 9) break;
        nanos = nanos * 10 + (d as i64);
        p++;
        n++;
      }
      nanos *= pow10(9 - n) as i64;
    }
  } else if (!secondsOptional) return BAD;
  const seconds = h * 3600 + m * 60 + s;
  if (h == 24 && (seconds != 86400 || nanos != 0)) return BAD;
  store<i64>(RESULT, (seconds as i64) * 1000000000 + nanos);
  store<u32>(RESULT, p as u32, 8);
  return GOOD;
}

const DAY_NANOS: i64 = 86400000000000;

/** How a timestamp is written. */
export const TS_SQL: i32 = 0; // yyyy-MM-dd HH:mm:ss[.fraction]
export const TS_ISO: i32 = 1; // yyyy-MM-ddTHH:mm[:ss[.fraction]]

/**
 * A whole timestamp text. `digits` are the decimals of the unit (0, 3, 6, 9); what is finer is cut off towards the past.
 * `zulu`: a trailing Z is demanded. `cache`, when not 0, holds the last text's first 16 bytes (up to the minute) and the seconds they stand for
 * (32 bytes, zero at first): records of one stream mostly share them. Result: i64 at RESULT.
 */
export function parseTimestamp(p: usize, e: usize, form: i32, zulu: bool, digits: i32, cache: usize): i32 {
  const start = p;
  const length = e - p;
  if (cache != 0 && length >= 19 && load<u8>(p, 16) == 0x3a && i8x16.all_true(i8x16.eq(v128.load(p), v128.load(cache)))) {
    const s = two(p + 17);
    if (s < 0 || s > 59) return BAD;
    p += 19;
    let nanos: i64 = 0;
    if (p < e && load<u8>(p) == 0x2e) {
      p++;
      let n: i32 = 0;
      while (p < e && n < 9) {
        const d: u32 = <u32>load<u8>(p) - 0x30;
        if (d > 9) break;
        nanos = nanos * 10 + (d as i64);
        p++;
        n++;
      }
      nanos *= pow10(9 - n) as i64;
    }
    if (zulu) {
      if (p >= e || load<u8>(p) != 0x5a) return BAD;
      p++;
    }
    if (p != e) return BAD;
    const seconds = load<i64>(cache, 16) + (s as i64);
    if (digits == 3) { store<i64>(RESULT, seconds * 1000 + nanos / 1000000); return GOOD; }
    return timestampValue(seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0), (((seconds % 86400) + 86400) % 86400) * 1000000000 + nanos, digits);
  }
  // Flink builds its own patterns with smart resolution; only the plain ISO form is java.time's strict, case-insensitive one
  const strict = form == TS_ISO && !zulu;
  if (parseDate(p, e, !strict) == BAD) return BAD;
  const days = load<i32>(RESULT);
  p = load<u32>(RESULT, 8);
  if (p >= e) return BAD;
  const c = load<u8>(p);
  if (form == TS_ISO ? c != 0x54 && !(strict && c == 0x74) : c != 0x20) return BAD;
  if (parseTime(p + 1, e, form == TS_ISO) == BAD) return BAD;
  const nanos = load<i64>(RESULT);
  p = load<u32>(RESULT, 8);
  if (strict && nanos == DAY_NANOS) return BAD; // strict resolution knows no 24:00
  if (zulu) {
    if (p >= e || load<u8>(p) != 0x5a) return BAD;
    p++;
  }
  if (p != e) return BAD;
  if (cache != 0 && length >= 19 && load<u8>(start, 4) == 0x2d && load<u8>(start, 16) == 0x3a && nanos != DAY_NANOS) {
    v128.store(cache, v128.load(start));
    store<i64>(cache, (days as i64) * 86400 + nanos / 60000000000 * 60, 16);
  }
  return timestampValue(days as i64, nanos, digits);
}

/** days and nanoseconds of the day in the unit of `digits`; BAD when beyond i64. */
export function timestampValue(days: i64, nanos: i64, digits: i32): i32 {
  if (digits == 3) { store<i64>(RESULT, days * 86400000 + nanos / 1000000); return GOOD; }
  if (digits == 0) { store<i64>(RESULT, days * 86400 + nanos / 1000000000); return GOOD; }
  if (digits == 6) {
    if (days > 106751990 || days < -106751990) return BAD;
    store<i64>(RESULT, days * 86400000000 + nanos / 1000);
    return GOOD;
  }
  if (days > 106750 || days < -106750) return BAD;
  store<i64>(RESULT, days * 86400000000000 + nanos);
  return GOOD;
}
