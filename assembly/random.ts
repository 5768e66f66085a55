// Made numbers (datagen): the generator sfc32 (Doty-Humphrey 2010) as src/base/prng.ts steps it, so that both make the same numbers.
import { T_I32, T_I64 } from "./abi";

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

/** n integers uniform in [min, min + range) into a column of type INT or BIGINT; range at most 2^32. `state`: four u32, stepped twice per number. */
export function randomIntegers(state: usize, type: u32, values: usize, n: u32, min: i64, range: f64): void {
  for (let i: u32 = 0; i < n; i++) {
    const high = (nextU32(state) >>> 5) as f64;
    const low = (nextU32(state) >>> 6) as f64;
    const x = ((((high * 67108864.0 + low) / 9007199254740992.0) * range) as i64) + min;
    if (type == T_I64) store<i64>(values + ((i as usize) << 3), x);
    else if (type == T_I32) store<i32>(values + ((i as usize) << 2), x as i32);
  }
}

/** first, first + stride, ... into a column of type INT or BIGINT. */
export function sequenceIntegers(type: u32, values: usize, n: u32, first: f64, stride: f64): void {
  let x = first as i64;
  const step = stride as i64;
  for (let i: u32 = 0; i < n; i++) {
    if (type == T_I64) store<i64>(values + ((i as usize) << 3), x);
    else if (type == T_I32) store<i32>(values + ((i as usize) << 2), x as i32);
    x += step;
  }
}
