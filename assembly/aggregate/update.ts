// Accumulate: groups[i] is the group row of selected row sel[i]. NULL arguments and rows that a FILTER refuses are taken out beforehand
// (keepPresent, keepTrue), so these loops have no tests for them. Accumulators start as zero bytes; `flag` is the offset of a byte
// that says whether a value was seen. Result rules are Flink's: integer sums wrap, MIN and MAX keep the first of equals and compare
// doubles with < and > (a NaN that came first stays), DECIMAL overflow of a SUM makes it NULL and the next value starts anew.
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_STR } from "../abi";
import { copyShort } from "../bytes";
import { tableBlob } from "../table/table";

// @ts-ignore: decorator
@inline
function groupAt(groups: usize, i: u32): usize { return load<u32>(groups + ((i as usize) << 2)) as usize; }

/** Keeps the pairs whose value is present; returns their number. Output may be the input. */
export function keepPresent(groups: usize, sel: usize, n: u32, validity: usize, outGroups: usize, outSel: usize): u32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(groups + ((i as usize) << 2));
    const r = load<u32>(sel + ((i as usize) << 2));
    store<u32>(outGroups + ((m as usize) << 2), g);
    store<u32>(outSel + ((m as usize) << 2), r);
    m += (load<u8>(validity + (r >> 3)) >> ((r & 7) as u8)) & 1;
  }
  return m;
}

/** Keeps the pairs whose BOOLEAN column is TRUE; returns their number. Output may be the input. */
export function keepTrue(groups: usize, sel: usize, n: u32, values: usize, validity: usize, outGroups: usize, outSel: usize): u32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(groups + ((i as usize) << 2));
    const r = load<u32>(sel + ((i as usize) << 2));
    store<u32>(outGroups + ((m as usize) << 2), g);
    store<u32>(outSel + ((m as usize) << 2), r);
    let keep: u32 = load<u8>(values + r) & 1;
    if (validity != 0) keep &= (load<u8>(validity + (r >> 3)) >> ((r & 7) as u8)) & 1;
    m += keep;
  }
  return m;
}

export function aggCount(groups: usize, n: u32, acc: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = groupAt(groups, i) + acc;
    store<u64>(p, load<u64>(p) + 1);
  }
}

// @ts-ignore: decorator
@inline
function sumInts<T>(groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = groupAt(groups, i);
    store<i64>(g + acc, load<i64>(g + acc) + (load<T>(values + (load<u32>(sel + ((i as usize) << 2)) as usize) * sizeof<T>()) as i64));
    store<u8>(g + flag, 1);
  }
}

/** Integers into i64, FLOAT into f32 (`wide` 0) or f64 (`wide` 1: AVG), DOUBLE into f64. */
export function aggSum(type: u32, groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, wide: bool): void {
  switch (type) {
    case T_I8: sumInts<i8>(groups, sel, n, values, acc, flag); return;
    case T_I16: sumInts<i16>(groups, sel, n, values, acc, flag); return;
    case T_I32: sumInts<i32>(groups, sel, n, values, acc, flag); return;
    case T_I64: sumInts<i64>(groups, sel, n, values, acc, flag); return;
    case T_F32: {
      for (let i: u32 = 0; i < n; i++) {
        const g = groupAt(groups, i);
        const v = load<f32>(values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 2));
        if (wide) store<f64>(g + acc, load<f64>(g + acc) + (v as f64));
        else store<f32>(g + acc, load<u8>(g + flag) == 0 ? v : load<f32>(g + acc) + v);
        store<u8>(g + flag, 1);
      }
      return;
    }
    case T_F64: {
      for (let i: u32 = 0; i < n; i++) {
        const g = groupAt(groups, i);
        const v = load<f64>(values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 3));
        store<f64>(g + acc, load<u8>(g + flag) == 0 ? v : load<f64>(g + acc) + v);
        store<u8>(g + flag, 1);
      }
      return;
    }
    default: return;
  }
}

// 10^38 = HIGH * 2^64 + LOW
const TEN38_LOW: u64 = 0x098a224000000000;
const TEN38_HIGH: i64 = 0x4b3b4ca85a86c47a;

/** Adds a 128-bit number to the sum at `p`. `sticky`: an overflow stays (AVG); else the next value starts anew (SUM). */
// @ts-ignore: decorator
@inline
export function addDecimal(p: usize, flag: usize, low: u64, high: i64, sticky: bool): void {
  const seen = load<u8>(flag);
  if (seen == 0) {
    store<u64>(p, low);
    store<i64>(p, high, 8);
    store<u8>(flag, 1);
    return;
  }
  if (seen == 2) return;
  const a = load<u64>(p);
  const sum = a + low;
  const top = load<i64>(p, 8) + high + (sum < a ? 1 : 0);
  // |sum| >= 10^38 is out of DECIMAL(38): both terms are below 10^38, so 128 bits hold the sum
  let l = sum;
  let h = top;
  if (h < 0) {
    l = ~l + 1;
    h = ~h + (l == 0 ? 1 : 0);
  }
  if (h > TEN38_HIGH || (h == TEN38_HIGH && l >= TEN38_LOW)) {
    store<u8>(flag, sticky ? 2 : 0);
    return;
  }
  store<u64>(p, sum);
  store<i64>(p, top, 8);
}

