import {
  BATCH_V2_HEADER_BYTES,
  CRC_TABLE_BYTES,
  KB_BUFFER,
  KB_BYTES,
  KB_CAPACITY,
  KB_COUNT,
  KB_FILLED,
  KB_FIRST_TIME,
  KB_HEADER,
  KB_MAX_TIME,
  KW_BYTES,
  KW_FIXED,
  KW_FULL,
  KW_HEADERS,
  KW_HEADER_VALIDITY,
  KW_KEY_VALIDITY,
  KW_KEYS,
  KW_NEED,
  KW_PARTITIONS,
  KW_STICKY,
  KW_TIME_VALIDITY,
  KW_TIMES,
} from '#abi';
import type { Batch } from '../../batch/batch.js';
import type { Engine } from '../../wasm/engine.js';
import { BatchDeflater, type CompressionType } from './deflate.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    crc32c(tables: number, ptr: number, bytes: number): number;
    kafkaMurmur2(ptr: number, length: number): number;
    kafkaAppend(writer: number, slices: number, first: number, count: number, sel: number, nowMs: bigint): number;
  }
}

export interface BuilderOptions {
  readonly partitions: number;
  /** bytes of a batch's buffer */
  readonly batchBytes: number;
  /** leaf index of the key column, of the timestamp column, of the headers column; -1 = none */
  readonly keyLeaf: number;
  readonly timeLeaf: number;
  readonly headersLeaf: number;
  /** every record goes to the sticky partition, whatever its key */
  readonly fixed: boolean;
  /** the sticky partition to begin with */
  readonly sticky: number;
  readonly compression?: CompressionType;
}

/** Open record batches of all partitions of a topic, filled in wasm; each leaves as a frame (docs/formats/kafka-frame.md). */
export class BatchBuilder {
  readonly #engine: Engine;
  readonly #options: BuilderOptions;
  readonly #ptr: number;
  readonly #bytes: number;
  readonly #crc: number;
  readonly #deflater: BatchDeflater | undefined;

