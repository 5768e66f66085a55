import { BATCH_ROWS_MAX } from '#abi';
import { assert } from '../../base/assert.js';
import type { ErrorPlace } from '../../base/errors.js';
import type { Batch } from '../../batch/batch.js';
import type { RecordDecoder } from '../../contract/format.js';
import type { FrameReader } from '../../contract/io.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceConfig, type SourcePlan, type SourceReader } from '../../contract/source.js';
import {
  FLAG_CHECKED,
  FRAME_FLAGS,
  FRAME_HEADER_BYTES,
  FRAME_HIGH_WATERMARK,
  FRAME_KIND,
  FRAME_RECORDS,
  FRAME_SPLIT,
  FRAME_SPLIT_START,
  FRAME_SPLIT_FINISHED,
} from './frame.js';
import { type DeadLetters, openDeadLetters } from '../dead_letters.js';
import { MetadataColumns } from './metadata-columns.js';
import type { KafkaPlanDetail, KafkaSplit } from './plan.js';
import { type Crc32c, crcsHold, nativeCrc32c } from './native-crc.js';
import { readPosition, writePosition } from './position.js';
import { RecordCursor } from './record-cursor.js';

const NO_STOP = 2n ** 63n - 1n;

/** A partition as the slot sees it. */
interface Partition {
  readonly number: number;
  readonly place: ErrorPlace & { topic: string; partition: number };
  readonly stop: bigint | undefined;
  /** the next offset to read */
  next: bigint;
  highWatermark: bigint;
  /** pointer and length of the topic's name in wasm memory, as one value of a string column; 0n = not needed */
  readonly topicName: bigint;
  finished: boolean;
}

