import { close, closeSync, fdatasync, fsyncSync, ftruncateSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../base/errors.js';
import { FILE_SYNC_AHEAD_BYTES } from '../../base/limits.js';

/** The calls that touch the disk, so that tests can make them fail. */
export interface FileCalls {
  openSync: typeof openSync;
  writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;
  fsyncSync: typeof fsyncSync;
  /** begins to write a file's bytes to the disk, on another thread */
  fdatasync: (fd: number, done: () => void) => void;
  closeSync: typeof closeSync;
  renameSync: typeof renameSync;
}
const REAL_CALLS: FileCalls = { openSync, writeSync, fsyncSync, fdatasync, closeSync, renameSync };

/** A part that is closed and whole but not visible yet: what a checkpoint keeps and `commitPart` makes visible. */
export interface PendingPart {
  /** hidden file */
  readonly hidden: string;
  /** its visible name */
  readonly visible: string;
}
/** A part that was open when a snapshot was taken: everything after `bytes` is to be cut off. */
export interface OpenPart extends PendingPart {
  readonly bytes: number;
  readonly openedMs: number;
}

export function writeError(path: string, cause: unknown): MillraceError {
  const code = (cause as NodeJS.ErrnoException).code;
  const remedy =
    code === 'ENOSPC'
      ? 'The disk is full: make room and run the job again. Committed parts are whole.'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'Give the process the right to write there.'
        : code === 'EEXIST' || code === 'ENOTDIR'
          ? "'path' must be a folder, but a file of that name is in the way."
          : 'Check the path and the disk.';
  return new MillraceError('FILE_WRITE', `'${path}' could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
    place: { file: path },
    remedy,
    cause,
  });
}

function guarded<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cause instanceof MillraceError ? cause : writeError(path, cause);
  }
}

export function makeFolder(path: string): void {
  guarded(path, () => mkdirSync(path, { recursive: true }));
}

/** The one open part of a bucket. Its file is hidden (its name begins with a dot) until it is committed. */
export class PartFile {
  readonly hidden: string;
  readonly visible: string;
  readonly openedMs: number;
  readonly #calls: FileCalls;
  readonly #ahead: SyncAhead;
  #fd: number;
  #bytes: number;
  /** half a line stands at its end and could not be cut off: it must stay hidden */
  #torn = false;

  /** Opens a new part, or goes on with `from` after cutting it at its snapshot's size. */
  constructor(folder: string, name: string, unique: string, nowMs: number, from?: OpenPart, calls: FileCalls = REAL_CALLS) {
    this.#calls = calls;
    this.hidden = from?.hidden ?? join(folder, `.${name}.inprogress.${unique}`);
    this.visible = from?.visible ?? join(folder, name);
    this.openedMs = from?.openedMs ?? nowMs;
    this.#bytes = from?.bytes ?? 0;
    this.#fd = guarded(this.hidden, () => calls.openSync(this.hidden, from === undefined ? 'wx' : 'r+'));
    if (from !== undefined) guarded(this.hidden, () => ftruncateSync(this.#fd, from.bytes));
    this.#ahead = new SyncAhead(this.hidden, this.#bytes, calls);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends all bytes, or none: what a full disk took of them is cut off again, so that the part still ends with a whole line. */
  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += this.#calls.writeSync(this.#fd, bytes, at, bytes.length - at, this.#bytes + at);
    } catch (cause) {
      this.#torn = true;
      guarded(this.visible, () => ftruncateSync(this.#fd, this.#bytes));
      this.#torn = false;
      throw writeError(this.visible, cause);
    }
    this.#bytes += bytes.length;
    this.#ahead.written(this.#bytes);
  }

  /** What a snapshot needs; the bytes are on the disk when this returns. */
  snapshot(): OpenPart {
    guarded(this.hidden, () => this.#calls.fsyncSync(this.#fd));
    return { hidden: this.hidden, visible: this.visible, bytes: this.#bytes, openedMs: this.openedMs };
  }

  /** Closes it for good: in progress -> pending. */
  close(): PendingPart {
    if (this.#torn) throw writeError(this.hidden, new Error('an earlier write failed half-way'));
    this.#ahead.close();
    guarded(this.hidden, () => {
      this.#calls.fsyncSync(this.#fd);
      this.#calls.closeSync(this.#fd);
    });
    this.#fd = -1;
    return { hidden: this.hidden, visible: this.visible };
  }

  /** Leaves the file as it is, hidden. */
  abandon(): void {
    this.#ahead.close();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Lets the disk work while rows are made. It syncs through a file descriptor of its own, because an error of the disk is told to each descriptor once
 * and the part's own sync must hear of it; so errors here do not matter.
 */
class SyncAhead {
  readonly #path: string;
  readonly #calls: FileCalls;
  #fd = -1;
  #busy = false;
  #closed = false;
  #synced: number;

  constructor(path: string, bytes: number, calls: FileCalls) {
    this.#path = path;
    this.#calls = calls;
    this.#synced = bytes;
  }

  written(bytes: number): void {
    if (this.#busy || bytes - this.#synced < FILE_SYNC_AHEAD_BYTES) return;
    if (this.#fd < 0) this.#fd = guarded(this.#path, () => this.#calls.openSync(this.#path, 'r'));
    this.#synced = bytes;
    this.#busy = true;
    this.#calls.fdatasync(this.#fd, () => {
      this.#busy = false;
      if (this.#closed) this.close();
    });
  }

  close(): void {
    this.#closed = true;
    if (this.#busy || this.#fd < 0) return;
    close(this.#fd, () => undefined);
    this.#fd = -1;
  }
}

/** Makes a pending part visible: pending -> committed. Doing it twice is doing it once. */
export function commitPart(part: PendingPart, calls: FileCalls = REAL_CALLS): void {
  guarded(part.visible, () => {
    try {
      calls.renameSync(part.hidden, part.visible);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && exists(part.visible)) return;
      throw cause;
    }
    syncFolder(dirname(part.visible));
  });
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A rename is on the disk only when its folder is. Some file systems do not let a folder be synced. */
function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EINVAL' && (e as NodeJS.ErrnoException).code !== 'EPERM') throw e;
  } finally {
    closeSync(fd);
  }
}
