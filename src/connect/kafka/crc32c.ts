const table = new Uint32Array(4 * 256);
for (let i = 0; i < 256; i++) {
  let c = i;
  for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  table[i] = c;
}
for (let i = 0; i < 256; i++) {
  for (let t = 1; t < 4; t++) table[t * 256 + i] = table[table[(t - 1) * 256 + i] & 0xff] ^ (table[(t - 1) * 256 + i] >>> 8);
}

/** CRC-32C (Castagnoli) of bytes on the I/O thread, by four look-ups a word: compressed batches are checked before they are inflated. */
export function crc32cBytes(data: Uint8Array, from: number, to: number): number {
  let c = 0xffffffff;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    c ^= data[i] | (data[i + 1] << 8) | (data[i + 2] << 16) | (data[i + 3] << 24);
    c = table[768 + (c & 0xff)] ^ table[512 + ((c >>> 8) & 0xff)] ^ table[256 + ((c >>> 16) & 0xff)] ^ table[c >>> 24];
  }
  for (; i < to; i++) c = table[(c ^ data[i]) & 0xff] ^ (c >>> 8);
  return ~c >>> 0;
}
