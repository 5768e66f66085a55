/** Frames from the Kafka fetcher to a slot; little endian (docs/formats/kafka-frame.md). */

/** u32: what the frame is */
export const FRAME_KIND = 0;
/** u32: the split's number */
export const FRAME_SPLIT = 4;
/** i64: the partition's high watermark when the frame was fetched; how far behind a reader is */
export const FRAME_HIGH_WATERMARK = 8;
/** u32: flags */
export const FRAME_FLAGS = 16;
/** the header is as long as the shortest partition header of a Fetch response allows, so that it can be written over it */
export const FRAME_HEADER_BYTES = 24;

/** whole RecordBatches follow, as they came or inflated */
export const FRAME_RECORDS = 1;
/** a JSON object follows: a split that was discovered, or one that goes on at another offset */
export const FRAME_SPLIT_START = 2;
/** the split is read to its stop */
export const FRAME_SPLIT_FINISHED = 3;

/** the batches' CRCs were checked before; those in the bytes do not hold (inflated batches) */
export const FLAG_CHECKED = 1;

/** Writes a header at `at` and returns the frame that begins there and ends at `end`. */
export function sealFrame(bytes: Uint8Array, at: number, end: number, kind: number, split: number, highWatermark: bigint, flags: number): Uint8Array {
  const v = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
  v.setUint32(FRAME_KIND, kind, true);
  v.setUint32(FRAME_SPLIT, split, true);
  v.setBigInt64(FRAME_HIGH_WATERMARK, highWatermark, true);
  v.setUint32(FRAME_FLAGS, flags, true);
  v.setUint32(FRAME_FLAGS + 4, 0, true);
  return bytes.subarray(at, end);
}

/** A frame without record batches. */
export function controlFrame(kind: number, split: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return sealFrame(bytes, 0, bytes.length, kind, split, 0n, 0);
}
