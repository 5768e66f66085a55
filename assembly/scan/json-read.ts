// One JSON record into a row: the general scan. Any key order, white space, escapes, nesting; only projected leaves are converted.
import {
  E_BAD_FIELD, E_MALFORMED, E_MISSING_FIELD, E_OUT_OF_MEMORY, ERR_CODE, F_ROW, F_STR, R_BAD_FIELD, R_ENDS_EARLY, R_EXPECTED_COLON,
  R_EXPECTED_COMMA, R_EXPECTED_KEY, R_EXPECTED_ROW, R_MISSING,
} from "../abi";
import { alloc } from "../memory";
import {
  clearRow, L_AUX, L_KIND, leafOf, refuse, setNull, setPresent, X_BAD_LEAF, X_FAIL_MISSING, X_FLAGS, X_LENIENT, X_NULLED, X_ROOT, X_ROW, X_SEEN,
  X_TEXT, X_TEXT_LENGTH,
} from "./context";
import { convertText, S_FLOAT, S_INT, S_LITERAL, S_TEXT, storeView } from "./convert";
import { compactValue } from "./json-compact";
import { plainValue } from "./json-number";
import { FLAG_ESCAPED, FLAG_FLOAT, scanLiteral, scanNumber, scanString, skipSpace, skipValue, unescape } from "./json-text";
import { BAD, GOOD } from "./number";

// An object's table of projected fields: open addressing by name.
const O_MASK: usize = 0;
const O_FIELDS: usize = 4;
export const O_PARENT: usize = 8; // u32 -> table of the object this one is nested in
const O_SLOTS: usize = 16;
const SLOT_HASHED: usize = 0; // u64: name's hash input
const SLOT_NAME: usize = 8; // u32
const SLOT_LENGTH: usize = 12; // u32, 0xffffffff = free
export const SLOT_LEAF: usize = 16; // i32, -1 = an object no column of its own
export const SLOT_OBJECT: usize = 20; // u32 -> table of the nested object, 0 = none
const SLOT_SEEN: usize = 24; // u32 number of the object that last had it
const SLOT_BYTES: usize = 32;

/** Table for `fields` fields. */
export function jsonObject(fields: u32): usize {
  let slots: u32 = 4;
  while (slots < fields * 2) slots <<= 1;
  const o = alloc((O_SLOTS as u32) + slots * (SLOT_BYTES as u32));
  if (o == 0) return 0;
  memory.fill(o, 0, O_SLOTS + (slots as usize) * SLOT_BYTES);
  store<u32>(o, slots - 1, O_MASK);
  store<u32>(o, fields, O_FIELDS);
  for (let i: u32 = 0; i < slots; i++) store<u32>(o + O_SLOTS + i * (SLOT_BYTES as u32), 0xffffffff, SLOT_LENGTH);
  return o;
}

// @ts-ignore: decorator
@inline
function nameKey(p: usize, length: u32): u64 {
  if (length >= 8) return load<u64>(p) ^ rotl<u64>(load<u64>(p + length - 8), 23) ^ (length as u64);
  return (load<u64>(p) & (((1 as u64) << (((length & 7) << 3) as u64)) - 1)) ^ ((length as u64) << 56);
}

// @ts-ignore: decorator
@inline
function nameHash(key: u64): u32 {
  return ((key * 0x9e3779b97f4a7c15) >> 40) as u32;
}

/** Adds a field. `name` must live as long as the table and have 8 readable bytes after it. */
export function jsonField(o: usize, name: usize, length: u32, leaf: i32, object: usize): void {
  const key = nameKey(name, length);
  const mask = load<u32>(o, O_MASK);
  let i = nameHash(key) & mask;
  while (load<u32>(o + O_SLOTS + (i as usize) * SLOT_BYTES, SLOT_LENGTH) != 0xffffffff) i = (i + 1) & mask;
  const s = o + O_SLOTS + (i as usize) * SLOT_BYTES;
  store<u64>(s, key, SLOT_HASHED);
  store<u32>(s, name as u32, SLOT_NAME);
  store<u32>(s, length, SLOT_LENGTH);
  store<i32>(s, leaf, SLOT_LEAF);
  store<u32>(s, object as u32, SLOT_OBJECT);
  if (object != 0) store<u32>(object, o as u32, O_PARENT);
}

