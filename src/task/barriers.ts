import { BARRIERS_HELD_MAX } from '../base/limits.js';
import { BARRIER_LAST, type Operator } from '../contract/operator.js';
import type { ChainedOperator } from './chain.js';

/** Barriers that wait at an operator, in order, until it keeps nothing of what came before them: when no snapshots are taken, a crash loses what it keeps. */
export class HeldBarriers {
  #held: { readonly barrier: number; readonly point: number }[] = [];

  /** A barrier has come; returns the last one that passes now. It stands for those before it. */
  arrive(barrier: number, operator: Operator | undefined): number | undefined {
    const point = operator?.retains?.();
    if (point === undefined) {
      this.#held = [];
      return barrier;
    }
    const passes = this.release(operator);
    // many wait only behind long windows, where coarser steps will do
    if (this.#held.length >= BARRIERS_HELD_MAX) this.#held = this.#held.filter((_, i) => i % 2 === 1);
    this.#held.push({ barrier, point });
    return passes;
  }

  release(operator: Operator | undefined): number | undefined {
    let n = 0;
    while (n < this.#held.length && operator?.released?.(this.#held[n].point) === true) n++;
    return n === 0 ? undefined : this.#held.splice(0, n)[n - 1].barrier;
  }
}

/** The last barrier that has passed each sink of a subtask. */
export class SinkBarriers {
  readonly #passed = new Map<ChainedOperator, number>();
  readonly #all: (barrier: number) => void;

  /** `all` is told of a barrier that all sinks have passed. */
  constructor(ops: readonly ChainedOperator[], all: (barrier: number) => void) {
    this.#all = all;
    for (const op of ops) {
      if (op.plan.kind !== 'sink') continue;
      this.#passed.set(op, 0);
      op.onBarrier = (barrier) => {
        this.#passed.set(op, barrier);
        this.#all(Math.min(...this.#passed.values()));
      };
    }
  }

  /** The input has ended and every sink is finished: all of it is there for good, unless a sink's other side has failed. */
  end(): void {
    if (this.#passed.size > 0 && [...this.#passed.keys()].every((op) => op.operator?.retains?.() === undefined)) this.#all(BARRIER_LAST);
  }
}
