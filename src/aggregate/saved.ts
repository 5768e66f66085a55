import { BATCH_ROWS_MAX } from '#abi';
import type { Aggregates, GroupState } from './aggregates.js';
import { MillraceError } from '../base/errors.js';
import type { OperatorSnapshot } from '../contract/operator.js';
import type { KeyedTables } from '../state/table.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { blobPlans, DISTINCT_ACC } from './packer.js';

/** Bytes of windowed state: docs/formats/window-state.md. */
const MAGIC = 0x5357524d; // 'MRWS'
const VERSION = 1;
const HEADER = 32;
const SECTION_HEADER = 24;
const FLAG_WORD = 1;
const FLAG_SESSIONS = 2;
const TIME_MAGIC = 0x5457524d; // 'MRWT'
const TIME_BYTES = 16;

/** What must agree between the operator that wrote and the one that reads. */
export interface StateForm {
  readonly words: boolean;
  readonly sessions: boolean;
  /** bytes of accumulators in a packed row, as the rows' walk sees them */
  readonly accBytes: number;
  readonly fingerprint: number;
}

export function stateForm(leaves: readonly Leaf[], keys: readonly number[], tables: KeyedTables, aggregates: Aggregates, sessions: boolean): StateForm {
  const text = [
    keys.map((k) => typeCode(leaves[k].type)).join(),
    ...aggregates.layout.plans.map((p) => [p.call.fn, p.argCode, p.kind, p.offset, p.flag, p.count, p.distinct].join()),
  ].join(';');
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return { words: tables.isWord, sessions, accBytes: aggregates.layout.bytes + (sessions ? 16 : 0), fingerprint: hash };
}

/** One key group's bytes from its sections. */
export function encodeGroup(form: StateForm, sections: readonly Uint8Array[], progressMs: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + sections.reduce((n, s) => n + s.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, (form.words ? FLAG_WORD : 0) | (form.sessions ? FLAG_SESSIONS : 0), true);
  view.setUint32(8, form.accBytes, true);
  view.setUint32(12, form.fingerprint, true);
  view.setUint32(16, sections.length, true);
  view.setFloat64(24, progressMs, true);
  let at = HEADER;
  for (const s of sections) {
    bytes.set(s, at);
    at += s.length;
  }
  return bytes;
}

/** The operator's progress (watermark) as union state. */
export function encodeProgress(progressMs: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TIME_MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setFloat64(8, progressMs, true);
  return bytes;
}

/** The least progress of all old subtasks (as Flink restores a window operator's watermark). */
export function decodeProgress(snapshot: OperatorSnapshot, operator: string): number {
  let progress = Number.POSITIVE_INFINITY;
  for (const bytes of snapshot.union) {
    const view = viewOf(bytes);
    if (bytes.length !== TIME_BYTES || view.getUint32(0, true) !== TIME_MAGIC || view.getUint16(4, true) !== VERSION) throw incompatible(operator);
    progress = Math.min(progress, view.getFloat64(8, true));
  }
  return snapshot.union.length === 0 ? Number.NEGATIVE_INFINITY : progress;
}

/**
 * Merges the `n` rows (at most BATCH_ROWS_MAX) of a section that begins at `start`: u32 pointers to packed rows at `rows`, and at `shifted` the same plus
 * rowShift, so that accumulators stand at their offsets. Returns the state they went into.
 */
export type MergeRows = (start: number, rows: number, shifted: number, n: number) => GroupState;

/** Reads one key group's bytes; DISTINCT values follow their rows by themselves. */
export class Unpacker {
  readonly #engine: Engine;
  readonly #aggregates: Aggregates;
  readonly #form: StateForm;
  readonly #rowShift: number;
  readonly #name: string;

  constructor(engine: Engine, aggregates: Aggregates, form: StateForm, rowShift: number, name: string) {
    this.#engine = engine;
    this.#aggregates = aggregates;
    this.#form = form;
    this.#rowShift = rowShift;
    this.#name = name;
  }

