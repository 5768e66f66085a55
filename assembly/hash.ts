// Hashes of key columns, one u32 per selected row. The top bits are the good ones: key group and table slot come from them.
// Numbers: the finaliser of MurmurHash3 with Stafford's mix 13 constants. Bytes: 16 at a time in two lanes of
// (state ^ word) * odd, rotated by half, with the last 16 bytes read as an overlapping pair (as in wyhash and xxh3).
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_ROW, T_STR } from "./abi";

const K0: u64 = 0x9e3779b97f4a7c15;
const K1: u64 = 0xbf58476d1ce4e5b9;
const K2: u64 = 0x94d049bb133111eb;
const K3: u64 = 0xd6e8feb86659fd93;
/** What a NULL contributes. */
export const NULL_WORD: u64 = 0x7fb5d329728ea185;

/** 64 bits to 32: every input bit reaches the top bits. */
// @ts-ignore: decorator
@inline
export function finish(x: u64): u32 {
  x = (x ^ (x >> 32)) * K1;
  x = (x ^ (x >> 29)) * K2;
  return (x >> 32) as u32;
}

/** Hash of one number, as a key of one column gives it. */
// @ts-ignore: decorator
@inline
export function hashWord(word: u64, seed: u64): u32 {
  return finish((word ^ seed) * K0);
}

/** 64-bit digest of bytes. Reads up to 7 bytes past the end of strings shorter than 8. */
// @ts-ignore: decorator
@inline
export function digestBytes(p: usize, len: u32): u64 {
  if (len < 8) {
    return ((load<u64>(p) & (((1 as u64) << ((len as u64) << 3)) - 1)) ^ ((len as u64) << 56)) * K3;
  }
  let a = (load<u64>(p) ^ ((len as u64) * K0)) * K1;
  let b = load<u64>(p + len - 8) * K2 + K0;
  if (len > 16) {
    const last = p + len - 16;
    for (let q = p + 8; q < last; q += 16) {
      a = (rotl<u64>(a, 32) ^ load<u64>(q)) * K1;
      b = (rotl<u64>(b, 32) ^ load<u64>(q, 8)) * K2;
    }
    a = (rotl<u64>(a, 32) ^ load<u64>(last)) * K3;
  }
  a ^= a >> 32;
  return rotl<u64>(a * K3, 32) ^ b;
}

/** Hash of bytes, as a key of one column gives it. */
// @ts-ignore: decorator
@inline
export function hashBytes(p: usize, len: u32, seed: u64): u32 {
  return hashWord(digestBytes(p, len), seed);
}

// @ts-ignore: decorator
@inline
function present(validity: usize, row: u32): bool {
  return ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function wordAt<T>(values: usize, row: u32): u64 {
  if (isFloat<T>()) {
    // One bit pattern per number as Java's doubleToLongBits: every NaN is the same. -0 stays apart from 0, as in Flink's keys.
    const v = load<T>(values + (row as usize) * sizeof<T>());
    if (sizeof<T>() == 4) return v != v ? 0x7fc00000 : (reinterpret<u32>(v as f32) as u64);
    if (v != v) return 0x7ff8000000000000;
    return reinterpret<u64>(v as f64);
  }
  return load<T>(values + (row as usize) * sizeof<T>()) as i64 as u64;
}

// @ts-ignore: decorator
@inline
function hashWords<T>(values: usize, validity: usize, sel: usize, n: u32, out: usize, chained: bool): void {
  if (validity == 0 && !chained) {
    for (const end = out + ((n as usize) << 2); out < end; out += 4, sel += 4) store<u32>(out, hashWord(wordAt<T>(values, load<u32>(sel)), 0));
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(sel + ((i as usize) << 2));
    const at = out + ((i as usize) << 2);
    const seed: u64 = chained ? (load<u32>(at) as u64) * K3 + 1 : 0;
    let word = wordAt<T>(values, row);
    if (validity != 0 && !present(validity, row)) word = NULL_WORD;
    store<u32>(at, hashWord(word, seed));
  }
}

/**
 * Hashes one key column of the `n` selected rows into u32 out[n]. `chained`: continues the hashes already there (next column of a key).
 * `type` is a T_* code, `values`/`validity` are the column's.
 */
export function hashColumn(type: u32, values: usize, validity: usize, sel: usize, n: u32, out: usize, chained: bool): void {
  switch (type) {
    case T_BOOL: hashWords<u8>(values, validity, sel, n, out, chained); return;
    case T_I8: hashWords<i8>(values, validity, sel, n, out, chained); return;
    case T_I16: hashWords<i16>(values, validity, sel, n, out, chained); return;
    case T_I32: hashWords<i32>(values, validity, sel, n, out, chained); return;
    case T_I64: hashWords<i64>(values, validity, sel, n, out, chained); return;
    case T_F32: hashWords<f32>(values, validity, sel, n, out, chained); return;
    case T_F64: hashWords<f64>(values, validity, sel, n, out, chained); return;
    case T_STR: hashStrings(values, validity, sel, n, out, chained); return;
    case T_I128: hashWides(values, validity, sel, n, out, chained); return;
    case T_ROW: hashPresence(validity, sel, n, out, chained); return;
    default: return;
  }
}

function hashStrings(values: usize, validity: usize, sel: usize, n: u32, out: usize, chained: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(sel + ((i as usize) << 2));
    const at = out + ((i as usize) << 2);
    const seed: u64 = chained ? (load<u32>(at) as u64) * K3 + 1 : 0;
    if (validity != 0 && !present(validity, row)) {
      store<u32>(at, hashWord(NULL_WORD, seed));
      continue;
    }
    const v = values + ((row as usize) << 3);
    store<u32>(at, hashBytes(load<u32>(v) as usize, load<u32>(v, 4), seed));
  }
}

function hashWides(values: usize, validity: usize, sel: usize, n: u32, out: usize, chained: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(sel + ((i as usize) << 2));
    const at = out + ((i as usize) << 2);
    const seed: u64 = chained ? (load<u32>(at) as u64) * K3 + 1 : 0;
    const v = values + ((row as usize) << 4);
    let word = rotl<u64>(load<u64>(v) * K1, 32) ^ (load<u64>(v, 8) * K2);
    if (validity != 0 && !present(validity, row)) word = NULL_WORD;
    store<u32>(at, hashWord(word, seed));
  }
}

function hashPresence(validity: usize, sel: usize, n: u32, out: usize, chained: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(sel + ((i as usize) << 2));
    const at = out + ((i as usize) << 2);
    const seed: u64 = chained ? (load<u32>(at) as u64) * K3 + 1 : 0;
    store<u32>(at, hashWord(validity != 0 && !present(validity, row) ? NULL_WORD : 1, seed));
  }
}

/** Hash of a key without columns: one group. */
export function hashNothing(n: u32, out: usize): void {
  memory.fill(out, 0, (n as usize) << 2);
}
