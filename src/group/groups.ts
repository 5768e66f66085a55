import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { Packer } from '../aggregate/packer.js';
import { encodeGroup, type StateForm, stateForm, Unpacker } from '../aggregate/saved.js';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { AggregateCall, GroupAggregateConfig } from '../contract/nodes.js';
import type { OperatorContext, OperatorSnapshot } from '../contract/operator.js';
import { hashesOf, KeyedTables } from '../state/table.js';
import { BIGINT } from '../types/logical.js';
import { RunningCalls } from './running.js';

const isCounter = (c: AggregateCall): boolean => c.fn === 'countStar' && c.filter === undefined;

/**
 * The groups of a running GROUP BY in one subtask. A call that counts all rows of a group is always there, hidden behind the others if need be:
 * it tells a group's first row and its end.
 */
export class Groups {
  readonly aggregates: Aggregates;
  readonly tables: KeyedTables;
  readonly state: GroupState;
  readonly calls: RunningCalls;
  /** number of the call that counts */
  readonly counter: number;
  /** the counter is no column of the output */
  readonly hidden: boolean;
  readonly #ctx: OperatorContext;
  readonly #hasher: KeyHasher;
  readonly #packer: Packer;
  readonly #form: StateForm;
  #room = 0;
  #hashes = 0;
  #groups = 0;

  constructor(config: GroupAggregateConfig, ctx: OperatorContext) {
    const { engine } = ctx;
    const leaves = ctx.inputs[0];
    const { keys, retracts } = config;
    if (retracts) refuseRetraction(config, ctx.name);
    const shown = config.calls.findIndex(isCounter);
    const calls = shown >= 0 ? config.calls : [...config.calls, { fn: 'countStar', distinct: false, type: BIGINT(false) } as const];
    this.#ctx = ctx;
    this.hidden = shown < 0;
    this.counter = this.hidden ? calls.length - 1 : shown;
    this.aggregates = new Aggregates(engine, leaves, calls, KeyedTables.accBase(leaves, keys), retracts);
    const { layout } = this.aggregates;
    // a bundle keeps pointers to the groups it has merged into, and DISTINCT values name their group by its pointer
    const movable = config.miniBatch === undefined && layout.distinctArgs.length === 0;
    this.tables = new KeyedTables(engine, leaves, keys, layout.bytes, hashesOf(ctx, keys), movable);
    this.state = this.create();
    this.calls = new RunningCalls(engine, this.aggregates, this.counter, this.state);
    this.#hasher = new KeyHasher(engine, leaves, keys);
    this.#packer = new Packer(engine, this.tables, this.aggregates, ctx.maxParallelism);
    this.#form = stateForm(leaves, keys, this.tables, this.aggregates, false);
  }

  /** Empty tables of the same form. */
  create(): GroupState {
    return { table: this.tables.create(), distinct: this.aggregates.createDistinct() };
  }
  free(state: GroupState): void {
    this.tables.free(state.table);
    this.aggregates.freeDistinct(state.distinct);
  }

  /** The groups of all selected rows: u32 pointers, valid until the next call. */
  find(state: GroupState, batch: Batch): number {
    this.#need(batch.selCount);
    this.#hasher.hash(batch, this.#hashes);
    this.tables.find(state.table, batch, batch.sel, batch.selCount, this.#hashes, this.#groups);
    return this.#groups;
  }

  #need(n: number): void {
    if (n <= this.#room) return;
    const { engine } = this.#ctx;
    if (this.#room > 0) {
      engine.free(this.#hashes, this.#room * 4);
      engine.free(this.#groups, this.#room * 4);
    }
    this.#room = Math.max(n, BATCH_ROWS_MAX);
    this.#hashes = engine.alloc(this.#room * 4);
    this.#groups = engine.alloc(this.#room * 4);
  }

  snapshot(): OperatorSnapshot {
    const keyed = [...this.#packer.pack({ start: 0, state: this.state })].map(([group, section]) => ({
      group,
      bytes: encodeGroup(this.#form, [section], Number.NEGATIVE_INFINITY),
    }));
    return { keyed, list: [], union: [] };
  }

  restore(snapshot: OperatorSnapshot): void {
    const unpacker = new Unpacker(this.#ctx.engine, this.aggregates, this.#form, 0, this.#ctx.name);
    for (const { bytes } of snapshot.keyed) {
      unpacker.unpack(bytes, (_start, rows, _shifted, n) => {
        this.#need(n);
        this.tables.findRows(this.state.table, rows, n, this.#groups);
        this.aggregates.merge(this.state, this.#groups, rows, n);
        return this.state;
      });
    }
  }

  close(): void {
    const { engine } = this.#ctx;
    this.free(this.state);
    for (const part of [this.calls, this.tables, this.aggregates, this.#packer]) part.close();
    if (this.#room === 0) return;
    engine.free(this.#hashes, this.#room * 4);
    engine.free(this.#groups, this.#room * 4);
  }
}

/** Calls whose values cannot be taken out again: Flink keeps all values of a group for them. */
function refuseRetraction(config: GroupAggregateConfig, operator: string): void {
  const call = config.calls.find((c) => c.fn === 'min' || c.fn === 'max' || c.distinct);
  if (call === undefined) return;
  throw new MillraceError('NOT_SUPPORTED', `${call.distinct ? 'DISTINCT' : call.fn.toUpperCase()} over rows that are taken back is not supported yet`, {
    place: { operator },
    remedy: 'COUNT, SUM and AVG over the result of another GROUP BY work.',
  });
}
