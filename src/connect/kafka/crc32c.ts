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

const POLY = 0x82f63b78;

/** a x b in GF(2)[x] modulo the polynomial, bits reflected. */
function multiply(a: number, b: number): number {
  let r = 0;
  for (let m = 0x80000000; m !== 0; m >>>= 1) {
    if ((a & m) !== 0) r ^= b;
    b = (b & 1) !== 0 ? (b >>> 1) ^ POLY : b >>> 1;
  }
  return r >>> 0;
}

/** x^(8 * 2^i) modulo the polynomial, by i: bases of powers. */
const powers: number[] = [0x00800000];
for (let i = 1; i < 32; i++) powers.push(multiply(powers[i - 1], powers[i - 1]));

/** The CRC-32C of two runs of bytes together, from theirs and the second one's length: the first sum moves over as many zero bytes (zlib's crc32_combine). */
export function crc32cJoined(first: number, second: number, secondBytes: number): number {
  let factor = 0x80000000; // 1
  for (let i = 0; 2 ** i <= secondBytes; i++) if ((Math.floor(secondBytes / 2 ** i) & 1) !== 0) factor = multiply(powers[i], factor);
  return (multiply(first, factor) ^ second) >>> 0;
}
