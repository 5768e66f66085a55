import { type ErrorPlace, MillraceError } from '../base/errors.js';
import { isInherited } from '../base/own.js';
import type { Leaf } from '../types/leaf.js';
import { type LogicalType, typeToString } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import { allocBatch, type Batch, type BatchOptions } from './batch.js';
import { type FieldNode, fieldTree } from './field-tree.js';
import { fixedWriter } from './fixed-writer.js';
import { encodeMap } from './map.js';
import { isRow } from './rows.js';
import { Text } from './text.js';

/** Bytes of one piece of a builder's string memory: most batches of short strings fit in one. */
const HEAP_CHUNK_BYTES = 64 << 10;

/** Owned memory for the variable-length values of one batch. Pieces are kept for the next batch. */
class ByteHeap {
  readonly #engine: Engine;
  readonly #chunks: { ptr: number; bytes: number }[] = [];
  #chunk = -1;
  #used = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Room for `bytes` bytes; `keep` says how many of them were used. */
  reserve(bytes: number): number {
    while (this.#chunk < 0 || this.#used + bytes > this.#chunks[this.#chunk].bytes) {
      if (this.#chunk + 1 === this.#chunks.length) {
        const size = Math.max(HEAP_CHUNK_BYTES, bytes);
        this.#chunks.push({ ptr: this.#engine.alloc(size), bytes: size });
      }
      this.#chunk++;
      this.#used = 0;
    }
    return this.#chunks[this.#chunk].ptr + this.#used;
  }
  keep(bytes: number): void {
    this.#used += bytes;
  }
  clear(): void {
    this.#chunk = this.#chunks.length === 0 ? -1 : 0;
    this.#used = 0;
  }
  free(): void {
    for (const c of this.#chunks) this.#engine.free(c.ptr, c.bytes);
    this.#chunks.length = 0;
    this.clear();
  }
}

/** What a row may be: an object (or row handle) by field name, or an array by position. */
export type RowLike = object;

export interface BuilderOptions extends BatchOptions {
  /** for messages */
  place?: ErrorPlace;
  /** fills this batch, made with the same leaves, instead of one of its own */
  batch?: Batch;
}

/**
 * Builds batches from JS rows. Accepts per type what readers give (docs/types.md), and: Date or text for times and dates, a number for BIGINT when it is a
 * safe integer, number, bigint or text for DECIMAL, ms as a number for any TIMESTAMP. An absent field is NULL. Anything else fails with TYPE_MISMATCH naming the field.
 */
export class RowBuilder {
  readonly batch: Batch;
  readonly #engine: Engine;
  readonly #tree: readonly FieldNode[];
  readonly #write: ((row: number, value: unknown) => void)[];
  readonly #heap: ByteHeap;
  readonly #place: ErrorPlace;
  /** a field has a name that every object has something under */
  readonly #inherited: boolean;
  #count = 0;

  constructor(engine: Engine, leaves: readonly Leaf[], options: BuilderOptions = {}) {
    this.#engine = engine;
    this.batch = options.batch ?? allocBatch(engine, leaves, options);
    this.#tree = fieldTree(leaves);
    this.#inherited = this.#tree.some((f) => isInherited(f.name));
    this.#heap = new ByteHeap(engine);
    this.#place = options.place ?? {};
    const text = new Text(engine);
    this.#write = this.#tree.map((f) => this.#writer(f, f.name, text));
  }

  /** Rows appended since the last clear. */
  get count(): number {
    return this.#count;
  }
  get full(): boolean {
    return this.#count >= this.batch.capacity;
  }

  /** Empties the batch; its strings are forgotten. */
  clear(): void {
    this.batch.clear();
    this.#heap.clear();
    this.#count = 0;
  }

