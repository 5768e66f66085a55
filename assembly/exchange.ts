// Batches to and from the bytes that travel between subtasks (docs/formats/exchange.md).
// A frame: u32 bytes (multiple of 8, header included), u32 type, payload.
// BATCH payload: u32 rows, u32 marks, u32 flags (1 kinds, 2 times), u32 columns, u32 split, u32 0,
//   marks { i32 afterRow, u32 0, i64 watermark }[], kinds (u8 each, padded to 8), times (i64 each),
//   then per column: u32 type, u32 has validity, [validity bits padded to 8], values padded to 8
//   (a string value is u32 offset from the frame's start, u32 length), then the strings' bytes.
import {
  BATCH_COLUMNS, BATCH_HEADER_BYTES, BATCH_KINDS, BATCH_MARKS, BATCH_MARK_COUNT, BATCH_ROWS, BATCH_SEL, BATCH_SEL_COUNT, BATCH_SPLIT, BATCH_TIMES,
  COL_BYTES, COL_TYPE, COL_VALIDITY, COL_VALUES, FRAME_BATCH, MARK_BYTES, T_BOOL, T_F32, T_F64, T_I128, T_I16, T_I32, T_I64, T_I8, T_STR,
} from "./abi";
import { allPresent } from "./batch";
import { copyShort, gather64 } from "./bytes";

// @ts-ignore: decorator
@inline
function pad8(n: usize): usize { return (n + 7) & ~7; }

// @ts-ignore: decorator
@inline
function width(t: u32): u32 {
  if (t == T_I64 || t == T_F64 || t == T_STR) return 8;
  if (t == T_I32 || t == T_F32) return 4;
  if (t == T_BOOL || t == T_I8) return 1;
  if (t == T_I16) return 2;
  if (t == T_I128) return 16;
  return 0;
}

/**
 * Splits selected rows by owner: hashes[k] belongs to row sel[k]. List t (row numbers) is written at lists + t * stride, its length at counts + 4 * t.
 * Owner = key group * parallelism / maxParallelism, key group = hash * maxParallelism >> 32 (Flink's KeyGroupRangeAssignment on our hash).
 */
export function routeByHash(hashes: usize, sel: usize, n: u32, maxParallelism: u32, parallelism: u32, lists: usize, stride: u32, counts: usize): void {
  if (parallelism == 2) {
    routeByHalf(hashes, sel, n, maxParallelism, lists, stride, counts);
    return;
  }
  for (let t: u32 = 0; t < parallelism; t++) store<u32>(counts + (t << 2), 0);
  for (let k: u32 = 0; k < n; k++) {
    const group = <u32>(((load<u32>(hashes + (k << 2)) as u64) * (maxParallelism as u64)) >> 32);
    const t = group * parallelism / maxParallelism;
    const c = load<u32>(counts + (t << 2));
    store<u32>(lists + t * stride + (c << 2), load<u32>(sel + (k << 2)));
    store<u32>(counts + (t << 2), c + 1);
  }
}

/** The same for two subtasks, without a branch or a division: the first owns the groups below half of them, rounded up. */
function routeByHalf(hashes: usize, sel: usize, n: u32, maxParallelism: u32, lists: usize, stride: u32, counts: usize): void {
  const groups = (maxParallelism + 1) >> 1;
  // the first hash of group g is ceil(g * 2^32 / maxParallelism)
  const half = (((groups as u64) << 32) + (maxParallelism as u64) - 1) / (maxParallelism as u64);
  let a = lists;
  let b = lists + stride;
  for (let k: u32 = 0; k < n; k++) {
    const row = load<u32>(sel + (k << 2));
    const second: usize = (load<u32>(hashes + (k << 2)) as u64) >= half ? 4 : 0;
    store<u32>(a, row);
    store<u32>(b, row);
    b += second;
    a += 4 - second;
  }
  store<u32>(counts, ((a - lists) >> 2) as u32);
  store<u32>(counts, ((b - lists - stride) >> 2) as u32, 4);
}

/** Deals selected rows out in turn, starting at target `first`; returns the next target. */
export function routeRoundRobin(sel: usize, n: u32, parallelism: u32, first: u32, lists: usize, stride: u32, counts: usize): u32 {
  for (let t: u32 = 0; t < parallelism; t++) store<u32>(counts + (t << 2), 0);
  let t = first;
  for (let k: u32 = 0; k < n; k++) {
    const c = load<u32>(counts + (t << 2));
    store<u32>(lists + t * stride + (c << 2), load<u32>(sel + (k << 2)));
    store<u32>(counts + (t << 2), c + 1);
    t++;
    if (t == parallelism) t = 0;
  }
  return t;
}