export function jsonRoot(x: usize, o: usize): void { store<u32>(x, o as u32, X_ROOT); }

function sameBytes(a: usize, b: usize, n: u32): bool {
  while (n >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    n -= 8;
  }
  while (n > 0) {
    if (load<u8>(a) != load<u8>(b)) return false;
    a++;
    b++;
    n--;
  }
  return true;
}

/** The slot of a name, or 0. */
// @ts-ignore: decorator
@inline
export function findField(o: usize, p: usize, length: u32): usize {
  const key = nameKey(p, length);
  const mask = load<u32>(o, O_MASK);
  let i = nameHash(key) & mask;
  while (true) {
    const s = o + O_SLOTS + (i as usize) * SLOT_BYTES;
    const n = load<u32>(s, SLOT_LENGTH);
    if (n == 0xffffffff) return 0;
    if (n == length && load<u64>(s, SLOT_HASHED) == key && (n < 8 || sameBytes(load<u32>(s, SLOT_NAME), p, n))) return s;
    i = (i + 1) & mask;
  }
}

/** A field that did not convert: NULL when lenient, else the record is refused. Returns p or 0. */
function badField(x: usize, leaf: u32, reason: u32, at: usize, p: usize): usize {
  if (load<u32>(ERR_CODE) == E_OUT_OF_MEMORY) return 0;
  if (load<u32>(x, X_LENIENT) != 0) {
    store<u32>(x, load<u32>(x, X_NULLED) + 1, X_NULLED);
    const l = leafOf(x, leaf);
    if (load<u32>(l, L_KIND) == F_ROW) clearRow(x, leaf, load<u32>(l, L_AUX), load<u32>(x, X_ROW));
    else setNull(l, load<u32>(x, X_ROW));
    return p;
  }
  store<u32>(x, leaf, X_BAD_LEAF);
  return refuse(x, E_BAD_FIELD, reason, at);
}

/** Stores the text [p, e) of a scalar in leaf `leaf`; `next` is returned when that went well. */
export function storeScalar(x: usize, leaf: u32, row: u32, p: usize, e: usize, source: u32, next: usize): usize {
  const l = leafOf(x, leaf);
  if (load<u32>(l, L_KIND) == F_ROW) return badField(x, leaf, R_EXPECTED_ROW, p, next);
  const s = convertText(x, l, row, p, e, source);
  if (s == GOOD) setPresent(l, row);
  else if (s == BAD) return badField(x, leaf, R_BAD_FIELD, p, next);
  else setNull(l, row);
  return next;
}

/** The ROW of leaf `leaf` is present, its fields are not yet: a record may have it twice. */
export function enterRow(x: usize, leaf: u32, row: u32): void {
  const l = leafOf(x, leaf);
  clearRow(x, leaf, load<u32>(l, L_AUX), row);
  setPresent(l, row);
}

