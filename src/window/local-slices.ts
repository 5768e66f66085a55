import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { type LocalWindowAggregateConfig, PARTIALS } from '../contract/nodes.js';
import type { OperatorContext } from '../contract/operator.js';
import { MinHeap } from '../state/min-heap.js';
import { KeyedTables } from '../state/table.js';
import { flatten } from '../types/leaf.js';
import { NOTHING_FIRED, Partials } from './partial.js';
import { partialSchema } from './partial-schema.js';
import type { SliceRows } from './partition.js';

interface LocalSlice extends GroupState {
  readonly start: number;
  /** windows that end at or before this do not get the rows: they had fired before these came */
  readonly firedEnd: number;
  /** groups, and bytes of their table, when rows were last accumulated */
  groups: number;
  bytes: number;
}

/** What a local phase has accumulated, by slice and key, and how it leaves: on the side output PARTIALS, a batch of groups at a time. */
export class LocalSlices {
  readonly #ctx: OperatorContext;
  readonly #sliceMs: number;
  readonly #tables: KeyedTables;
  readonly #aggregates: Aggregates;
  readonly #partials: Partials;
  readonly #out: Batch;
  readonly #rows: number;
  readonly #keyCount: number;
  readonly #slices = new Map<number, LocalSlice>();
  /** their starts */
  readonly #order = new MinHeap();
  /** of rows that came when their slice had ended, but not all of its windows: by start and firedEnd */
  readonly #after = new Map<string, LocalSlice>();
  /** slices on their way out; the first is being walked */
  #leaving: LocalSlice[] = [];
  #walking = false;
  /** u32 group of each row */
  #groups = 0;
  #groupRows = 0;
  /** of all slices' tables */
  bytes = 0;
  /** rows that found their group, since this was last set to 0 */
  saved = 0;

  constructor(config: LocalWindowAggregateConfig, sliceMs: number, ctx: OperatorContext) {
    const { engine } = ctx;
    const leaves = ctx.inputs[0];
    const base = KeyedTables.accBase(leaves, config.keys);
    this.#ctx = ctx;
    this.#sliceMs = sliceMs;
    this.#keyCount = config.keys.length;
    this.#aggregates = new Aggregates(engine, leaves, config.calls, base);
    this.#tables = new KeyedTables(engine, leaves, config.keys, this.#aggregates.layout.bytes, { base: 0, range: 2 ** 32 });
    this.#partials = new Partials(engine, this.#aggregates, base);
    this.#out = allocBatch(engine, flatten(partialSchema(leaves, config)));
    this.#rows = engine.alloc(BATCH_ROWS_MAX * 4);
  }

  /** Accumulates the rows of a slice that is open; returns how many groups it has then. */
  add(batch: Batch, part: SliceRows): number {
    let state = this.#slices.get(part.start);
    if (state === undefined) {
      state = this.#create(part.start, Number.NEGATIVE_INFINITY);
      this.#slices.set(part.start, state);
      this.#order.push(part.start);
    }
    return this.#accumulate(state, batch, part);
  }
  /** Rows of a slice that has ended, for those of its windows that end after `firedEnd`. */
  addAfter(batch: Batch, part: SliceRows, firedEnd: number): void {
    const key = `${part.start} ${firedEnd}`;
    let state = this.#after.get(key);
    if (state === undefined) {
      state = this.#create(part.start, firedEnd);
      this.#after.set(key, state);
    }
    this.#accumulate(state, batch, part);
  }
  #create(start: number, firedEnd: number): LocalSlice {
    return { start, firedEnd, table: this.#tables.create(), distinct: [], groups: 0, bytes: 0 };
  }
  #accumulate(state: LocalSlice, batch: Batch, { sel, n, hashes }: SliceRows): number {
    const { table } = state;
    this.#need(batch.rows);
    this.#tables.find(table, batch, sel, n, hashes, this.#groups);
    this.#aggregates.update(state, this.#groups, sel, n, batch);
    const groups = this.#tables.count(table);
    this.saved += n;
    if (groups > state.groups) {
      this.saved -= groups - state.groups;
      state.groups = groups;
      const bytes = this.#ctx.engine.kernels.tableBytes(table) >>> 0;
      this.bytes += bytes - state.bytes;
      state.bytes = bytes;
    }
    return groups;
  }
  #need(rows: number): void {
    if (rows <= this.#groupRows) return;
    if (this.#groupRows > 0) this.#ctx.engine.free(this.#groups, this.#groupRows * 4);
    this.#groupRows = Math.max(rows, BATCH_ROWS_MAX);
    this.#groups = this.#ctx.engine.alloc(this.#groupRows * 4);
  }

  /** Sends the slices that end at or before `end` on their way, and all whose end had passed before. True when `sendSome` is owed. */
  leave(end: number): boolean {
    for (const state of this.#after.values()) this.#goes(state);
    this.#after.clear();
    for (let start = this.#order.first; start !== undefined && start + this.#sliceMs <= end; start = this.#order.first) {
      this.#order.dropFirst();
      this.#goes(this.#slices.get(start)!);
      this.#slices.delete(start);
    }
    return this.#leaving.length > 0;
  }
  #goes(state: LocalSlice): void {
    this.bytes -= state.bytes;
    this.#leaving.push(state);
  }

  /** One batch of groups, of as many slices as it takes. True while more are on their way. */
  sendSome(): boolean {
    const walked: number[] = [];
    let n = 0;
    while (this.#leaving.length > 0 && n < BATCH_ROWS_MAX) {
      const [state] = this.#leaving;
      const wanted = BATCH_ROWS_MAX - n;
      if (!this.#walking) this.#tables.walkStart(state.table);
      const found = this.#tables.walk(state.table, this.#rows + 4 * n, wanted);
      this.#fill(this.#keyCount + 1, n, found, BigInt(state.start + this.#sliceMs));
      if (this.#out.leaves.length > this.#keyCount + 2) {
        this.#fill(this.#keyCount + 2, n, found, Number.isFinite(state.firedEnd) ? BigInt(state.firedEnd) : NOTHING_FIRED);
      }
      n += found;
      this.#walking = found === wanted;
      if (this.#walking) break;
      this.#leaving.shift();
      walked.push(state.table);
    }
    if (n > 0) this.#emit(n);
    for (const table of walked) this.#tables.free(table);
    return this.#leaving.length > 0;
  }
  #fill(column: number, from: number, n: number, value: bigint): void {
    const at = (this.#out.values(column) >>> 3) + from;
    this.#ctx.engine.i64.fill(value, at, at + n);
  }
  #emit(n: number): void {
    const { engine } = this.#ctx;
    const out = this.#out;
    this.#tables.keysToColumns(this.#rows, n, out, 0);
    this.#partials.pack(this.#rows, n, out, this.#keyCount);
    for (let column = this.#keyCount + 1; column < out.leaves.length; column++) {
      const validity = out.validity(column);
      if (validity !== 0) engine.u8.fill(0xff, validity, validity + ((n + 7) >>> 3));
    }
    out.selectAll(n);
    this.#ctx.out.emitSide(PARTIALS, out);
  }

  close(): void {
    const { engine } = this.#ctx;
    for (const s of [...this.#slices.values(), ...this.#after.values(), ...this.#leaving]) this.#tables.free(s.table);
    for (const part of [this.#tables, this.#aggregates, this.#partials]) part.close();
    engine.free(this.#rows, BATCH_ROWS_MAX * 4);
    if (this.#groupRows > 0) engine.free(this.#groups, this.#groupRows * 4);
    this.#groupRows = 0;
    this.#slices.clear();
    this.#after.clear();
    this.#leaving = [];
  }
}
