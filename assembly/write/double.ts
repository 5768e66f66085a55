// Doubles and floats as Java prints them (Double.toString as specified since JDK 19: the shortest decimal that reads back the same,
// at least two digits). JDK 17 prints a few values with one digit more than needed; both texts read back as the same number.
import { LOW, multiply128, pow5 } from "../scan/floating";
import { RESULT } from "../scan/number";
import { writeFraction, writeI64, writeU64 } from "./digits";
import { DEC_BYTES, DEC_COUNT, DEC_DIGITS, DEC_POINT, decAssign } from "../scan/bignum";

// Scratch, not state: nothing in it outlives a call.
const MID = memory.data(DEC_BYTES, 16);
const UPPER = memory.data(DEC_BYTES, 16);
const LOWER = memory.data(DEC_BYTES, 16);
const DIGITS = memory.data(32, 16);

/** Cuts the workspace to n digits, rounded half to even, down or up (mode 0, -1, 1). */
function decRound(d: usize, n: i32, mode: i32): void {
  const count = load<i32>(d, DEC_COUNT);
  if (n >= count) return;
  const g = d + DEC_DIGITS;
  let up = mode > 0;
  if (mode == 0) {
    const c = load<u8>(g + n);
    up = c == 5 && n + 1 == count ? n > 0 && (load<u8>(g + n - 1) & 1) != 0 : c >= 5;
  }
  if (up) {
    let i = n - 1;
    while (i >= 0 && load<u8>(g + i) == 9) i--;
    if (i < 0) {
      store<u8>(g, 1);
      store<i32>(d, 1, DEC_COUNT);
      store<i32>(d, load<i32>(d, DEC_POINT) + 1, DEC_POINT);
      return;
    }
    store<u8>(g + i, load<u8>(g + i) + 1);
    n = i + 1;
  }
  while (n > 0 && load<u8>(g + n - 1) == 0) n--;
  store<i32>(d, n, DEC_COUNT);
}

/** Shortest digits of m * 2^e into MID; the exact form of Steele and White's search, as in Go's strconv. `narrow`: the gap below is half as wide. */
function shortest(m: u64, e: i32, narrow: bool): void {
  decAssign(MID, m, e);
  decAssign(UPPER, m * 2 + 1, e - 1);
  if (narrow) decAssign(LOWER, m * 4 - 1, e - 2);
  else decAssign(LOWER, m * 2 - 1, e - 1);
  const inclusive = (m & 1) == 0;
  const upperPoint = load<i32>(UPPER, DEC_POINT), upperCount = load<i32>(UPPER, DEC_COUNT);
  const lowerPoint = load<i32>(LOWER, DEC_POINT), lowerCount = load<i32>(LOWER, DEC_COUNT);
  const point = load<i32>(MID, DEC_POINT), count = load<i32>(MID, DEC_COUNT);
  let delta: i32 = 0;
  for (let ui = 0; ; ui++) {
    const mi = ui - upperPoint + point;
    if (mi >= count) return;
    const li = ui - upperPoint + lowerPoint;
    const l: i32 = li >= 0 && li < lowerCount ? load<u8>(LOWER + DEC_DIGITS + li) as i32 : 0;
    const c: i32 = mi >= 0 ? load<u8>(MID + DEC_DIGITS + mi) as i32 : 0;
    const u: i32 = ui < upperCount ? load<u8>(UPPER + DEC_DIGITS + ui) as i32 : 0;
    const down = l != c || (inclusive && li + 1 == lowerCount);
    if (delta == 0) { if (c + 1 < u) delta = 2; else if (c != u) delta = 1; }
    else if (delta == 1 && (c != 9 || u != 0)) delta = 2;
    const up = delta > 0 && (inclusive || delta > 1 || ui + 1 < upperCount);
    if (!down && !up) continue;
    if (mi < 1) decRound(MID, 2, 0); // Java wants the best of two digits where one would do
    else decRound(MID, mi + 1, down && up ? 0 : down ? -1 : 1);
    return;
  }
}

/**
 * Shortest digits of m * 2^e (m of 24 or 53 bits, not a power of two) for values in [1e-11, 1e17) that have a fraction, exactly: the value and the ends of its
 * rounding interval times 10^k, so that the value has 17 digits before the point, are integers of at most 118 bits and a binary fraction.
 * The number at RESULT + 8; returns its k, or -1 when out of this range.
 */
