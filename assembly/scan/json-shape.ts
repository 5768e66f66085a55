// The shapes of records, learned: a graph whose nodes are the bytes between two values (`","ad_id":"`) and what kind of value follows.
// A node knows the nodes that came after it. A record is read by comparing the predicted bytes, 16 at a time, so that no key is looked up
// and, where strings keep their length, no position waits for the one before it. What no successor matches is read by the general scan, one
// field at a time, and learned; nothing is read twice. Every byte is still verified, and a field that does not come is simply not stored.
import { E_MALFORMED, F_I64, F_STR, R_ENDS_EARLY, R_EXPECTED_COLON, R_EXPECTED_COMMA, R_EXPECTED_KEY } from "../abi";
import { alloc } from "../memory";
import { L_KIND, L_VALUES, leafOf, refuse, setPresent, X_FLAGS, X_ROOT, X_SHAPES, X_TEXT_LENGTH } from "./context";
import { S_TEXT, storeView } from "./convert";
import { findField, readValue, SLOT_LEAF, SLOT_OBJECT, storeScalar } from "./json-read";
import { FLAG_ESCAPED, scanLongString, scanString, skipSpace, skipValue, stringStopBytes, unescape } from "./json-text";
import { eightDigits } from "./number";

const NODES_MAX: u32 = 64;
const SUCCESSORS: u32 = 3;
const LITERAL_MAX: usize = 64;
/** Longest string read ahead of its check: the bytes behind the input must be readable this far. */
const HINT_MAX: usize = 1024;

const N_LENGTH: usize = 0; // bytes of the literal
const N_CHUNKS: usize = 4; // 16-byte pieces of it
const N_KIND: usize = 8;
const N_LEAF: usize = 12; // i32, -1 = skipped
const N_OBJECT: usize = 16; // nested table
const N_HINT: usize = 20; // i32 length of the string, -1 = it varies
const N_VARIED: usize = 24; // times the length was another
const N_SCORE: usize = 28; // i32: below 0 the successors are not tried for a while
const N_NEXT: usize = 32; // u32[SUCCESSORS]
const N_SWAP: usize = 44; // hits of a later successor since the last swap
const N_TYPE: usize = 48; // F_* of the leaf
const N_LITERAL: usize = 64; // { 16 bytes, 16 bytes mask }[]
const N_BYTES: usize = 192;

const G_COUNT: usize = 0;
const G_NODES: usize = 64;

const KIND_STRING: u32 = 1; // the literal ends with the opening quote
const KIND_VALUE: u32 = 2; // anything else: number, literal, nested
const KIND_END: u32 = 3; // the literal ends with the closing brace

const SCORE_MAX: i32 = 64;
const SCORE_MISS: i32 = 4;
const SCORE_RETRY: i32 = -4096;

/** Gives the context an empty graph. Returns 0 without memory. */
export function jsonLearn(x: usize): usize {
  const bytes = (G_NODES as u32) + NODES_MAX * (N_BYTES as u32);
  const g = alloc(bytes);
  if (g == 0) return 0;
  memory.fill(g, 0, bytes);
  store<u32>(g, 1, G_COUNT); // the start node
  store<i32>(g + G_NODES, SCORE_MAX, N_SCORE);
  store<u32>(x, g as u32, X_SHAPES);
  return g;
}

// @ts-ignore: decorator
@inline
function matches(n: usize, p: usize): bool {
  if (v128.any_true(v128.and(v128.xor(v128.load(p), v128.load(n, N_LITERAL)), v128.load(n, N_LITERAL + 16)))) return false;
  return load<u32>(n, N_CHUNKS) == 1 || matchesRest(n, p);
}

function matchesRest(n: usize, p: usize): bool {
  const chunks = load<u32>(n, N_CHUNKS) as usize;
  for (let i: usize = 1; i < chunks; i++) {
    const c = n + N_LITERAL + (i << 5);
    if (v128.any_true(v128.and(v128.xor(v128.load(p + (i << 4)), v128.load(c)), v128.load(c, 16)))) return false;
  }
  return true;
}

