/** Flink's MIN watermark: nothing has been said yet. */
const MIN = -(2n ** 63n);

interface Channel {
  watermark: bigint;
  idle: boolean;
  /** its watermark counts again: a channel that was idle and lags behind the output is left out until it has caught up */
  aligned: boolean;
}

/** What a change means for the output; either part may be absent. */
export interface CoalescedChange {
  /** the new minimum to emit */
  watermark?: bigint;
  /** the output turns idle or active */
  status?: 'idle' | 'active';
}

const NOTHING: CoalescedChange = {};

/** How far event time had come. Idleness is not kept: after a restore every input counts as active, as in Flink. */
export interface CoalescerState {
  readonly watermarks: readonly bigint[];
  readonly last: bigint;
}

/**
 * The minimum of several inputs' watermarks, with idleness: Flink's StatusWatermarkValve. Idle inputs do not count; when all are idle
 * the output is idle; the output's watermark never goes back.
 */
export class WatermarkCoalescer {
  readonly #channels: Channel[];
  #last = MIN;
  #idle = false;

  constructor(inputs: number) {
    this.#channels = Array.from({ length: inputs }, () => ({ watermark: MIN, idle: false, aligned: true }));
  }

  /** Last watermark of the output. */
  get current(): bigint {
    return this.#last;
  }
  get idle(): boolean {
    return this.#idle;
  }

  watermark(input: number, watermark: bigint): CoalescedChange {
    const ch = this.#channels[input];
    // watermarks of idle inputs are not looked at
    if (this.#idle || ch.idle || watermark <= ch.watermark) return NOTHING;
    ch.watermark = watermark;
    if (!ch.aligned && watermark >= this.#last) ch.aligned = true;
    return this.#advance();
  }

  /** The input has no records for a while: it does not hold back the others. */
  markIdle(input: number): CoalescedChange {
    const ch = this.#channels[input];
    if (ch.idle) return NOTHING;
    ch.idle = true;
    ch.aligned = false;
    if (this.#channels.every((x) => x.idle)) {
      // what the last active input did not hold back is said before the silence
      const change: CoalescedChange = ch.watermark === this.#last ? this.#advanceTo(this.#maximum()) : {};
      this.#idle = true;
      return { ...change, status: 'idle' };
    }
    return ch.watermark === this.#last ? this.#advance() : NOTHING;
  }

  markActive(input: number): CoalescedChange {
    const ch = this.#channels[input];
    if (!ch.idle) return NOTHING;
    ch.idle = false;
    if (ch.watermark >= this.#last) ch.aligned = true;
    if (!this.#idle) return NOTHING;
    this.#idle = false;
    return { status: 'active' };
  }

  /** The input has ended: it no longer counts. */
  finish(input: number): CoalescedChange {
    return this.markIdle(input);
  }

  snapshot(): CoalescerState {
    return { watermarks: this.#channels.map((c) => c.watermark), last: this.#last };
  }
  /** Before the first event; for as many inputs. */
  restore(state: CoalescerState): void {
    this.#last = state.last;
    for (const [i, watermark] of state.watermarks.entries()) {
      this.#channels[i].watermark = watermark;
      this.#channels[i].aligned = watermark >= state.last;
    }
  }

  #advance(): CoalescedChange {
    let min: bigint | undefined;
    for (const ch of this.#channels) if (ch.aligned && (min === undefined || ch.watermark < min)) min = ch.watermark;
    return min === undefined ? NOTHING : this.#advanceTo(min);
  }
  #advanceTo(watermark: bigint): CoalescedChange {
    if (watermark <= this.#last) return NOTHING;
    this.#last = watermark;
    return { watermark };
  }
  #maximum(): bigint {
    return this.#channels.reduce((m, ch) => (ch.watermark > m ? ch.watermark : m), MIN);
  }
}
