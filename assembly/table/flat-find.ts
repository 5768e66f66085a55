// Finding the rows of a batch in a flat table, in rounds: the lines of many keys are fetched together, then looked at.
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64 } from "../abi";
import { wordAt } from "../hash";
import { FETCH_ROWS, LINE, SIDE_NULL, SIDE_ZERO, fraction, homeOf, sideBytes, sideRow, slotFor, strideOf } from "./flat";
import { touchAll } from "./touch";
import {
  ROW_HASH, ROW_META, ROW_WORD, T_ACC, T_BASE, T_COUNT, T_FAILED, T_LINES, T_LOG, T_MOVED, T_MOVED_BYTES, T_MOVES, T_MULT, T_SIDE, T_SLOTS, T_TOUCHED,
} from "./table";

// @ts-ignore: decorator
@inline
function isPresent(validity: usize, row: u32): bool {
  return ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0;
}

/** Rows [0, m) of `out` after a move: those in the segment that moved are found again; 0 stays. */
function follow<T>(t: usize, values: usize, sel: usize, hashes: usize, out: usize, m: u32, moves: u32): void {
  const from = load<u32>(t, T_MOVED);
  const bytes = load<u32>(t, T_MOVED_BYTES);
  const all = load<u32>(t, T_MOVES) - moves > 1;
  const side = load<u32>(t, T_SIDE);
  const sides = sideBytes(load<u32>(t, T_ACC));
  for (let i: u32 = 0; i < m; i++) {
    const at = out + ((i as usize) << 2);
    const row = load<u32>(at);
    if (row == 0 || (all ? row - side < sides : row - from >= bytes)) continue;
    store<u32>(at, (slotFor(t, load<u32>(hashes + ((i as usize) << 2)), wordAt<T>(values, load<u32>(sel + ((i as usize) << 2)))) - 8) as u32);
  }
}

/** The slot of `word` in the line at `p`, or 0. */
// @ts-ignore: decorator
@inline
function inLine(p: usize, word: u64, wide: bool): usize {
  const a: usize = load<u64>(p) == word ? 1 : 0;
  const b: usize = load<u64>(p, 32) == word ? 1 : 0;
  if (wide) return a | b ? p + (b << 5) : 0;
  const c: usize = load<u64>(p, 16) == word ? 1 : 0;
  const d: usize = load<u64>(p, 48) == word ? 1 : 0;
  return a | b | c | d ? p + ((b | d) << 5) + ((c | d) << 4) : 0;
}

/** The first empty slot in the line at `p`, whose last is empty. */
// @ts-ignore: decorator
@inline
function firstEmpty(p: usize, wide: bool): usize {
  const a: usize = load<u64>(p) != 0 ? 1 : 0;
  if (wide) return p + (a << 5);
  const b: usize = load<u64>(p, 16) != 0 ? 1 : 0;
  const c: usize = load<u64>(p, 32) != 0 ? 1 : 0;
  return p + ((a + b + c) << 4);
}

function findOf<T>(t: usize, values: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize): bool {
  const base = load<u32>(t, T_BASE);
  const mult = load<u64>(t, T_MULT);
  const stride = strideOf(t);
  const last: usize = (LINE - stride) as usize;
  const lines = load<u32>(t, T_LINES) as usize;
  const left = lines + FETCH_ROWS * 4; // numbers of rows not found at once
  for (let from: u32 = 0; from < n; from += FETCH_ROWS) {
    const m = min<u32>(n - from, FETCH_ROWS);
    const directory = load<u32>(t, T_SLOTS) as usize;
    const shift: u64 = 32 - load<u32>(t, T_LOG);
    const hash = hashes + ((from as usize) << 2);
    for (let i: usize = 0; i < (m as usize); i++) {
      store<u32>(lines + (i << 2), homeOf(directory, shift, fraction(load<u32>(hash + (i << 2)), base, mult)) as u32);
    }
    let touched = touchAll(lines, m);
    // most keys are in their first line; the others are left for a second round, once the lines behind are there too
    let k: usize = 0;
    for (let i = from; i < from + m; i++) {
      const r = load<u32>(sel + ((i as usize) << 2));
      const word = wordAt<T>(values, r);
      const line = load<u32>(lines + (((i - from) as usize) << 2)) as usize;
      let p: usize;
      if (validity != 0 && !isPresent(validity, r)) p = sideRow(t, SIDE_NULL) + 8;
      else if (word == 0) p = sideRow(t, SIDE_ZERO) + 8;
      else p = inLine(line, word, stride == 32);
      store<u32>(out + ((i as usize) << 2), select<u32>((p - 8) as u32, 0, p != 0));
      store<u32>(left + k, i);
      store<u32>(lines + k, select<u32>((line + LINE) as u32, line as u32, load<u64>(line + last) != 0));
      k += select<usize>(0, 4, p != 0);
    }
    if (k != 0) touched += findRest<T>(t, values, sel, hashes, out, from + m, k);
    store<u64>(t, touched, T_TOUCHED);
    if (load<u32>(t, T_FAILED) != 0) return false;
  }
  return true;
}

