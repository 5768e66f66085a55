import { readFileSync } from 'node:fs';
import { BATCH_HEADER_BYTES, COL_BYTES, COL_TYPE, INPUT_PAD, T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_ROW, T_STR } from '#abi';
import type { Prng } from '#src/base/prng.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import type { RecordDecoder } from '#src/contract/format.js';
import { flatten, type Leaf } from '#src/types/leaf.js';
import * as types from '#src/types/logical.js';
import type { Engine } from '#src/wasm/engine.js';

/** Reads Flink's serialized types: `ROW<a INT, b ROW<c STRING>>`. */
export function parseType(text: string): types.LogicalType {
  let at = 0;
  const word = (): string => {
    const m = /^\s*([A-Za-z_][A-Za-z_0-9]*)/.exec(text.slice(at));
    if (m === null) throw new Error(`type expected at ${text.slice(at)}`);
    at += m[0].length;
    return m[1];
  };
  const eat = (c: string): boolean => {
    const m = /^\s*(.)/.exec(text.slice(at));
    if (m === null || m[1] !== c) return false;
    at += m[0].length;
    return true;
  };
  const args = (): number[] => {
    const out: number[] = [];
    if (!eat('(')) return out;
    do {
      const m = /^\s*(\d+)/.exec(text.slice(at));
      if (m === null) throw new Error('number expected');
      at += m[0].length;
      out.push(Number(m[1]));
    } while (eat(','));
    eat(')');
    return out;
  };
  const type = (): types.LogicalType => {
    const name = word();
    if (name === 'ROW') {
      eat('<');
      const fields: types.Field[] = [];
      do fields.push({ name: word(), type: type() });
      while (eat(','));
      eat('>');
      return types.ROW(fields);
    }
    if (name === 'INTERVAL') return { root: word() === 'YEAR' ? 'INTERVAL_YEAR_MONTH' : 'INTERVAL_DAY_TIME', nullable: true };
    const [a, b] = args();
    switch (name) {
      case 'STRING':
        return types.STRING();
      case 'INT':
        return types.INT();
      case 'VARCHAR':
        return types.VARCHAR(a);
      case 'CHAR':
        return types.CHAR(a);
      case 'VARBINARY':
        return { root: 'VARBINARY', length: a, nullable: true };
      case 'DECIMAL':
        return types.DECIMAL(a, b);
      case 'TIME':
        return types.TIME(a);
      case 'TIMESTAMP':
        return types.TIMESTAMP(a);
      case 'TIMESTAMP_LTZ':
        return types.TIMESTAMP_LTZ(a);
      default:
        return { root: name as 'BIGINT', nullable: true };
    }
  };
  return type();
}

export function leavesOf(rowType: string): Leaf[] {
  const t = parseType(rowType);
  if (t.root !== 'ROW') throw new Error('a ROW was expected');
  return flatten({ fields: t.fields });
}

/** One of a list. */
export function pick<T>(r: Prng, list: readonly T[]): T {
  return list[r.below(list.length)];
}

/** Pins bytes in wasm memory with padding on both sides. */
export function pin(engine: Engine, bytes: Uint8Array): { ptr: number; end: number } {
  const block = engine.alloc(bytes.length + 2 * INPUT_PAD);
  engine.u8.fill(0, block, block + bytes.length + 2 * INPUT_PAD);
  engine.u8.set(bytes, block + INPUT_PAD);
  return { ptr: block + INPUT_PAD, end: block + INPUT_PAD + bytes.length };
}

/** A column value as a plain JS value: numbers, bigints for 64 bits and more, strings; hex for bytes that are not UTF-8. */
export function cell(batch: Batch, column: number, row: number): unknown {
  if (batch.isNull(column, row)) return null;
  const e = batch.engine;
  const type = e.u32[(batch.ptr + BATCH_HEADER_BYTES + column * COL_BYTES + COL_TYPE) >> 2];
  const v = batch.values(column);
  const view = new DataView(e.memory.buffer);
  switch (type) {
    case T_ROW:
      return true;
    case T_BOOL:
      return view.getUint8(v + row) !== 0;
    case T_I8:
      return view.getInt8(v + row);
    case T_I16:
      return view.getInt16(v + row * 2, true);
    case T_I32:
      return view.getInt32(v + row * 4, true);
    case T_I64:
      return view.getBigInt64(v + row * 8, true);
    case T_F32:
      return view.getFloat32(v + row * 4, true);
    case T_F64:
      return view.getFloat64(v + row * 8, true);
    case T_I128:
      return view.getBigUint64(v + row * 16, true) | (view.getBigInt64(v + row * 16 + 8, true) << 64n);
    case T_STR: {
      const ptr = view.getUint32(v + row * 8, true);
      const bytes = e.u8.slice(ptr, ptr + view.getUint32(v + row * 8 + 4, true));
      return batch.leaves[column].type.root === 'VARBINARY'
        ? `b:${Buffer.from(bytes).toString('hex')}`
        : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    }
    default:
      throw new Error(`type ${type}`);
  }
}

