import { SLOT_MEMORY_PAGES_MAX } from '../base/limits.js';
import { sleb, sleb64, uleb } from './leb.js';
import * as op from './opcodes.js';

/** A function's type in short: one letter per parameter, ':' and the result: 'iil:i' (i = i32, l = i64, f = f32, d = f64, v = v128). */
export type Signature = string;

const LETTERS: Readonly<Record<string, number>> = { i: op.I32, l: op.I64, f: op.F32, d: op.F64, v: op.V128 };
const scratch = new DataView(new ArrayBuffer(8));
const text = new TextEncoder();

function name(out: number[], s: string): void {
  const b = text.encode(s);
  uleb(out, b.length);
  for (const x of b) out.push(x);
}

/** A function that is being written. Methods append instructions and return the builder. */
export class FunctionBuilder {
  readonly module: ModuleBuilder;
  readonly index: number;
  readonly type: number;
  readonly code: number[] = [];
  readonly calls: { at: number; target: number }[] = [];
  readonly #params: number;
  readonly #locals: number[] = [];
  readonly #free = new Map<number, number[]>();
  readonly #scopes: number[][] = [];
  /** open blocks, for branch distances */
  depth = 0;

  constructor(module: ModuleBuilder, index: number, type: number, params: number) {
    this.module = module;
    this.index = index;
    this.type = type;
    this.#params = params;
  }

  /** A local of a value type (op.I32...) that nothing else uses while its scope is open; its index. */
  local(type: number): number {
    let local = this.#free.get(type)?.pop();
    if (local === undefined) {
      this.#locals.push(type);
      local = this.#params + this.#locals.length - 1;
    }
    this.#scopes[this.#scopes.length - 1]?.push(local);
    return local;
  }
  /** Locals taken until `closeScope` can be used again after it: engines need time for each of a function's locals at each of its branches. */
  openScope(): void {
    this.#scopes.push([]);
  }
  closeScope(): void {
    for (const local of this.#scopes.pop() ?? []) {
      const type = this.#locals[local - this.#params];
      const free = this.#free.get(type);
      if (free === undefined) this.#free.set(type, [local]);
      else free.push(local);
    }
  }

  op(...codes: number[]): this {
    for (const c of codes) this.code.push(c);
    return this;
  }
  get(local: number): this {
    this.code.push(op.LOCAL_GET);
    uleb(this.code, local);
    return this;
  }
  set(local: number): this {
    this.code.push(op.LOCAL_SET);
    uleb(this.code, local);
    return this;
  }
  tee(local: number): this {
    this.code.push(op.LOCAL_TEE);
    uleb(this.code, local);
    return this;
  }
  getGlobal(index: number): this {
    this.code.push(op.GLOBAL_GET);
    uleb(this.code, index);
    return this;
  }
  setGlobal(index: number): this {
    this.code.push(op.GLOBAL_SET);
    uleb(this.code, index);
    return this;
  }
  i32(n: number): this {
    this.code.push(op.I32_CONST);
    sleb(this.code, n);
    return this;
  }
  i64(n: bigint): this {
    this.code.push(op.I64_CONST);
    sleb64(this.code, BigInt.asIntN(64, n));
    return this;
  }
  f32(n: number): this {
    scratch.setFloat32(0, n, true);
    this.code.push(op.F32_CONST);
    for (let i = 0; i < 4; i++) this.code.push(scratch.getUint8(i));
    return this;
  }
  f64(n: number): this {
    scratch.setFloat64(0, n, true);
    this.code.push(op.F64_CONST);
    for (let i = 0; i < 8; i++) this.code.push(scratch.getUint8(i));
    return this;
  }
  /** A load or store; alignment is a hint that engines ignore. */
  mem(code: number, offset = 0): this {
    this.code.push(code, 0);
    uleb(this.code, offset);
    return this;
  }
  /** An instruction of the 0xfc group, without immediates. */
  fc(second: number): this {
    this.code.push(0xfc);
    uleb(this.code, second);
    return this;
  }
  /** Instructions of the 0xfd group, without immediates. */
  simd(...seconds: number[]): this {
    for (const c of seconds) {
      this.code.push(0xfd);
      uleb(this.code, c);
    }
    return this;
  }
  /** Loads 16 bytes. */
  loadV128(offset = 0): this {
    this.code.push(0xfd, op.V128_LOAD, 0);
    uleb(this.code, offset);
    return this;
  }
  memoryCopy(): this {
    this.fc(op.FC_MEMORY_COPY).code.push(0, 0);
    return this;
  }
  block(type = op.VOID): this {
    this.code.push(op.BLOCK, type);
    this.depth++;
    return this;
  }
  loop(type = op.VOID): this {
    this.code.push(op.LOOP, type);
    this.depth++;
    return this;
  }
  if(type = op.VOID): this {
    this.code.push(op.IF, type);
    this.depth++;
    return this;
  }
  else(): this {
    this.code.push(op.ELSE);
    return this;
  }
  end(): this {
    this.code.push(op.END);
    this.depth--;
    return this;
  }
  /** Branch to the block that was opened when `depth` was `level` (its depth after opening). */
  brTo(level: number): this {
    this.code.push(op.BR);
    uleb(this.code, this.depth - level);
    return this;
  }
  brIfTo(level: number): this {
    this.code.push(op.BR_IF);
    uleb(this.code, this.depth - level);
    return this;
  }
  /** Calls an imported function (index of ModuleBuilder.importFunction). */
  callImport(index: number): this {
    this.code.push(op.CALL);
    uleb(this.code, index);
    return this;
  }
  /** Calls a function of this module; its number is known only when all imports are. */
  call(target: FunctionBuilder): this {
    this.code.push(op.CALL);
    this.calls.push({ at: this.code.length, target: target.index });
    this.code.push(0x80, 0x80, 0x80, 0x80, 0);
    return this;
  }

