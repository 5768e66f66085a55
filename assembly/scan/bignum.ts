// Exact decimal <-> binary floating point for the cases the quick paths leave: Nigel Tao's "simple decimal conversion" (2020),
// a decimal digit array shifted by powers of two. A workspace holds: u32 digit count, i32 decimal point, u32 truncated, then digits
// (one byte each, most significant first): value = 0.d0d1d2... * 10^point.

export const DEC_COUNT: usize = 0;
export const DEC_POINT: usize = 4;
export const DEC_TRUNC: usize = 8;
export const DEC_DIGITS: usize = 16;
/** Digits kept. No double needs more than 767 significant digits to be told from its neighbours. */
export const DEC_MAX: i32 = 800;
export const DEC_BYTES: i32 = 912; // room for the carry of one shift

const MAX_SHIFT: u32 = 58; // 9 * 2^58 + carry stays below 2^64

function decTrim(d: usize): void {
  let n = load<i32>(d, DEC_COUNT);
  while (n > 0 && load<u8>(d + DEC_DIGITS + (n - 1)) == 0) n--;
  store<i32>(d, n, DEC_COUNT);
  if (n == 0) store<i32>(d, 0, DEC_POINT);
}

function decShiftRight(d: usize, k: u32): void {
  const digits = d + DEC_DIGITS;
  const count = load<i32>(d, DEC_COUNT);
  let r: i32 = 0;
  let w: i32 = 0;
  let n: u64 = 0;
  for (; n >> (k as u64) == 0; r++) {
    if (r >= count) {
      if (n == 0) { store<i32>(d, 0, DEC_COUNT); return; }
      while (n >> (k as u64) == 0) { n *= 10; r++; }
      break;
    }
    n = n * 10 + (load<u8>(digits + r) as u64);
  }
  store<i32>(d, load<i32>(d, DEC_POINT) - (r - 1), DEC_POINT);
  const mask: u64 = ((1 as u64) << (k as u64)) - 1;
  for (; r < count; r++) {
    const c = load<u8>(digits + r) as u64;
    const q = n >> (k as u64);
    n &= mask;
    store<u8>(digits + w, q as u32);
    w++;
    n = n * 10 + c;
  }
  while (n > 0) {
    const q = n >> (k as u64);
    n &= mask;
    if (w < DEC_MAX) { store<u8>(digits + w, q as u32); w++; }
    else if (q > 0) store<u32>(d, 1, DEC_TRUNC);
    n *= 10;
  }
  store<i32>(d, w, DEC_COUNT);
  decTrim(d);
}

function decShiftLeft(d: usize, k: u32): void {
  const digits = d + DEC_DIGITS;
  let count = load<i32>(d, DEC_COUNT);
  if (count == 0) return;
  let n: u64 = 0;
  for (let i = count - 1; i >= 0; i--) {
    n += (load<u8>(digits + i) as u64) << (k as u64);
    const q = n / 10;
    store<u8>(digits + i, (n - q * 10) as u32);
    n = q;
  }
  let extra: i32 = 0;
  for (let t = n; t > 0; t /= 10) extra++;
  if (extra > 0) {
    memory.copy(digits + extra, digits, count);
    for (let i = extra - 1; i >= 0; i--) {
      const q = n / 10;
      store<u8>(digits + i, (n - q * 10) as u32);
      n = q;
    }
    count += extra;
    store<i32>(d, load<i32>(d, DEC_POINT) + extra, DEC_POINT);
    if (count > DEC_MAX) {
      for (let i = DEC_MAX; i < count; i++) if (load<u8>(digits + i) != 0) store<u32>(d, 1, DEC_TRUNC);
      count = DEC_MAX;
    }
  }
  store<i32>(d, count, DEC_COUNT);
  decTrim(d);
}

/** Multiplies by 2^k. */
export function decShift(d: usize, k: i32): void {
  while (k > <i32>MAX_SHIFT) { decShiftLeft(d, MAX_SHIFT); k -= <i32>MAX_SHIFT; }
  while (k < -<i32>MAX_SHIFT) { decShiftRight(d, MAX_SHIFT); k += <i32>MAX_SHIFT; }
  if (k > 0) decShiftLeft(d, k as u32);
  else if (k < 0) decShiftRight(d, (-k) as u32);
}

