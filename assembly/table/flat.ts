// A flat keyed table: rows {u64 key word, accumulators} stand in the slots themselves, so that finding a group costs one access to memory, not
// two. For one key column of at most 8 bytes and few accumulators. Linear probing inside segments of up to 64 KiB, found by the top bits of the
// hash through a directory (extendible hashing: Fagin et al. 1979), so a range of hashes (a key group) is a range of segments, and growing splits
// one full segment: no long pause, and no memory is touched but what is used in the end.
//
// A slot is 16 or 32 bytes; probing begins at the first slot of a cache line, so that nearly every find looks at the slots of one line, without a
// branch that is hard to foresee. Slots are filled in order and never emptied.
// Rows move when their segment splits or grows: pointers hold until the next find, which keeps those it gives out itself right.
// Row pointers point 8 bytes before the row, where rows of a WORD table have a header, so that key and accumulators stand at the same offsets.
// A key word of 0 marks an empty slot: the row of key 0 and that of NULL stand aside. The pointer to the latter is 4 mod 8, all others 0 mod 8.
//
// Directory entry (u64 by the top T_LOG bits of the hash's place in the range): u32 segment, u8 bits of the hash that all its keys share, u24 lines.
// Segment: header, lines where keys may begin, then spare ones: a key stands at most `reach(lines)` lines behind where it begins.
import { ERR_CODE, E_OUT_OF_MEMORY } from "../abi";
import { hashWord } from "../hash";
import { alloc, free } from "../memory";
import {
  TABLE_FLAT, T_ACC, T_BASE, T_BYTES, T_COUNT, T_KIND, T_LINES, T_LOG, T_MOVED, T_MOVED_BYTES, T_MOVES, T_MULT, T_RANGE, T_SEGMENTS, T_SIDE, T_SIDE_SEEN,
  T_SIZE, T_SLOTS,
} from "./table";

const SEG_LINES: usize = 0;
export const SEG_BYTES: usize = 4;
export const SEG_DEPTH: usize = 8;
export const LINE: u32 = 64;
export const SEG_HEADER: u32 = LINE;
const SEG_BYTES_MIN: u32 = 512;
/** A segment grows to this size, then it splits. */
const SEG_BYTES_FULL: u32 = 1 << 16;
/** Directory entries per segment before a segment that cannot be split any more grows instead: keys whose hashes agree in many bits. */
const SPARSE_MAX: u32 = 16;
const LINES_MAX: u32 = 1 << 23;
/** Rows found at a time: their lines stay in the L1 cache and their pages in the TLB from the first touch to the find. */
export const FETCH_ROWS: u32 = 256;

export const SIDE_ZERO: u32 = 1;
export const SIDE_NULL: u32 = 2;

/** Where a hash stands in the table's range, as a fraction of 2^32. */
// @ts-ignore: decorator
@inline
export function fraction(hash: u32, base: u32, mult: u64): u32 {
  return ((((hash - base) as u64) * mult) >> 32) as u32;
}

/** The first slot to look at. `shift` = 32 - T_LOG. */
// @ts-ignore: decorator
@inline
export function homeOf(directory: usize, shift: u64, y: u32): usize {
  const entry = load<u64>(directory + ((((y as u64) >> shift) << 3) as usize));
  return lineOf(entry as u32 as usize, y << (((entry >> 32) & 31) as u32), (entry >> 40) as u32);
}

// @ts-ignore: decorator
@inline
function lineOf(segment: usize, rest: u32, lines: u32): usize {
  return segment + SEG_HEADER + (((((rest as u64) * (lines as u64)) >> 32) as usize) << 6);
}

/** A segment is full when a key would stand more than so many lines behind its first: when some 3/4 of its slots are taken. */
// @ts-ignore: decorator
@inline
function reach(lines: u32): u32 { return max<u32>(min<u32>(lines >> 2, 16), lines >> 6); }

/** Bytes of a row, without the gap behind it. */
// @ts-ignore: decorator
@inline
export function strideOf(t: usize): u32 { return load<u32>(t, T_ACC) <= 8 ? 16 : 32; }

/** Makes an empty segment. 0 = out of memory. */
function newSegment(t: usize, bytes: u32, depth: u32): usize {
  const all = bytes / LINE - 1;
  const lines = all - reach(all) - 1;
  if (lines > LINES_MAX) {
    store<u32>(ERR_CODE, E_OUT_OF_MEMORY);
    return 0;
  }
  const segment = alloc(bytes);
  if (segment == 0) return 0;
  memory.fill(segment, 0, bytes);
  store<u32>(segment, lines, SEG_LINES);
  store<u32>(segment, bytes, SEG_BYTES);
  store<u32>(segment, depth, SEG_DEPTH);
  store<u32>(t, load<u32>(t, T_BYTES) + bytes, T_BYTES);
  return segment;
}