/** Reads the record batches of one subtask's partitions: frames in, rows out. */
export class KafkaReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #decoder: RecordDecoder;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #frames: FrameReader;
  readonly #bounded: boolean;
  readonly #checkCrc: boolean;
  readonly #crc32c: Crc32c | undefined;
  readonly #splits: readonly KafkaSplit[];
  readonly #metadata: MetadataColumns;
  /** leaf index of the column that the record's key fills, -1 = none */
  readonly #keyLeaf: number;
  readonly #partitions = new Map<number, Partition>();
  readonly #restored = new Map<string, bigint>();
  readonly #allocated: [ptr: number, bytes: number][] = [];
  readonly #cursor: RecordCursor;
  readonly #rowSlice: number;
  readonly #times: number;
  /** the partition whose frame is open */
  #open: Partition | undefined;
  /** slices the cursor gave, and how many of them the decoder took */
  #slices = 0;
  #taken = 0;
  /** the slice at which the last batch began */
  #first = 0;

  constructor(config: SourceConfig, plan: SourcePlan, splits: readonly unknown[], ctx: ReaderContext) {
    assert(ctx.decoder !== undefined && ctx.frames !== undefined, 'a kafka reader has a decoder and frames');
    this.#ctx = ctx;
    this.#decoder = ctx.decoder;
    this.#frames = ctx.frames;
    this.#bounded = plan.bounded;
    this.#checkCrc = (plan.detail as KafkaPlanDetail).checkCrc;
    this.#crc32c = this.#checkCrc ? nativeCrc32c() : undefined;
    this.#splits = splits as readonly KafkaSplit[];
    this.#metadata = new MetadataColumns(config, ctx.engine);
    const keyField = (plan.detail as KafkaPlanDetail).keyField;
    this.#keyLeaf = ctx.leaves.findIndex((l) => l.path.length === 1 && l.path[0] === keyField);
    const { headers, perBatch } = this.#metadata;
    this.#cursor = new RecordCursor(ctx.engine, { capacity: BATCH_ROWS_MAX, keys: this.#keyLeaf >= 0, headers, oneBatch: perBatch });
    this.#rowSlice = this.#alloc(BATCH_ROWS_MAX * 4);
    this.#times = this.#alloc(BATCH_ROWS_MAX * 8);
    this.#decoder.place = (recordPtr) => this.#placeOf(recordPtr);
    this.#deadLetters = openDeadLetters(config, ctx);
    ctx.metrics.gauge('pendingRecords', () => {
      let n = 0;
      for (const p of this.#partitions.values()) if (p.highWatermark > p.next) n += Number(p.highWatermark - p.next);
      return n;
    });
    ctx.metrics.gauge('numRecordsWithoutValue', () => this.#cursor.nulls);
  }

  open(): void {
    for (const s of this.#splits) this.#addPartition(s);
  }

  poll(batch: Batch): number {
    if (this.#open === undefined && !this.#takeFrame()) {
      this.#deadLetters?.flush();
      if (this.#frames.ended || (this.#bounded && this.#allFinished())) return POLL_END;
      return POLL_IDLE;
    }
    const p = this.#open;
    if (p === undefined) return POLL_ROWS;
    if (this.#taken === this.#slices) {
      this.#taken = 0;
      this.#slices = 0; // next() may throw
      this.#slices = this.#cursor.next(p.place);
      if (this.#slices === 0) {
        this.#closeFrame(p);
        return POLL_ROWS;
      }
    }
    const first = this.#taken;
    this.#first = first;
    this.#taken += this.#decoder.decodeSlices(this.#cursor.values + 8 * first, this.#slices - first, batch, this.#rowSlice);
    const { rows } = batch;
    batch.selectAll(rows);
    batch.split = p.number;
    this.#fillTimes(batch, rows, first);
    if (this.#keyLeaf >= 0) this.#fillKeys(batch, rows, first);
    this.#metadata.fill(batch, this.#cursor, this.#rowSlice, rows, first, p.place.partition, p.topicName);
    p.next = this.#taken < this.#slices ? this.#ctx.engine.i64[(this.#cursor.offsets >>> 3) + this.#taken] : this.#cursor.nextOffset;
    return POLL_ROWS;
  }

  placeOf(row: number): ErrorPlace | undefined {
    if (this.#open === undefined) return undefined;
    const { u32, i64 } = this.#ctx.engine;
    return { ...this.#open.place, offset: i64[(this.#cursor.offsets >>> 3) + this.#first + u32[(this.#rowSlice >>> 2) + row]] };
  }

  snapshot(): Uint8Array[] {
    this.#deadLetters?.flush();
    return [...this.#partitions.values()].map((p) =>
      writePosition({ topic: p.place.topic, partition: p.place.partition, offset: p.next, ...(p.stop === undefined ? {} : { stop: p.stop }) }),
    );
  }

  /** Before `open`: partitions of this subtask go on at their positions. */
  restore(elements: readonly Uint8Array[]): void {
    for (const e of elements) {
      const position = readPosition(e);
      this.#restored.set(`${position.partition}:${position.topic}`, position.offset);
      for (const p of this.#partitions.values()) {
        if (p.place.topic === position.topic && p.place.partition === position.partition) p.next = position.offset;
      }
    }
  }

  close(): void {
    for (const [ptr, bytes] of this.#allocated) this.#ctx.engine.free(ptr, bytes);
    this.#allocated.length = 0;
    this.#metadata.close();
    this.#deadLetters?.close();
    this.#cursor.close();
  }

  #alloc(bytes: number): number {
    const p = this.#ctx.engine.alloc(bytes);
    this.#allocated.push([p, bytes]);
    return p;
  }

  #addPartition(s: KafkaSplit): void {
    if (this.#partitions.has(s.number)) return;
    const next = this.#restored.get(`${s.partition}:${s.topic}`) ?? s.start;
    this.#partitions.set(s.number, {
      number: s.number,
      place: { topic: s.topic, partition: s.partition },
      stop: s.stop,
      next,
      highWatermark: next,
      topicName: this.#metadata.topicName(s.topic),
      finished: false,
    });
    this.#ctx.splitAdded(s.number);
  }

  #allFinished(): boolean {
    for (const p of this.#partitions.values()) if (!p.finished) return false;
    return true;
  }

  /** Opens the next frame; false when there is none. */
  #takeFrame(): boolean {
    const frame = this.#frames.take();
    if (frame === undefined) return false;
    const { engine } = this.#ctx;
    const v = new DataView(engine.memory.buffer, frame.ptr, FRAME_HEADER_BYTES);
    const number = v.getUint32(FRAME_SPLIT, true);
    switch (v.getUint32(FRAME_KIND, true)) {
      case FRAME_SPLIT_START: {
        const text = new TextDecoder().decode(engine.u8.slice(frame.ptr + FRAME_HEADER_BYTES, frame.ptr + frame.length));
        const s = JSON.parse(text) as { topic: string; partition: number; start: string };
        const known = this.#partitions.get(number);
        if (known !== undefined) known.next = BigInt(s.start);
        else this.#addPartition({ number, topic: s.topic, partition: s.partition, start: BigInt(s.start) });
        return true;
      }
      case FRAME_SPLIT_FINISHED: {
        const p = this.#partitions.get(number);
        if (p !== undefined && !p.finished) {
          p.finished = true;
          this.#ctx.splitFinished(number);
        }
        return true;
      }
      default: {
        const p = this.#partitions.get(number);
        assert(v.getUint32(FRAME_KIND, true) === FRAME_RECORDS && p !== undefined, 'a frame belongs to a split of this reader');
        p.highWatermark = v.getBigInt64(FRAME_HIGH_WATERMARK, true);
        const checked =
          (v.getUint32(FRAME_FLAGS, true) & FLAG_CHECKED) !== 0 || this.#checkedNatively(frame.ptr + FRAME_HEADER_BYTES, frame.ptr + frame.length);
        this.#cursor.reset(frame.ptr + FRAME_HEADER_BYTES, frame.ptr + frame.length, p.next, p.stop ?? NO_STOP, this.#checkCrc && !checked);
        this.#open = p;
        return true;
      }
    }
  }

  #checkedNatively(start: number, end: number): boolean {
    return this.#crc32c !== undefined && crcsHold(this.#crc32c, this.#ctx.engine.u8, start, end);
  }

  #closeFrame(p: Partition): void {
    const next = this.#cursor.nextOffset;
    if (next > p.next) p.next = next;
    this.#open = undefined;
  }

  #fillTimes(batch: Batch, rows: number, first: number): void {
    if (batch.times === 0) batch.times = this.#times;
    this.#ctx.engine.kernels.kafkaGather(batch.times, 0, this.#cursor.times + 8 * first, this.#rowSlice, rows, 0);
  }

  /** The keys replace what the value format made of the column. */
  #fillKeys(batch: Batch, rows: number, first: number): void {
    const { engine } = this.#ctx;
    const validity = batch.validity(this.#keyLeaf);
    engine.u8.fill(0, validity, validity + ((rows + 7) >>> 3));
    engine.kernels.kafkaGather(batch.values(this.#keyLeaf), validity, this.#cursor.keys + 8 * first, this.#rowSlice, rows, 1);
  }

  /** Topic, partition and offset of a record of the open frame. */
  #placeOf(recordPtr: number): ErrorPlace {
    const p = this.#open;
    if (p === undefined) return {};
    const { u32, i64 } = this.#ctx.engine;
    for (let i = 0; i < this.#slices; i++) {
      const at = (this.#cursor.values >>> 2) + 2 * i;
      if (recordPtr >= u32[at] && recordPtr <= u32[at] + u32[at + 1]) return { ...p.place, offset: i64[(this.#cursor.offsets >>> 3) + i] };
    }
    return p.place;
  }
}
