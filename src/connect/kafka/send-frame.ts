/** Frames from a slot to the producer: records one after another, little endian (docs/formats/kafka-frame.md). */

/** Bytes before a record's key: i64 timestamp (ms; the minimum = now), i32 key length (-1 = no key), u32 value length. */
export const SEND_HEADER_BYTES = 16;
const NO_TIME = -(2n ** 63n);

export interface OutgoingRecord {
  key: Buffer | null;
  value: Buffer;
  /** ms; undefined = when it is sent */
  timestamp: string | undefined;
}

/** The records of a frame; keys and values are views of its bytes. */
export function unpackRecords(frame: Buffer): OutgoingRecord[] {
  const out: OutgoingRecord[] = [];
  for (let at = 0; at < frame.length; ) {
    const time = frame.readBigInt64LE(at);
    const keyLength = frame.readInt32LE(at + 8);
    const valueLength = frame.readUInt32LE(at + 12);
    at += SEND_HEADER_BYTES;
    const valueAt = at + Math.max(0, keyLength);
    out.push({
      key: keyLength < 0 ? null : frame.subarray(at, valueAt),
      value: frame.subarray(valueAt, valueAt + valueLength),
      timestamp: time === NO_TIME ? undefined : String(time),
    });
    at = valueAt + valueLength;
  }
  return out;
}
