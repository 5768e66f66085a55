import type { Batch } from '../batch/batch.js';
import type { Counter } from '../base/metrics.js';
import type { LateFilterConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import { WindowTime } from './clock.js';
import { Lateness } from './lateness.js';
import { sliceSpecOf } from './spec.js';

/** kind 'lateFilter': drops and counts the rows that are late by the marks of their own batch, where those are all the event time there is. */
class LateFilter implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #time: WindowTime;
  readonly #lateness: Lateness;
  readonly #late: Counter;

  constructor(config: LateFilterConfig, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#time = new WindowTime(config, ctx);
    this.#lateness = new Lateness(ctx.engine, sliceSpecOf(config.window), this.#time);
    this.#late = ctx.metrics.counter('numLateRecordsDropped');
  }

  processBatch(batch: Batch): void {
    const { sel, selCount } = batch;
    const late = selCount === 0 ? 0 : this.#lateness.split(batch, this.#time.times(batch));
    if (late > 0) {
      this.#late.add(late);
      batch.sel = this.#lateness.onTime;
      batch.selCount = selCount - late;
    }
    if (batch.selCount > 0 || batch.markCount > 0) this.#ctx.out.emit(batch);
    batch.sel = sel;
    batch.selCount = selCount;
    const marks = batch.markCount;
    if (marks > 0) this.processWatermark(batch.markWatermark(marks - 1));
  }

  processWatermark(watermark: bigint): void {
    this.#lateness.passedEnd = Math.max(this.#lateness.passedEnd, this.#lateness.endAt(watermark));
  }

  close(): void {
    this.#lateness.close();
    this.#time.close();
  }
}

export const operator: OperatorModule<LateFilterConfig> = { create: (config, ctx) => new LateFilter(config, ctx) };
