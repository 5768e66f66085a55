import { ACC, type AccumulatorPlan } from './accumulators.js';
import type { Aggregates, GroupState } from './aggregates.js';
import { MillraceError } from '../base/errors.js';
import { STATE_BYTES_MAX } from '../base/limits.js';
import type { KeyedTables } from '../state/table.js';
import type { Engine } from '../wasm/engine.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    tableByGroup(table: number, groups: number, starts: number, out: number): void;
    flatByGroup(table: number, groups: number, starts: number, spare: number, out: number): void;
    flatPackRows(rows: number, n: number, acc: number, out: number, copies: number): number;
    distinctByGroup(table: number, sessions: number, groups: number, starts: number, out: number): void;
    packSize(rows: number, n: number, words: number, acc: number): number;
    packRows(rows: number, n: number, words: number, acc: number, out: number, copies: number): number;
    packSessionsSize(keys: number, n: number, words: number, acc: number, head: number, report: number): number;
    packSessions(keys: number, n: number, words: number, acc: number, keyAcc: number, head: number, out: number, originals: number, copies: number): void;
    blobSize(rows: number, n: number, acc: number, flag: number): number;
    packBlobs(copies: number, n: number, acc: number, flag: number, base: number, out: number): number;
    unpackBlobs(rows: number, n: number, acc: number, flag: number, base: number, end: number): number;
    linkOffsets(originals: number, copies: number, n: number, link: number, base: number): void;
    relinkDistinct(rows: number, n: number, words: number, link: number, base: number, end: number): number;
    unpackRows(from: number, end: number, n: number, words: number, acc: number, out: number): number;
  }
}

/** Accumulator bytes of an entry in a distinct table. */
export const DISTINCT_ACC = 8;
const SECTION_HEADER = 24;

/** The state of one slice, or of all sessions. */
export interface PackedState {
  /** start of the slice in ms; 0 for sessions */
  readonly start: number;
  readonly state: GroupState;
}

/** A vector of u32 in wasm memory that grows. */
class Vector {
  ptr = 0;
  #bytes = 0;
  readonly #engine: Engine;
  constructor(engine: Engine) {
    this.#engine = engine;
  }
  room(n: number): number {
    const bytes = Math.max(64, n * 4);
    if (bytes > this.#bytes) {
      this.free();
      this.#bytes = bytes * 2;
      this.ptr = this.#engine.alloc(this.#bytes);
    }
    return this.ptr;
  }
  free(): void {
    if (this.ptr !== 0) this.#engine.free(this.ptr, this.#bytes);
    this.ptr = 0;
    this.#bytes = 0;
  }
}

/** Where sessions hang on their key rows; undefined packs the table's rows themselves. */
export interface SessionLayout {
  readonly head: number;
}

/** Packs group state into sections by key group (docs/formats/window-state.md). */
export class Packer {
  readonly #engine: Engine;
  readonly #tables: KeyedTables;
  readonly #aggregates: Aggregates;
  readonly #groups: number;
  readonly #sessions: SessionLayout | undefined;
  readonly #rows: Vector;
  readonly #originals: Vector;
  readonly #copies: Vector;
  readonly #starts: Vector;
  readonly #entries: Vector[];
  readonly #entryStarts: Vector[];
  readonly #entryCopies: Vector;
  readonly #report: Vector;

  /** `groups`: number of key groups (maxParallelism). */
  constructor(engine: Engine, tables: KeyedTables, aggregates: Aggregates, groups: number, sessions?: SessionLayout) {
    const vector = (): Vector => new Vector(engine);
    this.#engine = engine;
    this.#tables = tables;
    this.#aggregates = aggregates;
    this.#groups = groups;
    this.#sessions = sessions;
    this.#rows = vector();
    this.#originals = vector();
    this.#copies = vector();
    this.#starts = vector();
    this.#entryCopies = vector();
    this.#report = vector();
    this.#entries = aggregates.layout.distinctArgs.map(vector);
    this.#entryStarts = aggregates.layout.distinctArgs.map(vector);
  }

