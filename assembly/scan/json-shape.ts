// The shapes of records, learned: a graph whose nodes are the bytes between two values (`","ad_id":"`) and what kind of value follows.
// A node knows the nodes that came after it. A record is read by comparing the predicted bytes, 16 at a time, so that no key is looked up
// and, where strings keep their length, no position waits for the one before it. What no successor matches is read by the general scan, one
// field at a time, and learned; nothing is read twice. Every byte is still verified, and a field that does not come is simply not stored.
// A graph that has settled is emitted as code of its own (src/format/json-emit.ts), which comes back here (jsonFields, jsonString, jsonValue) for the rest.
import {
  E_MALFORMED, F_I32, F_I64, F_NULL, F_STR, G_NODES, NODE_CLOSE, NODE_END, NODE_OPEN, NODE_STRING, NODE_VALUE, N_HINT, N_HITS, N_KIND, N_LEAF,
  N_LENGTH, N_LONGEST, N_NEXT, N_OBJECT, N_SCORE, N_TABLE, N_TYPE, N_VARIED, R_ENDS_EARLY, R_EXPECTED_COLON, R_EXPECTED_COMMA, R_EXPECTED_KEY,
} from "../abi";
import { L_KIND, leafOf, refuse, setPresent, X_EMITTED_LEFT, X_FLAGS, X_ROOT, X_SHAPES, X_TEXT_LENGTH } from "./context";
import { S_TEXT, storeView } from "./convert";
import { G_FREE, HINT_MAX, laterSuccessor, learn, matches, SCORE_MAX, SCORE_MISS, SCORE_RETRY } from "./json-nodes";
import { freeFields, keepKey } from "./json-free";
import { plainValue, shortDigits } from "./json-number";
import { enterRow, findField, O_PARENT, readValue, SLOT_LEAF, SLOT_OBJECT, storeScalar } from "./json-read";
import { FLAG_ESCAPED, literalLength, scanLongString, scanString, skipSpace, skipValue, stringStopBytes, unescape } from "./json-text";

/** Are the `length` bytes at p plain (no quote, escape, control or non-ASCII byte) and followed by a quote? */
// @ts-ignore: decorator
@inline
function plainString(p: usize, length: i32): bool {
  if (length >= 16) {
    const last = p + (length as usize) - 16;
    let v = stringStopBytes(v128.load(last));
    for (let q = p; q < last; q += 16) v = v128.or(v, stringStopBytes(v128.load(q)));
    return !v128.any_true(v) && load<u8>(last, 16) == 0x22;
  }
  // the first stop is the quote itself
  return ctz<i32>(i8x16.bitmask(stringStopBytes(v128.load(p))) | 0x10000) == length && load<u8>(p + (length as usize)) == 0x22;
}

/** The string whose content begins at p: its closing quote, or 0 when it is refused. Not for a string with escapes unless `x` says so in X_FLAGS. */
// @ts-ignore: decorator
@inline
function stringEnd(x: usize, n: usize, p: usize, end: usize): usize {
  const hint = load<i32>(n, N_HINT);
  if (hint >= 0 && plainString(p, hint)) {
    store<u32>(x, 0, X_FLAGS);
    return p + (hint as usize);
  }
  const q = scanString(x, p, end);
  if (hint != -1 && q != 0) noteLength(n, q - p);
  return q;
}

/** The value of node `n` had another length than its hint says: that is the hint now, or it varies. */
function noteLength(n: usize, length: usize): void {
  const varied = load<u32>(n, N_VARIED);
  store<i32>(n, varied >= 8 || length > HINT_MAX ? -1 : length as i32, N_HINT);
  store<u32>(n, varied + 1, N_VARIED);
  if ((length as u32) > load<u32>(n, N_LONGEST)) store<u32>(n, length as u32, N_LONGEST);
}

/** Notes that the whole number of node `n` has `digits` digits, 0 = it was none. */
// @ts-ignore: decorator
@inline
function noteDigits(n: usize, digits: usize): void {
  if (n == 0) return;
  const hint = load<i32>(n, N_HINT);
  if (hint != (digits as i32) && hint != -1) noteLength(n, digits);
}

/** As readFields, for emitted code that met what it does not know. */
export function jsonFields(x: usize, n: usize, p: usize, tail: u32, end: usize, row: u32): usize {
  store<u32>(x, load<u32>(x, X_EMITTED_LEFT) + 1, X_EMITTED_LEFT);
  return readFields(x, n, p, tail as usize, end, row);
}

