import {
  BATCH_CAPACITY,
  BATCH_COLUMNS,
  BATCH_HEADER_BYTES,
  BATCH_KINDS,
  BATCH_MARK_COUNT,
  BATCH_MARKS,
  BATCH_ROWS,
  BATCH_ROWS_MAX,
  BATCH_SEL,
  BATCH_SEL_COUNT,
  BATCH_SPLIT,
  BATCH_TIMES,
  COL_AUX,
  COL_BYTES,
  COL_TYPE,
  COL_VALIDITY,
  COL_VALUES,
  MARK_BYTES,
  T_ANY,
  T_STR,
} from '#abi';
import { type Leaf, typeCode, typeWidth } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { toArrow } from './arrow.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    allPresent(validity: number, rows: number): number;
    batchSelectAll(batch: number, rows: number): void;
    batchClear(batch: number): void;
  }
}

const NO_VIEW = new Uint32Array(0);

/**
 * A columnar batch: a header in wasm memory (layout: assembly/abi.ts, docs/formats/batch.md) and this thin handle on it.
 * Rows outside the selection vector do not exist for operators. Valid only until its producer runs again.
 */
export class Batch {
  readonly engine: Engine;
  readonly ptr: number;
  readonly leaves: readonly Leaf[];
  /** JS values of ANY columns by leaf index; undefined where there are none */
  objects: (unknown[] | undefined)[] | undefined;
  /** row numbers are those of the batch that a source read last: it can tell which record a row was */
  sourceRows = false;
  #header: Uint32Array = NO_VIEW;

  constructor(engine: Engine, ptr: number, leaves: readonly Leaf[]) {
    this.engine = engine;
    this.ptr = ptr;
    this.leaves = leaves;
    if (leaves.some((l) => typeCode(l.type) === T_ANY)) this.objects = leaves.map((l) => (typeCode(l.type) === T_ANY ? [] : undefined));
  }

  /** A view of the header; one that the memory has outgrown has length 0. */
  #refresh(): Uint32Array {
    const words = (BATCH_HEADER_BYTES + this.leaves.length * COL_BYTES) >>> 2;
    this.#header = new Uint32Array(this.engine.memory.buffer, this.ptr, words);
    return this.#header;
  }
  #get(offset: number): number {
    const h = this.#header;
    return (h.length > 0 ? h : this.#refresh())[offset >>> 2];
  }
  #set(offset: number, value: number): void {
    const h = this.#header;
    (h.length > 0 ? h : this.#refresh())[offset >>> 2] = value;
  }

  get rows(): number {
    return this.#get(BATCH_ROWS);
  }
  set rows(n: number) {
    this.#set(BATCH_ROWS, n);
  }
  get capacity(): number {
    return this.#get(BATCH_CAPACITY);
  }
  /** Number of selected rows. */
  get selCount(): number {
    return this.#get(BATCH_SEL_COUNT);
  }
  set selCount(n: number) {
    this.#set(BATCH_SEL_COUNT, n);
  }
  /** Pointer to the u32 selection vector. */
  get sel(): number {
    return this.#get(BATCH_SEL);
  }
  set sel(ptr: number) {
    this.#set(BATCH_SEL, ptr);
  }
  get markCount(): number {
    return this.#get(BATCH_MARK_COUNT);
  }
  set markCount(n: number) {
    this.#set(BATCH_MARK_COUNT, n);
  }
  get marks(): number {
    return this.#get(BATCH_MARKS);
  }
  set marks(ptr: number) {
    this.#set(BATCH_MARKS, ptr);
  }
  /** Row number after which mark `i` stands. */
  markRow(i: number): number {
    return this.engine.u32[(this.marks + i * MARK_BYTES) >>> 2];
  }
  markWatermark(i: number): bigint {
    return this.engine.i64[(this.marks + i * MARK_BYTES + 8) >>> 3];
  }
  /** Pointer to u8 row kinds, 0 = all inserts. */
  get kinds(): number {
    return this.#get(BATCH_KINDS);
  }
  set kinds(ptr: number) {
    this.#set(BATCH_KINDS, ptr);
  }
  /** Pointer to i64 record timestamps (ms), 0 = none. */
  get times(): number {
    return this.#get(BATCH_TIMES);
  }
  set times(ptr: number) {
    this.#set(BATCH_TIMES, ptr);
  }
  get split(): number {
    return this.#get(BATCH_SPLIT);
  }
  set split(n: number) {
    this.#set(BATCH_SPLIT, n);
  }
  values(column: number): number {
    return this.#get(BATCH_HEADER_BYTES + column * COL_BYTES + COL_VALUES);
  }
  setValues(column: number, ptr: number): void {
    this.#set(BATCH_HEADER_BYTES + column * COL_BYTES + COL_VALUES, ptr);
  }
  validity(column: number): number {
    return this.#get(BATCH_HEADER_BYTES + column * COL_BYTES + COL_VALIDITY);
  }
  /** Pointer to the validity bits, 0 = no row of the column is NULL: where bits are there, it looks whether all are set. */
  nulls(column: number): number {
    const v = this.validity(column);
    return v === 0 || this.engine.kernels.allPresent(v, this.rows) !== 0 ? 0 : v;
  }
  setValidity(column: number, ptr: number): void {
    this.#set(BATCH_HEADER_BYTES + column * COL_BYTES + COL_VALIDITY, ptr);
  }
  isNull(column: number, row: number): boolean {
    const v = this.validity(column);
    return v !== 0 && (this.engine.u8[v + (row >>> 3)] & (1 << (row & 7))) === 0;
  }
  setNull(column: number, row: number): void {
    const v = this.validity(column);
    this.engine.u8[v + (row >>> 3)] &= ~(1 << (row & 7));
  }
  setPresent(column: number, row: number): void {
    const v = this.validity(column);
    if (v !== 0) this.engine.u8[v + (row >>> 3)] |= 1 << (row & 7);
  }

  /** An owned copy of the selected rows as an Arrow IPC stream (docs/types.md). */
  toArrow(): Uint8Array {
    return toArrow(this);
  }

  /** Selects rows 0..rows-1. */
  selectAll(rows: number): void {
    this.engine.kernels.batchSelectAll(this.ptr, rows);
  }

  /** Empties the batch for refilling: no rows, no marks, every validity bit 0 (a producer sets bits of present values). */
  clear(): void {
    this.engine.kernels.batchClear(this.ptr);
    if (this.objects !== undefined) for (const values of this.objects) if (values !== undefined) values.length = 0;
  }
}

