// Vectorised find-or-insert: one call takes the selected rows of a batch with their hashes and fills a u32 vector with the pointers
// of their group rows. The loop has no dependence from row to row, so that cache misses of many rows overlap.
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64 } from "../abi";
import { copyShort } from "../bytes";
import { wordAt } from "../hash";
import { touchAll, touchBehind } from "./touch";
import { NULL_LENGTH, ROW_META, ROW_WORD, T_ACC, T_BASE, T_BYTES, T_KIND, T_LOG, T_MULT, T_SLOTS, T_TOUCHED, TABLE_WORD, slotOf, tableCarve, tableInsert, tableReserve, tableRoom } from "./table";

// @ts-ignore: decorator
@inline
function isPresent(validity: usize, row: u32): bool {
  return ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0;
}

/** The row of a word key, or 0. `header` is hash | meta << 32. */
// @ts-ignore: decorator
@inline
export function lookWord(slots: usize, mask: u32, at: u32, hash: u32, header: u64, word: u64): usize {
  while (true) {
    const slot = load<u64>(slots + ((at as usize) << 3));
    if (slot == 0) return 0;
    const row = (slot >> 32) as usize;
    if ((slot as u32) == hash && load<u64>(row) == header && load<u64>(row, ROW_WORD) == word) return row;
    at = (at + 1) & mask;
  }
}

/** Do `len` bytes agree? Compares 16 at a time; reads past the ends, within the memory. */
// @ts-ignore: decorator
@inline
export function sameBytes(a: usize, b: usize, len: u32): bool {
  let left = len;
  while (left >= 16) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
    left -= 16;
  }
  if (left > 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    left -= 8;
  }
  return left == 0 || (load<u64>(a) ^ load<u64>(b)) << ((8 - left as u64) << 3) == 0;
}