function freeSegment(t: usize, segment: usize): void {
  const bytes = load<u32>(segment, SEG_BYTES);
  store<u32>(t, load<u32>(t, T_BYTES) - bytes, T_BYTES);
  free(segment, bytes);
}

/** Points entries [first, first + n) of the directory at a segment. */
function enter(directory: usize, first: u32, n: u32, segment: usize): void {
  const entry = (segment as u64) | ((load<u32>(segment, SEG_DEPTH) as u64) << 32) | ((load<u32>(segment, SEG_LINES) as u64) << 40);
  for (let i = first; i < first + n; i++) store<u64>(directory + ((i as usize) << 3), entry);
}

/**
 * Makes an empty table for hashes [base, base + range). 0 = out of memory. `accBytes` is a multiple of 8.
 */
export function flatNew(accBytes: u32, base: u32, range: f64): usize {
  const t = alloc(T_SIZE);
  if (t == 0) return 0;
  memory.fill(t, 0, T_SIZE);
  store<u32>(t, TABLE_FLAT, T_KIND);
  store<u32>(t, accBytes, T_ACC);
  store<u32>(t, base, T_BASE);
  store<u64>(t, range as u64, T_RANGE);
  // 2^64 / range: y reaches 2^32 - 1 at most
  store<u64>(t, range as u64 == 1 ? 0 : u64.MAX_VALUE / (range as u64), T_MULT);
  const side = alloc(sideBytes(accBytes));
  const lines = alloc(FIND_BYTES);
  const directory = alloc(8);
  const segment = newSegment(t, SEG_BYTES_MIN, 0);
  if (side == 0 || lines == 0 || directory == 0 || segment == 0) {
    if (segment != 0) freeSegment(t, segment);
    free(directory, 8);
    free(lines, FIND_BYTES);
    free(side, sideBytes(accBytes));
    free(t, T_SIZE);
    return 0;
  }
  memory.fill(side, 0, sideBytes(accBytes));
  enter(directory, 0, 1, segment);
  store<u32>(t, directory as u32, T_SLOTS);
  store<u32>(t, side as u32, T_SIDE);
  store<u32>(t, lines as u32, T_LINES);
  store<u32>(t, 1, T_SEGMENTS);
  store<u32>(t, load<u32>(t, T_BYTES) + T_SIZE + sideBytes(accBytes) + FIND_BYTES + 8, T_BYTES);
  return t;
}

// two rows with 8 bytes before each, the second off by 4
// @ts-ignore: decorator
@inline
export function sideBytes(acc: u32): u32 { return 2 * (16 + acc) + 8; }

/** Vectors of the find: lines to look at, and rows not found at once. */
const FIND_BYTES: u32 = FETCH_ROWS * 8;

export function flatFree(t: usize): void {
  const directory = load<u32>(t, T_SLOTS) as usize;
  const n: u32 = 1 << load<u32>(t, T_LOG);
  for (let i: u32 = 0; i < n; ) {
    const segment = load<u32>(directory + ((i as usize) << 3)) as usize;
    i += n >> load<u32>(segment, SEG_DEPTH);
    freeSegment(t, segment);
  }
  free(directory, 8 << load<u32>(t, T_LOG));
  free(load<u32>(t, T_SIDE) as usize, sideBytes(load<u32>(t, T_ACC)));
  free(load<u32>(t, T_LINES) as usize, FIND_BYTES);
}

/** Puts the rows of a segment into others: by the bit after `depth` into `low` or `high`, which may be the same. false = one of them is full. */
function distribute(t: usize, from: usize, depth: u32, low: usize, high: usize): bool {
  const stride = strideOf(t);
  const base = load<u32>(t, T_BASE);
  const mult = load<u64>(t, T_MULT);
  const lines = load<u32>(low, SEG_LINES);
  const newDepth = load<u32>(low, SEG_DEPTH);
  const far: usize = (reach(lines) + 1) * LINE;
  for (let p = from + SEG_HEADER, end = from + load<u32>(from, SEG_BYTES); p < end; p += stride) {
    const word = load<u64>(p);
    if (word == 0) continue;
    const y = fraction(hashWord(word, 0), base, mult);
    const home = lineOf((y << depth) >> 31 ? high : low, y << newDepth, lines);
    let q = home;
    while (load<u64>(q) != 0) q += stride;
    if (q - home >= far) return false;
    v128.store(q, v128.load(p));
    if (stride == 32) v128.store(q, v128.load(p, 16), 16);
  }
  return true;
}

