import { BATCH_ROWS_MAX } from '#abi';
import type { ErrorPlace } from '../base/errors.js';
import { MillraceError } from '../base/errors.js';
import type { Leaf } from '../types/leaf.js';
import { ANY, type Schema } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import type { Batch } from './batch.js';
import { createBuilder, type RowBuilder } from './builder.js';
import { createReader, owned, type RowReader } from './rows.js';

/** A stream whose elements are JS values without a declared schema has one ANY column of this name. */
export const VALUE_FIELD = '$value';
export const VALUE_SCHEMA: Schema = { fields: [{ name: VALUE_FIELD, type: ANY() }] };
/** The one column of a row that stands for the text of a JS value: `print` writes it bare. */
export const TEXT_FIELD = '$text';
/** The hash of a key that a function computes: a trailing INT column, for the exchange only. */
export const KEY_HASH_FIELD = '$keyHash';

export function isValueStream(leaves: readonly Leaf[]): boolean {
  return leaves.length > 0 && leaves[0].path[0] === VALUE_FIELD && leaves[0].type.root === 'ANY';
}

/** The columns a closure sees: all but a trailing key hash. */
export function visibleLeaves(leaves: readonly Leaf[]): readonly Leaf[] {
  return leaves.length > 0 && leaves[leaves.length - 1].path[0] === KEY_HASH_FIELD ? leaves.slice(0, -1) : leaves;
}

/** What a closure gets for a row: the JS value of a value stream, else a row handle. */
export class ElementReader {
  readonly #values: boolean;
  readonly #reader: RowReader;
  readonly #timeColumn: number;
  readonly #timed: boolean;
  readonly #whole: boolean;
  #batch!: Batch;
  #objects: unknown[] = [];
  #times = 0;

  /** `time`: where the record's timestamp is, a column (TIMESTAMP(0..3)/_LTZ, or BIGINT ms) or the batches' own times; absent = nowhere. `whole`: rows with properties of their own instead of handles. */
  constructor(leaves: readonly Leaf[], time?: number | 'batch', whole = false) {
    this.#whole = whole;
    this.#values = isValueStream(leaves);
    this.#reader = createReader(visibleLeaves(leaves));
    this.#timeColumn = typeof time === 'number' ? time : -1;
    this.#timed = time !== undefined;
  }

  bind(batch: Batch): void {
    this.#batch = batch;
    this.#times = !this.#timed ? 0 : this.#timeColumn < 0 ? batch.times : batch.values(this.#timeColumn);
    if (this.#values) this.#objects = batch.objects![0]!;
    else this.#reader.bind(batch);
  }
  /** Handles given out expire. */
  release(): void {
    this.#reader.release();
    this.#objects = [];
  }
  get(row: number): unknown {
    if (this.#values) return this.#objects[row];
    return this.#whole ? this.#reader.whole(row) : this.#reader.row(row);
  }
  /** To keep beyond the batch. */
  keep(row: number): unknown {
    return this.#values ? owned(this.#objects[row]) : this.#reader.object(row);
  }
  field(leaf: number, row: number): unknown {
    return this.#reader.value(leaf, row);
  }
  /** The record's timestamp in ms; undefined when it has none. Exact below 2^53. */
  timeMs(row: number): number | undefined {
    if (this.#times === 0 || (this.#timeColumn >= 0 && this.#batch.isNull(this.#timeColumn, row))) return undefined;
    const at = (this.#times >>> 2) + row * 2;
    const { i32, u32 } = this.#batch.engine;
    return i32[at + 1] * 4294967296 + u32[at];
  }
}

/** Takes what a closure gives and makes batches of it. */
export class ElementWriter {
  readonly #values: boolean;
  readonly #builder: RowBuilder;
  readonly #place: ErrorPlace;

  constructor(engine: Engine, leaves: readonly Leaf[], place: ErrorPlace, capacity = BATCH_ROWS_MAX, batch?: Batch) {
    this.#values = isValueStream(leaves);
    this.#place = place;
    this.#builder = createBuilder(engine, leaves, { times: true, capacity, place, batch });
  }

  get count(): number {
    return this.#builder.count;
  }
  get full(): boolean {
    return this.#builder.full;
  }
  get batch(): Batch {
    return this.#builder.batch;
  }
  clear(): void {
    this.#builder.clear();
  }
  add(value: unknown, timeMs: number | undefined): void {
    const time = timeMs === undefined ? undefined : BigInt(timeMs);
    if (this.#values) this.#builder.appendValue(owned(value), time);
    else this.#builder.append(this.#row(value), time);
  }
  set(row: number, value: unknown): void {
    if (this.#values) this.#builder.setValue(row, owned(value));
    else this.#builder.set(row, this.#row(value));
  }
  finish(): Batch {
    return this.#builder.finish();
  }

  #row(value: unknown): object {
    if (typeof value === 'object' && value !== null) return value;
    throw new MillraceError('TYPE_MISMATCH', `a function declared to return rows gave ${value === null ? 'null' : `a ${typeof value}`}`, {
      place: this.#place,
      remedy: 'Return an object with the declared fields, or drop .returns(...).',
    });
  }
}
