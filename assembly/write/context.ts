// What every encoder carries: its options, the leaves, and the buffer it owns. Set up once by TypeScript.
import { BATCH_HEADER_BYTES, BATCH_SEL_COUNT, COL_BYTES, COL_VALIDITY, COL_VALUES, F_BYTES, F_STR } from "../abi";
import { alloc, free } from "../memory";
import { VALUE_BYTES_MAX } from "./values";

export const W_LEAVES: usize = 0;
export const W_LEAF: usize = 4;
export const W_BUFFER: usize = 8;
export const W_CAPACITY: usize = 12;
export const W_LENGTH: usize = 16;
export const W_SLICES: usize = 20; // -> { u32 ptr, u32 length }[]
export const W_SLICES_MAX: usize = 24;
export const W_FIXED: usize = 28; // most bytes of a record without the content of its strings
export const W_ISO: usize = 32;
export const W_PLAIN: usize = 36; // decimals with all digits of their scale
export const W_SKIP_NULLS: usize = 40;
export const W_DELIMITER: usize = 44; // csv
export const W_QUOTE: usize = 48; // csv, 0 = none
export const W_ESCAPE: usize = 52; // csv, 0 = none
export const W_NULL: usize = 56; // csv: null literal, pointer and length
export const W_NULL_LENGTH: usize = 60;
export const W_MIN_SAFE: usize = 64; // csv: bytes below it ask for quotes
export const W_TEXTS: usize = 68; // number of leaves whose values vary in length
export const W_BYTES: u32 = 128;

export const WL_VALUES: usize = 0;
export const WL_VALIDITY: usize = 4;
export const WL_KIND: usize = 8;
export const WL_ARG: usize = 12;
export const WL_NAME: usize = 16; // json: -> `,"name":`
export const WL_NAME_LENGTH: usize = 20;
export const WL_END: usize = 24; // last descendant leaf + 1
export const WL_LAST_LENGTH: usize = 28; // timestamps: bytes of the last text, 0 = none yet
export const WL_LAST: usize = 32; // i64: what it stands for
export const WL_MINUTE: usize = 40; // i64: minute of WL_MINUTE_TEXT
export const WL_MINUTE_TEXT: usize = 48; // 16 bytes: yyyy-MM-dd HH:mm
export const WL_TEXT: usize = 64; // 48 bytes: the last text
export const WL_BYTES: usize = 128;
/** No minute of any timestamp. */
const NO_MINUTE = i64.MIN_VALUE;

export function writeCreate(leaves: u32): usize {
  const w = alloc(W_BYTES);
  if (w == 0) return 0;
  memory.fill(w, 0, W_BYTES);
  const l = alloc(leaves * (WL_BYTES as u32) + 64);
  if (l == 0) return 0;
  store<u32>(w, leaves, W_LEAVES);
  store<u32>(w, l as u32, W_LEAF);
  store<u32>(w, 64, W_FIXED);
  return w;
}

export function writeOptions(w: usize, iso: u32, plain: u32, skipNulls: u32): void {
  store<u32>(w, iso, W_ISO);
  store<u32>(w, plain, W_PLAIN);
  store<u32>(w, skipNulls, W_SKIP_NULLS);
}

/** Leaf i; `name` (json) is copied by nobody: it must live as long as the encoder. */
export function writeLeaf(w: usize, i: u32, kind: u32, arg: u32, name: usize, nameLength: u32, end: u32): void {
  const l = (load<u32>(w, W_LEAF) as usize) + (i as usize) * WL_BYTES;
  store<u32>(l, kind, WL_KIND);
  store<u32>(l, arg, WL_ARG);
  store<u32>(l, name as u32, WL_NAME);
  store<u32>(l, nameLength, WL_NAME_LENGTH);
  store<u32>(l, end, WL_END);
  store<u32>(l, 0, WL_LAST_LENGTH);
  store<i64>(l, NO_MINUTE, WL_MINUTE);
  if (kind == F_STR || kind == F_BYTES) store<u32>(w, load<u32>(w, W_TEXTS) + 1, W_TEXTS);
  store<u32>(w, load<u32>(w, W_FIXED) + VALUE_BYTES_MAX + nameLength + 8, W_FIXED);
}

export function writeBuffer(w: usize): u32 { return load<u32>(w, W_BUFFER); }
export function writeLength(w: usize): u32 { return load<u32>(w, W_LENGTH); }
export function writeSlices(w: usize): u32 { return load<u32>(w, W_SLICES); }

// @ts-ignore: decorator
@inline
export function isPresent(l: usize, row: u32): bool {
  const v = load<u32>(l, WL_VALIDITY) as usize;
  return v == 0 || (load<u8>(v + (row >> 3)) & ((1 as u8) << ((row & 7) as u8))) != 0;
}

/** Points the leaves at the batch's columns and empties the buffer. */
export function writeBegin(w: usize, batch: usize): void {
  const n = load<u32>(w, W_LEAVES);
  let l = load<u32>(w, W_LEAF) as usize;
  let c = batch + BATCH_HEADER_BYTES;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(l, load<u32>(c, COL_VALUES), WL_VALUES);
    store<u32>(l, load<u32>(c, COL_VALIDITY), WL_VALIDITY);
    l += WL_BYTES;
    c += COL_BYTES;
  }
  store<u32>(w, 0, W_LENGTH);
}

/** Makes room for row `row` after `used` bytes; returns the buffer (it may have moved) or 0 without memory. */
export function writeReserve(w: usize, row: u32, used: usize): usize {
  let need = (used as u64) + (load<u32>(w, W_FIXED) as u64);
  const n: u32 = load<u32>(w, W_TEXTS) == 0 ? 0 : load<u32>(w, W_LEAVES);
  let l = load<u32>(w, W_LEAF) as usize;
  for (let i: u32 = 0; i < n; i++) {
    const kind = load<u32>(l, WL_KIND);
    if ((kind == F_STR || kind == F_BYTES) && isPresent(l, row)) {
      need += (load<u32>((load<u32>(l, WL_VALUES) as usize) + ((row as usize) << 3), 4) as u64) * 6;
    }
    l += WL_BYTES;
  }
  const have = load<u32>(w, W_CAPACITY);
  const old = load<u32>(w, W_BUFFER) as usize;
  if (need <= (have as u64)) return old;
  let size: u64 = have == 0 ? 65536 : (have as u64) * 2;
  while (size < need) size *= 2;
  if (size > 0x7000_0000) size = need > 0x7000_0000 ? 0x7000_0001 : 0x7000_0000;
  const buffer = alloc(size as u32);
  if (buffer == 0) return 0;
  if (old != 0) {
    memory.copy(buffer, old, used);
    free(old, have);
  }
  store<u32>(w, buffer as u32, W_BUFFER);
  store<u32>(w, size as u32, W_CAPACITY);
  return buffer;
}

/** Room for a slice per selected row; 0 without memory. */
export function writeReserveSlices(w: usize, batch: usize): usize {
  const n = load<u32>(batch, BATCH_SEL_COUNT);
  const max = load<u32>(w, W_SLICES_MAX);
  if (n <= max && max != 0) return load<u32>(w, W_SLICES);
  if (max != 0) free(load<u32>(w, W_SLICES), max << 3);
  const want: u32 = n < 2048 ? 2048 : n;
  const p = alloc(want << 3);
  store<u32>(w, p as u32, W_SLICES);
  store<u32>(w, p == 0 ? 0 : want, W_SLICES_MAX);
  return p;
}
