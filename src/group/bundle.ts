import { BATCH_ROWS_MAX } from '#abi';
import type { GroupState } from '../aggregate/aggregates.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { GroupAggregateConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorSnapshot } from '../contract/operator.js';
import { typeCode, typeWidth } from '../types/leaf.js';
import { Groups } from './groups.js';
import { PAIRS_MAX } from './running.js';

/** Results before and after of a whole bundle: a column per call. */
interface Pairs {
  readonly groups: number;
  /** rows of the whole stream for each group */
  readonly found: number;
  readonly columns: readonly { readonly values: number; readonly validity: number; readonly width: number; readonly nullable: boolean }[];
  sent: number;
}

/**
 * A GROUP BY in mini-batches (Flink's MiniBatchGroupAggFunction): rows are accumulated into the groups of a bundle; when it has as many rows as allowed, or
 * its time is up, its groups are merged into those of the stream, and each that changed leaves once.
 */
export class BundledGroups implements Operator {
  readonly #ctx: OperatorContext;
  readonly #config: GroupAggregateConfig;
  readonly #rowsMax: number;
  readonly #latencyMs: number;
  readonly #groups: Groups;
  readonly #out: Batch;
  readonly #outSel: number;
  readonly #twice: number;
  readonly #walked: number;
  #bundle: GroupState;
  /** rows in the bundle */
  #rows = 0;
  #leaving: Pairs | undefined;
  #batch: Batch | undefined;
  #sel = 0;
  #n = 0;
  #done = 0;

  constructor(config: GroupAggregateConfig, miniBatch: NonNullable<GroupAggregateConfig['miniBatch']>, ctx: OperatorContext) {
    const { engine } = ctx;
    this.#ctx = ctx;
    this.#config = config;
    this.#rowsMax = miniBatch.rows;
    this.#latencyMs = miniBatch.latencyMs;
    this.#groups = new Groups(config, ctx);
    this.#bundle = this.#groups.create();
    this.#out = allocBatch(engine, ctx.output, { kinds: true });
    this.#outSel = this.#out.sel;
    this.#twice = engine.alloc(BATCH_ROWS_MAX * 4);
    this.#walked = engine.alloc(BATCH_ROWS_MAX * 4);
  }

  processBatch(batch: Batch): boolean {
    if (batch.selCount === 0) return false;
    this.#batch = batch;
    this.#sel = batch.sel;
    this.#n = batch.selCount;
    this.#done = 0;
    return this.resume();
  }

