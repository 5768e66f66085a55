// LZ4 frames as Kafka's clients read them (github.com/lz4/lz4 doc/lz4_Frame_format.md, lz4_Block_format.md): independent blocks of at most
// 64 KiB without sums. Greedy, with a table of the last place of each hash of four bytes, as LZ4's fast encoder.

const MAGIC: u32 = 0x184d2204;
/** Version 1, independent blocks; blocks of 64 KiB; the byte that sums the two (xxHash32 of 0x60 0x40, second byte). */
const FLAGS: u32 = 0x60;
const BLOCK_SIZE: u32 = 0x40;
const HEADER_SUM: u32 = 0x82;
const RAW_BLOCK: u32 = 0x8000_0000;
const BLOCK: usize = 64 << 10;
const HASH_BITS: u32 = 14;
const HASH: u32 = 2654435761;
/** The format's ends: the last match begins so far before the end, and the last bytes are literals. */
const MATCH_LAST: usize = 12;
const LITERALS_LAST: usize = 5;

/** Bytes that `bytes` bytes may become at most. */
export function lz4BytesMax(bytes: usize): usize {
  return 15 + bytes + bytes / 255 + (bytes / BLOCK + 1) * 24;
}

/** Bytes of the table that the encoder needs. */
export function lz4TableBytes(): usize {
  return (2 as usize) << HASH_BITS;
}

/** Deflates to dst, where lz4BytesMax bytes have room; `table` has lz4TableBytes. Returns how many bytes it made. */
export function lz4Deflate(src: usize, bytes: usize, dst: usize, table: usize): usize {
  store<u32>(dst, MAGIC);
  store<u32>(dst, FLAGS | (BLOCK_SIZE << 8) | (HEADER_SUM << 16), 4);
  let to = dst + 7;
  for (let at: usize = 0; at < bytes; at += BLOCK) {
    const n = min<usize>(BLOCK, bytes - at);
    const end = block(src + at, n, to + 4, table);
    let size = (end - to - 4) as u32;
    if (size >= (n as u32)) {
      memory.copy(to + 4, src + at, n);
      size = (n as u32) | RAW_BLOCK;
      to += n + 4;
    } else {
      to = end;
    }
    store<u32>(to - ((size & ~RAW_BLOCK) as usize) - 4, size);
  }
  store<u32>(to, 0);
  return to + 4 - dst;
}

/** What a nibble of 15 does not say of a length: bytes of 255 and a last one. */
function longLength(to: usize, n: usize): usize {
  for (; n >= 255; n -= 255) store<u8>(to++, 255);
  store<u8>(to, n);
  return to + 1;
}

/** Literals [from, from + n), and a match of `length` bytes unless it is 0. */
function sequence(to: usize, from: usize, n: usize, distance: usize, length: usize): usize {
  const token = to++;
  const more: usize = length == 0 ? 0 : length - 4;
  store<u8>(token, (min<usize>(n, 15) << 4) | min<usize>(more, 15));
  if (n >= 15) to = longLength(to, n - 15);
  memory.copy(to, from, n);
  to += n;
  if (length == 0) return to;
  store<u16>(to, distance as u16);
  to += 2;
  return more >= 15 ? longLength(to, more - 15) : to;
}

/** One block of n > 0 bytes. Returns where it ends. */
function block(src: usize, n: usize, to: usize, table: usize): usize {
  const end = src + n;
  let next = src; // the first byte that is not written yet
  if (n > MATCH_LAST) {
    memory.fill(table, 0, lz4TableBytes());
    const last = end - MATCH_LAST;
    const matchEnd = end - LITERALS_LAST;
    let p = src + 1;
    let misses: usize = 64;
    while (p <= last) {
      const word = load<u32>(p);
      const s = table + (((word * HASH) >>> (32 - HASH_BITS)) << 1) as usize;
      const candidate = src + (load<u16>(s) as usize);
      store<u16>(s, (p - src) as u16);
      if (load<u32>(candidate) != word || candidate >= p) {
        p += misses++ >> 6;
        continue;
      }
      misses = 64;
      let m = p + 4;
      while (m + 8 <= matchEnd) {
        const differ = load<u64>(m) ^ load<u64>(m - (p - candidate));
        if (differ != 0) { m += (ctz<u64>(differ) >> 3) as usize; break; }
        m += 8;
      }
      if (m + 8 > matchEnd) while (m < matchEnd && load<u8>(m) == load<u8>(m - (p - candidate))) m++;
      to = sequence(to, next, p - next, p - candidate, m - p);
      next = m;
      p = m;
    }
  }
  return sequence(to, next, end - next, 0, 0);
}