/** Rounds half to even up at digit n? (n digits kept) */
function decShouldRoundUp(d: usize, n: i32): bool {
  const count = load<i32>(d, DEC_COUNT);
  if (n < 0 || n >= count) return false;
  const digits = d + DEC_DIGITS;
  if (load<u8>(digits + n) == 5 && n + 1 == count) {
    if (load<u32>(d, DEC_TRUNC) != 0) return true;
    return n > 0 && (load<u8>(digits + n - 1) & 1) != 0;
  }
  return load<u8>(digits + n) >= 5;
}

function decRoundedInteger(d: usize): u64 {
  const point = load<i32>(d, DEC_POINT);
  if (point > 20) return u64.MAX_VALUE;
  const count = load<i32>(d, DEC_COUNT);
  let n: u64 = 0;
  let i: i32 = 0;
  for (; i < point && i < count; i++) n = n * 10 + (load<u8>(d + DEC_DIGITS + i) as u64);
  for (; i < point; i++) n *= 10;
  if (decShouldRoundUp(d, point)) n++;
  return n;
}

// @ts-ignore: decorator
@inline
function shiftFor(point: i32): i32 {
  // largest power of two not above 10^point
  if (point > 8) return 27;
  switch (point) {
    case 0: return 0;
    case 1: return 3;
    case 2: return 6;
    case 3: return 9;
    case 4: return 13;
    case 5: return 16;
    case 6: return 19;
    case 7: return 23;
    default: return 26;
  }
}

/** The bits of the nearest float (mantissaBits 52, bias 1023 or 23, 127), ties to even. The workspace is used up. */
export function decToBits(d: usize, mantissaBits: i32, bias: i32): u64 {
  const expMax = bias * 2 + 1;
  const infinity = (expMax as u64) << (mantissaBits as u64);
  if (load<i32>(d, DEC_COUNT) == 0) return 0;
  if (load<i32>(d, DEC_POINT) > 310) return infinity;
  if (load<i32>(d, DEC_POINT) < -330) return 0;
  let exp: i32 = 0;
  while (load<i32>(d, DEC_POINT) > 0) {
    const n = shiftFor(load<i32>(d, DEC_POINT));
    decShift(d, -n);
    exp += n;
  }
  while (load<i32>(d, DEC_POINT) < 0 || (load<i32>(d, DEC_POINT) == 0 && load<u8>(d, DEC_DIGITS) < 5)) {
    const point = load<i32>(d, DEC_POINT);
    const n = point == 0 ? 1 : shiftFor(-point);
    decShift(d, n);
    exp -= n;
  }
  exp--; // [0.5, 1) -> [1, 2)
  if (exp < 1 - bias) {
    const n = 1 - bias - exp;
    decShift(d, -n);
    exp += n;
  }
  if (exp + bias >= expMax) return infinity;
  decShift(d, mantissaBits + 1);
  let mantissa = decRoundedInteger(d);
  if (mantissa == (2 as u64) << (mantissaBits as u64)) {
    mantissa >>= 1;
    exp++;
    if (exp + bias >= expMax) return infinity;
  }
  if ((mantissa & ((1 as u64) << (mantissaBits as u64))) == 0) exp = -bias;
  return (mantissa & (((1 as u64) << (mantissaBits as u64)) - 1)) | (((exp + bias) as u64) << (mantissaBits as u64));
}

/** Sets the workspace to m * 2^e. */
export function decAssign(d: usize, m: u64, e: i32): void {
  let n: i32 = 0;
  for (let t = m; t > 0; t /= 10) n++;
  store<i32>(d, n, DEC_COUNT);
  store<i32>(d, n, DEC_POINT);
  store<u32>(d, 0, DEC_TRUNC);
  for (let i = n - 1; i >= 0; i--) {
    const q = m / 10;
    store<u8>(d + DEC_DIGITS + i, (m - q * 10) as u32);
    m = q;
  }
  decTrim(d);
  decShift(d, e);
}
