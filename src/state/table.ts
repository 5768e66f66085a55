import { T_I128, T_ROW, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import { KEY_COLUMNS_MAX } from '../base/limits.js';
import type { Batch } from '../batch/batch.js';
import { keyGroupStart, type OperatorContext } from '../contract/operator.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    tableNew(kind: number, accBytes: number, base: number, range: number, expected: number): number;
    flatNew(accBytes: number, base: number, range: number): number;
    flatFind(table: number, type: number, values: number, validity: number, sel: number, n: number, hashes: number, out: number): number;
    flatFindRows(table: number, rows: number, n: number, out: number): number;
    tableFree(table: number): void;
    tableCount(table: number): number;
    tableBytes(table: number): number;
    tableWalkStart(table: number): void;
    tableWalk(table: number, out: number, max: number): number;
    tableFindWords(table: number, type: number, values: number, validity: number, sel: number, n: number, hashes: number, out: number): number;
    tableFindBytes(table: number, refs: number, validity: number, sel: number, n: number, hashes: number, out: number): number;
    tableFindRows(dst: number, srcAcc: number, rows: number, n: number, out: number): number;
    keyMeasure(columns: number, count: number, fixedBytes: number, sel: number, n: number, refs: number): number;
    keyEncode(columns: number, count: number, fixedBytes: number, sel: number, n: number, refs: number, buffer: number): void;
    keyRefs128(values: number, n: number, refs: number): void;
    keyWordsToColumn(rows: number, n: number, flat: number, type: number, values: number, validity: number): void;
    keyWordsOfRows(type: number, from: number, fromValidity: number, sel: number, n: number, copies: number, values: number, validity: number): void;
    keyBytesToColumn(rows: number, n: number, keyOffset: number, type: number, values: number, validity: number): void;
    keyPartToColumn(rows: number, n: number, keyOffset: number, slot: number, part: number, type: number, values: number, validity: number): void;
  }
}

const TABLE_WORD = 1;
const TABLE_BYTES = 2;
const COLUMN_BYTES = 16;
/** Accumulators up to this many bytes stand in the slots of a table when rows may move: larger rows would waste too much in empty slots. */
const FLAT_ACC_BYTES = 24;

/** The hashes a subtask owns: [base, base + range). */
export interface HashRange {
  readonly base: number;
  readonly range: number;
}

/** Hashes of the key groups [start, end) of `maxParallelism`. */
export function hashRangeOf(start: number, end: number, maxParallelism: number): HashRange {
  // a group holds the hashes h with floor(h * max / 2^32) = group
  const first = (g: number): number => Math.ceil((g * 2 ** 32) / maxParallelism);
  return { base: first(start), range: Math.max(1, first(end) - first(start)) };
}

/** The hashes of keys that come to this subtask; all of them when there is no key. */
export function hashesOf(ctx: OperatorContext, keys: readonly number[]): HashRange {
  const { subtaskIndex: i, parallelism: p, maxParallelism: max } = ctx;
  return keys.length === 0 ? hashRangeOf(0, 1, 1) : hashRangeOf(keyGroupStart(max, p, i), keyGroupStart(max, p, i + 1), max);
}

/** Memory of a column. */
export interface Room {
  readonly values: number;
  readonly validity: number;
}

type KeyForm = 'none' | 'word' | 'string' | 'wide' | 'parts';

/**
 * Keyed tables with one key and one row layout (assembly/table): a window operator has one per slice. Rows stay where they are until
 * their table is freed, so their pointers may be kept; but for flat tables. Owns the scratch for encoding keys of several columns.
 */
export class KeyedTables {
  readonly #engine: Engine;
  readonly #form: KeyForm;
  /** Rows stand in the slots: they move, so their pointers hold until the next find, and there is no walk. */
  readonly isFlat: boolean;
  readonly #kind: number;
  readonly #accBytes: number;
  readonly #hashes: HashRange;
  readonly #keys: readonly { column: number; code: number; slot: number }[];
  readonly #fixedBytes: number;
  readonly #columns: number;
  readonly #zero: number;
  #refs = 0;
  #refsBytes = 0;
  #buffer = 0;
  #bufferBytes = 0;

