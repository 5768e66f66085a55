/**
 * The bytes of a MAP<STRING, BYTES> value: a count, then for each entry key length, key, value length, value; numbers are zigzag varints, -1 the length of NULL.
 * This is how Kafka writes a record's headers.
 */
export type ByteMap = Map<string | null, Uint8Array | null>;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Where a key stands several times, the last entry counts. Values are copies. */
export function decodeMap(bytes: Uint8Array): ByteMap {
  const map: ByteMap = new Map();
  let at = 0;
  const varint = (): number => {
    let v = 0;
    for (let shift = 0; ; shift += 7) {
      const b = bytes[at++];
      v |= (b & 0x7f) << shift;
      if (b < 0x80) return (v >>> 1) ^ -(v & 1);
    }
  };
  const part = (): Uint8Array | null => {
    const n = varint();
    if (n < 0) return null;
    at += n;
    return bytes.slice(at - n, at);
  };
  for (let left = varint(); left > 0; left--) {
    const key = part();
    map.set(key === null ? null : decoder.decode(key), part());
  }
  return map;
}

/** undefined when a key is no string or NULL, or a value is neither bytes nor NULL. */
export function encodeMap(map: Iterable<readonly [unknown, unknown]>): Uint8Array | undefined {
  const out: number[] = [];
  const varint = (n: number): void => {
    let u = ((n << 1) ^ (n >> 31)) >>> 0;
    for (; u >= 0x80; u >>>= 7) out.push((u & 0x7f) | 0x80);
    out.push(u);
  };
  const entries = [...map];
  varint(entries.length);
  for (const [k, v] of entries) {
    const key = typeof k === 'string' ? new TextEncoder().encode(k) : k;
    for (const part of [key, v ?? null]) {
      if (part !== null && !(part instanceof Uint8Array)) return undefined;
      varint(part === null ? -1 : part.length);
      if (part !== null) for (const b of part) out.push(b);
    }
  }
  return Uint8Array.from(out);
}
