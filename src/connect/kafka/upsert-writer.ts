import { BATCH_ROWS_MAX, KIND_DELETE, KIND_UPDATE_BEFORE } from '#abi';
import { assert } from '../../base/assert.js';
import { BatchAlias } from '../../batch/alias.js';
import { allocBatch, type Batch } from '../../batch/batch.js';
import type { Format, RecordEncoder } from '../../contract/format.js';
import type { TextOptions } from '../../contract/options.js';
import type { SinkConfig, SinkPlan, SinkWriter, WriterContext } from '../../contract/sink.js';
import { flatten } from '../../types/leaf.js';
import { KafkaWriter } from './writer.js';

/** The column that carries the key's bytes. */
export const KEY_COLUMN = '$key';

export interface UpsertKey {
  /** how the key columns become bytes; undefined: the only one is taken as it is */
  readonly format: Format | undefined;
  readonly options: TextOptions;
  /** leaf indices of the primary key */
  readonly columns: readonly number[];
}

/** Values of a changelog: rows that go have none (a slice at 0). */
class ValueEncoder implements RecordEncoder {
  readonly #encoder: RecordEncoder;
  constructor(encoder: RecordEncoder) {
    this.#encoder = encoder;
  }
  encodeLines(batch: Batch): { ptr: number; length: number } {
    return this.#encoder.encodeLines(batch);
  }
  encodeSlices(batch: Batch): { slices: number; count: number } {
    const out = this.#encoder.encodeSlices(batch);
    const { kinds, engine } = batch;
    if (kinds === 0) return out;
    const { u8, u32 } = engine;
    const sel = batch.sel >>> 2;
    const slices = out.slices >>> 2;
    for (let k = 0; k < out.count; k++) {
      const kind = u8[kinds + u32[sel + k]];
      if (kind !== KIND_DELETE && kind !== KIND_UPDATE_BEFORE) continue;
      u32[slices + 2 * k] = 0;
      u32[slices + 2 * k + 1] = 0;
    }
    return out;
  }
}

/** Puts the key's bytes beside each row, and gives the batch to the kafka writer. */
export class UpsertWriter implements SinkWriter {
  readonly #ctx: WriterContext;
  readonly #writer: KafkaWriter;
  readonly #alias: BatchAlias;
  readonly #key: UpsertKey;
  readonly #keyBatch: Batch;
  readonly #keyEncoder: RecordEncoder | undefined;
  readonly #keyLeaf: number;
  #refs = 0;
  #rows = 0;

  /** `config`: with the key column as the last one. */
  constructor(config: SinkConfig, key: UpsertKey, plan: SinkPlan, ctx: WriterContext) {
    assert(ctx.encoder !== undefined, 'an upsert-kafka writer has an encoder');
    const leaves = flatten(config.schema);
    const keyLeaves = key.columns.map((c) => leaves[c]);
    this.#ctx = ctx;
    this.#key = key;
    this.#keyLeaf = leaves.length - 1;
    this.#alias = new BatchAlias(ctx.engine, leaves);
    this.#keyBatch = allocBatch(ctx.engine, keyLeaves, { columns: false, capacity: 1 });
    this.#keyEncoder = key.format?.createEncoder(ctx.engine, key.options, keyLeaves);
    this.#writer = new KafkaWriter(config, plan, { ...ctx, leaves, encoder: new ValueEncoder(ctx.encoder) });
  }

  write(batch: Batch): boolean {
    const out = this.#alias.over(batch);
    if (this.#keyEncoder === undefined) {
      out.setValues(this.#keyLeaf, batch.values(this.#key.columns[0]));
      out.setValidity(this.#keyLeaf, batch.validity(this.#key.columns[0]));
    } else {
      this.#encodeKeys(batch, this.#keyEncoder);
      out.setValues(this.#keyLeaf, this.#refs);
      out.setValidity(this.#keyLeaf, 0);
    }
    return this.#writer.write(out);
  }

  /** {pointer, length} of each selected row's key, by row number. */
  #encodeKeys(batch: Batch, encoder: RecordEncoder): void {
    const { engine } = this.#ctx;
    if (batch.rows > this.#rows) {
      if (this.#rows > 0) engine.free(this.#refs, this.#rows * 8);
      this.#rows = Math.max(batch.rows, BATCH_ROWS_MAX);
      this.#refs = engine.alloc(this.#rows * 8);
    }
    const keys = this.#keyBatch;
    keys.rows = batch.rows;
    keys.sel = batch.sel;
    keys.selCount = batch.selCount;
    this.#key.columns.forEach((c, i) => {
      keys.setValues(i, batch.values(c));
      keys.setValidity(i, batch.validity(c));
    });
    const { slices, count } = encoder.encodeSlices(keys);
    const { u32 } = engine;
    const from = slices >>> 2;
    const sel = batch.sel >>> 2;
    const to = this.#refs >>> 2;
    for (let k = 0; k < count; k++) {
      const row = u32[sel + k];
      u32[to + 2 * row] = u32[from + 2 * k];
      u32[to + 2 * row + 1] = u32[from + 2 * k + 1];
    }
  }

  resume(): boolean {
    return this.#writer.resume();
  }
  flush(): boolean {
    return this.#writer.flush();
  }
  finish(): boolean {
    return this.#writer.finish();
  }
  close(): void {
    if (this.#rows > 0) this.#ctx.engine.free(this.#refs, this.#rows * 8);
    this.#writer.close();
  }
}
