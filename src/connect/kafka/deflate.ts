import * as zlib from 'node:zlib';
import type { Engine } from '../../wasm/engine.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    snappyBytesMax(bytes: number): number;
    snappyTableBytes(): number;
    snappyDeflate(src: number, bytes: number, dst: number, table: number): number;
    lz4BytesMax(bytes: number): number;
    lz4TableBytes(): number;
    lz4Deflate(src: number, bytes: number, dst: number, table: number): number;
  }
}

/** Kafka's compression types, in the order of their numbers. */
export const COMPRESSION_TYPES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionType = (typeof COMPRESSION_TYPES)[number];

/** Node has zstd since 22.15 and 23.8. */
const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
export const zstdDeflates = zstdCompressSync !== undefined;

/** Compresses the records of one batch at a time: snappy and lz4 by kernels, gzip and zstd by node:zlib, all in the slot. */
export class BatchDeflater {
  readonly #engine: Engine;
  readonly #codec: CompressionType;
  readonly #table: number;
  readonly #tableBytes: number;
  #block = 0;
  #blockBytes = 0;

  constructor(engine: Engine, codec: CompressionType) {
    this.#engine = engine;
    this.#codec = codec;
    this.#tableBytes = codec === 'snappy' ? engine.kernels.snappyTableBytes() : codec === 'lz4' ? engine.kernels.lz4TableBytes() : 0;
    this.#table = this.#tableBytes === 0 ? 0 : engine.alloc(this.#tableBytes);
  }

  /** Kafka's number of the codec. */
  get number(): number {
    return COMPRESSION_TYPES.indexOf(this.#codec);
  }

  /** Deflates [ptr, ptr + length) behind `head` free bytes. The result is valid until the next call. */
  deflate(ptr: number, length: number, head: number): { ptr: number; length: number } {
    const { kernels } = this.#engine;
    if (this.#codec === 'snappy' || this.#codec === 'lz4') {
      const snappy = this.#codec === 'snappy';
      this.#reserve(head + (snappy ? kernels.snappyBytesMax(length) : kernels.lz4BytesMax(length)));
      const dst = this.#block + head;
      const n = snappy ? kernels.snappyDeflate(ptr, length, dst, this.#table) : kernels.lz4Deflate(ptr, length, dst, this.#table);
      return { ptr: this.#block, length: head + n };
    }
    const input = this.#engine.u8.subarray(ptr, ptr + length);
    const packed = this.#codec === 'gzip' ? zlib.gzipSync(input) : (zstdCompressSync as (bytes: Uint8Array) => Buffer)(input);
    this.#reserve(head + packed.length);
    this.#engine.u8.set(packed, this.#block + head);
    return { ptr: this.#block, length: head + packed.length };
  }

  close(): void {
    if (this.#table !== 0) this.#engine.free(this.#table, this.#tableBytes);
    this.#free();
  }

  #free(): void {
    if (this.#block !== 0) this.#engine.free(this.#block, this.#blockBytes);
    this.#block = 0;
    this.#blockBytes = 0;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#blockBytes) return;
    this.#free();
    this.#block = this.#engine.alloc(bytes);
    this.#blockBytes = bytes;
  }
}
