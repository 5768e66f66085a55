import { setOwn } from '../base/own.js';
import type { Clock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import { assert } from '../base/assert.js';
import { LAST_BARRIER_MS } from '../base/limits.js';
import { BARRIER_LAST, EMPTY_SNAPSHOT } from '../contract/operator.js';
import type { ExchangeWriter } from '../exchange/writer.js';
import { Wait } from './activity.js';
import { SinkBarriers } from './barriers.js';
import type { ChainedOperator } from './chain.js';
import type { TaskPlan } from './plan.js';
import type { OperatorState, SubtaskSnapshot } from './snapshot.js';
import { type Input, STEP_END, STEP_IDLE, STEP_WORKED } from './gate.js';
import { HELD_GRACE_MS, StepResult, wakeupMs } from './step.js';

type Phase = 'running' | 'finishing' | 'flushing' | 'done';

/**
 * One parallel instance of a task: a state machine that its slot steps. A step is bounded: one event, one owed piece of output,
 * or nothing because an output has no room. Order of the checks: room downstream, owed work (deepest operator first), timers, input.
 */
export class Subtask {
  readonly name: string;
  readonly index: number;
  readonly ops: readonly ChainedOperator[];
  readonly #writers: readonly ExchangeWriter[];
  readonly #input: Input;
  readonly #clock: Clock;
  readonly #parallelism: number;
  readonly #keepLast: boolean;
  #phase: Phase = 'running';
  #paused = false;
  #last: SubtaskSnapshot | undefined;
  #held = 0;
  readonly wait = new Wait();
  /** the last step could only wait for others: for room in a ring, or for an acknowledgement; they ring, and no timer is due before */
  #blocked = false;
  /** monotonic ms from when the current wait for promises counts against a cancelled job */
  #heldFromMs = 0;
  #cancelled = false;
  #cancelledMs = 0;
  /** stops at its next batch boundary, behind a last barrier */
  #leaving = false;
  /** number of the barrier to send, and of the last one that was sent; sources only */
  #asked = 0;
  #sent = 0;
  readonly #sinks: SinkBarriers;
  /** operators that still have to be finished after a failure: the sinks */
  #failing = false;
  error: MillraceError | undefined;
  /** called once, when everything is closed */
  onDone: () => void = () => {};
  /** a source sent a barrier behind what comes before these positions */
  onSent: (barrier: number, positions: readonly Uint8Array[]) => void = () => {};
  /** all sinks of this subtask have what came before the barrier for good */
  onPassed: (barrier: number) => void = () => {};

  /** `keepLast`: when everything has ended, the state at the end stays for snapshots. */
  constructor(
    task: TaskPlan,
    index: number,
    ops: readonly ChainedOperator[],
    writers: readonly ExchangeWriter[],
    input: Input,
    clock: Clock,
    keepLast: boolean,
  ) {
    this.name = task.name;
    this.index = index;
    this.#parallelism = task.parallelism;
    this.#keepLast = keepLast;
    this.ops = ops;
    this.#writers = writers;
    this.#input = input;
    this.#clock = clock;
    this.#sinks = new SinkBarriers(ops, (barrier) => this.onPassed(barrier));
  }

  get done(): boolean {
    return this.#phase === 'done';
  }
  get isSource(): boolean {
    return this.ops[0].operator === undefined;
  }

  /** number of its first operator */
  get head(): number {
    return this.ops[0].number;
  }

  hold(op: ChainedOperator, promise: Promise<void>, wake: () => void): void {
    if (this.#held++ === 0) {
      this.#heldFromMs = this.#clock.monotonicMs();
      this.wait.begin(op.number, this.#clock.nowMs());
    }
    promise
      .catch((e: unknown) => this.fail(MillraceError.from(e, 'USER_CODE')))
      .finally(() => {
        if (!this.#failing && --this.#held === 0) this.wait.end();
        wake();
      });
  }

  step(): StepResult {
    try {
      return this.#step();
    } catch (e) {
      this.fail(MillraceError.from(e, 'INTERNAL', { operator: this.name }).at(this.name));
      return StepResult.Worked;
    }
  }

  #step(): StepResult {
    if (this.#phase === 'done') return StepResult.Done;
    if (this.#leaving && this.#clock.monotonicMs() - this.#cancelledMs >= LAST_BARRIER_MS) this.#stop();
    const force = this.#phase === 'flushing' || this.#paused;
    this.#blocked = false;
    const writers = this.#writers;
    for (let i = 0; i < writers.length; i++) if (writers[i].flush(force)) this.#blocked = true;
    if (this.#blocked) return StepResult.Idle;
    if (this.#held > 0) {
      if (!this.#cancelled || this.#clock.monotonicMs() - this.#heldFromMs < HELD_GRACE_MS) return StepResult.Held;
      this.#stop();
    }
    for (let i = this.ops.length - 1; i >= 0; i--) {
      const op = this.ops[i];
      if (op.pending.length === 0) continue;
      this.#blocked = op.operator?.waiting ?? false;
      if (this.#blocked) {
        this.wait.begin(op.number, this.#clock.nowMs());
        return StepResult.Idle;
      }
      this.wait.end();
      op.runOne();
      return StepResult.Worked;
    }
    this.wait.end();
    switch (this.#phase) {
      case 'running':
        return this.#run();
      case 'finishing':
        this.#phase = 'flushing';
        return StepResult.Worked;
      default:
        this.#close();
        return StepResult.Worked;
    }
  }

  #run(): StepResult {
    const { ops } = this;
    for (let i = 0; i < ops.length; i++) {
      const timers = ops[i].timersMs;
      if (timers.length > 0 && timers[0] <= this.#clock.nowMs()) {
        ops[i].processingTime(this.#clock);
        return StepResult.Worked;
      }
    }
    if (this.isSource) {
      if (this.#asked > this.#sent) {
        this.#sendBarrier(this.#asked);
        return StepResult.Worked;
      }
      if (this.#leaving) {
        this.#stop();
        return StepResult.Worked;
      }
      if (this.#paused && this.#input.resting !== false) return StepResult.Idle;
    }
    const r = this.#input.step();
    if (r === STEP_WORKED) return StepResult.Worked;
    if (r === STEP_IDLE) return this.#input.awaits ? StepResult.Held : StepResult.Idle;
    if (r === STEP_END) {
      if (this.#input.failed) this.#stop();
      else {
        this.#phase = 'finishing';
        if (this.isSource && this.#input.positions !== undefined) this.onSent(BARRIER_LAST, this.#input.positions());
        this.ops[0].finish();
      }
    }
    return StepResult.Worked;
  }

  /** A source is to send a barrier at its next batch boundary. */
  askBarrier(barrier: number): void {
    this.#asked = barrier;
  }
  #sendBarrier(barrier: number): void {
    const positions = this.#input.positions?.();
    this.#sent = barrier;
    if (positions !== undefined) this.onSent(barrier, positions);
    this.ops[0].barrier(barrier);
  }

  /** The job was cancelled: a source sends the barrier it was asked for and stops reading; what is under way still reaches the sinks, but a promise that does not settle soon is given up. */
  cancel(): void {
    this.#cancelled = true;
    this.#cancelledMs = this.#clock.monotonicMs();
    this.#heldFromMs = this.#cancelledMs;
    if (!this.isSource || this.#phase !== 'running') return;
    if (this.#asked > this.#sent) this.#leaving = true;
    else this.#stop();
  }

  // ---- snapshots: docs/state.md ----

  /** A source reads nothing more, outputs leave at once; what is under way goes on. */
  pause(on: boolean): void {
    this.#paused = on;
  }

  /** The batch boundary: no operator owes anything, no promise is pending, and every row that was taken has been handled. */
  get atBoundary(): boolean {
    if (this.#phase === 'done') return true;
    return this.#phase === 'running' && this.#held === 0 && this.#input.resting !== false && this.ops.every((op) => op.pending.length === 0);
  }
  /** At the boundary, and nothing is left in the output buffers either. */
  get settled(): boolean {
    return this.atBoundary && (this.#phase === 'done' || this.#writers.every((w) => !w.flush(true)));
  }

  /** At the boundary: lets operators pass on what they would otherwise have to store. True when that takes more steps; ask again at the next boundary. */
  prepareSnapshot(): boolean {
    assert(this.atBoundary, 'a snapshot is prepared at the batch boundary');
    return this.#phase === 'running' && this.ops.some((op) => op.prepareSnapshot());
  }

  /** State of all operators, the source's position and watermarks, and the gate's. Nothing may be owed: see `prepareSnapshot`. */
  snapshot(): SubtaskSnapshot {
    assert(this.atBoundary, 'a snapshot is taken at the batch boundary');
    if (this.#phase !== 'done') return this.#snapshot();
    assert(this.#last !== undefined, 'a finished subtask kept its last state');
    return this.#last;
  }
  #snapshot(): SubtaskSnapshot {
    const operators: Record<string, OperatorState> = {};
    for (const op of this.ops) {
      const state = (op.operator === undefined ? this.#input.snapshot?.() : op.operator.snapshot?.()) ?? EMPTY_SNAPSHOT;
      setOwn(operators, op.plan.uid, { ...state, committables: op.operator?.prepareCommit?.() ?? [] });
    }
    return { index: this.index, parallelism: this.#parallelism, head: this.ops[0].plan.uid, operators, gate: this.#input.gate?.() };
  }

  /** The snapshot is complete, with those of all other subtasks: what it holds for the sinks becomes visible. */
  commit(snapshot: SubtaskSnapshot): void {
    for (const op of this.ops) op.operator?.commit?.(snapshot.operators[op.plan.uid].committables);
  }

  /** Ends here and now, as after a crash: nothing fires, nothing is finished. */
  abandon(): void {
    this.#close();
  }

  /** A failure in this subtask. Rows that came before it still reach the sinks; nothing fires. */
  fail(error: MillraceError): void {
    if (this.#phase === 'done') return;
    const again = this.error !== undefined;
    this.error ??= error;
    if (again)
      this.#close(); // failing while stopping: give up on this subtask's own sinks
    else this.#stop();
  }

  #stop(): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#held = 0;
    this.#phase = 'finishing';
    for (const op of this.ops) {
      if (op.plan.kind === 'sink') op.pending.unshift({ kind: 'finish' });
      else op.pending.length = 0;
    }
    for (const w of this.#writers) w.end(true);
  }

  #close(): void {
    if (this.#phase === 'done') return;
    const whole = this.#phase === 'flushing' && !this.#failing;
    if (this.#keepLast && whole) this.#last = this.#snapshot();
    this.#phase = 'done';
    this.wait.end();
    if (whole) this.#sinks.end();
    for (const resource of [...this.ops.map((op) => op.operator), this.#input]) {
      try {
        resource?.close?.();
      } catch (e) {
        this.error ??= MillraceError.from(e, 'INTERNAL', { operator: this.name }).at(this.name); // and goes on: the others are closed
      }
    }
    this.onDone();
  }

  /** Monotonic ms when something may happen without a doorbell: timers, buffer time-outs, the source's own clock. */
  nextWakeupMs(): number {
    if (this.#phase === 'done' || this.#blocked) return Number.POSITIVE_INFINITY;
    const heldUntilMs = this.#held === 0 ? undefined : this.#cancelled ? this.#heldFromMs + HELD_GRACE_MS : Number.POSITIVE_INFINITY;
    return wakeupMs(this.#clock, this.#writers, this.ops, this.#phase === 'running' ? this.#input : undefined, heldUntilMs);
  }
}
