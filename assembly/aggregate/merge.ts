// Merge accumulators of rows src[i] into rows dst[i] (slices into a window, sessions into one, local into global).
import { addDecimal, extreme128, extremeBytes } from "./update";

/** What an accumulator holds. */
export const ACC_COUNT: u32 = 0;
export const ACC_SUM_I64: u32 = 1;
export const ACC_SUM_F32: u32 = 2;
export const ACC_SUM_F64: u32 = 3;
export const ACC_SUM_I128: u32 = 4;
export const ACC_AVG_I128: u32 = 5; // as ACC_SUM_I128, but an overflow stays
export const ACC_MIN_I64: u32 = 6;
export const ACC_MAX_I64: u32 = 7;
export const ACC_MIN_F32: u32 = 8;
export const ACC_MAX_F32: u32 = 9;
export const ACC_MIN_F64: u32 = 10;
export const ACC_MAX_F64: u32 = 11;
export const ACC_MIN_I128: u32 = 12;
export const ACC_MAX_I128: u32 = 13;
export const ACC_MIN_BYTES: u32 = 14;
export const ACC_MAX_BYTES: u32 = 15;

// @ts-ignore: decorator
@inline
function rowAt(rows: usize, i: u32): usize { return load<u32>(rows + ((i as usize) << 2)) as usize; }

// @ts-ignore: decorator
@inline
function mergeSum<T>(dst: usize, src: usize, n: u32, acc: u32, flag: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = rowAt(src, i);
    const d = rowAt(dst, i);
    if (load<u8>(s + flag) == 0) continue;
    const v = load<T>(s + acc);
    store<T>(d + acc, load<u8>(d + flag) == 0 ? v : ((load<T>(d + acc) + v) as T));
    store<u8>(d + flag, 1);
  }
}

// @ts-ignore: decorator
@inline
function mergeExtreme<T>(dst: usize, src: usize, n: u32, acc: u32, flag: u32, max: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = rowAt(src, i);
    const d = rowAt(dst, i);
    if (load<u8>(s + flag) == 0) continue;
    const v = load<T>(s + acc);
    const old = load<T>(d + acc);
    if (load<u8>(d + flag) == 0 || (max ? v > old : v < old)) store<T>(d + acc, v);
    store<u8>(d + flag, 1);
  }
}

/** Merges one accumulator of `kind` (ACC_*) at offset `acc` with its flag byte; `t` is the table of the dst rows. false = out of memory. */
export function aggMerge(kind: u32, t: usize, dst: usize, src: usize, n: u32, acc: u32, flag: u32): bool {
  switch (kind) {
    case ACC_COUNT:
      for (let i: u32 = 0; i < n; i++) {
        const d = rowAt(dst, i) + acc;
        store<u64>(d, load<u64>(d) + load<u64>(rowAt(src, i) + acc));
      }
      return true;
    case ACC_SUM_I64: mergeSum<i64>(dst, src, n, acc, flag); return true;
    case ACC_SUM_F32: mergeSum<f32>(dst, src, n, acc, flag); return true;
    case ACC_SUM_F64: mergeSum<f64>(dst, src, n, acc, flag); return true;
    case ACC_MIN_I64: mergeExtreme<i64>(dst, src, n, acc, flag, false); return true;
    case ACC_MAX_I64: mergeExtreme<i64>(dst, src, n, acc, flag, true); return true;
    case ACC_MIN_F32: mergeExtreme<f32>(dst, src, n, acc, flag, false); return true;
    case ACC_MAX_F32: mergeExtreme<f32>(dst, src, n, acc, flag, true); return true;
    case ACC_MIN_F64: mergeExtreme<f64>(dst, src, n, acc, flag, false); return true;
    case ACC_MAX_F64: mergeExtreme<f64>(dst, src, n, acc, flag, true); return true;
    case ACC_SUM_I128: case ACC_AVG_I128: case ACC_MIN_I128: case ACC_MAX_I128:
      merge128(kind, dst, src, n, acc, flag);
      return true;
    case ACC_MIN_BYTES: case ACC_MAX_BYTES:
      for (let i: u32 = 0; i < n; i++) {
        const s = rowAt(src, i);
        const d = rowAt(dst, i);
        if (load<u8>(s + flag) == 0) continue;
        const v = s + acc;
        if (!extremeBytes(t, d + acc, d + flag, load<u32>(v) as usize, load<u32>(v, 4), kind == ACC_MAX_BYTES)) return false;
      }
      return true;
    default: return true;
  }
}

function merge128(kind: u32, dst: usize, src: usize, n: u32, acc: u32, flag: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = rowAt(src, i);
    const d = rowAt(dst, i);
    const seen = load<u8>(s + flag);
    if (seen == 0) continue;
    const low = load<u64>(s + acc);
    const high = load<i64>(s + acc, 8);
    if (seen == 2) store<u8>(d + flag, 2);
    else if (kind == ACC_MIN_I128 || kind == ACC_MAX_I128) extreme128(d + acc, d + flag, low, high, kind == ACC_MAX_I128);
    else addDecimal(d + acc, d + flag, low, high, kind == ACC_AVG_I128);
  }
}
