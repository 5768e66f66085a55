import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128 } from '#abi';
import { Prng32 } from '../../base/prng.js';
import type { Batch } from '../../batch/batch.js';
import { type Leaf, leafCount, timestampDigits, typeCode } from '../../types/leaf.js';
import type { LogicalType } from '../../types/logical.js';
import type { Engine } from '../../wasm/engine.js';
import type { FieldSpec } from './options.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    randomIntegers(state: number, type: number, values: number, n: number, min: bigint, range: number): void;
    sequenceIntegers(type: number, values: number, n: number, first: number, stride: number): void;
  }
}

/** Bytes of made texts that a batch may hold, so that long ones make batches smaller, not memory larger. */
const TEXT_BYTES_MAX = 4 << 20;
/** Digits of the longest sequence number, with its sign. */
const SEQUENCE_DIGITS = 17;
const DAY_MS = 86_400_000;
const HEX = new TextEncoder().encode('0123456789abcdef');

/** Makes rows straight into a batch's columns. */
export class Columns {
  readonly #engine: Engine;
  readonly #leaves: readonly Leaf[];
  readonly #specs: readonly FieldSpec[];
  /** each column draws its values, and whether they are NULL, from streams of its own: rows do not depend on how they fall into batches */
  readonly #random: readonly Prng32[];
  readonly #nulls: readonly Prng32[];
  /** where a kernel keeps the state of the stream it draws from */
  readonly #random32: number;
  /** leaf of the ROW around a leaf, or -1 */
  readonly #parents: number[] = [];
  /** pinned room for texts of each leaf */
  readonly #rooms: { ptr: number; bytes: number; each: number }[] = [];
  /** rows that fit */
  readonly rowsMax: number;

  constructor(engine: Engine, leaves: readonly Leaf[], specs: readonly FieldSpec[], seed: number, capacity: number) {
    this.#engine = engine;
    this.#leaves = leaves;
    this.#specs = specs;
    this.#random = leaves.map((_, i) => new Prng32(seed + 2 * i));
    this.#nulls = leaves.map((_, i) => new Prng32(seed + 2 * i + 1));
    this.#random32 = engine.alloc(64);
    const each = leaves.map((l, i) => textBytes(l.type, specs[i]));
    this.rowsMax = Math.max(1, Math.min(capacity, ...each.map((b) => (b === 0 ? capacity : Math.floor(TEXT_BYTES_MAX / b)))));
    each.forEach((b) => {
      const bytes = b * this.rowsMax;
      this.#rooms.push({ ptr: bytes === 0 ? 0 : engine.alloc(bytes), bytes, each: b });
    });
    leaves.forEach((l, i) => {
      this.#parents[i] ??= -1;
      if (l.type.root !== 'ROW') return;
      let at = i + 1;
      for (const f of l.type.fields) {
        this.#parents[at] = i;
        at += leafCount(f.type);
      }
    });
  }

