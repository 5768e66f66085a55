import { BATCH_ROWS_MAX } from '#abi';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { GroupAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule, OperatorSnapshot } from '../contract/operator.js';
import type { Room } from '../state/table.js';
import { BundledGroups } from './bundle.js';
import { Groups } from './groups.js';
import { PAIRS_MAX } from './running.js';

/** kind 'groupAggregate': the result of every group as a changelog. */
export const operator: OperatorModule<GroupAggregateConfig> = {
  create: (config, ctx) => (config.miniBatch === undefined ? new RunningGroups(config, ctx) : new BundledGroups(config, config.miniBatch, ctx)),
};

/**
 * A running GROUP BY as Flink's GroupAggFunction: +I for the first row of a group; then, for a row that changes the result, -U with the old one and +U
 * with the new one; -D when the last row was taken back.
 */
class RunningGroups implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: GroupAggregateConfig;
  readonly #groups: Groups;
  readonly #out: Batch;
  readonly #outSel: number;
  /** results of the counter: its column, or memory of its own */
  readonly #counter: number;
  /** the first column's own memory */
  readonly #keyRoom: Room;
  /** every group pointer twice, for the keys of pairs */
  readonly #twice: number;
  /** results before are needed: to be sent, or to see whether anything changed */
  readonly #pairs: boolean;
  /** the batch at work, its selected rows (the runtime gives them in segments), their groups, and how many are done */
  #batch: Batch | undefined;
  #sel = 0;
  #n = 0;
  #found = 0;
  #done = 0;

  constructor(config: GroupAggregateConfig, ctx: OperatorContext) {
    const { engine } = ctx;
    const groups = new Groups(config, ctx);
    this.#ctx = ctx;
    this.#config = config;
    this.#groups = groups;
    this.#pairs = config.updateBefore || config.retracts || groups.hidden;
    this.#out = allocBatch(engine, ctx.output, { kinds: true });
    this.#out.selectAll(BATCH_ROWS_MAX);
    this.#outSel = this.#out.sel;
    this.#keyRoom = { values: this.#out.values(0), validity: this.#out.validity(0) };
    const first = config.keys.length;
    config.calls.forEach((c, i) => {
      if (c.fn === 'count' || c.fn === 'countStar') this.#out.setValidity(first + i, 0);
    });
    const counter = groups.hidden ? engine.alloc(BATCH_ROWS_MAX * 8) : this.#out.values(first + groups.counter);
    this.#counter = counter;
    this.#twice = this.#pairs ? engine.alloc(BATCH_ROWS_MAX * 4) : 0;
    groups.calls.writeTo((call) => {
      const column = first + call;
      return column < this.#out.leaves.length ? { values: this.#out.values(column), validity: this.#out.validity(column) } : { values: counter, validity: 0 };
    });
  }

  processBatch(batch: Batch): boolean {
    if (batch.selCount === 0) return false;
    this.#found = this.#groups.find(this.#groups.state, batch);
    this.#groups.calls.readFrom(batch);
    this.#batch = batch;
    this.#sel = batch.sel;
    this.#n = batch.selCount;
    this.#done = 0;
    return this.resume();
  }

  resume(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    const { calls, state } = this.#groups;
    const n = Math.min(this.#n - this.#done, this.#pairs ? PAIRS_MAX : BATCH_ROWS_MAX);
    const found = this.#found + 4 * this.#done;
    const sel = this.#sel + 4 * this.#done;
    calls.step(found, sel, n, batch.kinds, this.#pairs);
    if (this.#pairs) this.#emitPairs(batch, sel, found, n);
    else this.#emitUpserts(batch, sel, found, n);
    calls.settle(state.table, found, n);
    this.#done += n;
    if (this.#done < this.#n) return true;
    this.#batch = undefined;
    return false;
  }

  /** Every row changes its group, and the result before it is not wanted. */
  #emitUpserts(batch: Batch, sel: number, found: number, n: number): void {
    const out = this.#out;
    const { tables } = this.#groups;
    this.#ctx.engine.kernels.groupUpserts(this.#counter, n, out.kinds);
    if (!tables.keysOfRows(batch, sel, n, 1, out, this.#keyRoom)) tables.keysToColumns(found, n, out, 0);
    out.rows = n;
    out.selCount = n;
    this.#ctx.out.emit(out);
  }

  #emitPairs(batch: Batch, sel: number, found: number, n: number): void {
    const out = this.#out;
    const { tables } = this.#groups;
    const m = this.#groups.calls.changes(this.#counter, this.#groups.hidden, n, this.#config.updateBefore, out.kinds, this.#outSel);
    if (m === 0) return;
    if (!tables.keysOfRows(batch, sel, n, 2, out, this.#keyRoom)) {
      this.#ctx.engine.kernels.groupTwice(found, n, this.#twice);
      tables.keysToColumns(this.#twice, 2 * n, out, 0);
    }
    out.rows = 2 * n;
    out.selCount = m;
    this.#ctx.out.emit(out);
  }

  /** Results depend on rows alone. */
  watermarkMatters(): boolean {
    return false;
  }

  snapshot(): OperatorSnapshot {
    return this.#groups.snapshot();
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#groups.restore(snapshot);
  }

  close(): void {
    const { engine } = this.#ctx;
    this.#groups.close();
    if (this.#groups.hidden) engine.free(this.#counter, BATCH_ROWS_MAX * 8);
    if (this.#twice !== 0) engine.free(this.#twice, BATCH_ROWS_MAX * 4);
  }
}
