// Accumulators as the bytes of one column value, for two-phase aggregation: the accumulators of a group row, then the bytes of its string
// extremes, which the accumulators name by their offset in the value.
import { copyShort } from "../bytes";

/** A string extreme, 8 bytes: u32 offset of its cell and u32 offset of its flag, from the first accumulator. */
const P_CELL: usize = 0;
const P_FLAG: usize = 4;

// @ts-ignore: decorator
@inline
function padded(n: u32): u32 { return (n + 7) & ~7; }

/** Bytes that partialPack needs. */
export function partialSize(rows: usize, n: u32, base: u32, acc: u32, texts: usize, count: u32): f64 {
  let total: u64 = (n as u64) * (acc as u64);
  for (let k: u32 = 0; k < count; k++) {
    const cell = load<u32>(texts + ((k as usize) << 3), P_CELL);
    const flag = load<u32>(texts + ((k as usize) << 3), P_FLAG);
    for (let i: u32 = 0; i < n; i++) {
      const a = (load<u32>(rows + ((i as usize) << 2)) as usize) + base;
      if (load<u8>(a + flag) != 0) total += padded(load<u32>(a + cell, 4)) as u64;
    }
  }
  return total as f64;
}

/** Packs accumulators of rows into `out` and writes them as rows 0..n-1 of a VARBINARY column. Without texts the values are views of the rows. */
export function partialPack(rows: usize, n: u32, base: u32, acc: u32, texts: usize, count: u32, out: usize, values: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const from = (load<u32>(rows + ((i as usize) << 2)) as usize) + base;
    const v = values + ((i as usize) << 3);
    if (count == 0) {
      store<u32>(v, from as u32);
      store<u32>(v, acc, 4);
      continue;
    }
    copyShort(out, from, acc);
    let end = out + acc;
    for (let k: u32 = 0; k < count; k++) {
      const text = texts + ((k as usize) << 3);
      if (load<u8>(out + load<u32>(text, P_FLAG)) == 0) continue;
      const cell = out + load<u32>(text, P_CELL);
      const len = load<u32>(cell, 4);
      copyShort(end, load<u32>(cell) as usize, len);
      store<u32>(cell, (end - out) as u32);
      store<u32>(cell, padded(len), 8);
      end += padded(len);
    }
    store<u32>(v, out as u32);
    store<u32>(v, (end - out) as u32, 4);
    out = end;
  }
}

/** Bytes that partialUnpack needs. */
export function partialBytes(values: usize, sel: usize, n: u32): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) total += padded(load<u32>(values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 3), 4)) as u64;
  return total as f64;
}

/**
 * Makes rows to merge from packed accumulators: outRows[i] is where a row with those accumulators at `base` would begin. With texts the
 * values are copied to `out` first. false = a value is too short or names bytes outside of it.
 */
export function partialUnpack(values: usize, sel: usize, n: u32, base: u32, acc: u32, texts: usize, count: u32, out: usize, outRows: usize): bool {
  for (let i: u32 = 0; i < n; i++) {
    const v = values + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 3);
    let p = load<u32>(v) as usize;
    const len = load<u32>(v, 4);
    if (len < acc) return false;
    if (count > 0) {
      copyShort(out, p, len);
      p = out;
      out += padded(len);
      for (let k: u32 = 0; k < count; k++) {
        const text = texts + ((k as usize) << 3);
        if (load<u8>(p + load<u32>(text, P_FLAG)) == 0) continue;
        const cell = p + load<u32>(text, P_CELL);
        if ((load<u32>(cell) as u64) + (load<u32>(cell, 4) as u64) > (len as u64)) return false;
        store<u32>(cell, load<u32>(cell) + (p as u32));
      }
    }
    store<u32>(outRows + ((i as usize) << 2), (p - base) as u32);
  }
  return true;
}
