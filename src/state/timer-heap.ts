import { MinHeap } from './min-heap.js';

/**
 * Timers in order of time, then of registration. Timers of one time share a bucket, because windows end together: the heap orders times only.
 * Cancelled timers stay until they surface: the owner checks.
 */
export class TimerHeap<T> {
  readonly #times = new MinHeap();
  readonly #buckets = new Map<number, { readonly items: T[]; next: number }>();

  push(timeMs: number, what: T): void {
    const bucket = this.#buckets.get(timeMs);
    if (bucket !== undefined) {
      bucket.items.push(what);
      return;
    }
    this.#buckets.set(timeMs, { items: [what], next: 0 });
    this.#times.push(timeMs);
  }

  /** All of them, cancelled ones too, in no order. */
  *all(): Generator<T> {
    for (const { items, next } of this.#buckets.values()) for (let i = next; i < items.length; i++) yield items[i];
  }

  /** The first timer at or before `timeMs`, taken off. */
  pop(timeMs: number): { readonly timeMs: number; readonly what: T } | undefined {
    const at = this.#times.first;
    if (at === undefined || at > timeMs) return undefined;
    const bucket = this.#buckets.get(at)!;
    const what = bucket.items[bucket.next++];
    if (bucket.next === bucket.items.length) {
      this.#buckets.delete(at);
      this.#times.dropFirst();
    }
    return { timeMs: at, what };
  }
}
