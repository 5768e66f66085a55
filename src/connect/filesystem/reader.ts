import { type ErrorPlace, MillraceError } from '../../base/errors.js';
import { allocBatch, type Batch } from '../../batch/batch.js';
import type { RecordDecoder } from '../../contract/format.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceConfig, type SourcePlan, type SourceReader } from '../../contract/source.js';
import { type DeadLetters, openDeadLetters } from '../dead_letters.js';
import { BlockReader } from './block.js';
import { Claims, type FilePlan, Units } from './claims.js';
import { FrameLines } from './frame_lines.js';
import { MetadataColumns } from './metadata.js';
import { encodePosition, type FilePosition, mergePosition } from './position.js';

/** Milliseconds between looks whether the slowest reader has caught up, or all readers have opened. */
const WAIT_MS = 1;

/** Reads lines of files: units claimed from the plan's shared counter, and gzip files as frames that the I/O thread inflates. */
export class FileReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #units: Units;
  readonly #claims: Claims;
  readonly #decoder: RecordDecoder;
  readonly #block: BlockReader;
  readonly #frames: FrameLines | undefined;
  readonly #metadata: MetadataColumns;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #bytesIn;
  /** what this reader (and the runs it continues) has claimed and finished */
  readonly #position: FilePosition;
  #unit = -1;
  #fromFrames = false;
  /** the lines of the last batch */
  #decoded = { ptr: 0, end: 0 };
  #opened = false;

  constructor(config: SourceConfig, plan: SourcePlan, ctx: ReaderContext) {
    if (ctx.decoder === undefined || plan.shared === undefined) throw new MillraceError('INTERNAL', 'a file reader needs a decoder and shared memory');
    this.#ctx = ctx;
    this.#units = new Units(plan.detail as FilePlan);
    this.#claims = new Claims(plan.shared, this.#units, ctx.parallelism);
    this.#decoder = ctx.decoder;
    const skip = config.format?.options['ignore-parse-errors']?.toLowerCase() === 'true';
    this.#block = new BlockReader(ctx.engine, this.#units, skip);
    this.#frames = ctx.frames === undefined ? undefined : new FrameLines(ctx.engine, ctx.frames, this.#units, this.#claims, skip);
    this.#metadata = new MetadataColumns(ctx.engine, config, this.#units.plan.files);
    this.#bytesIn = ctx.metrics.counter('numBytesIn');
    this.#position = { done: new Int32Array((this.#units.total + 31) >> 5), open: [], frames: [] };
    this.#decoder.place = (ptr) => (this.#fromFrames ? this.#frames!.placeOf(ptr) : this.#block.placeOf(this.#block.offsetOf(ptr)));
    this.#deadLetters = openDeadLetters(config, ctx);
    ctx.metrics.gauge('numRecordsInErrors', () => this.#decoder.skipped + this.#block.tooLong + (this.#frames?.tooLong ?? 0));
  }

  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#claims.opened();
  }

  poll(batch: Batch): number {
    const block = this.#block;
    if (block.ptr < block.end) return this.#decodeBlock(batch);
    if (!this.#claims.allOpened) return POLL_IDLE;
    if (this.#unit >= 0) {
      // the next unit begins with the next poll: rows of a batch are of one
      return this.#readChunk() ? this.#decodeBlock(batch) : POLL_ROWS;
    }
    const next = this.#nextUnit();
    if (next === 'claimed') return this.#readChunk() ? this.#decodeBlock(batch) : POLL_ROWS;
    if (this.#frames === undefined) return next === 'end' ? POLL_END : POLL_IDLE;
    return this.#pollFrames(batch, next);
  }

  /** Reads on in the unit. False: no line begins in what was read, or nothing was left and the unit is finished. */
  #readChunk(): boolean {
    const block = this.#block;
    const bytes = block.nextChunk();
    this.#bytesIn.add(bytes);
    if (block.ptr < block.end) return true;
    if (bytes === 0) this.#finishUnit();
    return false;
  }

  #nextUnit(): 'claimed' | 'wait' | 'end' {
    const restored = this.#position.open.shift();
    if (restored !== undefined) {
      this.#unit = restored.unit;
      this.#claims.hold(this.#ctx.subtaskIndex, restored.unit);
      this.#block.start(restored.unit, restored.offset);
      return 'claimed';
    }
    const claim = this.#claims.claim(this.#ctx.subtaskIndex);
    if (typeof claim === 'string') return claim;
    this.#unit = claim;
    this.#block.start(claim);
    this.#ctx.pieceBegins?.(claim);
    return 'claimed';
  }

  #finishUnit(): void {
    this.#position.done[this.#unit >> 5] |= 1 << (this.#unit & 31);
    this.#unit = -1;
    this.#ctx.pieceEnds?.();
    this.#deadLetters?.flush();
  }

  #decodeBlock(batch: Batch): number {
    const block = this.#block;
    this.#fromFrames = false;
    block.ptr = this.#decode(batch, block.ptr, block.end, block.file);
    // at once, not at the next poll: others may wait for it
    if (block.ptr >= block.end && block.exhausted) this.#finishUnit();
    return POLL_ROWS;
  }

  #pollFrames(batch: Batch, blocks: 'wait' | 'end'): number {
    const lines = this.#frames!;
    this.#fromFrames = true;
    if (lines.ptr >= lines.end) {
      const bytes = lines.next();
      this.#bytesIn.add(bytes);
      if (lines.finishedFile >= 0) {
        const unit = this.#units.first[lines.finishedFile];
        this.#position.done[unit >> 5] |= 1 << (unit & 31);
      }
      if (bytes === 0 && lines.ptr >= lines.end) return lines.ended && blocks === 'end' ? POLL_END : POLL_IDLE;
    }
    if (lines.ptr < lines.end) lines.ptr = this.#decode(batch, lines.ptr, lines.end, lines.file);
    return POLL_ROWS;
  }

  #decode(batch: Batch, ptr: number, end: number, file: number): number {
    const before = batch.rows;
    this.#decoded = { ptr, end };
    const next = this.#decoder.decodeLines(ptr, end, batch);
    if (next <= ptr && batch.rows === before)
      throw new MillraceError('INTERNAL', 'the format made no progress', { place: this.#decoder.place(ptr, end - ptr) });
    this.#metadata.fill(batch, file);
    if (batch.selCount !== batch.rows) batch.selectAll(batch.rows);
    return next;
  }

  /** Lines do not say which rows they became: they are decoded again, up to the row. */
  placeOf(row: number): ErrorPlace {
    const { engine, leaves } = this.#ctx;
    const decoder = this.#decoder;
    decoder.onBadRecord = undefined;
    const next = decoder.decodeLines(this.#decoded.ptr, this.#decoded.end, allocBatch(engine, leaves, { capacity: row + 1 }));
    return decoder.place(next - 1, 1);
  }

  wakeupMs(): number | undefined {
    return this.#claims.allOpened && this.#claims.finished ? undefined : WAIT_MS;
  }

  snapshot(): Uint8Array[] {
    this.#deadLetters?.flush();
    const open = [...this.#position.open];
    if (this.#unit >= 0) open.push({ unit: this.#unit, offset: this.#block.offset });
    const inflating = this.#frames?.position();
    const frames = inflating === undefined ? this.#position.frames : [inflating, ...this.#position.frames.filter((f) => f.file !== inflating.file)];
    return [encodePosition({ done: this.#position.done, open, frames }, this.#units)];
  }

  restore(elements: readonly Uint8Array[]): void {
    for (const bytes of elements) mergePosition(this.#position, bytes, this.#units);
    const { done, open, frames } = this.#position;
    // several old readers' blocks: in file order, or the watermark of a later one would make the rows of an earlier one late
    open.sort((a, b) => a.unit - b.unit);
    for (let u = 0; u < this.#units.total; u++) if ((done[u >> 5] & (1 << (u & 31))) !== 0) this.#claims.markDone(u);
    for (const o of open) this.#claims.markDone(o.unit);
    for (const f of frames) this.#claims.setSkip(f.file, f.offset);
  }

  close(): void {
    this.#block.close();
    this.#frames?.close();
    this.#metadata.close();
    this.#deadLetters?.close();
    this.#claims.hold(this.#ctx.subtaskIndex, undefined);
  }
}
