// Strings as Jackson writes them into JSON.

/** Bytes that need an escape: quote, backslash, below space; and the first of four-byte sequences, which are 0xf0 and above. */
// @ts-ignore: decorator
@inline
function escapeStops(v: v128): i32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))),
      v128.or(i8x16.lt_u(v, i8x16.splat(0x20)), i8x16.ge_u(v, i8x16.splat(-16)))));
}

/** Writes the escape of one byte; returns the address after it. */
function writeEscape(o: usize, c: u32): usize {
  let k: u32 = 0;
  if (c == 0x22 || c == 0x5c) k = c;
  else if (c == 0x0a) k = 0x6e;
  else if (c == 0x0d) k = 0x72;
  else if (c == 0x09) k = 0x74;
  else if (c == 0x08) k = 0x62;
  else if (c == 0x0c) k = 0x66;
  if (k != 0) { store<u16>(o, 0x5c | (k << 8)); return o + 2; }
  return writeUnicode(o, c);
}

// @ts-ignore: decorator
@inline
function hexDigit(d: u32): u32 { return d < 10 ? 0x30 + d : 0x37 + d; }

/** \\uXXXX of one UTF-16 unit. */
function writeUnicode(o: usize, c: u32): usize {
  store<u16>(o, 0x755c);
  store<u8>(o, hexDigit(c >>> 12), 2);
  store<u8>(o, hexDigit((c >>> 8) & 15), 3);
  store<u8>(o, hexDigit((c >>> 4) & 15), 4);
  store<u8>(o, hexDigit(c & 15), 5);
  return o + 6;
}

/**
 * Writes [p, e) between quotes. Needs 6 * length + 2 + 16 bytes; may write 15 bytes past the returned end.
 * `pairs`: characters beyond the basic plane become two escapes, as Jackson's byte generator writes them (its character generator does not).
 */
export function writeQuoted(o: usize, p: usize, e: usize, pairs: bool): usize {
  store<u8>(o++, 0x22);
  while (p < e) {
    const v = v128.load(p);
    v128.store(o, v);
    const m = escapeStops(v);
    const left = e - p;
    const n: usize = m == 0 ? 16 : ctz<i32>(m) as usize;
    if (n >= left) { o += left; break; }
    o += n;
    p += n;
    if (m == 0) continue;
    const c: u32 = load<u8>(p);
    if (c < 0x80) { o = writeEscape(o, c); p++; }
    else if (pairs && left - n >= 4) {
      const u = (((c & 7) << 18) | ((<u32>load<u8>(p, 1) & 63) << 12) | ((<u32>load<u8>(p, 2) & 63) << 6) | (<u32>load<u8>(p, 3) & 63)) - 0x10000;
      o = writeUnicode(writeUnicode(o, 0xd800 + (u >>> 10)), 0xdc00 + (u & 0x3ff));
      p += 4;
    } else { store<u8>(o++, c); p++; }
  }
  store<u8>(o, 0x22);
  return o + 1;
}