  constructor(engine: Engine, options: BuilderOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#bytes = KW_BYTES + options.partitions * KB_BYTES;
    this.#ptr = engine.alloc(this.#bytes);
    engine.u8.fill(0, this.#ptr, this.#ptr + this.#bytes);
    this.#crc = engine.alloc(CRC_TABLE_BYTES);
    engine.kernels.crc32cTables(this.#crc);
    this.#deflater = options.compression === undefined || options.compression === 'none' ? undefined : new BatchDeflater(engine, options.compression);
    this.#set(KW_PARTITIONS, options.partitions);
    this.#set(KW_STICKY, options.sticky);
    this.#set(KW_FIXED, options.fixed ? 1 : 0);
  }

  /** Appends slices [first, count) of the batch's selected rows; returns how many it took. Fewer: `full` has no room for the next one. */
  append(batch: Batch, slices: number, first: number, count: number, nowMs: bigint): number {
    const { keyLeaf, timeLeaf, headersLeaf } = this.#options;
    if (keyLeaf >= 0) {
      this.#set(KW_KEYS, batch.values(keyLeaf));
      this.#set(KW_KEY_VALIDITY, batch.validity(keyLeaf));
    }
    if (timeLeaf >= 0) {
      this.#set(KW_TIMES, batch.values(timeLeaf));
      this.#set(KW_TIME_VALIDITY, batch.validity(timeLeaf));
    }
    if (headersLeaf >= 0) {
      this.#set(KW_HEADERS, batch.values(headersLeaf));
      this.#set(KW_HEADER_VALIDITY, batch.validity(headersLeaf));
    }
    return this.#engine.kernels.kafkaAppend(this.#ptr, slices, first, count, batch.sel, nowMs);
  }

  get partitions(): number {
    return this.#options.partitions;
  }
  /** The partition that stopped the last `append`. */
  get full(): number {
    return this.#get(KW_FULL);
  }
  /** Records in a partition's open batch. */
  count(partition: number): number {
    return this.#engine.u32[(this.#at(partition) + KB_COUNT) >>> 2];
  }

  /** Gives an empty partition a buffer that takes the record that stopped the last `append`. */
  makeRoom(partition: number): void {
    const need = KB_HEADER + this.#get(KW_NEED);
    const at = this.#at(partition) >>> 2;
    const { u32 } = this.#engine;
    if (u32[at + (KB_BUFFER >>> 2)] !== 0) {
      if (u32[at + (KB_CAPACITY >>> 2)] >= need) return;
      this.#engine.free(u32[at + (KB_BUFFER >>> 2)], u32[at + (KB_CAPACITY >>> 2)]);
    }
    const bytes = Math.max(this.#options.batchBytes, need);
    const buffer = this.#engine.alloc(bytes);
    const after = this.#engine.u32;
    after[at + (KB_BUFFER >>> 2)] = buffer;
    after[at + (KB_CAPACITY >>> 2)] = bytes;
    after[at + (KB_FILLED >>> 2)] = KB_HEADER;
  }

  /** Compresses a partition's batch if asked to, and writes its headers; its frame is [ptr, ptr + length) until the next `seal`, `append` or `clear`. */
  seal(partition: number): { ptr: number; length: number } {
    const { u32 } = this.#engine;
    const at = this.#at(partition);
    const records = u32[(at + KB_BUFFER) >>> 2] + KB_HEADER;
    const bytes = u32[(at + KB_FILLED) >>> 2] - KB_HEADER;
    const frame = this.#deflater?.deflate(records, bytes, KB_HEADER) ?? { ptr: records - KB_HEADER, length: KB_HEADER + bytes };
    const crc = this.#engine.kernels.crc32c(this.#crc, frame.ptr + KB_HEADER, frame.length - KB_HEADER);
    this.#header(partition, frame.ptr, frame.length, crc);
    return frame;
  }

  #header(partition: number, ptr: number, length: number, crc: number): void {
    const { u32, i64, memory } = this.#engine;
    const at = this.#at(partition);
    const count = u32[(at + KB_COUNT) >>> 2];
    const v = new DataView(memory.buffer, ptr, KB_HEADER);
    v.setUint32(0, partition, true);
    v.setUint32(4, count, true);
    v.setUint32(8, crc, true);
    v.setUint32(12, 0, true);
    const h = KB_HEADER - BATCH_V2_HEADER_BYTES;
    v.setBigInt64(h, 0n); // base offset
    v.setInt32(h + 8, length - h - 12);
    v.setInt32(h + 12, -1); // leader epoch
    v.setInt8(h + 16, 2);
    v.setUint32(h + 17, 0); // CRC: known when producer id and sequence are
    v.setInt16(h + 21, this.#deflater?.number ?? 0);
    v.setInt32(h + 23, count - 1);
    v.setBigInt64(h + 27, i64[(at + KB_FIRST_TIME) >>> 3]);
    v.setBigInt64(h + 35, i64[(at + KB_MAX_TIME) >>> 3]);
    v.setBigInt64(h + 43, -1n); // producer id
    v.setInt16(h + 51, -1); // producer epoch
    v.setInt32(h + 53, -1); // sequence
    v.setInt32(h + 57, count);
  }

  /** The batch has left. Records without a key go to the next partition now. */
  clear(partition: number): void {
    const at = this.#at(partition) >>> 2;
    const { u32 } = this.#engine;
    u32[at + (KB_FILLED >>> 2)] = KB_HEADER;
    u32[at + (KB_COUNT >>> 2)] = 0;
    if (!this.#options.fixed && this.#get(KW_STICKY) === partition) this.#set(KW_STICKY, (partition + 1) % this.#options.partitions);
  }

  close(): void {
    const { u32 } = this.#engine;
    for (let p = 0; p < this.#options.partitions; p++) {
      const at = this.#at(p) >>> 2;
      if (u32[at + (KB_BUFFER >>> 2)] !== 0) this.#engine.free(u32[at + (KB_BUFFER >>> 2)], u32[at + (KB_CAPACITY >>> 2)]);
    }
    this.#deflater?.close();
    this.#engine.free(this.#crc, CRC_TABLE_BYTES);
    this.#engine.free(this.#ptr, this.#bytes);
  }

  #at(partition: number): number {
    return this.#ptr + KW_BYTES + partition * KB_BYTES;
  }
  #get(offset: number): number {
    return this.#engine.u32[(this.#ptr + offset) >>> 2];
  }
  #set(offset: number, value: number): void {
    this.#engine.u32[(this.#ptr + offset) >>> 2] = value;
  }
}
