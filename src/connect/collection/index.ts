import { BATCH_ROWS_MAX } from '#abi';
import type { Batch } from '../../batch/batch.js';
import { ElementWriter } from '../../batch/element.js';
import { type Connector, POLL_END, POLL_ROWS, type SourceReader } from '../../contract/source.js';

/** An array in the closure table ('closure' = its index) as a bounded source. Position: elements read. */
class CollectionReader implements SourceReader {
  readonly #elements: readonly unknown[];
  #next: number;
  #writer: ElementWriter | undefined;
  readonly #make: (batch: Batch) => ElementWriter;

  constructor(elements: readonly unknown[], mine: boolean, make: (batch: Batch) => ElementWriter) {
    this.#elements = elements;
    this.#next = mine ? 0 : elements.length;
    this.#make = make;
  }

  poll(batch: Batch): number {
    if (this.#next >= this.#elements.length) return POLL_END;
    this.#writer ??= this.#make(batch);
    const end = Math.min(this.#elements.length, this.#next + BATCH_ROWS_MAX);
    this.#writer.clear();
    while (this.#next < end && !this.#writer.full) this.#writer.add(this.#elements[this.#next++], undefined);
    this.#writer.finish();
    return POLL_ROWS;
  }
  snapshot(): Uint8Array[] {
    return [new TextEncoder().encode(String(this.#next))];
  }
  restore(elements: readonly Uint8Array[]): void {
    this.#next = elements.length === 0 ? this.#elements.length : Number(new TextDecoder().decode(elements[0]));
  }
}

/** A JS array as a source: every worker has it, subtask 0 reads it. */
export const connector: Connector = {
  name: 'collection',
  formats: 'none',
  async planSource() {
    return { bounded: true, splits: [[0]], parallelismMax: 1 };
  },
  createReader: (config, _plan, splits, ctx) =>
    new CollectionReader(
      ctx.closures[Number(config.options.closure)] as readonly unknown[],
      splits.length > 0,
      (batch) => new ElementWriter(ctx.engine, ctx.leaves, { operator: config.tableName }, batch.capacity, batch),
    ),
};
