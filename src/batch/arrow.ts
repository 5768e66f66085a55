import { T_BOOL, T_I64, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import { timestampDigits, typeCode, typeWidth } from '../types/leaf.js';
import { type LogicalType, typeToString } from '../types/logical.js';
import type { Batch } from './batch.js';
import { type FlatTable, type FlatValue, flatBuffer } from './flat-buffer.js';
import { type FieldNode, fieldTree } from './field-tree.js';

/** Enum values of Arrow's format/Schema.fbs and Message.fbs. */
const TYPE = {
  Null: 1,
  Int: 2,
  FloatingPoint: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  Interval: 11,
  Struct: 13,
  Duration: 18,
};
const HEADER_SCHEMA = 1;
const HEADER_RECORD_BATCH = 3;
const METADATA_V5 = 4;
const UNIT_BY_DIGITS: Readonly<Record<number, number>> = { 0: 0, 3: 1, 6: 2, 9: 3 };

/**
 * The selected rows as an Arrow IPC stream (schema, one record batch, end): an owned copy that any Arrow library reads, e.g. `tableFromIPC(bytes)`.
 * BOOLEAN becomes Bool; DECIMAL Decimal128; STRING Utf8; BYTES Binary; DATE Date32; TIME Time32 in ms; TIMESTAMP Timestamp in its unit, TIMESTAMP_LTZ with
 * time zone UTC; ROW Struct. Fails with NOT_SUPPORTED for ANY.
 */
export function toArrow(batch: Batch): Uint8Array {
  const fields = fieldTree(batch.leaves);
  const rows = batch.engine.u32.slice(batch.sel >>> 2, (batch.sel >>> 2) + batch.selCount);
  const columns = new Columns(batch, rows);
  for (const f of fields) columns.add(f);
  const schema: FlatTable = [{ i16: 0 }, { tables: fields.map(arrowField) }];
  const record: FlatTable = [{ i64: BigInt(rows.length) }, { pairs: columns.nodes }, { pairs: columns.buffers }];
  return concat([
    ...message(HEADER_SCHEMA, schema, 0),
    ...message(HEADER_RECORD_BATCH, record, columns.bodyBytes),
    ...columns.body,
    new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]),
  ]);
}

function message(header: number, table: FlatTable, bodyBytes: number): Uint8Array[] {
  const bytes = flatBuffer([{ i16: METADATA_V5 }, { i8: header }, { table }, { i64: BigInt(bodyBytes) }]);
  const prefix = new Uint8Array(8).fill(255, 0, 4);
  new DataView(prefix.buffer).setInt32(4, bytes.length, true);
  return [prefix, bytes];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function arrowField(f: FieldNode): FlatTable {
  const [type, table] = arrowType(f.type);
  return [{ text: f.name }, { i8: f.type.nullable ? 1 : 0 }, { i8: type }, { table }, undefined, { tables: f.children.map(arrowField) }];
}

function arrowType(t: LogicalType): [number, FlatTable] {
  const int = (bits: number): [number, FlatTable] => [TYPE.Int, [{ i32: bits }, { i8: 1 }]];
  switch (t.root) {
    case 'BOOLEAN':
      return [TYPE.Bool, []];
    case 'TINYINT':
      return int(8);
    case 'SMALLINT':
      return int(16);
    case 'INTEGER':
      return int(32);
    case 'BIGINT':
      return int(64);
    case 'FLOAT':
      return [TYPE.FloatingPoint, [{ i16: 1 }]];
    case 'DOUBLE':
      return [TYPE.FloatingPoint, [{ i16: 2 }]];
    case 'DECIMAL':
      return [TYPE.Decimal, [{ i32: t.precision }, { i32: t.scale }, { i32: 128 }]];
    case 'CHAR':
    case 'VARCHAR':
      return [TYPE.Utf8, []];
    case 'BINARY':
    case 'VARBINARY':
      return [TYPE.Binary, []];
    case 'DATE':
      return [TYPE.Date, [{ i16: 0 }]];
    case 'TIME':
      return [TYPE.Time, [{ i16: 1 }, { i32: 32 }]];
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const unit: FlatValue = { i16: UNIT_BY_DIGITS[timestampDigits(t.precision)] };
      return [TYPE.Timestamp, t.root === 'TIMESTAMP' ? [unit] : [unit, { text: 'UTC' }]];
    }
    case 'INTERVAL_YEAR_MONTH':
      return [TYPE.Interval, [{ i16: 0 }]];
    case 'INTERVAL_DAY_TIME':
      return [TYPE.Duration, [{ i16: 1 }]];
    case 'ROW':
      return [TYPE.Struct, []];
    case 'NULL':
      return [TYPE.Null, []];
    case 'MAP':
    case 'ANY':
      throw new MillraceError('NOT_SUPPORTED', `${typeToString(t)} columns in Arrow`, { remedy: 'Declare the fields of the values.' });
  }
}

