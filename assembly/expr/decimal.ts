// DECIMAL arithmetic on 128-bit integers, as far as results and intermediates fit; -1 tells the caller that the host must do it.
// Values are two's complement (low, high); inside they are sign and magnitude. Division: Knuth, TAOCP 2, 4.3.1 algorithm D, for one 64-bit divisor.


// @ts-ignore: decorator
@inline
function pow10(n: i32): u64 { return load<u64>(POWERS + (n << 3)); }

const POWERS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
  100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000,
]);

/** High half of a 64 x 64 product. */
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const t = al * bl;
  const m = ah * bl + (t >> 32);
  const n = al * bh + (m & 0xffffffff);
  return ah * bh + (m >> 32) + (n >> 32);
}

/** (out: low, high) *= m; false when it leaves 128 bits. */
function scaleUp(out: usize, m: u64): bool {
  const low = load<u64>(out);
  const high = load<u64>(out, 8);
  if (mulHigh(high, m) != 0) return false;
  const top = high * m;
  const carry = mulHigh(low, m);
  const sum = top + carry;
  if (sum < top) return false;
  store<u64>(out, low * m);
  store<u64>(out, sum, 8);
  return true;
}

/** Times 10^places; false when it leaves 128 bits. */
export function scaleUp10(out: usize, places: i32): bool {
  while (places > 19) {
    if (!scaleUp(out, pow10(19))) return false;
    places -= 19;
  }
  return scaleUp(out, pow10(places));
}

/** (high, low) / d with high < d; the quotient, the remainder to `rest`. */
function divide128(high: u64, low: u64, d: u64, rest: usize): u64 {
  if (high == 0) {
    store<u64>(rest, low % d);
    return low / d;
  }
  const s = clz<u64>(d);
  d <<= s;
  const dh = d >> 32, dl = d & 0xffffffff;
  const un = s == 0 ? high : (high << s) | (low >> (64 - s));
  const u = low << s;
  const u1 = u >> 32, u0 = u & 0xffffffff;
  let q1 = un / dh;
  let r = un % dh;
  while (q1 >= 0x100000000 || q1 * dl > ((r << 32) | u1)) {
    q1--;
    r += dh;
    if (r >= 0x100000000) break;
  }
  const un1 = ((un << 32) | u1) - q1 * d;
  let q0 = un1 / dh;
  r = un1 % dh;
  while (q0 >= 0x100000000 || q0 * dl > ((r << 32) | u0)) {
    q0--;
    r += dh;
    if (r >= 0x100000000) break;
  }
  store<u64>(rest, (((un1 << 32) | u0) - q0 * d) >> s);
  return (q1 << 32) | q0;
}

/** (out: low, high) /= d; the remainder comes back. `out` + 16 is used. */
function scaleDown(out: usize, d: u64): u64 {
  const high = load<u64>(out, 8);
  const low = load<u64>(out);
  const q = high / d;
  store<u64>(out, divide128(high % d, low, d, out + 16));
  store<u64>(out, q, 8);
  return load<u64>(out, 16);
}

/** Rounds HALF_UP after a division by d that left `rest`. */
function roundUp(out: usize, rest: u64, d: u64): void {
  if (rest >= d - rest) addTo(out, 1);
}

/** (out: low, high) += v */
function addTo(out: usize, v: u64): void {
  const low = load<u64>(out) + v;
  store<u64>(out, low);
  if (low < v) store<u64>(out, load<u64>(out, 8) + 1, 8);
}

/** From one scale to another, HALF_UP; false when it leaves 128 bits or more than 19 digits go. */
function rescale(out: usize, from: i32, to: i32): bool {
  if (to >= from) return scaleUp10(out, to - from);
  if (from - to > 19) return false;
  const d = pow10(from - to);
  roundUp(out, scaleDown(out, d), d);
  return true;
}

/** Sets the sign and checks the precision: 1, or 0 when there are too many digits. `out` has 32 bytes. */
export function finish(out: usize, negative: bool, precision: i32): i32 {
  const low = load<u64>(out);
  const high = load<u64>(out, 8);
  // limit = 10^precision
  store<u64>(out, 1, 16);
  store<u64>(out, 0, 24);
  scaleUp10(out + 16, precision);
  const limitLow = load<u64>(out, 16);
  const limitHigh = load<u64>(out, 24);
  if (high > limitHigh || (high == limitHigh && low >= limitLow)) return 0;
  if (negative) negate128(out);
  return 1;
}

export function negate128(out: usize): void {
  const low = load<u64>(out);
  store<u64>(out, 0 - low);
  store<u64>(out, ~load<u64>(out, 8) + u64(low == 0), 8);
}

/** The magnitude to `out`; true when the number is negative. */
// @ts-ignore: decorator
@inline
export function putMagnitude(out: usize, low: u64, high: i64): bool {
  const negative = high < 0;
  store<u64>(out, negative ? 0 - low : low);
  store<u64>(out, negative ? ~(high as u64) + u64(low == 0) : (high as u64), 8);
  return negative;
}

