// The rows of a flat table in order of key group, and as packed rows (docs/formats/window-state.md).
import { copyShort } from "../bytes";
import { NULL_WORD, hashWord } from "../hash";
import { SEG_BYTES, SEG_DEPTH, SEG_HEADER, SIDE_NULL, SIDE_ZERO, isNullRow, sideRow, strideOf } from "./flat";
import { ROW_HASH, ROW_META, ROW_WORD, T_LOG, T_SIDE_SEEN, T_SLOTS } from "./table";

// @ts-ignore: decorator
@inline
function hashOf(row: usize): u32 { return hashWord(isNullRow(row) ? NULL_WORD : load<u64>(row, ROW_WORD), 0); }

/** All rows, by the places of their hashes but for those aside, which come first. Returns the end of `out`. */
function listRows(t: usize, out: usize): usize {
  const seen = load<u32>(t, T_SIDE_SEEN);
  for (let which = SIDE_ZERO; which <= SIDE_NULL; which++) {
    if ((seen & which) == 0) continue;
    store<u32>(out, sideRow(t, which) as u32);
    out += 4;
  }
  const stride = strideOf(t);
  const directory = load<u32>(t, T_SLOTS) as usize;
  const n: u32 = 1 << load<u32>(t, T_LOG);
  for (let d: u32 = 0; d < n; ) {
    const segment = load<u32>(directory + ((d as usize) << 3)) as usize;
    d += n >> load<u32>(segment, SEG_DEPTH);
    for (let p = segment + SEG_HEADER, end = segment + load<u32>(segment, SEG_BYTES); p < end; p += stride) {
      if (load<u64>(p) == 0) continue;
      store<u32>(out, (p - 8) as u32);
      out += 4;
    }
  }
  return out;
}

/** tableByGroup for a flat table; `spare` has room for all rows too. */
export function flatByGroup(t: usize, groups: u32, starts: usize, spare: usize, out: usize): void {
  memory.fill(starts, 0, ((groups as usize) + 1) << 2);
  const end = listRows(t, spare);
  for (let at = spare; at < end; at += 4) {
    const g = (((hashOf(load<u32>(at) as usize) as u64) * (groups as u64)) >> 32) as usize;
    store<u32>(starts + (g << 2), load<u32>(starts + (g << 2)) + 1);
  }
  let sum: u32 = 0;
  for (let g: usize = 0; g <= (groups as usize); g++) {
    const n = load<u32>(starts + (g << 2));
    store<u32>(starts + (g << 2), sum);
    sum += n;
  }
  for (let at = spare; at < end; at += 4) {
    const g = (((hashOf(load<u32>(at) as usize) as u64) * (groups as u64)) >> 32) as usize;
    const c = load<u32>(starts + (g << 2));
    store<u32>(starts + (g << 2), c + 1);
    store<u32>(out + ((c as usize) << 2), load<u32>(at));
  }
  for (let g = groups as usize; g > 0; g--) store<u32>(starts + (g << 2), load<u32>(starts + ((g - 1) << 2)));
  store<u32>(starts, 0);
}

/** packRows for a flat table: copies are rows of a WORD table. Returns the end. */
export function flatPackRows(rows: usize, n: u32, acc: u32, out: usize, copies: usize): usize {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + ((i as usize) << 2)) as usize;
    store<u32>(out, hashOf(row), ROW_HASH);
    store<u32>(out, isNullRow(row) ? 1 : 0, ROW_META);
    copyShort(out + ROW_WORD, row + ROW_WORD, 8 + acc);
    store<u32>(copies + ((i as usize) << 2), out as u32);
    out += 16 + acc;
  }
  return out;
}
