// Which slice each row belongs to. Rows of one batch mostly fall into one or two slices, so the last range is kept in registers and
// the few others in a short list; the 64-bit division runs once per slice and batch.
import { zoneOffset, zoneOffsetLocal } from "../expr/date";

/** A slice of the batch, 32 bytes: i64 start, i64 end, u32 rows, u32 first position in the outputs, f64 start. */
const S_START: usize = 0;
const S_END: usize = 8;
const S_ROWS: usize = 16;
const S_FIRST: usize = 20;
const S_NUMBER: usize = 24;

/**
 * Assigns rows to slices [start, start + size) with start = offset modulo size (floor, also for negative times).
 * `times` are i64 by row number. Fills slices[] (at most n entries, in order of first use) and, grouped by slice with their order kept,
 * outSel (row numbers) and outHashes. `numbers` is scratch for u32[n]. Returns the number of slices; with one slice, outSel and
 * outHashes are left alone: the inputs serve.
 */
export function sliceRows(times: usize, sel: usize, n: u32, hashes: usize, size: f64, offset: f64, slices: usize, numbers: usize, outSel: usize, outHashes: usize): u32 {
  const width = size as i64;
  const shift = offset as i64;
  let count: u32 = 0;
  let start: i64 = 0;
  let end: i64 = 0;
  let current: u32 = 0;
  let rows: u32 = 0; // of `current`, not yet added to its entry
  for (let i: u32 = 0; i < n; i++) {
    const t = load<i64>(times + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 3));
    if (t < start || t >= end) {
      if (count != 0) {
        const e = slices + ((current as usize) << 5);
        store<u32>(e, load<u32>(e, S_ROWS) + rows, S_ROWS);
        rows = 0;
      }
      current = find(slices, count, t);
      if (current == count) {
        let rest = (t - shift) % width;
        if (rest < 0) rest += width;
        const e = slices + ((count as usize) << 5);
        store<i64>(e, t - rest, S_START);
        store<i64>(e, t - rest + width, S_END);
        store<f64>(e, (t - rest) as f64, S_NUMBER);
        store<u32>(e, 0, S_ROWS);
        count++;
      }
      start = load<i64>(slices + ((current as usize) << 5), S_START);
      end = start + width;
    }
    store<u32>(numbers + ((i as usize) << 2), current);
    rows++;
  }
  if (count == 0) return 0;
  const e = slices + ((current as usize) << 5);
  store<u32>(e, load<u32>(e, S_ROWS) + rows, S_ROWS);
  if (count > 1) scatter(slices, count, sel, n, hashes, numbers, outSel, outHashes);
  return count;
}

// @ts-ignore: decorator
@inline
function find(slices: usize, count: u32, t: i64): u32 {
  let k: u32 = count;
  while (k > 0) {
    k--;
    const e = slices + ((k as usize) << 5);
    if (t >= load<i64>(e, S_START) && t < load<i64>(e, S_END)) return k;
  }
  return count;
}

function scatter(slices: usize, count: u32, sel: usize, n: u32, hashes: usize, numbers: usize, outSel: usize, outHashes: usize): void {
  let at: u32 = 0;
  for (let k: u32 = 0; k < count; k++) {
    const e = slices + ((k as usize) << 5);
    store<u32>(e, at, S_FIRST);
    at += load<u32>(e, S_ROWS);
  }
  for (let i: u32 = 0; i < n; i++) {
    const e = slices + ((load<u32>(numbers + ((i as usize) << 2)) as usize) << 5);
    const to = (load<u32>(e, S_FIRST) as usize) << 2;
    store<u32>(outSel + to, load<u32>(sel + ((i as usize) << 2)));
    store<u32>(outHashes + to, load<u32>(hashes + ((i as usize) << 2)));
    store<u32>(e, ((to >> 2) as u32) + 1, S_FIRST);
  }
  for (let k: u32 = 0; k < count; k++) {
    const e = slices + ((k as usize) << 5);
    store<u32>(e, load<u32>(e, S_FIRST) - load<u32>(e, S_ROWS), S_FIRST);
  }
}

/** Local times of the selected rows (by row number) in the zone of a zone table. */
export function localTimes(zone: usize, times: usize, sel: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = (load<u32>(sel + ((i as usize) << 2)) as usize) << 3;
    const t = load<i64>(times + at);
    store<i64>(out + at, t + zoneOffset(zone, t));
  }
}

/** Local times at values[0..n) back to UTC, in place. */
export function utcTimes(zone: usize, values: usize, n: u32): void {
  for (let p = values, end = values + ((n as usize) << 3); p < end; p += 8) {
    const t = load<i64>(p);
    store<i64>(p, t - zoneOffsetLocal(zone, t));
  }
}
