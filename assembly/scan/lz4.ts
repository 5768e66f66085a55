// LZ4 frames as Kafka's clients write them (github.com/lz4/lz4 doc/lz4_Frame_format.md, lz4_Block_format.md): one frame without a dictionary; like
// Kafka's reader, what stands behind its end mark is ignored. The frame's xxHash sums are passed over: the batch's CRC covers all bytes.
// Input is never trusted: damage ends in -1, never a trap.
import { copyLiteral, copyMatch } from "./copy";

const MAGIC: u32 = 0x184d2204;
const FLAG_DICTIONARY: u32 = 1;
const FLAG_RESERVED: u32 = 2;
const FLAG_CONTENT_SIZE: u32 = 8;
const FLAG_BLOCK_SUM: u32 = 16;
const RAW_BLOCK: u32 = 0x8000_0000;
const BYTES_MAX: u64 = 0x7000_0000;
/** A length of the format that is no length: it does not end, or is absurd. */
const BAD: usize = usize.MAX_VALUE;

/** Bytes of the frame's header; 0 = damaged. */
function headerBytes(src: usize, bytes: usize): usize {
  if (bytes < 7 || load<u32>(src) != MAGIC) return 0;
  const flags = load<u8>(src, 4) as u32;
  const size = load<u8>(src, 5) as u32;
  if (flags >> 6 != 1 || (flags & (FLAG_DICTIONARY | FLAG_RESERVED)) != 0 || size < 64 || (size & 0x8f) != 0) return 0;
  const n: usize = (flags & FLAG_CONTENT_SIZE) != 0 ? 15 : 7;
  return n <= bytes ? n : 0;
}

/** Bytes of the largest block the frame may hold: 64 KiB to 4 MiB. */
// @ts-ignore: decorator
@inline
function blockMax(src: usize): usize {
  return (1 as usize) << ((8 + 2 * (load<u8>(src, 5) as usize >> 4)) as usize);
}

/** Bytes that the frame can inflate to at most; -1 = damaged. */
export function lz4Length(src: usize, bytes: usize): i32 {
  const head = headerBytes(src, bytes);
  if (head == 0) return -1;
  const max = blockMax(src);
  const sum: usize = (load<u8>(src, 4) & FLAG_BLOCK_SUM) != 0 ? 4 : 0;
  const end = src + bytes;
  let p = src + head;
  let total: u64 = 0;
  while (end - p >= 4) {
    const word = load<u32>(p);
    p += 4;
    if (word == 0) return total as i32;
    const size = (word & ~RAW_BLOCK) as usize;
    if (size == 0 || size > max || end - p < size + sum) return -1;
    // a byte of input is at most 255 bytes of a match
    total += (word & RAW_BLOCK) != 0 ? (size as u64) : min<u64>(max as u64, (size as u64) * 255);
    if (total > BYTES_MAX) total = BYTES_MAX;
    p += size + sum;
  }
  return -1;
}

/** Inflates into at most `capacity` bytes at dst. Returns how many; -1 = damaged, or more than that. */
export function lz4Inflate(src: usize, bytes: usize, dst: usize, capacity: usize): i32 {
  const head = headerBytes(src, bytes);
  if (head == 0) return -1;
  const max = blockMax(src);
  const sum: usize = (load<u8>(src, 4) & FLAG_BLOCK_SUM) != 0 ? 4 : 0;
  const end = src + bytes;
  let p = src + head;
  let to = dst;
  while (end - p >= 4) {
    const word = load<u32>(p);
    p += 4;
    if (word == 0) return (to - dst) as i32;
    const size = (word & ~RAW_BLOCK) as usize;
    if (size == 0 || size > max || end - p < size + sum) return -1;
    const room = min<usize>(max, capacity - (to - dst));
    if ((word & RAW_BLOCK) != 0) {
      if (size > room) return -1;
      memory.copy(to, p, size);
      to += size;
    } else {
      const n = block(p, p + size, dst, to, to + room);
      if (n < 0) return -1;
      to += n as usize;
    }
    p += size + sum;
  }
  return -1;
}

/** A length that goes on in bytes at [p, end) behind a nibble of 15; BAD = it does not end. It took (n - 15) / 255 + 1 of them. */
function longLength(p: usize, end: usize): usize {
  let n: usize = 15;
  while (p < end) {
    const b = load<u8>(p++) as usize;
    n += b;
    if (b != 255) return n;
  }
  return BAD;
}

/** One block of [p, end) behind what was inflated since `first`: blocks may refer to those before them. -1 = damaged. */
function block(p: usize, end: usize, first: usize, dst: usize, toEnd: usize): i32 {
  let to = dst;
  while (p < end) {
    const token = load<u8>(p++) as usize;
    let n = token >> 4;
    if (n == 15) {
      n = longLength(p, end);
      if (n == BAD) return -1;
      p += (n - 15) / 255 + 1;
    }
    if (n > end - p || n > toEnd - to) return -1;
    copyLiteral(to, p, n, toEnd, end);
    p += n;
    to += n;
    if (p == end) return (to - dst) as i32; // the last sequence has literals only
    if (end - p < 2) return -1;
    const distance = load<u16>(p) as usize;
    p += 2;
    n = token & 15;
    if (n == 15) {
      n = longLength(p, end);
      if (n == BAD) return -1;
      p += (n - 15) / 255 + 1;
    }
    n += 4;
    if (distance == 0 || distance > to - first || n > toEnd - to) return -1;
    copyMatch(to, distance, n, toEnd);
    to += n;
  }
  return -1;
}
