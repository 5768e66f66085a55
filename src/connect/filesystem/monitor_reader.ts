import { MillraceError } from '../../base/errors.js';
import type { Batch } from '../../batch/batch.js';
import type { RecordDecoder } from '../../contract/format.js';
import type { FrameReader } from '../../contract/io.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceConfig, type SourcePlan, type SourceReader } from '../../contract/source.js';
import { type DeadLetters, openDeadLetters } from '../dead_letters.js';
import { BlockReader } from './block.js';
import { Claims, Units } from './claims.js';
import { FRAME_FILE, FRAME_HEADER_BYTES, FrameLines } from './frame_lines.js';
import type { InputFile } from './listing.js';
import { MetadataColumns } from './metadata.js';
import { type FoundFile, type MonitorDetail, type MonitorPosition, readMonitorPosition } from './monitor_position.js';

/** Reads the files that the watcher of a folder hands to this subtask, one after the other, each by one of the two ways that files are read. */
export class MonitorReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #detail: MonitorDetail;
  readonly #frames: FrameReader;
  readonly #decoder: RecordDecoder;
  readonly #metadata: MetadataColumns;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #skip: boolean;
  readonly #bytesIn;
  /** files given so far; the last one may be open */
  readonly #files: InputFile[] = [];
  readonly #seen: string[] = [];
  #open: FoundFile | undefined;
  #block: BlockReader | undefined;
  #lines: FrameLines | undefined;
  #tooLong = 0;

  constructor(config: SourceConfig, plan: SourcePlan, ctx: ReaderContext) {
    if (ctx.decoder === undefined || ctx.frames === undefined) throw new MillraceError('INTERNAL', 'a file reader needs a decoder and frames');
    this.#ctx = ctx;
    this.#detail = plan.detail as MonitorDetail;
    this.#frames = ctx.frames;
    this.#decoder = ctx.decoder;
    this.#skip = config.format?.options['ignore-parse-errors']?.toLowerCase() === 'true';
    this.#metadata = new MetadataColumns(ctx.engine, config, this.#files);
    this.#bytesIn = ctx.metrics.counter('numBytesIn');
    this.#decoder.place = (ptr) => this.#lines?.placeOf(ptr) ?? this.#block?.placeOf(this.#block.offsetOf(ptr)) ?? {};
    this.#deadLetters = openDeadLetters(config, ctx);
    ctx.metrics.gauge('numRecordsInErrors', () => this.#decoder.skipped + this.#tooLong + (this.#block?.tooLong ?? this.#lines?.tooLong ?? 0));
  }

  poll(batch: Batch): number {
    if (this.#open === undefined && !this.#openNext()) {
      this.#deadLetters?.flush();
      return this.#frames.ended ? POLL_END : POLL_IDLE;
    }
    return this.#block !== undefined ? this.#pollBlock(this.#block, batch) : this.#pollLines(this.#lines as FrameLines, batch);
  }

  #pollBlock(block: BlockReader, batch: Batch): number {
    if (block.ptr >= block.end) {
      const bytes = block.nextChunk();
      this.#bytesIn.add(bytes);
      if (bytes === 0) this.#closeFile();
    }
    if (block.ptr < block.end) block.ptr = this.#decode(batch, block.ptr, block.end);
    return POLL_ROWS;
  }

  #pollLines(lines: FrameLines, batch: Batch): number {
    if (lines.ptr >= lines.end) {
      if (lines.finishedFile >= 0) {
        this.#closeFile();
        return POLL_ROWS;
      }
      const bytes = lines.next();
      this.#bytesIn.add(bytes);
      if (bytes === 0) return lines.ended ? POLL_END : POLL_IDLE;
    }
    if (lines.ptr < lines.end) lines.ptr = this.#decode(batch, lines.ptr, lines.end);
    return POLL_ROWS;
  }

  #decode(batch: Batch, ptr: number, end: number): number {
    const next = this.#decoder.decodeLines(ptr, end, batch);
    if (next <= ptr && batch.rows === 0) throw new MillraceError('INTERNAL', 'the format made no progress', { place: this.#decoder.place(ptr, end - ptr) });
    this.#metadata.fill(batch, this.#files.length - 1);
    if (batch.selCount !== batch.rows) batch.selectAll(batch.rows);
    return next;
  }

  /** Opens the file that the next frame names; false when none is there. */
  #openNext(): boolean {
    const frame = this.#frames.take();
    if (frame === undefined) return false;
    const { engine } = this.#ctx;
    const flags = new DataView(engine.memory.buffer, frame.ptr, FRAME_HEADER_BYTES).getUint32(4, true);
    if (flags !== FRAME_FILE) throw new MillraceError('INTERNAL', 'a frame of a file that was not announced');
    const file = JSON.parse(new TextDecoder().decode(engine.u8.slice(frame.ptr + FRAME_HEADER_BYTES, frame.ptr + frame.length))) as FoundFile;
    this.#open = file;
    this.#files.push(file);
    const units = new Units({ ...this.#detail, files: [file], aheadMax: 0, blocks: false, parallelism: 1, restored: false });
    if (file.compression === 'none') {
      this.#block = new BlockReader(engine, units, this.#skip);
      this.#block.start(0, file.offset === 0 ? undefined : file.offset);
    } else {
      const claims = new Claims(Claims.create(units), units, 1);
      claims.setSkip(0, file.offset);
      this.#lines = new FrameLines(engine, this.#frames, units, claims, this.#skip);
    }
    return true;
  }

  #closeFile(): void {
    if (this.#open !== undefined) this.#seen.push(this.#open.path);
    this.#open = undefined;
    this.#release();
    this.#deadLetters?.flush();
  }

  #release(): void {
    this.#tooLong += this.#block?.tooLong ?? this.#lines?.tooLong ?? 0;
    this.#block?.close();
    this.#lines?.close();
    this.#block = undefined;
    this.#lines = undefined;
  }

  snapshot(): Uint8Array[] {
    this.#deadLetters?.flush();
    const file = this.#open;
    const offset = this.#block?.offset ?? this.#lines?.position()?.offset ?? file?.offset ?? 0;
    const position: MonitorPosition = { version: 1, seen: this.#seen, open: file === undefined ? [] : [{ ...file, offset }] };
    return [new TextEncoder().encode(JSON.stringify(position))];
  }

  /** Files that were open are handed out again by the watcher; what was read stays known. */
  restore(elements: readonly Uint8Array[]): void {
    for (const e of elements) this.#seen.push(...readMonitorPosition(e).seen);
  }

  close(): void {
    this.#release();
    this.#metadata.close();
    this.#deadLetters?.close();
  }
}
