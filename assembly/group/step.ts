// A running GROUP BY: rows are accumulated one by one, because each of them may have a result of its own.
// groups[i] is the group row of selected row sel[i]; every call is one pass over the rows. With `pairs` the result before row i goes to
// row 2i of the call's column and the one after it to row 2i + 1; without, only the one after it, to row i.
import {
  GC_ACC, GC_AVG, GC_BYTES, GC_COUNT, GC_DIGITS, GC_DISTINCT, GC_FILTER, GC_FILTER_VALIDITY, GC_FLAG, GC_KIND, GC_OUT, GC_OUT_TYPE, GC_OUT_VALIDITY,
  GC_TYPE, GC_VALIDITY, GC_VALUES, GC_WORDS, KIND_DELETE, KIND_UPDATE_BEFORE, T_F32, T_F64, T_I16, T_I32, T_I64, T_I8,
} from "../abi";
import { distinctAdd, distinctAhead } from "../aggregate/distinct";
import {
  ACC_AVG_I128, ACC_COUNT, ACC_MAX_BYTES, ACC_MAX_I128, ACC_MIN_BYTES, ACC_MIN_I128, ACC_SUM_F32, ACC_SUM_F64, ACC_SUM_I128, ACC_SUM_I64,
} from "../aggregate/merge";
import { put128, putAccWord, putAvgDecimal, putAvgFloat, putAvgInt, putBytes, putCount } from "../aggregate/result";
import { addDecimal, aggExtreme, aggExtreme128, aggSum, aggSumDecimal } from "../aggregate/update";
import { FETCH_ROWS } from "../table/find";
import { borrowExtreme } from "./borrow";

// @ts-ignore: decorator
@inline
function at(vector: usize, i: u32): u32 { return load<u32>(vector + ((i as usize) << 2)); }

