import type { FetchedPartition } from '#src/connect/kafka/fetch-response.js';

/** Partitions of one topic and their records. */
export type Topic = readonly (readonly [FetchedPartition, Uint8Array])[];

/** A Fetch response's bytes, by its documented layout. */
export function responseBytes(version: number, topics: readonly Topic[], { errorCode = 0, throttleMs = 9 } = {}): Buffer {
  const out: number[] = [];
  const i = (bytes: number, v: bigint): void => {
    for (let k = bytes - 1; k >= 0; k--) out.push(Number((v >> BigInt(8 * k)) & 255n));
  };
  i(4, BigInt(throttleMs));
  if (version >= 7) {
    i(2, BigInt(errorCode));
    i(4, 42n);
  }
  i(4, BigInt(topics.length));
  for (const t of topics) {
    const name = Buffer.from(t[0][0].topic);
    i(2, BigInt(name.length));
    out.push(...name);
    i(4, BigInt(t.length));
    for (const [p, records] of t) {
      i(4, BigInt(p.partition));
      i(2, BigInt(p.errorCode));
      i(8, p.highWatermark);
      i(8, 0n);
      if (version >= 5) i(8, 0n);
      i(4, BigInt(p.aborted.length));
      for (const a of p.aborted) {
        i(8, a.producerId);
        i(8, a.firstOffset);
      }
      if (version >= 11) i(4, BigInt(p.preferredReplica));
      i(4, BigInt(records.length));
      out.push(...records);
    }
  }
  return Buffer.from(out);
}
