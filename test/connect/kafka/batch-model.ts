/** A plain-JS decoder of RecordBatch v2 bytes, straight from Kafka's documentation: what the kernel must give for any bytes. */
import { crc32cModel } from './batches.js';

export interface ModelRow {
  readonly offset: bigint;
  readonly time: bigint;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}
export type ModelEnd = 'empty' | 'partial' | 'corrupt' | 'magic' | 'codec';

/** Reads numbers and throws behind the end. */
class Input {
  at: number;
  readonly end: number;
  readonly b: Uint8Array;
  constructor(b: Uint8Array, at: number, end: number) {
    this.b = b;
    this.at = at;
    this.end = end;
  }
  byte(): number {
    if (this.at >= this.end) throw new RangeError('end');
    return this.b[this.at++];
  }
  bytes(n: number): Uint8Array {
    if (n < 0 || n > this.end - this.at) throw new RangeError('end');
    this.at += n;
    return this.b.subarray(this.at - n, this.at);
  }
  uvarint(bits: number): bigint {
    let v = 0n;
    for (let shift = 0n; shift < BigInt(bits); shift += 7n) {
      const x = this.byte();
      v |= BigInt(x & 127) << shift;
      if (x < 128) {
        if (v >= 1n << BigInt(bits)) throw new RangeError('too long');
        return v;
      }
    }
    throw new RangeError('does not end');
  }
  varint(): number {
    const v = this.uvarint(32);
    return Number(BigInt.asIntN(32, (v >> 1n) ^ -(v & 1n)));
  }
  varlong(): bigint {
    const v = this.uvarint(64);
    return BigInt.asIntN(64, (v >> 1n) ^ -(v & 1n));
  }
  /** A length and its bytes; null below 0. */
  maybe(): Uint8Array | null {
    const n = this.varint();
    return n < 0 ? null : this.bytes(n);
  }
}

function records(i: Input, count: number, lastDelta: number, base: bigint, baseTime: bigint, appendTime: boolean, rows: ModelRow[]): boolean {
  try {
    for (let n = 0; n < count; n++) {
      const length = i.varint();
      if (length < 0 || length > i.end - i.at) return false;
      const r = new Input(i.b, i.at, i.at + length);
      r.byte();
      const time = r.varlong();
      const delta = r.varint();
      if (delta < 0 || delta > lastDelta) return false;
      const key = r.maybe();
      const value = r.maybe();
      const end = r.end;
      const headers = r.varint();
      if (headers < 0) return false;
      for (let h = 0; h < headers; h++) {
        r.bytes(r.varint());
        r.maybe();
      }
      if (r.at !== end) return false;
      i.at = end;
      rows.push({ offset: base + BigInt(delta), time: appendTime ? baseTime : BigInt.asIntN(64, baseTime + time), key, value });
    }
    return true;
  } catch {
    return false;
  }
}

/** All rows before the end, and how it ended. */
export function decodeModel(b: Uint8Array, checkCrc: boolean): { rows: ModelRow[]; end: ModelEnd } {
  const rows: ModelRow[] = [];
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  for (let at = 0; at < b.length; ) {
    const left = b.length - at;
    if (left < 17) return { rows, end: 'partial' };
    if (b[at + 16] !== 2) return { rows, end: 'magic' };
    const base = v.getBigInt64(at);
    const length = v.getInt32(at + 8);
    if (length < 49 || base < 0n) return { rows, end: 'corrupt' };
    if (length > left - 12) return { rows, end: 'partial' };
    const end = at + 12 + length;
    if (checkCrc && crc32cModel(b.subarray(at + 21, end)) !== v.getUint32(at + 17)) return { rows, end: 'corrupt' };
    const attributes = v.getUint16(at + 21);
    const lastDelta = v.getInt32(at + 23);
    const count = v.getInt32(at + 57);
    if (lastDelta < 0 || count < 0 || base + BigInt(lastDelta) + 1n >= 2n ** 63n) return { rows, end: 'corrupt' };
    if ((attributes & 32) === 0 && count > 0) {
      const codec = attributes & 7;
      let input = new Input(b, at + 61, end);
      if (codec === 2 || codec === 3) {
        const inflated = (codec === 2 ? snappyModel : lz4Model)(b.subarray(at + 61, end));
        if (inflated === undefined) return { rows, end: 'corrupt' };
        input = new Input(inflated, 0, inflated.length);
      } else if (codec !== 0) return { rows, end: 'codec' };
      const appendTime = (attributes & 8) !== 0;
      if (!records(input, count, lastDelta, base, v.getBigInt64(at + (appendTime ? 35 : 27)), appendTime, rows)) return { rows, end: 'corrupt' };
    }
    at = end;
  }
  return { rows, end: 'empty' };
}

