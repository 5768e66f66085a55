import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { KAFKA_FRAME_BYTES } from '../../base/limits.js';
import type { FrameRoom } from '../../contract/io.js';
import type { Silence } from './connect.js';
import { inflateBatch, inflatedHere, type WalkResult, walkBatches } from './batch-walk.js';
import type { FetchedPartition } from './fetch-response.js';
import { controlFrame, FLAG_CHECKED, FRAME_HEADER_BYTES, FRAME_RECORDS, FRAME_SPLIT_FINISHED, FRAME_SPLIT_START, sealFrame } from './frame.js';
import type { KafkaSplit } from './plan.js';

/** What a partition needs of the fetcher it belongs to. */
export interface HandOver {
  send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined;
  /** room in the ring to read records into; undefined where rings have none */
  room: FrameRoom | undefined;
  readonly checkCrc: boolean;
  readonly stopped: AbortSignal;
  /** the ring took something: whoever waits looks again */
  moved(): void;
  failed(e: unknown): void;
}

/** Responses of one partition that wait for room in the ring before it is not asked for any more: one is handed over while the next is fetched. */
const PENDING_MAX = 2;
/** Bytes a partition is asked for at most, after it answered with less than one batch again and again. */
const MAX_BYTES_LIMIT = 1 << 30;

/** One partition being fetched: where it stands, and what of it is on its way into the ring. */
export class PartitionFetch {
  readonly split: KafkaSplit;
  readonly subtask: number;
  readonly at: ErrorPlace;
  readonly #to: HandOver;
  /** the next offset to ask for */
  offset: bigint;
  /** the next offset after what the ring has taken */
  delivered: bigint;
  /** node id, -1 = unknown */
  leader = -1;
  /** how long nobody has led it */
  gone: Silence | undefined;
  maxBytes: number;
  /** responses on their way into the ring */
  pending = 0;
  finished = false;
  /** where records are being read to, a frame's header before them */
  #memory: Buffer = Buffer.alloc(0);
  /** records of it are coming right now */
  placing = false;
  /** the memory is the ring's */
  #reserved = false;
  /** the last batches had to be inflated here: room in the ring would be of no use */
  #inflating = false;
  #tail: Promise<void> = Promise.resolve();

  constructor(split: KafkaSplit, subtask: number, tableName: string, maxBytes: number, to: HandOver) {
    this.split = split;
    this.subtask = subtask;
    this.at = { operator: tableName, topic: split.topic, partition: split.partition };
    this.offset = split.start;
    this.delivered = split.start;
    this.maxBytes = maxBytes;
    this.#to = to;
  }