/** Gathers the chosen rows of every column, depth first, into Arrow's buffers. */
class Columns {
  readonly nodes: [bigint, bigint][] = [];
  readonly buffers: [bigint, bigint][] = [];
  readonly body: Uint8Array[] = [];
  bodyBytes = 0;
  readonly #batch: Batch;
  readonly #rows: Uint32Array;

  constructor(batch: Batch, rows: Uint32Array) {
    this.#batch = batch;
    this.#rows = rows;
  }

  add(f: FieldNode): void {
    const code = typeCode(f.type);
    if (f.type.root === 'NULL') {
      this.nodes.push([BigInt(this.#rows.length), BigInt(this.#rows.length)]);
      return;
    }
    this.#validity(f.leaf);
    if (f.type.root === 'ROW') for (const c of f.children) this.add(c);
    else if (code === T_BOOL) this.#bits(f.leaf);
    else if (code === T_STR) this.#bytes(f.leaf);
    else if (f.type.root === 'DECIMAL' && code === T_I64) this.#wide(f.leaf);
    else this.#fixed(f.leaf, typeWidth(code));
  }

  #push(bytes: Uint8Array): void {
    this.buffers.push([BigInt(this.bodyBytes), BigInt(bytes.length)]);
    const padding = new Uint8Array((8 - (bytes.length % 8)) % 8);
    this.body.push(bytes, padding);
    this.bodyBytes += bytes.length + padding.length;
  }

  #validity(leaf: number): void {
    const n = this.#rows.length;
    const bits = new Uint8Array((n + 7) >>> 3);
    let nulls = 0;
    for (let i = 0; i < n; i++) {
      if (this.#batch.isNull(leaf, this.#rows[i])) nulls++;
      else bits[i >>> 3] |= 1 << (i & 7);
    }
    this.nodes.push([BigInt(n), BigInt(nulls)]);
    this.#push(nulls === 0 ? new Uint8Array(0) : bits);
  }

  #bits(leaf: number): void {
    const bits = new Uint8Array((this.#rows.length + 7) >>> 3);
    const at = this.#batch.values(leaf);
    const { u8 } = this.#batch.engine;
    for (const [i, row] of this.#rows.entries()) if (u8[at + row] !== 0) bits[i >>> 3] |= 1 << (i & 7);
    this.#push(bits);
  }

  #fixed(leaf: number, width: number): void {
    const out = new Uint8Array(this.#rows.length * width);
    const at = this.#batch.values(leaf);
    const { u8 } = this.#batch.engine;
    for (const [i, row] of this.#rows.entries()) {
      const from = at + row * width;
      for (let b = 0; b < width; b++) out[i * width + b] = u8[from + b];
    }
    this.#push(out);
  }

  /** DECIMAL of one word, its sign extended to 128 bits. */
  #wide(leaf: number): void {
    const out = new BigInt64Array(this.#rows.length * 2);
    const at = this.#batch.values(leaf) >>> 3;
    const { i64 } = this.#batch.engine;
    for (const [i, row] of this.#rows.entries()) {
      if (this.#batch.isNull(leaf, row)) continue;
      const v = i64[at + row];
      out[2 * i] = v;
      out[2 * i + 1] = v < 0n ? -1n : 0n;
    }
    this.#push(new Uint8Array(out.buffer));
  }

  #bytes(leaf: number): void {
    const n = this.#rows.length;
    const offsets = new Int32Array(n + 1);
    const at = this.#batch.values(leaf) >>> 2;
    const { u8, u32 } = this.#batch.engine;
    for (const [i, row] of this.#rows.entries()) offsets[i + 1] = offsets[i] + (this.#batch.isNull(leaf, row) ? 0 : u32[at + row * 2 + 1]);
    const data = new Uint8Array(offsets[n]);
    for (const [i, row] of this.#rows.entries()) {
      const length = offsets[i + 1] - offsets[i];
      const ptr = u32[at + row * 2];
      if (length > 0) data.set(u8.subarray(ptr, ptr + length), offsets[i]);
    }
    this.#push(new Uint8Array(offsets.buffer));
    this.#push(data);
  }
}