  /** Fills rows [from, from + n): their numbers in the whole table are first, first + stride, ... */
  fill(batch: Batch, from: number, n: number, first: number, stride: number, nowMs: number): void {
    for (let c = 0; c < this.#leaves.length; c++) {
      this.#presence(batch, c, from, n);
      const spec = this.#specs[c];
      if (from === 0 && this.#integers(batch, c, n, first, stride)) continue;
      if (spec.kind === 'sequence') for (let r = 0; r < n; r++) this.#number(batch, c, from + r, spec.start + first + r * stride);
      else if (spec.kind !== 'row') for (let r = 0; r < n; r++) this.#value(batch, c, from + r, spec, nowMs);
    }
  }

  /** A whole INT or BIGINT column at once, with the numbers that the loop would make; false for other columns. */
  #integers(batch: Batch, c: number, n: number, first: number, stride: number): boolean {
    const spec = this.#specs[c];
    const code = typeCode(this.#leaves[c].type);
    if ((code !== T_I32 && code !== T_I64) || this.#leaves[c].type.root === 'DECIMAL') return false;
    const { kernels } = this.#engine;
    if (spec.kind === 'sequence') {
      kernels.sequenceIntegers(code, batch.values(c), n, spec.start + first, stride);
      return true;
    }
    if (spec.kind !== 'integer') return false;
    const range = spec.max - spec.min + 1n;
    if (range > 0xffffffffn) return false;
    const random = this.#random[c];
    const at = this.#random32 >>> 2;
    random.store(this.#engine.u32, at);
    kernels.randomIntegers(this.#random32, code, batch.values(c), n, spec.min, Number(range));
    random.load(this.#engine.u32, at);
    return true;
  }

  #presence(batch: Batch, c: number, from: number, n: number): void {
    const spec = this.#specs[c];
    const rate = spec.kind === 'sequence' ? 0 : spec.nullRate;
    const parent = this.#parents[c];
    if (rate === 0 && parent < 0 && from === 0) {
      const validity = batch.validity(c);
      this.#engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
      return;
    }
    for (let r = from; r < from + n; r++) {
      if ((parent < 0 || !batch.isNull(parent, r)) && (rate === 0 || this.#nulls[c].next() > rate)) batch.setPresent(c, r);
    }
  }

  #value(batch: Batch, c: number, row: number, spec: Exclude<FieldSpec, { kind: 'sequence' | 'row' }>, nowMs: number): void {
    const random = this.#random[c];
    switch (spec.kind) {
      case 'integer': {
        const range = spec.max - spec.min + 1n;
        if (typeCode(this.#leaves[c].type) !== T_I64) this.#number(batch, c, row, Number(spec.min) + Math.floor(random.next() * Number(range)));
        else if (range <= 0xffffffffn) this.#engine.i64[(batch.values(c) >>> 3) + row] = spec.min + BigInt(Math.floor(random.next() * Number(range)));
        else
          this.#engine.i64[(batch.values(c) >>> 3) + row] =
            range > 0xffffffffffffffffn ? BigInt.asIntN(64, random.nextU64()) : spec.min + (random.nextU64() % range);
        break;
      }
      case 'real':
        this.#number(batch, c, row, spec.min + random.next() * (spec.max - spec.min));
        break;
      case 'boolean':
        this.#engine.u8[batch.values(c) + row] = random.nextU32() & 1;
        break;
      case 'time':
        this.#time(batch, c, row, nowMs - Math.floor(random.next() * spec.maxPastMs));
        break;
      default: {
        const { ptr, each } = this.#rooms[c];
        const length = spec.variable ? 1 + Math.floor(random.next() * spec.length) : spec.length;
        const at = ptr + row * each;
        const u8 = this.#engine.u8;
        for (let i = 0, bits = 0; i < length; i++, bits >>>= spec.kind === 'hex' ? 4 : 8) {
          if ((i & (spec.kind === 'hex' ? 7 : 3)) === 0) bits = random.nextU32();
          u8[at + i] = spec.kind === 'hex' ? HEX[bits & 15] : bits & 255;
        }
        this.#slice(batch, c, row, at, length);
      }
    }
  }

  #slice(batch: Batch, c: number, row: number, ptr: number, length: number): void {
    const at = (batch.values(c) >>> 2) + 2 * row;
    this.#engine.u32[at] = ptr;
    this.#engine.u32[at + 1] = length;
  }

  /** A number as the column's type keeps it. */
  #number(batch: Batch, c: number, row: number, x: number): void {
    const engine = this.#engine;
    const { type } = this.#leaves[c];
    const p = batch.values(c);
    if (type.root === 'DECIMAL') {
      this.#decimal(batch, c, row, x, type);
      return;
    }
    switch (typeCode(type)) {
      case T_BOOL:
      case T_I8:
        engine.u8[p + row] = x;
        break;
      case T_I16:
        engine.u8[p + 2 * row] = x;
        engine.u8[p + 2 * row + 1] = x >> 8;
        break;
      case T_I32:
        engine.i32[(p >>> 2) + row] = x;
        break;
      case T_I64:
        engine.i64[(p >>> 3) + row] = BigInt(x);
        break;
      case T_F32:
        new DataView(engine.memory.buffer).setFloat32(p + 4 * row, x, true);
        break;
      case T_F64:
        engine.f64[(p >>> 3) + row] = x;
        break;
      default: {
        // a sequence of texts: its digits; a sequence of bytes: as Flink, eight bytes, the lowest first
        const { ptr, each } = this.#rooms[c];
        const at = ptr + row * each;
        if (type.root === 'CHAR' || type.root === 'VARCHAR') {
          const { written } = new TextEncoder().encodeInto(String(x), engine.u8.subarray(at, at + each));
          this.#slice(batch, c, row, at, written);
        } else {
          new DataView(engine.memory.buffer).setBigInt64(at, BigInt(x), true);
          this.#slice(batch, c, row, at, 8);
        }
      }
    }
  }

  #decimal(batch: Batch, c: number, row: number, x: number, type: LogicalType & { root: 'DECIMAL' }): void {
    const scaled = x * 10 ** type.scale;
    // beyond 2^53 a double has no digits after the point worth keeping
    const unscaled = Math.abs(scaled) < 2 ** 53 ? BigInt(Math.trunc(scaled)) : BigInt(Math.trunc(x)) * 10n ** BigInt(type.scale);
    const i64 = this.#engine.i64;
    const p = batch.values(c) >>> 3;
    if (typeCode(type) === T_I128) {
      i64[p + 2 * row] = BigInt.asIntN(64, unscaled);
      i64[p + 2 * row + 1] = unscaled >> 64n;
    } else i64[p + row] = unscaled;
  }

  #time(batch: Batch, c: number, row: number, ms: number): void {
    const { type } = this.#leaves[c];
    const p = batch.values(c);
    if (type.root === 'DATE' || type.root === 'TIME') {
      // as Java's LocalDate.now and LocalTime.now: the machine's zone
      const local = ms - new Date(ms).getTimezoneOffset() * 60_000;
      const day = Math.floor(local / DAY_MS);
      this.#engine.i32[(p >>> 2) + row] = type.root === 'DATE' ? day : local - day * DAY_MS;
      return;
    }
    const digits = type.root === 'TIMESTAMP' || type.root === 'TIMESTAMP_LTZ' ? timestampDigits(type.precision) : 3;
    this.#engine.i64[(p >>> 3) + row] = digits === 0 ? BigInt(Math.floor(ms / 1000)) : BigInt(Math.floor(ms)) * 10n ** BigInt(digits - 3);
  }

  /** States of all streams, to be kept and put back. */
  get state(): number[][] {
    return [...this.#random, ...this.#nulls].map((r) => r.state);
  }
  set state(states: readonly (readonly number[])[]) {
    [...this.#random, ...this.#nulls].forEach((r, i) => {
      r.state = states[i] ?? r.state;
    });
  }

  close(): void {
    this.#engine.free(this.#random32, 64);
    for (const { ptr, bytes } of this.#rooms) this.#engine.free(ptr, bytes);
    this.#rooms.length = 0;
  }
}

/** Bytes of a text that the connector makes for one row; 0 for other types. */
function textBytes(type: LogicalType, spec: FieldSpec): number {
  if (spec.kind === 'hex' || spec.kind === 'bytes') return spec.length;
  return spec.kind === 'sequence' && ['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'].includes(type.root) ? SEQUENCE_DIGITS : 0;
}
