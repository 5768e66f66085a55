// Records whose keys come in no order that could be learned. Keys that were seen are kept by their first 16 bytes, those without a column too,
// so that every field of such a record takes one and the same path: what can't be foretold is computed, not branched on. Names and whole
// strings end where the first of 16 or 64 bytes is a stop; a value without a column is stored where nobody looks.
import { F_I64, F_STR, L_VALIDITY, L_VALUES } from "../abi";
import { L_BYTES, L_KIND, leafOf, setPresent, X_LEAF, X_LEAVES, X_NULLED, X_SHAPES } from "./context";
import { S_TEXT, storeView } from "./convert";
import { G_FREE } from "./json-nodes";
import { plainValue, shortDigits, shortValue } from "./json-number";
import { readValue, SLOT_LEAF, SLOT_OBJECT, storeScalar } from "./json-read";
import { skipValue, stringStops } from "./json-text";

const SLOTS_LOG: u64 = 7;
const SLOTS: u32 = 128;
const KEYS_MAX: u32 = 64;
/** Longest key kept here: with its closing quote it fills the 16 bytes that are looked at. */
const KEY_MAX: usize = 15;

// The table: u32 keys kept, 64 bytes that take unwanted values, then the slots.
const D_COUNT: usize = 0;
const D_SINK: usize = 64;
const D_SLOTS: usize = 128;
/** Bytes of the table. */
export const FREE_BYTES: u32 = (D_SLOTS as u32) + SLOTS * 32;

// A slot, 32 bytes: the key's bytes and zeros, u32 flags, u32 leaf descriptor, i32 leaf, u32 nested object.
const K_FLAGS: usize = 16; // 0 = free
const K_DESCRIPTOR: usize = 20;
const K_LEAF: usize = 24;
const K_OBJECT: usize = 28;
const KEPT: u32 = 1;
const TAKES_TEXT: u32 = 2; // a string's bytes are its value, or nobody wants it
const TAKES_INTEGER: u32 = 4;

const IOTA = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

// @ts-ignore: decorator
@inline
function slotOf(key: v128): u32 {
  const x = i64x2.extract_lane(key, 0) ^ rotl<i64>(i64x2.extract_lane(key, 1), 25);
  return (((x ^ (x >> 29)) * 0x9e3779b97f4a7c15) as u64 >> (64 - SLOTS_LOG)) as u32;
}

/** Keeps the key [p, e) with what findField said of it. */
export function keepKey(x: usize, p: usize, e: usize, field: usize): void {
  const d = (load<u32>(x, X_SHAPES) as usize) + G_FREE;
  const length = e - p;
  if (length > KEY_MAX || load<u32>(d, D_COUNT) >= KEYS_MAX) return;
  const leaf: i32 = field == 0 ? -1 : load<i32>(field, SLOT_LEAF);
  const object: usize = field == 0 ? 0 : load<u32>(field, SLOT_OBJECT) as usize;
  if (ctz<u32>((stringStops(v128.load(p)) as u32) | 0x10000) as usize != length) return; // not as freeField looks for it
  const key = v128.and(v128.load(p), i8x16.lt_u(IOTA, i8x16.splat(length as i8)));
  let i = slotOf(key);
  while (true) {
    const k = d + D_SLOTS + ((i as usize) << 5);
    if (load<u32>(k, K_FLAGS) == 0) {
      v128.store(k, key);
      const kind: u32 = leaf < 0 ? 0 : load<u32>(leafOf(x, leaf as u32), L_KIND);
      const skipped = leaf < 0 && object == 0;
      let flags = KEPT;
      if (skipped || kind == F_STR) flags |= TAKES_TEXT;
      if (skipped || kind == F_I64) flags |= TAKES_INTEGER;
      store<u32>(k, flags, K_FLAGS);
      store<u32>(k, leafOf(x, leaf < 0 ? load<u32>(x, X_LEAVES) : leaf as u32) as u32, K_DESCRIPTOR);
      store<i32>(k, leaf, K_LEAF);
      store<u32>(k, object as u32, K_OBJECT);
      store<u32>(d, load<u32>(d, D_COUNT) + 1, D_COUNT);
      return;
    }
    if (i8x16.all_true(i8x16.eq(v128.load(k), key))) return;
    i = (i + 1) & (SLOTS - 1);
  }
}

/** Points the descriptor behind the last leaf so that what is stored for `row` lands in the table's sink. */
// @ts-ignore: decorator
@inline
function sinkRow(d: usize, x: usize, row: u32): void {
  const l = (load<u32>(x, X_LEAF) as usize) + (load<u32>(x, X_LEAVES) as usize) * L_BYTES;
  store<u32>(l, (d + D_SINK) as u32 - (row << 3), L_VALUES);
  store<u32>(l, (d + D_SINK + 16) as u32 - (row >> 3), L_VALIDITY);
}

