// DISTINCT: a table of (group row, value) beside the group table. A call keeps only the pairs that are new and lets the plain
// accumulate kernels do the rest. Group rows never move, so their pointers are part of the key.
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128 } from "../abi";
import { copyShort } from "../bytes";
import { hashBytes, hashWord, wordAt } from "../hash";
import { candidates, FETCH_AHEAD_BYTES, FETCH_ROWS, lookBytes, lookWord } from "../table/find";
import { putWord } from "../table/key";
import { ROW_META, ROW_WORD, T_BYTES, T_LOG, T_MULT, T_SLOTS, slotOf, tableInsert } from "../table/table";

const OWNER_SEED: u64 = 0x9e3779b97f4a7c15;
/** Key bytes of a BYTES distinct row stand after the header and the owner. */
const VALUE_OFFSET: usize = 16;

// Scratch, not state: nothing in it outlives a call. u32 for each of FETCH_ROWS rows.
const HASHES = memory.data(1024, 16);
const FOUND = memory.data(1024, 16);

// @ts-ignore: decorator
@inline
function hashOfWord(word: u64, owner: u32): u32 { return hashWord(word, (owner as u64) * OWNER_SEED); }

// @ts-ignore: decorator
@inline
function hashOfBytes(p: usize, len: u32, owner: u32): u32 { return hashBytes(p, len, (owner as u64) * OWNER_SEED); }

function wordOf(type: u32, values: usize, row: u32): u64 {
  switch (type) {
    case T_BOOL: return wordAt<u8>(values, row);
    case T_I8: return wordAt<i8>(values, row);
    case T_I16: return wordAt<i16>(values, row);
    case T_I32: return wordAt<i32>(values, row);
    case T_F32: return wordAt<f32>(values, row);
    case T_F64: return wordAt<f64>(values, row);
    default: return wordAt<i64>(values, row);
  }
}

/** Hash of a value with its group: of a word of at most 8 bytes, else of an I128 or a STRING ({pointer, length} by row). */
function hashOfPair(words: bool, type: u32, group: u32, values: usize, row: u32): u32 {
  if (words) return hashOfWord(wordOf(type, values, row), group);
  if (type == T_I128) return hashOfBytes(values + ((row as usize) << 4), 16, group);
  const ref = values + ((row as usize) << 3);
  return hashOfBytes(load<u32>(ref) as usize, load<u32>(ref, 4), group);
}

/**
 * Fetches what the pairs of at most FETCH_ROWS rows are compared with, when the table is out of the inner caches. `validity`: bits of the column by row
 * number, 0 = no NULLs.
 */
export function distinctAhead(t: usize, words: bool, type: u32, groups: usize, sel: usize, n: u32, values: usize, validity: usize): void {
  if (load<u32>(t, T_BYTES) < FETCH_AHEAD_BYTES) return;
  for (let i: usize = 0; i < (n as usize); i++) {
    const r = load<u32>(sel + (i << 2));
    const present = validity == 0 || ((load<u8>(validity + (r >> 3)) >> ((r & 7) as u8)) & 1) != 0;
    store<u32>(HASHES + (i << 2), present ? hashOfPair(words, type, load<u32>(groups + (i << 2)), values, r) : 0);
  }
  candidates(t, n, HASHES, FOUND);
}

function addWord(t: usize, owner: u32, word: u64): i32 {
  const hash = hashOfWord(word, owner);
  const mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  const at = slotOf(hash, 0, load<u64>(t, T_MULT), mask);
  if (lookWord(load<u32>(t, T_SLOTS) as usize, mask, at, hash, (hash as u64) | ((owner as u64) << 32), word) != 0) return 0;
  const row = tableInsert(t, hash, owner, 8);
  if (row == 0) return -1;
  store<u64>(row, word, ROW_WORD);
  return 1;
}

