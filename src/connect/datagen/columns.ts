import { T_F32, T_F64, T_I64, T_STR } from '#abi';
import { Prng32 } from '../../base/prng.js';
import type { Batch } from '../../batch/batch.js';
import { type Leaf, leafCount, timestampDigits, typeCode } from '../../types/leaf.js';
import type { LogicalType } from '../../types/logical.js';
import type { Engine } from '../../wasm/engine.js';
import type { FieldSpec } from './options.js';

declare module '../../wasm/engine.js' {
  interface Kernels {
    randomIntegers(state: number, type: number, values: number, n: number, min: bigint, range: number): void;
    randomLongs(state: number, values: number, n: number, min: bigint, range: bigint): void;
    randomReals(state: number, type: number, values: number, n: number, min: number, width: number): void;
    randomBooleans(state: number, values: number, n: number): void;
    randomTimes(state: number, values: number, n: number, nowMs: bigint, maxPastMs: number, unit: bigint): void;
    randomTexts(state: number, refs: number, n: number, room: number, each: number, length: number, variable: number, hex: number): void;
    randomPresence(state: number, validity: number, n: number, rate: number, parent: number): void;
    sequenceIntegers(type: number, values: number, n: number, first: number, stride: number): void;
    sequenceReals(type: number, values: number, n: number, first: number, stride: number): void;
    sequenceTexts(refs: number, n: number, room: number, each: number, first: number, stride: number, digits: number): void;
    decimalsOfReals(from: number, n: number, type: number, values: number, scale: number, unit: number): void;
  }
}

/** Bytes of made texts that a batch may hold, so that long ones make batches smaller, not memory larger. */
const TEXT_BYTES_MAX = 4 << 20;
/** Digits of the longest sequence number, with its sign. */
const SEQUENCE_DIGITS = 17;
/** Kernels write so many bytes beyond a text's end. */
const TEXT_PAD_BYTES = 8;
const STATE_BYTES = 16;
const DAY_MS = 86_400_000;

/** Makes rows straight into a batch's columns, column by column, by kernels. */
export class Columns {
  readonly #engine: Engine;
  readonly #leaves: readonly Leaf[];
  readonly #specs: readonly FieldSpec[];
  /** each column draws its values, and whether they are NULL, from streams of its own (their states, all values first): rows do not depend on how they fall into batches */
  readonly #random: number;
  /** leaf of the ROW around a leaf, or -1 */
  readonly #parents: number[] = [];
  /** pinned room for texts of each leaf */
  readonly #rooms: { ptr: number; bytes: number; each: number }[] = [];
  /** doubles that become DECIMALs; 0 = there are none */
  readonly #reals: number;
  /** rows that fit */
  readonly rowsMax: number;

  constructor(engine: Engine, leaves: readonly Leaf[], specs: readonly FieldSpec[], seed: number, capacity: number) {
    this.#engine = engine;
    this.#leaves = leaves;
    this.#specs = specs;
    this.#random = engine.alloc(2 * leaves.length * STATE_BYTES);
    this.state = [0, 1].flatMap((stream) => leaves.map((_, i) => new Prng32(seed + 2 * i + stream).state));
    const each = leaves.map((l, i) => textBytes(l.type, specs[i]));
    this.rowsMax = Math.max(1, Math.min(capacity, ...each.map((b) => (b === 0 ? capacity : Math.floor(TEXT_BYTES_MAX / b)))));
    each.forEach((b) => {
      const bytes = b === 0 ? 0 : b * this.rowsMax + TEXT_PAD_BYTES;
      this.#rooms.push({ ptr: bytes === 0 ? 0 : engine.alloc(bytes), bytes, each: b });
    });
    this.#reals = leaves.some((l) => l.type.root === 'DECIMAL') ? engine.alloc(8 * this.rowsMax) : 0;
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

  /** Fills the first n rows of an empty batch: their numbers in the whole table are first, first + stride, ... */
  fill(batch: Batch, n: number, first: number, stride: number, nowMs: number): void {
    for (let c = 0; c < this.#leaves.length; c++) {
      const spec = this.#specs[c];
      const parent = this.#parents[c];
      const nulls = this.#stream(this.#leaves.length + c);
      const rate = spec.kind === 'sequence' ? 0 : spec.nullRate;
      this.#engine.kernels.randomPresence(nulls, batch.validity(c), n, rate, parent < 0 ? 0 : batch.validity(parent));
      if (spec.kind === 'sequence') this.#sequence(batch, c, n, spec.start + first, stride);
      else if (spec.kind !== 'row') this.#values(batch, c, n, spec, nowMs);
    }
  }

  #stream(i: number): number {
    return this.#random + i * STATE_BYTES;
  }

