// Strings of expressions: UTF-8 views (pointer, length). Results that need room live in an arena that its operator resets for every batch.
// A string result is packed into one i64: length << 32 | pointer; -1 means NULL.
import { alloc, free } from "../memory";

// Arena: u32 next byte, u32 end, u32 current chunk. Chunk: u32 previous, u32 bytes, then data from offset 16.
const CHUNK_BYTES: u32 = 65536;
const CHUNK_BYTES_MAX: u32 = 4 << 20;

// @ts-ignore: decorator
@inline
export function pack(ptr: usize, length: u32): u64 { return ((length as u64) << 32) | (ptr as u64); }

/** Room for `bytes` bytes, 64 readable ones after it; when the memory cannot grow, ERR_CODE is set and a small harmless address comes back. */
export function arenaAlloc(arena: usize, bytes: u32): usize {
  let at = load<u32>(arena) as usize;
  const end = load<u32>(arena, 4) as usize;
  if (at != 0 && bytes <= u32(end - at)) {
    store<u32>(arena, (at + bytes) as u32);
    return at;
  }
  const previous = load<u32>(arena, 8) as usize;
  let want: u32 = CHUNK_BYTES;
  if (previous != 0) {
    want = load<u32>(previous, 4) << 1;
    if (want > CHUNK_BYTES_MAX) want = CHUNK_BYTES_MAX;
  }
  if (want < bytes + 128) want = bytes + 128;
  const chunk = alloc(want);
  if (chunk == 0) return 4096; // the row fails before anything is written: copyBytes looks at the address
  store<u32>(chunk, previous as u32);
  store<u32>(chunk, want, 4);
  store<u32>(arena, chunk as u32, 8);
  at = chunk + 16;
  store<u32>(arena, (at + bytes) as u32);
  store<u32>(arena, (chunk + want - 64) as u32, 4);
  return at;
}

/** Empties the arena; the newest (largest) chunk is kept. */
export function arenaReset(arena: usize): void {
  const chunk = load<u32>(arena, 8) as usize;
  if (chunk == 0) return;
  let old = load<u32>(chunk) as usize;
  while (old != 0) {
    const next = load<u32>(old) as usize;
    free(old, load<u32>(old, 4));
    old = next;
  }
  store<u32>(chunk, 0);
  store<u32>(arena, (chunk + 16) as u32);
}

/** Gives the arena's memory back. */
export function arenaFree(arena: usize): void {
  arenaReset(arena);
  const chunk = load<u32>(arena, 8) as usize;
  if (chunk != 0) free(chunk, load<u32>(chunk, 4));
  store<u32>(arena, 0);
  store<u32>(arena, 0, 4);
  store<u32>(arena, 0, 8);
}

/** Copies and returns the address after the copy. Nothing is written to arenaAlloc's failure address. */
export function copyBytes(to: usize, from: usize, n: i32): usize {
  if (to <= 4096) return to;
  if (n <= 32) {
    const end = to + n;
    while (to + 8 <= end) { store<u64>(to, load<u64>(from)); to += 8; from += 8; }
    while (to < end) { store<u8>(to, load<u8>(from)); to++; from++; }
    return end;
  }
  memory.copy(to, from, n);
  return to + n;
}

/** 1 when the strings are equal. */
export function strEq(a: usize, an: i32, b: usize, bn: i32): i32 {
  if (an != bn) return 0;
  const end = a + an;
  while (a + 8 <= end) {
    if (load<u64>(a) != load<u64>(b)) return 0;
    a += 8; b += 8;
  }
  while (a < end) {
    if (load<u8>(a) != load<u8>(b)) return 0;
    a++; b++;
  }
  return 1;
}

/** -1, 0, 1: order of the bytes, as Flink's BinaryStringData. */
export function strCompare(a: usize, an: i32, b: usize, bn: i32): i32 {
  const end = a + (an < bn ? an : bn);
  while (a + 8 <= end) {
    const x = load<u64>(a);
    const y = load<u64>(b);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
    a += 8; b += 8;
  }
  while (a < end) {
    const x = load<u8>(a);
    const y = load<u8>(b);
    if (x != y) return x < y ? -1 : 1;
    a++; b++;
  }
  return an < bn ? -1 : an > bn ? 1 : 0;
}

