// Results: accumulators of rows[0..n) into rows 0..n-1 of output columns.
import { T_F32 } from "../abi";
import { divideByCount } from "../expr/decimal";
import { putBit, putWord } from "../table/key";

// @ts-ignore: decorator
@inline
function rowAt(rows: usize, i: u32): usize { return load<u32>(rows + ((i as usize) << 2)) as usize; }

// One row: the accumulators of `row` into row number `at` of a column.

// @ts-ignore: decorator
@inline
export function putCount(row: usize, acc: u32, at: u32, values: usize, validity: usize): void {
  store<u64>(values + ((at as usize) << 3), load<u64>(row + acc));
  if (validity != 0) putBit(validity, at, true);
}

// @ts-ignore: decorator
@inline
export function putAccWord(row: usize, acc: u32, flag: u32, type: u32, at: u32, values: usize, validity: usize): void {
  putWord(type, values, at, load<u64>(row + acc));
  if (validity != 0) putBit(validity, at, load<u8>(row + flag) != 0);
}

// @ts-ignore: decorator
@inline
export function put128(row: usize, acc: u32, flag: u32, at: u32, values: usize, validity: usize): void {
  const v = values + ((at as usize) << 4);
  store<u64>(v, load<u64>(row + acc));
  store<u64>(v, load<u64>(row + acc, 8), 8);
  if (validity != 0) putBit(validity, at, load<u8>(row + flag) == 1);
}

// @ts-ignore: decorator
@inline
export function putBytes(row: usize, acc: u32, flag: u32, at: u32, values: usize, validity: usize): void {
  store<u64>(values + ((at as usize) << 3), load<u64>(row + acc));
  if (validity != 0) putBit(validity, at, load<u8>(row + flag) != 0);
}

// @ts-ignore: decorator
@inline
export function putAvgInt(row: usize, acc: u32, count: u32, type: u32, at: u32, values: usize, validity: usize): void {
  const c = load<i64>(row + count);
  putWord(type, values, at, c == 0 ? 0 : ((load<i64>(row + acc) / c) as u64));
  if (validity != 0) putBit(validity, at, c != 0);
}

// @ts-ignore: decorator
@inline
export function putAvgFloat(row: usize, acc: u32, count: u32, type: u32, at: u32, values: usize, validity: usize): void {
  const c = load<u64>(row + count);
  const v = load<f64>(row + acc) / (c as f64);
  if (type == T_F32) store<f32>(values + ((at as usize) << 2), v as f32);
  else store<f64>(values + ((at as usize) << 3), v);
  if (validity != 0) putBit(validity, at, c != 0);
}

// @ts-ignore: decorator
@inline
export function putAvgDecimal(row: usize, acc: u32, flag: u32, count: u32, digits: u32, at: u32, values: usize, validity: usize): void {
  const c = load<u64>(row + count);
  const v = values + ((at as usize) << 4);
  const ok = load<u8>(row + flag) == 1 && c != 0 && divideByCount(load<u64>(row + acc), load<i64>(row + acc, 8), c, digits, v);
  if (validity != 0) putBit(validity, at, ok);
}

// Many rows: row number i of the column is `first` + i * `step`.

/** COUNT: BIGINT, never NULL. */
export function resultCount(rows: usize, n: u32, acc: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putCount(rowAt(rows, i), acc, first + i * step, values, validity);
}

/** SUM, MIN, MAX held in at most 8 bytes; integers wrap to the column's type. */
export function resultWord(rows: usize, n: u32, acc: u32, flag: u32, type: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putAccWord(rowAt(rows, i), acc, flag, type, first + i * step, values, validity);
}

/** SUM, MIN, MAX of DECIMAL held in 16 bytes. */
export function result128(rows: usize, n: u32, acc: u32, flag: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) put128(rowAt(rows, i), acc, flag, first + i * step, values, validity);
}

/** MIN, MAX of STRING: views of the table's bytes. */
export function resultBytes(rows: usize, n: u32, acc: u32, flag: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putBytes(rowAt(rows, i), acc, flag, first + i * step, values, validity);
}

/** AVG of integers: truncating division of the wrapped i64 sum. */
export function resultAvgInt(rows: usize, n: u32, acc: u32, count: u32, type: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putAvgInt(rowAt(rows, i), acc, count, type, first + i * step, values, validity);
}

/** AVG of FLOAT and DOUBLE from an f64 sum. */
export function resultAvgFloat(rows: usize, n: u32, acc: u32, count: u32, type: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putAvgFloat(rowAt(rows, i), acc, count, type, first + i * step, values, validity);
}

/** AVG of DECIMAL: (sum / count) with `digits` more digits than the sum, rounded half up; NULL beyond 38 digits. */
export function resultAvgDecimal(rows: usize, n: u32, acc: u32, flag: u32, count: u32, digits: u32, values: usize, validity: usize, first: u32, step: u32): void {
  for (let i: u32 = 0; i < n; i++) putAvgDecimal(rowAt(rows, i), acc, flag, count, digits, first + i * step, values, validity);
}
