import type { FunctionBuilder } from '../wasm/encoder.js';
import * as op from '../wasm/opcodes.js';

/** Longest run in bytes: it is read before its first byte is checked, and so far must the bytes behind the input be readable. */
export const RUN_MAX = 1024;
/** Classes of a run's bytes. */
const NONE = 0;
const LITERAL = 1;
const TEXT = 2;
const DIGIT = 3;

/** 16-byte constants of an emitted module, each kept once, in a block of memory whose address is the module's first global. */
export class Constants {
  readonly #offsets = new Map<string, number>();
  readonly #bytes: number[] = [];

  offset(of: ArrayLike<number>): number {
    const key = Array.from(of).join();
    let at = this.#offsets.get(key);
    if (at === undefined) {
      at = this.#bytes.length;
      this.#offsets.set(key, at);
      for (let i = 0; i < 16; i++) this.#bytes.push(of[i]);
    }
    return at;
  }
  get bytes(): readonly number[] {
    return this.#bytes;
  }
}

/** The locals that a run's checks use. */
export interface RunLocals {
  readonly p: number;
  /** v128: bytes that are not as they should be */
  readonly wrong: number;
  /** v128: the bytes looked at */
  readonly bytes: number;
  readonly quote: number;
  readonly backslash: number;
  readonly space: number;
  readonly zero: number;
  readonly nine: number;
  /** address of the constants */
  readonly constants: number;
}

/** Leaves on the stack: bytes of `bytes` that end the quick scan of a string (quote, backslash, control, beyond ASCII), as stringStopBytes of json-text.ts. */
export function pushStops(f: FunctionBuilder, l: RunLocals): void {
  f.get(l.bytes).get(l.quote).simd(op.I8X16_EQ).get(l.bytes).get(l.backslash).simd(op.I8X16_EQ, op.V128_OR);
  f.get(l.bytes).get(l.space).simd(op.I8X16_LT_S, op.V128_OR);
}

/** Branches to the end of block `level` unless the bytes at p are those of `literal`. */
export function branchIfOther(f: FunctionBuilder, l: RunLocals, constants: Constants, literal: ArrayLike<number>, level: number): void {
  for (let at = 0; at < literal.length; at += 16) {
    const piece = Array.from({ length: 16 }, (_, i) => literal[at + i] ?? 0);
    f.get(l.p).loadV128(at).get(l.constants).loadV128(constants.offset(piece)).simd(op.V128_XOR);
    if (literal.length < at + 16) {
      const mask = piece.map((_, i) => (at + i < literal.length ? 0xff : 0));
      f.get(l.constants).loadV128(constants.offset(mask)).simd(op.V128_AND);
    }
    f.simd(op.V128_ANY_TRUE).brIfTo(level);
  }
}

/**
 * Bytes at p whose places are known before anything is read: literals, plain text of a known length, whole numbers of known digits. They are checked
 * 16 at a time, every byte, with one branch for all of them.
 */
export class Run {
  readonly #class: number[] = [];
  readonly #byte: number[] = [];
  /** numbers of more than one digit: no zero may come first */
  readonly #leads: number[] = [];
  /** class of what was put last, which may be an empty text */
  #last = NONE;

  get length(): number {
    return this.#class.length;
  }
  literal(bytes: ArrayLike<number>): void {
    this.#last = LITERAL;
    for (let i = 0; i < bytes.length; i++) this.#push(LITERAL, bytes[i]);
  }
  text(length: number): void {
    this.#last = TEXT;
    for (let i = 0; i < length; i++) this.#push(TEXT, 0);
  }
  digits(count: number): void {
    this.#last = DIGIT;
    if (count > 1) this.#leads.push(this.length);
    for (let i = 0; i < count; i++) this.#push(DIGIT, 0);
  }
  #push(kind: number, byte: number): void {
    this.#class.push(kind);
    this.#byte.push(byte);
  }

  /** Leaves on the stack: i32, not 0 when the bytes at p are not as this run says. */
  pushWrong(f: FunctionBuilder, l: RunLocals, constants: Constants): void {
    let first = true;
    const add = (): void => {
      if (!first) f.get(l.wrong).simd(op.V128_OR);
      first = false;
      f.set(l.wrong);
    };
    for (let from = 0; from < this.length; from += 16) {
      // the last piece reaches back over bytes that were checked, rather than past the run
      const at = this.length >= 16 ? Math.min(from, this.length - 16) : from;
      f.get(l.p).loadV128(at).set(l.bytes);
      this.#piece(f, l, constants, from, at, add);
    }
    f.get(l.wrong).simd(op.V128_ANY_TRUE);
    for (const at of this.#leads) f.get(l.p).mem(op.I32_LOAD8_U, at).i32(0x30).op(op.I32_EQ, op.I32_OR);
    // the value that ends the run ends where it should
    if (this.#last === TEXT) f.get(l.p).mem(op.I32_LOAD8_U, this.length).i32(0x22).op(op.I32_NE, op.I32_OR);
    if (this.#last === DIGIT) {
      f.get(l.p).mem(op.I32_LOAD8_U, this.length).i32(0x2c).op(op.I32_NE);
      f.get(l.p).mem(op.I32_LOAD8_U, this.length).i32(0x7d).op(op.I32_NE, op.I32_AND, op.I32_OR);
    }
  }

  #piece(f: FunctionBuilder, l: RunLocals, constants: Constants, from: number, at: number, add: () => void): void {
    const kinds = Array.from({ length: 16 }, (_, i) => this.#class[at + i] ?? NONE);
    const wanted = new Set(kinds.slice(from - at));
    const mask = (kind: number): void => {
      if (kinds.every((k) => k === kind)) return;
      f.get(l.constants)
        .loadV128(constants.offset(kinds.map((k) => (k === kind ? 0xff : 0))))
        .simd(op.V128_AND);
    };
    if (wanted.has(LITERAL)) {
      f.get(l.bytes)
        .get(l.constants)
        .loadV128(constants.offset(kinds.map((k, i) => (k === LITERAL ? this.#byte[at + i] : 0))))
        .simd(op.V128_XOR);
      mask(LITERAL);
      add();
    }
    if (wanted.has(TEXT)) {
      pushStops(f, l);
      mask(TEXT);
      add();
    }
    if (wanted.has(DIGIT)) {
      f.get(l.bytes).get(l.zero).simd(op.I8X16_SUB).get(l.nine).simd(op.I8X16_SUB_SAT_U);
      mask(DIGIT);
      add();
    }
  }
}
