// Text to DECIMAL, by Java's BigDecimal.
import { LOW, multiply128 } from "./floating";
import { BAD, GOOD, NULLED, pow10, RESULT } from "./number";

/** Multiplies the u128 at `a` by 10 and adds d. */
// @ts-ignore: decorator
@inline
function timesTen(a: usize, d: u64): void {
  const lo = load<u64>(a), hi = load<u64>(a, 8);
  const l = (lo & 0xffffffff) * 10 + d;
  const h = (lo >> 32) * 10 + (l >> 32);
  store<u64>(a, (h << 32) | (l & 0xffffffff));
  store<u64>(a, hi * 10 + (h >> 32), 8);
}

/**
 * Java's new BigDecimal(text).setScale(scale, HALF_UP), NULL beyond the precision.
 * Result: the unscaled value, i64 at RESULT for precision <= 18, else i128 (low half first).
 */
export function parseDecimal(p: usize, e: usize, precision: i32, scale: i32): i32 {
  let negative = false;
  if (p < e) {
    const c = load<u8>(p);
    if (c == 0x2d) { negative = true; p++; } else if (c == 0x2b) p++;
  }
  // the common form: digits, perhaps a dot, no more decimals than the scale, all within 18 digits
  if (precision <= 18 && e - p <= 18) {
    let v: u64 = 0;
    let decimals: i32 = -1;
    let q = p;
    for (; q < e; q++) {
      const d: u32 = <u32>load<u8>(q) - 0x30;
      if (d <= 9) {
        v = v * 10 + (d as u64);
        if (decimals >= 0) decimals++;
      } else if (load<u8>(q) == 0x2e && decimals < 0) decimals = 0;
      else break;
    }
    const more = scale - (decimals < 0 ? 0 : decimals);
    if (q == e && decimals != 0 && more >= 0 && (e - p) as i32 + more <= 18 && e > p + (decimals > 0 ? 1 : 0)) {
      v *= pow10(more);
      if (v >= pow10(precision)) return NULLED;
      store<i64>(RESULT, negative ? -(v as i64) : v as i64);
      return GOOD;
    }
  }
  // bounds of the digits and the exponent
  const start = p;
  let dot: usize = 0;
  let seen = false;
  while (p < e) {
    const c = load<u8>(p);
    if (c == 0x2e) { if (dot != 0) return BAD; dot = p; }
    else if (<u32>c - 0x30 > 9) break;
    else seen = true;
    p++;
  }
  if (!seen) return BAD;
  const end = p;
  let exp: i32 = 0;
  if (p < e) {
    if ((load<u8>(p) | 0x20) != 0x65) return BAD;
    p++;
    let minus = false;
    if (p < e) {
      const c = load<u8>(p);
      if (c == 0x2d) { minus = true; p++; } else if (c == 0x2b) p++;
    }
    if (p >= e) return BAD;
    while (p < e) {
      const d: u32 = <u32>load<u8>(p) - 0x30;
      if (d > 9) return BAD;
      if (exp < 100000000) exp = exp * 10 + (d as i32);
      p++;
    }
    if (minus) exp = -exp;
  }
  // digits to keep, counted from the first that is not zero
  let first = start;
  while (first < end && (load<u8>(first) == 0x30 || load<u8>(first) == 0x2e)) first++;
  store<u64>(RESULT, 0);
  store<u64>(RESULT, 0, 8);
  if (first == end) return GOOD; // zero
  const whole = dot == 0 ? end : dot;
  const intDigits: i32 = first < whole ? (whole - first) as i32 : -((first - whole - 1) as i32);
  const keep = intDigits + exp + scale;
  if (keep > precision) return NULLED;
  if (keep < 0) return GOOD;
  let k = keep;
  p = first;
  let small: u64 = 0;
  const wide = precision > 18;
  while (k > 0 && p < end) {
    const c = load<u8>(p++);
    if (c == 0x2e) continue;
    if (wide) timesTen(RESULT, (c - 0x30) as u64);
    else small = small * 10 + ((c - 0x30) as u64);
    k--;
  }
  while (k > 0) {
    if (wide) timesTen(RESULT, 0);
    else small *= 10;
    k--;
  }
  if (p < end && load<u8>(p) == 0x2e) p++;
  const up = p < end && load<u8>(p) >= 0x35;
  if (!wide) {
    if (up) {
      small++;
      if (keep == precision && small == pow10(precision)) return NULLED;
    }
    store<i64>(RESULT, negative ? -(small as i64) : small as i64);
    return GOOD;
  }
  if (up) {
    const lo = load<u64>(RESULT) + 1;
    store<u64>(RESULT, lo);
    if (lo == 0) store<u64>(RESULT, load<u64>(RESULT, 8) + 1, 8);
    if (keep == precision && isPow10(precision)) return NULLED;
  }
  if (negative) {
    const lo = 0 - load<u64>(RESULT);
    store<u64>(RESULT, ~load<u64>(RESULT, 8) + (lo == 0 ? 1 : 0), 8);
    store<u64>(RESULT, lo);
  }
  return GOOD;
}

/** Is the u128 at RESULT 10^k, 19 <= k <= 38? */
function isPow10(k: i32): bool {
  const lo = load<u64>(RESULT), hi = load<u64>(RESULT, 8);
  return hi == multiply128(pow10(19), pow10(k - 19)) && lo == load<u64>(LOW);
}