/** Reads the value at p into leaf `leaf` (-1: none) or nested object `object`. Returns the address after it, or 0. */
export function readValue(x: usize, leaf: i32, object: usize, p: usize, end: usize, row: u32): usize {
  const c = load<u8>(p);
  if (c == 0x22) {
    const q = scanString(x, p + 1, end);
    if (q == 0) return 0;
    if (leaf < 0) return q + 1;
    if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) return storeScalar(x, leaf as u32, row, p + 1, q, S_TEXT, q + 1);
    const t = unescape(x, p + 1, q);
    if (t == 0) return 0;
    return storeScalar(x, leaf as u32, row, t, t + load<u32>(x, X_TEXT_LENGTH), S_TEXT, q + 1);
  }
  if (c == 0x2d || <u32>c - 0x30 <= 9) {
    const q = scanNumber(x, p);
    if (q == 0 || leaf < 0) return q;
    return storeScalar(x, leaf as u32, row, p, q, (load<u32>(x, X_FLAGS) & FLAG_FLOAT) != 0 ? S_FLOAT : S_INT, q);
  }
  if (c == 0x7b || c == 0x5b) {
    if (c == 0x7b && object != 0) {
      if (leaf >= 0) enterRow(x, leaf as u32, row);
      return readObject(x, object, p + 1, end, row);
    }
    const q = skipValue(x, p, end);
    if (q == 0 || leaf < 0) return q;
    const l = leafOf(x, leaf as u32);
    if (load<u32>(l, L_KIND) != F_STR) return badField(x, leaf as u32, R_BAD_FIELD, p, q);
    if (compactValue(x, p, q) == 0) return 0;
    storeView(l, row, load<u32>(x, X_TEXT), load<u32>(x, X_TEXT_LENGTH));
    setPresent(l, row);
    return q;
  }
  const q = scanLiteral(x, p);
  if (q == 0 || leaf < 0) return q;
  if (c == 0x6e) {
    const l = leafOf(x, leaf as u32);
    if (load<u32>(l, L_KIND) == F_ROW) clearRow(x, leaf as u32, load<u32>(l, L_AUX), row);
    else setNull(l, row);
    return q;
  }
  return storeScalar(x, leaf as u32, row, p, q, S_LITERAL, q);
}

/** p is after '{'. Returns the address after '}', or 0. */
export function readObject(x: usize, o: usize, p: usize, end: usize, row: u32): usize {
  const counting = load<u32>(x, X_FAIL_MISSING) != 0;
  let seen: u32 = 0;
  let found: u32 = 0;
  if (counting) {
    seen = load<u32>(x, X_SEEN) + 1;
    store<u32>(x, seen, X_SEEN);
  }
  p = skipSpace(x, p);
  if (load<u8>(p) == 0x7d) p++;
  else {
    while (true) {
      if (load<u8>(p) != 0x22) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_KEY, p);
      const q = scanString(x, p + 1, end);
      if (q == 0) return 0;
      let s: usize;
      if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) s = findField(o, p + 1, (q - p - 1) as u32);
      else {
        const t = unescape(x, p + 1, q);
        if (t == 0) return 0;
        s = findField(o, t, load<u32>(x, X_TEXT_LENGTH));
      }
      p = skipSpace(x, q + 1);
      if (load<u8>(p) != 0x3a) return refuse(x, E_MALFORMED, p >= end ? R_ENDS_EARLY : R_EXPECTED_COLON, p);
      p = skipSpace(x, p + 1);
      if (s == 0) p = skipValue(x, p, end);
      else {
        if (counting && load<u32>(s, SLOT_SEEN) != seen) {
          store<u32>(s, seen, SLOT_SEEN);
          found++;
        }
        const leaf = load<i32>(s, SLOT_LEAF);
        let e: usize = 0;
        if (leaf >= 0) e = plainValue(leafOf(x, leaf as u32), load<u32>(leafOf(x, leaf as u32), L_KIND), row, p);
        if (e == 0) e = readValue(x, leaf, load<u32>(s, SLOT_OBJECT), p, end, row);
        p = e;
      }
      if (p == 0) return 0;
      p = skipSpace(x, p);
      const d = load<u8>(p);
      p++;
      if (d == 0x2c) { p = skipSpace(x, p); continue; }
      if (d == 0x7d) break;
      return refuse(x, E_MALFORMED, p > end ? R_ENDS_EARLY : R_EXPECTED_COMMA, p - 1);
    }
  }
  if (counting && found < load<u32>(o, O_FIELDS)) return refuse(x, E_MISSING_FIELD, R_MISSING, p - 1);
  return p;
}
