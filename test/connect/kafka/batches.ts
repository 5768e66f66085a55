/** A plain-JS writer of RecordBatch v2 bytes, and its model of what a reader must give. */
export interface TestRecord {
  key: Uint8Array | null;
  value: Uint8Array | null;
  timeDelta: bigint;
  offsetDelta: number;
  headers: readonly (readonly [string, Uint8Array | null])[];
}

export interface TestBatch {
  baseOffset: bigint;
  baseTime: bigint;
  maxTime: bigint;
  /** codec in bits 0-2, LogAppendTime 8, transactional 16, control 32 */
  attributes: number;
  leaderEpoch: number;
  producerId: bigint;
  lastOffsetDelta: number;
  records: readonly TestRecord[];
}

export const EMPTY_BATCH: TestBatch = {
  baseOffset: 0n,
  baseTime: 0n,
  maxTime: 0n,
  attributes: 0,
  leaderEpoch: 0,
  producerId: -1n,
  lastOffsetDelta: 0,
  records: [],
};

function zigzag(value: bigint): number[] {
  let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const out: number[] = [];
  while (raw >= 0x80n) {
    out.push(Number(raw & 0x7fn) | 0x80);
    raw >>= 7n;
  }
  out.push(Number(raw));
  return out;
}

/** A length and the bytes; -1 for null. */
function bytes(b: Uint8Array | null): number[] {
  return b === null ? zigzag(-1n) : [...zigzag(BigInt(b.length)), ...b];
}

export function recordBytes(r: TestRecord): number[] {
  const body = [0, ...zigzag(r.timeDelta), ...zigzag(BigInt(r.offsetDelta)), ...bytes(r.key), ...bytes(r.value), ...zigzag(BigInt(r.headers.length))];
  for (const [k, v] of r.headers) body.push(...bytes(new TextEncoder().encode(k)), ...bytes(v));
  return [...zigzag(BigInt(body.length)), ...body];
}

/** Bitwise, straight from the definition. */
export function crc32cModel(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of data) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  }
  return ~c >>> 0;
}

/** `payload` replaces the encoded records, for compressed batches. */
export function batchBytes(b: TestBatch, payload: Uint8Array = Uint8Array.from(b.records.flatMap(recordBytes))): Uint8Array {
  const out = new Uint8Array(61 + payload.length);
  const v = new DataView(out.buffer);
  v.setBigInt64(0, b.baseOffset);
  v.setInt32(8, 49 + payload.length);
  v.setInt32(12, b.leaderEpoch);
  v.setInt8(16, 2);
  v.setInt16(21, b.attributes);
  v.setInt32(23, b.lastOffsetDelta);
  v.setBigInt64(27, b.baseTime);
  v.setBigInt64(35, b.maxTime);
  v.setBigInt64(43, b.producerId);
  v.setInt16(51, 0);
  v.setInt32(53, -1);
  v.setInt32(57, b.records.length);
  out.set(payload, 61);
  v.setUint32(17, crc32cModel(out.subarray(21)));
  return out;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
