// CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, slicing-by-8 (Kounavis & Berry 2005): eight table look-ups for eight bytes.
// Three runs of a long input are summed side by side, because one run waits for its own look-ups; they are joined through a table
// that moves a sum over CRC_RUN zero bytes (as Intel's crc32c does with its three lanes).

/** Bytes of one of the three runs. */
const CRC_RUN: usize = 1024;

const POLY: u32 = 0x82f6_3b78;

/** A x B in GF(2)[x] modulo the polynomial, bits reflected. */
function multiply(a: u32, b: u32): u32 {
  let r: u32 = 0;
  for (let m: u32 = 0x8000_0000; m != 0; m >>>= 1) {
    if ((a & m) != 0) r ^= b;
    b = (b & 1) != 0 ? (b >>> 1) ^ POLY : b >>> 1;
  }
  return r;
}

/** x^(8 * bytes) modulo the polynomial. */
function shiftFactor(bytes: u32): u32 {
  let base: u32 = 0x0080_0000; // x^8
  let r: u32 = 0x8000_0000; // 1
  while (bytes != 0) {
    if ((bytes & 1) != 0) r = multiply(r, base);
    base = multiply(base, base);
    bytes >>>= 1;
  }
  return r;
}

function shiftTables(at: usize, bytes: u32): void {
  const factor = shiftFactor(bytes);
  for (let lane: u32 = 0; lane < 4; lane++) {
    for (let i: u32 = 0; i < 256; i++) store<u32>(at + (((lane << 8) + i) as usize) * 4, multiply(i << (lane << 3), factor));
  }
}

/** Fills CRC_TABLE_BYTES bytes at `tables`: 8 x 256 u32 for slicing, 4 x 256 for moving a sum over CRC_RUN, as many over 2 * CRC_RUN. Once per context. */
export function crc32cTables(tables: usize): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = (c & 1) != 0 ? (c >>> 1) ^ POLY : c >>> 1;
    store<u32>(tables + (i as usize) * 4, c);
  }
  for (let i: usize = 0; i < 256; i++) {
    let c = load<u32>(tables + i * 4);
    for (let t: usize = 1; t < 8; t++) {
      c = load<u32>(tables + ((c & 0xff) as usize) * 4) ^ (c >>> 8);
      store<u32>(tables + t * 1024 + i * 4, c);
    }
  }
  shiftTables(tables + 8 * 1024, CRC_RUN as u32);
  shiftTables(tables + 12 * 1024, 2 * (CRC_RUN as u32));
}

// @ts-ignore: decorator
@inline
function step8(t: usize, c: u32, word: u64): u32 {
  const lo = (word as u32) ^ c;
  const hi = (word >> 32) as u32;
  return load<u32>(t + ((lo & 0xff) as usize) * 4, 7 * 1024) ^
    load<u32>(t + (((lo >>> 8) & 0xff) as usize) * 4, 6 * 1024) ^
    load<u32>(t + (((lo >>> 16) & 0xff) as usize) * 4, 5 * 1024) ^
    load<u32>(t + ((lo >>> 24) as usize) * 4, 4 * 1024) ^
    load<u32>(t + ((hi & 0xff) as usize) * 4, 3 * 1024) ^
    load<u32>(t + (((hi >>> 8) & 0xff) as usize) * 4, 2 * 1024) ^
    load<u32>(t + (((hi >>> 16) & 0xff) as usize) * 4, 1024) ^
    load<u32>(t + ((hi >>> 24) as usize) * 4);
}

// @ts-ignore: decorator
@inline
function shift(t: usize, c: u32): u32 {
  return load<u32>(t + ((c & 0xff) as usize) * 4) ^
    load<u32>(t + (((c >>> 8) & 0xff) as usize) * 4, 1024) ^
    load<u32>(t + (((c >>> 16) & 0xff) as usize) * 4, 2 * 1024) ^
    load<u32>(t + ((c >>> 24) as usize) * 4, 3 * 1024);
}

/** The CRC-32C of `bytes` bytes at `p`; `tables` was filled by crc32cTables. */
export function crc32c(tables: usize, p: usize, bytes: usize): u32 {
  let c: u32 = 0xffff_ffff;
  const end = p + bytes;
  while (p + 3 * CRC_RUN <= end) {
    let b: u32 = 0;
    let d: u32 = 0;
    const runEnd = p + CRC_RUN;
    for (; p < runEnd; p += 8) {
      c = step8(tables, c, load<u64>(p));
      b = step8(tables, b, load<u64>(p, 1024));
      d = step8(tables, d, load<u64>(p, 2048));
    }
    c = shift(tables + 12 * 1024, c) ^ shift(tables + 8 * 1024, b) ^ d;
    p += 2 * CRC_RUN;
  }
  while (p + 8 <= end) {
    c = step8(tables, c, load<u64>(p));
    p += 8;
  }
  while (p < end) {
    c = load<u32>(tables + (((c ^ load<u8>(p)) & 0xff) as usize) * 4) ^ (c >>> 8);
    p++;
  }
  return ~c;
}
