// Group state to bytes and back. Packed rows are the rows of a table as they stand, with pointers turned into offsets from the start of
// the section (docs/formats/window-state.md), so that a copy of the bytes in memory is again a list of rows to merge from.
import { copyShort } from "./bytes";
import { NULL_LENGTH, ROW_META, T_COUNT, T_KIND, T_LOG, T_SLOTS, TABLE_WORD } from "./table/table";

const SES_END: usize = 8;
const SES_NEXT: usize = 16;
const SES_KEY: usize = 20;
/** A session's accumulators start here; in a packed row they follow its start and end. */
const SES_HEADER: u32 = 24;

// @ts-ignore: decorator
@inline
function at(vector: usize, i: u32): usize { return load<u32>(vector + ((i as usize) << 2)) as usize; }

// @ts-ignore: decorator
@inline
function groupOf(hash: u32, groups: u32): u32 { return (((hash as u64) * (groups as u64)) >> 32) as u32; }

// @ts-ignore: decorator
@inline
function padded(n: u32): u32 { return (n + 7) & ~7; }

/** From counts per group to where each group starts: u32 starts[groups + 1]. */
function toStarts(starts: usize, groups: u32): void {
  let sum: u32 = 0;
  for (let g: u32 = 0; g <= groups; g++) {
    const n = at(starts, g) as u32;
    store<u32>(starts + ((g as usize) << 2), sum);
    sum += n;
  }
}

// After the scatter every start has moved to the next group's start: shift them back.
function shiftBack(starts: usize, groups: u32): void {
  for (let g: u32 = groups; g > 0; g--) store<u32>(starts + ((g as usize) << 2), at(starts, g - 1) as u32);
  store<u32>(starts, 0);
}

/** Rows of a table in order of key group: pointers at `out` (room for all rows), u32 starts[groups + 1]. Reads the slots only. */
export function tableByGroup(t: usize, groups: u32, starts: usize, out: usize): void {
  memory.fill(starts, 0, ((groups as usize) + 1) << 2);
  if (load<u32>(t, T_COUNT) == 0) return;
  const slots = load<u32>(t, T_SLOTS) as usize;
  const n: u32 = 1 << load<u32>(t, T_LOG);
  for (let i: u32 = 0; i < n; i++) {
    const slot = load<u64>(slots + ((i as usize) << 3));
    if (slot == 0) continue;
    const c = starts + ((groupOf(slot as u32, groups) as usize) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
  toStarts(starts, groups);
  for (let i: u32 = 0; i < n; i++) {
    const slot = load<u64>(slots + ((i as usize) << 3));
    if (slot == 0) continue;
    const c = starts + ((groupOf(slot as u32, groups) as usize) << 2);
    store<u32>(out + ((load<u32>(c) as usize) << 2), (slot >> 32) as u32);
    store<u32>(c, load<u32>(c) + 1);
  }
  shiftBack(starts, groups);
}

/** Entries of a distinct table in order of their owners' key group. Owners are group rows, or sessions (`sessions`), whose dead are left out. */
export function distinctByGroup(t: usize, sessions: bool, groups: u32, starts: usize, out: usize): void {
  memory.fill(starts, 0, ((groups as usize) + 1) << 2);
  if (load<u32>(t, T_COUNT) == 0) return;
  const words = load<u32>(t, T_KIND) == TABLE_WORD;
  const slots = load<u32>(t, T_SLOTS) as usize;
  const n: u32 = 1 << load<u32>(t, T_LOG);
  for (let pass = 0; pass < 2; pass++) {
    for (let i: u32 = 0; i < n; i++) {
      const slot = load<u64>(slots + ((i as usize) << 3));
      if (slot == 0) continue;
      const row = (slot >> 32) as usize;
      const owner: usize = words ? load<u32>(row, ROW_META) : load<u32>(row, 8);
      if (sessions && load<f64>(owner, SES_END) != load<f64>(owner, SES_END)) continue;
      const hash = load<u32>(sessions ? (load<u32>(owner, SES_KEY) as usize) : owner);
      const c = starts + ((groupOf(hash, groups) as usize) << 2);
      if (pass == 1) store<u32>(out + ((load<u32>(c) as usize) << 2), row as u32);
      store<u32>(c, load<u32>(c) + 1);
    }
    if (pass == 0) toStarts(starts, groups);
  }
  shiftBack(starts, groups);
}

/** Bytes of rows packed as they stand. `acc` = bytes of accumulators. */
export function packSize(rows: usize, n: u32, words: bool, acc: u32): f64 {
  if (words) return (n as f64) * ((16 + acc) as f64);
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) total += (8 + acc + padded(load<u32>(at(rows, i), ROW_META) & ~NULL_LENGTH)) as u64;
  return total as f64;
}

/** Copies rows to `out`; copies[i] = pointer of the copy. Returns the end. */
export function packRows(rows: usize, n: u32, words: bool, acc: u32, out: usize, copies: usize): usize {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    const bytes: u32 = words ? 16 + acc : 8 + acc + padded(load<u32>(row, ROW_META) & ~NULL_LENGTH);
    const last = out + bytes;
    store<u64>(last - 8, 0);
    copyShort(out, row, words ? bytes : (8 + acc + (load<u32>(row, ROW_META) & ~NULL_LENGTH)) as u32);
    store<u32>(copies + ((i as usize) << 2), out as u32);
    out = last;
  }
  return out;
}