/** Reads the fields from the record's brace at p on as long as they are as simple as most. Returns where it stopped: behind a value, or at p. */
export function freeFields(d: usize, x: usize, p: usize, end: usize, row: u32): usize {
  sinkRow(d, x, row);
  let lead: u32 = 0x7b;
  while (true) {
    const q = freeField(d, x, lead, p, end, row);
    if (q == 0) return p;
    p = q;
    lead = 0x2c;
  }
}

/**
 * Reads one field when it is as simple as most: `lead` (the brace or comma), a kept key, a colon, and at most a blank behind comma and colon. p is at `lead`.
 * Returns the address after the value, or 0: nothing was read, the general scan takes the field.
 */
// @ts-ignore: decorator
@inline
function freeField(d: usize, x: usize, lead: u32, p: usize, end: usize, row: u32): usize {
  if (load<u8>(p) != lead) return 0;
  p += load<u8>(p, 1) == 0x20 ? 2 : 1;
  if (load<u8>(p) != 0x22) return 0;
  p++;
  const bytes = v128.load(p);
  const length = ctz<u32>((stringStops(bytes) as u32) | 0x10000);
  let v = p + (length as usize);
  if (load<u16>(v) != 0x3a22) return 0; // no quote and colon, or a key too long
  const key = v128.and(bytes, i8x16.lt_u(IOTA, i8x16.splat(length as i8)));
  let k = d + D_SLOTS + ((slotOf(key) as usize) << 5);
  if (v128.any_true(v128.xor(v128.load(k), key)) || load<u32>(k, K_FLAGS) == 0) {
    k = probe(d, k, key);
    if (k == 0) return 0;
  }
  v += load<u8>(v, 2) == 0x20 ? 3 : 2;
  const flags = load<u32>(k, K_FLAGS);
  if (load<u8>(v) == 0x22) {
    v++;
    const m =
      ((stringStops(v128.load(v)) as u32) as u64) | (((stringStops(v128.load(v, 16)) as u32) as u64) << 16) |
      (((stringStops(v128.load(v, 32)) as u32) as u64) << 32) | (((stringStops(v128.load(v, 48)) as u32) as u64) << 48);
    const q = v + (ctz<u64>(m) as usize);
    if (m == 0 || load<u8>(q) != 0x22 || q >= end) return 0;
    if ((flags & TAKES_TEXT) == 0) return otherText(x, k, v, q, row);
    const l = load<u32>(k, K_DESCRIPTOR) as usize;
    storeView(l, row, v, (q - v) as u32);
    setPresent(l, row);
    return q + 1;
  }
  return freeNumber(x, k, flags, v, end, row);
}

/** The slot of a key that is not where it should be first, or 0. */
function probe(d: usize, k: usize, key: v128): usize {
  const last = d + D_SLOTS + ((SLOTS - 1) << 5);
  while (load<u32>(k, K_FLAGS) != 0) {
    if (!v128.any_true(v128.xor(v128.load(k), key))) return k;
    k = k == last ? d + D_SLOTS : k + 32;
  }
  return 0;
}

function otherText(x: usize, k: usize, p: usize, q: usize, row: u32): usize {
  const leaf = load<i32>(k, K_LEAF);
  return leaf < 0 ? 0 : storeScalar(x, leaf as u32, row, p, q, S_TEXT, q + 1);
}

/** A whole number of 1 to 15 digits before a comma or brace; other values as the general scan reads them. */
// @ts-ignore: decorator
@inline
function freeNumber(x: usize, k: usize, flags: u32, p: usize, end: usize, row: u32): usize {
  const digits = shortDigits(p);
  if ((flags & TAKES_INTEGER) != 0 && digits != 0) {
    const l = load<u32>(k, K_DESCRIPTOR) as usize;
    store<u64>((load<u32>(l, L_VALUES) as usize) + ((row as usize) << 3), shortValue(p, digits));
    setPresent(l, row);
    return p + digits;
  }
  return p >= end ? 0 : otherValue(x, k, p, end, row);
}

function otherValue(x: usize, k: usize, p: usize, end: usize, row: u32): usize {
  if (load<u8>(p) <= 0x20) return 0;
  const leaf = load<i32>(k, K_LEAF);
  if (leaf >= 0) {
    const l = leafOf(x, leaf as u32);
    const e = plainValue(l, load<u32>(l, L_KIND), row, p);
    if (e != 0) return e;
  }
  const object = load<u32>(k, K_OBJECT) as usize;
  const nulled = load<u32>(x, X_NULLED);
  const q = leaf < 0 && object == 0 ? skipValue(x, p, end) : readValue(x, leaf, object, p, end, row);
  if (q == 0) store<u32>(x, nulled, X_NULLED); // it is read again
  return q;
}