/** Doubles the directory. */
function widen(t: usize): bool {
  const log = load<u32>(t, T_LOG);
  const old = load<u32>(t, T_SLOTS) as usize;
  const directory = alloc(16 << log);
  if (directory == 0) return false;
  for (let i: u32 = 0; i < ((1 as u32) << log); i++) {
    const entry = load<u64>(old + ((i as usize) << 3));
    store<u64>(directory + ((i as usize) << 4), entry);
    store<u64>(directory + ((i as usize) << 4), entry, 8);
  }
  free(old, 8 << log);
  store<u32>(t, directory as u32, T_SLOTS);
  store<u32>(t, log + 1, T_LOG);
  store<u32>(t, load<u32>(t, T_BYTES) + (8 << log), T_BYTES);
  return true;
}

/** Splits the segment of hash fraction `y`, or makes it larger. Tells where it was at T_MOVED, and counts at T_MOVES. false = out of memory. */
function makeRoom(t: usize, y: u32): bool {
  const log = load<u32>(t, T_LOG);
  const at = ((y as u64) >> (32 - log)) as u32;
  const old = load<u32>((load<u32>(t, T_SLOTS) as usize) + ((at as usize) << 3)) as usize;
  const depth = load<u32>(old, SEG_DEPTH);
  let bytes = load<u32>(old, SEG_BYTES);
  let done = false;
  if (bytes >= SEG_BYTES_FULL && (depth < log || (log < 24 && ((1 as u32) << log) <= SPARSE_MAX * load<u32>(t, T_SEGMENTS)))) {
    if (depth == log && !widen(t)) return false;
    const low = newSegment(t, bytes, depth + 1);
    const high = low == 0 ? (0 as usize) : newSegment(t, bytes, depth + 1);
    if (high == 0) return false; // the slot ends: `low` need not be given back
    done = distribute(t, old, depth, low, high);
    if (done) {
      const span: u32 = (1 as u32) << (load<u32>(t, T_LOG) - depth);
      const first = (((y as u64) >> (32 - load<u32>(t, T_LOG))) as u32) & ~(span - 1);
      enter(load<u32>(t, T_SLOTS) as usize, first, span >> 1, low);
      enter(load<u32>(t, T_SLOTS) as usize, first + (span >> 1), span >> 1, high);
      store<u32>(t, load<u32>(t, T_SEGMENTS) + 1, T_SEGMENTS);
    } else {
      freeSegment(t, low);
      freeSegment(t, high);
    }
  }
  while (!done) {
    bytes <<= 1;
    const larger = newSegment(t, bytes, depth);
    if (larger == 0) return false;
    done = distribute(t, old, depth, larger, larger);
    if (done) {
      const span: u32 = (1 as u32) << (load<u32>(t, T_LOG) - depth);
      enter(load<u32>(t, T_SLOTS) as usize, (((y as u64) >> (32 - load<u32>(t, T_LOG))) as u32) & ~(span - 1), span, larger);
    } else freeSegment(t, larger);
  }
  store<u32>(t, old as u32, T_MOVED);
  store<u32>(t, load<u32>(old, SEG_BYTES), T_MOVED_BYTES);
  store<u32>(t, load<u32>(t, T_MOVES) + 1, T_MOVES);
  freeSegment(t, old);
  return true;
}

/** The slot of key `word` (not 0), made when there is none. 0 = out of memory. */
export function slotFor(t: usize, hash: u32, word: u64): usize {
  const stride = strideOf(t);
  const y = fraction(hash, load<u32>(t, T_BASE), load<u64>(t, T_MULT));
  while (true) {
    const shift: u64 = 32 - load<u32>(t, T_LOG);
    const entry = load<u64>((load<u32>(t, T_SLOTS) as usize) + ((((y as u64) >> shift) << 3) as usize));
    const lines = (entry >> 40) as u32;
    const home = lineOf(entry as u32 as usize, y << (((entry >> 32) & 31) as u32), lines);
    let p = home;
    let key = load<u64>(p);
    while (key != word && key != 0) {
      p += stride;
      key = load<u64>(p);
    }
    if (key == word) return p;
    if (p - home < (reach(lines) + 1) * LINE) {
      store<u32>(t, load<u32>(t, T_COUNT) + 1, T_COUNT);
      store<u64>(p, word);
      return p;
    }
    if (!makeRoom(t, y)) return 0;
  }
}

/** The row of key 0 or of NULL. */
export function sideRow(t: usize, which: u32): usize {
  const seen = load<u32>(t, T_SIDE_SEEN);
  if ((seen & which) == 0) {
    store<u32>(t, seen | which, T_SIDE_SEEN);
    store<u32>(t, load<u32>(t, T_COUNT) + 1, T_COUNT);
  }
  const side = load<u32>(t, T_SIDE) as usize;
  return which == SIDE_ZERO ? side : side + 20 + load<u32>(t, T_ACC);
}

// @ts-ignore: decorator
@inline
export function isNullRow(row: usize): bool { return (row & 4) != 0; }
