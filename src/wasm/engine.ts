import { ownFileError, ownModule } from '../base/modules.js';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { E_NONE, ERR_ARG, ERR_CODE, ERR_LEN, ERR_PTR, ERR_ROW } from '#abi';
import { MillraceError } from '../base/errors.js';
import { SLOT_MEMORY_PAGES_MAX } from '../base/limits.js';

/**
 * The kernels' exports. Each folder that wraps kernels adds its own by declaration merging:
 * `declare module '../wasm/engine.js' { interface Kernels { scanJson(ctx: number, ...): number } }`.
 */
export interface Kernels {
  alloc(bytes: number): number;
  free(ptr: number, bytes: number): void;
  bytesUsed(): number;
  /** emitted functions that kernels call by number; 0 is none */
  readonly table: WebAssembly.Table;
}

/** What a kernel left in the error slot. */
export interface KernelError {
  code: number;
  row: number;
  arg: bigint;
  ptr: number;
  length: number;
}

/** Functions an emitted module may import from the host under "host". */
export type HostFunctions = Record<string, (...args: never[]) => unknown>;

let kernelModule: WebAssembly.Module | undefined;

const KERNELS = new URL(ownModule('kernels.wasm'));

/** The prebuilt kernels, compiled once per thread unless a compiled module was posted to it. */
export function loadKernelModule(): WebAssembly.Module {
  if (kernelModule === undefined) {
    try {
      kernelModule = new WebAssembly.Module(readFileSync(KERNELS));
    } catch (e) {
      throw ownFileError(KERNELS.href, e);
    }
  }
  return kernelModule;
}

/** Compiles the kernels beside what this thread does, for a thread that has something else to do first. */
export async function prepareKernelModule(): Promise<void> {
  try {
    const module = await WebAssembly.compile(await readFile(KERNELS));
    kernelModule ??= module;
  } catch (e) {
    throw ownFileError(KERNELS.href, e);
  }
}

/** Takes a module compiled elsewhere, so that a slot need not compile it again. */
export function setKernelModule(module: WebAssembly.Module): void {
  kernelModule = module;
}

/**
 * One slot's WebAssembly: its private memory, the kernels, and the modules emitted for its job.
 * Views are checked on every use of a getter, because growing the memory detaches them: a detached one has length 0.
 */
export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  #u8: Uint8Array;
  #i32: Int32Array;
  #u32: Uint32Array;
  #f64: Float64Array;
  #i64: BigInt64Array;

  constructor(module: WebAssembly.Module = loadKernelModule()) {
    this.memory = new WebAssembly.Memory({ initial: 32, maximum: SLOT_MEMORY_PAGES_MAX });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.kernels = instance.exports as unknown as Kernels;
    this.#u8 = new Uint8Array(0);
    this.#i32 = new Int32Array(0);
    this.#u32 = new Uint32Array(0);
    this.#f64 = new Float64Array(0);
    this.#i64 = new BigInt64Array(0);
    this.#refresh();
  }

  #refresh(): void {
    const b = this.memory.buffer;
    this.#u8 = new Uint8Array(b);
    this.#i32 = new Int32Array(b);
    this.#u32 = new Uint32Array(b);
    this.#f64 = new Float64Array(b);
    this.#i64 = new BigInt64Array(b);
  }

  get u8(): Uint8Array {
    if (this.#u8.length === 0) this.#refresh();
    return this.#u8;
  }
  get i32(): Int32Array {
    if (this.#u8.length === 0) this.#refresh();
    return this.#i32;
  }
  get u32(): Uint32Array {
    if (this.#u8.length === 0) this.#refresh();
    return this.#u32;
  }
  get f64(): Float64Array {
    if (this.#u8.length === 0) this.#refresh();
    return this.#f64;
  }
  get i64(): BigInt64Array {
    if (this.#u8.length === 0) this.#refresh();
    return this.#i64;
  }

  /** A 64-byte aligned block; fails with OUT_OF_MEMORY at the slot's limit. May grow the memory. */
  alloc(bytes: number): number {
    const p = this.kernels.alloc(bytes);
    if (p === 0) {
      this.u32[ERR_CODE >>> 2] = E_NONE;
      throw outOfMemory(bytes);
    }
    return p >>> 0;
  }
  free(ptr: number, bytes: number): void {
    this.kernels.free(ptr, bytes);
  }

  /** Instantiates an emitted module: it imports "env" "memory", kernels under "kernel" and host functions under "host". */
  link(module: WebAssembly.Module, host: HostFunctions = {}): WebAssembly.Exports {
    return new WebAssembly.Instance(module, {
      env: { memory: this.memory },
      kernel: this.kernels as unknown as WebAssembly.ModuleImports,
      host: host as WebAssembly.ModuleImports,
    }).exports;
  }

  /** What a kernel reported, cleared; undefined when nothing went wrong. */
  takeError(): KernelError | undefined {
    const u32 = this.u32;
    const code = u32[ERR_CODE >>> 2];
    if (code === E_NONE) return undefined;
    const e = { code, row: u32[ERR_ROW >>> 2], arg: this.i64[ERR_ARG >>> 3], ptr: u32[ERR_PTR >>> 2], length: u32[ERR_LEN >>> 2] };
    u32[ERR_CODE >>> 2] = E_NONE;
    u32[ERR_PTR >>> 2] = 0;
    this.i64[ERR_ARG >>> 3] = 0n;
    return e;
  }
}

function outOfMemory(bytes: number): MillraceError {
  return new MillraceError('OUT_OF_MEMORY', `a slot's memory could not grow by ${bytes} bytes`, {
    remedy: 'Raise the parallelism, or lessen the state (fewer keys, shorter windows).',
  });
}
