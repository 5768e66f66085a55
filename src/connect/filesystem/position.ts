import { MillraceError } from '../../base/errors.js';
import type { Units } from './claims.js';

/** What a reader has read: finished units as bits, units it stopped in, and offsets in inflated files. */
export interface FilePosition {
  readonly done: Int32Array;
  /** `offset`: the line start to go on from; undefined = the unit's begin */
  readonly open: { readonly unit: number; readonly offset: number | undefined }[];
  readonly frames: { readonly file: number; readonly offset: number }[];
}

interface StoredFile {
  readonly path: string;
  /** finished units of the file, as pairs [from, to) */
  readonly done?: readonly number[];
  readonly open?: readonly (readonly [unit: number, offset: number])[];
  readonly inflated?: number;
}
interface Stored {
  readonly version: 1;
  /** 0 = files are not cut */
  readonly blockBytes: number;
  readonly files: readonly StoredFile[];
}

/** As bytes: JSON that names files by path and units by their number in the file, so that other files may come or go in between. */
export function encodePosition(p: FilePosition, units: Units): Uint8Array {
  const files: StoredFile[] = [];
  units.plan.files.forEach((f, file) => {
    const first = units.first[file];
    const done = runs(p.done, first, units.first[file + 1]);
    const open = p.open.filter((o) => units.fileOf(o.unit) === file).map((o) => [o.unit - first, o.offset ?? -1] as const);
    const inflated = p.frames.find((x) => x.file === file)?.offset;
    if (done.length > 0 || open.length > 0 || inflated !== undefined) files.push({ path: f.path, done, open, inflated });
  });
  const stored: Stored = { version: 1, blockBytes: units.plan.blocks ? units.plan.blockBytes : 0, files };
  return new TextEncoder().encode(JSON.stringify(stored));
}

function runs(bits: Int32Array, from: number, to: number): number[] {
  const out: number[] = [];
  for (let u = from; u < to; u++) {
    if ((bits[u >> 5] & (1 << (u & 31))) === 0) continue;
    const start = u;
    while (u < to && (bits[u >> 5] & (1 << (u & 31))) !== 0) u++;
    out.push(start - from, u - from);
  }
  return out;
}

/** Adds what one stored element says to `into`. A file that is gone is forgotten; fails when files were cut otherwise. */
export function mergePosition(into: FilePosition, bytes: Uint8Array, units: Units): void {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as Stored;
  if (stored.version !== 1) throw new MillraceError('INTERNAL', `a file position of version ${String(stored.version)}`);
  const byPath = new Map(units.plan.files.map((f, i) => [f.path, i]));
  if (stored.blockBytes !== (units.plan.blocks ? units.plan.blockBytes : 0)) {
    throw new MillraceError('NOT_SUPPORTED', 'the position was taken by a job that cut its files otherwise', {
      remedy: 'Restore it with the same query, or start without the snapshot.',
    });
  }
  for (const f of stored.files) {
    const file = byPath.get(f.path);
    if (file === undefined) continue;
    const first = units.first[file];
    const limit = units.first[file + 1] - first;
    const done = f.done ?? [];
    for (let i = 0; i < done.length; i += 2)
      for (let u = done[i]; u < Math.min(done[i + 1], limit); u++) into.done[(first + u) >> 5] |= 1 << ((first + u) & 31);
    for (const [u, offset] of f.open ?? []) if (u < limit) into.open.push({ unit: first + u, offset: offset < 0 ? undefined : offset });
    if (f.inflated !== undefined) into.frames.push({ file, offset: f.inflated });
  }
}
