import { MillraceError } from '../../base/errors.js';

/** One partition of a Fetch response. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  /** transactions whose records are to be passed over (read_committed only) */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  /** raw RecordBatch bytes, maybe cut off in the last batch: [recordsStart, recordsEnd) of the response's payload */
  readonly recordsStart: number;
  readonly recordsEnd: number;
}

export interface FetchResponse {
  /** the whole response; the bytes before each partition's records were parsed and may be overwritten */
  readonly payload: Buffer;
  readonly errorCode: number;
  readonly throttleTimeMs: number;
  readonly partitions: readonly FetchedPartition[];
}

/** Fetch versions whose layout this file knows: 4 brought RecordBatch, 11 is the last one kafkajs can ask for. */
export const FETCH_VERSION_MIN = 4;
export const FETCH_VERSION_MAX = 11;
/** Bytes of a partition's header that stand before its records, in every version. */
export const PARTITION_HEADER_BYTES_MIN = 30;

/** Decodes a Fetch response without touching its records (layout: kafka.apache.org/protocol, FetchResponse v4 to v11). */
export function decodeFetchResponse(payload: Buffer, version: number): FetchResponse {
  let at = 0;
  const i16 = (): number => {
    at += 2;
    return payload.readInt16BE(at - 2);
  };
  const i32 = (): number => {
    at += 4;
    return payload.readInt32BE(at - 4);
  };
  const i64 = (): bigint => {
    at += 8;
    return payload.readBigInt64BE(at - 8);
  };
  try {
    const throttleTimeMs = i32();
    const errorCode = version >= 7 ? i16() : 0;
    if (version >= 7) i32(); // session id
    const partitions: FetchedPartition[] = [];
    for (let topics = i32(); topics > 0; topics--) {
      const length = i16();
      const topic = payload.toString('utf8', at, at + length);
      at += length;
      for (let n = i32(); n > 0; n--) {
        const partition = i32();
        const error = i16();
        const highWatermark = i64();
        i64(); // last stable offset
        if (version >= 5) i64(); // log start offset
        const aborted = [];
        for (let a = i32(); a > 0; a--) aborted.push({ producerId: i64(), firstOffset: i64() });
        if (version >= 11) i32(); // preferred read replica
        const bytes = Math.max(0, i32());
        if (at + bytes > payload.length) throw new RangeError('records go beyond the response');
        partitions.push({ topic, partition, errorCode: error, highWatermark, aborted, recordsStart: at, recordsEnd: at + bytes });
        at += bytes;
      }
    }
    return { payload, errorCode, throttleTimeMs, partitions };
  } catch (cause) {
    throw new MillraceError('KAFKA_PROTOCOL', 'a Fetch response does not have the layout of its version', { cause });
  }
}
