import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError, nearest } from '../../base/errors.js';

export type Compression = 'none' | 'gzip';

/** A file to read, as it was when the job was planned. */
export interface InputFile {
  /** absolute path */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** device and number of its inode; absent where a position of an earlier run names the file, which may have been copied since */
  readonly inode?: string;
  readonly compression: Compression;
}

/** The local path that an option names: plain, or a `file:` URI as Flink writes it (`file:/x`, `file:///x`). */
export function localPath(option: string, table: string): string {
  if (/^file:/i.test(option)) {
    try {
      return fileURLToPath(`file://${option.slice(5).replace(/^\/\/(?=\/)/, '')}`);
    } catch (cause) {
      throw new MillraceError('INVALID_OPTION', `'${option}' is not a file URI`, {
        place: { operator: table },
        remedy: "Write 'file:///absolute/path'.",
        cause,
      });
    }
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(option);
  if (scheme !== null) {
    throw new MillraceError('NOT_SUPPORTED', `the file system '${scheme[1]}' of path '${option}'`, {
      place: { operator: table },
      remedy: 'millrace reads and writes local files: give a local path.',
    });
  }
  return resolve(option);
}

/** Flink leaves out files and folders whose name begins with a dot or an underscore. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_');
}

/**
 * Files of a path in the order of their names: the file itself, or everything below a folder but hidden entries. A folder that links lead to twice
 * is read once, and one that contains the path is not entered: either would repeat itself without end.
 */
export function listFiles(path: string, pattern: RegExp | undefined): InputFile[] {
  const files: InputFile[] = [];
  const root = statOf(path);
  if (root.isDirectory()) walk(path, pattern, files, new Set(containing(path)));
  else if (!root.isFile())
    throw new MillraceError('NOT_SUPPORTED', `'${path}' is neither a file nor a folder`, {
      place: { file: path },
      remedy: 'Pipes and devices have no positions: write them to a file first.',
    });
  else files.push(inputFile(path, root));
  return files;
}

/** The real paths of the folders that contain a folder. */
function containing(path: string): string[] {
  const out: string[] = [];
  for (let at = realPath(path); at !== dirname(at); ) {
    at = dirname(at);
    out.push(at);
  }
  return out;
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (cause) {
    throw readError(folder, cause);
  }
}

function walk(folder: string, pattern: RegExp | undefined, out: InputFile[], entered: Set<string>): void {
  const real = realPath(folder);
  if (entered.has(real)) return;
  entered.add(real);
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw readError(folder, cause);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const e of entries) {
    if (isHidden(e.name)) continue;
    const path = join(folder, e.name);
    const stats = statOf(path);
    if (stats.isDirectory()) walk(path, pattern, out, entered);
    else if (stats.isFile() && (pattern === undefined || pattern.test(path))) out.push(inputFile(path, stats));
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' || (cause as NodeJS.ErrnoException).code === 'ENOTDIR') throw notFound(path, cause);
    throw readError(path, cause);
  }
}

function inputFile(path: string, stats: Stats): InputFile {
  const name = basename(path);
  if (/\.(bz2|xz|deflate|zst|zstd)$/i.test(name)) {
    throw new MillraceError('NOT_SUPPORTED', `the compression of '${name}'`, { place: { file: path }, remedy: 'Decompress it, or use gzip (.gz).' });
  }
  const compression = /\.(gz|gzip)$/i.test(name) ? 'gzip' : 'none';
  return { path, bytes: stats.size, modifiedMs: Math.floor(stats.mtimeMs), inode: inodeOf(stats), compression };
}

/** Which file this is, however it is called. */
export function inodeOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** FILE_NOT_FOUND with the entry of the nearest existing folder that looks most like what was asked. */
export function notFound(path: string, cause: unknown): MillraceError {
  let missing = path;
  let folder = dirname(path);
  let names: string[] | undefined;
  while (names === undefined && folder !== dirname(folder)) {
    try {
      names = readdirSync(folder);
    } catch {
      missing = folder;
      folder = dirname(folder);
    }
  }
  const near = names === undefined ? undefined : nearest(basename(missing), names);
  return new MillraceError('FILE_NOT_FOUND', `there is no file or folder '${path}'`, {
    place: { file: path },
    remedy: near === undefined ? "Check the option 'path'." : `Did you mean '${join(folder, near)}'?`,
    cause,
  });
}

export function readError(path: string, cause: unknown): MillraceError {
  return new MillraceError('FILE_READ', `'${path}' could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
    place: { file: path },
    remedy: 'Check its permissions and that nothing removes it while the job runs.',
    cause,
  });
}

const SAMPLE_BYTES = 64 << 10;

/** Mean bytes of the lines at a file's begin. */
export function lineBytesOf(file: InputFile): number {
  const sample = new Uint8Array(SAMPLE_BYTES);
  let n: number;
  try {
    const fd = openSync(file.path, 'r');
    try {
      n = readSync(fd, sample, 0, SAMPLE_BYTES, 0);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw readError(file.path, cause);
  }
  let lines = 0;
  for (let i = sample.indexOf(10); i >= 0 && i < n; i = sample.indexOf(10, i + 1)) lines++;
  return n / Math.max(1, lines);
}
