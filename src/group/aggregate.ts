import { BATCH_ROWS_MAX } from '#abi';
import { Aggregates, type GroupState } from '../aggregate/aggregates.js';
import { Packer } from '../aggregate/packer.js';
import { encodeGroup, type StateForm, stateForm, Unpacker } from '../aggregate/saved.js';
import { MillraceError } from '../base/errors.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import { KeyHasher } from '../batch/hash.js';
import type { AggregateCall, GroupAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule, OperatorSnapshot } from '../contract/operator.js';
import { hashesOf, KeyedTables } from '../state/table.js';
import { BIGINT } from '../types/logical.js';
import { PAIRS_MAX, RunningCalls } from './running.js';

/** kind 'groupAggregate': the result of every group as a changelog that each row carries on. */
export const operator: OperatorModule<GroupAggregateConfig> = {
  create: (config, ctx) => new GroupAggregate(config, ctx),
};

const isCounter = (c: AggregateCall): boolean => c.fn === 'countStar' && c.filter === undefined;

/**
 * A running GROUP BY as Flink's GroupAggFunction: +I for the first row of a group; then, for a row that changes the result, -U with the old one and +U
 * with the new one; -D when the last row was taken back. A call that counts all rows is always there, hidden if need be: it tells first from later.
 */
class GroupAggregate implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: GroupAggregateConfig;
  readonly #hasher: KeyHasher;
  readonly #aggregates: Aggregates;
  readonly #tables: KeyedTables;
  readonly #calls: RunningCalls;
  readonly #state: GroupState;
  readonly #packer: Packer;
  readonly #form: StateForm;
  readonly #out: Batch;
  readonly #outSel: number;
  /** results of the counter: its column, or memory of its own */
  readonly #counter: number;
  readonly #hidden: number;
  /** every group pointer twice, for the keys of pairs */
  readonly #twice: number;
  /** results before are needed: to be sent, or to see whether anything changed */
  readonly #pairs: boolean;
  #rows = 0;
  #hashes = 0;
  #groups = 0;
  /** the batch at work, its selected rows (the runtime gives them in segments), and how many of them are done */
  #batch: Batch | undefined;
  #sel = 0;
  #n = 0;
  #done = 0;

  constructor(config: GroupAggregateConfig, ctx: OperatorContext) {
    const { engine } = ctx;
    const leaves = ctx.inputs[0];
    const { keys, updateBefore, retracts } = config;
    if (retracts) refuseRetraction(config, ctx.name);
    const shown = config.calls.findIndex(isCounter);
    const calls = shown >= 0 ? config.calls : [...config.calls, { fn: 'countStar', distinct: false, type: BIGINT(false) } as const];
    this.#ctx = ctx;
    this.#config = config;
    this.#hasher = new KeyHasher(engine, leaves, keys);
    this.#aggregates = new Aggregates(engine, leaves, calls, KeyedTables.accBase(leaves, keys), retracts);
    this.#tables = new KeyedTables(engine, leaves, keys, this.#aggregates.layout.bytes, hashesOf(ctx, keys));
    this.#state = { table: this.#tables.create(), distinct: this.#aggregates.createDistinct() };
    this.#packer = new Packer(engine, this.#tables, this.#aggregates, ctx.maxParallelism);
    this.#form = stateForm(leaves, keys, this.#tables, this.#aggregates, false);
    this.#calls = new RunningCalls(engine, this.#aggregates, shown >= 0 ? shown : calls.length - 1);
    this.#pairs = updateBefore || retracts || shown < 0;
    this.#out = allocBatch(engine, ctx.output, { kinds: true });
    this.#out.rows = BATCH_ROWS_MAX;
    this.#outSel = this.#out.sel;
    config.calls.forEach((c, i) => {
      if (c.fn === 'count' || c.fn === 'countStar') this.#out.setValidity(keys.length + i, 0);
    });
    this.#hidden = shown >= 0 ? 0 : engine.alloc(BATCH_ROWS_MAX * 8);
    this.#counter = shown >= 0 ? this.#out.values(keys.length + shown) : this.#hidden;
    this.#calls.writeTo(this.#out, keys.length, this.#hidden);
    this.#twice = this.#pairs ? engine.alloc(BATCH_ROWS_MAX * 4) : 0;
    this.#out.selectAll(BATCH_ROWS_MAX);
  }

  processBatch(batch: Batch): boolean {
    const n = batch.selCount;
    if (n === 0) return false;
    this.#room(n);
    this.#hasher.hash(batch, this.#hashes);
    this.#tables.find(this.#state.table, batch, batch.sel, n, this.#hashes, this.#groups);
    this.#calls.readFrom(batch, this.#state);
    this.#batch = batch;
    this.#sel = batch.sel;
    this.#n = n;
    this.#done = 0;
    return this.resume();
  }

  #room(n: number): void {
    if (n <= this.#rows) return;
    const { engine } = this.#ctx;
    if (this.#rows > 0) {
      engine.free(this.#hashes, this.#rows * 4);
      engine.free(this.#groups, this.#rows * 4);
    }
    this.#rows = Math.max(n, BATCH_ROWS_MAX);
    this.#hashes = engine.alloc(this.#rows * 4);
    this.#groups = engine.alloc(this.#rows * 4);
  }

  resume(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    const n = Math.min(this.#n - this.#done, this.#pairs ? PAIRS_MAX : BATCH_ROWS_MAX);
    const groups = this.#groups + 4 * this.#done;
    this.#calls.step(groups, this.#sel + 4 * this.#done, n, batch.kinds, this.#pairs);
    if (this.#pairs) this.#emitPairs(groups, n);
    else this.#emitUpserts(groups, n);
    this.#calls.settle(this.#state.table, groups, n);
    this.#done += n;
    if (this.#done < this.#n) return true;
    this.#batch = undefined;
    return false;
  }

  /** Every row changes its group, and the result before it is not wanted. */
  #emitUpserts(groups: number, n: number): void {
    const out = this.#out;
    this.#ctx.engine.kernels.groupUpserts(this.#counter, n, out.kinds);
    this.#tables.keysToColumns(groups, n, out, 0);
    out.rows = n;
    out.selCount = n;
    this.#ctx.out.emit(out);
  }

  #emitPairs(groups: number, n: number): void {
    const out = this.#out;
    const m = this.#calls.changes(out, this.#outSel, this.#counter, this.#hidden !== 0, n, this.#config.updateBefore);
    if (m === 0) return;
    this.#ctx.engine.kernels.groupTwice(groups, n, this.#twice);
    this.#tables.keysToColumns(this.#twice, 2 * n, out, 0);
    out.rows = 2 * n;
    out.selCount = m;
    this.#ctx.out.emit(out);
  }

  /** Results depend on rows alone. */
  watermarkMatters(): boolean {
    return false;
  }

  snapshot(): OperatorSnapshot {
    const keyed = [...this.#packer.pack({ start: 0, state: this.#state })].map(([group, section]) => ({
      group,
      bytes: encodeGroup(this.#form, [section], Number.NEGATIVE_INFINITY),
    }));
    return { keyed, list: [], union: [] };
  }

  restore(snapshot: OperatorSnapshot): void {
    const { engine, name } = this.#ctx;
    const unpacker = new Unpacker(engine, this.#aggregates, this.#form, 0, name);
    for (const { bytes } of snapshot.keyed) {
      unpacker.unpack(bytes, (_start, rows, _shifted, n) => {
        this.#room(n);
        this.#tables.findRows(this.#state.table, rows, n, this.#groups);
        this.#aggregates.merge(this.#state, this.#groups, rows, n);
        return this.#state;
      });
    }
  }

  close(): void {
    const { engine } = this.#ctx;
    this.#tables.free(this.#state.table);
    this.#aggregates.freeDistinct(this.#state.distinct);
    for (const part of [this.#calls, this.#tables, this.#aggregates, this.#packer]) part.close();
    if (this.#rows > 0) {
      engine.free(this.#hashes, this.#rows * 4);
      engine.free(this.#groups, this.#rows * 4);
    }
    if (this.#hidden !== 0) engine.free(this.#hidden, BATCH_ROWS_MAX * 8);
    if (this.#twice !== 0) engine.free(this.#twice, BATCH_ROWS_MAX * 4);
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