/** The string of node `n` whose content begins at p into the row, for emitted code: its closing quote, or 0 when it is refused. */
export function jsonString(x: usize, n: usize, p: usize, end: usize, row: u32): usize {
  const q = scanString(x, p, end);
  if (q == 0) return 0;
  const leaf = load<i32>(n, N_LEAF);
  return leaf >= 0 && storeString(x, leaf as u32, load<u32>(n, N_TYPE), row, p, q) == 0 ? 0 : q;
}

/** The checked text [p, q), without escapes, of a column that is no string into the row, for emitted code. Returns 0 when it is refused. */
export function jsonText(x: usize, leaf: u32, row: u32, p: usize, q: usize): usize {
  return storeScalar(x, leaf, row, p, q, S_TEXT, 1);
}

/** The value of node `n` at p into the row, for emitted code: the address after it, or 0 when it is refused. */
export function jsonValue(x: usize, n: usize, p: usize, end: usize, row: u32): usize {
  return readPlain(x, n, load<i32>(n, N_LEAF), load<u32>(n, N_TYPE), load<u32>(n, N_OBJECT) as usize, p, end, row);
}

/** Reads the root object at p ('{') into the row. Returns the address after its closing brace, or 0. */
// @ts-ignore: decorator
@inline
export function readShaped(x: usize, p: usize, end: usize, row: u32): usize {
  const g = load<u32>(x, X_SHAPES) as usize;
  const n = g + G_NODES;
  if (load<i32>(n, N_SCORE) >= 0) return readFields(x, n, p, 2, end, row);
  return readUnordered(x, n, p, end, row);
}

/** A record of an order that can't be told. */
function readUnordered(x: usize, n: usize, p: usize, end: usize, row: u32): usize {
  const score = load<i32>(n, N_SCORE);
  store<i32>(n, score <= SCORE_RETRY ? SCORE_MAX / 2 : score - 1, N_SCORE);
  const q = freeFields(load<u32>(x, X_SHAPES) as usize + G_FREE, x, p, end, row);
  return q != p && load<u8>(q) == 0x7d ? q + 1 : readFields(x, 0, q, q == p ? 2 : 0, end, row);
}

/**
 * Reads fields from p on to the end of the root object. `n` is the node before p, 0 = no shape is known for what follows in the root object; `tail` is 2 at
 * the record's brace, 3 behind the brace of a nested object, 1 while p stands on the closing quote of the string before, 0 behind other values.
 */
