// Results: accumulators of rows[0..n) into rows 0..n-1 of output columns.
import { T_F32 } from "../abi";
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
  const ok = load<u8>(row + flag) == 1 && c != 0 && divideDecimal(load<u64>(row + acc), load<i64>(row + acc, 8), c, digits, v);
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

/** Stores round(|number| * 10^digits / c) with the sign at `out`; false when it leaves DECIMAL(38). */
function divideDecimal(low: u64, high: i64, c: u64, digits: u32, out: usize): bool {
  const negative = high < 0;
  let h = high as u64;
  let l = low;
  if (negative) {
    l = ~l + 1;
    h = ~h + (l == 0 ? 1 : 0);
  }
  // binary long division: 128 / 64 bits; counts stay far below 2^60
  let qh: u64 = 0;
  let ql: u64 = 0;
  let r: u64 = 0;
  for (let bit = 127; bit >= 0; bit--) {
    const b: u64 = bit >= 64 ? (h >> ((bit - 64) as u64)) & 1 : (l >> (bit as u64)) & 1;
    r = (r << 1) | b;
    qh = (qh << 1) | (ql >> 63);
    ql <<= 1;
    if (r >= c) {
      r -= c;
      ql |= 1;
    }
  }
  for (let d: u32 = 0; d < digits; d++) {
    r *= 10;
    const digit = r / c;
    r -= digit * c;
    if (qh > 0x0785ee10d5da46d9) return false; // 10^38 / 10
    // q = q * 10 + digit
    const a = (ql & 0xffff_ffff) * 10 + digit;
    const b = (ql >> 32) * 10 + (a >> 32);
    ql = (a & 0xffff_ffff) | (b << 32);
    qh = qh * 10 + (b >> 32);
  }
  if (r * 2 >= c) {
    ql++;
    if (ql == 0) qh++;
  }
  if (qh > 0x4b3b4ca85a86c47a || (qh == 0x4b3b4ca85a86c47a && ql >= 0x098a224000000000)) return false;
  if (negative) {
    ql = ~ql + 1;
    qh = ~qh + (ql == 0 ? 1 : 0);
  }
  store<u64>(out, ql);
  store<u64>(out, qh, 8);
  return true;
}
