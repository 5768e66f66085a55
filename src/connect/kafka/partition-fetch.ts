import type { ErrorPlace } from '../../base/errors.js';
import { inflateBatch, inflatedHere, walkBatches } from './batch-walk.js';
import type { FetchedPartition } from './fetch-response.js';
import { controlFrame, FLAG_CHECKED, FRAME_HEADER_BYTES, FRAME_RECORDS, FRAME_SPLIT_FINISHED, FRAME_SPLIT_START, sealFrame } from './frame.js';
import type { KafkaSplit } from './plan.js';

/** What a partition needs of the fetcher it belongs to. */
export interface HandOver {
  send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined;
  readonly checkCrc: boolean;
  readonly stopped: AbortSignal;
  /** the ring took something: whoever waits looks again */
  moved(): void;
  failed(e: unknown): void;
}

/** Bytes a partition is asked for at most, after it answered with less than one batch again and again. */
const MAX_BYTES_LIMIT = 1 << 30;

/** One partition being fetched: where it stands, and what of it is on its way into the ring. */
export class PartitionFetch {
  readonly split: KafkaSplit;
  readonly subtask: number;
  readonly place: ErrorPlace;
  readonly #to: HandOver;
  /** the next offset to ask for */
  offset: bigint;
  /** the next offset after what the ring has taken */
  delivered: bigint;
  /** node id, -1 = unknown */
  leader = -1;
  maxBytes: number;
  /** responses on their way into the ring */
  pending = 0;
  finished = false;
  #tail: Promise<void> = Promise.resolve();

  constructor(split: KafkaSplit, subtask: number, tableName: string, maxBytes: number, to: HandOver) {
    this.split = split;
    this.subtask = subtask;
    this.place = { operator: tableName, topic: split.topic, partition: split.partition };
    this.offset = split.start;
    this.delivered = split.start;
    this.maxBytes = maxBytes;
    this.#to = to;
  }

  /** Moves on behind the whole batches of a response and hands them over, after what is on its way already. */
  takeRecords(payload: Buffer, f: FetchedPartition): void {
    const { runs, next, partial } = walkBatches(payload, f.recordsStart, f.recordsEnd, f.aborted, this.place);
    if (next === undefined) {
      // Not one whole batch: ask for more at once next time.
      if (partial) this.maxBytes = Math.min(this.maxBytes * 2, MAX_BYTES_LIMIT);
      return;
    }
    if (next > this.offset) this.offset = next;
    this.pending++;
    const number = this.split.number;
    const handOver = async (): Promise<void> => {
      for (const run of runs) {
        if (this.#to.stopped.aborted) return;
        let frame: Uint8Array;
        if (inflatedHere(run.codec)) {
          const batch = await inflateBatch(payload, run, this.#to.checkCrc, this.place);
          frame = sealFrame(batch, 0, batch.length, FRAME_RECORDS, number, f.highWatermark, FLAG_CHECKED);
        } else {
          // The header overwrites bytes that were parsed (the first run) or that the ring has taken (the others).
          frame = sealFrame(payload, run.start - FRAME_HEADER_BYTES, run.end, FRAME_RECORDS, number, f.highWatermark, 0);
        }
        const room = this.#to.send(this.subtask, frame);
        if (room !== undefined) await room;
      }
      this.delivered = next;
      this.pending--;
      await this.finishAtStop();
      this.#to.moved();
    };
    this.#tail = this.#tail.then(handOver).catch((e: unknown) => this.#to.failed(e));
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
