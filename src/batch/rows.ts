import { MillraceError } from '../base/errors.js';
import { setOwn } from '../base/own.js';
import { formatDecimal } from '../types/decimal.js';
import { type Leaf, timestampDigits } from '../types/leaf.js';
import type { LogicalType } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import type { Batch } from './batch.js';
import { formatDate, formatTime } from './calendar.js';
import { type FieldNode, fieldTree } from './field-tree.js';
import { decodeMap } from './map.js';
import { PackedText } from './packed-text.js';
import { Text } from './text.js';

/**
 * A record as a closure sees it: its fields, and `toObject()` for a plain object of them. A handle reads wasm memory lazily, so it lives as long as its
 * batch: later use throws ROW_EXPIRED. A row object has the fields as properties of its own. Value forms: docs/types.md.
 */
export interface Row {
  toObject(): Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** Marks handles and row objects, whatever their schema, and gives a plain object of them: a field may be named toObject. */
export const ROW_HANDLE: unique symbol = Symbol('millrace.row');

interface Copyable {
  [ROW_HANDLE](): Record<string, unknown>;
}

/** A value to keep beyond its batch: rows, also those one level down in an object or array, become plain objects. */
export function owned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRow(value)) return value[ROW_HANDLE]();
  const fields = value as Record<string, unknown>;
  for (const k in fields) {
    const v = fields[k];
    if (typeof v === 'object' && v !== null && isRow(v)) setOwn(fields, k, v[ROW_HANDLE]());
  }
  return value;
}

/** Is it a row that the engine gave, rather than an object of the user's? */
export function isRow(value: object): value is Copyable {
  return ROW_HANDLE in value;
}

/** Reads rows of batches of one schema. */
export interface RowReader {
  /** Turns to a batch; handles into the one before expire. */
  bind(batch: Batch): void;
  /** Handles expire: the batch is going away. */
  release(): void;
  /** A handle on row number `row` (not: position in the selection). */
  row(row: number): Row;
  /** An owned row with the fields as properties of its own, and toObject(). */
  whole(row: number): Row;
  /** An owned plain object, nested ROWs too. */
  object(row: number): Record<string, unknown>;
  /** The value of one leaf column. */
  value(leaf: number, row: number): unknown;
}

/** What the getters of one reader share. */
class Cursor {
  generation = 0;
  batch: Batch | undefined;
  engine!: Engine;
  text!: Text;
  readonly values: number[];
  readonly validity: number[];
  readonly #packed: PackedText[] = [];
  #f32: Float32Array | undefined;

  constructor(columns: number) {
    this.values = new Array<number>(columns).fill(0);
    this.validity = new Array<number>(columns).fill(0);
  }

