// Column values as text, shared by the json and csv encoders.
import {
  F_BOOL, F_DATE, F_DECIMAL, F_F32, F_F64, F_I16, F_I32, F_I64, F_I8, F_LTZ, F_TIME, F_TIMESTAMP,
} from "../abi";
import { copyShort } from "../bytes";
import { pow10 } from "../scan/number";
import { WL_ARG, WL_KIND, WL_VALUES } from "./context";
import { writeFraction, writeI64, writeU64 } from "./digits";
import { writeDouble, writeFloat } from "./double";
import { writeDate, writeTime, writeTimestamp } from "./time";

/** Most bytes a value of fixed width takes, with what is written past its end. */
export const VALUE_BYTES_MAX: u32 = 64;

// Scratch, not state: nothing in it outlives a call.
const WIDE = memory.data(16, 16);

/** The digits of the u128 at WIDE, at least one; uses it up. */
function writeWide(o: usize): usize {
  // 10^18 at a time, from the low end: at most three groups
  let n: i32 = 0;
  let p = o + 40;
  while (true) {
    // WIDE / 10^9 twice, by 32-bit digits
    let group: u64 = 0;
    let scale: u64 = 1;
    for (let k = 0; k < 2; k++) {
      let r: u64 = 0;
      for (let i: i32 = 3; i >= 0; i--) {
        const a = (r << 32) | (load<u32>(WIDE + ((i as usize) << 2)) as u64);
        store<u32>(WIDE + ((i as usize) << 2), (a / 1000000000) as u32);
        r = a % 1000000000;
      }
      group += r * scale;
      scale *= 1000000000;
    }
    const more = (load<u64>(WIDE) | load<u64>(WIDE, 8)) != 0;
    for (let k = 0; k < 18 && (more || group != 0 || k == 0); k++) {
      store<u8>(--p, 0x30 + ((group % 10) as u32));
      group /= 10;
      n++;
    }
    if (!more) break;
  }
  copyShort(o, p, n);
  return o + n;
}

/** The common case of writeDecimal: 64 bits, a scale of at most 6 and no exponent. 0 when it is another. */
function writeShortDecimal(o: usize, v: i64, scale: i32, plain: bool): usize {
  if (scale > 6) return 0;
  const a: u64 = v < 0 ? 0 - (v as u64) : v as u64;
  const ten = pow10(scale);
  const whole = a / ten;
  const fraction = (a - whole * ten) as u32;
  if (!plain && fraction == 0 && whole % 10 == 0) return 0;
  if (v < 0) store<u8>(o++, 0x2d);
  o = writeU64(o, whole);
  return scale == 0 ? o : writeFraction(o, fraction, scale as u32, pow10(8 - scale) as u32, plain);
}

/** An unscaled decimal. plain: all digits of the scale; else as Jackson prints new BigDecimal(...).stripTrailingZeros(). */
function writeDecimal(o: usize, address: usize, precision: i32, scale: i32, plain: bool): usize {
  let negative: bool;
  const v = load<i64>(address);
  if (precision <= 18 || load<i64>(address, 8) == v >> 63) {
    const end = writeShortDecimal(o, v, scale, plain);
    if (end != 0) return end;
  }
  if (precision <= 18) {
    negative = v < 0;
    store<u64>(WIDE, negative ? 0 - (v as u64) : v as u64);
    store<u64>(WIDE, 0, 8);
  } else {
    let lo = load<u64>(address), hi = load<u64>(address, 8);
    negative = (hi as i64) < 0;
    if (negative) { lo = 0 - lo; hi = ~hi + (lo == 0 ? 1 : 0); }
    store<u64>(WIDE, lo);
    store<u64>(WIDE, hi, 8);
  }
  if (negative) store<u8>(o++, 0x2d);
  let n: i32 = precision <= 18 ? (writeU64(o, load<u64>(WIDE)) - o) as i32 : (writeWide(o) - o) as i32;
  if (!plain) {
    if (n == 1 && load<u8>(o) == 0x30) return o + 1;
    while (n > 1 && load<u8>(o + n - 1) == 0x30) { n--; scale--; }
    const adjusted = n - 1 - scale;
    if (scale < 0 || adjusted < -6) {
      let end = o + n;
      if (n > 1) {
        memory.copy(o + 2, o + 1, n - 1);
        store<u8>(o, 0x2e, 1);
        end++;
      }
      store<u8>(end++, 0x45);
      if (adjusted > 0) store<u8>(end++, 0x2b);
      return writeI64(end, adjusted as i64);
    }
  }
  if (scale == 0) return o + n;
  if (n > scale) {
    memory.copy(o + n - scale + 1, o + n - scale, scale);
    store<u8>(o + n - scale, 0x2e);
    return o + n + 1;
  }
  const zeros = scale - n;
  memory.copy(o + 2 + zeros, o, n);
  memory.fill(o, 0x30, 2 + zeros);
  store<u8>(o, 0x2e, 1);
  return o + 2 + scale;
}