  /** The function's body as the code section holds it. */
  body(imports: number): number[] {
    for (const c of this.calls) {
      let n = imports + c.target;
      for (let i = 0; i < 5; i++) {
        this.code[c.at + i] = (n & 127) | (i < 4 ? 128 : 0);
        n >>>= 7;
      }
    }
    const head: number[] = [];
    const runs: [number, number][] = [];
    for (const t of this.#locals) {
      const last = runs[runs.length - 1];
      if (last !== undefined && last[1] === t) last[0]++;
      else runs.push([1, t]);
    }
    uleb(head, runs.length);
    for (const [n, t] of runs) {
      uleb(head, n);
      head.push(t);
    }
    const out: number[] = [];
    uleb(out, head.length + this.code.length + 1);
    return out.concat(head, this.code, [op.END]);
  }
}

/**
 * Writes the bytes of a module that Engine.link takes: it imports "env" "memory", kernels under "kernel" and host functions under "host".
 * Binary format: WebAssembly Core Specification 2.0, chapter 5.
 */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #imports: { module: string; field: string; type: number }[] = [];
  readonly #importIndex = new Map<string, number>();
  readonly #functions: FunctionBuilder[] = [];
  readonly #globals: { type: number; mutable: boolean; init: number }[] = [];
  readonly #exports: { name: string; kind: 0 | 3; index: number; fn?: FunctionBuilder }[] = [];
  /** one passive data segment, copied into memory by `memory.init` */
  data: Uint8Array = new Uint8Array(0);

  type(signature: Signature): number {
    const i = this.#types.indexOf(signature);
    return i >= 0 ? i : this.#types.push(signature) - 1;
  }

  /** An imported function's index; asking again gives the same. */
  importFunction(module: 'kernel' | 'host', field: string, signature: Signature): number {
    const key = `${module}.${field}`;
    let i = this.#importIndex.get(key);
    if (i === undefined) {
      i = this.#imports.push({ module, field, type: this.type(signature) }) - 1;
      this.#importIndex.set(key, i);
    }
    return i;
  }

  /** Names of the imported functions, as 'kernel.strEq'. */
  get imports(): string[] {
    return [...this.#importIndex.keys()];
  }

  func(signature: Signature, exportName?: string): FunctionBuilder {
    const f = new FunctionBuilder(this, this.#functions.length, this.type(signature), signature.indexOf(':'));
    this.#functions.push(f);
    if (exportName !== undefined) this.#exports.push({ name: exportName, kind: 0, index: 0, fn: f });
    return f;
  }

  /** An i32 global; its index. */
  global(init: number, mutable: boolean, exportName?: string): number {
    const index = this.#globals.push({ type: op.I32, mutable, init }) - 1;
    if (exportName !== undefined) this.#exports.push({ name: exportName, kind: 3, index });
    return index;
  }

  build(): Uint8Array {
    const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, body: number[]): void => {
      out.push(id);
      uleb(out, body.length);
      for (const b of body) out.push(b);
    };
    const imports = this.#imports.length;
    const bodies = this.#functions.map((f) => f.body(imports));
    section(1, this.#typeSection());
    section(2, this.#importSection());
    const functions: number[] = [];
    uleb(functions, this.#functions.length);
    for (const f of this.#functions) uleb(functions, f.type);
    section(3, functions);
    const globals: number[] = [];
    uleb(globals, this.#globals.length);
    for (const g of this.#globals) {
      globals.push(g.type, g.mutable ? 1 : 0, op.I32_CONST);
      sleb(globals, g.init);
      globals.push(op.END);
    }
    section(6, globals);
    const exports: number[] = [];
    uleb(exports, this.#exports.length);
    for (const e of this.#exports) {
      name(exports, e.name);
      exports.push(e.kind);
      uleb(exports, e.fn === undefined ? e.index : imports + e.fn.index);
    }
    section(7, exports);
    section(12, [1]); // data count: memory.init needs it
    const code: number[] = [];
    uleb(code, bodies.length);
    for (const b of bodies) for (const x of b) code.push(x);
    section(10, code);
    const data: number[] = [1, 1];
    uleb(data, this.data.length);
    for (const b of this.data) data.push(b);
    section(11, data);
    return new Uint8Array(out);
  }

  #typeSection(): number[] {
    const out: number[] = [];
    uleb(out, this.#types.length);
    for (const t of this.#types) {
      const [params, results] = t.split(':');
      out.push(0x60);
      uleb(out, params.length);
      for (const c of params) out.push(LETTERS[c]);
      uleb(out, results.length);
      for (const c of results) out.push(LETTERS[c]);
    }
    return out;
  }

  #importSection(): number[] {
    const out: number[] = [];
    uleb(out, this.#imports.length + 1);
    for (const i of this.#imports) {
      name(out, i.module);
      name(out, i.field);
      out.push(0);
      uleb(out, i.type);
    }
    name(out, 'env');
    name(out, 'memory');
    out.push(2, 1);
    uleb(out, 0); // any memory of at most the slot's limit will do
    uleb(out, SLOT_MEMORY_PAGES_MAX);
    return out;
  }
}
