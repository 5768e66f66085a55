// Text as values, as Flink's CAST from STRING reads it. A status of 1 says that the value lies at `out`, 0 that the text does not convert.
import { E_ARITHMETIC, E_CAST, E_DIVISION_BY_ZERO, ERR_CODE, ERR_LEN, ERR_PTR } from "../abi";
import { daysFromCivil, daysInMonth } from "./date";

/** Reports text that CAST cannot convert; the first error of a row stays. */
export function castError(a: usize, n: i32): void {
  if (load<u32>(ERR_CODE) != 0) return;
  store<u32>(ERR_CODE, E_CAST);
  store<u32>(ERR_PTR, a as u32);
  store<u32>(ERR_LEN, n);
}

export function divisionByZero(): void {
  if (load<u32>(ERR_CODE) == 0) store<u32>(ERR_CODE, E_DIVISION_BY_ZERO);
}

export function outOfRange(): void {
  if (load<u32>(ERR_CODE) == 0) store<u32>(ERR_CODE, E_ARITHMETIC);
}

/** An integer between low and high: blanks around it, a sign, digits, and digits after a point that are cut off. */
export function strToI64(a: usize, n: i32, low: i64, high: i64, out: usize): i32 {
  let end = a + n;
  while (a < end && load<u8>(a) == 0x20) a++;
  while (a < end && load<u8>(end - 1) == 0x20) end--;
  if (a == end) return 0;
  const sign = load<u8>(a);
  const negative = sign == 0x2d;
  if (negative || sign == 0x2b) {
    a++;
    if (a == end) return 0;
  }
  // below zero the range is one longer, so numbers are built negative
  let v: i64 = 0;
  for (; a < end; a++) {
    const d = (load<u8>(a) as i64) - 0x30;
    if (d == -2) { a++; break; }
    if (d < 0 || d > 9) return 0;
    if (v < -922337203685477580) return 0;
    v = v * 10 - d;
    if (v > 0) return 0;
  }
  for (; a < end; a++) {
    const d = (load<u8>(a) as u32) - 0x30;
    if (d > 9) return 0;
  }
  if (!negative) {
    if (v == i64.MIN_VALUE) return 0;
    v = -v;
  }
  if (v < low || v > high) return 0;
  store<i64>(out, v);
  return 1;
}

/** Lower-case letter at a + i. */
// @ts-ignore: decorator
@inline
function lower(a: usize, i: i32): u32 { return load<u8>(a + i) | 0x20; }

/** t, true, y, yes, 1 and f, false, n, no, 0 in any case. */
export function strToBool(a: usize, n: i32, out: usize): i32 {
  let v = -1;
  const c = n > 0 ? lower(a, 0) : 0;
  if (n == 1) {
    const raw = load<u8>(a);
    if (c == 0x74 || c == 0x79 || raw == 0x31) v = 1;
    else if (c == 0x66 || c == 0x6e || raw == 0x30) v = 0;
  } else if (n == 2) {
    if (c == 0x6e && lower(a, 1) == 0x6f) v = 0;
  } else if (n == 3) {
    if (c == 0x79 && lower(a, 1) == 0x65 && lower(a, 2) == 0x73) v = 1;
  } else if (n == 4) {
    if (c == 0x74 && lower(a, 1) == 0x72 && lower(a, 2) == 0x75 && lower(a, 3) == 0x65) v = 1;
  } else if (n == 5) {
    if (c == 0x66 && lower(a, 1) == 0x61 && lower(a, 2) == 0x6c && lower(a, 3) == 0x73 && lower(a, 4) == 0x65) v = 0;
  }
  if (v < 0) return 0;
  store<u32>(out, v);
  return 1;
}

// Cursor of the readers below: the address after what was read, or 0.

/** One to `most` digits at a; the value goes to `out`. */
function number(a: usize, end: usize, most: i32, out: usize): usize {
  let v = 0;
  let i = 0;
  while (i < most && a < end) {
    const d = (load<u8>(a) as i32) - 0x30;
    if (d < 0 || d > 9) break;
    v = v * 10 + d;
    a++;
    i++;
  }
  if (i == 0) return 0;
  store<i32>(out, v);
  return a;
}

