// Whole numbers in decimal, eight digits at a time in one u64. Functions may write up to 7 bytes past the address they return.

/** The eight digits of v < 10^8, first digit in the lowest byte, as numbers 0..9. Two digits, then one, are split off in all lanes at once. */
// @ts-ignore: decorator
@inline
export function digits8(v: u32): u64 {
  const high = v / 10000;
  let x = (high as u64) | (((v - high * 10000) as u64) << 32);
  let q = ((x * 10486) >> 20) & 0x0000007f0000007f;
  x = q | ((x - q * 100) << 16);
  q = ((x * 103) >> 10) & 0x000f000f000f000f;
  return q | ((x - q * 10) << 8);
}

// @ts-ignore: decorator
@inline
function writeShort(o: usize, v: u32): usize {
  const x = digits8(v);
  const zeros = ctz<u64>(x | ((1 as u64) << 56)) >> 3;
  store<u64>(o, (x | 0x3030303030303030) >> (zeros << 3));
  return o + 8 - (zeros as usize);
}

/** Writes v in decimal and returns the address after it. */
export function writeU64(o: usize, v: u64): usize {
  if (v < 100000000) return writeShort(o, v as u32);
  const upper = v / 100000000;
  if (upper < 100000000) o = writeShort(o, upper as u32);
  else {
    const top = upper / 100000000;
    o = writeShort(o, top as u32);
    store<u64>(o, digits8((upper - top * 100000000) as u32) | 0x3030303030303030);
    o += 8;
  }
  store<u64>(o, digits8((v - upper * 100000000) as u32) | 0x3030303030303030);
  return o + 8;
}

export function writeI64(o: usize, v: i64): usize {
  if (v < 0) { store<u8>(o, 0x2d); return writeU64(o + 1, 0 - (v as u64)); }
  return writeU64(o, v as u64);
}

/**
 * `.` and the `digits` decimals of `fraction` < 10^digits, digits <= 8; without the zeros at the end unless `all`. Nothing when no digit is left and not `all`.
 * `scale` is 10^(8 - digits).
 */
// @ts-ignore: decorator
@inline
export function writeFraction(o: usize, fraction: u32, digits: u32, scale: u32, all: bool): usize {
  if (fraction == 0 && !all) return o;
  const x = digits8(fraction * scale);
  store<u8>(o, 0x2e);
  store<u64>(o, x | 0x3030303030303030, 1);
  return o + 1 + (all ? (digits as usize) : 8 - ((clz<u64>(x) >> 3) as usize));
}

/** Copies n bytes, 16 at a time: may read and write 15 bytes further. */
// @ts-ignore: decorator
@inline
export function copyShort(o: usize, p: usize, n: usize): void {
  v128.store(o, v128.load(p));
  for (let i: usize = 16; i < n; i += 16) v128.store(o + i, v128.load(p + i));
}
