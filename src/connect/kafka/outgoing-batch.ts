import { BATCH_V2_HEADER_BYTES, KB_HEADER } from '#abi';
import { crc32cBytes, crc32cJoined } from './crc32c.js';
import type { Sequences } from './sequences.js';

const CRC_FROM = 21;
const ATTRIBUTE_TRANSACTIONAL = 16;

/** A record batch on its way to the broker. */
export class OutgoingBatch {
  readonly partition: number;
  /** when it came, ms of the monotonic clock */
  readonly bornMs: number;
  /** resolves when the broker has taken it */
  readonly acknowledged: Promise<void>;
  done!: () => void;
  failed!: (error: unknown) => void;
  /** the batch as it goes over the wire, once `seal` was called */
  readonly bytes: Buffer;
  /** a request with it is in flight */
  flying = false;
  #sealed = false;
  readonly #count: number;
  /** CRC of what stands behind the batch's header */
  readonly #recordsCrc: number;

  /** The frame's bytes become the batch's (layout: docs/formats/kafka-frame.md). */
  constructor(frame: Uint8Array, bornMs: number) {
    const b = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
    this.partition = b.readUInt32LE(0);
    this.#count = b.readUInt32LE(4);
    this.#recordsCrc = b.readUInt32LE(8);
    this.bytes = b.subarray(KB_HEADER - BATCH_V2_HEADER_BYTES);
    this.bornMs = bornMs;
    this.acknowledged = new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
    });
    this.acknowledged.catch(() => {}); // whoever wrote the frame may be gone
  }

  /** Numbers the batch and finishes its CRC, once: a retry sends the same bytes. */
  seal(sequences: Sequences | undefined): void {
    if (this.#sealed) return;
    this.#sealed = true;
    const { bytes } = this;
    if (sequences !== undefined) {
      const { id, epoch, transactionalId } = sequences.producer;
      if (transactionalId !== undefined) bytes.writeInt16BE(bytes.readInt16BE(CRC_FROM) | ATTRIBUTE_TRANSACTIONAL, CRC_FROM);
      bytes.writeBigInt64BE(id, 43);
      bytes.writeInt16BE(epoch, 51);
      bytes.writeInt32BE(sequences.take(this.partition, this.#count), 53);
    }
    const header = crc32cBytes(bytes, CRC_FROM, BATCH_V2_HEADER_BYTES);
    bytes.writeUInt32BE(crc32cJoined(header, this.#recordsCrc, bytes.length - BATCH_V2_HEADER_BYTES), 17);
  }
}
