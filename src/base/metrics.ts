/** Named numbers of one subtask. The hot path adds to a field; reading and summing happen elsewhere. */
export class Counter {
  value = 0;
  add(n: number): void {
    this.value += n;
  }
}

/** The metrics of one operator in one subtask, by Flink's names (numRecordsIn, numLateRecordsDropped, ...). */
export class MetricGroup {
  readonly counters = new Map<string, Counter>();
  readonly gauges = new Map<string, () => number>();
  counter(name: string): Counter {
    let c = this.counters.get(name);
    if (c === undefined) {
      c = new Counter();
      this.counters.set(name, c);
    }
    return c;
  }
  gauge(name: string, read: () => number): void {
    this.gauges.set(name, read);
  }
  snapshot(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const [k, c] of this.counters) out[k] = c.value;
    for (const [k, g] of this.gauges) out[k] = g();
    return out;
  }
}
