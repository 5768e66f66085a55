// A keyed table: linear probing over 8-byte slots {u32 hash, u32 row pointer} that stand in hash order, so a range of hashes (a key
// group) is a range of slots and growing is one sequential pass. Rows never move: they are carved from slabs and carry key and
// accumulators side by side, so that finding the key has already touched the line that the accumulator update needs.
//
// Row of a WORD table:  u32 hash, u32 meta, u64 key word, accumulators. meta: 1 = the key is NULL, or the owner in a distinct table.
// Row of a BYTES table: u32 hash, u32 key length (top bit: NULL), accumulators, key bytes. In a distinct table the first
//                       accumulator is the u32 owner.
// All accumulators are zero in a new row: zero means "nothing seen".
import { alloc, free } from "../memory";
import { flatFree } from "./flat";

export const TABLE_WORD: u32 = 1;
export const TABLE_BYTES: u32 = 2;
export const TABLE_FLAT: u32 = 3;

export const T_SLOTS: usize = 0;
export const T_LOG: usize = 4;
export const T_COUNT: usize = 8;
export const T_LIMIT: usize = 12;
export const T_MULT: usize = 16; // u64: slot = (hash - base) * mult >> 32
export const T_BASE: usize = 24;
export const T_ACC: usize = 28; // bytes of accumulators
export const T_RANGE: usize = 32; // u64: hashes owned
export const T_KIND: usize = 40;
export const T_ROWS: usize = 44; // first slab of rows
export const T_ROWS_LAST: usize = 48;
export const T_BLOBS: usize = 52; // first slab of variable-length accumulator values
export const T_BLOBS_LAST: usize = 56;
export const T_WALK_SLAB: usize = 60;
export const T_WALK_OFFSET: usize = 64;
export const T_BYTES: usize = 68; // bytes allocated by this table
export const T_TOUCHED: usize = 72; // u64: what fetching ahead saw
// FLAT tables (flat.ts): T_SLOTS is their directory, T_LOG the bits of its index
export const T_SIDE: usize = 80; // rows that stand aside
export const T_SIDE_SEEN: usize = 84;
export const T_SEGMENTS: usize = 88;
export const T_LINES: usize = 104; // vectors of the find
export const T_FAILED: usize = 108; // the memory is out
export const T_MOVES: usize = 92; // how often a segment moved, and where the last one was
export const T_MOVED: usize = 96;
export const T_MOVED_BYTES: usize = 100;
export const T_SIZE: u32 = 128;

const SLAB_NEXT: usize = 0;
const SLAB_BYTES: usize = 4;
const SLAB_USED: usize = 8;
const SLAB_HEADER: u32 = 16;
const SLAB_MIN: u32 = 2048;
const SLAB_MAX: u32 = 1 << 20;

export const ROW_HASH: usize = 0;
export const ROW_META: usize = 4;
export const ROW_WORD: usize = 8;
export const NULL_LENGTH: u32 = 0x8000_0000;

/** Offset of the accumulators in a row of a table of `kind`. */
// @ts-ignore: decorator
@inline
export function accBase(kind: u32): u32 { return kind == TABLE_WORD ? 16 : 8; }

// @ts-ignore: decorator
@inline
export function slotOf(hash: u32, base: u32, mult: u64, mask: u32): u32 {
  return (((((hash - base) as u64) * mult) >> 32) as u32) & mask;
}

/**
 * Makes a table for hashes [base, base + range) with room for `expected` rows before it first grows. 0 = out of memory.
 * `accBytes` is a multiple of 8.
 */
export function tableNew(kind: u32, accBytes: u32, base: u32, range: f64, expected: u32): usize {
  const t = alloc(T_SIZE);
  if (t == 0) return 0;
  memory.fill(t, 0, T_SIZE);
  store<u32>(t, kind, T_KIND);
  store<u32>(t, accBytes, T_ACC);
  store<u32>(t, base, T_BASE);
  store<u64>(t, range as u64, T_RANGE);
  store<u32>(t, T_SIZE, T_BYTES);
  let log: u32 = 4;
  while (log < 28 && (((5 as u64) << log) >> 3) < (expected as u64)) log++;
  if (!allocSlots(t, log)) { free(t, T_SIZE); return 0; }
  return t;
}