/** The second or third successor of `n` that matches at p, or 0. */
function laterSuccessor(n: usize, p: usize): usize {
  for (let i: usize = 1; i < (SUCCESSORS as usize); i++) {
    const s = load<u32>(n + (i << 2), N_NEXT) as usize;
    if (s == 0) return 0;
    if (!matches(s, p)) continue;
    const swap = load<u32>(n, N_SWAP) + 1;
    store<u32>(n, swap, N_SWAP);
    if (swap >= 16) { // what comes often is tried first
      store<u32>(n, 0, N_SWAP);
      store<u32>(n + (i << 2), load<u32>(n, N_NEXT), N_NEXT);
      store<u32>(n, s as u32, N_NEXT);
    }
    return s;
  }
  return 0;
}

/** Finds or makes the node of the literal [p, e) and notes it as a successor of `from`. Returns 0 when there is no room for it. */
function learn(x: usize, from: usize, p: usize, e: usize, kind: u32, leaf: i32, object: usize): usize {
  const length = e - p;
  if (length > LITERAL_MAX) return 0;
  for (let i = p; i < e; i++) if (load<u8>(i) == 0x0a) return 0; // in line mode it would be the record's end
  const g = load<u32>(x, X_SHAPES) as usize;
  const count = load<u32>(g, G_COUNT);
  let n: usize = 0;
  for (let i: u32 = 1; i < count; i++) {
    const c = g + G_NODES + (i as usize) * N_BYTES;
    if (load<u32>(c, N_LENGTH) == (length as u32) && load<u32>(c, N_KIND) == kind && matches(c, p)) { n = c; break; }
  }
  if (n == 0) {
    if (count >= NODES_MAX) return 0;
    store<u32>(g, count + 1, G_COUNT);
    n = g + G_NODES + (count as usize) * N_BYTES;
    store<u32>(n, length as u32, N_LENGTH);
    store<u32>(n, ((length + 15) >> 4) as u32, N_CHUNKS);
    store<u32>(n, kind, N_KIND);
    store<i32>(n, leaf, N_LEAF);
    store<u32>(n, object as u32, N_OBJECT);
    store<i32>(n, -2, N_HINT);
    store<i32>(n, SCORE_MAX, N_SCORE);
    store<u32>(n, leaf < 0 ? 0xffffffff : load<u32>(leafOf(x, leaf as u32), L_KIND), N_TYPE);
    for (let i: usize = 0; i < length; i++) {
      const a = n + N_LITERAL + ((i >> 4) << 5) + (i & 15);
      store<u8>(a, load<u8>(p + i));
      store<u8>(a, 0xff, 16);
    }
  }
  for (let i: usize = 0; i < (SUCCESSORS as usize); i++) {
    const s = load<u32>(from + (i << 2), N_NEXT) as usize;
    if (s == n) return n;
    if (s == 0) { store<u32>(from + (i << 2), n as u32, N_NEXT); return n; }
  }
  return n;
}

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
  if (hint != -1 && q != 0) {
    const varied = load<u32>(n, N_VARIED);
    store<i32>(n, varied >= 8 || q - p > HINT_MAX ? -1 : (q - p) as i32, N_HINT);
    store<u32>(n, varied + 1, N_VARIED);
  }
  return q;
}

/** Length of the whole number of 1 to 15 digits at p with a comma or brace after it; 0 when it is something else. */
// @ts-ignore: decorator
@inline
function shortDigits(p: usize): usize {
  const v = i8x16.sub(v128.load(p), i8x16.splat(0x30));
  const digits = ctz<u32>(<u32>i8x16.bitmask(i8x16.gt_u(v, i8x16.splat(9))) | 0x10000) as usize;
  if (digits == 0 || digits > 15) return 0;
  const c: u32 = load<u8>(p + digits);
  if (c != 0x2c && c != 0x7d) return 0;
  return load<u8>(p) == 0x30 && digits > 1 ? 0 : digits;
}

