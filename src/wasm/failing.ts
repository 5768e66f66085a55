import { BATCH_HEADER_BYTES, COL_BYTES, COL_VALIDITY, COL_VALUES, T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_STR } from '#abi';
import type { Call, Expr, Literal } from '../types/expr.js';
import { type Leaf, typeCode, typeWidth } from '../types/leaf.js';
import { describeExpr, exprKey } from './describe.js';
import type { Engine } from './engine.js';

/** Values of a failing record that a message shows, and characters of each. */
const VALUES_MAX = 8;
const VALUE_CHARS_MAX = 60;

/** The calls of some expressions, each once, in an order that equal expressions share: emitted code knows them by their place in it, from 1. */
export function callsOf(roots: readonly Expr[]): Call[] {
  const seen = new Set<string>();
  const out: Call[] = [];
  const walk = (e: Expr): void => {
    if (e.op !== 'call' || seen.has(exprKey(e))) return;
    seen.add(exprKey(e));
    out.push(e);
    e.args.forEach(walk);
  };
  roots.forEach(walk);
  return out;
}

/** A call as it was written, with its line and column; as SQL-like text when no script holds it. */
export function describeFailing(call: Call, names: readonly string[]): string {
  if (call.written === undefined) return describeExpr(call, names);
  const { text, place } = call.written;
  const at = place.file === undefined ? `line ${place.line}, column ${place.column}` : `${place.file}:${place.line}:${place.column}`;
  return `${text} (${at})`;
}

/** The values of the columns a call reads in one row, "a = 1, s = 'x'"; '' when it reads none. */
export function describeInput(engine: Engine, batch: number, row: number, call: Expr, leaves: readonly Leaf[]): string {
  const columns = new Set<number>();
  const walk = (e: Expr): void => {
    if (e.op === 'col') columns.add(e.index);
    else if (e.op === 'call') e.args.forEach(walk);
  };
  walk(call);
  const shown = [...columns].filter((i) => typeWidth(typeCode(leaves[i].type)) > 0).slice(0, VALUES_MAX);
  const text = shown.map((i) => `${leaves[i].path.join('.')} = ${clip(valueText(engine, batch, row, i, leaves[i]))}`).join(', ');
  return columns.size > shown.length && shown.length === VALUES_MAX ? `${text}, ...` : text;
}

const clip = (text: string): string => (text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}...` : text);

function valueText(engine: Engine, batch: number, row: number, column: number, leaf: Leaf): string {
  const at = (batch >>> 0) + BATCH_HEADER_BYTES + column * COL_BYTES;
  const validity = engine.u32[(at + COL_VALIDITY) >>> 2];
  if (validity !== 0 && ((engine.u8[validity + (row >>> 3)] >>> (row & 7)) & 1) === 0) return 'NULL';
  if (BYTES.has(leaf.type.root)) return 'bytes';
  return describeExpr({ op: 'lit', value: readValue(engine, engine.u32[(at + COL_VALUES) >>> 2], row, typeCode(leaf.type)), type: leaf.type });
}

/** Types whose values no text shows. */
const BYTES: ReadonlySet<string> = new Set(['BINARY', 'VARBINARY', 'MAP']);

function readValue(engine: Engine, values: number, row: number, code: number): Literal['value'] {
  const view = new DataView(engine.memory.buffer);
  switch (code) {
    case T_BOOL:
      return engine.u8[values + row] !== 0;
    case T_I8:
      return view.getInt8(values + row);
    case T_I16:
      return view.getInt16(values + 2 * row, true);
    case T_I32:
      return view.getInt32(values + 4 * row, true);
    case T_I64:
      return view.getBigInt64(values + 8 * row, true);
    case T_I128:
      return (view.getBigInt64(values + 16 * row + 8, true) << 64n) | view.getBigUint64(values + 16 * row, true);
    case T_F32:
      return view.getFloat32(values + 4 * row, true);
    case T_F64:
      return view.getFloat64(values + 8 * row, true);
    case T_STR: {
      const ptr = view.getUint32(values + 8 * row, true);
      const length = view.getUint32(values + 8 * row + 4, true);
      return new TextDecoder().decode(engine.u8.slice(ptr, ptr + Math.min(length, 4 * VALUE_CHARS_MAX)));
    }
    default:
      return '';
  }
}
