import type { Clock } from '../base/clock.js';
import { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { Operator, Output } from '../contract/operator.js';
import { Activity } from './activity.js';
import { HeldBarriers } from './barriers.js';
import type { OpPlan } from './plan.js';
import { type Child, type Edge, Receivers } from './receivers.js';
import { Segments } from './segments.js';

/** A step owed by an operator: done before it takes anything else. */
type Work =
  | { readonly kind: 'resume' }
  | Segments
  | { readonly kind: 'forward'; readonly watermark: bigint; readonly ends: boolean }
  | { readonly kind: 'barrier'; readonly barrier: number }
  | { readonly kind: 'finish' }
  | { readonly kind: 'forwardFinish' };

/**
 * One operator inside a chain. Law: work that it owes (`pending`, last in first out) is done before its next event,
 * and operators further down the chain are served first, so a chain never holds more than about one batch per operator.
 */
export class ChainedOperator implements Output {
  readonly plan: OpPlan;
  readonly metrics = new MetricGroup();
  readonly #main = new Receivers();
  readonly #sides = new Map<string, Receivers>();
  /** all edges: every one carries the watermarks */
  readonly #edges: Edge[] = [];
  #segmented: Segments | undefined;
  /** absent for a source head */
  operator: Operator | undefined;
  readonly pending: Work[] = [];
  readonly timersMs: number[] = [];
  /** the last watermark that reached this operator; for figures only, and kept by heads only */
  currentWatermark: bigint | undefined;
  readonly #isHead: boolean;
  /** a barrier has passed a sink: everything before it is there for good */
  onBarrier: (barrier: number) => void = () => {};
  readonly #held = new HeldBarriers();
  /** every operator further down the chain */
  #below: readonly ChainedOperator[] | undefined;
  #sideReceivers: readonly Child[] | undefined;
  readonly #recordsIn = this.metrics.counter('numRecordsIn');
  readonly #recordsOut = this.metrics.counter('numRecordsOut');

  /** its number in the job, for `activity` */
  readonly number: number;
  readonly #activity: Activity;

  constructor(plan: OpPlan, isHead: boolean, number = 0, activity = new Activity()) {
    this.plan = plan;
    this.#isHead = isHead;
    this.number = number;
    this.#activity = activity;
  }

  addChild(side: string | undefined, child: Child): void {
    this.#receivers(side).children.push(child);
  }
  addEdge(side: string | undefined, edge: Edge): void {
    this.#receivers(side).edges.push(edge);
    this.#edges.push(edge);
  }
  #receivers(side: string | undefined): Receivers {
    if (side === undefined) return this.#main;
    const receivers = this.#sides.get(side) ?? new Receivers();
    this.#sides.set(side, receivers);
    return receivers;
  }

  // ---- Output: what the operator calls ----

  emit(batch: Batch): void {
    this.#recordsOut.value += batch.selCount;
    if (this.operator === undefined) this.#reached(batch);
    this.#main.batch(batch);
  }
  emitSide(tag: string, batch: Batch): void {
    this.#sides.get(tag)?.batch(batch);
  }
  #reached(batch: Batch): void {
    const marks = batch.markCount;
    if (marks > 0) this.currentWatermark = batch.markWatermark(marks - 1);
  }

  // ---- events from above ----

  deliver(batch: Batch, input: number): void {
    if (this.pending.length > 0) this.drain();
    const operator = this.operator!;
    const { selCount, markCount } = batch;
    this.#recordsIn.value += selCount;
    if (operator.passesMarks === true || markCount === 0) {
      if (selCount === 0 && markCount === 0) return;
      if (this.#isHead) this.#reached(batch);
      const before = this.#activity.enter(this.number);
      const owed = operator.processBatch(batch, input);
      this.#activity.leave(before);
      if (owed) this.pending.push({ kind: 'resume' });
      return;
    }
    this.#segmented ??= new Segments(batch);
    this.#segments(this.#segmented.start(batch, input));
  }

  /** Rows up to each mark that matters, then the mark's watermark, until done or until the operator owes output. */
  #segments(w: Segments): void {
    for (;;) {
      if (!w.rowsDone) {
        const { from } = w;
        const to = this.#nextMark(w);
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
      const watermark = w.batch.markWatermark(w.mark++);
      w.rowsDone = false;
      this.watermark(watermark);
      if (this.pending.length > 0 || this.#childrenOwe()) {
        this.pending.unshift(w);
        return;
      }
    }
  }
  /**
   * Goes to the next mark and returns how far the rows before it reach. Marks that change nothing for this operator are left out, but the
   * last of the batch comes behind all rows.
   */
  #nextMark(w: Segments): number {
    const operator = this.operator!;
    const { batch } = w;
    const last = w.markCount - 1;
    if (w.mark > last) return w.selCount;
    // watermarks rise: when the last one does not matter, none does
    if (operator.readsMarks === true || operator.watermarkMatters?.(batch.markWatermark(last)) === false) {
      w.mark = last;
      return w.selCount;
    }
    if (operator.watermarkMatters !== undefined) {
      while (w.mark < last && !operator.watermarkMatters(batch.markWatermark(w.mark))) w.mark++;
    }
    return w.rowsThrough(w.mark);
  }
  #segment(w: Segments, from: number, to: number): boolean {
    w.narrow(from, to);
    if (this.operator!.readsMarks === true) w.batch.markCount = w.markCount;
    const before = this.#activity.enter(this.number);
    const owed = this.operator!.processBatch(w.batch, w.input);
    this.#activity.leave(before);
    w.widen();
    return owed === true;
  }

  watermark(watermark: bigint): void {
    if (this.pending.length > 0) this.drain();
    this.currentWatermark = watermark;
    const ends = this.operator?.watermarkMatters?.(watermark) === true;
    const before = this.#activity.enter(this.number);
    const owed = this.operator?.processWatermark?.(watermark);
    this.#activity.leave(before);
    if (owed) this.pending.push({ kind: 'forward', watermark, ends }, { kind: 'resume' });
    else if (this.#childrenOwe()) this.pending.push({ kind: 'forward', watermark, ends });
    else this.#forward(watermark, ends);
  }
  /** Operators below are not done with what they got: a promise of theirs may be pending, so nothing more may follow in this step. */
  #childrenOwe(): boolean {
    this.#below ??= this.#descendants();
    for (let i = 0; i < this.#below.length; i++) if (this.#below[i].pending.length > 0) return true;
    return false;
  }
  #descendants(): ChainedOperator[] {
    return this.#children().flatMap((c) => [c.op, ...c.op.#descendants()]);
  }
  #children(): Child[] {
    return [...this.#main.children, ...this.#sideChildren()];
  }
  #sideChildren(): Child[] {
    return [...this.#sides.values()].flatMap((s) => s.children);
  }
  /** `ends`: windows ended here. What follows on an edge may be a whole window away, so this watermark does not wait for it there. */
  #forward(watermark: bigint, ends: boolean): void {
    const { children } = this.#main;
    for (let i = 0; i < children.length; i++) children[i].op.watermark(watermark);
    for (let i = 0; i < this.#edges.length; i++) {
      const { writer } = this.#edges[i];
      writer.watermark(watermark);
      if (ends) writer.hasten();
    }
    this.#sideReceivers ??= this.#sideChildren();
    for (let i = 0; i < this.#sideReceivers.length; i++) this.#sideReceivers[i].op.watermark(watermark);
  }

  status(idle: boolean): void {
    for (const c of this.#children()) c.op.status(idle);
    for (const e of this.#edges) idle ? e.writer.idle() : e.writer.active();
  }

  /** Everything before the barrier has been handled above: what is kept only for speed goes on before it. */
  barrier(barrier: number): void {
    if (this.pending.length > 0) this.drain();
    if (this.operator?.prepareSnapshot?.()) this.pending.push({ kind: 'barrier', barrier }, { kind: 'resume' });
    else if (this.#childrenOwe()) this.pending.push({ kind: 'barrier', barrier });
    else this.#passBarrier(barrier);
  }
  #passBarrier(barrier: number): void {
    this.#forwardBarrier(this.#held.arrive(barrier, this.operator));
  }
  #forwardBarrier(barrier: number | undefined): void {
    if (barrier === undefined) return;
    this.onBarrier(barrier);
    for (const c of this.#children()) c.op.barrier(barrier);
    for (const e of this.#edges) e.writer.barrier(barrier);
  }

  finish(): void {
    this.drain();
    const before = this.#activity.enter(this.number);
    const owed = this.operator?.finish?.();
    this.#activity.leave(before);
    if (owed) this.pending.push({ kind: 'forwardFinish' }, { kind: 'resume' });
    else if (this.#childrenOwe()) this.pending.push({ kind: 'forwardFinish' });
    else this.#forwardFinish();
  }
  #forwardFinish(): void {
    const barrier = this.#held.release(this.operator);
    this.#forwardBarrier(barrier);
    if (barrier !== undefined && this.#childrenOwe()) {
      this.pending.push({ kind: 'forwardFinish' }); // a sink waits for its other side
      return;
    }
    for (const c of this.#children()) c.op.finish();
    for (const e of this.#edges) e.writer.end(false);
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
        this.#activity.enter(this.number); // nothing comes after it in this step
        if (!this.operator!.resume!()) this.pending.splice(this.pending.lastIndexOf(w), 1);
        break;
      case 'segments':
        this.#segments(w);
        break;
      case 'forward':
        this.#forward(w.watermark, w.ends);
        break;
      case 'barrier':
        this.#passBarrier(w.barrier);
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
    this.#activity.enter(this.number);
    if (this.operator?.processProcessingTime?.(now)) this.pending.push({ kind: 'resume' });
  }
  /** Keeps the list sorted; the same time once. */
  addTimer(atMs: number): void {
    let i = this.timersMs.length;
    while (i > 0 && this.timersMs[i - 1] > atMs) i--;
    if (this.timersMs[i - 1] !== atMs) this.timersMs.splice(i, 0, atMs);
  }
}