/** The number of shortDigits into the i64 column of leaf `l`; the address after it, or 0. */
// @ts-ignore: decorator
@inline
function shortInteger(l: usize, row: u32, p: usize): usize {
  const digits = shortDigits(p);
  if (digits == 0) return 0;
  let value: u64;
  if (digits <= 8) value = eightDigits(load<u64>(p) << ((8 - digits) << 3));
  else value = eightDigits(load<u64>(p) << ((16 - digits) << 3)) * 100000000 + eightDigits(load<u64>(p + digits - 8));
  store<u64>((load<u32>(l, L_VALUES) as usize) + ((row as usize) << 3), value);
  setPresent(l, row);
  return p + digits;
}

/** Reads the root object at p ('{') into the row. Returns the address after its closing brace, or 0. */
export function readShaped(x: usize, p: usize, end: usize, row: u32): usize {
  let n: usize = (load<u32>(x, X_SHAPES) as usize) + G_NODES;
  let tail: usize = 0; // 1 while p stands on the closing quote of the string before
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
      const kind = load<u32>(s, N_KIND);
      if (kind == KIND_END) return p;
      n = s;
      const leaf = load<i32>(s, N_LEAF);
      if (kind == KIND_STRING) {
        const q = stringEnd(x, s, p, end);
        if (q == 0) return 0;
        if (leaf >= 0 && storeString(x, leaf as u32, load<u32>(s, N_TYPE), row, p, q) == 0) return 0;
        p = q;
        tail = 1;
        continue;
      }
      tail = 0;
      if (leaf < 0) {
        const digits = shortDigits(p);
        if (digits != 0) { p += digits; continue; }
      } else if (load<u32>(s, N_TYPE) == F_I64) {
        const q = shortInteger(leafOf(x, leaf as u32), row, p);
        if (q != 0) { p = q; continue; }
      }
      p = skipSpace(x, p); // this record may have more of it than the one the literal was learned from
      if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
      const object = load<u32>(s, N_OBJECT) as usize;
      p = leaf < 0 && object == 0 ? skipValue(x, p, end) : readValue(x, leaf, object, p, end, row);
      if (p == 0) return 0;
      continue;
    }
    // the general scan of one field
    const literal = p;
    p = skipSpace(x, p + tail);
    const c = load<u8>(p);
    if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    if (c == 0x7d) {
      if (n != 0) learn(x, n, literal, p + 1, KIND_END, -1, 0);
      return p + 1;
    }
    if (c == 0x7b && literal == p && tail == 0) {
      // the record's first byte; an empty object is rare enough to be read here each time
      p = skipSpace(x, p + 1);
      if (load<u8>(p) == 0x7d) return p + 1;
    } else if (c == 0x2c) p = skipSpace(x, p + 1);
    else return refuse(x, E_MALFORMED, R_EXPECTED_COMMA, p);
    if (load<u8>(p) != 0x22) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_KEY, p);
    const q = scanString(x, p + 1, end);
    if (q == 0) return 0;
    let slot: usize;
    const root = load<u32>(x, X_ROOT) as usize;
    if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) slot = findField(root, p + 1, (q - p - 1) as u32);
    else {
      const t = unescape(x, p + 1, q);
      if (t == 0) return 0;
      slot = findField(root, t, load<u32>(x, X_TEXT_LENGTH));
    }
    p = skipSpace(x, q + 1);
    if (load<u8>(p) != 0x3a) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_COLON, p);
    p = skipSpace(x, p + 1);
    if (p >= end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
    const leaf: i32 = slot == 0 ? -1 : load<i32>(slot, SLOT_LEAF);
    const object: usize = slot == 0 ? 0 : load<u32>(slot, SLOT_OBJECT) as usize;
    const isString = load<u8>(p) == 0x22;
    if (n != 0) n = learn(x, n, literal, isString ? p + 1 : p, isString ? KIND_STRING : KIND_VALUE, leaf, object);
    if (isString) {
      const e = scanLongString(x, p + 1, end);
      if (e == 0) return 0;
      if (leaf >= 0 && storeString(x, leaf as u32, load<u32>(leafOf(x, leaf as u32), L_KIND), row, p + 1, e) == 0) return 0;
      p = e;
      tail = 1;
      continue;
    }
    tail = 0;
    p = leaf < 0 && object == 0 ? skipValue(x, p, end) : readValue(x, leaf, object, p, end, row);
    if (p == 0) return 0;
  }
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
