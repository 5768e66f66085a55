// Snappy as snappy-java streams it (github.com/google/snappy format_description.txt): a 16-byte header, then { u32 length, block } big
// endian. Greedy: a table of the last place of each hash of four bytes, steps that grow where nothing matches, as in Google's encoder.

const STREAM_MAGIC: u64 = 0x00595050_414e5382;
/** Bytes of input that a block holds: snappy-java's default. All distances fit in two bytes. */
const BLOCK: usize = 32 << 10;
const HASH_BITS: u32 = 14;
const HASH: u32 = 0x1e35_a7bd;

/** Bytes that `bytes` bytes may become at most. */
export function snappyBytesMax(bytes: usize): usize {
  const blocks = bytes / BLOCK + 1;
  return 16 + bytes + bytes / 6 + blocks * 40;
}

/** Bytes of the table that the encoder needs. */
export function snappyTableBytes(): usize {
  return (2 as usize) << HASH_BITS;
}

/** Deflates to dst, where snappyBytesMax bytes have room; `table` has snappyTableBytes. Returns how many bytes it made. */
export function snappyDeflate(src: usize, bytes: usize, dst: usize, table: usize): usize {
  store<u64>(dst, STREAM_MAGIC);
  store<u32>(dst, bswap<u32>(1), 8);
  store<u32>(dst, bswap<u32>(1), 12);
  let to = dst + 16;
  for (let at: usize = 0; at < bytes; at += BLOCK) {
    const n = min<usize>(BLOCK, bytes - at);
    const end = block(src + at, n, to + 4, table);
    store<u32>(to, bswap<u32>((end - to - 4) as u32));
    to = end;
  }
  return to - dst;
}

// @ts-ignore: decorator
@inline
function slot(table: usize, word: u32): usize {
  return table + (((word * HASH) >>> (32 - HASH_BITS)) << 1) as usize;
}

function literal(to: usize, from: usize, n: usize): usize {
  if (n == 0) return to;
  const size = n - 1;
  if (size < 60) {
    store<u8>(to++, size << 2);
  } else if (size < 256) {
    store<u8>(to, 60 << 2);
    store<u8>(to, size, 1);
    to += 2;
  } else {
    store<u8>(to, 61 << 2);
    store<u16>(to, size as u16, 1);
    to += 3;
  }
  memory.copy(to, from, n);
  return to + n;
}

/** A copy of n bytes from `distance` back, in pieces of at most 64 and at least 4. */
function copy(to: usize, distance: usize, n: usize): usize {
  while (n >= 68) {
    store<u8>(to, (63 << 2) | 2);
    store<u16>(to, distance as u16, 1);
    to += 3;
    n -= 64;
  }
  if (n > 64) {
    store<u8>(to, (59 << 2) | 2);
    store<u16>(to, distance as u16, 1);
    to += 3;
    n -= 60;
  }
  if (n < 12 && distance < 2048) {
    store<u8>(to, 1 | ((n - 4) << 2) | ((distance >> 8) << 5));
    store<u8>(to, distance, 1);
    return to + 2;
  }
  store<u8>(to, ((n - 1) << 2) | 2);
  store<u16>(to, distance as u16, 1);
  return to + 3;
}

/** One block of n > 0 bytes. Returns where it ends. */
function block(src: usize, n: usize, to: usize, table: usize): usize {
  let size = n;
  for (; size >= 0x80; size >>= 7) store<u8>(to++, size | 0x80);
  store<u8>(to++, size);
  if (n < 16) return literal(to, src, n);
  memory.fill(table, 0, snappyTableBytes());
  const end = src + n;
  const last = end - 15; // eight bytes can be loaded from wherever a match is looked for
  let next = src; // the first byte that is not written yet
  let p = src + 1;
  let misses: usize = 32;
  while (p < last) {
    const word = load<u32>(p);
    const s = slot(table, word);
    const candidate = src + (load<u16>(s) as usize);
    store<u16>(s, (p - src) as u16);
    if (load<u32>(candidate) != word || candidate >= p) {
      p += misses++ >> 5;
      continue;
    }
    misses = 32;
    let m = p + 4;
    let c = candidate + 4;
    while (m + 8 <= end) {
      const differ = load<u64>(m) ^ load<u64>(c);
      if (differ != 0) { m += (ctz<u64>(differ) >> 3) as usize; break; }
      m += 8;
      c += 8;
    }
    if (m + 8 > end) { c = m - (p - candidate); while (m < end && load<u8>(m) == load<u8>(c)) { m++; c++; } }
    to = copy(literal(to, next, p - next), p - candidate, m - p);
    next = m;
    if (m < last) store<u16>(slot(table, load<u32>(m - 1)), (m - 1 - src) as u16);
    p = m;
  }
  return literal(to, next, end - next);
}
