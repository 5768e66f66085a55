import { E_NONE, E_OUT_OF_MEMORY, ERR_CODE } from '#abi';
import type { ErrorPlace } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import type { BadRecord, RecordDecoder, RecordPlace } from '../contract/format.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { type Refusal, refusalError, refusalText } from './refusal.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    scanCreate(leaves: number): number;
    scanOptions(x: number, lenient: number, failMissing: number, tsForm: number, decimals: number, recordMax: number): void;
    scanLeaf(x: number, leaf: number, kind: number, arg: number, aux: number): void;
    scanReport(x: number, on: number): void;
    scanTakeSkipped(x: number): number;
    scanTakeNulled(x: number): number;
    scanReason(x: number): number;
    scanFailAt(x: number): number;
    scanBadLeaf(x: number): number;
  }
}

/**
 * What the decoders share: a loop around the kernel that turns refused records into errors, callbacks and counters.
 * A strict decoder that meets a bad record after good ones returns the good ones and throws when it is called again at that record.
 */
export abstract class KernelDecoder implements RecordDecoder {
  skipped = 0;
  nulled = 0;
  onBadRecord?: BadRecord;
  place: RecordPlace = (): ErrorPlace => ({});
  /** the kernel came back before it had to, and reads what follows in another way */
  protected goesOn = false;
  protected readonly engine: Engine;
  /** the kernel's context */
  protected readonly context: number;
  readonly #format: string;
  readonly #leaves: readonly Leaf[];
  readonly #lenient: boolean;

  constructor(format: string, engine: Engine, leaves: readonly Leaf[], lenient: boolean) {
    this.#format = format;
    this.engine = engine;
    this.#leaves = leaves;
    this.#lenient = lenient;
    this.context = allocated(engine, engine.kernels.scanCreate(leaves.length));
  }

  /** The kernel call for lines; returns the address reached. */
  protected abstract scanLines(ptr: number, end: number, batch: number): number;
  /** The kernel call for slices; returns how many were consumed. */
  protected abstract scanSlices(slices: number, count: number, batch: number, rowSlice: number): number;

  decodeLines(ptr: number, end: number, batch: Batch): number {
    const before = batch.rows;
    this.engine.kernels.scanReport(this.context, this.onBadRecord === undefined ? 0 : 1);
    let at = ptr;
    do at = this.scanLines(at, end, batch.ptr) >>> 0;
    while (this.#settle(batch.rows > before) || (this.goesOn && at < end));
    return at;
  }

  decodeSlices(slices: number, count: number, batch: Batch, rowSlice: number): number {
    const before = batch.rows;
    const firstRow = before;
    this.engine.kernels.scanReport(this.context, this.onBadRecord === undefined ? 0 : 1);
    let done = 0;
    let again: boolean;
    do {
      const rows = batch.rows;
      const n = this.scanSlices(slices + done * 8, count - done, batch.ptr, rowSlice);
      // the kernel numbers slices from where it began
      if (rowSlice !== 0 && done > 0) {
        const u32 = this.engine.u32;
        for (let r = Math.max(rows, firstRow); r < batch.rows; r++) u32[(rowSlice >>> 2) + r] += done;
      }
      done += n;
      again = this.#settle(batch.rows > before) || (this.goesOn && done < count);
    } while (again);
    return done;
  }

  /** Deals with what the kernel reported; true when the scan should go on. */
  #settle(progressed: boolean): boolean {
    const k = this.engine.kernels;
    this.nulled += k.scanTakeNulled(this.context);
    this.skipped += k.scanTakeSkipped(this.context);
    if (this.engine.u32[ERR_CODE >>> 2] === E_NONE) return false;
    const e = this.engine.takeError();
    if (e === undefined) return false;
    const refusal: Refusal = {
      code: e.code,
      ptr: e.ptr,
      length: e.length,
      reason: k.scanReason(this.context),
      offset: Math.max(0, Math.min((k.scanFailAt(this.context) >>> 0) - e.ptr, e.length)),
      leaf: k.scanBadLeaf(this.context),
    };
    if (this.#lenient && e.code !== E_OUT_OF_MEMORY) {
      this.onBadRecord?.(e.ptr, e.length, refusalText(refusal, this.#leaves));
      return true;
    }
    if (progressed && e.code !== E_OUT_OF_MEMORY) return false;
    throw refusalError(this.#format, this.engine, refusal, this.#leaves, this.place(e.ptr, e.length));
  }
}

/** An address a kernel allocated; OUT_OF_MEMORY when it could not. */
export function allocated(engine: Engine, ptr: number): number {
  if (ptr === 0) return engine.alloc(0x7000_0001); // fails with the code and text of the allocator
  return ptr >>> 0;
}