/** A row nested as its leaves are: objects for ROWs, by field name. */
export function rowObject(batch: Batch, row: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  batch.leaves.forEach((leaf, c) => {
    let at: Record<string, unknown> | null = out;
    for (const name of leaf.path.slice(0, -1)) at = at === null ? null : (at[name] as Record<string, unknown> | null);
    const value = cell(batch, c, row);
    if (at === null) {
      if (value !== null) throw new Error(`${leaf.path.join('.')} is present under a NULL row`);
      return;
    }
    at[leaf.path[leaf.path.length - 1]] = leaf.type.root === 'ROW' ? (value === null ? null : {}) : value;
  });
  return out;
}

/** Decodes whole input through batches of `capacity` rows. */
export function decodeAll(engine: Engine, decoder: RecordDecoder, bytes: Uint8Array, leaves: readonly Leaf[], capacity = 2048): Record<string, unknown>[] {
  const { ptr, end } = pin(engine, bytes);
  const batch = allocBatch(engine, leaves, { capacity });
  const out: Record<string, unknown>[] = [];
  let at = ptr;
  while (at < end) {
    batch.clear();
    const next = decoder.decodeLines(at, end, batch);
    for (let r = 0; r < batch.rows; r++) out.push(rowObject(batch, r));
    if (next === at && batch.rows === 0) throw new Error('no progress');
    at = next;
  }
  return out;
}

/** Decodes each input as one slice, in batches. */
export function decodeEach(engine: Engine, decoder: RecordDecoder, inputs: readonly Uint8Array[], leaves: readonly Leaf[]): Record<string, unknown>[] {
  const slices = engine.alloc(inputs.length * 8);
  const pinned = inputs.map((b) => pin(engine, b));
  pinned.forEach((p, i) => {
    engine.u32[(slices >> 2) + 2 * i] = p.ptr;
    engine.u32[(slices >> 2) + 2 * i + 1] = p.end - p.ptr;
  });
  const batch = allocBatch(engine, leaves);
  const out: Record<string, unknown>[] = [];
  let done = 0;
  while (done < inputs.length) {
    batch.clear();
    const n = decoder.decodeSlices(slices + done * 8, inputs.length - done, batch, 0);
    for (let r = 0; r < batch.rows; r++) out.push(rowObject(batch, r));
    if (n === 0 && batch.rows === 0) throw new Error('no progress');
    done += n;
  }
  return out;
}

export interface FlinkCase {
  format: string;
  role: string;
  type: string;
  options: Record<string, string>;
  inputs?: string[];
  hex?: string[];
  results: (null | string | { error: string } | unknown[])[];
}

/** What real Flink answered: test/format/oracle/run records these files. */
export function flinkCases(name: string): FlinkCase[] {
  return readFileSync(new URL(`../../../test/format/fixtures/${name}.jsonl`, import.meta.url), 'utf8')
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l) as FlinkCase);
}

export function inputsOf(c: FlinkCase): Uint8Array[] {
  return [...(c.inputs ?? []).map((s) => new TextEncoder().encode(s)), ...(c.hex ?? []).map((h) => new Uint8Array(Buffer.from(h, 'hex')))];
}

/** A decoded row in the oracle's notation. */
export function flinkRow(row: Record<string, unknown>, fields: readonly types.Field[]): unknown[] {
  return fields.map(({ name, type }) => {
    const v = row[name];
    if (v === null || v === undefined) return null;
    switch (type.root) {
      case 'ROW':
        return flinkRow(v as Record<string, unknown>, type.fields);
      case 'DOUBLE': {
        const b = new DataView(new ArrayBuffer(8));
        b.setFloat64(0, v as number);
        return `d:${b.getBigUint64(0).toString(16)}`;
      }
      case 'FLOAT': {
        const b = new DataView(new ArrayBuffer(4));
        b.setFloat32(0, v as number);
        return `f:${b.getUint32(0).toString(16)}`;
      }
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ': {
        const unit = 10n ** BigInt(type.precision <= 3 ? 3 : type.precision <= 6 ? 6 : 9);
        const nanos = (v as bigint) * (1000000000n / unit);
        const ms = nanos >= 0n ? nanos / 1000000n : -((-nanos + 999999n) / 1000000n);
        return `${ms}:${nanos - ms * 1000000n}`;
      }
      default:
        return String(v);
    }
  });
}
