// MAP<STRING, BYTES> values (docs/types.md): a count, then for each entry key length, key, value length, value. All numbers are zigzag varints of 32 bits,
// -1 is the length of NULL: Kafka's own form of a record's headers. A key may stand several times; the last entry counts.
import { arenaAlloc } from "./string";
import { utf8Check } from "../scan/utf8";

/** Signed varint at p: value << 8 | bytes. What is read here was checked or written by this engine. */
function varint(p: usize): i64 {
  let v: u32 = 0;
  let i: u32 = 0;
  for (; i < 5; i++) {
    const b = load<u8>(p + (i as usize)) as u32;
    v |= (b & 0x7f) << (7 * i);
    if (b < 0x80) break;
  }
  return ((((v >>> 1) as i32) ^ -((v & 1) as i32)) as i64) << 8 | (i + 1);
}

// @ts-ignore: decorator
@inline
function zigzag(v: i32): u32 { return ((v << 1) ^ (v >> 31)) as u32; }

function varintBytes(v: i32): u32 { return (31 - clz<u32>(zigzag(v) | 1)) / 7 + 1; }

function putVarint(p: usize, v: i32): usize {
  let u = zigzag(v);
  while (u >= 0x80) {
    store<u8>(p++, <u8>(u | 0x80));
    u >>>= 7;
  }
  store<u8>(p, <u8>u);
  return p + 1;
}

/** A length and so many bytes (none for NULL); returns the address after them. */
function putBytes(p: usize, from: usize, length: i32): usize {
  p = putVarint(p, length);
  if (length <= 0) return p;
  memory.copy(p, from, length as usize);
  return p + (length as usize);
}

// @ts-ignore: decorator
@inline
function after(p: usize, length: i32): usize { return length > 0 ? p + (length as usize) : p; }

// @ts-ignore: decorator
@inline
function same(a: usize, an: i32, b: usize, bn: i32): bool { return an == bn && (an <= 0 || memory.compare(a, b, an as usize) == 0); }

/** Does one of the `left` entries at p have this key? */
function hasKey(p: usize, left: i32, key: usize, keyLength: i32): bool {
  for (; left > 0; left--) {
    let v = varint(p);
    p += (v & 0xff) as usize;
    const n = (v >> 8) as i32;
    if (same(p, n, key, keyLength)) return true;
    p = after(p, n);
    v = varint(p);
    p = after(p + ((v & 0xff) as usize), (v >> 8) as i32);
  }
  return false;
}

/** The value of a key as length << 32 | pointer; -1 when there is none or it is NULL. */
export function mapGet(map: usize, bytes: u32, key: usize, keyLength: i32): i64 {
  let found: i64 = -1;
  let v = varint(map);
  let p = map + ((v & 0xff) as usize);
  for (let left = (v >> 8) as i32; left > 0; left--) {
    v = varint(p);
    p += (v & 0xff) as usize;
    const n = (v >> 8) as i32;
    const hit = same(p, n, key, keyLength);
    p = after(p, n);
    v = varint(p);
    p += (v & 0xff) as usize;
    const length = (v >> 8) as i32;
    if (hit) found = length < 0 ? -1 : ((length as i64) << 32) | (p as i64);
    p = after(p, length);
  }
  return found;
}

/** The map with one more entry, in the arena; an entry with the key goes. Lengths of -1 are NULL. */
export function mapPut(arena: usize, map: usize, bytes: u32, key: usize, keyLength: i32, value: usize, valueLength: i32): i64 {
  const room = bytes + 15 + ((keyLength > 0 ? keyLength : 0) as u32) + ((valueLength > 0 ? valueLength : 0) as u32);
  const out = arenaAlloc(arena, room);
  if (out <= 4096) return 0; // no memory: the error slot says so
  let v = varint(map);
  const count = (v >> 8) as i32;
  let p = map + ((v & 0xff) as usize);
  const rest = hasKey(p, count, key, keyLength) ? distinctRest(p, count, key, keyLength) : count;
  let q = putVarint(out, rest + 1);
  for (let left = count; left > 0; left--) {
    const start = p;
    v = varint(p);
    p += (v & 0xff) as usize;
    const n = (v >> 8) as i32;
    const drop = same(p, n, key, keyLength);
    p = after(p, n);
    v = varint(p);
    p = after(p + ((v & 0xff) as usize), (v >> 8) as i32);
    if (drop) continue;
    memory.copy(q, start, p - start);
    q += p - start;
  }
  q = putBytes(q, key, keyLength);
  q = putBytes(q, value, valueLength);
  return (((q - out) as i64) << 32) | (out as i64);
}

/** How many of the entries at p have another key. */
function distinctRest(p: usize, count: i32, key: usize, keyLength: i32): i32 {
  let n = 0;
  for (let left = count; left > 0; left--) {
    if (!hasKey(p, 1, key, keyLength)) n++;
    let v = varint(p);
    p = after(p + ((v & 0xff) as usize), (v >> 8) as i32);
    v = varint(p);
    p = after(p + ((v & 0xff) as usize), (v >> 8) as i32);
  }
  return n;
}

/** Bytes of the headers that Kafka is given for a map: entries whose key comes again, and NULL keys and values, are left out, as Flink's connector does. */
export function mapHeadersBytes(map: usize): u32 { return headers(map, 0); }

/** Writes them at `out`; returns the address after them. */
export function mapHeaders(map: usize, out: usize): usize { return out + (headers(map, out) as usize); }

function headers(map: usize, out: usize): u32 {
  let kept = 0;
  let bytes: u32 = 0;
  let v = varint(map);
  const count = (v >> 8) as i32;
  const first = map + ((v & 0xff) as usize);
  for (let pass = 0; pass < 2; pass++) {
    let q = out;
    if (pass == 1) {
      bytes += varintBytes(kept);
      if (out == 0) return bytes;
      q = putVarint(out, kept);
    }
    let p = first;
    for (let left = count; left > 0; left--) {
      const start = p;
      v = varint(p);
      const keyLength = (v >> 8) as i32;
      const key = p + ((v & 0xff) as usize);
      p = after(key, keyLength);
      v = varint(p);
      const valueLength = (v >> 8) as i32;
      p = after(p + ((v & 0xff) as usize), valueLength);
      if (keyLength < 0 || valueLength < 0 || hasKey(p, left - 1, key, keyLength)) continue;
      if (pass == 0) {
        kept++;
        bytes += (p - start) as u32;
      } else {
        memory.copy(q, start, p - start);
        q += p - start;
      }
    }
  }
  return bytes;
}

/** Is it well-formed UTF-8? */
export function bytesAreText(p: usize, length: u32): i32 { return utf8Check(p, p + (length as usize)) == 0 ? 1 : 0; }