export interface BatchOptions {
  /** rows, default BATCH_ROWS_MAX */
  capacity?: number;
  /** room for row kinds */
  kinds?: boolean;
  /** room for record timestamps */
  times?: boolean;
  /** false: header only; the producer points the columns elsewhere */
  columns?: boolean;
}

/** Allocates a batch with its columns; it lives as long as its operator. */
export function allocBatch(engine: Engine, leaves: readonly Leaf[], options: BatchOptions = {}): Batch {
  const capacity = options.capacity ?? BATCH_ROWS_MAX;
  const ptr = engine.alloc(BATCH_HEADER_BYTES + leaves.length * COL_BYTES);
  const bits = (capacity + 7) >>> 3;
  const columns = leaves.map((leaf) => {
    const code = typeCode(leaf.type);
    const width = typeWidth(code);
    const own = options.columns !== false;
    return {
      code,
      aux: leaf.type.root === 'DECIMAL' ? (leaf.type.precision << 8) | leaf.type.scale : 0,
      values: own && width > 0 ? engine.alloc(capacity * width + 64) : 0,
      validity: own && code !== T_ANY ? engine.alloc(bits + 64) : 0,
    };
  });
  const sel = engine.alloc(capacity * 4 + 64);
  const marks = engine.alloc(capacity * MARK_BYTES);
  const kinds = options.kinds ? engine.alloc(capacity) : 0;
  const times = options.times ? engine.alloc(capacity * 8) : 0;
  // strings that are NULL may be looked at before their validity bit is: whatever stands there must be a string
  for (const c of columns) if (c.code === T_STR && c.values !== 0) engine.u8.fill(0, c.values, c.values + capacity * 8);
  const u32 = engine.u32;
  const at = ptr >>> 2;
  u32[at + (BATCH_ROWS >>> 2)] = 0;
  u32[at + (BATCH_CAPACITY >>> 2)] = capacity;
  u32[at + (BATCH_SEL_COUNT >>> 2)] = 0;
  u32[at + (BATCH_SEL >>> 2)] = sel;
  u32[at + (BATCH_MARK_COUNT >>> 2)] = 0;
  u32[at + (BATCH_MARKS >>> 2)] = marks;
  u32[at + (BATCH_KINDS >>> 2)] = kinds;
  u32[at + (BATCH_TIMES >>> 2)] = times;
  u32[at + (BATCH_SPLIT >>> 2)] = 0;
  u32[at + (BATCH_COLUMNS >>> 2)] = leaves.length;
  columns.forEach((c, i) => {
    const d = (ptr + BATCH_HEADER_BYTES + i * COL_BYTES) >>> 2;
    u32[d + (COL_VALUES >>> 2)] = c.values;
    u32[d + (COL_VALIDITY >>> 2)] = c.validity;
    u32[d + (COL_TYPE >>> 2)] = c.code;
    u32[d + (COL_AUX >>> 2)] = c.aux;
  });
  const batch = new Batch(engine, ptr, leaves);
  batch.clear();
  return batch;
}