/** yyyy[-m[-d]]; days since the epoch to `out`. */
function readDate(a: usize, end: usize, out: usize): usize {
  a = number(a, end, 5, out);
  if (a == 0) return 0;
  const year = load<i32>(out);
  let month = 1;
  let day = 1;
  if (a < end && load<u8>(a) == 0x2d) {
    a = number(a + 1, end, 2, out);
    if (a == 0) return 0;
    month = load<i32>(out);
    if (a < end && load<u8>(a) == 0x2d) {
      a = number(a + 1, end, 2, out);
      if (a == 0) return 0;
      day = load<i32>(out);
    }
  }
  if (year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return 0;
  store<i32>(out, daysFromCivil(year, month, day));
  return a;
}

/** yyyy-m-d with four digits of the year; a day that the month lacks is its last one, as in Java's SMART resolution. Days since the epoch to `out`. */
function readFullDate(a: usize, end: usize, out: usize): usize {
  const year0 = a;
  a = number(a, end, 4, out);
  if (a == 0 || a - year0 != 4 || a >= end || load<u8>(a) != 0x2d) return 0;
  const year = load<i32>(out);
  a = number(a + 1, end, 2, out);
  if (a == 0 || a >= end || load<u8>(a) != 0x2d) return 0;
  const month = load<i32>(out);
  a = number(a + 1, end, 2, out);
  if (a == 0) return 0;
  const day = load<i32>(out);
  if (month < 1 || month > 12 || day < 1 || day > 31) return 0;
  const last = daysInMonth(year, month);
  store<i32>(out, daysFromCivil(year, month, day < last ? day : last));
  return a;
}

/** h[:m[:s[.fraction]]]; ms of the day to `out`, nanoseconds below the second to `out` + 8. `least` parts are needed. */
function readTime(a: usize, end: usize, out: usize, least: i32): usize {
  a = number(a, end, 2, out);
  if (a == 0) return 0;
  const hour = load<i32>(out);
  let minute = 0;
  let second = 0;
  let nanos: i64 = 0;
  let parts = 1;
  if (a < end && load<u8>(a) == 0x3a) {
    a = number(a + 1, end, 2, out);
    if (a == 0) return 0;
    minute = load<i32>(out);
    parts = 2;
    if (a < end && load<u8>(a) == 0x3a) {
      a = number(a + 1, end, 2, out);
      if (a == 0) return 0;
      second = load<i32>(out);
      parts = 3;
      if (a < end && load<u8>(a) == 0x2e) {
        a++;
        let scale: i64 = 100000000;
        while (a < end) {
          const d = (load<u8>(a) as i64) - 0x30;
          if (d < 0 || d > 9) return 0;
          nanos += d * scale;
          scale /= 10;
          a++;
        }
      }
    }
  }
  if (parts < least || minute > 59 || second > 59) return 0;
  if (hour > 23 && !(hour == 24 && minute == 0 && second == 0)) return 0;
  store<i32>(out, ((hour * 60 + minute) * 60 + second) * 1000);
  store<i64>(out, nanos, 8);
  return a;
}

/** A date, blanks around it and anything after a blank or 'T' ignored. */
export function strToDate(a: usize, n: i32, out: usize): i32 {
  let end = a + n;
  while (a < end && load<u8>(a) == 0x20) a++;
  while (a < end && load<u8>(end - 1) == 0x20) end--;
  const at = readDate(a, end, out);
  if (at == 0) return 0;
  return i32(at == end || load<u8>(at) == 0x20);
}

/** h[:m[:s[.fraction]]]; milliseconds beyond the declared precision are cut by the caller. */
export function strToTime(a: usize, n: i32, out: usize): i32 {
  let end = a + n;
  while (a < end && load<u8>(a) == 0x20) a++;
  while (a < end && load<u8>(end - 1) == 0x20) end--;
  const at = readTime(a, end, out, 1);
  if (at == 0 || at != end) return 0;
  const ms = load<i32>(out);
  if (ms >= 86400000) return 0;
  store<i32>(out, ms + (load<i64>(out, 8) / 1000000) as i32);
  return 1;
}

/** 'yyyy-m-d' or 'yyyy-m-d h:m:s[.fraction]' in units of 10^-unit seconds, cut to `precision` digits. */
export function strToTimestamp(a: usize, n: i32, unit: i32, precision: i32, out: usize): i32 {
  const end = a + n;
  let at = readFullDate(a, end, out);
  if (at == 0) return 0;
  const days = load<i32>(out) as i64;
  let ms: i64 = 0;
  let nanos: i64 = 0;
  if (at < end) {
    if (load<u8>(at) != 0x20) return 0;
    at = readTime(at + 1, end, out, 3);
    if (at == 0 || at != end) return 0;
    ms = load<i32>(out);
    nanos = load<i64>(out, 8);
  }
  let keep: i64 = 1000000000;
  for (let i = 0; i < precision; i++) keep /= 10;
  nanos -= nanos % keep;
  let perSecond: i64 = 1;
  for (let i = 0; i < unit; i++) perSecond *= 10;
  store<i64>(out, (days * 86400 + ms / 1000) * perSecond + nanos / (1000000000 / perSecond));
  return 1;
}

/** HALF_UP rounding of an integer to a multiple of a power of ten (digits < 0). */
export function roundInt(v: i64, digits: i32): i64 {
  if (digits >= 0) return v;
  if (digits < -18) return 0;
  let unit: i64 = 1;
  for (let i = 0; i < -digits; i++) unit *= 10;
  const r = v % unit;
  const low = v - r;
  if (r >= 0) return r >= unit - r ? low + unit : low;
  return -r >= unit + r ? low - unit : low;
}

/** v / 10^places, HALF_UP (away from zero). */
export function decRescale(v: i64, places: i32): i64 {
  if (places > 18) return 0;
  let unit: i64 = 1;
  for (let i = 0; i < places; i++) unit *= 10;
  const r = v % unit;
  const q = v / unit;
  if (r >= 0) return r >= unit - r ? q + 1 : q;
  return -r >= unit + r ? q - 1 : q;
}