/**
 * Further rounds of a find, for the `k` / 4 rows that are not in the line looked at: a line further on in every round. Rows [0, m) of `out` are known,
 * or 0. New keys are made. Returns what was touched; out of memory is told at T_FAILED.
 */
function findRest<T>(t: usize, values: usize, sel: usize, hashes: usize, out: usize, m: u32, k: usize): u64 {
  const wide = strideOf(t) == 32;
  const last: usize = wide ? 32 : 48;
  const lines = load<u32>(t, T_LINES) as usize;
  const left = lines + FETCH_ROWS * 4;
  let touched: u64 = 0;
  let moved = false;
  for (let round = 1; k != 0; round++) {
    touched += touchAll(lines, (k >> 2) as u32);
    let more: usize = 0;
    for (let j: usize = 0; j < k; j += 4) {
      const i = load<u32>(left + j);
      const word = wordAt<T>(values, load<u32>(sel + ((i as usize) << 2)));
      const line = load<u32>(lines + j) as usize;
      let p: usize = moved ? 0 : inLine(line, word, wide);
      if (p == 0) {
        const full = load<u64>(line + last) != 0;
        if (!moved && full) {
          store<u32>(left + more, i);
          store<u32>(lines + more, (line + LINE) as u32);
          more += 4;
          continue;
        }
        if (!moved && round == 1) {
          // new: its first line has room, or that one is full and the next has
          p = firstEmpty(line, wide);
          store<u64>(p, word);
          store<u32>(t, load<u32>(t, T_COUNT) + 1, T_COUNT);
        } else {
          const moves = load<u32>(t, T_MOVES);
          p = slotFor(t, load<u32>(hashes + ((i as usize) << 2)), word);
          if (p == 0) {
            store<u32>(t, 1, T_FAILED);
            return touched;
          }
          if (load<u32>(t, T_MOVES) != moves) {
            follow<T>(t, values, sel, hashes, out, m, moves);
            moved = true; // the lines to look at are others now
          }
        }
      }
      store<u32>(out + ((i as usize) << 2), (p - 8) as u32);
    }
    k = more;
  }
  return touched;
}

/** Group rows of the selected rows by one key column of at most 8 bytes (T_* code `type`); they hold until the next find. false = out of memory. */
export function flatFind(t: usize, type: u32, values: usize, validity: usize, sel: usize, n: u32, hashes: usize, out: usize): bool {
  switch (type) {
    case T_BOOL: return findOf<u8>(t, values, validity, sel, n, hashes, out);
    case T_I8: return findOf<i8>(t, values, validity, sel, n, hashes, out);
    case T_I16: return findOf<i16>(t, values, validity, sel, n, hashes, out);
    case T_I32: return findOf<i32>(t, values, validity, sel, n, hashes, out);
    case T_I64: return findOf<i64>(t, values, validity, sel, n, hashes, out);
    case T_F32: return findOf<f32>(t, values, validity, sel, n, hashes, out);
    case T_F64: return findOf<f64>(t, values, validity, sel, n, hashes, out);
    default: return false;
  }
}

/** The rows for the keys of `n` rows of a WORD table, or packed ones. false = out of memory. */
export function flatFindRows(t: usize, rows: usize, n: u32, out: usize): bool {
  // the first pass makes them, so that none moves in the second
  for (let pass = 0; pass < 2; pass++) {
    for (let i: u32 = 0; i < n; i++) {
      const src = load<u32>(rows + ((i as usize) << 2)) as usize;
      const word = load<u64>(src, ROW_WORD);
      let row: usize;
      if (load<u32>(src, ROW_META) != 0) row = sideRow(t, SIDE_NULL);
      else if (word == 0) row = sideRow(t, SIDE_ZERO);
      else {
        row = slotFor(t, load<u32>(src, ROW_HASH), word);
        if (row == 0) return false;
        row -= 8;
      }
      store<u32>(out + ((i as usize) << 2), row as u32);
    }
  }
  return true;
}
