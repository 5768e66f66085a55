import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { BATCH_V2_HEADER_BYTES, E_BATCH_CODEC, E_BATCH_CORRUPT, E_BATCH_MAGIC } from '#abi';
import type { ErrorPlace } from '../../base/errors.js';
import { KAFKA_INFLATED_BYTES_MAX } from '../../base/limits.js';
import { crc32cBytes } from './crc32c.js';
import { FRAME_HEADER_BYTES } from './frame.js';
import { batchError } from './record-cursor.js';

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const CODEC_GZIP = 1;
const CODEC_ZSTD = 4;
/** Node has zstd since 22.15 and 23.8. */
const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.gunzip };
const unzstd = zstdDecompress === undefined ? undefined : (promisify(zstdDecompress) as Inflate);
const INFLATE: Readonly<Record<number, Inflate | undefined>> = { [CODEC_GZIP]: promisify(zlib.gunzip) as Inflate, [CODEC_ZSTD]: unzstd };

/** Whether batches of a codec are inflated by node:zlib before they leave for a slot; slots inflate snappy and lz4 themselves. */
export function inflatedHere(codec: number): boolean {
  return codec === CODEC_GZIP || codec === CODEC_ZSTD;
}

/** A run of batches that leave as one frame: [start, end) of the memory, read by the slot, or one that is inflated here. */
export interface BatchRun {
  readonly start: number;
  readonly end: number;
  /** Kafka's codec number of a batch that is inflated here; else 0 */
  readonly codec: number;
  /** offset of the first batch, for messages */
  readonly offset: bigint;
}

export interface WalkResult {
  readonly runs: readonly BatchRun[];
  /** offset after the last whole batch; undefined when there was none */
  readonly next: bigint | undefined;
  /** a batch begins that the memory does not hold whole */
  readonly partial: boolean;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface WalkOptions {
  /** for read_committed */
  readonly aborted: readonly AbortedTransaction[];
  readonly place: ErrorPlace;
  /** bytes of a run, unless one batch is larger */
  readonly frameBytes: number;
}

/**
 * Looks at the headers of the batches in [start, end): where frames are cut, and with `aborted` (read_committed) which batches belong to
 * transactions that were rolled back. Only lengths are checked here; the records are read, with their CRC, by the slot. A damaged header
 * ends the walk; it is an error when no batch stands before it.
 */
export function walkBatches(b: Buffer, start: number, end: number, { aborted, place, frameBytes }: WalkOptions): WalkResult {
  const runs: BatchRun[] = [];
  const pending = [...aborted].sort((x, y) => (x.firstOffset < y.firstOffset ? -1 : 1));
  const rolledBack = new Set<bigint>();
  let next: bigint | undefined;
  let open: { start: number; offset: bigint } | undefined;
  let at = start;
  const cut = (): void => {
    if (open !== undefined) runs.push({ ...open, end: at, codec: 0 });
    open = undefined;
  };
  while (end - at >= 17) {
    const offset = b.readBigInt64BE(at);
    const length = b.readInt32BE(at + 8);
    const damage = b[at + 16] !== 2 ? E_BATCH_MAGIC : length < BATCH_V2_HEADER_BYTES - 12 || offset < 0n ? E_BATCH_CORRUPT : 0;
    if (damage !== 0) {
      if (next === undefined) throw batchError(damage, 0, { ...place, offset });
      break;
    }
    if (length > end - at - 12) break;
    const batchEnd = at + 12 + length;
    const attributes = b.readInt16BE(at + 21);
    const last = offset + BigInt(Math.max(0, b.readInt32BE(at + 23)));
    if (pending.length > 0 || rolledBack.size > 0) {
      const producer = b.readBigInt64BE(at + 43);
      while (pending.length > 0 && pending[0].firstOffset <= last) rolledBack.add((pending.shift() as AbortedTransaction).producerId);
      if ((attributes & 48) === 16 && rolledBack.has(producer)) {
        cut();
        at = batchEnd;
        next = last + 1n;
        continue;
      }
      if ((attributes & 32) !== 0 && isAbortMarker(b, at + BATCH_V2_HEADER_BYTES, batchEnd)) rolledBack.delete(producer);
    }
    if (inflatedHere(attributes & 7) && (attributes & 32) === 0) {
      cut();
      runs.push({ start: at, end: batchEnd, codec: attributes & 7, offset });
    } else {
      if (open !== undefined && batchEnd - open.start > frameBytes) cut();
      open ??= { start: at, offset };
    }
    at = batchEnd;
    next = last + 1n;
  }
  cut();
  return { runs, next, partial: at < end };
}

/** Whether a control batch's record says ABORT: its key is { i16 version, i16 type }, type 0. */
function isAbortMarker(b: Buffer, at: number, end: number): boolean {
  const skip = (): void => {
    while (at < end && b[at++] >= 0x80);
  };
  skip(); // length
  at++; // attributes
  skip(); // timestamp delta
  skip(); // offset delta
  skip(); // key length
  return at + 4 <= end && b.readInt16BE(at + 2) === 0;
}

/**
 * Inflates one gzip or zstd batch into an uncompressed one, with FRAME_HEADER_BYTES of room before it. Its CRC is checked first; the
 * new batch has none. Fails with KAFKA_UNSUPPORTED_CODEC where this Node has no zstd.
 */
export async function inflateBatch(b: Buffer, run: BatchRun, checkCrc: boolean, place: ErrorPlace): Promise<Buffer> {
  const here = { ...place, offset: run.offset };
  if (checkCrc && crc32cBytes(b, run.start + 21, run.end) !== b.readUInt32BE(run.start + 17)) throw batchError(E_BATCH_CORRUPT, 0, here);
  const inflate = INFLATE[run.codec];
  if (inflate === undefined) throw batchError(E_BATCH_CODEC, run.codec, here);
  let records: Buffer;
  try {
    records = await inflate(b.subarray(run.start + BATCH_V2_HEADER_BYTES, run.end), { maxOutputLength: KAFKA_INFLATED_BYTES_MAX });
  } catch (cause) {
    const error = batchError(E_BATCH_CORRUPT, 0, here);
    error.cause = cause;
    throw error;
  }
  const out = Buffer.allocUnsafe(FRAME_HEADER_BYTES + BATCH_V2_HEADER_BYTES + records.length);
  b.copy(out, FRAME_HEADER_BYTES, run.start, run.start + BATCH_V2_HEADER_BYTES);
  records.copy(out, FRAME_HEADER_BYTES + BATCH_V2_HEADER_BYTES);
  out.writeInt32BE(BATCH_V2_HEADER_BYTES - 12 + records.length, FRAME_HEADER_BYTES + 8);
  out.writeInt16BE(b.readInt16BE(run.start + 21) & ~7, FRAME_HEADER_BYTES + 21);
  return out;
}