// @ts-ignore: decorator
@inline
function isSet(bits: usize, row: u32): bool { return ((load<u8>(bits + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0; }

/** Does the row count for this call: its FILTER is TRUE and its argument present? */
// @ts-ignore: decorator
@inline
export function counts(d: usize, row: u32): bool {
  const filter = load<u32>(d, GC_FILTER) as usize;
  if (filter != 0) {
    if ((load<u8>(filter + row) & 1) == 0) return false;
    const known = load<u32>(d, GC_FILTER_VALIDITY) as usize;
    if (known != 0 && !isSet(known, row)) return false;
  }
  const validity = load<u32>(d, GC_VALIDITY) as usize;
  return validity == 0 || isSet(validity, row);
}

/** Writes the result of group row `g` as row `to` of the call's column. */
export function put(d: usize, g: usize, to: u32): void {
  const values = load<u32>(d, GC_OUT) as usize;
  if (values == 0) return;
  const validity = load<u32>(d, GC_OUT_VALIDITY) as usize;
  const kind = load<u32>(d, GC_KIND);
  const acc = load<u32>(d, GC_ACC);
  const flag = load<u32>(d, GC_FLAG);
  const type = load<u32>(d, GC_OUT_TYPE);
  if (kind == ACC_COUNT) putCount(g, acc, to, values, validity);
  else if (load<u32>(d, GC_AVG) != 0) {
    const count = load<u32>(d, GC_COUNT);
    if (kind == ACC_SUM_F64) putAvgFloat(g, acc, count, type, to, values, validity);
    else if (kind == ACC_SUM_I64) putAvgInt(g, acc, count, type, to, values, validity);
    else putAvgDecimal(g, acc, flag, count, load<u32>(d, GC_DIGITS), to, values, validity);
  } else if (kind >= ACC_MIN_BYTES) putBytes(g, acc, flag, to, values, validity);
  else if (kind == ACC_SUM_I128 || kind == ACC_MIN_I128 || kind == ACC_MAX_I128) {
    if (type == T_I64) putAccWord(g, acc, flag, type, to, values, validity);
    else put128(g, acc, flag, to, values, validity);
  } else putAccWord(g, acc, flag, type, to, values, validity);
}

/** Adds selected row number i. `groups`, `sel` point at its entries. false = out of memory. */
function add(d: usize, groups: usize, sel: usize): bool {
  const kind = load<u32>(d, GC_KIND);
  const acc = load<u32>(d, GC_ACC);
  const flag = load<u32>(d, GC_FLAG);
  const type = load<u32>(d, GC_TYPE);
  const values = load<u32>(d, GC_VALUES) as usize;
  const g = load<u32>(groups) as usize;
  const distinct = load<u32>(d, GC_DISTINCT) as usize;
  if (distinct != 0) {
    const fresh = distinctAdd(distinct, load<u32>(d, GC_WORDS) != 0, type, g as u32, values, load<u32>(sel));
    if (fresh < 0) return false;
    if (fresh == 0) return true;
  }
  const count = load<u32>(d, GC_COUNT);
  if (count != 0) store<u64>(g + count, load<u64>(g + count) + 1);
  const avg = load<u32>(d, GC_AVG) != 0;
  if (kind == ACC_COUNT) store<u64>(g + acc, load<u64>(g + acc) + 1);
  else if (kind == ACC_SUM_I128 || kind == ACC_AVG_I128) aggSumDecimal(type, groups, sel, 1, values, acc, flag, avg);
  else if (kind < ACC_SUM_I128) aggSum(type, groups, sel, 1, values, acc, flag, avg);
  else if (kind < ACC_MIN_I128) aggExtreme(type, groups, sel, 1, values, acc, flag, (kind & 1) != 0);
  else if (kind < ACC_MIN_BYTES) aggExtreme128(groups, sel, 1, values, acc, flag, kind == ACC_MAX_I128);
  else borrowExtreme(g + acc, g + flag, values + ((load<u32>(sel) as usize) << 3), kind == ACC_MAX_BYTES);
  return true;
}

// @ts-ignore: decorator
@inline
export function integer(type: u32, values: usize, row: usize): i64 {
  if (type == T_I64) return load<i64>(values + (row << 3));
  if (type == T_I32) return load<i32>(values + (row << 2)) as i64;
  if (type == T_I16) return load<i16>(values + (row << 1)) as i64;
  return load<i8>(values + row) as i64;
}

/** Takes the values of a row out again: COUNT, SUM and AVG only. A call without values left is as new. */
function retract(d: usize, g: usize, row: usize): void {
  const kind = load<u32>(d, GC_KIND);
  const p = g + load<u32>(d, GC_ACC);
  const values = load<u32>(d, GC_VALUES) as usize;
  if (kind == ACC_COUNT) {
    store<u64>(p, load<u64>(p) - 1);
    return;
  }
  const type = load<u32>(d, GC_TYPE);
  const flag = g + load<u32>(d, GC_FLAG);
  const count = g + load<u32>(d, GC_COUNT);
  const left = load<i64>(count) - 1;
  store<i64>(count, left);
  if (left == 0) {
    store<u8>(flag, 0);
    store<u64>(p, 0);
    if (kind == ACC_SUM_I128 || kind == ACC_AVG_I128) store<u64>(p, 0, 8);
    return;
  }
  if (kind == ACC_SUM_I64) store<i64>(p, load<i64>(p) - integer(type, values, row));
  else if (kind == ACC_SUM_F32) store<f32>(p, load<f32>(p) - load<f32>(values + (row << 2)));
  else if (kind == ACC_SUM_F64) store<f64>(p, load<f64>(p) - (type == T_F32 ? (load<f32>(values + (row << 2)) as f64) : load<f64>(values + (row << 3))));
  else {
    let low: u64;
    let high: i64;
    if (type == T_I64) {
      const v = load<i64>(values + (row << 3));
      low = v as u64;
      high = v >> 63;
    } else {
      low = load<u64>(values + (row << 4));
      high = load<i64>(values + (row << 4), 8);
    }
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
    addDecimal(p, flag, low, high, kind == ACC_AVG_I128);
  }
}

/** Forgets everything: the last row of the group was retracted. */
export function forget(d: usize, g: usize): void {
  const kind = load<u32>(d, GC_KIND);
  const p = g + load<u32>(d, GC_ACC);
  store<u64>(p, 0);
  if (kind == ACC_COUNT) return;
  if (kind == ACC_SUM_I128 || kind == ACC_AVG_I128) store<u64>(p, 0, 8);
  store<u8>(g + load<u32>(d, GC_FLAG), 0);
  if (load<u32>(d, GC_COUNT) != 0) store<u64>(g + load<u32>(d, GC_COUNT), 0);
}

/** Counts rows of a call without FILTER and NULLs: no test per row. */
function countAll(d: usize, groups: usize, n: u32, pairs: bool): void {
  const acc = load<u32>(d, GC_ACC);
  const values = load<u32>(d, GC_OUT) as usize;
  for (let i: u32 = 0; i < n; i++) {
    const p = (at(groups, i) as usize) + acc;
    const c = load<u64>(p);
    store<u64>(p, c + 1);
    if (pairs) {
      store<u64>(values + ((i as usize) << 4), c);
      store<u64>(values + ((i as usize) << 4), c + 1, 8);
    } else store<u64>(values + ((i as usize) << 3), c + 1);
  }
}

/**
 * Accumulates `n` rows into their groups, call by call. calls[0] counts the rows of a group without a test (COUNT(*)): it says when a group begins and ends.
 * `kinds` are the rows' kinds by row number, 0 = all INSERT; with kinds, `pairs` must be set. false = out of memory.
 */
export function groupStep(calls: usize, callCount: u32, groups: usize, sel: usize, n: u32, kinds: usize, pairs: bool): bool {
  const counter = load<u32>(calls, GC_OUT) as usize;
  if (kinds == 0) countAll(calls, groups, n, pairs);
  else countChanges(calls, groups, sel, n, kinds);
  for (let c: u32 = 1; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    const distinct = load<u32>(d, GC_DISTINCT) as usize;
    for (let i: u32 = 0; i < n; i++) {
      if (distinct != 0 && i % FETCH_ROWS == 0) {
        const o = (i as usize) << 2;
        distinctAhead(distinct, load<u32>(d, GC_WORDS) != 0, load<u32>(d, GC_TYPE), groups + o, sel + o, min<u32>(n - i, FETCH_ROWS), load<u32>(d, GC_VALUES), load<u32>(d, GC_VALIDITY));
      }
      const g = at(groups, i) as usize;
      const row = at(sel, i);
      if (kinds != 0) {
        const before = load<u64>(counter + ((i as usize) << 4));
        const after = load<u64>(counter + ((i as usize) << 4), 8);
        if (before == 0 && after == 0) continue;
        put(d, g, i << 1);
        if (after == 0) forget(d, g);
        else if (counts(d, row)) {
          if (isRetraction(kinds, row)) retract(d, g, row);
          else if (!add(d, groups + ((i as usize) << 2), sel + ((i as usize) << 2))) return false;
        }
        put(d, g, (i << 1) + 1);
        continue;
      }
      if (pairs) put(d, g, i << 1);
      if (counts(d, row) && !add(d, groups + ((i as usize) << 2), sel + ((i as usize) << 2))) return false;
      put(d, g, pairs ? (i << 1) + 1 : i);
    }
  }
  return true;
}

// @ts-ignore: decorator
@inline
export function isRetraction(kinds: usize, row: u32): bool {
  const kind = load<u8>(kinds + row);
  return kind == KIND_UPDATE_BEFORE || kind == KIND_DELETE;
}

/** The counter when rows are taken out too. A retraction for a group that is not there is passed over: 0 before and after. */
function countChanges(d: usize, groups: usize, sel: usize, n: u32, kinds: usize): void {
  const acc = load<u32>(d, GC_ACC);
  const values = load<u32>(d, GC_OUT) as usize;
  for (let i: u32 = 0; i < n; i++) {
    const p = (at(groups, i) as usize) + acc;
    const c = load<u64>(p);
    const after = isRetraction(kinds, at(sel, i)) ? (c == 0 ? 0 : c - 1) : c + 1;
    store<u64>(p, after);
    store<u64>(values + ((i as usize) << 4), c);
    store<u64>(values + ((i as usize) << 4), after, 8);
  }
}