function addBytes(t: usize, owner: u32, p: usize, len: u32): i32 {
  const hash = hashOfBytes(p, len, owner);
  const mask: u32 = (1 << load<u32>(t, T_LOG)) - 1;
  const at = slotOf(hash, 0, load<u64>(t, T_MULT), mask);
  if (lookBytes(load<u32>(t, T_SLOTS) as usize, mask, at, hash, (hash as u64) | ((len as u64) << 32), p, len, VALUE_OFFSET, true, owner) != 0) return 0;
  const row = tableInsert(t, hash, len, len);
  if (row == 0) return -1;
  store<u32>(row, owner, 8);
  copyShort(row + VALUE_OFFSET, p, len);
  return 1;
}

/** Adds the pair of a group and the value of a row: 1, 0 when it was there, -1 = out of memory. */
export function distinctAdd(t: usize, words: bool, type: u32, group: u32, values: usize, row: u32): i32 {
  if (words) return addWord(t, group, wordOf(type, values, row));
  if (type == T_I128) return addBytes(t, group, values + ((row as usize) << 4), 16);
  const ref = values + ((row as usize) << 3);
  return addBytes(t, group, load<u32>(ref) as usize, load<u32>(ref, 4));
}

/** Keeps the pairs whose value (`words`: of at most 8 bytes) is new to its group; returns their number, -1 = out of memory. */
export function distinctKeep(t: usize, words: bool, type: u32, groups: usize, sel: usize, n: u32, values: usize, outGroups: usize, outSel: usize): i32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const o = (i as usize) << 2;
    if (i % FETCH_ROWS == 0) distinctAhead(t, words, type, groups + o, sel + o, min<u32>(n - i, FETCH_ROWS), values, 0);
    const g = load<u32>(groups + o);
    const r = load<u32>(sel + o);
    const added = distinctAdd(t, words, type, g, values, r);
    if (added < 0) return -1;
    store<u32>(outGroups + ((m as usize) << 2), g);
    store<u32>(outSel + ((m as usize) << 2), r);
    m += added;
  }
  return m;
}

/**
 * Merges entries rows[0..n) of another distinct table into `t`: the group of an entry is the u32 at offset `link` of its old group row.
 * (0 = leave the entry out). New values are written as a column (rows 0..m-1 of outValues, outSel = 0..m-1) with their groups; returns m, -1 = out of memory.
 */
export function distinctMerge(t: usize, words: bool, type: u32, rows: usize, n: u32, link: u32, outGroups: usize, outSel: usize, outValues: usize): i32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + ((i as usize) << 2)) as usize;
    const old: usize = words ? load<u32>(row, ROW_META) : load<u32>(row, 8);
    const g = load<u32>(old + link);
    if (g == 0) continue; // not among the rows that are merged
    let added: i32;
    if (words) {
      added = addWord(t, g, load<u64>(row, ROW_WORD));
      putWord(type, outValues, m, load<u64>(row, ROW_WORD));
    } else {
      const len = load<u32>(row, ROW_META);
      added = addBytes(t, g, row + VALUE_OFFSET, len);
      if (type == T_I128) {
        store<u64>(outValues + ((m as usize) << 4), load<u64>(row, VALUE_OFFSET));
        store<u64>(outValues + ((m as usize) << 4), load<u64>(row, VALUE_OFFSET + 8), 8);
      } else {
        store<u32>(outValues + ((m as usize) << 3), (row + VALUE_OFFSET) as u32);
        store<u32>(outValues + ((m as usize) << 3), len, 4);
      }
    }
    if (added < 0) return -1;
    store<u32>(outGroups + ((m as usize) << 2), g);
    store<u32>(outSel + ((m as usize) << 2), m);
    m += added;
  }
  return m;
}

/** Stores dst[i] at offset `link` of rows[i]; dst 0 clears the links. */
export function linkRows(rows: usize, dst: usize, n: u32, link: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>((load<u32>(rows + ((i as usize) << 2)) as usize) + link, dst == 0 ? 0 : load<u32>(dst + ((i as usize) << 2)));
}
