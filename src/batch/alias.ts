import { BATCH_COLUMNS, BATCH_HEADER_BYTES, COL_BYTES } from '#abi';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { allocBatch, type Batch } from './batch.js';

/**
 * A batch header of an operator's own over the columns of its input: the operator can change selection, marks and times, or add columns
 * at the end, and copies no values. `batch` points where `over` last pointed it.
 */
export class BatchAlias {
  readonly batch: Batch;

  constructor(engine: Engine, leaves: readonly Leaf[]) {
    this.batch = allocBatch(engine, leaves, { columns: false, capacity: 1 });
  }

  /** Everything as in `source`; columns that `source` lacks stay as they are. */
  over(source: Batch): Batch {
    const { batch } = this;
    const { u8, u32 } = batch.engine;
    const columns = Math.min(source.leaves.length, batch.leaves.length);
    u8.copyWithin(batch.ptr, source.ptr, source.ptr + BATCH_HEADER_BYTES + columns * COL_BYTES);
    u32[(batch.ptr + BATCH_COLUMNS) >>> 2] = batch.leaves.length;
    batch.objects = source.objects;
    batch.sourceRows = source.sourceRows;
    return batch;
  }
}
