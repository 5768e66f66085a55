// Mini-batches: rows are accumulated into groups of a bundle, which are merged into the groups of the whole stream when the bundle ends.
import {
  GC_ACC, GC_BYTES, GC_COUNT, GC_DISTINCT, GC_FLAG, GC_KIND, GC_TYPE, GC_VALUES, T_F32, T_I64,
} from "../abi";
import { ACC_AVG_I128, ACC_COUNT, ACC_MAX_BYTES, ACC_MIN_BYTES, ACC_SUM_F32, ACC_SUM_F64, ACC_SUM_I128, ACC_SUM_I64, aggMerge } from "../aggregate/merge";
import { borrowExtreme } from "./borrow";
import { counts, forget, integer, isRetraction, put } from "./step";

// @ts-ignore: decorator
@inline
function at(vector: usize, i: u32): usize { return load<u32>(vector + ((i as usize) << 2)) as usize; }

/** Writes the results of groups[i] as row `first` + i * `step` of each call's column. */
export function groupPut(calls: usize, callCount: u32, groups: usize, n: u32, first: u32, step: u32): void {
  for (let c: u32 = 0; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    for (let i: u32 = 0; i < n; i++) put(d, at(groups, i), first + i * step);
  }
}

/** Merges bundle groups src[i] into dst[i] of table `t`, DISTINCT calls left out. Strings stay borrowed until groupSettle. false = out of memory. */
export function groupMerge(calls: usize, callCount: u32, t: usize, dst: usize, src: usize, n: u32): bool {
  for (let c: u32 = 0; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    if (load<u32>(d, GC_DISTINCT) != 0) continue;
    const kind = load<u32>(d, GC_KIND);
    const acc = load<u32>(d, GC_ACC);
    const flag = load<u32>(d, GC_FLAG);
    const count = load<u32>(d, GC_COUNT);
    if (kind >= ACC_MIN_BYTES) {
      for (let i: u32 = 0; i < n; i++) {
        if (load<u8>(at(src, i) + flag) != 0) borrowExtreme(at(dst, i) + acc, at(dst, i) + flag, at(src, i) + acc, kind == ACC_MAX_BYTES);
      }
    } else if (!aggMerge(kind, t, dst, src, n, acc, flag)) return false;
    if (count != 0) aggMerge(ACC_COUNT, t, dst, src, n, count, 0);
  }
  return true;
}

/** p += or -= a 128-bit number. */
// @ts-ignore: decorator
@inline
function add128(p: usize, low: u64, high: i64): void {
  const a = load<u64>(p);
  const sum = a + low;
  store<u64>(p, sum);
  store<i64>(p, load<i64>(p, 8) + high + (sum < a ? 1 : 0), 8);
}

/** Accumulates rows that come and go into a bundle as plain sums, which may fall below zero until they are merged. COUNT, SUM and AVG only. */
export function groupSigned(calls: usize, callCount: u32, groups: usize, sel: usize, n: u32, kinds: usize): void {
  for (let c: u32 = 0; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    const kind = load<u32>(d, GC_KIND);
    const type = load<u32>(d, GC_TYPE);
    const values = load<u32>(d, GC_VALUES) as usize;
    const count = load<u32>(d, GC_COUNT);
    for (let i: u32 = 0; i < n; i++) {
      const row = load<u32>(sel + ((i as usize) << 2));
      if (!counts(d, row)) continue;
      const sign: i64 = kinds != 0 && isRetraction(kinds, row) ? -1 : 1;
      const g = at(groups, i);
      const p = g + load<u32>(d, GC_ACC);
      if (count != 0) store<i64>(g + count, load<i64>(g + count) + sign);
      const r = row as usize;
      if (kind == ACC_COUNT) store<i64>(p, load<i64>(p) + sign);
      else if (kind == ACC_SUM_I64) store<i64>(p, load<i64>(p) + sign * integer(type, values, r));
      else if (kind == ACC_SUM_F32) store<f32>(p, load<f32>(p) + (sign as f32) * load<f32>(values + (r << 2)));
      else if (kind == ACC_SUM_F64) {
        store<f64>(p, load<f64>(p) + (sign as f64) * (type == T_F32 ? (load<f32>(values + (r << 2)) as f64) : load<f64>(values + (r << 3))));
      } else {
        let low: u64;
        let high: i64;
        if (type == T_I64) {
          const v = load<i64>(values + (r << 3)) * sign;
          low = v as u64;
          high = v >> 63;
        } else {
          low = load<u64>(values + (r << 4));
          high = load<i64>(values + (r << 4), 8);
          if (sign < 0) {
            low = ~low + 1;
            high = ~high + (low == 0 ? 1 : 0);
          }
        }
        add128(p, low, high);
      }
    }
  }
}

/** Merges such sums. calls[0] counts the rows of a group: one that is empty afterwards is as new. */
export function groupMergeSigned(calls: usize, callCount: u32, dst: usize, src: usize, n: u32): void {
  const counter = load<u32>(calls, GC_ACC);
  for (let c: u32 = 0; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    const kind = load<u32>(d, GC_KIND);
    const acc = load<u32>(d, GC_ACC);
    const count = load<u32>(d, GC_COUNT);
    for (let i: u32 = 0; i < n; i++) {
      const g = at(dst, i);
      const p = g + acc;
      const s = at(src, i) + acc;
      if (kind == ACC_COUNT || kind == ACC_SUM_I64) store<i64>(p, load<i64>(p) + load<i64>(s));
      else if (kind == ACC_SUM_F32) store<f32>(p, load<f32>(p) + load<f32>(s));
      else if (kind == ACC_SUM_F64) store<f64>(p, load<f64>(p) + load<f64>(s));
      else if (kind == ACC_SUM_I128 || kind == ACC_AVG_I128) add128(p, load<u64>(s), load<i64>(s, 8));
      if (count != 0) {
        const left = load<i64>(g + count) + load<i64>(at(src, i) + count);
        store<i64>(g + count, left);
        if (left <= 0) forget(d, g);
        else store<u8>(g + load<u32>(d, GC_FLAG), 1);
      }
    }
  }
  for (let i: u32 = 0; i < n; i++) {
    const g = at(dst, i);
    if (load<i64>(g + counter) > 0) continue;
    for (let c: u32 = 0; c < callCount; c++) forget(calls + (c as usize) * GC_BYTES, g);
  }
}
