// Doubles and floats as text, back from it, and as decimals. A status of 1 says that the value lies at `out`, 0 that there is none, -1 tells the caller to ask the host.
import { floatingBits } from "../scan/floating";
import { parseDecimal } from "../scan/decimal";
import { GOOD, parseFloating, RESULT } from "../scan/number";
import { shortestDigits, writeDouble, writeFloat } from "../write/double";
import { finish, putMagnitude, scaleUp10 } from "./decimal";
import { decRescale } from "./parse";
import { arenaAlloc, pack } from "./string";

/** Bytes of the longest text, and what its writer touches beyond. */
const TEXT_BYTES: u32 = 48;

/** As Java's Double.toString. */
export function doubleToStr(arena: usize, v: f64): u64 {
  const to = arenaAlloc(arena, TEXT_BYTES);
  return to <= 4096 ? pack(to, 0) : pack(to, (writeDouble(to, v) - to) as u32);
}

/** As Java's Float.toString. */
export function floatToStr(arena: usize, v: f32): u64 {
  const to = arenaAlloc(arena, TEXT_BYTES);
  return to <= 4096 ? pack(to, 0) : pack(to, (writeFloat(to, v) - to) as u32);
}

// @ts-ignore: decorator
@inline
function trimStart(a: usize, end: usize): usize {
  while (a < end && load<u8>(a) <= 0x20) a++;
  return a;
}
// @ts-ignore: decorator
@inline
function trimEnd(a: usize, end: usize): usize {
  while (a < end && load<u8>(end - 1) <= 0x20) end--;
  return end;
}

/** As Java's Double.parseDouble. */
export function strToDouble(a: usize, n: i32, out: usize): i32 {
  const end = trimEnd(a, a + n);
  if (parseFloating(trimStart(a, end), end, false) != GOOD) return 0;
  store<u64>(out, load<u64>(RESULT));
  return 1;
}

/** As Java's Float.parseFloat. */
export function strToFloat(a: usize, n: i32, out: usize): i32 {
  const end = trimEnd(a, a + n);
  if (parseFloating(trimStart(a, end), end, true) != GOOD) return 0;
  store<u32>(out, load<u32>(RESULT));
  return 1;
}

/** As Java's new BigDecimal(text), HALF_UP at the scale; 0 beyond the precision too. */
export function strToDecimal(a: usize, n: i32, precision: i32, scale: i32, out: usize): i32 {
  if (precision <= 18 && n <= 18) return shortToDecimal(a, n, precision, scale, out);
  const end = trimEnd(a, a + n);
  if (parseDecimal(trimStart(a, end), end, precision, scale) != GOOD) return 0;
  store<u64>(out, load<u64>(RESULT));
  store<u64>(out, load<u64>(RESULT, 8), 8);
  return 1;
}

// @ts-ignore: decorator
@inline
function isBlank(b: u32): bool { return b == 0x20 || b == 0x0a || b == 0x09; }

/**
 * Short text as a short decimal: Flink's BinaryStringDataUtil.toDecimalFromBytes, which takes the character that ends the number for a part of it ('1a' is 1, '.'
 * and 'x' are 0), counts leading zeros as digits, and knows no exponent below what a long holds.
 */
function shortToDecimal(a: usize, n: i32, precision: i32, scale: i32, out: usize): i32 {
  const end = a + n;
  while (a < end && isBlank(load<u8>(a))) a++;
  if (a == end) return 0;
  let b: u32 = load<u8>(a);
  const negative = b == 0x2d;
  if (negative || b == 0x2b) {
    a++;
    if (a == end) return 0;
  }
  let v: i64 = 0;
  let exp = 0;
  let length = 0;
  let point = -1;
  while (a < end) {
    b = load<u8>(a++);
    if (b >= 0x30 && b <= 0x39) {
      v = v * 10 + (b as i64) - 0x30;
      length++;
    } else if (b == 0x2e) {
      if (point >= 0) return 0;
      point = length;
    } else break;
  }
  if (point < 0) point = length;
  if ((b == 0x65 || b == 0x45) && a < end) {
    b = load<u8>(a);
    const below = b == 0x2d;
    if (below || b == 0x2b) {
      a++;
      if (a == end) return 0;
    }
    while (a < end) {
      b = load<u8>(a++);
      if (b < 0x30 || b > 0x39) break;
      if (exp < 100000) exp = exp * 10 + (b as i32) - 0x30;
    }
    if (below) exp = -exp;
  }
  exp -= length - point;
  while (a < end) if (!isBlank(load<u8>(a++))) return 0;
  const change = exp + scale;
  if (length + change > precision || change < -18) return 0;
  if (change >= 0) for (let i = 0; i < change; i++) v *= 10;
  else v = decRescale(v, -change);
  if (negative) v = -v;
  store<i64>(out, v);
  store<i64>(out, v >> 63, 8);
  return 1;
}

/** The decimal that a double prints as, HALF_UP at the scale. */
export function doubleToDecimal64(v: f64, precision: i32, scale: i32, out: usize): i32 {
  let w: u64 = 0;
  let drop = 0;
  if (v != 0) {
    const k = shortestDigits(abs<f64>(v));
    if (k < 0) return -1;
    w = load<u64>(RESULT, 8);
    drop = k - scale;
    if (drop > 0) w = decRescale(w as i64, drop) as u64; // 17 digits at most
  }
  store<u64>(out, w);
  store<u64>(out, 0, 8);
  if (drop < 0 && !scaleUp10(out, -drop)) return 0;
  return finish(out, v < 0, precision);
}

/** HALF_UP at so many digits after the point of what a double prints as. */
export function roundDouble64(v: f64, digits: i32, out: usize): i32 {
  if (v == 0 || !(abs<f64>(v) < Infinity)) {
    store<f64>(out, v + 0); // a decimal has no -0
    return 1;
  }
  const k = shortestDigits(abs<f64>(v));
  if (k < 0) return -1;
  let rounded = abs<f64>(v);
  if (k > digits) {
    const w = decRescale(load<i64>(RESULT, 8), k - digits) as u64;
    if (w == 0) {
      store<f64>(out, 0);
      return 1;
    }
    rounded = reinterpret<f64>(floatingBits(w, -digits));
  }
  store<f64>(out, v < 0 ? -rounded : rounded);
  return 1;
}

/** The double nearest to a decimal. */
export function decimalToDouble128(low: u64, high: i64, scale: i32, out: usize): i32 {
  const negative = putMagnitude(out, low, high);
  const w = load<u64>(out);
  if (load<u64>(out, 8) != 0 || scale > 27) return -1;
  const v: f64 = w == 0 ? 0 : reinterpret<f64>(floatingBits(w, -scale));
  store<f64>(out, negative ? -v : v);
  return 1;
}
