import type { Clock } from '../base/clock.js';
import { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { Operator, Output } from '../contract/operator.js';
import type { ExchangeWriter } from '../exchange/writer.js';
import type { HotKeyWatch } from './hot-keys.js';
import type { OpPlan } from './plan.js';

/** A step owed by an operator: done before it takes anything else. */
type Work =
  | { readonly kind: 'resume' }
  | {
      readonly kind: 'segments';
      readonly batch: Batch;
      readonly input: number;
      readonly sel: number;
      readonly selCount: number;
      readonly markCount: number;
      from: number;
      mark: number;
      rowsDone: boolean;
    }
  | { readonly kind: 'forward'; readonly watermark: bigint }
  | { readonly kind: 'finish' }
  | { readonly kind: 'forwardFinish' };

interface Edge {
  readonly writer: ExchangeWriter;
  readonly side: string | undefined;
  /** where a key with many rows would be one receiver's burden */
  readonly watch?: HotKeyWatch;
}
interface Child {
  readonly op: ChainedOperator;
  readonly input: number;
  readonly side: string | undefined;
}

/**
 * One operator inside a chain. Law: work that it owes (`pending`, last in first out) is done before its next event,
 * and operators further down the chain are served first, so a chain never holds more than about one batch per operator.
 */
export class ChainedOperator implements Output {
  readonly plan: OpPlan;
  readonly metrics = new MetricGroup();
  readonly children: Child[] = [];
  readonly edges: Edge[] = [];
  /** absent for a source head */
  operator: Operator | undefined;
  readonly pending: Work[] = [];
  readonly timersMs: number[] = [];
  /** the last watermark that reached this operator; for figures only */
  currentWatermark: bigint | undefined;
  /** every operator further down the chain */
  #below: readonly ChainedOperator[] | undefined;
  readonly #recordsIn = this.metrics.counter('numRecordsIn');
  readonly #recordsOut = this.metrics.counter('numRecordsOut');

  constructor(plan: OpPlan) {
    this.plan = plan;
  }

  // ---- Output: what the operator calls ----

  emit(batch: Batch): void {
    this.#recordsOut.value += batch.selCount;
    if (batch.markCount > 0) this.currentWatermark = batch.markWatermark(batch.markCount - 1);
    this.#send(undefined, batch);
  }
  emitSide(tag: string, batch: Batch): void {
    this.#send(tag, batch);
  }
  #send(side: string | undefined, batch: Batch): void {
    for (const c of this.children) if (c.side === side) c.op.deliver(batch, c.input);
    for (const e of this.edges) {
      if (e.side !== side) continue;
      e.watch?.batch(batch);
      e.writer.batch(batch);
    }
  }

  // ---- events from above ----

  deliver(batch: Batch, input: number): void {
    this.drain();
    const operator = this.operator!;
    this.#recordsIn.value += batch.selCount;
    if (operator.passesMarks || batch.markCount === 0) {
      if (batch.selCount === 0 && batch.markCount === 0) return;
      if (batch.markCount > 0) this.currentWatermark = batch.markWatermark(batch.markCount - 1);
      if (operator.processBatch(batch, input)) this.pending.push({ kind: 'resume' });
      return;
    }
    this.#segments({ kind: 'segments', batch, input, sel: batch.sel, selCount: batch.selCount, markCount: batch.markCount, from: 0, mark: 0, rowsDone: false });
  }

  /** Rows up to each mark, then the mark's watermark, until done or until the operator owes output. */
  #segments(w: Work & { kind: 'segments' }): void {
    const { batch } = w;
    for (;;) {
      if (!w.rowsDone) {
        this.#skipMarks(w);
        const to = w.mark === w.markCount ? w.selCount : this.#rowsThrough(w, batch.markRow(w.mark) | 0);
        const from = w.from;
        w.from = to;
        w.rowsDone = true;
        if (to > from && this.#segment(w, from, to)) {
          this.pending.push(w, { kind: 'resume' });
          return;
        }
        if (this.#childrenOwe()) {
          this.pending.push(w);
          return;
        }
      }
      if (w.mark === w.markCount) return;
      const watermark = batch.markWatermark(w.mark++);
      w.rowsDone = false;
      this.watermark(watermark);
      if (this.pending.length > 0 || this.#childrenOwe()) {
        this.pending.unshift(w);
        return;
      }
    }
  }
  /** Leaves out marks that change nothing for this operator, but never the last. */
  #skipMarks(w: Work & { kind: 'segments' }): void {
    const operator = this.operator!;
    if (operator.watermarkMatters === undefined) return;
    while (w.mark < w.markCount - 1 && !operator.watermarkMatters(w.batch.markWatermark(w.mark))) w.mark++;
  }
  #segment(w: Work & { kind: 'segments' }, from: number, to: number): boolean {
    const { batch } = w;
    batch.sel = w.sel + 4 * from;
    batch.selCount = to - from;
    batch.markCount = 0;
    const owed = this.operator!.processBatch(batch, w.input);
    batch.sel = w.sel;
    batch.selCount = w.selCount;
    batch.markCount = w.markCount;
    return owed === true;
  }
  /** Index in the selection of the first row after row number `row`. */
  #rowsThrough(w: Work & { kind: 'segments' }, row: number): number {
    const u32 = w.batch.engine.u32;
    let low = w.from;
    let high = w.selCount;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (u32[(w.sel >>> 2) + mid] <= row) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  watermark(watermark: bigint): void {
    this.drain();
    this.currentWatermark = watermark;
    if (this.operator?.processWatermark?.(watermark)) this.pending.push({ kind: 'forward', watermark }, { kind: 'resume' });
    else if (this.#childrenOwe()) this.pending.push({ kind: 'forward', watermark });
    else this.#forward(watermark);
  }
  /** Operators below are not done with what they got: a promise of theirs may be pending, so nothing more may follow in this step. */
  #childrenOwe(): boolean {
    this.#below ??= this.#descendants();
    for (let i = 0; i < this.#below.length; i++) if (this.#below[i].pending.length > 0) return true;
    return false;
  }
  #descendants(): ChainedOperator[] {
    return this.children.flatMap((c) => [c.op, ...c.op.#descendants()]);
  }
  #forward(watermark: bigint): void {
    for (const c of this.children) if (c.side === undefined) c.op.watermark(watermark);
    for (const e of this.edges) e.writer.watermark(watermark);
    for (const c of this.children) if (c.side !== undefined) c.op.watermark(watermark);
  }

  status(idle: boolean): void {
    for (const c of this.children) c.op.status(idle);
    for (const e of this.edges) idle ? e.writer.idle() : e.writer.active();
  }

  finish(): void {
    this.drain();
    if (this.operator?.finish?.()) this.pending.push({ kind: 'forwardFinish' }, { kind: 'resume' });
    else if (this.#childrenOwe()) this.pending.push({ kind: 'forwardFinish' });
    else this.#forwardFinish();
  }
  #forwardFinish(): void {
    for (const c of this.children) c.op.finish();
    for (const e of this.edges) e.writer.end(false);
  }

  /** True when something is owed first. */
  prepareSnapshot(): boolean {
    if (this.operator?.prepareSnapshot?.()) this.pending.push({ kind: 'resume' });
    return this.pending.length > 0 || this.#childrenOwe();
  }

  // ---- owed work ----

  /** Does one owed thing. */
  runOne(): void {
    const w = this.pending.pop()!;
    switch (w.kind) {
      case 'resume':
        this.pending.push(w);
        if (!this.operator!.resume!()) this.pending.splice(this.pending.lastIndexOf(w), 1);
        break;
      case 'segments':
        this.#segments(w);
        break;
      case 'forward':
        this.#forward(w.watermark);
        break;
      case 'finish':
        this.finish();
        break;
      case 'forwardFinish':
        this.#forwardFinish();
        break;
    }
  }
  /** Everything owed, at once: only when an event comes although work is owed (an operator above made more than one batch in a step). */
  drain(): void {
    while (this.pending.length > 0) this.runOne();
  }

  processingTime(clock: Clock): void {
    const now = clock.nowMs();
    while (this.timersMs.length > 0 && this.timersMs[0] <= now) this.timersMs.shift();
    if (this.operator?.processProcessingTime?.(now)) this.pending.push({ kind: 'resume' });
  }
  /** Keeps the list sorted; the same time once. */
  addTimer(atMs: number): void {
    let i = this.timersMs.length;
    while (i > 0 && this.timersMs[i - 1] > atMs) i--;
    if (this.timersMs[i - 1] !== atMs) this.timersMs.splice(i, 0, atMs);
  }
}