  /** `keys` are leaf indices of the batches given to find. `movable`: pointers to rows are not kept from find to find, and tables not walked. */
  constructor(engine: Engine, leaves: readonly Leaf[], keys: readonly number[], accBytes: number, hashes: HashRange, movable = false) {
    if (keys.length > KEY_COLUMNS_MAX) {
      throw new MillraceError('GRAPH_INVALID', `a key of ${keys.length} columns: at most ${KEY_COLUMNS_MAX} are possible`, {
        remedy: 'Group by fewer columns.',
      });
    }
    this.#engine = engine;
    let slot = 8;
    this.#keys = keys.map((column) => {
      const code = typeCode(leaves[column].type);
      const at = slot;
      slot += code === T_ROW ? 0 : code === T_I128 ? 16 : 8;
      return { column, code, slot: at };
    });
    this.#fixedBytes = slot;
    const only = this.#keys.length === 1 ? this.#keys[0].code : undefined;
    this.#form = keys.length === 0 ? 'none' : only === undefined || only === T_ROW ? 'parts' : only === T_STR ? 'string' : only === T_I128 ? 'wide' : 'word';
    this.#kind = KeyedTables.isWord(leaves, keys) ? TABLE_WORD : TABLE_BYTES;
    this.#accBytes = accBytes;
    this.isFlat = movable && this.#form === 'word' && accBytes <= FLAT_ACC_BYTES;
    this.#hashes = hashes;
    this.#columns = engine.alloc(Math.max(1, keys.length) * COLUMN_BYTES);
    this.#zero = engine.alloc(64);
    engine.u8.fill(0, this.#zero, this.#zero + 64);
  }

  /** Whether such keys make WORD rows. */
  static isWord(leaves: readonly Leaf[], keys: readonly number[]): boolean {
    if (keys.length === 0) return true;
    const code = typeCode(leaves[keys[0]].type);
    return keys.length === 1 && code !== T_ROW && code !== T_I128 && code !== T_STR;
  }
  /** Offset of the accumulators in the rows of such keys. */
  static accBase(leaves: readonly Leaf[], keys: readonly number[]): number {
    return KeyedTables.isWord(leaves, keys) ? 16 : 8;
  }

  get isWord(): boolean {
    return this.#kind === TABLE_WORD;
  }
  get accBytes(): number {
    return this.#accBytes;
  }
  /** Offset of the key bytes in a BYTES row. */
  get keyOffset(): number {
    return 8 + this.#accBytes;
  }

  /** A new table with room for `expected` rows before it grows. */
  create(expected = 0): number {
    const { base, range } = this.#hashes;
    const k = this.#engine.kernels;
    const t = this.isFlat ? k.flatNew(this.#accBytes, base, range) : k.tableNew(this.#kind, this.#accBytes, base, range, expected);
    if (t === 0) this.outOfMemory();
    return t >>> 0;
  }
  free(table: number): void {
    this.#engine.kernels.tableFree(table);
  }
  count(table: number): number {
    return this.#engine.kernels.tableCount(table) >>> 0;
  }

  /** Finds or makes the rows of `n` selected rows of `batch`: u32 pointers at `out`. `hashes` are those of KeyHasher, by position in `sel`. */
  find(table: number, batch: Batch, sel: number, n: number, hashes: number, out: number): void {
    if (n === 0) return;
    const k = this.#engine.kernels;
    const { column, code } = this.#keys[0] ?? { column: 0, code: 0 };
    let ok: number;
    switch (this.#form) {
      case 'word':
        ok = (this.isFlat ? k.flatFind : k.tableFindWords)(table, code, batch.values(column), batch.nulls(column), sel, n, hashes, out);
        break;
      case 'string':
        ok = k.tableFindBytes(table, batch.values(column), batch.validity(column), sel, n, hashes, out);
        break;
      case 'wide':
        this.#needRefs(batch.rows);
        k.keyRefs128(batch.values(column), batch.rows, this.#refs);
        ok = k.tableFindBytes(table, this.#refs, batch.validity(column), sel, n, hashes, out);
        break;
      case 'parts':
        this.#encode(batch, sel, n);
        ok = k.tableFindBytes(table, this.#refs, 0, 0, n, hashes, out);
        break;
      case 'none':
        ok = this.#findOnly(table, n, out);
        break;
    }
    if (ok === 0) this.outOfMemory();
  }

  /** No key: every row belongs to the one group. */
  #findOnly(table: number, n: number, out: number): number {
    const u32 = this.#engine.u32;
    u32[this.#zero >>> 2] = 0;
    const ok = this.#engine.kernels.tableFindWords(table, 5, this.#zero, 0, this.#zero, 1, this.#zero, out);
    const at = out >>> 2;
    const view = this.#engine.u32;
    view.fill(view[at], at, at + n);
    return ok;
  }

  #encode(batch: Batch, sel: number, n: number): void {
    const k = this.#engine.kernels;
    this.#needRefs(n);
    const u32 = this.#engine.u32;
    let at = this.#columns >>> 2;
    for (const key of this.#keys) {
      u32[at] = key.code;
      u32[at + 1] = batch.values(key.column);
      u32[at + 2] = batch.validity(key.column);
      u32[at + 3] = key.slot;
      at += COLUMN_BYTES >>> 2;
    }
    const bytes = k.keyMeasure(this.#columns, this.#keys.length, this.#fixedBytes, sel, n, this.#refs) + 64;
    if (bytes > this.#bufferBytes) {
      if (this.#buffer !== 0) this.#engine.free(this.#buffer, this.#bufferBytes);
      this.#bufferBytes = bytes * 2;
      this.#buffer = this.#engine.alloc(this.#bufferBytes);
    }
    k.keyEncode(this.#columns, this.#keys.length, this.#fixedBytes, sel, n, this.#refs, this.#buffer);
  }

  #needRefs(n: number): void {
    if (n * 8 <= this.#refsBytes) return;
    if (this.#refs !== 0) this.#engine.free(this.#refs, this.#refsBytes);
    this.#refsBytes = Math.max(n, 2048) * 8;
    this.#refs = this.#engine.alloc(this.#refsBytes);
  }

  /** Finds or makes the rows in `dst` for the keys of `n` rows of another table with `srcAccBytes` of accumulators. */
  findRows(dst: number, rows: number, n: number, out: number, srcAccBytes = this.#accBytes): void {
    const k = this.#engine.kernels;
    if ((this.isFlat ? k.flatFindRows(dst, rows, n, out) : k.tableFindRows(dst, srcAccBytes, rows, n, out)) === 0) this.outOfMemory();
  }

  /** Starts a walk over the rows; one walk per table at a time. */
  walkStart(table: number): void {
    this.#engine.kernels.tableWalkStart(table);
  }
  /** The next at most `max` row pointers to `out`; 0 at the end. */
  walk(table: number, out: number, max: number): number {
    return this.#engine.kernels.tableWalk(table, out, max);
  }

  /** Writes the keys of `n` rows into rows 0.. of the columns from `first` on. Strings are views of the rows. */
  keysToColumns(rows: number, n: number, batch: Batch, first: number): void {
    const k = this.#engine.kernels;
    this.#keys.forEach((key, i) => {
      const values = batch.values(first + i);
      const validity = batch.validity(first + i);
      if (this.#form === 'word') k.keyWordsToColumn(rows, n, this.isFlat ? 1 : 0, key.code, values, validity);
      else if (this.#form === 'parts') k.keyPartToColumn(rows, n, this.keyOffset, key.slot, i, key.code, values, validity);
      else k.keyBytesToColumn(rows, n, this.keyOffset, key.code, values, validity);
    });
  }

  /**
   * The same for the keys of `n` selected rows of `batch`, each `copies` (1 or 2) times, when that is possible without their groups: false when
   * the keys are strings or several, which must not be views of a batch that passes. Room of one's own for the key's column is at `values`,
   * `validity`; when the whole batch is selected the column is the batch's, as long as `out` is not used again.
   */
  keysOfRows(batch: Batch, sel: number, n: number, copies: number, out: Batch, { values, validity }: Room): boolean {
    if (this.#form !== 'word') return false;
    const { column, code } = this.#keys[0];
    const whole = copies === 1 && n === batch.rows;
    const nulls = batch.nulls(column);
    out.setValues(0, whole ? batch.values(column) : values);
    out.setValidity(0, whole ? nulls : validity);
    if (!whole) this.#engine.kernels.keyWordsOfRows(code, batch.values(column), nulls, sel, n, copies, values, validity);
    return true;
  }

  outOfMemory(): never {
    this.#engine.takeError();
    throw new MillraceError('OUT_OF_MEMORY', "keyed state has reached the slot's memory limit", {
      remedy: 'Raise the parallelism, or lessen the state (fewer keys, shorter windows).',
    });
  }

  /** Frees the scratch (not the tables). */
  close(): void {
    if (this.#refs !== 0) this.#engine.free(this.#refs, this.#refsBytes);
    if (this.#buffer !== 0) this.#engine.free(this.#buffer, this.#bufferBytes);
    this.#engine.free(this.#columns, Math.max(1, this.#keys.length) * COLUMN_BYTES);
    this.#engine.free(this.#zero, 64);
    this.#refs = 0;
    this.#buffer = 0;
    this.#refsBytes = 0;
    this.#bufferBytes = 0;
  }
}
