// Products and quotients of 128 bits, and from them the floating-point number nearest to w * 10^q.

/** Second result of multiply128 and divide128: a u64. */
export const LOW = memory.data(8, 8);

// @ts-ignore: decorator
@inline
export function pow5(k: i32): u64 {
  let r: u64 = 1, b: u64 = 5;
  while (k > 0) { if (k & 1) r *= b; b *= b; k >>= 1; }
  return r;
}

/** floor((hi:0) / d) for hi < d and d normalised; the remainder at LOW. Knuth's algorithm D with 32-bit digits. */
function divide128(hi: u64, d: u64): u64 {
  const dh = d >> 32, dl = d & 0xffffffff;
  let q1 = hi / dh;
  let r = hi - q1 * dh;
  while (q1 >= 0x100000000 || q1 * dl > (r << 32)) {
    q1--;
    r += dh;
    if (r >= 0x100000000) break;
  }
  const mid = (hi << 32) - q1 * d;
  let q0 = mid / dh;
  r = mid - q0 * dh;
  while (q0 >= 0x100000000 || q0 * dl > (r << 32)) {
    q0--;
    r += dh;
    if (r >= 0x100000000) break;
  }
  store<u64>(LOW, (mid << 32) - q0 * d);
  return (q1 << 32) + q0;
}

/** High 64 bits of a * b; the low ones at LOW. */
export function multiply128(a: u64, b: u64): u64 {
  const al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const ll = al * bl, lh = al * bh, hl = ah * bl;
  const mid = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);
  store<u64>(LOW, (mid << 32) | (ll & 0xffffffff));
  return ah * bh + (lh >> 32) + (hl >> 32) + (mid >> 32);
}

/** Bits of the nearest double or float of (m + sticky) * 2^e for a normal result; m has its top bit set. */
function roundBits(m: u64, e: i32, sticky: bool, mantissaBits: i32, bias: i32): u64 {
  const drop = 63 - mantissaBits;
  let v = m >> (drop as u64);
  const rest = m & (((1 as u64) << (drop as u64)) - 1);
  const half = (1 as u64) << ((drop - 1) as u64);
  if (rest > half || (rest == half && (sticky || (v & 1) != 0))) v++;
  let exp = e + 63 + bias;
  if (v == (2 as u64) << (mantissaBits as u64)) { v >>= 1; exp++; }
  return (v & (((1 as u64) << (mantissaBits as u64)) - 1)) | ((exp as u64) << (mantissaBits as u64));
}

/** w * 10^q for w != 0, |q| <= 27, exact in 128 bits, rounded once. For floats the result must be normal: w * 10^q in [1e-27, 1.9e46] may overflow. */
export function exactBits(w: u64, q: i32, mantissaBits: i32, bias: i32): u64 {
  const lead = clz<u64>(w) as i32;
  const m = w << (lead as u64);
  if (q >= 0) {
    let hi = multiply128(m, pow5(q));
    let lo = load<u64>(LOW);
    if (hi == 0) return roundBits(lo, q - lead, false, mantissaBits, bias);
    const z = clz<u64>(hi) as i32;
    if (z > 0) {
      hi = (hi << (z as u64)) | (lo >> ((64 - z) as u64));
      lo <<= z as u64;
    }
    return roundBits(hi, q - lead + 64 - z, lo != 0, mantissaBits, bias);
  }
  const k = -q;
  const d0 = pow5(k);
  const dz = clz<u64>(d0) as i32;
  const d = d0 << (dz as u64);
  // value = m * 2^-lead / (d * 2^-dz) / 2^k
  let hi = m;
  let e = -lead + dz - k - 64;
  let odd: u64 = 0;
  if (hi >= d) { odd = hi & 1; hi >>= 1; e++; }
  let quotient = divide128(hi, d);
  let rest = load<u64>(LOW) != 0;
  if (odd != 0) {
    // the halved bit: add 2^63 / d, which is 0 or 1 more in the quotient; exact by redoing the remainder
    let r = load<u64>(LOW);
    const add: u64 = 0x8000000000000000;
    const sum = r + add;
    const carry = sum < r;
    if (carry || sum >= d) {
      r = sum - d;
      quotient++;
      if (r >= d) { r -= d; quotient++; }
    } else r = sum;
    rest = r != 0;
  }
  const z = clz<u64>(quotient) as i32;
  if (z > 0) { quotient <<= z as u64; e -= z; }
  return roundBits(quotient, e, rest, mantissaBits, bias);
}

/** Bits of the double nearest to w * 10^q, |q| <= 27. */
export function floatingBits(w: u64, q: i32): u64 {
  if (w < ((1 as u64) << 53) && q >= -22 && q <= 22) { // both exact, so rounded once: Clinger 1990
    const v = (w as i64) as f64;
    let ten: f64 = 1, b: f64 = 10;
    for (let k = q < 0 ? -q : q; k > 0; k >>= 1) { if (k & 1) ten *= b; b *= b; }
    return reinterpret<u64>(q < 0 ? v / ten : v * ten);
  }
  return exactBits(w, q, 52, 1023);
}