  bind(batch: Batch): void {
    this.generation++;
    this.batch = batch;
    if (this.engine !== batch.engine) {
      this.engine = batch.engine;
      this.text = new Text(batch.engine);
    }
    for (let i = 0; i < this.values.length; i++) {
      this.values[i] = batch.values(i);
      this.validity[i] = batch.validity(i);
    }
    for (const p of this.#packed) p.turn(batch);
  }

  packedText(leaf: number): PackedText {
    const p = new PackedText(leaf);
    this.#packed.push(p);
    return p;
  }

  present(leaf: number, row: number): boolean {
    const v = this.validity[leaf];
    return v === 0 || (this.engine.u8[v + (row >>> 3)] & (1 << (row & 7))) !== 0;
  }

  f32(): Float32Array {
    if (this.#f32 === undefined || this.#f32.length === 0) this.#f32 = new Float32Array(this.engine.memory.buffer);
    return this.#f32;
  }
}

type Read = (row: number) => unknown;

export function createReader(leaves: readonly Leaf[]): RowReader {
  const tree = fieldTree(leaves);
  const cursor = new Cursor(leaves.length);
  const reads: Read[] = new Array<Read>(leaves.length);
  for (const f of tree) readerOf(f, cursor, reads);
  const Handle = handleClass(tree, cursor, reads);
  return {
    bind: (batch) => cursor.bind(batch),
    release: () => {
      cursor.generation++;
      cursor.batch = undefined;
    },
    row: (row) => new Handle(row, cursor.generation) as unknown as Row,
    whole: (row) => fill(new RowObject(), tree, reads, row) as unknown as Row,
    object: (row) => fill({}, tree, reads, row),
    value: (leaf, row) => reads[leaf](row),
  };
}

interface HandleClass {
  new (row: number, generation: number): object;
}

/** Where a handle keeps its row and the generation of its batch: symbols, because V8 makes an object with private fields three times as slowly. */
const ROW_NUMBER = Symbol('row');
const GENERATION = Symbol('generation');

/** Gives a prototype what rows have beside their fields; a field of the same name hides it. */
function asRow<T extends object>(prototype: T, copy: (this: T) => Record<string, unknown>): void {
  Reflect.deleteProperty(prototype, 'constructor');
  for (const name of [ROW_HANDLE, 'toObject', Symbol.for('nodejs.util.inspect.custom')])
    Object.defineProperty(prototype, name, { value: copy, writable: true, configurable: true });
}

/** A row whose fields are properties of its own: for functions that do more with it than read fields by name. */
class RowObject {
  [field: string]: unknown;
}
asRow(RowObject.prototype, function () {
  return { ...this };
});

function handleClass(fields: readonly FieldNode[], cursor: Cursor, reads: readonly Read[]): HandleClass {
  class Handle {
    declare readonly [ROW_NUMBER]: number;
    declare readonly [GENERATION]: number;
    constructor(row: number, generation: number) {
      (this as { [ROW_NUMBER]: number })[ROW_NUMBER] = row;
      (this as { [GENERATION]: number })[GENERATION] = generation;
    }
  }
  const position = (h: Handle): number => {
    if (h[GENERATION] !== cursor.generation) throw expired();
    return h[ROW_NUMBER];
  };
  // nothing of Object.prototype: what is not a field is undefined, 'constructor' too
  Object.setPrototypeOf(Handle.prototype, null);
  const plain = function (this: Handle): Record<string, unknown> {
    return fill({}, fields, reads, position(this));
  };
  asRow(Handle.prototype, plain);
  Object.defineProperty(Handle.prototype, 'toJSON', { value: plain, configurable: true });
  for (const f of fields) {
    const read = reads[f.leaf];
    Object.defineProperty(Handle.prototype, f.name, {
      enumerable: true,
      configurable: true,
      get(this: Handle): unknown {
        return read(position(this));
      },
    });
  }
  return Handle;
}

/** Gives an object the fields of a row. */
function fill(into: Record<string, unknown>, fields: readonly FieldNode[], reads: readonly Read[], row: number): Record<string, unknown> {
  for (const f of fields) setOwn(into, f.name, reads[f.leaf](row));
  return into;
}

/** The function that reads one field at a row; kept in `reads` by leaf. */
function readerOf(field: FieldNode, cursor: Cursor, reads: Read[]): void {
  const { leaf, children } = field;
  if (field.type.root === 'ROW') {
    for (const c of children) readerOf(c, cursor, reads);
    reads[leaf] = (row) => (cursor.present(leaf, row) ? fill({}, children, reads, row) : null);
  } else if (field.type.root === 'ANY') {
    reads[leaf] = (row) => cursor.batch!.objects![leaf]![row] ?? null;
  } else {
    const value = valueReader(field.type, leaf, cursor);
    reads[leaf] = (row) => (cursor.present(leaf, row) ? value(row) : null);
  }
}

/** Reads a present value: JS forms as in docs/types.md. */
function valueReader(type: LogicalType, leaf: number, c: Cursor): Read {
  const at = c.values;
  const i32: (row: number) => number = (row) => c.engine.i32[(at[leaf] >>> 2) + row];
  const i64: (row: number) => bigint = (row) => c.engine.i64[(at[leaf] >>> 3) + row];
  switch (type.root) {
    case 'BOOLEAN':
      return (row) => c.engine.u8[at[leaf] + row] !== 0;
    case 'TINYINT':
      return (row) => (c.engine.u8[at[leaf] + row] << 24) >> 24;
    case 'SMALLINT':
      return (row) => {
        const u8 = c.engine.u8;
        const p = at[leaf] + row * 2;
        return ((u8[p] | (u8[p + 1] << 8)) << 16) >> 16;
      };
    case 'INTEGER':
    case 'INTERVAL_YEAR_MONTH':
      return i32;
    case 'DATE':
      return (row) => formatDate(i32(row));
    case 'TIME':
      return (row) => formatTime(i32(row));
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return i64;
    case 'FLOAT':
      return (row) => c.f32()[(at[leaf] >>> 2) + row];
    case 'DOUBLE':
      return (row) => c.engine.f64[(at[leaf] >>> 3) + row];
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const digits = timestampDigits(type.precision);
      if (digits > 3) return i64;
      return (row) => Number(i64(row));
    }
    case 'DECIMAL': {
      const { scale } = type;
      if (type.precision <= 18) return (row) => formatDecimal(i64(row), scale);
      return (row) => {
        const p = (at[leaf] >>> 3) + row * 2;
        return formatDecimal((c.engine.i64[p + 1] << 64n) | BigInt.asUintN(64, c.engine.i64[p]), scale);
      };
    }
    case 'CHAR':
    case 'VARCHAR': {
      const packed = c.packedText(leaf);
      return (row) => {
        const p = (at[leaf] >>> 2) + row * 2;
        const length = c.engine.u32[p + 1];
        return packed.get(row, length) ?? c.text.decode(c.engine.u32[p], length);
      };
    }
    case 'BINARY':
    case 'VARBINARY':
      return (row) => {
        const p = (at[leaf] >>> 2) + row * 2;
        const u32 = c.engine.u32;
        return c.engine.u8.slice(u32[p], u32[p] + u32[p + 1]);
      };
    case 'MAP':
      return (row) => {
        const p = (at[leaf] >>> 2) + row * 2;
        const u32 = c.engine.u32;
        return decodeMap(c.engine.u8.subarray(u32[p], u32[p] + u32[p + 1]));
      };
    default:
      return () => null;
  }
}

function expired(): MillraceError {
  return new MillraceError('ROW_EXPIRED', 'a row handle was used after its batch', {
    remedy: 'Keep what you need while the function runs: row.toObject(), or the values themselves.',
  });
}