/** Sessions of the given key rows: their number at `report`; returns their packed bytes. `acc` = bytes of a session's accumulators. */
export function packSessionsSize(keys: usize, n: u32, words: bool, acc: u32, head: u32, report: usize): f64 {
  let count: u32 = 0;
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const key = at(keys, i);
    const bytes: u32 = words ? 32 + acc : 24 + acc + padded(load<u32>(key, ROW_META) & ~NULL_LENGTH);
    for (let s = load<u32>(key + head) as usize; s != 0; s = load<u32>(s, SES_NEXT) as usize) {
      count++;
      total += bytes as u64;
    }
  }
  store<u32>(report, count);
  return total as f64;
}

/**
 * Packs sessions as table rows whose accumulators are f64 start, f64 end and the session's own. originals[i]: the session,
 * copies[i]: where a session with the packed accumulators would begin. The key's table has `keyAcc` bytes of accumulators.
 */
export function packSessions(keys: usize, n: u32, words: bool, acc: u32, keyAcc: u32, head: u32, out: usize, originals: usize, copies: usize): void {
  let k: usize = 0;
  const base: usize = words ? 16 : 8;
  for (let i: u32 = 0; i < n; i++) {
    const key = at(keys, i);
    const len: u32 = words ? 0 : load<u32>(key, ROW_META) & ~NULL_LENGTH;
    for (let s = load<u32>(key + head) as usize; s != 0; s = load<u32>(s, SES_NEXT) as usize) {
      memory.copy(out, key, base);
      memory.copy(out + base, s, 16);
      memory.copy(out + base + 16, s + SES_HEADER, acc);
      const last = out + base + 16 + acc + padded(len);
      if (!words) {
        store<u64>(last - 8, len == 0 ? load<u64>(last - 8) : 0);
        memory.copy(out + base + 16 + acc, key + 8 + keyAcc, len);
      }
      store<u32>(originals + k, s as u32);
      store<u32>(copies + k, (out + base + 16 - SES_HEADER) as u32);
      k += 4;
      out = last;
    }
  }
}

/** Bytes of the variable-length values of one accumulator, each rounded up to 8. */
export function blobSize(rows: usize, n: u32, acc: u32, flag: u32): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) if (load<u8>(at(rows, i) + flag) != 0) total += padded(load<u32>(at(rows, i) + acc, 4)) as u64;
  return total as f64;
}

/** Copies those values to `out` and turns the pointers in the copies into offsets from `base`. Returns the end. */
export function packBlobs(copies: usize, n: u32, acc: u32, flag: u32, base: usize, out: usize): usize {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(copies, i);
    if (load<u8>(row + flag) == 0) continue;
    const p = row + acc;
    const len = load<u32>(p, 4);
    if (len > 0) store<u64>(out + padded(len) - 8, 0);
    copyShort(out, load<u32>(p) as usize, len);
    store<u32>(p, (out - base) as u32);
    store<u32>(p, padded(len), 8);
    out += padded(len);
  }
  return out;
}

/** The other way: offsets into pointers, for bytes [base, end). false = an offset leaves them. */
export function unpackBlobs(rows: usize, n: u32, acc: u32, flag: u32, base: usize, end: usize): bool {
  for (let i: u32 = 0; i < n; i++) {
    const row = at(rows, i);
    if (load<u8>(row + flag) == 0) continue;
    const p = row + acc;
    if ((load<u32>(p) as u64) + (load<u32>(p, 4) as u64) > ((end - base) as u64)) return false;
    store<u32>(p, load<u32>(p) + (base as u32));
  }
  return true;
}

/** Sets links[i] = copies[i] - base at offset `link` of the original rows: how packed distinct entries name their owner. */
export function linkOffsets(originals: usize, copies: usize, n: u32, link: u32, base: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(at(originals, i) + link, (at(copies, i) - base) as u32);
}

/** Replaces the owners in packed distinct entries by their links (`base` 0), or offsets by pointers. false = an offset leaves [base, end). */
export function relinkDistinct(rows: usize, n: u32, words: bool, link: u32, base: usize, end: usize): bool {
  for (let i: u32 = 0; i < n; i++) {
    const p = at(rows, i) + (words ? 4 : 8);
    const owner = load<u32>(p) as usize;
    if (base == 0) {
      store<u32>(p, load<u32>(owner + link));
    } else {
      const row = owner + base;
      if (row + link < base || row + link + 4 > end) return false;
      store<u32>(p, row as u32);
    }
  }
  return true;
}

/** Pointers of `n` packed rows in [from, end) to `out`. Returns where they end, 0 when they do not fit. */
export function unpackRows(from: usize, end: usize, n: u32, words: bool, acc: u32, out: usize): usize {
  let p = from;
  for (let i: u32 = 0; i < n; i++) {
    if (p + 8 > end) return 0;
    const len: u32 = words ? 0 : load<u32>(p, ROW_META) & ~NULL_LENGTH;
    if (len > 0x7000_0000) return 0;
    const bytes: u32 = words ? 16 + acc : 8 + acc + padded(len);
    if ((p as u64) + (bytes as u64) > (end as u64)) return 0;
    store<u32>(out + ((i as usize) << 2), p as u32);
    p += bytes;
  }
  return p;
}
