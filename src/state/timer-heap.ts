/** Timers in order of time, then of registration. Cancelled ones stay until they surface: the owner checks. */
export class TimerHeap<T> {
  readonly #heap: { timeMs: number; seq: number; what: T }[] = [];
  #seq = 0;

  get nextMs(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0].timeMs;
  }

  push(timeMs: number, what: T): void {
    const heap = this.#heap;
    const item = { timeMs, seq: this.#seq++, what };
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = item;
  }

  /** The first timer at or before `timeMs`, taken off. */
  pop(timeMs: number): { timeMs: number; what: T } | undefined {
    const heap = this.#heap;
    if (heap.length === 0 || heap[0].timeMs > timeMs) return undefined;
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        heap[i] = heap[child];
        i = child;
      }
      heap[i] = last;
    }
    return top;
  }
}

function before(a: { timeMs: number; seq: number }, b: { timeMs: number; seq: number }): boolean {
  return a.timeMs !== b.timeMs ? a.timeMs < b.timeMs : a.seq < b.seq;
}