/** A value of fixed width, of leaf `l`, without quotes. Returns the address after it. */
export function writeValue(o: usize, l: usize, row: u32, iso: bool, plain: bool): usize {
  const kind = load<u32>(l, WL_KIND);
  const values = load<u32>(l, WL_VALUES) as usize;
  const r = row as usize;
  switch (kind) {
    case F_I64: return writeI64(o, load<i64>(values + (r << 3)));
    case F_I32: return writeI64(o, load<i32>(values + (r << 2)) as i64);
    case F_I16: return writeI64(o, load<i16>(values + (r << 1)) as i64);
    case F_I8: return writeI64(o, load<i8>(values + r) as i64);
    case F_F64: return writeDouble(o, load<f64>(values + (r << 3)));
    case F_F32: return writeFloat(o, load<f32>(values + (r << 2)));
    case F_BOOL: {
      if (load<u8>(values + r) != 0) { store<u32>(o, 0x65757274); return o + 4; }
      store<u32>(o, 0x736c6166);
      store<u8>(o, 0x65, 4);
      return o + 5;
    }
    case F_DECIMAL: {
      const arg = load<u32>(l, WL_ARG);
      const precision = (arg >> 8) as i32;
      return writeDecimal(o, values + (precision <= 18 ? r << 3 : r << 4), precision, (arg & 255) as i32, plain);
    }
    case F_DATE: return writeDate(o, load<i32>(values + (r << 2)) as i64);
    case F_TIME: {
      const ms = load<u32>(values + (r << 2));
      return writeTime(o, ms / 1000, ms % 1000, 3);
    }
    case F_TIMESTAMP:
    case F_LTZ: return writeTimestamp(l, o, load<i64>(values + (r << 3)), load<u32>(l, WL_ARG) as i32, iso, kind == F_LTZ);
    default: return o;
  }
}

// @ts-ignore: decorator
@inline
function base64Char(v: u32): u32 {
  return v < 26 ? 0x41 + v : v < 52 ? 0x61 + v - 26 : v < 62 ? 0x30 + v - 52 : v == 62 ? 0x2b : 0x2f;
}

/** Base64 with padding. */
export function writeBase64(o: usize, p: usize, e: usize): usize {
  while (p < e) {
    const left = e - p;
    const a: u32 = load<u8>(p), b: u32 = left > 1 ? load<u8>(p, 1) : 0, c: u32 = left > 2 ? load<u8>(p, 2) : 0;
    store<u8>(o, base64Char(a >> 2));
    store<u8>(o, base64Char(((a & 3) << 4) | (b >> 4)), 1);
    store<u8>(o, left > 1 ? base64Char(((b & 15) << 2) | (c >> 6)) : 0x3d, 2);
    store<u8>(o, left > 2 ? base64Char(c & 63) : 0x3d, 3);
    o += 4;
    p += 3;
  }
  return o;
}
