import type { Batch } from '../../batch/batch.js';
import { ElementWriter } from '../../batch/element.js';
import { POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceReader } from '../../contract/source.js';
import { userError } from '../../contract/user-code.js';

/** Elements fetched ahead of the job: enough to fill a batch while the last one is worked on. */
const PREFETCH_MAX = 2048;
type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;

/** Pulls an iterator ahead of the job, at most PREFETCH_MAX elements; the iterator waits while the job is behind. Its position cannot be restored. */
export class IterableReader implements SourceReader {
  readonly #given: unknown;
  readonly #name: string;
  readonly #ctx: ReaderContext;
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #queue: unknown[] = [];
  #ended = false;
  #closed = false;
  #failed = false;
  #error: unknown;
  #room: (() => void) | undefined;
  #writer: ElementWriter | undefined;

  constructor(given: unknown, name: string, ctx: ReaderContext) {
    this.#given = given;
    this.#name = name;
    this.#ctx = ctx;
  }

  open(): void {
    void this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      const iterable = (typeof this.#given === 'function' ? await (this.#given as () => unknown)() : this.#given) as AnyIterable;
      this.#iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
      while (!this.#closed) {
        const step = await this.#iterator.next();
        if (typeof step !== 'object') throw new TypeError(`the iterator's next() gave a ${typeof step}, no { value, done }`);
        if (step.done) break;
        if (this.#queue.push(step.value) === 1) this.#ctx.wake?.();
        if (this.#queue.length >= PREFETCH_MAX) await new Promise<void>((resolve) => (this.#room = resolve));
      }
    } catch (e) {
      this.#failed = true;
      this.#error = e;
    }
    this.#ended = true;
    this.#ctx.wake?.();
  }

  poll(batch: Batch): number {
    const queue = this.#queue;
    if (queue.length === 0) {
      if (this.#failed) throw userError(this.#error, this.#name, this.#given);
      return this.#ended ? POLL_END : POLL_IDLE;
    }
    this.#writer ??= new ElementWriter(this.#ctx.engine, this.#ctx.leaves, { operator: this.#name }, batch.capacity, batch);
    const writer = this.#writer;
    writer.clear();
    const n = Math.min(queue.length, batch.capacity);
    for (let i = 0; i < n; i++) writer.add(queue[i], undefined);
    writer.finish();
    this.#queue = queue.slice(n);
    this.#room?.();
    this.#room = undefined;
    return POLL_ROWS;
  }

  /** The iterator's promises need the event loop, and end in a `wake`. */
  get awaits(): boolean {
    return !this.#ended;
  }
  snapshot(): Uint8Array[] {
    return [];
  }
  restore(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#room?.();
    if (this.#ended) return;
    const iterator = this.#iterator;
    (async () => iterator?.return?.())().catch(() => {}); // the job has ended already: nobody can be told
  }
}