  /** Sections of one state by key group; groups without rows have none. */
  pack({ start, state }: PackedState): Map<number, Uint8Array> {
    const { kernels } = this.#engine;
    const groups = this.#groups;
    const rows = this.#rows.room(this.#tables.count(state.table));
    const starts = this.#starts.room(groups + 1);
    if (this.#tables.isFlat) kernels.flatByGroup(state.table, groups, starts, this.#copies.room(this.#tables.count(state.table)), rows);
    else kernels.tableByGroup(state.table, groups, starts, rows);
    state.distinct.forEach((t, i) => {
      const entries = this.#entries[i].room(kernels.tableCount(t));
      kernels.distinctByGroup(t, this.#sessions === undefined ? 0 : 1, groups, this.#entryStarts[i].room(groups + 1), entries);
    });
    const out = new Map<number, Uint8Array>();
    for (let g = 0; g < groups; g++) {
      const from = this.#engine.u32[(starts >>> 2) + g];
      const n = this.#engine.u32[(starts >>> 2) + g + 1] - from;
      if (n === 0) continue;
      const section = this.#section(start, g, rows + from * 4, n);
      if (section !== undefined) out.set(g, section);
    }
    return out;
  }

  #section(start: number, group: number, rows: number, n: number): Uint8Array | undefined {
    const engine = this.#engine;
    const k = engine.kernels;
    const words = this.#tables.isWord ? 1 : 0;
    const acc = this.#aggregates.layout.bytes;
    const plans = blobPlans(this.#aggregates);
    let count = n;
    let rowBytes: number;
    if (this.#sessions === undefined) rowBytes = k.packSize(rows, n, words, acc);
    else {
      rowBytes = k.packSessionsSize(rows, n, words, acc, this.#sessions.head, this.#report.room(1));
      count = engine.u32[this.#report.ptr >>> 2];
      if (count === 0) return undefined;
    }
    const copies = this.#copies.room(count);
    const originals = this.#sessions === undefined ? rows : this.#originals.room(count);
    const head = SECTION_HEADER + this.#entries.length * 8;
    const distinct = this.#entries.map((entries, i) => this.#distinctRange(entries, i, group));
    const distinctBytes = distinct.reduce((a, d) => a + d.bytes, 0);
    // the copies come first, because strings are measured on them
    const first = this.#allocate(head + rowBytes);
    if (this.#tables.isFlat) k.flatPackRows(rows, n, acc, first.ptr + head, copies);
    else if (this.#sessions === undefined) k.packRows(rows, n, words, acc, first.ptr + head, copies);
    else k.packSessions(rows, n, words, acc, this.#tables.accBytes, this.#sessions.head, first.ptr + head, originals, copies);
    const blobBytes = plans.reduce((a, p) => a + k.blobSize(copies, count, p.offset, p.flag), 0);
    const whole = this.#allocate(head + rowBytes + blobBytes + distinctBytes);
    const base = whole.ptr + head;
    engine.u8.copyWithin(whole.ptr, first.ptr, first.ptr + head + rowBytes);
    const u32 = engine.u32;
    for (let i = 0; i < count; i++) u32[(copies >>> 2) + i] += whole.ptr - first.ptr;
    engine.free(first.ptr, first.bytes);
    let end = base + rowBytes;
    for (const p of plans) end = k.packBlobs(copies, count, p.offset, p.flag, base, end) >>> 0;
    const { link } = this.#aggregates.layout;
    if (link !== 0) k.linkOffsets(originals, copies, count, link, base);
    distinct.forEach((d, i) => {
      const isWord = this.#aggregates.isWordDistinct(i) ? 1 : 0;
      const entryCopies = this.#entryCopies.room(d.count);
      end = k.packRows(d.rows, d.count, isWord, DISTINCT_ACC, end, entryCopies) >>> 0;
      k.relinkDistinct(entryCopies, d.count, isWord, link, 0, 0);
    });
    if (link !== 0) k.linkRows(originals, 0, count, link);
    this.#header(whole.ptr, start, count, rowBytes, blobBytes, distinct);
    const bytes = engine.u8.slice(whole.ptr, end);
    engine.free(whole.ptr, whole.bytes);
    return bytes;
  }

  #distinctRange(entries: Vector, index: number, group: number): { rows: number; count: number; bytes: number } {
    const at = (this.#entryStarts[index].ptr >>> 2) + group;
    const from = this.#engine.u32[at];
    const count = this.#engine.u32[at + 1] - from;
    const rows = entries.ptr + from * 4;
    return { rows, count, bytes: this.#engine.kernels.packSize(rows, count, this.#aggregates.isWordDistinct(index) ? 1 : 0, DISTINCT_ACC) };
  }

  #header(at: number, start: number, count: number, rowBytes: number, blobBytes: number, distinct: readonly { count: number; bytes: number }[]): void {
    const { u32, f64 } = this.#engine;
    f64[at >>> 3] = start;
    u32[(at >>> 2) + 2] = count;
    u32[(at >>> 2) + 3] = rowBytes;
    u32[(at >>> 2) + 4] = blobBytes;
    u32[(at >>> 2) + 5] = distinct.length;
    distinct.forEach((d, i) => {
      u32[(at >>> 2) + 6 + 2 * i] = d.count;
      u32[(at >>> 2) + 7 + 2 * i] = d.bytes;
    });
  }

  #allocate(bytes: number): { ptr: number; bytes: number } {
    if (bytes > STATE_BYTES_MAX)
      throw new MillraceError('OUT_OF_MEMORY', `the state of one key group in one window takes ${bytes} bytes`, {
        remedy: 'Raise the maximum parallelism, which is the number of key groups.',
      });
    return { ptr: this.#engine.alloc(bytes), bytes };
  }

  close(): void {
    for (const v of [this.#rows, this.#originals, this.#copies, this.#starts, this.#entryCopies, this.#report, ...this.#entries, ...this.#entryStarts])
      v.free();
  }
}

/** Accumulators with values of variable length. */
export function blobPlans(aggregates: Aggregates): AccumulatorPlan[] {
  return aggregates.layout.plans.filter((p) => p.kind >= ACC.minBytes);
}
