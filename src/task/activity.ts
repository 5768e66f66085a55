/** What a slot does when it runs no operator. */
export const IDLE = -1;
/** its event loop: timers and promises of the job's functions */
export const CALLBACKS = -2;
/** loads the job's module, builds its subtasks */
export const STARTING = -3;

/** f64 words of one slot: { since, ms since the epoch; i32 what }, a cache line of its own */
export const ACTIVITY_WORDS = 8;

/**
 * What a slot is doing, and since when: two stores for each call of an operator. The host reads them, since a slot in an endless loop can answer nobody.
 * `what` is the number of an operator (`operatorNumber`) or one of the above.
 */
export class Activity {
  readonly #sinceMs: Float64Array;
  readonly #what: Int32Array;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(ACTIVITY_WORDS * 8), offset = 0) {
    this.#sinceMs = new Float64Array(buffer, offset, 1);
    this.#what = new Int32Array(buffer, offset + 8, 1);
  }

  begin(what: number, nowMs: number): void {
    this.#sinceMs[0] = nowMs;
    this.#what[0] = what;
  }
  /** An operator calls another. Returns what to go back to. */
  enter(operator: number): number {
    const before = this.#what[0];
    this.#what[0] = operator;
    return before;
  }
  leave(before: number): void {
    this.#what[0] = before;
  }

  get what(): number {
    return Atomics.load(this.#what, 0);
  }
  get sinceMs(): number {
    return this.#sinceMs[0];
  }
}

/** The operator whose promise, or whose other side's acknowledgement, a subtask waits for, and since when. */
export class Wait {
  on = IDLE;
  sinceMs = 0;
  begin(operator: number, nowMs: number): void {
    if (this.on === operator) return;
    this.on = operator;
    this.sinceMs = nowMs;
  }
  end(): void {
    this.on = IDLE;
  }
}

/** Operators are numbered task by task. */
export function operatorNumber(tasks: readonly { readonly ops: readonly unknown[] }[], task: number, op: number): number {
  let n = op;
  for (let t = 0; t < task; t++) n += tasks[t].ops.length;
  return n;
}

/** Name of an operator by its number. */
export function operatorName(tasks: readonly { readonly ops: readonly { readonly name: string }[] }[], operator: number): string | undefined {
  let n = operator;
  for (const t of tasks) {
    if (n < t.ops.length) return t.ops[n]?.name;
    n -= t.ops.length;
  }
  return undefined;
}