/** Bytes that a model makes at most: mutated lengths may ask for anything. */
const MODEL_BYTES_MAX = 1 << 24;

function repeat(out: number[], from: number, distance: number, n: number, limit: number): boolean {
  if (distance === 0 || distance > out.length - from || n > limit - out.length) return false;
  for (; n > 0; n--) out.push(out[out.length - distance]);
  return true;
}

function snappyBlock(i: Input, out: number[]): boolean {
  const length = Number(i.uvarint(35));
  if (length > MODEL_BYTES_MAX) return false;
  const from = out.length;
  const limit = from + length;
  while (i.at < i.end) {
    const tag = i.byte();
    const kind = tag & 3;
    let n = (tag >> 2) + 1;
    if (kind === 0) {
      if (n > 60) {
        const size = i.bytes(n - 60);
        n = size.reduce((sum, x, k) => sum + x * 2 ** (8 * k), 0) + 1;
      }
      if (n > limit - out.length) return false;
      for (const x of i.bytes(n)) out.push(x);
      continue;
    }
    let distance: number;
    if (kind === 1) {
      n = ((tag >> 2) & 7) + 4;
      distance = ((tag >> 5) << 8) | i.byte();
    } else distance = i.bytes(kind === 2 ? 2 : 4).reduce((sum, x, k) => sum + x * 2 ** (8 * k), 0);
    if (!repeat(out, from, distance, n, limit)) return false;
  }
  return out.length === limit;
}

const SNAPPY_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0];
const startsStream = (b: Uint8Array, at: number): boolean => b.length - at >= 16 && SNAPPY_MAGIC.every((x, k) => b[at + k] === x);

function snappyModel(b: Uint8Array): Uint8Array | undefined {
  const out: number[] = [];
  try {
    if (!startsStream(b, 0)) return snappyBlock(new Input(b, 0, b.length), out) ? Uint8Array.from(out) : undefined;
    const i = new Input(b, 16, b.length);
    while (i.at < i.end) {
      if (startsStream(b, i.at)) {
        i.bytes(16);
        continue;
      }
      const n = i.bytes(4).reduce((sum, x) => sum * 256 + x, 0);
      const chunk = i.bytes(n);
      if (!snappyBlock(new Input(chunk, 0, chunk.length), out)) return undefined;
    }
    return Uint8Array.from(out);
  } catch {
    return undefined;
  }
}

function lz4Model(b: Uint8Array): Uint8Array | undefined {
  const out: number[] = [];
  try {
    const i = new Input(b, 0, b.length);
    const u32 = (): number => i.bytes(4).reduce((sum, x, k) => sum + x * 2 ** (8 * k), 0);
    if (u32() !== 0x184d2204) return undefined;
    const flags = i.byte();
    const size = i.byte();
    if (flags >> 6 !== 1 || (flags & 3) !== 0 || size < 64 || (size & 0x8f) !== 0) return undefined;
    i.bytes((flags & 8) !== 0 ? 9 : 1);
    const max = 2 ** (8 + 2 * (size >> 4));
    for (;;) {
      const word = u32();
      if (word === 0) return Uint8Array.from(out);
      const n = word % 2 ** 31;
      if (n === 0 || n > max) return undefined;
      const block = new Input(i.bytes(n), 0, n);
      if ((flags & 16) !== 0) i.bytes(4);
      const limit = out.length + max;
      if (word >= 2 ** 31) for (const x of block.bytes(n)) out.push(x);
      else if (!lz4Block(block, out, limit)) return undefined;
    }
  } catch {
    return undefined;
  }
}

function lz4Block(i: Input, out: number[], limit: number): boolean {
  const long = (n: number): number => {
    if (n < 15) return n;
    for (let x = 255; x === 255; n += x) x = i.byte();
    return n;
  };
  while (i.at < i.end) {
    const token = i.byte();
    const n = long(token >> 4);
    if (n > limit - out.length) return false;
    for (const x of i.bytes(n)) out.push(x);
    if (i.at === i.end) return true;
    const distance = i.byte() + 256 * i.byte();
    if (!repeat(out, 0, distance, long(token & 15) + 4, limit)) return false;
  }
  return false;
}