/** DECIMAL columns (I64 or I128) into a 128-bit sum. */
export function aggSumDecimal(type: u32, groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, sticky: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = groupAt(groups, i);
    const r = load<u32>(sel + ((i as usize) << 2)) as usize;
    if (type == T_I64) {
      const v = load<i64>(values + (r << 3));
      addDecimal(g + acc, g + flag, v as u64, v >> 63, sticky);
    } else {
      addDecimal(g + acc, g + flag, load<u64>(values + (r << 4)), load<i64>(values + (r << 4), 8), sticky);
    }
  }
}

// @ts-ignore: decorator
@inline
function extreme<T, A>(groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, max: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = groupAt(groups, i);
    const v = load<T>(values + (load<u32>(sel + ((i as usize) << 2)) as usize) * sizeof<T>()) as A;
    const old = load<A>(g + acc);
    const better = max ? v > old : v < old;
    if (better || load<u8>(g + flag) == 0) {
      store<A>(g + acc, v);
      store<u8>(g + flag, 1);
    }
  }
}

/** MIN (`max` 0) or MAX of numbers up to 8 bytes and BOOLEAN: i64, f32 or f64 accumulators. */
export function aggExtreme(type: u32, groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, max: bool): void {
  switch (type) {
    case T_BOOL: extreme<u8, i64>(groups, sel, n, values, acc, flag, max); return;
    case T_I8: extreme<i8, i64>(groups, sel, n, values, acc, flag, max); return;
    case T_I16: extreme<i16, i64>(groups, sel, n, values, acc, flag, max); return;
    case T_I32: extreme<i32, i64>(groups, sel, n, values, acc, flag, max); return;
    case T_I64: extreme<i64, i64>(groups, sel, n, values, acc, flag, max); return;
    case T_F32: extreme<f32, f32>(groups, sel, n, values, acc, flag, max); return;
    case T_F64: extreme<f64, f64>(groups, sel, n, values, acc, flag, max); return;
    default: return;
  }
}

// @ts-ignore: decorator
@inline
export function extreme128(p: usize, flag: usize, low: u64, high: i64, max: bool): void {
  const oldHigh = load<i64>(p, 8);
  const oldLow = load<u64>(p);
  const less = high < oldHigh || (high == oldHigh && low < oldLow);
  const greater = high > oldHigh || (high == oldHigh && low > oldLow);
  if (load<u8>(flag) == 0 || (max ? greater : less)) {
    store<u64>(p, low);
    store<i64>(p, high, 8);
    store<u8>(flag, 1);
  }
}

/** MIN or MAX of I128. */
export function aggExtreme128(groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, max: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = groupAt(groups, i);
    const v = values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 4);
    extreme128(g + acc, g + flag, load<u64>(v), load<i64>(v, 8), max);
  }
}

/** Order of byte strings, unsigned, as Flink orders STRING: < 0, 0, > 0. */
// @ts-ignore: decorator
@inline
export function compareBytes(a: usize, aLen: u32, b: usize, bLen: u32): i32 {
  const n = min<u32>(aLen, bLen);
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
  }
  for (; i < n; i++) {
    const d = (load<u8>(a + i) as i32) - (load<u8>(b + i) as i32);
    if (d != 0) return d;
  }
  return aLen < bLen ? -1 : aLen > bLen ? 1 : 0;
}

/** Accumulator of a STRING extreme: u32 pointer, u32 length, u32 room. The bytes belong to the table. false = out of memory. */
// @ts-ignore: decorator
@inline
export function extremeBytes(t: usize, p: usize, flag: usize, bytes: usize, len: u32, max: bool): bool {
  if (load<u8>(flag) != 0) {
    const order = compareBytes(bytes, len, load<u32>(p) as usize, load<u32>(p, 4));
    if (max ? order <= 0 : order >= 0) return true;
  }
  if (load<u32>(p, 8) < len || load<u32>(p) == 0) {
    const room = tableBlob(t, len == 0 ? 8 : len);
    if (room == 0) return false;
    store<u32>(p, room as u32);
    store<u32>(p, len == 0 ? 8 : (len + 7) & ~7, 8);
  }
  copyShort(load<u32>(p) as usize, bytes, len);
  store<u32>(p, len, 4);
  store<u8>(flag, 1);
  return true;
}

/** MIN or MAX of strings; table `t` keeps the bytes. false = out of memory. */
export function aggExtremeBytes(t: usize, groups: usize, sel: usize, n: u32, values: usize, acc: u32, flag: u32, max: bool): bool {
  for (let i: u32 = 0; i < n; i++) {
    const g = groupAt(groups, i);
    const v = values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 3);
    if (!extremeBytes(t, g + acc, g + flag, load<u32>(v) as usize, load<u32>(v, 4), max)) return false;
  }
  return true;
}
