import {
  CRC_TABLE_BYTES,
  E_BATCH_CODEC,
  E_BATCH_CORRUPT,
  E_BATCH_MAGIC,
  KC_BATCH,
  KC_BYTES,
  KC_CAPACITY,
  KC_CRC,
  KC_END,
  KC_EPOCH,
  KC_ATTRIBUTES,
  KC_FLAGS,
  KC_FROM,
  KC_HEADERS,
  KC_KEYS,
  KC_NEXT,
  KC_NULLS,
  KC_OFFSETS,
  KC_PTR,
  KC_STATE,
  KC_TIMES,
  KC_TO,
  KC_VALUES,
  KF_CHECK_CRC,
  KF_KEEP_NULLS,
  KF_ONE_BATCH,
  KS_EMPTY,
} from '#abi';
import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import type { Engine } from '../../wasm/engine.js';
import { COMPRESSION_TYPES } from './deflate.js';
import { BatchInflater, inflates } from './inflate.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    crc32cTables(tables: number): void;
    kafkaRecords(cursor: number): number;
    kafkaGather(dst: number, validity: number, src: number, index: number, rows: number, nullable: number): void;
  }
}

export interface CursorOptions {
  /** records that one call of `next` gives at most */
  readonly capacity: number;
  readonly keys?: boolean;
  readonly headers?: boolean;
  /** give records without a value too, with pointer 0 */
  readonly keepNulls?: boolean;
  /** end each call with the batch, so that `attributes` and `leaderEpoch` hold for all of its records */
  readonly oneBatch?: boolean;
}

/**
 * Walks the records of RecordBatch bytes in wasm memory. The arrays are valid until the next call; slices are views into the region:
 * `values`, `keys`, `headers` -> { u32 ptr, u32 length }[], `offsets`, `times` -> i64[].
 */
export class RecordCursor {
  readonly #engine: Engine;
  readonly #ptr: number;
  readonly #capacity: number;
  readonly #crc: number;
  readonly #flags: number;
  readonly values: number;
  readonly keys: number;
  readonly offsets: number;
  readonly times: number;
  readonly headers: number;
  readonly #inflater: BatchInflater;
  /** where the region goes on behind the compressed batch that is being read; 0 = none is */
  #resumePtr = 0;
  #resumeEnd = 0;
  #resumeFlags = 0;

