import { F_I32, F_STR, L_VALIDITY, L_VALUES, NODE_STRING } from '#abi';
import type { FunctionBuilder, ModuleBuilder } from '../wasm/encoder.js';
import * as op from '../wasm/opcodes.js';
import { pushDigits } from './json-digits.js';
import type { ShapeNode } from './json-graph.js';

/** Parameters of an emitted reader. */
export const X = 0;
export const P = 1;
export const END = 2;
export const ROW = 3;
export const CAPACITY = 4;

/** Locals of an emitted reader: of the row, byte and bit of its validity; and room for an address. */
export interface StoreLocals {
  readonly rowByte: number;
  readonly rowBit: number;
  readonly address: number;
}

/** Writes the code of an emitted reader that puts values into the row's columns. `leafAt` is the address of a column's descriptor. */
export class ColumnStores {
  readonly #module: ModuleBuilder;
  readonly #f: FunctionBuilder;
  readonly #l: StoreLocals;
  readonly #leafAt: (leaf: number) => number;
  /** the block that is left when a value is refused */
  refused = 0;

  constructor(module: ModuleBuilder, f: FunctionBuilder, locals: StoreLocals, leafAt: (leaf: number) => number) {
    this.#module = module;
    this.#f = f;
    this.#l = locals;
    this.#leafAt = leafAt;
  }

  /** The checked value `at` bytes behind p into its column. */
  fixed(n: ShapeNode, at: number): void {
    const f = this.#f;
    if (n.kind === NODE_STRING && n.type !== F_STR) {
      this.converted(
        n,
        () => f.get(P).i32(at).op(op.I32_ADD),
        () =>
          f
            .get(P)
            .i32(at + n.length)
            .op(op.I32_ADD),
      );
      return;
    }
    if (n.kind === NODE_STRING) {
      this.view(n.leaf, () =>
        f
          .get(P)
          .i32(at)
          .op(op.I32_ADD, op.I64_EXTEND_I32_U)
          .i64(BigInt(n.length) << 32n)
          .op(op.I64_OR),
      );
      return;
    }
    this.number(n, () => {
      if (n.length <= 8) {
        pushDigits(f, P, at, n.length);
        return;
      }
      pushDigits(f, P, at, n.length - 8);
      f.i64(100_000_000n).op(op.I64_MUL);
      pushDigits(f, P, at + n.length - 8, 8);
      f.op(op.I64_ADD);
    });
  }

  /** A string: the i64 that `push` leaves on the stack, its address and length. */
  view(leaf: number, push: () => void): void {
    this.#valueAddress(leaf, 3);
    push();
    this.#f.mem(op.I64_STORE);
    this.#setPresent(leaf);
  }

  /** Stores the i64 that `push` leaves on the stack in a column of 8 or 4 bytes. */
  number(n: ShapeNode, push: () => void): void {
    const narrow = n.type === F_I32;
    this.#valueAddress(n.leaf, narrow ? 2 : 3);
    push();
    this.#f.mem(narrow ? op.I64_STORE32 : op.I64_STORE);
    this.#setPresent(n.leaf);
  }

  /** The object of a ROW begins. */
  enter(leaf: number): void {
    const f = this.#f;
    f.get(X)
      .i32(leaf)
      .get(ROW)
      .callImport(this.#module.importFunction('kernel', 'enterRow', 'iii:'));
  }

  /** Leaves on the stack: the address after the plain number or literal at p, which is in its column, or 0. */
  plain(n: ShapeNode): void {
    const f = this.#f;
    f.i32(this.#leafAt(n.leaf)).i32(n.type).get(ROW).get(P);
    f.callImport(this.#module.importFunction('kernel', 'plainValue', 'iiii:i'));
  }

  /** A text that is a number, date or the like in its column. */
  converted(n: ShapeNode, from: () => void, to: () => void): void {
    const f = this.#f;
    f.get(X).i32(n.leaf).get(ROW);
    from();
    to();
    f.callImport(this.#module.importFunction('kernel', 'jsonText', 'iiiii:i'))
      .op(op.I32_EQZ)
      .brIfTo(this.refused);
  }

  /** Leaves on the stack: address of the row's value, 2^shift bytes wide. */
  #valueAddress(leaf: number, shift: number): void {
    this.#f.i32(this.#leafAt(leaf)).mem(op.I32_LOAD, L_VALUES).get(ROW).i32(shift).op(op.I32_SHL, op.I32_ADD);
  }

  #setPresent(leaf: number): void {
    const f = this.#f;
    const { address, rowByte, rowBit } = this.#l;
    f.i32(this.#leafAt(leaf)).mem(op.I32_LOAD, L_VALIDITY).get(rowByte).op(op.I32_ADD).tee(address);
    f.get(address).mem(op.I32_LOAD8_U).get(rowBit).op(op.I32_OR).mem(op.I32_STORE8);
  }
}