  /** Whether a response may come: not too many wait for room, and the subtask's ring takes `bytes` more. */
  ready(bytes: number): boolean {
    return this.pending < PENDING_MAX && (this.#to.room === undefined || this.#to.room.fits(this.subtask, bytes));
  }

  /** Bytes that the next response may hold. */
  get answerBytes(): number {
    return FRAME_HEADER_BYTES + this.maxBytes;
  }

  /** Where reading stands, for messages. */
  get where(): ErrorPlace {
    return { ...this.at, offset: this.offset };
  }

  /** Where the next `bytes` bytes of records go: into the ring when nothing of the partition waits and the ring has room, else to a buffer. */
  place(bytes: number): Uint8Array {
    const size = FRAME_HEADER_BYTES + bytes;
    const ring = this.pending > 0 || this.#inflating ? undefined : this.#to.room?.reserve(this.subtask, size);
    this.placing = true;
    this.#reserved = ring !== undefined;
    this.#memory = ring === undefined ? Buffer.allocUnsafeSlow(size) : Buffer.from(ring.buffer as ArrayBuffer, ring.byteOffset, size);
    return this.#memory.subarray(FRAME_HEADER_BYTES);
  }

  /** The records that were placed will not come. */
  lost(): void {
    this.placing = false;
    if (this.#reserved) this.#to.room?.commit(this.subtask, 0);
    this.#reserved = false;
  }

  /** The records that were placed have come: moves on behind their whole batches and hands them over, after what is on its way already. */
  takeRecords(f: FetchedPartition): void {
    const { runs, next, partial } = this.#walk(f);
    this.placing = false;
    if (next === undefined) {
      this.lost();
      if (partial) this.#askForMore();
      return;
    }
    if (next > this.offset) this.offset = next;
    const number = this.split.number;
    const [first] = runs;
    this.#inflating = runs.some((r) => inflatedHere(r.codec));
    if (this.#reserved && runs.length === 1 && !this.#inflating && first.start === FRAME_HEADER_BYTES) {
      sealFrame(this.#memory, 0, first.end, FRAME_RECORDS, number, f.highWatermark, 0);
      this.#to.room?.commit(this.subtask, first.end);
      this.#reserved = false;
      this.delivered = next;
      if (this.split.stop !== undefined && next >= this.split.stop) this.#then(async () => {});
      return;
    }
    const memory = this.#reserved ? Buffer.from(this.#memory) : this.#memory;
    this.lost();
    this.#then(async () => {
      for (const run of runs) {
        if (this.#to.stopped.aborted) return;
        let frame: Uint8Array;
        if (inflatedHere(run.codec)) {
          const batch = await inflateBatch(memory, run, this.#to.checkCrc, this.at);
          frame = sealFrame(batch, 0, batch.length, FRAME_RECORDS, number, f.highWatermark, FLAG_CHECKED);
        } else {
          // The header overwrites bytes that were parsed (the first run) or that the ring has taken (the others).
          frame = sealFrame(memory, run.start - FRAME_HEADER_BYTES, run.end, FRAME_RECORDS, number, f.highWatermark, 0);
        }
        const room = this.#to.send(this.subtask, frame);
        if (room !== undefined) await room;
      }
      this.delivered = next;
    });
  }

  /** Not one whole batch came. Brokers of today send a first batch whatever its size; those that don't are asked for more at once. */
  #askForMore(): void {
    if (this.maxBytes >= MAX_BYTES_LIMIT) {
      throw new MillraceError('KAFKA_PROTOCOL', `a record batch is larger than ${MAX_BYTES_LIMIT} bytes, or its length is damaged`, {
        place: this.where,
        remedy: 'Start behind it with scan.startup.specific-offsets, or restore the topic.',
      });
    }
    this.maxBytes = Math.min(this.maxBytes * 2, MAX_BYTES_LIMIT);
  }

  #walk(f: FetchedPartition): WalkResult {
    try {
      return walkBatches(this.#memory, FRAME_HEADER_BYTES, this.#memory.length, {
        aborted: f.aborted,
        place: this.at,
        frameBytes: this.#reserved ? Number.POSITIVE_INFINITY : KAFKA_FRAME_BYTES,
      });
    } catch (e) {
      this.lost();
      throw e;
    }
  }

  /** Hands something over after what is on its way already. */
  #then(handOver: () => Promise<void>): void {
    this.pending++;
    this.#tail = this.#tail
      .then(handOver)
      .then(async () => {
        this.pending--;
        await this.finishAtStop();
        this.#to.moved();
      })
      .catch((e: unknown) => this.#to.failed(e));
  }

  /** Everything on its way is in the ring. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /** Goes on at another offset, and tells the slot so: it passes over what stands before its own. */
  async seek(offset: bigint): Promise<void> {
    this.offset = offset;
    this.delivered = offset;
    await this.announce();
    await this.finishAtStop();
  }

  /** Tells the slot where the partition begins. */
  async announce(): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify({ topic: this.split.topic, partition: this.split.partition, start: String(this.offset) }));
    await this.#to.send(this.subtask, controlFrame(FRAME_SPLIT_START, this.split.number, body));
  }

  /** Tells the slot when the partition is read to its stop. */
  async finishAtStop(): Promise<void> {
    if (this.finished || this.split.stop === undefined || this.delivered < this.split.stop) return;
    this.finished = true;
    await this.#to.send(this.subtask, controlFrame(FRAME_SPLIT_FINISHED, this.split.number));
    this.#to.moved();
  }
}