/** a op b (0 add, 1 sub, 2 mul, 3 div, 4 mod) at `scale`: 1 = value at out, 0 = too many digits, -1 = the host must compute it. `out` has 48 bytes. */
export function decimalOp128(how: i32, al: u64, ah: i64, sa: i32, bl: u64, bh: i64, sb: i32, precision: i32, scale: i32, out: usize): i32 {
  let negative = putMagnitude(out, al, ah);
  const other = out + 32;
  if (how == 2) {
    // one factor must be a single word
    if (load<u64>(out, 8) != 0) {
      const wide = bh < 0 ? ~(bh as u64) + u64(bl == 0) : (bh as u64);
      if (wide != 0) return -1;
      if (!scaleUp(out, bh < 0 ? 0 - bl : bl)) return -1;
    } else {
      const word = load<u64>(out);
      putMagnitude(out, bl, bh);
      if (!scaleUp(out, word)) return -1;
    }
    if (!rescale(out, sa + sb, scale)) return -1;
    return finish(out, negative != (bh < 0), precision);
  }
  const s = sa > sb ? sa : sb;
  if (how < 2) {
    if (how == 1) { bh = ~bh + i64(bl == 0); bl = 0 - bl; }
    // both at the larger scale, magnitudes below 2^126
    putMagnitude(out, bl, bh);
    if (!scaleUp10(out, s - sb) || load<u64>(out, 8) >> 62) return -1;
    const yl = bh < 0 ? 0 - load<u64>(out) : load<u64>(out);
    const yh = bh < 0 ? ~load<u64>(out, 8) + u64(load<u64>(out) == 0) : load<u64>(out, 8);
    negative = putMagnitude(out, al, ah);
    if (!scaleUp10(out, s - sa) || load<u64>(out, 8) >> 62) return -1;
    const xl = negative ? 0 - load<u64>(out) : load<u64>(out);
    const xh = negative ? ~load<u64>(out, 8) + u64(load<u64>(out) == 0) : load<u64>(out, 8);
    const low = xl + yl;
    const high = xh + yh + u64(low < xl);
    negative = putMagnitude(out, low, high as i64);
    if (!rescale(out, s, scale)) return -1;
    return finish(out, negative, precision);
  }
  // the divisor must be one word after scaling
  putMagnitude(other, bl, bh);
  if (load<u64>(other, 8) != 0 || load<u64>(other) == 0) return -1;
  if (how == 4) {
    if (!scaleUp10(other, s - sb) || load<u64>(other, 8) != 0) return -1;
    if (!scaleUp10(out, s - sa)) return -1;
    const rest = scaleDown(out, load<u64>(other));
    store<u64>(out, rest);
    store<u64>(out, 0, 8);
    if (!rescale(out, s, scale)) return -1;
    return finish(out, negative, precision);
  }
  const places = scale + sb - sa;
  const d = load<u64>(other);
  // A quotient below 10^19 by a divisor below 10^18: rounding first to 38 digits, as Flink does, changes nothing.
  if (places < 0 || d >= 1000000000000000000 || !scaleUp10(out, places)) return -1;
  roundUp(out, scaleDown(out, d), d);
  if (load<u64>(out, 8) != 0 || load<u64>(out) >= pow10(19)) return -1;
  return finish(out, negative != (bh < 0), precision);
}

/** HALF_UP from one scale to another: as decimalOp128. */
export function decimalRescale128(low: u64, high: i64, from: i32, to: i32, precision: i32, out: usize): i32 {
  const negative = putMagnitude(out, low, high);
  if (!rescale(out, from, to)) return -1;
  return finish(out, negative, precision);
}

// Scratch, not state: nothing in it outlives a call.
const WIDE = memory.data(48, 16);

/** The whole part, wrapped to 64 bits. */
export function decimalToLong128(low: u64, high: i64, scale: i32): i64 {
  const negative = putMagnitude(WIDE, low, high);
  for (; scale > 19; scale -= 19) scaleDown(WIDE, pow10(19));
  scaleDown(WIDE, pow10(scale));
  const v = load<i64>(WIDE);
  return negative ? -v : v;
}

/** Rounded at `digits` after the point (0 HALF_UP, 1 down, 2 up), at another scale: as decimalOp128. */
export function decimalRound128(how: i32, low: u64, high: i64, from: i32, digits: i32, precision: i32, scale: i32, out: usize): i32 {
  const negative = putMagnitude(out, low, high);
  let places = from;
  if (digits < from) {
    if (from - digits > 19 || digits < 0) return -1;
    const d = pow10(from - digits);
    const rest = scaleDown(out, d);
    if (how == 0) roundUp(out, rest, d);
    else if (rest != 0 && negative == (how == 1)) addTo(out, 1);
    places = digits;
  }
  if (!rescale(out, places, scale)) return -1;
  return finish(out, negative, precision);
}

/** A decimal divided by c < 2^60, with `digits` more digits, HALF_UP; false when it leaves DECIMAL(38). */
export function divideByCount(low: u64, high: i64, c: u64, digits: u32, out: usize): bool {
  const negative = putMagnitude(WIDE, low, high);
  let rest = scaleDown(WIDE, c);
  for (let left = digits as i32; left > 0; ) {
    const places = c < 0x10000000000 ? min<i32>(left, 7) : 1; // so that the product fits 64 bits
    const unit = pow10(places);
    rest *= unit;
    const next = rest / c;
    rest -= next * c;
    if (!scaleUp(WIDE, unit)) return false;
    addTo(WIDE, next);
    left -= places;
  }
  roundUp(WIDE, rest, c);
  if (finish(WIDE, negative, 38) == 0) return false;
  store<u64>(out, load<u64>(WIDE));
  store<u64>(out, load<u64>(WIDE, 8), 8);
  return true;
}