  constructor(engine: Engine, options: CursorOptions) {
    const bytes = options.capacity * 8;
    this.#engine = engine;
    this.#capacity = options.capacity;
    this.#inflater = new BatchInflater(engine);
    this.#ptr = engine.alloc(KC_BYTES);
    this.#crc = engine.alloc(CRC_TABLE_BYTES);
    this.values = engine.alloc(bytes);
    this.keys = options.keys === true ? engine.alloc(bytes) : 0;
    this.offsets = engine.alloc(bytes);
    this.times = engine.alloc(bytes);
    this.headers = options.headers === true ? engine.alloc(bytes) : 0;
    this.#flags = (options.keepNulls === true ? KF_KEEP_NULLS : 0) | (options.oneBatch === true ? KF_ONE_BATCH : 0);
    engine.kernels.crc32cTables(this.#crc);
    engine.u8.fill(0, this.#ptr, this.#ptr + KC_BYTES);
    const u32 = engine.u32;
    u32[(this.#ptr + KC_CAPACITY) >>> 2] = options.capacity;
    u32[(this.#ptr + KC_CRC) >>> 2] = this.#crc;
    u32[(this.#ptr + KC_VALUES) >>> 2] = this.values;
    u32[(this.#ptr + KC_KEYS) >>> 2] = this.keys;
    u32[(this.#ptr + KC_OFFSETS) >>> 2] = this.offsets;
    u32[(this.#ptr + KC_TIMES) >>> 2] = this.times;
    u32[(this.#ptr + KC_HEADERS) >>> 2] = this.headers;
  }

  /** Starts on the batches of [ptr, end): records with from <= offset < to are wanted. */
  reset(ptr: number, end: number, from: bigint, to: bigint, checkCrc: boolean): void {
    const u32 = this.#engine.u32;
    const i64 = this.#engine.i64;
    u32[(this.#ptr + KC_PTR) >>> 2] = ptr;
    u32[(this.#ptr + KC_END) >>> 2] = end;
    u32[(this.#ptr + KC_BATCH) >>> 2] = 0;
    this.#resumePtr = 0;
    u32[(this.#ptr + KC_FLAGS) >>> 2] = this.#flags | (checkCrc ? KF_CHECK_CRC : 0);
    i64[(this.#ptr + KC_FROM) >>> 3] = from;
    i64[(this.#ptr + KC_TO) >>> 3] = to;
    i64[(this.#ptr + KC_NEXT) >>> 3] = from;
  }

  /**
   * The next records; 0 when the region gave no more (see `state`). Slices of a compressed batch are valid until the next one is begun.
   * Fails with KAFKA_CORRUPT_BATCH or KAFKA_UNSUPPORTED_CODEC after the good records before it.
   */
  next(place: ErrorPlace): number {
    for (;;) {
      const n = this.#engine.kernels.kafkaRecords(this.#ptr);
      const e = this.#engine.takeError();
      if (e !== undefined) {
        const here = { ...place, offset: e.arg };
        if (e.code !== E_BATCH_CODEC || !inflates(e.length) || this.#resumePtr !== 0) throw batchError(e.code, e.length, here);
        if (!this.#openInflated(e.ptr, e.length)) throw batchError(E_BATCH_CORRUPT, 0, here);
      } else if (n === 0 && this.#resumePtr !== 0 && this.state === KS_EMPTY) {
        this.#region(this.#resumePtr, this.#resumeEnd, this.#resumeFlags);
        this.#resumePtr = 0;
      } else {
        return n;
      }
    }
  }

  /** Goes on in the inflated form of the batch at `ptr`, whose CRC was checked if asked for; false when it is damaged. */
  #openInflated(ptr: number, codec: number): boolean {
    const { u8, u32 } = this.#engine;
    const batchEnd = ptr + 12 + new DataView(u8.buffer).getInt32(ptr + 8);
    const end = u32[(this.#ptr + KC_END) >>> 2];
    const flags = u32[(this.#ptr + KC_FLAGS) >>> 2];
    const length = this.#inflater.inflate(ptr, batchEnd, codec);
    if (length < 0) return false;
    this.#resumePtr = batchEnd;
    this.#resumeEnd = end;
    this.#resumeFlags = flags;
    this.#region(this.#inflater.ptr, this.#inflater.ptr + length, flags & ~KF_CHECK_CRC);
    return true;
  }

  #region(ptr: number, end: number, flags: number): void {
    const { u32 } = this.#engine;
    u32[(this.#ptr + KC_PTR) >>> 2] = ptr;
    u32[(this.#ptr + KC_END) >>> 2] = end;
    u32[(this.#ptr + KC_FLAGS) >>> 2] = flags;
  }

  /** How the last call ended: KS_*. */
  get state(): number {
    return this.#engine.u32[(this.#ptr + KC_STATE) >>> 2];
  }
  /** Offset after the last record or batch that was passed. */
  get nextOffset(): bigint {
    return this.#engine.i64[(this.#ptr + KC_NEXT) >>> 3];
  }
  /** Records without a value that were passed over so far. */
  get nulls(): number {
    return this.#engine.u32[(this.#ptr + KC_NULLS) >>> 2];
  }
  /** Attributes of the batch the last record came from. */
  get attributes(): number {
    return this.#engine.u32[(this.#ptr + KC_ATTRIBUTES) >>> 2];
  }
  /** Leader epoch of the batch the last record came from, -1 = unknown. */
  get leaderEpoch(): number {
    return this.#engine.i32[(this.#ptr + KC_EPOCH) >>> 2];
  }

  close(): void {
    this.#inflater.close();
    const bytes = this.#capacity * 8;
    for (const p of [this.values, this.keys, this.offsets, this.times, this.headers]) if (p !== 0) this.#engine.free(p, bytes);
    this.#engine.free(this.#crc, CRC_TABLE_BYTES);
    this.#engine.free(this.#ptr, KC_BYTES);
  }
}

/** What a batch that cannot be read means to the user. `codec` counts only for E_BATCH_CODEC. */
export function batchError(code: number, codec: number, place: ErrorPlace): MillraceError {
  if (code === E_BATCH_CODEC) {
    return new MillraceError('KAFKA_UNSUPPORTED_CODEC', `a record batch is compressed with ${COMPRESSION_TYPES[codec] ?? `codec ${codec}`}`, {
      place,
      remedy:
        COMPRESSION_TYPES[codec] === 'zstd'
          ? 'Use Node.js 22.15 or newer, whose zlib has zstd, or set another compression.type in the producer or on the topic.'
          : 'Set compression.type to none, gzip, snappy, lz4 or zstd in the producer or on the topic.',
    });
  }
  if (code === E_BATCH_MAGIC) {
    return new MillraceError('KAFKA_CORRUPT_BATCH', 'a record batch has a format other than magic 2', {
      place,
      remedy: 'Messages of before Kafka 0.11 are not read; if the topic is newer, its log is damaged.',
    });
  }
  return new MillraceError('KAFKA_CORRUPT_BATCH', 'a record batch is damaged: its CRC or its lengths are wrong', {
    place,
    remedy: 'Start behind it with scan.startup.specific-offsets, or restore the topic.',
  });
}