function allocSlots(t: usize, log: u32): bool {
  const bytes: u32 = 8 << log;
  const slots = alloc(bytes);
  if (slots == 0) return false;
  memory.fill(slots, 0, bytes);
  const cap: u64 = (1 as u64) << log;
  store<u32>(t, slots as u32, T_SLOTS);
  store<u32>(t, log, T_LOG);
  store<u32>(t, ((cap * 5) >> 3) as u32, T_LIMIT);
  store<u64>(t, (cap << 32) / load<u64>(t, T_RANGE), T_MULT);
  store<u32>(t, load<u32>(t, T_BYTES) + bytes, T_BYTES);
  return true;
}

/** Doubles the slots: both tables are in hash order, so both are walked once, forwards. */
function grow(t: usize): bool {
  const old = load<u32>(t, T_SLOTS) as usize;
  const log = load<u32>(t, T_LOG);
  if (!allocSlots(t, log + 1)) return false;
  const slots = load<u32>(t, T_SLOTS) as usize;
  const base = load<u32>(t, T_BASE);
  const mult = load<u64>(t, T_MULT);
  const mask: u32 = ((2 as u32) << log) - 1;
  const n: u32 = 1 << log;
  for (let i: u32 = 0; i < n; i++) {
    const slot = load<u64>(old + ((i as usize) << 3));
    if (slot == 0) continue;
    let at = slotOf(slot as u32, base, mult, mask);
    while (load<u64>(slots + ((at as usize) << 3)) != 0) at = (at + 1) & mask;
    store<u64>(slots + ((at as usize) << 3), slot);
  }
  free(old, 8 << log);
  store<u32>(t, load<u32>(t, T_BYTES) - (8 << log), T_BYTES);
  return true;
}

/** How many rows of `bytes` bytes can be carved before tableReserve is due: of the slab, and before the slots grow. */
export function tableRoom(t: usize, bytes: u32): u32 {
  const slab = load<u32>(t, T_ROWS_LAST) as usize;
  if (slab == 0) return 0;
  return min<u32>((load<u32>(slab, SLAB_BYTES) - load<u32>(slab, SLAB_USED)) / bytes, load<u32>(t, T_LIMIT) - load<u32>(t, T_COUNT));
}

/** Makes room for at least one more row of `bytes` bytes. false = out of memory. */
export function tableReserve(t: usize, bytes: u32): bool {
  if (load<u32>(t, T_COUNT) >= load<u32>(t, T_LIMIT) && !grow(t)) return false;
  const slab = load<u32>(t, T_ROWS_LAST) as usize;
  if (slab != 0 && load<u32>(slab, SLAB_BYTES) - load<u32>(slab, SLAB_USED) >= bytes) return true;
  if (carve(t, T_ROWS, T_ROWS_LAST, bytes) == 0) return false;
  const fresh = load<u32>(t, T_ROWS_LAST) as usize;
  store<u32>(fresh, SLAB_HEADER, SLAB_USED); // it is asked for again
  return true;
}

/** A row of `bytes` bytes; tableRoom has said that there is one. */
// @ts-ignore: decorator
@inline
export function tableCarve(t: usize, bytes: u32): usize {
  const slab = load<u32>(t, T_ROWS_LAST) as usize;
  const used = load<u32>(slab, SLAB_USED);
  store<u32>(slab, used + bytes, SLAB_USED);
  store<u32>(t, load<u32>(t, T_COUNT) + 1, T_COUNT);
  return slab + used;
}

/** Carves `bytes` (a multiple of 8) from the slabs whose first and last are kept at `first`, `last`. 0 = out of memory. */
function carve(t: usize, first: usize, last: usize, bytes: u32): usize {
  const slab = load<u32>(t + last) as usize;
  if (slab != 0) {
    const used = load<u32>(slab, SLAB_USED);
    if ((used as u64) + (bytes as u64) <= (load<u32>(slab, SLAB_BYTES) as u64)) {
      store<u32>(slab, used + bytes, SLAB_USED);
      return slab + used;
    }
  }
  let size: u32 = slab == 0 ? SLAB_MIN : min<u32>(load<u32>(slab, SLAB_BYTES) << 1, SLAB_MAX);
  if (size < SLAB_MIN) size = SLAB_MIN;
  if (size < bytes + SLAB_HEADER) size = bytes + SLAB_HEADER;
  const fresh = alloc(size);
  if (fresh == 0) return 0;
  store<u32>(fresh, 0, SLAB_NEXT);
  store<u32>(fresh, size, SLAB_BYTES);
  store<u32>(fresh, SLAB_HEADER + bytes, SLAB_USED);
  if (slab == 0) store<u32>(t + first, fresh as u32);
  else store<u32>(slab, fresh as u32, SLAB_NEXT);
  store<u32>(t + last, fresh as u32);
  store<u32>(t, load<u32>(t, T_BYTES) + size, T_BYTES);
  return fresh + SLAB_HEADER;
}

