/** Numbers, the least first: a binary heap. */
export class MinHeap {
  readonly #heap: number[] = [];

  get first(): number | undefined {
    return this.#heap[0];
  }

  push(n: number): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(n);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent] <= n) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = n;
  }

  dropFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
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