  resume(): boolean {
    if (this.#leaving !== undefined) this.#send(this.#leaving);
    else if (this.#batch !== undefined) {
      this.#take(this.#batch);
      if (this.#rows >= this.#rowsMax) this.#end();
    }
    return this.#leaving !== undefined || this.#batch !== undefined;
  }

  /** Puts the next rows of the batch into the bundle, as many as it still takes. */
  #take(batch: Batch): void {
    const n = Math.min(this.#n - this.#done, this.#rowsMax - this.#rows);
    const { calls, aggregates } = this.#groups;
    const { sel, selCount } = batch;
    batch.sel = this.#sel + 4 * this.#done;
    batch.selCount = n;
    const found = this.#groups.find(this.#bundle, batch);
    if (this.#config.retracts) {
      calls.readFrom(batch);
      this.#ctx.engine.kernels.groupSigned(calls.ptr, calls.count, found, batch.sel, n, batch.kinds);
    } else aggregates.update(this.#bundle, found, batch.sel, n, batch);
    batch.sel = sel;
    batch.selCount = selCount;
    if (this.#rows === 0) this.#ctx.registerProcessingTimer(this.#nextMs());
    this.#rows += n;
    this.#done += n;
    if (this.#done === this.#n) this.#batch = undefined;
  }

  /** Mini-batches end at multiples of the latency, as Flink's. */
  #nextMs(): number {
    return (Math.floor(this.#ctx.clock.nowMs() / this.#latencyMs) + 1) * this.#latencyMs;
  }

  /** Ends the bundle: merges it and sends the first changes. True while more are left. */
  #end(): boolean {
    if (this.#rows === 0) return false;
    this.#rows = 0;
    this.#leaving = this.#merge();
    this.#send(this.#leaving);
    return this.#leaving !== undefined;
  }

  #merge(): Pairs {
    const { engine } = this.#ctx;
    const { tables, aggregates, calls, state } = this.#groups;
    const groups = tables.count(this.#bundle.table);
    const pairs: Pairs = { groups, found: engine.alloc(groups * 4 + 64), columns: this.#columns(groups), sent: 0 };
    this.#point(pairs, 0);
    const k = engine.kernels;
    this.#walk((rows, n, at) => {
      const found = pairs.found + 4 * at;
      tables.findRows(state.table, rows, n, found);
      k.groupPut(calls.ptr, calls.count, found, n, 2 * at, 2);
      aggregates.link(rows, found, n);
      calls.merge(state.table, found, rows, n, this.#config.retracts);
    });
    aggregates.mergeDistinct(state, this.#bundle);
    k.groupPut(calls.ptr, calls.count, pairs.found, groups, 1, 2);
    return pairs;
  }

  #walk(visit: (rows: number, n: number, at: number) => void): void {
    const { tables } = this.#groups;
    tables.walkStart(this.#bundle.table);
    let at = 0;
    for (let n = tables.walk(this.#bundle.table, this.#walked, BATCH_ROWS_MAX); n > 0; n = tables.walk(this.#bundle.table, this.#walked, BATCH_ROWS_MAX)) {
      visit(this.#walked, n, at);
      at += n;
    }
  }

  #columns(groups: number): Pairs['columns'] {
    const { engine, output } = this.#ctx;
    return this.#groups.aggregates.layout.plans.map(({ call }, i) => {
      const leaf = output[this.#config.keys.length + i];
      const width = leaf === undefined ? 8 : typeWidth(typeCode(leaf.type));
      const nullable = call.fn !== 'count' && call.fn !== 'countStar';
      return { values: engine.alloc(2 * groups * width + 64), validity: nullable ? engine.alloc((groups >>> 2) + 64) : 0, width, nullable };
    });
  }

  /** Points calls and output columns at the pairs from group number `from` on, a multiple of 8. */
  #point(pairs: Pairs, from: number): void {
    const first = this.#config.keys.length;
    const at = (i: number): { values: number; validity: number } => {
      const c = pairs.columns[i];
      return { values: c.values + 2 * from * c.width, validity: c.nullable ? c.validity + (from >>> 2) : 0 };
    };
    this.#groups.calls.writeTo(at);
    this.#config.calls.forEach((_, i) => {
      const { values, validity } = at(i);
      this.#out.setValues(first + i, values);
      this.#out.setValidity(first + i, validity);
    });
  }

  /** Sends the next changes, about a batch of them. */
  #send(pairs: Pairs): void {
    const { calls, tables, hidden, counter } = this.#groups;
    const out = this.#out;
    while (pairs.sent < pairs.groups) {
      const from = pairs.sent;
      const n = Math.min(PAIRS_MAX, pairs.groups - from);
      pairs.sent += n;
      this.#point(pairs, from);
      const m = calls.changes(pairs.columns[counter].values + 16 * from, hidden, n, this.#config.updateBefore, out.kinds, this.#outSel);
      if (m === 0) continue;
      this.#ctx.engine.kernels.groupTwice(pairs.found + 4 * from, n, this.#twice);
      tables.keysToColumns(this.#twice, 2 * n, out, 0);
      out.rows = 2 * n;
      out.selCount = m;
      this.#ctx.out.emit(out);
      if (pairs.sent < pairs.groups) return;
    }
    this.#finishBundle(pairs);
  }

  #finishBundle(pairs: Pairs): void {
    const { calls, state } = this.#groups;
    calls.settle(state.table, pairs.found, pairs.groups);
    this.#freePairs(pairs);
    this.#leaving = undefined;
    this.#groups.free(this.#bundle);
    this.#bundle = this.#groups.create();
  }

  #freePairs(pairs: Pairs): void {
    const { engine } = this.#ctx;
    engine.free(pairs.found, pairs.groups * 4 + 64);
    for (const c of pairs.columns) {
      engine.free(c.values, 2 * pairs.groups * c.width + 64);
      if (c.nullable) engine.free(c.validity, (pairs.groups >>> 2) + 64);
    }
  }

  watermarkMatters(): boolean {
    return false;
  }
  processProcessingTime(): boolean {
    return this.#end();
  }
  finish(): boolean {
    return this.#end();
  }
  /** Nothing waits in a bundle when state is taken, as in Flink. */
  prepareSnapshot(): boolean {
    return this.#end();
  }
  snapshot(): OperatorSnapshot {
    return this.#groups.snapshot();
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#groups.restore(snapshot);
  }

  close(): void {
    const { engine } = this.#ctx;
    if (this.#leaving !== undefined) this.#freePairs(this.#leaving);
    this.#groups.free(this.#bundle);
    this.#groups.close();
    engine.free(this.#twice, BATCH_ROWS_MAX * 4);
    engine.free(this.#walked, BATCH_ROWS_MAX * 4);
  }
}