function readFields(x: usize, n: usize, p: usize, tail: usize, end: usize, row: u32): usize {
  const root = load<u32>(x, X_ROOT) as usize;
  let table = n != 0 ? load<u32>(n, N_TABLE) as usize : root;
  while (true) {
    // which node is next?
    let s: usize = 0;
    if (n != 0) {
      const score = load<i32>(n, N_SCORE);
      if (score >= 0) {
        const first = load<u32>(n, N_NEXT) as usize;
        if (first != 0) {
          if (matches(first, p)) s = first;
          else {
            s = laterSuccessor(n, p);
            store<i32>(n, s != 0 ? (score < SCORE_MAX ? score + 1 : score) : score - SCORE_MISS, N_SCORE);
          }
        }
      } else {
        store<i32>(n, score <= SCORE_RETRY ? SCORE_MAX / 2 : score - 1, N_SCORE);
        n = 0; // an order that can't be told: the general scan to the record's end
      }
    }
    if (s != 0) {
      p += load<u32>(s, N_LENGTH) as usize;
      store<u32>(s, load<u32>(s, N_HITS) + 1, N_HITS);
      const kind = load<u32>(s, N_KIND);
      if (kind == NODE_END) return p;
      n = s;
      const leaf = load<i32>(s, N_LEAF);
      if (kind == NODE_STRING) {
        const q = stringEnd(x, s, p, end);
        if (q == 0) return 0;
        if (leaf >= 0 && storeString(x, leaf as u32, load<u32>(s, N_TYPE), row, p, q) == 0) return 0;
        p = q;
        tail = 1;
        continue;
      }
      tail = 0;
      if (kind != NODE_VALUE) {
        table = load<u32>(s, N_TABLE) as usize;
        if (kind == NODE_CLOSE) continue;
        tail = 3;
        if (leaf >= 0) enterRow(x, leaf as u32, row);
        continue;
      }
      const object = load<u32>(s, N_OBJECT) as usize;
      p = readPlain(x, s, leaf, load<u32>(s, N_TYPE), object, object != 0 ? p - 1 : p, end, row);
      if (p == 0) return 0;
      continue;
    }
    // the general scan of one field
    const literal = p;
    p = skipSpace(x, tail == 1 ? p + 1 : p);
    const c = load<u8>(p);
    if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    if (c == 0x7d) {
      p++;
      if (table == root) {
        if (n != 0) learn(x, n, literal, p, NODE_END, -1, 0, root);
        return p;
      }
      table = load<u32>(table, O_PARENT) as usize;
      if (n != 0) n = learn(x, n, literal, p, NODE_CLOSE, -1, 0, table);
      tail = 0;
      continue;
    }
    if (c == 0x7b && tail == 2) {
      // the record's first byte; an empty object is rare enough to be read here each time
      p = skipSpace(x, p + 1);
      if (load<u8>(p) == 0x7d) return p + 1;
    } else if (c == 0x2c && tail != 3) p = skipSpace(x, p + 1);
    else if (tail != 3) return refuse(x, E_MALFORMED, R_EXPECTED_COMMA, p);
    if (load<u8>(p) != 0x22) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_KEY, p);
    const q = scanString(x, p + 1, end);
    if (q == 0) return 0;
    let slot: usize;
    if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) slot = findField(table, p + 1, (q - p - 1) as u32);
    else {
      const t = unescape(x, p + 1, q);
      if (t == 0) return 0;
      slot = findField(table, t, load<u32>(x, X_TEXT_LENGTH));
    }
    if (n == 0 && table == root) keepKey(x, p + 1, q, slot);
    p = skipSpace(x, q + 1);
    if (load<u8>(p) != 0x3a) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_COLON, p);
    p = skipSpace(x, p + 1);
    if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const leaf: i32 = slot == 0 ? -1 : load<i32>(slot, SLOT_LEAF);
    const object: usize = slot == 0 ? 0 : load<u32>(slot, SLOT_OBJECT) as usize;
    const first = load<u8>(p);
    if (first == 0x7b && object != 0) {
      p++;
      table = object;
      if (n != 0) n = learn(x, n, literal, p, NODE_OPEN, leaf, object, table);
      if (leaf >= 0) enterRow(x, leaf as u32, row);
      tail = 3;
      continue;
    }
    const isString = first == 0x22;
    if (n != 0) n = learn(x, n, literal, isString || object != 0 ? p + 1 : p, isString ? NODE_STRING : NODE_VALUE, leaf, object, table);
    if (isString) {
      const e = scanLongString(x, p + 1, end);
      if (e == 0) return 0;
      if (leaf >= 0 && storeString(x, leaf as u32, load<u32>(leafOf(x, leaf as u32), L_KIND), row, p + 1, e) == 0) return 0;
      p = e;
      tail = 1;
      continue;
    }
    tail = 0;
    p = readPlain(x, n, leaf, leaf < 0 ? F_NULL : load<u32>(leafOf(x, leaf as u32), L_KIND), object, p, end, row);
    if (p == 0) return 0;
  }
}

/** Reads the value at p, which is not a string as a rule: what is plain at once, the rest as the general scan does. `n` is its node, or 0. */
// @ts-ignore: decorator
@inline
function readPlain(x: usize, n: usize, leaf: i32, type: u32, object: usize, p: usize, end: usize, row: u32): usize {
  if (leaf < 0) {
    const digits = shortDigits(p);
    noteDigits(n, digits);
    if (digits != 0) return p + digits;
    const length = literalLength(p);
    if (length != 0) return p + length;
  } else {
    const q = plainValue(leafOf(x, leaf as u32), type, row, p);
    if (type == F_I64 || type == F_I32) noteDigits(n, q != 0 && <u32>load<u8>(p) - 0x30 <= 9 ? q - p : 0);
    if (q != 0) return q;
  }
  p = skipSpace(x, p); // this record may have more of it than the one the literal was learned from
  if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
  return leaf < 0 && object == 0 ? skipValue(x, p, end) : readValue(x, leaf, object, p, end, row);
}

/** Stores the scanned string content [p, q); 0 when it is refused. */
// @ts-ignore: decorator
@inline
function storeString(x: usize, leaf: u32, type: u32, row: u32, p: usize, q: usize): usize {
  if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) {
    if (type == F_STR) {
      const l = leafOf(x, leaf);
      storeView(l, row, p, (q - p) as u32);
      setPresent(l, row);
      return 1;
    }
    return storeScalar(x, leaf, row, p, q, S_TEXT, 1);
  }
  const t = unescape(x, p, q);
  if (t == 0) return 0;
  return storeScalar(x, leaf, row, t, t + load<u32>(x, X_TEXT_LENGTH), S_TEXT, 1);
}