  /** Appends one row. `timeMs` is the record's timestamp, when the batch has room for those; `kind` is a row kind's byte value. */
  append(row: RowLike, timeMs?: bigint, kind = 0): void {
    this.set(this.#count++, row);
    this.#stamp(this.#count - 1, timeMs, kind);
  }

  /** Appends a value to a batch whose first column is ANY: the value itself, no field of it. */
  appendValue(value: unknown, timeMs?: bigint, kind = 0): void {
    this.setValue(this.#count++, value);
    this.#stamp(this.#count - 1, timeMs, kind);
  }

  /** Writes row number `at` (after `clear`); the caller selects. */
  set(at: number, row: RowLike): void {
    const write = this.#write;
    if (Array.isArray(row)) for (let i = 0; i < write.length; i++) write[i](at, row[i]);
    else {
      const tree = this.#tree;
      const fields = row as Record<string, unknown>;
      if (this.#inherited) for (let i = 0; i < write.length; i++) write[i](at, fieldOf(fields, tree[i].name));
      else for (let i = 0; i < write.length; i++) write[i](at, fields[tree[i].name]);
    }
  }

  /** As `set`, for a batch whose first column is ANY. */
  setValue(at: number, value: unknown): void {
    this.batch.objects![0]![at] = value;
  }

  #stamp(at: number, timeMs: bigint | undefined, kind: number): void {
    const { times, kinds } = this.batch;
    if (times !== 0) this.#engine.i64[(times >>> 3) + at] = timeMs ?? 0n;
    if (kinds !== 0) this.#engine.u8[kinds + at] = kind;
  }

  /** The batch with all appended rows selected. */
  finish(): Batch {
    this.batch.selectAll(this.#count);
    return this.batch;
  }

  #writer(field: FieldNode, path: string, text: Text): (row: number, value: unknown) => void {
    const { leaf, type } = field;
    const batch = this.batch;
    const fail = (value: unknown): MillraceError => this.#mismatch(path, type, value);
    if (type.root === 'ANY') {
      const objects = batch.objects![leaf]!;
      return (row, value) => {
        objects[row] = value;
      };
    }
    let put: (row: number, value: unknown) => boolean;
    if (type.root === 'ROW') put = this.#rowWriter(field, path, text);
    else if (type.root === 'CHAR' || type.root === 'VARCHAR') put = this.#textWriter(leaf, text);
    else if (type.root === 'BINARY' || type.root === 'VARBINARY') put = this.#bytesWriter(leaf);
    else if (type.root === 'MAP') put = this.#mapWriter(leaf);
    else put = fixedWriter(this.#engine, type, batch.values(leaf));
    return (row, value) => {
      if (value === null || value === undefined) {
        if (!type.nullable) throw fail(null);
        if (type.root === 'ROW') put(row, null);
        return;
      }
      if (!put(row, value)) throw fail(value);
      batch.setPresent(leaf, row);
    };
  }

  #rowWriter(field: FieldNode, path: string, text: Text): (row: number, value: unknown) => boolean {
    const writers = field.children.map((c) => this.#writer(withNullable(c), `${path}.${c.name}`, text));
    const names = field.children.map((c) => c.name);
    return (row, value) => {
      if (value !== null && typeof value !== 'object') return false;
      const fields = (value ?? {}) as Record<string, unknown>;
      const byPosition = Array.isArray(value);
      for (let i = 0; i < writers.length; i++) writers[i](row, byPosition ? value[i] : fieldOf(fields, names[i]));
      return true;
    };
  }

  #textWriter(leaf: number, text: Text): (row: number, value: unknown) => boolean {
    const values = this.batch.values(leaf) >>> 2;
    return (row, value) => {
      if (typeof value !== 'string') return false;
      const ptr = this.#heap.reserve(Text.bytesMax(value));
      const bytes = text.encode(value, ptr);
      this.#heap.keep(bytes);
      const u32 = this.#engine.u32;
      u32[values + row * 2] = ptr;
      u32[values + row * 2 + 1] = bytes;
      return true;
    };
  }

  #bytesWriter(leaf: number): (row: number, value: unknown) => boolean {
    const values = this.batch.values(leaf) >>> 2;
    return (row, value) => {
      if (!(value instanceof Uint8Array)) return false;
      const ptr = this.#heap.reserve(value.length);
      this.#engine.u8.set(value, ptr);
      this.#heap.keep(value.length);
      const u32 = this.#engine.u32;
      u32[values + row * 2] = ptr;
      u32[values + row * 2 + 1] = value.length;
      return true;
    };
  }

  /** A Map, or an object with string keys. */
  #mapWriter(leaf: number): (row: number, value: unknown) => boolean {
    const put = this.#bytesWriter(leaf);
    return (row, value) => {
      if (typeof value !== 'object' || value === null) return false;
      const bytes = encodeMap(value instanceof Map ? value : Object.entries(value));
      return bytes !== undefined && put(row, bytes);
    };
  }

  #mismatch(path: string, type: LogicalType, value: unknown): MillraceError {
    return new MillraceError('TYPE_MISMATCH', `field '${path}' is ${typeToString(type)} and cannot hold ${describe(value)}`, {
      place: this.#place,
      remedy: "Convert the value, or declare the field's type as what it is.",
    });
  }
}

export function createBuilder(engine: Engine, leaves: readonly Leaf[], options?: BuilderOptions): RowBuilder {
  return new RowBuilder(engine, leaves, options);
}

/** Below a NULL row every field is NULL, whatever its own type says. */
function withNullable(f: FieldNode): FieldNode {
  return f.type.nullable ? f : { ...f, type: { ...f.type, nullable: true } };
}

/** A field of a user's object or a row: of names that every object has something under, only what is this object's own. */
function fieldOf(fields: Record<string, unknown>, name: string): unknown {
  return !isInherited(name) || Object.hasOwn(fields, name) || isRow(fields) ? fields[name] : undefined;
}

function describe(value: unknown): string {
  if (value === null) return 'NULL';
  const shown = typeof value === 'string' ? `'${value}'` : typeof value === 'object' ? (value.constructor?.name ?? 'an object') : String(value);
  return `the ${typeof value} ${shown.length > 80 ? `${shown.slice(0, 80)}...` : shown}`;
}
