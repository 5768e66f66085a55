import { closeSync, openSync, readSync } from 'node:fs';
import { INPUT_PAD } from '#abi';
import { MillraceError } from '../../base/errors.js';
import { RECORD_BYTES_MAX } from '../../base/limits.js';
import type { Engine } from '../../wasm/engine.js';
import type { FilePlan, Units } from './claims.js';
import { lastRecordEnd } from './lines.js';
import { readError } from './listing.js';
import { shrunk, Unchanged } from './unchanged.js';

/** Bytes read past a block's end so that its last line is nearly always whole without a second read. */
const LINE_TAIL_BYTES = 4096;

/**
 * Reads one unit of a file in chunks of whole lines straight into wasm memory. A line belongs to the unit it starts in;
 * the bytes of the current chunk are [ptr, end), which stand at `offset` in the file.
 */
export class BlockReader {
  ptr = 0;
  end = 0;
  /** records longer than the limit that were left out */
  tooLong = 0;
  readonly #engine: Engine;
  readonly #plan: FilePlan;
  readonly #units: Units;
  readonly #skipTooLong: boolean;
  #fd = -1;
  #openFile = -1;
  #unchanged: Unchanged | undefined;
  #file = -1;
  #limit = 0;
  /** where the next chunk begins in the file; it is a line's start once `aligned` */
  #next = 0;
  #aligned = true;
  #buffer = 0;
  #capacity = 0;
  /** file offset of the chunk's buffer */
  #base = 0;

  constructor(engine: Engine, units: Units, skipTooLong: boolean) {
    this.#engine = engine;
    this.#units = units;
    this.#plan = units.plan;
    this.#skipTooLong = skipTooLong;
  }

  get file(): number {
    return this.#file;
  }
  /** file offset of `ptr`; undefined before the unit's first line start is known */
  get offset(): number | undefined {
    if (!this.#aligned) return undefined;
    return this.ptr < this.end ? this.#base + (this.ptr - this.#buffer) : this.#next;
  }
  /** Nothing is left to read of the unit behind this chunk. */
  get exhausted(): boolean {
    return this.#next >= this.#limit;
  }
  offsetOf(ptr: number): number {
    return this.#base + (ptr - this.#buffer);
  }

  /** Starts a unit; `from` is the line start at which an earlier run stopped. */
  start(unit: number, from?: number): void {
    this.#file = this.#units.fileOf(unit);
    const begin = this.#units.start(unit, this.#file);
    this.#limit = this.#units.end(unit, this.#file);
    const file = this.#plan.files[this.#file];
    if (from !== undefined && from > file.bytes) throw shrunk({ ...file, bytes: from }, file.bytes);
    this.#aligned = from !== undefined || begin === 0;
    this.#next = from ?? (begin === 0 ? 0 : begin - 1);
    this.ptr = this.end = 0;
  }

  /** Reads the next chunk. Returns its bytes, 0 when the unit is done; [ptr, end) is empty when a chunk held no line start. */
  nextChunk(): number {
    if (this.#next >= this.#limit) return 0;
    this.#open();
    const want = Math.min(this.#limit - this.#next + LINE_TAIL_BYTES, this.#plan.blockBytes + LINE_TAIL_BYTES);
    this.#base = this.#next;
    this.#reserve(want, 0);
    let have = this.#read(0, want);
    let eof = have < want;
    this.#unchanged?.check(this.#base + have);
    let first = 0;
    if (!this.#aligned) {
      first = this.#newline(0, have) + 1;
      if (first === 0 || this.#base + first >= this.#limit) {
        // No line starts in this chunk: the line that covers it belongs to an earlier unit.
        this.#next = first === 0 && !eof && this.#base + have < this.#limit ? this.#base + have : this.#limit;
        return have;
      }
      this.#aligned = true;
    }
    let cut = this.#cut(first, have, eof);
    while (cut < 0) {
      if (have - first > RECORD_BYTES_MAX) {
        // a quote that never closes: its line alone goes to the format, which refuses it
        cut = this.#plan.framing === undefined ? -1 : this.#newline(first, have) + 1;
        if (cut > first) break;
        return this.#tooLong(first, have);
      }
      const more = Math.min(Math.max(have, LINE_TAIL_BYTES), first + RECORD_BYTES_MAX + 1 - have);
      this.#reserve(have + more, have);
      const got = this.#read(have, more);
      have += got;
      eof = got < more;
      cut = this.#cut(first, have, eof);
    }
    this.ptr = this.#buffer + first;
    this.end = this.#buffer + cut;
    this.#next = eof && cut === have ? this.#limit : this.#base + cut;
    this.#pad(cut, have);
    return have;
  }

  /**
   * Where the chunk's last whole line ends: before the unit's limit if a later line starts there, else after its last newline.
   * -1 = the line at `first` has no end yet.
   */
  #cut(first: number, have: number, eof: boolean): number {
    const limit = this.#limit - this.#base;
    if (this.#plan.framing !== undefined) {
      if (eof) return have;
    } else if (have >= limit) {
      const newline = limit - 1 >= first ? this.#newline(limit - 1, have) : -1;
      if (newline >= 0) return newline + 1;
      if (eof) return have;
    }
    const end = lastRecordEnd(this.#engine, this.#buffer + first, this.#buffer + have, this.#plan.framing);
    return end !== 0 ? end - this.#buffer : eof ? have : -1;
  }

  /** Leaves out one line that is longer than the limit, or fails. */
  #tooLong(first: number, have: number): number {
    const offset = this.#base + first;
    if (!this.#skipTooLong) {
      throw new MillraceError('RECORD_TOO_LONG', `a record is longer than ${RECORD_BYTES_MAX} bytes`, {
        place: this.placeOf(offset),
        remedy: 'Is this file lines of records? With ignore-parse-errors such records are skipped.',
      });
    }
    this.tooLong++;
    let at = this.#base + have;
    for (;;) {
      const got = this.#readAt(at, 0, this.#capacity);
      if (got === 0) break;
      const newline = this.#newline(0, got);
      at += newline < 0 ? got : newline + 1;
      if (newline >= 0) break;
    }
    this.#next = at;
    this.ptr = this.end = 0;
    return have;
  }

  #newline(from: number, to: number): number {
    const i = this.#engine.u8.subarray(this.#buffer + from, this.#buffer + to).indexOf(10);
    return i < 0 ? -1 : from + i;
  }

  /** Room for `bytes` with padding; keeps the first `keep` bytes. */
  #reserve(bytes: number, keep: number): void {
    if (bytes <= this.#capacity) return;
    const old = this.#buffer - INPUT_PAD;
    const oldBytes = this.#capacity + 2 * INPUT_PAD;
    const block = this.#engine.alloc(bytes + 2 * INPUT_PAD);
    this.#engine.u8.fill(0, block, block + INPUT_PAD);
    if (this.#capacity > 0) {
      this.#engine.u8.copyWithin(block + INPUT_PAD, this.#buffer, this.#buffer + keep);
      this.#engine.free(old, oldBytes);
    }
    this.#buffer = block + INPUT_PAD;
    this.#capacity = bytes;
  }

  /** Zero bytes after the chunk, where no bytes of the next line stand. */
  #pad(cut: number, have: number): void {
    if (cut === have) this.#engine.u8.fill(0, this.#buffer + have, this.#buffer + have + INPUT_PAD);
  }

