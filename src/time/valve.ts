const MIN = -(2n ** 63n);

/** What a change of status brings: a watermark that may now go on, and the combined status when it changed. */
export interface ValveChange {
  watermark?: bigint;
  idle?: boolean;
}

/**
 * Flink's StatusWatermarkValve: the watermark of several channels is the smallest over the active, aligned ones.
 * A channel that becomes active again behind the combined watermark is left out until it has caught up; the result never goes back.
 */
export class StatusWatermarkValve {
  readonly #watermarks: BigInt64Array;
  readonly #active: boolean[];
  readonly #aligned: boolean[];
  #last = MIN;
  #idle = false;

  constructor(channels: number) {
    this.#watermarks = new BigInt64Array(channels).fill(MIN);
    this.#active = new Array<boolean>(channels).fill(true);
    this.#aligned = new Array<boolean>(channels).fill(true);
  }

  get watermark(): bigint {
    return this.#last;
  }

  /** Channel `c` reached `watermark`. Returns the combined watermark when it advanced. */
  advance(c: number, watermark: bigint): bigint | undefined {
    if (!this.#active[c] || watermark <= this.#watermarks[c]) return undefined;
    this.#watermarks[c] = watermark;
    if (!this.#aligned[c] && watermark >= this.#last) this.#aligned[c] = true;
    return this.#combined();
  }

  /** Channel `c` has nothing for now: the others go on without it. */
  idle(c: number): ValveChange {
    if (!this.#active[c]) return {};
    this.#active[c] = false;
    this.#aligned[c] = false;
    if (this.#active.some((a) => a)) return { watermark: this.#combined() };
    // all idle: the highest watermark seen goes on once, so that what some channel had reached is not held back
    const change: ValveChange = this.#idle ? {} : { idle: true };
    this.#idle = true;
    const max = this.#watermarks.reduce((a, b) => (b > a ? b : a), MIN);
    if (this.#watermarks[c] === this.#last && max > this.#last) {
      this.#last = max;
      change.watermark = max;
    }
    return change;
  }

  active(c: number): ValveChange {
    if (this.#active[c]) return {};
    this.#active[c] = true;
    if (this.#watermarks[c] >= this.#last) this.#aligned[c] = true;
    const change: ValveChange = this.#idle ? { idle: false } : {};
    this.#idle = false;
    return change;
  }

  #combined(): bigint | undefined {
    let min: bigint | undefined;
    for (let c = 0; c < this.#aligned.length; c++) {
      if (this.#aligned[c] && (min === undefined || this.#watermarks[c] < min)) min = this.#watermarks[c];
    }
    if (min === undefined || min <= this.#last) return undefined;
    this.#last = min;
    return min;
  }
}
