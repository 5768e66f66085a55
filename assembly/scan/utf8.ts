// UTF-8: validation that says where the fault is, and writing.
import { utf8Valid } from "./utf8-simd";

/** Returns 0 when [p, e) is well-formed UTF-8, else the address of the first byte of the bad sequence. Reads up to 15 bytes past e. */
export function utf8Check(p: usize, e: usize): usize {
  return utf8Valid(p, e) ? 0 : utf8Fault(p, e);
}

/** Sequence by sequence by the table of well-formed ones (Unicode 15, table 3-7). */
function utf8Fault(p: usize, e: usize): usize {
  while (p < e) {
    const high = i8x16.bitmask(v128.load(p));
    const left = e - p;
    if (high == 0) { p += 16; continue; }
    const skip = ctz<i32>(high) as usize;
    if (skip >= left) return 0;
    p += skip;
    // non-ASCII runs are taken sequence by sequence
    while (p < e) {
      const b: u32 = load<u8>(p);
      if (b < 0x80) break;
      if (b < 0xc2) return p;
      const b1: u32 = p + 1 < e ? load<u8>(p, 1) : 0;
      if (b < 0xe0) {
        if ((b1 & 0xc0) != 0x80) return p;
        p += 2;
      } else if (b < 0xf0) {
        const b2: u32 = p + 2 < e ? load<u8>(p, 2) : 0;
        if ((b1 & 0xc0) != 0x80 || (b2 & 0xc0) != 0x80) return p;
        if (b == 0xe0 && b1 < 0xa0) return p;
        if (b == 0xed && b1 > 0x9f) return p;
        p += 3;
      } else if (b < 0xf5) {
        const b2: u32 = p + 2 < e ? load<u8>(p, 2) : 0;
        const b3: u32 = p + 3 < e ? load<u8>(p, 3) : 0;
        if ((b1 & 0xc0) != 0x80 || (b2 & 0xc0) != 0x80 || (b3 & 0xc0) != 0x80) return p;
        if (b == 0xf0 && b1 < 0x90) return p;
        if (b == 0xf4 && b1 > 0x8f) return p;
        p += 4;
      } else return p;
    }
  }
  return 0;
}

/** Writes one code point as UTF-8 and returns the address after it. */
export function utf8Put(o: usize, c: u32): usize {
  if (c < 0x80) { store<u8>(o, c); return o + 1; }
  if (c < 0x800) {
    store<u8>(o, 0xc0 | (c >>> 6));
    store<u8>(o, 0x80 | (c & 0x3f), 1);
    return o + 2;
  }
  if (c < 0x10000) {
    store<u8>(o, 0xe0 | (c >>> 12));
    store<u8>(o, 0x80 | ((c >>> 6) & 0x3f), 1);
    store<u8>(o, 0x80 | (c & 0x3f), 2);
    return o + 3;
  }
  store<u8>(o, 0xf0 | (c >>> 18));
  store<u8>(o, 0x80 | ((c >>> 12) & 0x3f), 1);
  store<u8>(o, 0x80 | ((c >>> 6) & 0x3f), 2);
  store<u8>(o, 0x80 | (c & 0x3f), 3);
  return o + 4;
}

/** End of [p, e) after trimming as Java's String.trim: bytes <= space. */
// @ts-ignore: decorator
@inline
export function trimEnd(p: usize, e: usize): usize {
  while (e > p && load<u8>(e - 1) <= 0x20) e--;
  return e;
}
// @ts-ignore: decorator
@inline
export function trimStart(p: usize, e: usize): usize {
  while (p < e && load<u8>(p) <= 0x20) p++;
  return p;
}