  #read(at: number, bytes: number): number {
    return this.#readAt(this.#base + at, at, bytes);
  }
  #readAt(position: number, at: number, bytes: number): number {
    const u8 = this.#engine.u8;
    let got = 0;
    try {
      while (got < bytes) {
        const n = readSync(this.#fd, u8, this.#buffer + at + got, bytes - got, position + got);
        if (n === 0) break;
        got += n;
      }
    } catch (cause) {
      throw readError(this.#plan.files[this.#file].path, cause);
    }
    const file = this.#plan.files[this.#file];
    if (got < bytes && position + got < file.bytes) {
      this.#unchanged?.check(position + got); // knows where it ends now
      throw shrunk(file, position + got);
    }
    return got;
  }

  #open(): void {
    if (this.#openFile === this.#file) return;
    this.#closeFile();
    const file = this.#plan.files[this.#file];
    try {
      this.#fd = openSync(file.path, 'r');
    } catch (cause) {
      throw readError(file.path, cause);
    }
    this.#openFile = this.#file;
    this.#unchanged = new Unchanged(file, this.#fd);
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    this.#openFile = -1;
  }

  /** File and line of a byte offset; counts newlines from the last place asked for, so that many bad records cost one pass. */
  placeOf(offset: number): { file: string; line: number } {
    const path = this.#plan.files[this.#file].path;
    if (this.#lineFile !== this.#file || offset < this.#lineOffset) {
      this.#lineFile = this.#file;
      this.#lineOffset = 0;
      this.#line = 1;
    }
    const piece = new Uint8Array(1 << 16);
    this.#open();
    while (this.#lineOffset < offset) {
      const n = readSync(this.#fd, piece, 0, Math.min(piece.length, offset - this.#lineOffset), this.#lineOffset);
      if (n === 0) break;
      for (let i = piece.indexOf(10); i >= 0 && i < n; i = piece.indexOf(10, i + 1)) this.#line++;
      this.#lineOffset += n;
    }
    return { file: path, line: this.#line };
  }
  #lineFile = -1;
  #lineOffset = 0;
  #line = 1;

  close(): void {
    this.#closeFile();
    if (this.#capacity > 0) this.#engine.free(this.#buffer - INPUT_PAD, this.#capacity + 2 * INPUT_PAD);
    this.#capacity = 0;
  }
}
