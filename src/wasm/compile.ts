import { COL_BYTES, COL_VALIDITY, COL_VALUES, BATCH_HEADER_BYTES, ERR_ARG, T_F32, T_F64, T_I64, T_I128, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import type { Call, Expr, Literal } from '../types/expr.js';
import { type Leaf, typeCode, typeWidth } from '../types/leaf.js';
import type { LogicalType } from '../types/logical.js';
import { exprKey } from './describe.js';
import { callsOf } from './failing.js';
import { type FunctionBuilder, ModuleBuilder } from './encoder.js';
import { HOST_SIGNATURES, type HostName, KERNEL_SIGNATURES, type KernelName } from './kernels.js';
import { DATA_ARENA, DATA_SCRATCH, DATA_CONSTANTS, LOADS, wasmType } from './layout.js';
import * as op from './opcodes.js';
import type { ZoneTable } from './zonetable.js';

const utf8 = new TextEncoder();

/** Null flags: a local with 0/1, or one of these. */
export const NEVER = -1;
export const ALWAYS = -2;

/** Where the compiled value of an expression is: locals of the function, or a constant. */
export interface Val {
  readonly type: LogicalType;
  /** T_* of the ABI: decides how many locals of which type there are */
  readonly code: number;
  /** NEVER, ALWAYS, or a local that is 1 when the value is NULL (the value is then undefined but harmless) */
  readonly nul: number;
  /** local of the value; of the pointer of a string; of the low half of an i128 */
  readonly v: number;
  /** local of the length of a string; of the high half of an i128 */
  readonly w: number;
  /** a constant: no locals */
  readonly lit?: Literal['value'];
}

export type FunctionEmitter = (c: Compiler, e: Call) => Val;
const emitters = new Map<string, FunctionEmitter>();

/** Each file of functions adds its own. */
export function defineFunctions(table: Readonly<Record<string, FunctionEmitter>>): void {
  for (const [k, f] of Object.entries(table)) emitters.set(k, f);
}

export function notSupported(what: string): MillraceError {
  return new MillraceError('NOT_SUPPORTED', `${what} is not supported yet`);
}

/** Compiles expressions into one function of one module. Expressions that occur twice in a scope are evaluated once. */
export class Compiler {
  readonly module = new ModuleBuilder();
  readonly dataGlobal: number;
  readonly zone: ZoneTable | undefined;
  readonly leaves: readonly Leaf[];
  f: FunctionBuilder;
  /** local with the current row number */
  row = -1;
  /** code since the last look may have set ERR_CODE */
  mayFail = false;
  usesArena = false;
  #constants: number[] = [];
  readonly #strings = new Map<string, number>();
  readonly #columns = new Map<number, { values: number; validity: number; mask: number }>();
  #scopes: Map<string, Val>[] = [new Map()];
  readonly #roots: readonly Expr[];
  #numbers: Map<string, number> | undefined;
  /** key of the call that is being compiled */
  #failing = '';
  #zoneAt = -1;

  /** `roots`: the expressions that will be compiled. */
  constructor(roots: readonly Expr[], leaves: readonly Leaf[], zone: ZoneTable | undefined) {
    this.#roots = roots;
    this.leaves = leaves;
    this.zone = zone;
    this.dataGlobal = this.module.global(0, true);
    this.f = undefined as unknown as FunctionBuilder;
  }

  // ---- constants ----

  /** Places bytes into the module's block, 8-byte aligned; their offset from its start. */
  constant(bytes: ArrayLike<number>): number {
    while ((this.#constants.length & 7) !== 0) this.#constants.push(0);
    const at = DATA_CONSTANTS + this.#constants.length;
    for (let i = 0; i < bytes.length; i++) this.#constants.push(bytes[i]);
    return at;
  }
  #string(s: string): { at: number; length: number } {
    const bytes = utf8.encode(s);
    let at = this.#strings.get(s);
    if (at === undefined) {
      at = this.constant(bytes);
      this.#strings.set(s, at);
    }
    return { at, length: bytes.length };
  }
  /** Pushes the address `offset` bytes into the module's block. */
  pushData(offset: number): void {
    this.f.getGlobal(this.dataGlobal);
    if (offset !== 0) this.f.i32(offset).op(op.I32_ADD);
  }
  pushString(s: string): void {
    const c = this.#string(s);
    this.pushData(c.at);
    this.f.i32(c.length);
  }
  pushArena(): void {
    this.usesArena = true;
    this.pushData(DATA_ARENA);
  }
  /** Pushes the address of the zone's transition table. */
  pushZone(): void {
    const z = this.zone!;
    if (this.#zoneAt < 0) {
      const bytes = new Uint8Array(8 + z.startMs.length * 16);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, z.startMs.length, true);
      z.startMs.forEach((ms, i) => {
        view.setBigInt64(8 + i * 16, BigInt(ms), true);
        view.setBigInt64(16 + i * 16, BigInt(z.offsetMs[i]), true);
      });
      this.#zoneAt = this.constant(bytes);
    }
    this.pushData(this.#zoneAt);
  }

  /** Adds `reset()` when there is a string arena: empties it; called before each batch. */
  resetArena(): void {
    if (!this.usesArena) return;
    const reset = this.module.func(':', 'reset');
    const f = this.f;
    this.f = reset;
    this.pushArena();
    this.kernel('arenaReset');
    this.f = f;
  }

  /** Finishes the module: adds `init(address of the block)` and the global `dataBytes`. */
  finish(): Uint8Array {
    const total = DATA_CONSTANTS + this.#constants.length + 64; // padded: kernels may read a little past a string
    const data = new Uint8Array(total);
    data.set(this.#constants, DATA_CONSTANTS);
    this.module.data = data;
    this.module.global(total, false, 'dataBytes');
    const init = this.module.func('i:', 'init');
    init.get(0).setGlobal(this.dataGlobal);
    init.get(0).i32(0).i32(total).fc(op.FC_MEMORY_INIT).op(0, 0);
    return this.module.build();
  }

  // ---- calls ----

  kernel(name: KernelName): void {
    this.f.callImport(this.module.importFunction('kernel', name, KERNEL_SIGNATURES[name]));
  }
  host(name: HostName): void {
    this.f.callImport(this.module.importFunction('host', name, HOST_SIGNATURES[name]));
  }

  // ---- columns ----

  /** Emits, before the loop, the loads of a batch's column pointers that `exprs` read. */
  prologue(batch: number, exprs: readonly Expr[]): void {
    const want = new Set<number>();
    const walk = (e: Expr): void => {
      if (e.op === 'col') want.add(e.index);
      else if (e.op === 'call') e.args.forEach(walk);
    };
    exprs.forEach(walk);
    const f = this.f;
    for (const index of want) {
      const at = BATCH_HEADER_BYTES + index * COL_BYTES;
      const nullable = this.leaves[index].type.nullable;
      const c = { values: f.local(op.I32), validity: nullable ? f.local(op.I32) : -1, mask: nullable ? f.local(op.I32) : -1 };
      f.get(batch)
        .mem(op.I32_LOAD, at + COL_VALUES)
        .set(c.values);
      if (nullable) {
        // No validity bits: read one byte of ones over and over (mask 0) instead of branching for every row.
        f.get(batch)
          .mem(op.I32_LOAD, at + COL_VALIDITY)
          .tee(c.validity)
          .op(op.I32_EQZ)
          .if();
        this.pushData(this.onesAt());
        f.set(c.validity).else().i32(-1).set(c.mask).end();
      }
      this.#columns.set(index, c);
    }
  }
  #ones = -1;
  private onesAt(): number {
    if (this.#ones < 0) this.#ones = this.constant([255]);
    return this.#ones;
  }

  #column(index: number, type: LogicalType): Val {
    const f = this.f;
    const c = this.#columns.get(index)!;
    const code = typeCode(type);
    let nul = NEVER;
    if (c.validity >= 0 && type.nullable) {
      nul = f.local(op.I32);
      f.get(c.validity).get(this.row).i32(3).op(op.I32_SHR_U).get(c.mask).op(op.I32_AND, op.I32_ADD).mem(op.I32_LOAD8_U);
      f.get(this.row).get(c.mask).op(op.I32_AND).i32(7).op(op.I32_AND, op.I32_SHR_U).i32(1).op(op.I32_AND, op.I32_EQZ).set(nul);
    }
    const width = typeWidth(code);
    if (width === 0) return { type, code, nul, v: -1, w: -1 };
    const address = (): FunctionBuilder => {
      f.get(c.values).get(this.row);
      if (width > 1) f.i32(31 - Math.clz32(width)).op(op.I32_SHL);
      return f.op(op.I32_ADD);
    };
    const v = f.local(wasmType(code));
    let w = -1;
    address().mem(LOADS[code]).set(v);
    if (code === T_STR || code === T_I128) {
      w = f.local(wasmType(code));
      address()
        .mem(LOADS[code], width >> 1)
        .set(w);
    }
    return { type, code, nul, v, w };
  }

  // ---- scopes ----

  /** Runs `body` so that what it evaluates is not reused after it: for code that runs only sometimes. */
  scoped<T>(body: () => T): T {
    this.#scopes.push(new Map());
    this.f.openScope();
    try {
      return body();
    } finally {
      this.f.closeScope();
      this.#scopes.pop();
    }
  }
  /** Forgets everything evaluated: at the top of each row. */
  resetScopes(): void {
    this.#scopes = [new Map()];
  }

  // ---- values ----

  compile(e: Expr): Val {
    if (e.op === 'lit') return literal(e);
    const key = exprKey(e);
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = this.#scopes[i].get(key);
      if (found !== undefined) return found;
    }
    let val: Val;
    if (e.op === 'col') val = this.#column(e.index, e.type);
    else {
      const outer = this.#failing;
      this.#failing = key;
      val = this.#call(e);
      this.#failing = outer;
    }
    this.#scopes[this.#scopes.length - 1].set(key, val);
    return val;
  }

  #call(e: Call): Val {
    try {
      const emit = emitters.get(e.fn);
      if (emit === undefined) throw notSupported(`function ${e.fn}`);
      if (e.type.root === 'ROW' || e.type.root === 'ANY') throw notSupported(`${e.fn} over ${e.type.root} values`);
      return e.type.root === 'NULL' ? nullOf(e.type) : emit(this, e);
    } catch (x) {
      throw e.written !== undefined && x instanceof MillraceError ? x.at(e.written.place) : x;
    }
  }

  /** Leaves in the error slot which call failed (see `callsOf`), unless an earlier one of this row did. For paths that failing rows take alone. */
  markFailing(): void {
    this.#numbers ??= new Map(callsOf(this.#roots).map((call, i) => [exprKey(call), i + 1]));
    const number = this.#numbers.get(this.#failing);
    if (number === undefined) return;
    const f = this.f;
    f.i32(0).mem(op.I64_LOAD, ERR_ARG).op(op.I64_EQZ).if();
    f.i32(0).i64(BigInt(number)).mem(op.I64_STORE, ERR_ARG).end();
  }

  /** Fresh locals for a value; `nul` says whether it has a null flag. */
  newVal(type: LogicalType, nullable: boolean): Val {
    const code = typeCode(type);
    const t = wasmType(code);
    const v = this.f.local(t);
    const w = code === T_STR || code === T_I128 ? this.f.local(t) : -1;
    return { type, code, nul: nullable ? this.f.local(op.I32) : NEVER, v, w };
  }

  /** Pushes a value: one operand, or two for strings (pointer, length) and i128 (low, high). */
  push(val: Val): void {
    if (val.lit === undefined) {
      this.f.get(val.v);
      if (val.w >= 0) this.f.get(val.w);
    } else this.#pushConstant(val);
  }
  #pushConstant(val: Val): void {
    const f = this.f;
    const x = val.lit!;
    switch (val.code) {
      case T_STR:
        if (x === null) f.i32(0).i32(0);
        else this.pushString(String(x));
        break;
      case T_I64:
        f.i64(x === null ? 0n : BigInt(x as bigint));
        break;
      case T_I128:
        f.i64(x === null ? 0n : BigInt(x as bigint)).i64(x === null ? 0n : BigInt(x as bigint) >> 64n);
        break;
      case T_F64:
        f.f64(Number(x ?? 0));
        break;
      case T_F32:
        f.f32(Number(x ?? 0));
        break;
      default:
        f.i32(Number(x ?? 0));
    }
  }
  /** Takes a value off the stack into its locals. */
  pop(val: Val): void {
    if (val.w >= 0) this.f.set(val.w);
    this.f.set(val.v);
  }
  /** Takes a packed string (length << 32 | pointer) off the stack into the locals. */
  popPacked(val: Val): void {
    const t = this.f.local(op.I64);
    this.f.tee(t).op(op.I32_WRAP_I64).set(val.v);
    this.f.get(t).i64(32n).op(op.I64_SHR_U, op.I32_WRAP_I64).set(val.w);
  }
  pushNull(val: Val): void {
    if (val.nul === NEVER) this.f.i32(0);
    else if (val.nul === ALWAYS) this.f.i32(1);
    else this.f.get(val.nul);
  }
  /** Copies value and null flag into the locals of `to`. */
  assign(to: Val, from: Val): void {
    this.push(from);
    this.pop(to);
    if (to.nul >= 0) {
      this.pushNull(from);
      this.f.set(to.nul);
    }
  }

  /** The null flag of a function that is NULL when any argument is. */
  anyNull(args: readonly Val[]): number {
    const flags = args.filter((a) => a.nul !== NEVER);
    if (flags.length === 0) return NEVER;
    if (flags.some((a) => a.nul === ALWAYS)) return ALWAYS;
    if (flags.length === 1) return flags[0].nul;
    const n = this.f.local(op.I32);
    this.pushNull(flags[0]);
    for (const a of flags.slice(1)) {
      this.pushNull(a);
      this.f.op(op.I32_OR);
    }
    this.f.set(n);
    return n;
  }

  /** A cheap function that cannot fail: evaluated for NULL operands too. `body` leaves the value on the stack. */
  strict(type: LogicalType, args: readonly Val[], body: () => void): Val {
    const nul = this.anyNull(args);
    if (nul === ALWAYS) return nullOf(type);
    const out = { ...this.newVal(type, false), nul };
    body();
    this.pop(out);
    return out;
  }

  /**
   * A function that is costly or may fail: evaluated only where no operand is NULL. `body` fills the locals of its argument;
   * when `mayBeNull` it can set the null flag to 1 as well.
   */
  guarded(type: LogicalType, args: readonly Val[], mayBeNull: boolean, body: (out: Val) => void): Val {
    const nul = this.anyNull(args);
    if (nul === ALWAYS) return nullOf(type);
    const f = this.f;
    const out = this.newVal(type, mayBeNull || nul !== NEVER);
    if (out.nul >= 0) {
      if (nul === NEVER) f.i32(0);
      else f.get(nul);
      f.set(out.nul);
    }
    this.zero(out);
    if (nul === NEVER) body(out);
    else {
      f.get(nul).op(op.I32_EQZ).if();
      this.scoped(() => body(out));
      f.end();
    }
    return out;
  }

  /** Sets the locals of a value to 0, so that what a NULL holds is harmless. */
  zero(val: Val): void {
    const t = wasmType(val.code);
    const f = this.f;
    for (const l of val.w >= 0 ? [val.v, val.w] : [val.v]) {
      if (t === op.I64) f.i64(0n);
      else if (t === op.F32) f.f32(0);
      else if (t === op.F64) f.f64(0);
      else f.i32(0);
      f.set(l);
    }
  }

  /** A kernel that may answer -1 (it does not fit), then the host's function with the same arguments. Leaves the status. */
  kernelElseHost(pushArguments: () => void, kernel: KernelName, pushHostArguments: () => void, host: HostName): void {
    const f = this.f;
    const status = f.local(op.I32);
    pushArguments();
    this.kernel(kernel);
    f.tee(status).i32(0).op(op.I32_LT_S).if();
    pushHostArguments();
    this.host(host);
    f.set(status).end().get(status);
  }

  /** After a status on the stack (1 = value at scratch): loads the value, or sets the null flag. */
  takeScratch(out: Val): void {
    const f = this.f;
    f.if();
    for (const [i, l] of (out.w >= 0 ? [out.v, out.w] : [out.v]).entries()) {
      this.pushData(0);
      f.mem(LOADS[out.code], DATA_SCRATCH + 8 * i).set(l);
    }
    f.else().i32(1).set(out.nul).end();
  }
}

function literal(e: Literal): Val {
  return { type: e.type, code: typeCode(e.type), nul: e.value === null ? ALWAYS : NEVER, v: -1, w: -1, lit: e.value };
}

/** The constant NULL of a type. */
export function nullOf(type: LogicalType): Val {
  return { type, code: typeCode(type), nul: ALWAYS, v: -1, w: -1, lit: null };
}
