// Short ASCII strings of a column, packed for JavaScript: one decode of a block gives the text of all strings in it.
const BLOCK: u32 = 1024;
/** Longer strings are decoded one by one. */
const LENGTH_MAX: u32 = 256;
const HIGH_BITS: u64 = 0x8080808080808080;

/** Copies len bytes; true when all are ASCII. May read and write up to 7 bytes past the end. */
// @ts-ignore: decorator
@inline
function copyAscii(to: usize, from: usize, len: u32): bool {
  let seen: u64 = 0;
  let i: u32 = 0;
  for (; i + 8 <= len; i += 8) {
    const w = load<u64>(from + i);
    seen |= w;
    store<u64>(to + i, w);
  }
  if (i < len) {
    const w = load<u64>(from + i);
    seen |= w & (((1 as u64) << (((len - i) as u64) << 3)) - 1);
    store<u64>(to + i, w);
  }
  return (seen & HIGH_BITS) == 0;
}

/**
 * Packs the strings of the n selected rows into `out` in blocks of 1,024 bytes that no string crosses; `at[row]` (u32) is where a row's string begins,
 * 0xffffffff when it is NULL, long or not ASCII. `out` has room for `room` bytes and 8 more; rows that do not fit get 0xffffffff.
 */
export function packText(values: usize, validity: usize, sel: usize, n: u32, out: usize, room: u32, at: usize): void {
  let pos: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(sel + ((i as usize) << 2));
    const slot = at + ((row as usize) << 2);
    store<u32>(slot, 0xffffffff);
    if (validity != 0 && ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) == 0) continue;
    const v = values + ((row as usize) << 3);
    const len = load<u32>(v, 4);
    if (len > LENGTH_MAX) continue;
    if ((pos & (BLOCK - 1)) + len > BLOCK) pos = (pos + BLOCK - 1) & ~(BLOCK - 1);
    if (pos + len > room) return blank(sel, i + 1, n, at);
    if (!copyAscii(out + pos, load<u32>(v) as usize, len)) continue;
    store<u32>(slot, pos);
    pos += len;
  }
}

function blank(sel: usize, from: u32, n: u32, at: usize): void {
  for (let i = from; i < n; i++) store<u32>(at + ((load<u32>(sel + ((i as usize) << 2)) as usize) << 2), 0xffffffff);
}