/** Upper bound of the bytes that encodeRows writes for these rows. */
export function encodedBytes(batch: usize, rows: usize, n: u32): u32 {
  const columns = load<u32>(batch, BATCH_COLUMNS);
  let bytes: usize = 32 + (load<u32>(batch, BATCH_MARK_COUNT) as usize) * MARK_BYTES + pad8(n) + ((n as usize) << 3);
  for (let c: u32 = 0; c < columns; c++) {
    const d = batch + BATCH_HEADER_BYTES + c * COL_BYTES;
    const t = load<u32>(d, COL_TYPE);
    bytes += 8 + pad8((n + 7) >> 3) + pad8((n as usize) * width(t));
    if (t == T_STR) {
      const v = load<u32>(d, COL_VALUES) as usize;
      const validity = load<u32>(d, COL_VALIDITY) as usize;
      for (let k: u32 = 0; k < n; k++) {
        const r = load<u32>(rows + (k << 2));
        const present: u32 = validity == 0 ? 1 : (<u32>load<u8>(validity + (r >> 3)) >> (r & 7)) & 1;
        if (present) bytes += load<u32>(v + ((r as usize) << 3), 4);
      }
    }
  }
  return <u32>(pad8(bytes) + 64);
}

/** Writes rows[0..n) (ascending row numbers) and all marks of the batch as one frame at `out`; returns its bytes. */
export function encodeRows(batch: usize, rows: usize, n: u32, out: usize): u32 {
  const columns = load<u32>(batch, BATCH_COLUMNS);
  const markCount = load<u32>(batch, BATCH_MARK_COUNT);
  const kinds = load<u32>(batch, BATCH_KINDS) as usize;
  const times = load<u32>(batch, BATCH_TIMES) as usize;
  store<u32>(out, FRAME_BATCH, 4);
  store<u32>(out, n, 8);
  store<u32>(out, markCount, 12);
  store<u32>(out, (kinds != 0 ? 1 : 0) | (times != 0 ? 2 : 0), 16);
  store<u32>(out, columns, 20);
  store<u32>(out, load<u32>(batch, BATCH_SPLIT), 24);
  store<u32>(out, 0, 28);
  let p = out + 32;
  let at: u32 = 0; // rows before the mark
  const marks = load<u32>(batch, BATCH_MARKS) as usize;
  for (let m: u32 = 0; m < markCount; m++) {
    const after = load<i32>(marks + m * MARK_BYTES);
    while (at < n && load<i32>(rows + (at << 2)) <= after) at++;
    store<i32>(p, <i32>at - 1);
    store<u32>(p, 0, 4);
    store<i64>(p, load<i64>(marks + m * MARK_BYTES, 8), 8);
    p += MARK_BYTES;
  }
  if (kinds != 0) {
    for (let k: u32 = 0; k < n; k++) store<u8>(p + k, load<u8>(kinds + load<u32>(rows + (k << 2))));
    p += pad8(n);
  }
  if (times != 0) {
    for (let k: u32 = 0; k < n; k++) store<i64>(p + ((k as usize) << 3), load<i64>(times + ((load<u32>(rows + (k << 2)) as usize) << 3)));
    p += (n as usize) << 3;
  }
  let heapBytes: usize = 0;
  const firstColumn = p;
  for (let c: u32 = 0; c < columns; c++) {
    const d = batch + BATCH_HEADER_BYTES + c * COL_BYTES;
    const t = load<u32>(d, COL_TYPE);
    const values = load<u32>(d, COL_VALUES) as usize;
    let validity = load<u32>(d, COL_VALIDITY) as usize;
    if (validity != 0 && allPresent(validity, load<u32>(batch, BATCH_ROWS))) validity = 0;
    store<u32>(p, t);
    store<u32>(p, validity != 0 ? 1 : 0, 4);
    p += 8;
    if (validity != 0) {
      const bits = pad8((n + 7) >> 3);
      memory.fill(p, 0, bits);
      for (let k: u32 = 0; k < n; k++) {
        const r = load<u32>(rows + (k << 2));
        const b = (<u32>load<u8>(validity + (r >> 3)) >> (r & 7)) & 1;
        const a = p + (k >> 3);
        store<u8>(a, <u8>(<u32>load<u8>(a) | (b << (k & 7))));
      }
      p += bits;
    }
    const w = width(t);
    if (w == 8) {
      // absent string values must not carry stale pointers: their length is written as 0
      if (t == T_STR && validity != 0) {
        for (let k: u32 = 0; k < n; k++) {
          const r = load<u32>(rows + (k << 2));
          const present = (<u32>load<u8>(validity + (r >> 3)) >> (r & 7)) & 1;
          store<i64>(p + ((k as usize) << 3), present ? load<i64>(values + ((r as usize) << 3)) : 0);
        }
      } else {
        gather64(values, rows, n, p);
      }
    } else if (w == 4) {
      for (let k: u32 = 0; k < n; k++) store<u32>(p + ((k as usize) << 2), load<u32>(values + ((load<u32>(rows + (k << 2)) as usize) << 2)));
    } else if (w == 1) {
      for (let k: u32 = 0; k < n; k++) store<u8>(p + k, load<u8>(values + load<u32>(rows + (k << 2))));
    } else if (w == 2) {
      for (let k: u32 = 0; k < n; k++) store<u16>(p + ((k as usize) << 1), load<u16>(values + ((load<u32>(rows + (k << 2)) as usize) << 1)));
    } else if (w == 16) {
      for (let k: u32 = 0; k < n; k++) v128.store(p + ((k as usize) << 4), v128.load(values + ((load<u32>(rows + (k << 2)) as usize) << 4)));
    }
    p += pad8((n as usize) * w);
  }
  // second pass: the strings' bytes after all columns, pointers turned into offsets
  let q = firstColumn;
  for (let c: u32 = 0; c < columns; c++) {
    const t = load<u32>(q);
    const has = load<u32>(q, 4);
    q += 8;
    if (has != 0) q += pad8((n + 7) >> 3);
    if (t == T_STR) {
      for (let k: u32 = 0; k < n; k++) {
        const e = q + ((k as usize) << 3);
        const len = load<u32>(e, 4) as usize;
        copyShort(p + heapBytes, load<u32>(e) as usize, len);
        store<u32>(e, <u32>(p + heapBytes - out));
        heapBytes += len;
      }
    }
    q += pad8((n as usize) * width(t));
  }
  const total = pad8(p + heapBytes - out);
  store<u32>(out, <u32>total);
  return <u32>total;
}

