import { fstatSync, readSync, type Stats } from 'node:fs';
import { MillraceError } from '../../base/errors.js';
import { type InputFile, inodeOf, readError } from './listing.js';

/** Bytes before the end that the plan found: in a file of records hardly two versions have the same there. */
const TAIL_BYTES = 256;

/**
 * Watches that an open file stays what the job was planned for: all bytes up to the size that was found then. It may grow, and its name may be given to
 * another file while it is open. Fails with FILE_READ when it was cut, written over, or replaced before it was opened.
 */
export class Unchanged {
  readonly #file: InputFile;
  readonly #fd: number;
  readonly #tail: Uint8Array;
  #modifiedMs: number;

  constructor(file: InputFile, fd: number) {
    this.#file = file;
    this.#fd = fd;
    const stats = this.#stat();
    checkOpened(file, stats);
    this.#modifiedMs = stats.mtimeMs;
    this.#tail = this.#readTail();
  }

  /** After a read up to `offset`. Looks at the bytes again only when the file was written to. */
  check(offset: number): void {
    const stats = this.#stat();
    if (stats.size < this.#file.bytes) throw shrunk(this.#file, stats.size);
    if (stats.mtimeMs === this.#modifiedMs) return;
    this.#modifiedMs = stats.mtimeMs;
    if (Buffer.compare(this.#readTail(), this.#tail) !== 0) throw changed(this.#file, 'was written over while it was read', offset);
  }

  #stat(): Stats {
    try {
      return fstatSync(this.#fd);
    } catch (cause) {
      throw readError(this.#file.path, cause);
    }
  }
  #readTail(): Uint8Array {
    const { bytes, path } = this.#file;
    const tail = new Uint8Array(Math.min(TAIL_BYTES, bytes));
    try {
      const got = readSync(this.#fd, tail, 0, tail.length, bytes - tail.length);
      if (got < tail.length) throw shrunk(this.#file, bytes - tail.length + got);
    } catch (cause) {
      throw cause instanceof MillraceError ? cause : readError(path, cause);
    }
    return tail;
  }
}

/** A file that has just been opened: is it the one that was found? */
export function checkOpened(file: InputFile, stats: Stats): void {
  if (stats.size < file.bytes) throw shrunk(file, stats.size);
  // some file systems number a file anew: then its size and time are what they were
  const same = file.inode === undefined || file.inode === inodeOf(stats) || (stats.size === file.bytes && Math.floor(stats.mtimeMs) === file.modifiedMs);
  if (!same) throw changed(file, 'was replaced by another file after the job had found it', 0);
}

/** The file ends at `offset`, before the size it was found with. */
export function shrunk(file: InputFile, offset: number): MillraceError {
  return changed(file, `has become shorter: it had ${file.bytes} bytes when the job found it, and now ends at ${offset}`, offset);
}

function changed(file: InputFile, what: string, offset: number): MillraceError {
  return new MillraceError('FILE_READ', `'${file.path}' ${what}`, {
    place: { file: file.path, offset },
    remedy: 'Write new data to a new file, whole before it has its name (rename), and let files that are being read only grow.',
  });
}
