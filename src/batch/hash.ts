import { MillraceError } from '../base/errors.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import { T_ANY } from '#abi';
import type { Engine } from '../wasm/engine.js';
import type { Batch } from './batch.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    hashColumn(type: number, values: number, validity: number, sel: number, n: number, out: number, chained: number): void;
    hashNothing(n: number, out: number): void;
  }
}

/**
 * Hashes the key columns of a batch: equal keys (NULLs equal NULLs, every NaN one NaN, -0 and 0 apart, as Flink groups) give equal
 * hashes in every slot and every run, because restored state is found by them. The top bits are the best ones.
 */
export class KeyHasher {
  readonly #engine: Engine;
  readonly #keys: readonly { column: number; code: number }[];

  /** `keys` are leaf indices; a ROW stands for itself and must be followed by the leaves of its fields. */
  constructor(engine: Engine, leaves: readonly Leaf[], keys: readonly number[]) {
    this.#engine = engine;
    this.#keys = keys.map((column) => ({ column, code: typeCode(leaves[column].type) }));
    const any = this.#keys.find((k) => k.code === T_ANY);
    if (any !== undefined) {
      throw new MillraceError('GRAPH_INVALID', `a key cannot be of type ANY (${leaves[any.column].path.join('.')})`, {
        remedy: 'Declare the type of the key field.',
      });
    }
  }

  /** Writes one u32 per selected row, in the order of the selection, at `outPtr` (room for selCount * 4 bytes). */
  hash(batch: Batch, outPtr: number): void {
    const k = this.#engine.kernels;
    const n = batch.selCount;
    if (this.#keys.length === 0) k.hashNothing(n, outPtr);
    for (let i = 0; i < this.#keys.length; i++) {
      const { column, code } = this.#keys[i];
      k.hashColumn(code, batch.values(column), batch.nulls(column), batch.sel, n, outPtr, i === 0 ? 0 : 1);
    }
  }
}

/** The key group of a hash: its top bits, so that a group is one range of a table. */
export function keyGroupOf(hash: number, maxParallelism: number): number {
  return Math.floor(((hash >>> 0) * maxParallelism) / 2 ** 32);
}
