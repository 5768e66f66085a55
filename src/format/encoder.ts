import type { Batch } from '../batch/batch.js';
import type { RecordEncoder } from '../contract/format.js';
import type { Engine } from '../wasm/engine.js';
import { allocated } from './decoder.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    writeCreate(leaves: number): number;
    writeOptions(w: number, iso: number, plain: number, skipNulls: number): void;
    writeLeaf(w: number, leaf: number, kind: number, arg: number, name: number, nameLength: number, end: number): void;
    writeBuffer(w: number): number;
    writeLength(w: number): number;
    writeSlices(w: number): number;
  }
}

/** What the encoders share: the buffer a kernel fills. */
export abstract class KernelEncoder implements RecordEncoder {
  protected readonly engine: Engine;
  /** the kernel's context */
  protected readonly context: number;

  constructor(engine: Engine, leaves: number) {
    this.engine = engine;
    this.context = allocated(engine, engine.kernels.writeCreate(leaves));
  }

  /** The kernel call; 0 when memory ran out. */
  protected abstract write(batch: number, lines: number): number;

  encodeLines(batch: Batch): { ptr: number; length: number } {
    allocated(this.engine, this.write(batch.ptr, 1));
    const k = this.engine.kernels;
    return { ptr: k.writeBuffer(this.context) >>> 0, length: k.writeLength(this.context) >>> 0 };
  }

  encodeSlices(batch: Batch): { slices: number; count: number } {
    allocated(this.engine, this.write(batch.ptr, 0));
    return { slices: this.engine.kernels.writeSlices(this.context) >>> 0, count: batch.selCount };
  }

  /** A text the kernel keeps a pointer to: { ptr, length }, zeros after it. */
  protected pin(text: string): { ptr: number; length: number } {
    return pinText(this.engine, text);
  }
}

export function pinText(engine: Engine, text: string): { ptr: number; length: number } {
  const bytes = new TextEncoder().encode(text);
  const ptr = engine.alloc(bytes.length + 16);
  engine.u8.fill(0, ptr, ptr + bytes.length + 16);
  engine.u8.set(bytes, ptr);
  return { ptr, length: bytes.length };
}

/** Last descendant + 1 of every leaf: the leaves of a ROW follow it. */
export function leafEnds(paths: readonly (readonly string[])[]): number[] {
  return paths.map((path, i) => {
    let end = i + 1;
    while (end < paths.length && paths[end].length > path.length && path.every((name, d) => paths[end][d] === name)) end++;
    return end;
  });
}