/** Byte offset of the first `b` in `a`, or -1. */
export function strIndexOf(a: usize, an: i32, b: usize, bn: i32): i32 {
  if (bn == 0) return 0;
  const first = load<u8>(b);
  const splat = i8x16.splat(first as i8);
  const last = an - bn;
  let i = 0;
  while (i <= last) {
    // the byte after the string may be read (regions are padded), a match there is refused by `last`
    let mask = i8x16.bitmask(i8x16.eq(v128.load(a + i), splat));
    while (mask != 0) {
      const k = i + ctz(mask);
      if (k > last) return -1;
      if (strEq(a + k, bn, b, bn)) return k;
      mask &= mask - 1;
    }
    i += 16;
  }
  return -1;
}

export function strStartsWith(a: usize, an: i32, b: usize, bn: i32): i32 {
  return an >= bn ? strEq(a, bn, b, bn) : 0;
}

export function strEndsWith(a: usize, an: i32, b: usize, bn: i32): i32 {
  return an >= bn ? strEq(a + an - bn, bn, b, bn) : 0;
}

// @ts-ignore: decorator
@inline
export function width(lead: u32): i32 { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

/** The code point at p. */
function point(p: usize): u32 {
  const b = load<u8>(p) as u32;
  if (b < 0x80) return b;
  if (b < 0xe0) return ((b & 31) << 6) | (load<u8>(p, 1) & 63);
  if (b < 0xf0) return ((b & 15) << 12) | (((load<u8>(p, 1) as u32) & 63) << 6) | (load<u8>(p, 2) & 63);
  return ((b & 7) << 18) | (((load<u8>(p, 1) as u32) & 63) << 12) | (((load<u8>(p, 2) as u32) & 63) << 6) | (load<u8>(p, 3) & 63);
}

/** Flink turns '_' into a regular expression's dot, which no line end matches. */
function isLineEnd(c: u32): bool { return c == 10 || c == 13 || c == 0x85 || c == 0x2028 || c == 0x2029; }

/** LIKE with % and _; `escape` is a code point, 0xffffffff when there is none. Backtracks to the last % only. */
export function strLike(a: usize, an: i32, p: usize, pn: i32, escape: u32): i32 {
  const end = a + an;
  const pend = p + pn;
  let retryP: usize = 0;
  let retryA: usize = 0;
  while (true) {
    if (p < pend) {
      let c = point(p);
      let n = width(load<u8>(p));
      if (c == 0x25 && c != escape) {
        p += n;
        retryP = p;
        retryA = a;
        continue;
      }
      const any = c == 0x5f && c != escape;
      if (c == escape && p + n < pend) {
        p += n;
        c = point(p);
        n = width(load<u8>(p));
      }
      if (a < end) {
        const x = point(a);
        if (any ? !isLineEnd(x) : x == c) {
          a += width(load<u8>(a));
          p += n;
          continue;
        }
      }
    } else if (a == end) return 1;
    if (retryP == 0 || retryA >= end) return 0;
    retryA += width(load<u8>(retryA));
    a = retryA;
    p = retryP;
  }
}

/** Characters (code points), as Flink counts them. */
export function strChars(a: usize, n: i32): i32 {
  let count = 0;
  const end = a + n;
  for (; a < end; a++) count += i32((load<u8>(a) & 0xc0) != 0x80);
  return count;
}

/** Byte offset of character `k`, at most n. */
function offsetOf(a: usize, n: i32, k: i32): i32 {
  let i = 0;
  while (k > 0 && i < n) { i += width(load<u8>(a + i)); k--; }
  return i < n ? i : n;
}

/** SUBSTRING(a FROM start FOR length): start 0 is 1, negative counts from the end, negative length is NULL. */
export function strSubstring(a: usize, n: i32, start: i32, length: i32): u64 {
  if (length < 0) return u64.MAX_VALUE;
  let from = 0;
  if (start > 0) from = start - 1;
  else if (start < 0) {
    const chars = strChars(a, n);
    from = chars + start;
    if (from < 0) return pack(a, 0);
  }
  const i = offsetOf(a, n, from);
  const j = length == i32.MAX_VALUE ? n - i : offsetOf(a + i, n - i, length);
  return pack(a + i, j);
}

/** Upper case of ASCII; -1 when another byte occurs. */
export function strAsciiUpper(arena: usize, a: usize, n: i32): u64 { return asciiCase(arena, a, n, 0x61); }
/** Lower case of ASCII; -1 when another byte occurs. */
export function strAsciiLower(arena: usize, a: usize, n: i32): u64 { return asciiCase(arena, a, n, 0x41); }

function asciiCase(arena: usize, a: usize, n: i32, low: u32): u64 {
  const to = arenaAlloc(arena, n);
  if (to <= 4096) return pack(a, 0);
  for (let i = 0; i < n; i++) {
    const b = load<u8>(a + i) as u32;
    if (b >= 0x80) return u64.MAX_VALUE;
    store<u8>(to + i, b - low < 26 ? b ^ 0x20 : b);
  }
  return pack(to, n);
}

/** Whether the character at p (k bytes) is one of the set's. */
function inSet(p: usize, k: i32, set: usize, sn: i32): bool {
  let i = 0;
  while (i < sn) {
    const w = width(load<u8>(set + i));
    if (w == k && strEq(p, k, set + i, k)) return true;
    i += w;
  }
  return false;
}

/** Cuts characters of a set from the start (mode & 1) and the end (mode & 2). */
export function strTrim(a: usize, n: i32, set: usize, sn: i32, mode: i32): u64 {
  if (mode & 1) {
    while (n > 0) {
      const k = width(load<u8>(a));
      if (!inSet(a, k, set, sn)) break;
      a += k; n -= k;
    }
  }
  if (mode & 2) {
    while (n > 0) {
      let k = 1;
      while (k < n && (load<u8>(a + n - k) & 0xc0) == 0x80) k++;
      if (!inSet(a + n - k, k, set, sn)) break;
      n -= k;
    }
  }
  return pack(a, n);
}

/** Every `b` in `a` replaced by `c`; an empty `b` stands before every character and at the end, as in Java. */
export function strReplace(arena: usize, a: usize, an: i32, b: usize, bn: i32, c: usize, cn: i32): u64 {
  let count: i32 = 0;
  if (bn == 0) count = strChars(a, an) + 1;
  else {
    let i = 0;
    while (true) {
      const k = strIndexOf(a + i, an - i, b, bn);
      if (k < 0) break;
      count++;
      i += k + bn;
    }
  }
  if (count == 0) return pack(a, an);
  const length = an + count * (cn - bn);
  const to = arenaAlloc(arena, length);
  if (to <= 4096) return pack(a, 0);
  let at = to;
  let i = 0;
  if (bn == 0) {
    at = copyBytes(at, c, cn);
    while (i < an) {
      const w = width(load<u8>(a + i));
      at = copyBytes(at, a + i, w);
      at = copyBytes(at, c, cn);
      i += w;
    }
    return pack(to, length);
  }
  while (true) {
    const k = strIndexOf(a + i, an - i, b, bn);
    if (k < 0) break;
    at = copyBytes(at, a + i, k);
    at = copyBytes(at, c, cn);
    i += k + bn;
  }
  copyBytes(at, a + i, an - i);
  return pack(to, length);
}

/** The first `chars` characters. */
export function strTruncate(a: usize, n: i32, chars: i32): u64 {
  if (n <= chars) return pack(a, n);
  return pack(a, offsetOf(a, n, chars));
}

/** Exactly `chars` characters: cut, or padded with spaces. */
export function strPad(arena: usize, a: usize, n: i32, chars: i32): u64 {
  const have = strChars(a, n);
  if (have >= chars) return strTruncate(a, n, chars);
  const length = n + chars - have;
  const to = arenaAlloc(arena, length);
  if (to <= 4096) return pack(a, 0);
  copyBytes(to, a, n);
  memory.fill(to + n, 0x20, chars - have);
  return pack(to, length);
}
