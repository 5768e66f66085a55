/**
 * One doorbell per slot: a counter that others raise, and a flag that says whether its owner sleeps.
 * Law: look at the counter, look for work, then sleep only while the counter is what it was.
 */
const COUNT = 0;
const SLEEPING = 1;
const STRIDE = 16; // one cache line of i32 per doorbell

export class Doorbells {
  readonly sab: SharedArrayBuffer;
  readonly #i32: Int32Array;
  constructor(countOrSab: number | SharedArrayBuffer) {
    this.sab = typeof countOrSab === 'number' ? new SharedArrayBuffer(countOrSab * STRIDE * 4) : countOrSab;
    this.#i32 = new Int32Array(this.sab);
  }

  /** Wakes the owner of doorbell `i`, now or at its next attempt to sleep. */
  ring(i: number): void {
    Atomics.add(this.#i32, i * STRIDE + COUNT, 1);
    if (Atomics.load(this.#i32, i * STRIDE + SLEEPING) !== 0) Atomics.notify(this.#i32, i * STRIDE + COUNT);
  }
  /** The counter to hand to `sleep`. */
  look(i: number): number {
    return Atomics.load(this.#i32, i * STRIDE + COUNT);
  }
  /** Blocks the thread until the bell rings after `seen` was looked up, or for `timeoutMs`. */
  sleep(i: number, seen: number, timeoutMs: number): void {
    Atomics.store(this.#i32, i * STRIDE + SLEEPING, 1);
    Atomics.wait(this.#i32, i * STRIDE + COUNT, seen, timeoutMs);
    Atomics.store(this.#i32, i * STRIDE + SLEEPING, 0);
  }
  /** The same without blocking the thread: its event loop runs on. A timer keeps the thread alive meanwhile. */
  async rest(i: number, seen: number, timeoutMs: number): Promise<void> {
    Atomics.store(this.#i32, i * STRIDE + SLEEPING, 1);
    const rung = waitAsync(this.#i32, i * STRIDE + COUNT, seen, timeoutMs);
    if (rung.async) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([rung.value, new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)))]);
      clearTimeout(timer);
    }
    Atomics.store(this.#i32, i * STRIDE + SLEEPING, 0);
  }
}

/** Atomics.waitAsync is in every Node millrace runs on, but not in the ES2023 library. */
type WaitAsync = (
  i32: Int32Array,
  index: number,
  value: number,
  timeoutMs: number,
) => { readonly async: boolean; readonly value: PromiseLike<string> | string };
const waitAsync = (Atomics as unknown as { readonly waitAsync: WaitAsync }).waitAsync;

/** How one side of a ring wakes the other. */
export interface Bell {
  ring(): void;
}

export const NO_BELL: Bell = { ring: () => {} };
