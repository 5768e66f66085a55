import { createRequire } from 'node:module';
import { BATCH_V2_HEADER_BYTES } from '#abi';

export type Crc32c = (bytes: Buffer) => number;

let found: { readonly crc32c: Crc32c | undefined } | undefined;

/** CRC-32C by the processor's own instruction, where the user installed @node-rs/crc32 beside millrace; looked for once per thread. */
export function nativeCrc32c(load: (name: string) => unknown = createRequire(import.meta.url)): Crc32c | undefined {
  if (found === undefined) {
    try {
      const { crc32c } = load('@node-rs/crc32') as { crc32c?: Crc32c };
      // a package of that name that sums otherwise is not used
      found = { crc32c: crc32c?.(Buffer.from('123456789')) === 0xe3069283 ? crc32c : undefined };
    } catch {
      found = { crc32c: undefined };
    }
  }
  return found.crc32c;
}

/**
 * Whether the CRCs of all whole batches in [start, end) hold. False also where lengths make no sense: the kernel looks again and says
 * which batch it is.
 */
export function crcsHold(crc32c: Crc32c, bytes: Uint8Array, start: number, end: number): boolean {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start; end - at >= BATCH_V2_HEADER_BYTES; ) {
    const next = at + 12 + b.readInt32BE(at + 8);
    if (next - at < BATCH_V2_HEADER_BYTES) return false;
    if (next > end) return true;
    if (crc32c(b.subarray(at + 21, next)) !== b.readUInt32BE(at + 17)) return false;
    at = next;
  }
  return true;
}
