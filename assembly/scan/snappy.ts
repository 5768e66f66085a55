// Snappy as Kafka's clients write it (github.com/google/snappy format_description.txt): snappy-java's stream, { 16-byte header, then
// { u32 length, block } big endian }, or one bare block, as librdkafka sends it. Input is never trusted: damage ends in -1, never a trap.
import { copyLiteral, copyMatch } from "./copy";

const STREAM_HEADER: usize = 16;
/** "\x82SNAPPY\0", and its first word as a chunk length: a stream that follows another one. */
const STREAM_MAGIC: u64 = 0x00595050_414e5382;
const STREAM_MAGIC_WORD: u32 = 0x414e5382;
const BYTES_MAX: u64 = 0x7000_0000;

/** The block's uncompressed length << 8 | bytes that say so; 0 = damaged. */
function preamble(p: usize, end: usize): u64 {
  let value: u64 = 0;
  for (let n: u64 = 0; n < 5; n++) {
    if (p >= end) return 0;
    const b = load<u8>(p++) as u64;
    value |= (b & 0x7f) << (n * 7);
    if (b < 0x80) return value > BYTES_MAX ? 0 : (value << 8) | (n + 1);
  }
  return 0;
}

function isStream(src: usize, bytes: usize): bool {
  return bytes >= STREAM_HEADER && load<u64>(src) == STREAM_MAGIC;
}

/** Bytes that the input inflates to, by its own account; -1 = damaged. */
export function snappyLength(src: usize, bytes: usize): i32 {
  const end = src + bytes;
  if (!isStream(src, bytes)) {
    const v = preamble(src, end);
    return v == 0 ? -1 : (v >> 8) as i32;
  }
  let total: u64 = 0;
  let p = src + STREAM_HEADER;
  while (p != end) {
    if (end - p < 4) return -1;
    if (load<u32>(p) == STREAM_MAGIC_WORD && isStream(p, end - p)) { p += STREAM_HEADER; continue; }
    const chunk = bswap<u32>(load<u32>(p)) as usize;
    p += 4;
    if (chunk > end - p) return -1;
    const v = preamble(p, p + chunk);
    if (v == 0) return -1;
    total += v >> 8;
    if (total > BYTES_MAX) return -1;
    p += chunk;
  }
  return total as i32;
}

/** Inflates into at most `capacity` bytes at dst. Returns how many; -1 = damaged. */
export function snappyInflate(src: usize, bytes: usize, dst: usize, capacity: usize): i32 {
  const end = src + bytes;
  if (!isStream(src, bytes)) return block(src, end, dst, capacity);
  let p = src + STREAM_HEADER;
  let to = dst;
  while (p != end) {
    if (end - p < 4) return -1;
    if (load<u32>(p) == STREAM_MAGIC_WORD && isStream(p, end - p)) { p += STREAM_HEADER; continue; }
    const chunk = bswap<u32>(load<u32>(p)) as usize;
    p += 4;
    if (chunk > end - p) return -1;
    const n = block(p, p + chunk, to, capacity - (to - dst));
    if (n < 0) return -1;
    to += n as usize;
    p += chunk;
  }
  return (to - dst) as i32;
}

/** One block of [p, end). Returns its bytes, which are as many as it says; -1 = damaged. */
function block(p: usize, end: usize, dst: usize, capacity: usize): i32 {
  const v = preamble(p, end);
  if (v == 0) return -1;
  const length = (v >> 8) as usize;
  if (length > capacity) return -1;
  p += (v & 0xff) as usize;
  const toEnd = dst + length;
  let to = dst;
  while (p < end) {
    const tag = load<u8>(p++) as usize;
    let n = (tag >> 2) + 1;
    if ((tag & 3) == 0) {
      if (n > 60) {
        const extra = n - 60;
        if (end - p < extra) return -1;
        let size: u32 = 0;
        for (let i: usize = 0; i < extra; i++) size |= (load<u8>(p + i) as u32) << ((i * 8) as u32);
        p += extra;
        if (size >= 0x7fff_ffff) return -1;
        n = (size as usize) + 1;
      }
      if (n > end - p || n > toEnd - to) return -1;
      copyLiteral(to, p, n, toEnd, end);
      p += n;
      to += n;
      continue;
    }
    let distance: usize;
    if ((tag & 3) == 1) {
      if (p == end) return -1;
      n = ((tag >> 2) & 7) + 4;
      distance = ((tag >> 5) << 8) | (load<u8>(p++) as usize);
    } else if ((tag & 3) == 2) {
      if (end - p < 2) return -1;
      distance = load<u16>(p) as usize;
      p += 2;
    } else {
      if (end - p < 4) return -1;
      distance = load<u32>(p) as usize;
      p += 4;
    }
    if (distance == 0 || distance > to - dst || n > toEnd - to) return -1;
    copyMatch(to, distance, n, toEnd);
    to += n;
  }
  return to == toEnd ? length as i32 : -1;
}
