/**
 * Timers in order of time, then of registration. Timers of one time share a bucket, because windows end together: the heap orders times only.
 * Cancelled timers stay until they surface: the owner checks.
 */
export class TimerHeap<T> {
  readonly #times: number[] = [];
  readonly #buckets = new Map<number, { readonly items: T[]; next: number }>();

  push(timeMs: number, what: T): void {
    const bucket = this.#buckets.get(timeMs);
    if (bucket !== undefined) {
      bucket.items.push(what);
      return;
    }
    this.#buckets.set(timeMs, { items: [what], next: 0 });
    const heap = this.#times;
    let i = heap.length;
    heap.push(timeMs);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent] <= timeMs) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = timeMs;
  }

  /** The first timer at or before `timeMs`, taken off. */
  pop(timeMs: number): { readonly timeMs: number; readonly what: T } | undefined {
    const at = this.#times[0];
    if (at === undefined || at > timeMs) return undefined;
    const bucket = this.#buckets.get(at)!;
    const what = bucket.items[bucket.next++];
    if (bucket.next === bucket.items.length) {
      this.#buckets.delete(at);
      this.#dropFirst();
    }
    return { timeMs: at, what };
  }

  #dropFirst(): void {
    const heap = this.#times;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= last) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
  }
}
