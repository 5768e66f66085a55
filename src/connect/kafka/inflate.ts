import { BATCH_V2_HEADER_BYTES, INPUT_PAD } from '#abi';
import { KAFKA_INFLATED_BYTES_MAX } from '../../base/limits.js';
import type { Engine } from '../../wasm/engine.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    snappyLength(src: number, bytes: number): number;
    snappyInflate(src: number, bytes: number, dst: number, capacity: number): number;
    lz4Length(src: number, bytes: number): number;
    lz4Inflate(src: number, bytes: number, dst: number, capacity: number): number;
  }
}

const CODEC_SNAPPY = 2;
const CODEC_LZ4 = 3;

/** Whether slots inflate batches of a codec. */
export function inflates(codec: number): boolean {
  return codec === CODEC_SNAPPY || codec === CODEC_LZ4;
}

/** Inflates one snappy or lz4 batch at a time, in wasm memory. */
export class BatchInflater {
  readonly #engine: Engine;
  #block = 0;
  #blockBytes = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Where the last inflated batch is, between pads of INPUT_PAD. Valid until the next one. */
  get ptr(): number {
    return this.#block + INPUT_PAD;
  }

  /** The bytes of the batch at [start, end) as an uncompressed one, without a CRC that holds; -1 = damaged, or larger than KAFKA_INFLATED_BYTES_MAX. */
  inflate(start: number, end: number, codec: number): number {
    const engine = this.#engine;
    const { snappyLength, snappyInflate, lz4Length, lz4Inflate } = engine.kernels;
    const src = start + BATCH_V2_HEADER_BYTES;
    const bytes = end - src;
    let capacity = codec === CODEC_LZ4 ? lz4Length(src, bytes) : snappyLength(src, bytes);
    if (capacity < 0) return -1;
    if (capacity > KAFKA_INFLATED_BYTES_MAX) {
      if (codec === CODEC_SNAPPY) return -1;
      capacity = KAFKA_INFLATED_BYTES_MAX; // lz4 gives a bound only
    }
    this.#reserve(BATCH_V2_HEADER_BYTES + capacity);
    const dst = this.ptr + BATCH_V2_HEADER_BYTES;
    const length = codec === CODEC_LZ4 ? lz4Inflate(src, bytes, dst, capacity) : snappyInflate(src, bytes, dst, capacity);
    if (length < 0) return -1;
    const { u8 } = engine;
    u8.copyWithin(this.ptr, start, src);
    u8.fill(0, this.#block, this.ptr);
    u8.fill(0, dst + length, dst + length + INPUT_PAD);
    const v = new DataView(u8.buffer, this.ptr, BATCH_V2_HEADER_BYTES);
    v.setInt32(8, BATCH_V2_HEADER_BYTES - 12 + length);
    v.setInt16(21, v.getInt16(21) & ~7);
    return BATCH_V2_HEADER_BYTES + length;
  }

  close(): void {
    if (this.#block !== 0) this.#engine.free(this.#block, this.#blockBytes);
    this.#block = 0;
    this.#blockBytes = 0;
  }

  #reserve(bytes: number): void {
    const wanted = bytes + 2 * INPUT_PAD;
    if (wanted <= this.#blockBytes) return;
    this.close();
    this.#block = this.#engine.alloc(wanted);
    this.#blockBytes = wanted;
  }
}
