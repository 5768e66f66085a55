/**
 * A log-linear histogram of times, as HdrHistogram's: 128 steps to a power of two, so that a value is known to 0.8 %, from 0.128 us to 275 s.
 * Everything is recorded; percentiles are read from the upper end of their step.
 */
const UNIT_NS = 128;
const STEPS = 128;
const SHIFT_MAX = 23;

export class Histogram {
  readonly counts = new Float64Array((SHIFT_MAX + 2) * STEPS);
  total = 0;
  maxNs = 0;

  record(ns: number): void {
    const u = Math.min(0x7fffffff, Math.max(0, Math.floor(ns / UNIT_NS)));
    const shift = Math.max(0, 24 - Math.clz32(u));
    this.counts[shift * STEPS + (u >>> shift)]++;
    this.total++;
    if (ns > this.maxNs) this.maxNs = ns;
  }

  add(other: HistogramData): void {
    for (const [i, n] of other.counts) this.counts[i] += n;
    this.total += other.total;
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  /** The time that this share (0..1) of the values did not exceed, ns. */
  percentileNs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i];
      if (seen >= rank) return Math.min(this.maxNs, upperNs(i));
    }
    return this.maxNs;
  }

  /** Only the steps that hold something. */
  get data(): HistogramData {
    const counts: [number, number][] = [];
    this.counts.forEach((n, i) => {
      if (n > 0) counts.push([i, n]);
    });
    return { counts, total: this.total, maxNs: this.maxNs };
  }
}

export interface HistogramData {
  readonly counts: readonly (readonly [number, number])[];
  readonly total: number;
  readonly maxNs: number;
}

/** The end of step `i`, ns. */
function upperNs(i: number): number {
  const shift = i < 2 * STEPS ? 0 : Math.floor(i / STEPS) - 1;
  return (i - shift * STEPS + 1) * 2 ** shift * UNIT_NS;
}