function shortestScaled(m: u64, e: i32, v: f64): i32 {
  if (v < 1e-11 || v >= 1e17) return -1;
  let k: i32 = 16;
  let ten: f64 = 1;
  if (v >= 1) while (k > 0 && v >= ten * 10) { ten *= 10; k--; }
  else while (v * ten < 1) { ten *= 10; k++; }
  const s = -(e + k) + 1; // the products below are of 2m
  if (k > 27 || s < 1 || s > 127) return -1;
  const p5 = pow5(k);
  const inclusive = (m & 1) == 0;
  // least integer not below the lower end, greatest not above the upper end
  let cut = scaledFloor(2 * m - 1, p5, s);
  const from = cut + (scaledRest(2 * m - 1, p5, s) == 0 && inclusive ? 0 : 1);
  cut = scaledFloor(2 * m + 1, p5, s);
  const to = cut - (scaledRest(2 * m + 1, p5, s) == 0 && !inclusive ? 1 : 0);
  const mid = scaledFloor(2 * m, p5, s);
  const half = scaledRest(2 * m, p5, s);
  let t: u64 = 1;
  while (to - to % (t * 10) >= from) t *= 10;
  const r = mid % t;
  let best = mid - r;
  // nearest multiple of t, ties to the even digit
  let up: bool;
  if (t == 1) up = half > 2 || (half == 2 && (best & 1) != 0);
  else up = r > t / 2 || (r == t / 2 && (half != 0 || (best / t & 1) != 0));
  if (up) best += t;
  if (best < from) best += t;
  else if (best > to) best -= t;
  store<u64>(RESULT, best, 8);
  return k;
}

/** floor(a * b / 2^s) */
function scaledFloor(a: u64, b: u64, s: i32): u64 {
  const hi = multiply128(a, b);
  const lo = load<u64>(LOW);
  if (s >= 64) return hi >> ((s - 64) as u64);
  return (hi << ((64 - s) as u64)) | (lo >> (s as u64));
}

/** The fraction of a * b / 2^s: 0 none, 1 below a half, 2 a half, 3 above. */
function scaledRest(a: u64, b: u64, s: i32): u32 {
  let hi = multiply128(a, b);
  let lo = load<u64>(LOW);
  // the fraction's bits to the top of hi:lo
  if (s < 64) { hi = lo << ((64 - s) as u64); lo = 0; }
  else if (s < 128) {
    const z = (128 - s) as u64;
    if (z < 64) { hi = (hi << z) | (lo >> (64 - z)); lo <<= z; }
    else { hi = lo; lo = 0; }
  }
  if ((hi | lo) == 0) return 0;
  if (hi == 0x8000000000000000 && lo == 0) return 2;
  return hi >= 0x8000000000000000 ? 3 : 1;
}

/** n digits at DIGITS (one per byte, as characters), value 0.ddd * 10^point, as Java lays them out. */
function layOut(o: usize, n: i32, point: i32): usize {
  if (point > -3 && point <= 7) {
    if (point <= 0) {
      store<u16>(o, 0x2e30);
      o += 2;
      for (let i = point; i < 0; i++) store<u8>(o++, 0x30);
      memory.copy(o, DIGITS, n);
      return o + n;
    }
    for (let i = 0; i < point; i++) store<u8>(o++, i < n ? load<u8>(DIGITS + i) : 0x30);
    store<u8>(o++, 0x2e);
    if (n <= point) { store<u8>(o, 0x30); return o + 1; }
    memory.copy(o, DIGITS + point, n - point);
    return o + (n - point);
  }
  store<u8>(o, load<u8>(DIGITS));
  store<u8>(o, 0x2e, 1);
  o += 2;
  if (n == 1) store<u8>(o++, 0x30);
  else {
    memory.copy(o, DIGITS + 1, n - 1);
    o += n - 1;
  }
  store<u8>(o++, 0x45);
  return writeI64(o, (point - 1) as i64);
}

/**
 * The fewest digits that name v > 0, as a number at RESULT + 8: v = number / 10^k. Returns k, or -1 for what this does not cover: below 1e-11, whole numbers
 * from 1e15 on, and powers of two and subnormal numbers with more than 15 digits.
 */
