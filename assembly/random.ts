// Made values (datagen), a column at a time. The generator is sfc32 (Doty-Humphrey 2010) as src/base/prng.ts steps it; `state` are its four u32.
import { T_F64, T_I128, T_I16, T_I32, T_I64, T_I8 } from "./abi";
import { negate128, putMagnitude, scaleUp10 } from "./expr/decimal";
import { writeI64 } from "./write/digits";

// @ts-ignore: decorator
@inline
function nextU32(s: usize): u32 {
  const a = load<u32>(s);
  const b = load<u32>(s, 4);
  const c = load<u32>(s, 8);
  const d = load<u32>(s, 12);
  const t = a + b + d;
  store<u32>(s, d + 1, 12);
  store<u32>(s, b ^ (b >>> 9));
  store<u32>(s, c + (c << 3), 4);
  store<u32>(s, rotl<u32>(c, 21) + t, 8);
  return t;
}

/** Uniform in [0, 1), 53 bits. */
// @ts-ignore: decorator
@inline
function next(s: usize): f64 {
  const high = (nextU32(s) >>> 5) as f64;
  const low = (nextU32(s) >>> 6) as f64;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

// @ts-ignore: decorator
@inline
function storeInteger(type: u32, values: usize, i: usize, x: i64): void {
  if (type == T_I64) store<i64>(values + (i << 3), x);
  else if (type == T_I32) store<i32>(values + (i << 2), x as i32);
  else if (type == T_I16) store<i16>(values + (i << 1), x as i16);
  else if (type == T_I8) store<i8>(values + i, x as i8);
}

// @ts-ignore: decorator
@inline
function storeReal(type: u32, values: usize, i: usize, x: f64): void {
  if (type == T_F64) store<f64>(values + (i << 3), x);
  else store<f32>(values + (i << 2), x as f32);
}

/** n whole numbers uniform in [min, min + range) into a column of whole numbers; range at most 2^32. */
export function randomIntegers(state: usize, type: u32, values: usize, n: u32, min: i64, range: f64): void {
  for (let i: usize = 0; i < n; i++) storeInteger(type, values, i, ((next(state) * range) as i64) + min);
}

/** The same for BIGINT and ranges above 2^32; 0 = all of 2^64. */
export function randomLongs(state: usize, values: usize, n: u32, min: i64, range: u64): void {
  for (let i: usize = 0; i < n; i++) {
    const high = nextU32(state) as u64;
    const x = (high << 32) | (nextU32(state) as u64);
    store<i64>(values + (i << 3), range == 0 ? (x as i64) : min + ((x % range) as i64));
  }
}

/** n doubles or floats uniform in [min, min + width). */
export function randomReals(state: usize, type: u32, values: usize, n: u32, min: f64, width: f64): void {
  for (let i: usize = 0; i < n; i++) storeReal(type, values, i, min + next(state) * width);
}

export function randomBooleans(state: usize, values: usize, n: u32): void {
  for (let i: usize = 0; i < n; i++) store<u8>(values + i, nextU32(state) & 1);
}

/** n timestamps from nowMs - maxPastMs to nowMs, `unit` to a millisecond; 0 = in seconds. */
export function randomTimes(state: usize, values: usize, n: u32, nowMs: i64, maxPastMs: f64, unit: i64): void {
  for (let i: usize = 0; i < n; i++) {
    const ms = nowMs - ((next(state) * maxPastMs) as i64);
    const seconds = ms / 1000 - i64(ms % 1000 < 0);
    store<i64>(values + (i << 3), unit == 0 ? seconds : ms * unit);
  }
}

/** The eight hexadecimal digits of x, the lowest first. */
// @ts-ignore: decorator
@inline
function hex8(x: u32): u64 {
  let d = x as u64;
  d = (d | (d << 16)) & 0x0000ffff0000ffff;
  d = (d | (d << 8)) & 0x00ff00ff00ff00ff;
  d = (d | (d << 4)) & 0x0f0f0f0f0f0f0f0f;
  const letters = ((d + 0x0606060606060606) >> 4) & 0x0101010101010101;
  return d + 0x3030303030303030 + letters * 39;
}

// @ts-ignore: decorator
@inline
function storeText(refs: usize, i: usize, at: usize, length: u32): void {
  store<u32>(refs + (i << 3), at as u32);
  store<u32>(refs + (i << 3), length, 4);
}

/** n texts of hexadecimal digits, or of bytes, `each` bytes apart from `room` on, which has 7 more. `variable`: lengths are uniform in [1, length]. */
export function randomTexts(state: usize, refs: usize, n: u32, room: usize, each: u32, length: u32, variable: bool, hex: bool): void {
  for (let i: usize = 0; i < n; i++) {
    const at = room + i * (each as usize);
    const bytes: u32 = variable ? 1 + ((next(state) * (length as f64)) as u32) : length;
    if (hex) for (let k: u32 = 0; k < bytes; k += 8) store<u64>(at + k, hex8(nextU32(state)));
    else for (let k: u32 = 0; k < bytes; k += 4) store<u32>(at + k, nextU32(state));
    storeText(refs, i, at, bytes);
  }
}

/** Sets a row's bit unless it is NULL by chance (`rate`), or in a ROW that is NULL (`parent`: its bits; 0 = none). All bits are clear before. */
export function randomPresence(state: usize, validity: usize, n: u32, rate: f64, parent: usize): void {
  if (rate == 0 && parent == 0) {
    memory.fill(validity, 0xff, (n + 7) >>> 3);
    return;
  }
  for (let i: usize = 0; i < n; i++) {
    const at = i >> 3;
    const bit: u8 = 1 << ((i & 7) as u8);
    if (parent != 0 && (load<u8>(parent + at) & bit) == 0) continue;
    if (rate == 0 || next(state) > rate) store<u8>(validity + at, load<u8>(validity + at) | bit);
  }
}

/** first, first + stride, ... into a column of whole numbers. */
export function sequenceIntegers(type: u32, values: usize, n: u32, first: f64, stride: f64): void {
  let x = first as i64;
  const step = stride as i64;
  for (let i: usize = 0; i < n; i++) {
    storeInteger(type, values, i, x);
    x += step;
  }
}

/** The same into a column of doubles or floats. */
export function sequenceReals(type: u32, values: usize, n: u32, first: f64, stride: f64): void {
  for (let i: usize = 0; i < n; i++) storeReal(type, values, i, first + (i as f64) * stride);
}

/** The same as texts of their digits, or as eight bytes, the lowest first (as Flink); room as for randomTexts. */
export function sequenceTexts(refs: usize, n: u32, room: usize, each: u32, first: f64, stride: f64, digits: bool): void {
  let x = first as i64;
  const step = stride as i64;
  for (let i: usize = 0; i < n; i++) {
    const at = room + i * (each as usize);
    let end = at + 8;
    if (digits) end = writeI64(at, x);
    else store<i64>(at, x);
    storeText(refs, i, at, (end - at) as u32);
    x += step;
  }
}

/** Doubles into a column of DECIMALs of a scale, cut off; those of 2^53 units and more have no digits after the point. */
export function decimalsOfReals(from: usize, n: u32, type: u32, values: usize, scale: i32, unit: f64): void {
  for (let i: usize = 0; i < n; i++) {
    const x = load<f64>(from + (i << 3));
    const scaled = x * unit;
    const fits = abs<f64>(scaled) < 9007199254740992.0;
    if (type != T_I128) {
      store<i64>(values + (i << 3), fits ? (scaled as i64) : (x as i64) * (unit as i64));
      continue;
    }
    const out = values + (i << 4);
    let negative = x < 0;
    if (fits) negative = putMagnitude(out, (scaled as i64) as u64, (scaled as i64) >> 63);
    else {
      const whole = trunc<f64>(abs<f64>(x));
      const high = trunc<f64>(whole * 5.421010862427522e-20); // 2^-64
      store<u64>(out, (whole - high * 18446744073709551616.0) as u64);
      store<u64>(out, high as u64, 8);
      scaleUp10(out, scale);
    }
    if (negative) negate128(out);
  }
}
