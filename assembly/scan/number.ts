// Text to numbers, by Java's rules (Long.parseLong, Double.parseDouble, new BigDecimal) over trimmed ASCII text.
// Every function returns 1 when the text converts, 0 when it does not, 2 for NULL (a decimal beyond its precision).
import { exactBits, floatingBits } from "./floating";
import { DEC_BYTES, DEC_COUNT, DEC_DIGITS, DEC_MAX, DEC_POINT, DEC_TRUNC, decToBits } from "./bignum";

export const BAD: i32 = 0;
export const GOOD: i32 = 1;
export const NULLED: i32 = 2;

// Scratch, not state: nothing in it outlives a call.
const WORK = memory.data(DEC_BYTES, 16);
/** Where parse functions leave their result: 16 bytes. */
export const RESULT = memory.data(16, 16);

/** The value of 8 ASCII digits in one u64 (first digit in the lowest byte); Lemire, "Quickly parsing eight digits", 2022. */
// @ts-ignore: decorator
@inline
export function eightDigits(x: u64): u64 {
  x = (x & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
  x = (x & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  return (x & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

/** True when all 8 bytes are ASCII digits. */
// @ts-ignore: decorator
@inline
export function areEightDigits(x: u64): bool {
  return ((x & 0xf0f0f0f0f0f0f0f0) | (((x + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) == 0x3333333333333333;
}

/** Optional sign, digits only, within i64. Result: i64 at RESULT. */
export function parseLong(p: usize, e: usize): i32 {
  let negative = false;
  if (p < e) {
    const c = load<u8>(p);
    if (c == 0x2d) { negative = true; p++; } else if (c == 0x2b) p++;
  }
  while (e - p > 18 && load<u8>(p) == 0x30) p++;
  const n = e - p;
  if (n == 0 || n > 19) return BAD;
  let v: u64 = 0;
  while (e - p >= 8) {
    const x = load<u64>(p);
    if (!areEightDigits(x)) return BAD;
    v = v * 100000000 + eightDigits(x);
    p += 8;
  }
  while (p < e) {
    const d: u32 = <u32>load<u8>(p) - 0x30;
    if (d > 9) return BAD;
    v = v * 10 + (d as u64);
    p++;
  }
  if (negative) {
    if (v > 0x8000000000000000) return BAD;
    store<i64>(RESULT, (0 - v) as i64);
  } else {
    if (v > 0x7fffffffffffffff) return BAD;
    store<i64>(RESULT, v as i64);
  }
  return GOOD;
}

/**
 * Java's Double.parseDouble / Float.parseFloat without hexadecimal floats. Result: the bits, u64 at RESULT.
 * Correctly rounded: 128-bit arithmetic for up to 19 digits and |exponent| <= 27, an exact decimal for the rest.
 */
export function parseFloating(p: usize, e: usize, single: bool): i32 {
  const mantissaBits: i32 = single ? 23 : 52;
  const bias: i32 = single ? 127 : 1023;
  let sign: u64 = 0;
  if (p < e) {
    const c = load<u8>(p);
    if (c == 0x2d) { sign = single ? 0x80000000 : 0x8000000000000000; p++; } else if (c == 0x2b) p++;
  }
  if (p >= e) return BAD;
  const c0 = load<u8>(p);
  if (c0 == 0x4e) { // NaN
    if (e - p != 3 || load<u8>(p, 1) != 0x61 || load<u8>(p, 2) != 0x4e) return BAD;
    store<u64>(RESULT, single ? 0x7fc00000 : 0x7ff8000000000000);
    return GOOD;
  }
  if (c0 == 0x49) { // Infinity
    if (e - p != 8 || load<u64>(p) != 0x7974696e69666e49) return BAD;
    store<u64>(RESULT, sign | (single ? 0x7f800000 : 0x7ff0000000000000));
    return GOOD;
  }
  const start = p;
  let w: u64 = 0;
  let digits: i32 = 0; // significant digits in w
  let dropped = false;
  let exp: i32 = 0;
  let any = false;
  while (p < e) {
    const d: u32 = <u32>load<u8>(p) - 0x30;
    if (d > 9) break;
    any = true;
    if (digits < 19) { w = w * 10 + (d as u64); if (w != 0) digits++; }
    else { exp++; if (d != 0) dropped = true; }
    p++;
  }
  if (p < e && load<u8>(p) == 0x2e) {
    p++;
    while (e - p >= 8 && w != 0 && digits <= 11) {
      const x = load<u64>(p);
      if (!areEightDigits(x)) break;
      w = w * 100000000 + eightDigits(x);
      digits += 8;
      exp -= 8;
      any = true;
      p += 8;
    }
    while (p < e) {
      const d: u32 = <u32>load<u8>(p) - 0x30;
      if (d > 9) break;
      any = true;
      if (digits < 19) { w = w * 10 + (d as u64); if (w != 0) digits++; exp--; }
      else if (d != 0) dropped = true;
      p++;
    }
  }
  if (!any) return BAD;
  const digitsEnd = p;
  let written: i32 = 0;
  if (p < e && (load<u8>(p) | 0x20) == 0x65) {
    p++;
    let negative = false;
    if (p < e) {
      const c = load<u8>(p);
      if (c == 0x2d) { negative = true; p++; } else if (c == 0x2b) p++;
    }
    if (p >= e || <u32>load<u8>(p) - 0x30 > 9) return BAD;
    while (p < e) {
      const d: u32 = <u32>load<u8>(p) - 0x30;
      if (d > 9) break;
      if (written < 100000) written = written * 10 + (d as i32);
      p++;
    }
    if (negative) written = -written;
    exp += written;
  }
  if (p < e) { // Java's type suffix
    const c = load<u8>(p) | 0x20;
    if (e - p != 1 || (c != 0x64 && c != 0x66)) return BAD;
  }
  if (w == 0) { store<u64>(RESULT, sign); return GOOD; }
  if (!dropped) {
    if (exp >= -27 && exp <= (single ? 18 : 27)) {
      store<u64>(RESULT, sign | (single ? exactBits(w, exp, mantissaBits, bias) : floatingBits(w, exp)));
      return GOOD;
    }
  }
  slowDigits(start, digitsEnd, written);
  store<u64>(RESULT, sign | decToBits(WORK, mantissaBits, bias));
  return GOOD;
}

/** Fills the decimal workspace from digits with at most one dot. */
function slowDigits(p: usize, e: usize, exp: i32): void {
  let n: i32 = 0;
  let point: i32 = exp;
  let dot = false;
  store<u32>(WORK, 0, DEC_TRUNC);
  for (; p < e; p++) {
    const c = load<u8>(p);
    if (c == 0x2e) { dot = true; continue; }
    if (n == 0 && c == 0x30) { if (dot) point--; continue; }
    if (!dot) point++;
    if (n < DEC_MAX) { store<u8>(WORK + DEC_DIGITS + n, c - 0x30); n++; }
    else if (c != 0x30) store<u32>(WORK, 1, DEC_TRUNC);
  }
  store<i32>(WORK, n, DEC_COUNT);
  store<i32>(WORK, point, DEC_POINT);
  while (n > 0 && load<u8>(WORK + DEC_DIGITS + (n - 1)) == 0) n--;
  store<i32>(WORK, n, DEC_COUNT);
}

const TENS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
  1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000,
], 16);

/** 10^k; 1 for k < 0, modulo 2^64 for k > 19. */
// @ts-ignore: decorator
@inline
export function pow10(k: i32): u64 { return (k as u32) < 20 ? load<u64>(TENS + ((k as usize) << 3)) : power10(k); }

function power10(k: i32): u64 {
  let r: u64 = 1, b: u64 = 10;
  while (k > 0) { if (k & 1) r *= b; b *= b; k >>= 1; }
  return r;
}