/** The row of a byte key, or 0. `header` is hash | length << 32; `owner` is compared when `owned`. */
// @ts-ignore: decorator
@inline
export function lookBytes(slots: usize, mask: u32, at: u32, hash: u32, header: u64, p: usize, len: u32, keyOffset: usize, owned: bool, owner: u32): usize {
  while (true) {
    const slot = load<u64>(slots + ((at as usize) << 3));
    if (slot == 0) return 0;
    const row = (slot >> 32) as usize;
    if ((slot as u32) == hash && load<u64>(row) == header && (!owned || load<u32>(row, 8) == owner) && sameBytes(row + keyOffset, p, len)) return row;
    at = (at + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function findWordsOf<T>(t: usize, values: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize, ahead: bool): bool {
  let slots = load<u32>(t, T_SLOTS) as usize;
  let mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  let mult = load<u64>(t, T_MULT);
  const base = load<u32>(t, T_BASE);
  const bytes: u32 = 16 + load<u32>(t, T_ACC);
  let left: u32 = tableRoom(t, bytes);
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    const hash = load<u32>(hashes + ((i as usize) << 2));
    let word = wordAt<T>(values, r);
    let header = hash as u64;
    if (validity != 0 && !isPresent(validity, r)) {
      word = 0;
      header |= (1 as u64) << 32;
    }
    if (ahead) {
      const likely = load<u32>(out + ((i as usize) << 2)) as usize;
      if (load<u64>(likely) == header && load<u64>(likely, ROW_WORD) == word && likely != 0) continue;
    }
    let at = slotOf(hash, base, mult, mask);
    let row: usize = 0;
    while (true) {
      const slot = load<u64>(slots + ((at as usize) << 3));
      if (slot == 0) {
        if (left == 0) {
          if (!tableReserve(t, bytes)) return false;
          left = tableRoom(t, bytes);
          slots = load<u32>(t, T_SLOTS) as usize;
          mask = (1 << load<u32>(t, T_LOG)) - 1;
          mult = load<u64>(t, T_MULT);
          at = slotOf(hash, base, mult, mask); // the slots may be others now
          continue;
        }
        left--;
        row = tableCarve(t, bytes);
        store<u64>(row, header);
        store<u64>(row, word, ROW_WORD);
        for (let p = row + 16, end = row + bytes; p < end; p += 8) store<u64>(p, 0);
        store<u64>(slots + ((at as usize) << 3), (hash as u64) | ((row as u64) << 32));
        break;
      }
      row = (slot >> 32) as usize;
      if ((slot as u32) == hash && load<u64>(row) == header && load<u64>(row, ROW_WORD) == word) break;
      at = (at + 1) & mask;
    }
    store<u32>(out + ((i as usize) << 2), row as u32);
  }
  return true;
}

/** Tables above this many bytes are out of the inner caches: their lines are fetched ahead. */
export const FETCH_AHEAD_BYTES: u32 = 1 << 20;
/** Rows fetched ahead at a time: their lines stay in the L1 cache and their pages in the TLB until the find comes. */
export const FETCH_ROWS: u32 = 256;
/** Rows of byte keys of some length go on in the line behind their first. */
const ROW_REST: usize = 56;

/**
 * The rows that have the hashes, most likely those of the keys: at `out`, 0 where there is none. Fetches all slots together, then all rows, so that
 * the find that follows has them in cache.
 */
export function candidates(t: usize, n: u32, hashes: usize, out: usize): void {
  const slots = load<u32>(t, T_SLOTS) as usize;
  const mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  const mult = load<u64>(t, T_MULT);
  const base = load<u32>(t, T_BASE);
  for (let i: usize = 0; i < (n as usize); i++) {
    store<u32>(out + (i << 2), (slots + ((slotOf(load<u32>(hashes + (i << 2)), base, mult, mask) as usize) << 3)) as u32);
  }
  let touched = touchAll(out, n);
  const last = slots + ((mask as usize) << 3);
  for (let i: usize = 0; i < (n as usize); i++) {
    const hash = load<u32>(hashes + (i << 2));
    let at = load<u32>(out + (i << 2)) as usize;
    let slot = load<u64>(at);
    while ((slot as u32) != hash && slot != 0) {
      at = at == last ? slots : at + 8;
      slot = load<u64>(at);
    }
    store<u32>(out + (i << 2), (slot >> 32) as u32);
  }
  touched += touchAll(out, n);
  if (load<u32>(t, T_KIND) != TABLE_WORD) touched += touchBehind(out, n, ROW_REST);
  store<u64>(t, touched, T_TOUCHED);
}

/** Group rows of the selected rows by one key column of at most 8 bytes (T_* code `type`). false = out of memory. */
export function tableFindWords(t: usize, type: u32, values: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize): bool {
  while (n > 0) {
    let m = n;
    const ahead = load<u32>(t, T_BYTES) >= FETCH_AHEAD_BYTES;
    if (ahead) {
      m = min<u32>(n, FETCH_ROWS);
      candidates(t, m, hashes, out);
    }
    if (!findWords(t, type, values, validity, sel, m, hashes, out, ahead)) return false;
    n -= m;
    sel += (m as usize) << 2;
    hashes += (m as usize) << 2;
    out += (m as usize) << 2;
  }
  return true;
}

function findWords(t: usize, type: u32, values: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize, ahead: bool): bool {
  switch (type) {
    case T_BOOL: return findWordsOf<u8>(t, values, validity, sel, n, hashes, out, ahead);
    case T_I8: return findWordsOf<i8>(t, values, validity, sel, n, hashes, out, ahead);
    case T_I16: return findWordsOf<i16>(t, values, validity, sel, n, hashes, out, ahead);
    case T_I32: return findWordsOf<i32>(t, values, validity, sel, n, hashes, out, ahead);
    case T_I64: return findWordsOf<i64>(t, values, validity, sel, n, hashes, out, ahead);
    case T_F32: return findWordsOf<f32>(t, values, validity, sel, n, hashes, out, ahead);
    case T_F64: return findWordsOf<f64>(t, values, validity, sel, n, hashes, out, ahead);
    default: return false;
  }
}

/**
 * Group rows by byte keys. `refs` are {u32 pointer, u32 length} pairs by row number (sel != 0) or by position (sel == 0);
 * `validity` bits go with `sel`. The bytes are copied only when a key is new. false = out of memory.
 */
export function tableFindBytes(t: usize, refs: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize): bool {
  while (n > 0) {
    let m = n;
    const ahead = load<u32>(t, T_BYTES) >= FETCH_AHEAD_BYTES;
    if (ahead) {
      m = min<u32>(n, FETCH_ROWS);
      candidates(t, m, hashes, out);
    }
    if (!findBytes(t, refs, validity, sel, m, hashes, out, ahead)) return false;
    n -= m;
    if (sel == 0) refs += (m as usize) << 3;
    else sel += (m as usize) << 2;
    hashes += (m as usize) << 2;
    out += (m as usize) << 2;
  }
  return true;
}

function findBytes(t: usize, refs: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize, ahead: bool): bool {
  let slots = load<u32>(t, T_SLOTS) as usize;
  let mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  let mult = load<u64>(t, T_MULT);
  const base = load<u32>(t, T_BASE);
  const keyOffset: usize = 8 + load<u32>(t, T_ACC);
  for (let i: u32 = 0; i < n; i++) {
    const r = sel == 0 ? i : load<u32>(sel + ((i as usize) << 2));
    const hash = load<u32>(hashes + ((i as usize) << 2));
    let p: usize = 0;
    let len: u32 = 0;
    let meta = NULL_LENGTH;
    if (validity == 0 || isPresent(validity, r)) {
      p = load<u32>(refs + ((r as usize) << 3)) as usize;
      len = load<u32>(refs + ((r as usize) << 3), 4);
      meta = len;
    }
    const header = (hash as u64) | ((meta as u64) << 32);
    if (ahead) {
      const likely = load<u32>(out + ((i as usize) << 2)) as usize;
      if (load<u64>(likely) == header && likely != 0 && sameBytes(likely + keyOffset, p, len)) continue;
    }
    let row = lookBytes(slots, mask, slotOf(hash, base, mult, mask), hash, header, p, len, keyOffset, false, 0);
    if (row == 0) {
      row = tableInsert(t, hash, meta, len);
      if (row == 0) return false;
      copyShort(row + keyOffset, p, len);
      slots = load<u32>(t, T_SLOTS) as usize;
      mask = (1 << load<u32>(t, T_LOG)) - 1;
      mult = load<u64>(t, T_MULT);
    }
    store<u32>(out + ((i as usize) << 2), row as u32);
  }
  return true;
}

/** The rows of `dst` for the keys of rows of another table of the same kind: rows[n] -> out[n]. false = out of memory. */
export function tableFindRows(dst: usize, srcAcc: u32, rows: usize, n: u32, out: usize): bool {
  const words = load<u32>(dst, T_KIND) == TABLE_WORD;
  const base = load<u32>(dst, T_BASE);
  const keyOffset: usize = 8 + load<u32>(dst, T_ACC);
  const srcKey: usize = 8 + srcAcc;
  for (let i: u32 = 0; i < n; i++) {
    const src = load<u32>(rows + ((i as usize) << 2)) as usize;
    const header = load<u64>(src);
    const hash = header as u32;
    const meta = load<u32>(src, ROW_META);
    const slots = load<u32>(dst, T_SLOTS) as usize;
    const mask: u32 = (1 << load<u32>(dst, T_LOG)) - 1;
    const at = slotOf(hash, base, load<u64>(dst, T_MULT), mask);
    let row: usize;
    if (words) {
      const word = load<u64>(src, ROW_WORD);
      row = lookWord(slots, mask, at, hash, header, word);
      if (row == 0) {
        row = tableInsert(dst, hash, meta, 8);
        if (row == 0) return false;
        store<u64>(row, word, ROW_WORD);
      }
    } else {
      const len = meta & ~NULL_LENGTH;
      row = lookBytes(slots, mask, at, hash, header, src + srcKey, len, keyOffset, false, 0);
      if (row == 0) {
        row = tableInsert(dst, hash, meta, len);
        if (row == 0) return false;
        copyShort(row + keyOffset, src + srcKey, len);
      }
    }
    store<u32>(out + ((i as usize) << 2), row as u32);
  }
  return true;
}
