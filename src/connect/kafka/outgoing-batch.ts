import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BATCH_V2_HEADER_BYTES, KB_HEADER } from '#abi';
import { crc32cBytes } from './crc32c.js';

const compress = promisify(gzip);
const CODEC_GZIP = 1;

/** A producer's identity: the broker drops what it has already taken of it. */
export interface Producer {
  readonly id: bigint;
  readonly epoch: number;
}

/** A record batch on its way to the broker. */
export class OutgoingBatch {
  readonly partition: number;
  /** when it came, ms of the monotonic clock */
  readonly bornMs: number;
  /** resolves when the broker has taken it */
  readonly acknowledged: Promise<void>;
  done!: () => void;
  failed!: (error: unknown) => void;
  /** the batch as it goes over the wire, once `sealed` */
  bytes: Buffer;
  sealed = false;
  readonly #count: number;

  /** The frame's bytes are copied (layout: docs/formats/kafka-frame.md). */
  constructor(frame: Uint8Array, bornMs: number) {
    const copy = Buffer.from(frame);
    this.partition = copy.readUInt32LE(0);
    this.#count = copy.readUInt32LE(4);
    this.bytes = copy.subarray(KB_HEADER - BATCH_V2_HEADER_BYTES);
    this.bornMs = bornMs;
    this.acknowledged = new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
    });
    this.acknowledged.catch(() => {}); // whoever wrote the frame may be gone
  }

  /** Compresses, numbers and sums the batch, once: a retry sends the same bytes. Returns the sequence number after it. */
  async seal(producer: Producer | undefined, sequence: number, gzipped: boolean): Promise<number> {
    if (gzipped) {
      const records = await compress(this.bytes.subarray(BATCH_V2_HEADER_BYTES));
      this.bytes = Buffer.concat([this.bytes.subarray(0, BATCH_V2_HEADER_BYTES), records]);
      this.bytes.writeInt32BE(this.bytes.length - 12, 8);
      this.bytes.writeInt16BE(CODEC_GZIP, 21);
    }
    if (producer !== undefined) {
      this.bytes.writeBigInt64BE(producer.id, 43);
      this.bytes.writeInt16BE(producer.epoch, 51);
      this.bytes.writeInt32BE(sequence, 53);
    }
    this.bytes.writeUInt32BE(crc32cBytes(this.bytes, 21, this.bytes.length), 17);
    this.sealed = true;
    return (sequence + this.#count) % 2 ** 31;
  }
}
