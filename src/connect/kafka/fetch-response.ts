import { MillraceError } from '../../base/errors.js';
import type { ResponseReader } from './link.js';

/** One partition of a Fetch response. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  /** transactions whose records are to be passed over (read_committed only) */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  /** the replica that the broker would rather have us read from; -1 = itself */
  readonly preferredReplica: number;
  /** bytes of RecordBatches, maybe cut off in the last batch */
  readonly bytes: number;
}

export interface FetchResponse {
  readonly errorCode: number;
  readonly sessionId: number;
  readonly throttleTimeMs: number;
  readonly partitions: readonly FetchedPartition[];
}

/** Takes the records of a response while it comes. */
export interface RecordsIntake {
  /** Memory for the partition's `bytes` bytes of records. */
  place(p: FetchedPartition): Uint8Array;
  /** They have all come. */
  records(p: FetchedPartition): void;
  /** What was placed and not given will never come. */
  lost(): void;
}

/** Bytes that are read ahead for headers: so much of a partition's records is copied at most. */
const STAGING_BYTES = 4096;

/**
 * Reads a Fetch response v4 to v11 (kafka.apache.org/protocol) from the socket: headers through a small buffer, records straight to
 * where the intake wants them.
 */
export class FetchReader implements ResponseReader<FetchResponse> {
  readonly #version: number;
  readonly #intake: RecordsIntake;
  #staging = Buffer.allocUnsafe(STAGING_BYTES);
  /** [at, filled) of the staging has come and is not understood yet */
  #at = 0;
  #filled = 0;
  /** bytes of the response that have not come */
  #left = 0;
  #topics = -1;
  #topic = '';
  #partitionsLeft = 0;
  /** the partition whose records come, their memory, and how much of it is filled */
  #open: FetchedPartition | undefined;
  #records: Uint8Array = this.#staging;
  #recordsFilled = 0;
  #throttleTimeMs = 0;
  #errorCode = 0;
  #sessionId = 0;
  readonly #partitions: FetchedPartition[] = [];

  constructor(version: number, intake: RecordsIntake) {
    this.#version = version;
    this.#intake = intake;
  }

  begin(bytes: number): void {
    this.#left = bytes;
  }

  room(): Uint8Array {
    if (this.#open !== undefined) return this.#records.subarray(this.#recordsFilled);
    if (this.#filled === this.#staging.length) {
      const larger = this.#at > 0 ? this.#staging : Buffer.allocUnsafe(this.#staging.length * 2);
      this.#staging.copy(larger, 0, this.#at, this.#filled);
      this.#staging = larger;
      this.#filled -= this.#at;
      this.#at = 0;
    }
    return this.#staging.subarray(this.#filled);
  }

  took(bytes: number): void {
    this.#left -= bytes;
    if (this.#open === undefined) {
      this.#filled += bytes;
      while (this.#step()) {}
      return;
    }
    this.#recordsFilled += bytes;
    if (this.#recordsFilled < this.#records.length) return;
    this.#closeRecords(this.#open);
    while (this.#step()) {}
  }

  end(): FetchResponse {
    if (this.#topics !== 0 || this.#partitionsLeft !== 0 || this.#open !== undefined) throw this.#broken();
    return { errorCode: this.#errorCode, sessionId: this.#sessionId, throttleTimeMs: this.#throttleTimeMs, partitions: this.#partitions };
  }

  abort(): void {
    if (this.#open !== undefined) this.#intake.lost();
    this.#open = undefined;
  }

  #broken(): MillraceError {
    return new MillraceError('KAFKA_PROTOCOL', 'a Fetch response does not have the layout of its version', { place: { topic: this.#topic || undefined } });
  }

  /** Whether `bytes` bytes more are in the staging; fails when the response does not have them. */
  #has(bytes: number): boolean {
    if (bytes > this.#filled - this.#at + this.#left) throw this.#broken();
    return bytes <= this.#filled - this.#at;
  }

  /** Understands the next piece; false when it has not come yet, or nothing is left. */
  #step(): boolean {
    const b = this.#staging;
    const at = this.#at;
    if (this.#topics < 0) {
      const head = this.#version >= 7 ? 14 : 8;
      if (!this.#has(head)) return false;
      this.#throttleTimeMs = b.readInt32BE(at);
      if (this.#version >= 7) {
        this.#errorCode = b.readInt16BE(at + 4);
        this.#sessionId = b.readInt32BE(at + 6);
      }
      this.#topics = Math.max(0, b.readInt32BE(at + head - 4));
      this.#at += head;
      return true;
    }
    if (this.#partitionsLeft > 0) return this.#partition(b, at);
    if (this.#topics === 0 || !this.#has(2)) return false;
    const length = b.readInt16BE(at);
    if (length < 0) throw this.#broken();
    if (!this.#has(2 + length + 4)) return false;
    this.#topic = b.toString('utf8', at + 2, at + 2 + length);
    this.#partitionsLeft = Math.max(0, b.readInt32BE(at + 2 + length));
    this.#topics--;
    this.#at += 2 + length + 4;
    return true;
  }

  #partition(b: Buffer, from: number): boolean {
    const v = this.#version;
    let at = from + 22 + (v >= 5 ? 8 : 0); // partition, error, high watermark, last stable offset, log start offset
    if (!this.#has(at - from + 4)) return false;
    const transactions = Math.max(0, b.readInt32BE(at));
    at += 4;
    if (!this.#has(at - from + 16 * transactions + (v >= 11 ? 8 : 4))) return false;
    const aborted = Array.from({ length: transactions }, (_, i) => ({
      producerId: b.readBigInt64BE(at + 16 * i),
      firstOffset: b.readBigInt64BE(at + 16 * i + 8),
    }));
    at += 16 * transactions;
    const preferredReplica = v >= 11 ? b.readInt32BE(at) : -1;
    if (v >= 11) at += 4;
    const bytes = Math.max(0, b.readInt32BE(at));
    at += 4;
    const p = {
      topic: this.#topic,
      partition: b.readInt32BE(from),
      errorCode: b.readInt16BE(from + 4),
      highWatermark: b.readBigInt64BE(from + 6),
      aborted,
      preferredReplica,
      bytes,
    };
    this.#at = at;
    this.#has(bytes); // fails when they go beyond the response
    this.#partitions.push(p);
    this.#partitionsLeft--;
    if (bytes > 0) this.#openRecords(p);
    return this.#open === undefined;
  }

  #openRecords(p: FetchedPartition): void {
    this.#records = this.#intake.place(p);
    this.#open = p;
    const here = Math.min(p.bytes, this.#filled - this.#at);
    this.#records.set(this.#staging.subarray(this.#at, this.#at + here));
    this.#recordsFilled = here;
    this.#at += here;
    if (this.#at === this.#filled) {
      this.#at = 0;
      this.#filled = 0;
    }
    if (here === p.bytes) this.#closeRecords(p);
  }

  #closeRecords(p: FetchedPartition): void {
    this.#intake.records(p);
    this.#open = undefined;
  }
}