/** Room for a variable-length accumulator value that lives as long as the table. 0 = out of memory. */
export function tableBlob(t: usize, bytes: u32): usize {
  return carve(t, T_BLOBS, T_BLOBS_LAST, (bytes + 7) & ~7);
}

/** Adds a row with zeroed accumulators; the caller knows that the key is absent and stores it. 0 = out of memory. May grow the slots. */
export function tableInsert(t: usize, hash: u32, meta: u32, keyBytes: u32): usize {
  if (load<u32>(t, T_COUNT) >= load<u32>(t, T_LIMIT) && !grow(t)) return 0;
  const word = load<u32>(t, T_KIND) == TABLE_WORD;
  const acc = load<u32>(t, T_ACC);
  const bytes: u32 = word ? 16 + acc : 8 + acc + ((keyBytes + 7) & ~7);
  const row = carve(t, T_ROWS, T_ROWS_LAST, bytes);
  if (row == 0) return 0;
  store<u32>(row, hash, ROW_HASH);
  store<u32>(row, meta, ROW_META);
  const from: usize = row + (word ? 16 : 8);
  for (let p = from, end = from + acc; p < end; p += 8) store<u64>(p, 0);
  const slots = load<u32>(t, T_SLOTS) as usize;
  const mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  let at = slotOf(hash, load<u32>(t, T_BASE), load<u64>(t, T_MULT), mask);
  while (load<u64>(slots + ((at as usize) << 3)) != 0) at = (at + 1) & mask;
  store<u64>(slots + ((at as usize) << 3), (hash as u64) | ((row as u64) << 32));
  store<u32>(t, load<u32>(t, T_COUNT) + 1, T_COUNT);
  return row;
}

function freeSlabs(first: usize): void {
  let slab = first;
  while (slab != 0) {
    const next = load<u32>(slab, SLAB_NEXT) as usize;
    free(slab, load<u32>(slab, SLAB_BYTES));
    slab = next;
  }
}

/** Gives everything back. Pointers to rows end here. */
export function tableFree(t: usize): void {
  freeSlabs(load<u32>(t, T_ROWS) as usize);
  freeSlabs(load<u32>(t, T_BLOBS) as usize);
  if (load<u32>(t, T_KIND) == TABLE_FLAT) flatFree(t);
  else free(load<u32>(t, T_SLOTS) as usize, 8 << load<u32>(t, T_LOG));
  free(t, T_SIZE);
}

export function tableCount(t: usize): u32 { return load<u32>(t, T_COUNT); }
export function tableBytes(t: usize): u32 { return load<u32>(t, T_BYTES); }

/** Bytes of a row including its key. */
// @ts-ignore: decorator
@inline
export function rowBytes(row: usize, word: bool, acc: u32): u32 {
  return word ? 16 + acc : 8 + acc + (((load<u32>(row, ROW_META) & ~NULL_LENGTH) + 7) & ~7);
}

/** Starts a walk over the rows in the order of their insertion. */
export function tableWalkStart(t: usize): void {
  store<u32>(t, load<u32>(t, T_ROWS), T_WALK_SLAB);
  store<u32>(t, SLAB_HEADER, T_WALK_OFFSET);
}

/** Stores the next at most `max` row pointers at `out`; returns how many, 0 at the end. */
export function tableWalk(t: usize, out: usize, max: u32): u32 {
  let slab = load<u32>(t, T_WALK_SLAB) as usize;
  let offset = load<u32>(t, T_WALK_OFFSET);
  const word = load<u32>(t, T_KIND) == TABLE_WORD;
  const acc = load<u32>(t, T_ACC);
  let n: u32 = 0;
  while (slab != 0 && n < max) {
    const used = load<u32>(slab, SLAB_USED);
    while (offset < used && n < max) {
      store<u32>(out + ((n as usize) << 2), (slab + offset) as u32);
      offset += rowBytes(slab + offset, word, acc);
      n++;
    }
    if (offset >= used) {
      slab = load<u32>(slab, SLAB_NEXT) as usize;
      offset = SLAB_HEADER;
    }
  }
  store<u32>(t, slab as u32, T_WALK_SLAB);
  store<u32>(t, offset, T_WALK_OFFSET);
  return n;
}
