import { INPUT_PAD } from '#abi';
import { MillraceError } from '../../base/errors.js';
import { RECORD_BYTES_MAX } from '../../base/limits.js';
import type { FrameReader } from '../../contract/io.js';
import type { Engine } from '../../wasm/engine.js';
import type { Claims, Units } from './claims.js';
import { countNewlines, lastRecordEnd } from './lines.js';

/** A frame begins with { u32 file, u32 flags }, little endian; then bytes of the inflated file in order. */
export const FRAME_HEADER_BYTES = 8;
export const FRAME_LAST = 1;
/** a file begins: its description as JSON, from the watcher of a folder */
export const FRAME_FILE = 2;

/** Joins the frames of inflated files to whole lines: [ptr, end) holds lines of file `file`. */
export class FrameLines {
  ptr = 0;
  end = 0;
  file = -1;
  /** the file that the last `next` brought to its end, else -1 */
  finishedFile = -1;
  tooLong = 0;
  readonly #engine: Engine;
  readonly #frames: FrameReader;
  readonly #units: Units;
  readonly #claims: Claims;
  readonly #skipTooLong: boolean;
  #buffer = 0;
  #capacity = 0;
  #have = 0;
  /** inflated bytes before the buffer's first byte */
  #base = 0;
  /** inflated bytes still to be left out: an earlier run has read them */
  #skip = 0;
  /** inside a line that is too long: everything up to its newline is left out */
  #discarding = false;
  #last = false;
  /** newlines before the buffer's first byte */
  #lines = 0;

  constructor(engine: Engine, frames: FrameReader, units: Units, claims: Claims, skipTooLong: boolean) {
    this.#engine = engine;
    this.#frames = frames;
    this.#units = units;
    this.#claims = claims;
    this.#skipTooLong = skipTooLong;
  }

  get ended(): boolean {
    return this.#frames.ended;
  }

  /** Where the open file stands; nothing between two files. */
  position(): { file: number; offset: number } | undefined {
    if (this.file < 0) return undefined;
    const at = this.ptr < this.end ? this.ptr - this.#buffer : this.end > 0 ? this.end - this.#buffer : 0;
    // what is left out of an earlier run's bytes counts as read
    return { file: this.file, offset: Math.max(this.#base + at, this.#claims.skip(this.file)) };
  }

  /** Takes the next frame; all lines were consumed. Returns the frame's bytes, 0 when none is there. */
  next(): number {
    this.finishedFile = -1;
    const frame = this.#frames.take();
    if (frame === undefined) return 0;
    const head = new DataView(this.#engine.memory.buffer, frame.ptr, FRAME_HEADER_BYTES);
    const file = head.getUint32(0, true);
    this.#last = (head.getUint32(4, true) & FRAME_LAST) !== 0;
    if (file !== this.file) this.#startFile(file);
    let data = frame.ptr + FRAME_HEADER_BYTES;
    let bytes = frame.length - FRAME_HEADER_BYTES;
    if (this.#skip > 0) {
      const n = Math.min(this.#skip, bytes);
      this.#lines += countNewlines(this.#engine.u8, data, data + n);
      this.#skip -= n;
      data += n;
      bytes -= n;
      this.#base += n;
    }
    this.#join(data, bytes);
    return frame.length;
  }

  #startFile(file: number): void {
    this.file = file;
    this.#have = this.#base = 0;
    this.ptr = this.end = this.#buffer;
    this.#discarding = false;
    this.#lines = 0;
    this.#skip = this.#claims.isDone(this.#units.first[file]) ? Number.POSITIVE_INFINITY : this.#claims.skip(file);
  }

  /** Keeps the partial line, appends the frame's bytes and finds the lines that are now whole. */
  #join(data: number, bytes: number): void {
    const consumed = this.end - this.#buffer;
    const kept = this.#have - consumed;
    const old = this.#engine.u8;
    this.#lines += countNewlines(old, this.#buffer, this.#buffer + consumed);
    if (kept > 0 && consumed > 0) old.copyWithin(this.#buffer, this.#buffer + consumed, this.#buffer + this.#have);
    this.#reserve(kept + bytes, kept);
    const u8 = this.#engine.u8;
    u8.copyWithin(this.#buffer + kept, data, data + bytes);
    this.#base += consumed;
    this.#have = kept + bytes;
    let first = 0;
    if (this.#discarding) {
      const newline = u8.subarray(this.#buffer, this.#buffer + this.#have).indexOf(10);
      first = newline < 0 ? this.#have : newline + 1;
      this.#discarding = newline < 0;
    }
    const { framing } = this.#units.plan;
    let cut = this.#last ? this.#have : lastRecordEnd(this.#engine, this.#buffer + first, this.#buffer + this.#have, framing) - this.#buffer;
    if (cut < 0) {
      cut = first;
      if (this.#have - first > RECORD_BYTES_MAX) {
        // a quote that never closes: its line alone goes to the format, which refuses it
        const newline = framing === undefined ? -1 : u8.subarray(this.#buffer + first, this.#buffer + this.#have).indexOf(10);
        if (newline >= 0) cut = first + newline + 1;
        else if (!this.#skipTooLong) {
          throw new MillraceError('RECORD_TOO_LONG', `a record is longer than ${RECORD_BYTES_MAX} bytes`, {
            place: this.placeOf(this.#buffer + first),
            remedy: 'Is this file lines of records? With ignore-parse-errors such records are skipped.',
          });
        } else {
          this.tooLong++;
          this.#discarding = true;
          cut = first = this.#have;
        }
      }
    }
    u8.fill(0, this.#buffer + this.#have, this.#buffer + this.#have + INPUT_PAD);
    this.ptr = this.#buffer + first;
    this.end = this.#buffer + cut;
    if (this.#last) this.finishedFile = this.file;
  }

  /** Room for `bytes`; the first `kept` stay. */
  #reserve(bytes: number, kept: number): void {
    if (bytes <= this.#capacity) return;
    const capacity = Math.max(bytes, 2 * this.#capacity);
    const block = this.#engine.alloc(capacity + 2 * INPUT_PAD);
    const u8 = this.#engine.u8;
    u8.fill(0, block, block + INPUT_PAD);
    u8.copyWithin(block + INPUT_PAD, this.#buffer, this.#buffer + kept);
    if (this.#capacity > 0) this.#engine.free(this.#buffer - INPUT_PAD, this.#capacity + 2 * INPUT_PAD);
    this.#buffer = block + INPUT_PAD;
    this.#capacity = capacity;
  }

  /** File and line of a record in the buffer. */
  placeOf(ptr: number): { file: string; line: number } {
    return { file: this.#units.plan.files[this.file].path, line: this.#lines + countNewlines(this.#engine.u8, this.#buffer, ptr) + 1 };
  }

  close(): void {
    if (this.#capacity > 0) this.#engine.free(this.#buffer - INPUT_PAD, this.#capacity + 2 * INPUT_PAD);
    this.#capacity = 0;
  }
}
