import { T_F32, T_F64, T_I64, T_I128, T_STR } from '#abi';
import type { Call, Literal } from '../types/expr.js';
import { typeCode } from '../types/leaf.js';
import { type Compiler, NEVER, type Val } from './compile.js';
import * as op from './opcodes.js';

/** Constants from which a table of them pays. */
const TABLE_FROM = 9;
/** The golden ratio in 64 bits: multiplied by it, neighbours fall far from each other. */
const GOLDEN = 0x9e3779b97f4a7c15n;

/** A value among many constants, looked up in a table of the module's data; undefined where the list is short, or not of constants that are NOT NULL. */
export function inTable(c: Compiler, e: Call): Val | undefined {
  const items = e.args.slice(1);
  if (items.length < TABLE_FROM || !items.every((x) => x.op === 'lit' && x.value !== null)) return undefined;
  const code = typeCode(e.args[0].type);
  const a = c.compile(e.args[0]);
  const out = c.newVal(e.type, a.nul !== NEVER);
  if (code === T_STR) findText(c, a, items as Literal[]);
  else findBits(c, a, items as Literal[], code);
  c.f.set(out.v);
  if (out.nul >= 0) {
    c.pushNull(a);
    c.f.set(out.nul);
  }
  return out;
}

/** Slots of an open table for so many values: a power of two of which a third at least stays free. */
function slotBits(count: number): number {
  return 32 - Math.clz32(Math.ceil(count * 1.5));
}

// ---- values of 64 and 128 bits ----

/**
 * Slots of the values' bits. A free slot holds the first value: whoever meets it without seeking it has come to the end of the probe.
 */
function findBits(c: Compiler, a: Val, items: readonly Literal[], code: number): void {
  const { f } = c;
  const wide = code === T_I128;
  const values = items.map((x) => bitsOf(x, code));
  const bits = slotBits(values.length);
  const words = wide ? 2 : 1;
  const table = new BigUint64Array(words << bits);
  for (let i = 0; i < 1 << bits; i++) store(table, i, values[0], wide);
  for (const v of values) {
    let slot = home(v, bits, wide);
    while (!at(table, slot, v, wide) && !at(table, slot, values[0], wide)) slot = (slot + 1) & ((1 << bits) - 1);
    store(table, slot, v, wide);
  }
  const offset = c.constant(new Uint8Array(table.buffer));
  const [low, high, slot, entry, found] = [f.local(op.I64), wide ? f.local(op.I64) : -1, f.local(op.I32), f.local(op.I32), f.local(op.I32)];
  c.push(a);
  toBits(c, code);
  if (wide) f.set(high);
  f.set(low);
  f.get(low);
  if (wide) f.get(high).i64(BigInt.asIntN(64, GOLDEN)).op(op.I64_MUL, op.I64_XOR);
  f.i64(BigInt.asIntN(64, GOLDEN))
    .op(op.I64_MUL)
    .i64(BigInt(64 - bits))
    .op(op.I64_SHR_U, op.I32_WRAP_I64)
    .set(slot);
  f.i32(0).set(found).block();
  const done = f.depth;
  f.loop();
  const again = f.depth;
  c.pushData(offset);
  f.get(slot)
    .i32(wide ? 4 : 3)
    .op(op.I32_SHL, op.I32_ADD)
    .set(entry);
  const equal = (lowValue: () => void, highValue: () => void): void => {
    f.get(entry).mem(op.I64_LOAD, 0);
    lowValue();
    f.op(op.I64_EQ);
    if (!wide) return;
    f.get(entry).mem(op.I64_LOAD, 8);
    highValue();
    f.op(op.I64_EQ, op.I32_AND);
  };
  equal(
    () => f.get(low),
    () => f.get(high),
  );
  f.if().i32(1).set(found).brTo(done).end();
  equal(
    () => f.i64(BigInt.asIntN(64, values[0])),
    () => f.i64(BigInt.asIntN(64, values[0] >> 64n)),
  );
  f.brIfTo(done);
  f.get(slot)
    .i32(1)
    .op(op.I32_ADD)
    .i32((1 << bits) - 1)
    .op(op.I32_AND)
    .set(slot)
    .brTo(again);
  f.end().end();
  f.get(found);
}

/** As the emitted code has it: 64 bits of the value, the upper half of a wide one mixed in. */
function home(v: bigint, bits: number, wide: boolean): number {
  const low = BigInt.asUintN(64, v) ^ (wide ? BigInt.asUintN(64, (v >> 64n) * GOLDEN) : 0n);
  return Number(BigInt.asUintN(64, low * GOLDEN) >> BigInt(64 - bits));
}
function at(table: BigUint64Array, slot: number, v: bigint, wide: boolean): boolean {
  if (!wide) return table[slot] === BigInt.asUintN(64, v);
  return table[2 * slot] === BigInt.asUintN(64, v) && table[2 * slot + 1] === BigInt.asUintN(64, v >> 64n);
}
function store(table: BigUint64Array, slot: number, v: bigint, wide: boolean): void {
  table[wide ? 2 * slot : slot] = BigInt.asUintN(64, v);
  if (wide) table[2 * slot + 1] = BigInt.asUintN(64, v >> 64n);
}

const word = new DataView(new ArrayBuffer(8));

/** A constant as `toBits` leaves values of its type. */
function bitsOf(x: Literal, code: number): bigint {
  if (code !== T_F64 && code !== T_F32) return BigInt(x.value as bigint);
  word.setFloat64(0, Number(x.value) + 0);
  return word.getBigInt64(0);
}

/** The value on the stack as an i64 (a wide one stays two): equal values give equal bits, -0.0 those of 0.0. NaN equals no constant. */
function toBits(c: Compiler, code: number): void {
  const { f } = c;
  if (code === T_I128) return;
  if (code === T_F32) f.op(op.F64_PROMOTE_F32);
  if (code === T_F32 || code === T_F64) f.f64(0).op(op.F64_ADD, op.I64_REINTERPRET_F64);
  else if (code !== T_I64) f.op(op.I64_EXTEND_I32_S);
}

// ---- text ----

/** Slots of (offset in the module's data, length in bytes); a free one has the length -1. The kernel knows the same hash. */
function findText(c: Compiler, a: Val, items: readonly Literal[]): void {
  const texts = items.map((x) => new TextEncoder().encode(String(x.value)));
  const bits = slotBits(texts.length);
  const mask = (1 << bits) - 1;
  const table = new Int32Array(2 << bits).fill(-1);
  const all = new Uint8Array(texts.reduce((n, t) => n + t.length, 0));
  let end = 0;
  for (const text of texts) {
    all.set(text, end);
    let slot = textHash(text) & mask;
    while (table[2 * slot + 1] >= 0) slot = (slot + 1) & mask;
    table[2 * slot] = end;
    table[2 * slot + 1] = text.length;
    end += text.length;
  }
  const slots = c.constant(new Uint8Array(table.buffer));
  const bytes = c.constant(all);
  c.push(a);
  c.pushData(slots);
  c.f.i32(mask);
  c.pushData(bytes);
  c.kernel('strInTable');
}

function textHash(bytes: Uint8Array): number {
  let h = 0x811c9dc5 | 0;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193);
  return h ^ (h >>> 15);
}
