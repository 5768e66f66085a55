// Numbers and literals as most records write them, into a row without a loop over their bytes. What is not plain is left to the general scan.
import { F_BOOL, F_DECIMAL, F_F64, F_I32, F_I64, F_ROW, L_VALUES } from "../abi";
import { L_ARG, setNull, setPresent } from "./context";
import { floatingBits } from "./floating";
import { literalLength } from "./json-text";
import { eightDigits, pow10 } from "./number";

// @ts-ignore: decorator
@inline
function digitsValue(p: usize, n: usize): u64 { return eightDigits(load<u64>(p) << ((8 - n) << 3)); }

// @ts-ignore: decorator
@inline
function endsValue(p: usize): bool {
  const c: u32 = load<u8>(p);
  return c == 0x2c || c == 0x7d;
}

/** Bit k is set when byte k of 16 is no digit. */
// @ts-ignore: decorator
@inline
function noDigits(p: usize): u32 { return i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(p), i8x16.splat(0x30)), i8x16.splat(9))) as u32; }

/**
 * The value at p into row `row` of the column of leaf `l`, whose kind is `type`: a number before a comma or brace, or a literal.
 * Returns the address after it, or 0: something else, or no value of the column as it stands.
 */
export function plainValue(l: usize, type: u32, row: u32, p: usize): usize {
  let q: usize = 0;
  if (type == F_I64 || type == F_I32) q = shortInteger(l, type, row, p);
  else if (type == F_F64 || type == F_DECIMAL) {
    q = shortDecimal(l, type, row, p);
    if (q == 0 && type == F_F64) q = longDouble(l, row, p);
  }
  return q != 0 ? q : plainLiteral(l, type, row, p);
}

function plainLiteral(l: usize, type: u32, row: u32, p: usize): usize {
  const length = literalLength(p);
  if (length == 0) return 0;
  if (load<u8>(p) == 0x6e) {
    if (type == F_ROW) return 0; // its fields are NULL, too
    setNull(l, row);
  } else {
    if (type != F_BOOL) return 0;
    store<u8>((load<u32>(l, L_VALUES) as usize) + (row as usize), u8(length == 4));
    setPresent(l, row);
  }
  return p + length;
}

/** Length of the whole number of 1 to 15 digits at p with a comma or brace after it; 0 when it is something else. */
// @ts-ignore: decorator
@inline
export function shortDigits(p: usize): usize {
  const digits = ctz<u32>(noDigits(p) | 0x10000) as usize;
  if (digits == 0 || digits > 15 || !endsValue(p + digits)) return 0;
  return load<u8>(p) == 0x30 && digits > 1 ? 0 : digits;
}

/** The value of 1 to 16 digits. */
// @ts-ignore: decorator
@inline
export function shortValue(p: usize, n: usize): u64 {
  return n <= 8 ? digitsValue(p, n) : digitsValue(p, n - 8) * 100000000 + eightDigits(load<u64>(p + n - 8));
}

/** The number of shortDigits, with a minus or not, into the column of leaf `l`, which is F_I64, or F_I32 up to 9 digits; the address after it, or 0. */
// @ts-ignore: decorator
@inline
function shortInteger(l: usize, type: u32, row: u32, p: usize): usize {
  const minus = u64(load<u8>(p) == 0x2d);
  p += minus as usize;
  const digits = shortDigits(p);
  if (digits == 0 || (type == F_I32 && digits > 9)) return 0;
  const value = (shortValue(p, digits) ^ (0 - minus)) + minus;
  const values = load<u32>(l, L_VALUES) as usize;
  if (type == F_I32) store<u32>(values + ((row as usize) << 2), value as u32);
  else store<u64>(values + ((row as usize) << 3), value);
  setPresent(l, row);
  return p + digits;
}

/**
 * A number of 1 to 7 digits, with or without a minus and behind a dot up to 14 more, 16 characters in all, before a comma or brace, into row `row` of a
 * DOUBLE or DECIMAL column. Returns the address after it, or 0: something else, or no value of the DECIMAL as it stands.
 */
// @ts-ignore: decorator
@inline
function shortDecimal(l: usize, type: u32, row: u32, p: usize): usize {
  const minus = u32(load<u8>(p) == 0x2d);
  p += minus as usize;
  const other = noDigits(p) | 0x30000;
  const whole = ctz<u32>(other) as usize;
  if (whole - 1 > 6 || (load<u8>(p) == 0x30 && whole > 1)) return 0;
  let w = digitsValue(p, whole);
  let end = p + whole;
  let decimals: usize = 0;
  if (load<u8>(end) == 0x2e) {
    const last = ctz<u32>(other & (other - 1)) as usize;
    decimals = last - whole - 1;
    if (decimals - 1 > 13) return 0;
    const rest = decimals & 7;
    if (rest != 0) w = w * pow10(rest as i32) + digitsValue(end + 1, rest);
    if (decimals >= 8) w = w * 100000000 + eightDigits(load<u64>(end + 1 + rest));
    end = p + last;
  }
  if (!endsValue(end)) return 0;
  const values = load<u32>(l, L_VALUES) as usize;
  if (type == F_F64) {
    // at most 15 digits: both exact, so the quotient is rounded once (Clinger 1990)
    const v = ((w as i64) as f64) / ((pow10(decimals as i32) as i64) as f64);
    store<f64>(values + ((row as usize) << 3), minus != 0 ? -v : v);
  } else {
    const arg = load<u32>(l, L_ARG);
    const precision = arg >> 8;
    const scale = arg & 255;
    if (precision > 18 || (decimals as u32) > scale) return 0;
    if (scale > 11) return 0; // 10^7 * 10^11 fits
    const v = w * pow10((scale - (decimals as u32)) as i32);
    if (v >= pow10(precision as i32)) return 0;
    store<u64>(values + ((row as usize) << 3), minus != 0 ? 0 - v : v);
  }
  setPresent(l, row);
  return end;
}

/** The value of 1 to 19 digits. */
// @ts-ignore: decorator
@inline
function longDigits(p: usize, n: usize): u64 {
  return n <= 16 ? shortValue(p, n) : shortValue(p, n - 8) * 100000000 + eightDigits(load<u64>(p + n - 8));
}

/** As shortDecimal for a DOUBLE of up to 19 digits, 30 characters in all: what JavaScript writes for a computed number, or seconds with a fraction. */
function longDouble(l: usize, row: u32, p: usize): usize {
  const minus = u64(load<u8>(p) == 0x2d);
  p += minus as usize;
  const other = noDigits(p) | (noDigits(p + 16) << 16);
  if (other == 0) return 0;
  const whole = ctz<u32>(other) as usize;
  if (whole - 1 > 18 || (load<u8>(p) == 0x30 && whole > 1)) return 0;
  let w = longDigits(p, whole);
  let end = p + whole;
  let decimals: usize = 0;
  if (load<u8>(end) == 0x2e) {
    const rest = other & (other - 1);
    if (rest == 0) return 0;
    const last = ctz<u32>(rest) as usize;
    decimals = last - whole - 1;
    if (decimals == 0 || decimals + whole > 19) return 0;
    w = w * pow10(decimals as i32) + longDigits(end + 1, decimals);
    end = p + last;
  }
  if (!endsValue(end)) return 0;
  const bits = floatingBits(w, -(decimals as i32));
  store<u64>((load<u32>(l, L_VALUES) as usize) + ((row as usize) << 3), bits | (minus << 63));
  setPresent(l, row);
  return end;
}