export function shortestDigits(v: f64): i32 {
  let ten: f64 = 1;
  for (let k: i32 = 0; k <= 22; k++) {
    const t = v * ten;
    if (t >= 1e15) break;
    const r = nearest<f64>(t);
    if (r / ten == v && r >= 1) {
      store<u64>(RESULT, r as u64, 8);
      return k;
    }
    ten *= 10;
  }
  const bits = reinterpret<u64>(v);
  const exp = ((bits >> 52) & 0x7ff) as i32;
  const fraction = bits & 0xfffffffffffff;
  return exp != 0 && fraction != 0 ? shortestScaled(fraction | 0x10000000000000, exp - 1075, v) : -1;
}

/** Finite or not, as Double.toString: at most 26 bytes. Returns the address after the text. */
export function writeDouble(o: usize, v: f64): usize {
  const bits = reinterpret<u64>(v);
  if (v != v) { store<u16>(o, 0x614e); store<u8>(o, 0x4e, 2); return o + 3; }
  if (bits >> 63 != 0) { store<u8>(o++, 0x2d); v = -v; }
  if (v == Infinity) { store<u64>(o, 0x7974696e69666e49); return o + 8; }
  if (v == 0) { store<u16>(o, 0x2e30); store<u8>(o, 0x30, 2); return o + 3; }
  if (v >= 1e-3 && v < 1e7) {
    // four decimals or fewer: at most 15 digits name one double only, so these are its shortest
    const t = nearest<f64>(v * 1e4);
    if (t / 1e4 == v) {
      const whole = v as u32;
      o = writeU64(o, whole as u64);
      const fraction = (t - (whole as f64) * 1e4) as u32;
      if (fraction == 0) { store<u16>(o, 0x302e); return o + 2; }
      return writeFraction(o, fraction, 4, 10000, false);
    }
  }
  const k = shortestDigits(v);
  if (k >= 0) return fromInteger(o, load<u64>(RESULT, 8), k);
  const exp = ((bits >> 52) & 0x7ff) as i32;
  const fraction = bits & 0xfffffffffffff;
  if (exp == 0) shortest(fraction, -1074, false);
  else shortest(fraction | 0x10000000000000, exp - 1075, fraction == 0 && exp > 1);
  return fromWorkspace(o);
}

/** As Float.toString. */
export function writeFloat(o: usize, v: f32): usize {
  const bits = reinterpret<u32>(v);
  if (v != v) { store<u16>(o, 0x614e); store<u8>(o, 0x4e, 2); return o + 3; }
  if (bits >> 31 != 0) { store<u8>(o++, 0x2d); v = -v; }
  if (v == <f32>Infinity) { store<u64>(o, 0x7974696e69666e49); return o + 8; }
  if (v == 0) { store<u16>(o, 0x2e30); store<u8>(o, 0x30, 2); return o + 3; }
  let ten: f32 = 1;
  for (let k: i32 = 0; k <= 10; k++) {
    const t = v * ten;
    if (t >= 1e6) break;
    const r = nearest<f32>(t);
    if (r / ten == v && r >= 1) return fromInteger(o, r as u64, k);
    ten *= 10;
  }
  const exp = ((bits >> 23) & 0xff) as i32;
  const fraction = (bits & 0x7fffff) as u64;
  if (exp != 0 && fraction != 0) {
    const k = shortestScaled(fraction | 0x800000, exp - 150, v);
    if (k >= 0) return fromInteger(o, load<u64>(RESULT, 8), k);
  }
  if (exp == 0) shortest(fraction, -149, false);
  else shortest(fraction | 0x800000, exp - 150, fraction == 0 && exp > 1);
  return fromWorkspace(o);
}

/** r * 10^-k */
function fromInteger(o: usize, r: u64, k: i32): usize {
  let n = (writeU64(DIGITS, r) - DIGITS) as i32;
  const point = n - k;
  while (n > 1 && load<u8>(DIGITS + n - 1) == 0x30) n--;
  return layOut(o, n, point);
}

function fromWorkspace(o: usize): usize {
  const n = load<i32>(MID, DEC_COUNT);
  for (let i = 0; i < n; i++) store<u8>(DIGITS + i, load<u8>(MID + DEC_DIGITS + i) + 0x30);
  return layOut(o, n, load<i32>(MID, DEC_POINT));
}