  #values(batch: Batch, c: number, n: number, spec: Exclude<FieldSpec, { kind: 'sequence' | 'row' }>, nowMs: number): void {
    const { kernels } = this.#engine;
    const random = this.#stream(c);
    const values = batch.values(c);
    const { type } = this.#leaves[c];
    const code = typeCode(type);
    switch (spec.kind) {
      case 'integer': {
        const range = spec.max - spec.min + 1n;
        if (code === T_I64 && range > 0xffffffffn) kernels.randomLongs(random, values, n, spec.min, BigInt.asUintN(64, range));
        else kernels.randomIntegers(random, code, values, n, spec.min, Number(range));
        break;
      }
      case 'real':
        if (type.root !== 'DECIMAL') kernels.randomReals(random, code, values, n, spec.min, spec.max - spec.min);
        else {
          kernels.randomReals(random, T_F64, this.#reals, n, spec.min, spec.max - spec.min);
          this.#decimals(type, code, values, n);
        }
        break;
      case 'boolean':
        kernels.randomBooleans(random, values, n);
        break;
      case 'time':
        if (type.root === 'DATE' || type.root === 'TIME') this.#engine.i32.fill(localNow(type.root, nowMs), values >>> 2, (values >>> 2) + n);
        else kernels.randomTimes(random, values, n, BigInt(Math.floor(nowMs)), spec.maxPastMs, unitOfMs(type));
        break;
      default: {
        const { ptr, each } = this.#rooms[c];
        kernels.randomTexts(random, values, n, ptr, each, spec.length, Number(spec.variable), Number(spec.kind === 'hex'));
      }
    }
  }

  #sequence(batch: Batch, c: number, n: number, first: number, stride: number): void {
    const { kernels } = this.#engine;
    const values = batch.values(c);
    const { type } = this.#leaves[c];
    const code = typeCode(type);
    if (type.root === 'DECIMAL') {
      kernels.sequenceReals(T_F64, this.#reals, n, first, stride);
      this.#decimals(type, code, values, n);
    } else if (code === T_F32 || code === T_F64) kernels.sequenceReals(code, values, n, first, stride);
    else if (code !== T_STR) kernels.sequenceIntegers(code, values, n, first, stride);
    else {
      const { ptr, each } = this.#rooms[c];
      kernels.sequenceTexts(values, n, ptr, each, first, stride, Number(type.root === 'CHAR' || type.root === 'VARCHAR'));
    }
  }

  #decimals(type: LogicalType & { root: 'DECIMAL' }, code: number, values: number, n: number): void {
    this.#engine.kernels.decimalsOfReals(this.#reals, n, code, values, type.scale, 10 ** type.scale);
  }

  /** States of all streams, to be kept and put back. */
  get state(): number[][] {
    const { i32 } = this.#engine;
    return Array.from({ length: 2 * this.#leaves.length }, (_, i) => Array.from(i32.subarray(this.#stream(i) >>> 2, (this.#stream(i) >>> 2) + 4)));
  }
  set state(states: readonly (readonly number[])[]) {
    for (let i = 0; i < Math.min(states.length, 2 * this.#leaves.length); i++) this.#engine.i32.set(states[i], this.#stream(i) >>> 2);
  }

  close(): void {
    this.#engine.free(this.#random, 2 * this.#leaves.length * STATE_BYTES);
    if (this.#reals !== 0) this.#engine.free(this.#reals, 8 * this.rowsMax);
    for (const { ptr, bytes } of this.#rooms) this.#engine.free(ptr, bytes);
    this.#rooms.length = 0;
  }
}

/** Bytes of a text that the connector makes for one row; 0 for other types. */
function textBytes(type: LogicalType, spec: FieldSpec): number {
  if (spec.kind === 'hex' || spec.kind === 'bytes') return spec.length;
  return spec.kind === 'sequence' && typeCode(type) === T_STR ? SEQUENCE_DIGITS : 0;
}

/** Units of a timestamp's type in a millisecond. */
function unitOfMs(type: LogicalType): bigint {
  const digits = type.root === 'TIMESTAMP' || type.root === 'TIMESTAMP_LTZ' ? timestampDigits(type.precision) : 3;
  return 10n ** BigInt(digits - 3);
}

/** As Java's LocalDate.now and LocalTime.now: in the machine's zone. */
function localNow(root: 'DATE' | 'TIME', nowMs: number): number {
  const localMs = nowMs - new Date(nowMs).getTimezoneOffset() * 60_000;
  const day = Math.floor(localMs / DAY_MS);
  return root === 'DATE' ? day : localMs - day * DAY_MS;
}