/** Points the batch's header at a BATCH frame in memory (no copy; string offsets become pointers in place, once) and selects all its rows. */
export function openBatch(frame: usize, batch: usize): void {
  const n = load<u32>(frame, 8);
  const markCount = load<u32>(frame, 12);
  const flags = load<u32>(frame, 16);
  const columns = load<u32>(frame, 20);
  store<u32>(batch, n, BATCH_ROWS);
  store<u32>(batch, n, BATCH_SEL_COUNT);
  store<u32>(batch, markCount, BATCH_MARK_COUNT);
  store<u32>(batch, load<u32>(frame, 24), BATCH_SPLIT);
  let p = frame + 32;
  store<u32>(batch, <u32>p, BATCH_MARKS);
  p += (markCount as usize) * MARK_BYTES;
  if (flags & 1) { store<u32>(batch, <u32>p, BATCH_KINDS); p += pad8(n); } else store<u32>(batch, 0, BATCH_KINDS);
  if (flags & 2) { store<u32>(batch, <u32>p, BATCH_TIMES); p += (n as usize) << 3; } else store<u32>(batch, 0, BATCH_TIMES);
  const sel = load<u32>(batch, BATCH_SEL) as usize;
  for (let k: u32 = 0; k < n; k++) store<u32>(sel + (k << 2), k);
  for (let c: u32 = 0; c < columns; c++) {
    const t = load<u32>(p);
    const has = load<u32>(p, 4);
    p += 8;
    const d = batch + BATCH_HEADER_BYTES + c * COL_BYTES;
    store<u32>(d, t, COL_TYPE);
    if (has != 0) { store<u32>(d, <u32>p, COL_VALIDITY); p += pad8((n + 7) >> 3); } else store<u32>(d, 0, COL_VALIDITY);
    store<u32>(d, <u32>p, COL_VALUES);
    if (t == T_STR) for (let k: u32 = 0; k < n; k++) {
      const e = p + ((k as usize) << 3);
      store<u32>(e, load<u32>(e) + <u32>frame);
    }
    p += pad8((n as usize) * width(t));
  }
}
