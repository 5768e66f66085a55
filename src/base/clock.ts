/** Time as the engine sees it. Nothing outside base/ reads the machine's clock. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  nowMs(): number;
  /** Monotonic, ms with a fraction: for durations and deadlines. */
  monotonicMs(): number;
  /** Wall clock with a fraction, comparable between threads: for measuring. */
  preciseMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  preciseMs: () => performance.timeOrigin + performance.now(),
};

/** A clock that moves only when told: tests and simulation. */
export class ManualClock implements Clock {
  #ms: number;
  constructor(startMs = 0) {
    this.#ms = startMs;
  }
  nowMs(): number {
    return this.#ms;
  }
  monotonicMs(): number {
    return this.#ms;
  }
  preciseMs(): number {
    return this.#ms;
  }
  advanceMs(ms: number): void {
    this.#ms += ms;
  }
}