  unpack(bytes: Uint8Array, merge: MergeRows): void {
    const engine = this.#engine;
    const sections = this.#check(bytes);
    const size = bytes.length + 64;
    const ptr = engine.alloc(size);
    engine.u8.set(bytes, ptr);
    const end = ptr + bytes.length;
    let at = ptr + HEADER;
    for (let i = 0; i < sections; i++) at = this.#section(at, end, merge);
    engine.free(ptr, size);
    if (at !== end) throw incompatible(this.#name);
  }

  /** Progress of the subtask that wrote the bytes. */
  progressOf(bytes: Uint8Array): number {
    this.#check(bytes);
    return viewOf(bytes).getFloat64(24, true);
  }

  #check(bytes: Uint8Array): number {
    const view = viewOf(bytes);
    const flags = (this.#form.words ? FLAG_WORD : 0) | (this.#form.sessions ? FLAG_SESSIONS : 0);
    const fits =
      bytes.length >= HEADER &&
      view.getUint32(0, true) === MAGIC &&
      view.getUint16(4, true) === VERSION &&
      view.getUint16(6, true) === flags &&
      view.getUint32(8, true) === this.#form.accBytes &&
      view.getUint32(12, true) === this.#form.fingerprint;
    if (!fits) throw incompatible(this.#name);
    return view.getUint32(16, true);
  }

  #section(at: number, end: number, merge: MergeRows): number {
    const engine = this.#engine;
    const k = engine.kernels;
    const distinctTables = this.#aggregates.layout.distinctArgs.length;
    const base = at + SECTION_HEADER + distinctTables * 8;
    if (base > end) throw incompatible(this.#name);
    const start = engine.f64[at >>> 3];
    const [count, rowBytes, blobBytes, tables] = engine.u32.subarray((at >>> 2) + 2, (at >>> 2) + 6);
    const sizes = [...engine.u32.subarray((at >>> 2) + 6, (at >>> 2) + 6 + 2 * distinctTables)];
    const dataEnd = base + rowBytes + blobBytes;
    if (tables !== distinctTables || dataEnd > end || count > rowBytes) throw incompatible(this.#name);
    const vectorBytes = Math.max(64, Math.max(count, ...sizes.filter((_, i) => i % 2 === 0)) * 4);
    const rows = engine.alloc(vectorBytes);
    const shifted = engine.alloc(vectorBytes);
    if (k.unpackRows(base, base + rowBytes, count, this.#form.words ? 1 : 0, this.#form.accBytes, rows) >>> 0 !== base + rowBytes)
      throw incompatible(this.#name);
    const u32 = engine.u32;
    for (let i = 0; i < count; i++) u32[(shifted >>> 2) + i] = u32[(rows >>> 2) + i] + this.#rowShift;
    for (const p of blobPlans(this.#aggregates)) if (k.unpackBlobs(shifted, count, p.offset, p.flag, base, dataEnd) === 0) throw incompatible(this.#name);
    let state: GroupState | undefined;
    for (let i = 0; i < count; i += BATCH_ROWS_MAX) state = merge(start, rows + 4 * i, shifted + 4 * i, Math.min(BATCH_ROWS_MAX, count - i));
    let next = dataEnd;
    for (let d = 0; d < distinctTables; d++) next = this.#distinct(state!, d, next, end, sizes[2 * d], sizes[2 * d + 1], base, dataEnd, rows);
    engine.free(rows, vectorBytes);
    engine.free(shifted, vectorBytes);
    return next;
  }

  /** Merges the packed entries of one distinct table; their owners' links were set when the rows were merged. */
  #distinct(state: GroupState, index: number, from: number, end: number, n: number, bytes: number, base: number, baseEnd: number, rows: number): number {
    const k = this.#engine.kernels;
    const words = this.#aggregates.isWordDistinct(index) ? 1 : 0;
    const stop = from + bytes;
    if (stop > end || k.unpackRows(from, stop, n, words, DISTINCT_ACC, rows) >>> 0 !== stop) throw incompatible(this.#name);
    if (k.relinkDistinct(rows, n, words, this.#aggregates.layout.link, base, baseEnd) === 0) throw incompatible(this.#name);
    for (let i = 0; i < n; i += BATCH_ROWS_MAX) this.#aggregates.mergeDistinctRows(state, index, rows + 4 * i, Math.min(BATCH_ROWS_MAX, n - i));
    return stop;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function incompatible(operator: string): MillraceError {
  return new MillraceError('STATE_INCOMPATIBLE', 'saved state of an aggregation does not fit: keys or aggregate calls have changed, or the bytes are damaged', {
    place: { operator },
    remedy: 'Give the changed operator a new uid, or start without the old state.',
  });
}
