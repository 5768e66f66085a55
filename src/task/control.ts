import { ACTIVITY_WORDS, Activity, IDLE } from './activity.js';

/**
 * What the host and the slots share while a job runs: a cancel flag, the number of the barrier that sources are to send, and figures per subtask that the host reads for its status line.
 * One SharedArrayBuffer; every figure is written by one slot only.
 */
const CANCEL = 0;
const BARRIER = 1;
const SUBTASKS = 2;
const HEADER_WORDS = 8;
/** f64 figures of one subtask */
export const FIGURES = [
  'recordsIn',
  'recordsOut',
  'lateDropped',
  'badRecords',
  'bytesIn',
  'blockedMs',
  'idleMs',
  'pending',
  'waitingOn',
  'waitingSinceMs',
] as const;
export type Figure = (typeof FIGURES)[number];
const WATERMARK_WORD = FIGURES.length;
const STRIDE = 16; // f64/i64 words per subtask: two cache lines

export class Control {
  readonly sab: SharedArrayBuffer;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #i64: BigInt64Array;

  constructor(sab: SharedArrayBuffer) {
    this.sab = sab;
    this.#i32 = new Int32Array(this.sab);
    this.#f64 = new Float64Array(this.sab);
    this.#i64 = new BigInt64Array(this.sab);
  }

  static create(subtasks: number, slots: number): Control {
    const control = new Control(new SharedArrayBuffer((HEADER_WORDS + subtasks * STRIDE + slots * ACTIVITY_WORDS) * 8));
    control.#i32[SUBTASKS] = subtasks;
    for (let i = 0; i < subtasks; i++) control.set(i, 'waitingOn', IDLE);
    for (let i = 0; i < slots; i++) control.activity(i).begin(IDLE, 0);
    return control;
  }
  /** What a slot is doing. */
  activity(slot: number): Activity {
    return new Activity(this.sab, (HEADER_WORDS + this.#i32[SUBTASKS] * STRIDE + slot * ACTIVITY_WORDS) * 8);
  }

  cancel(): void {
    Atomics.store(this.#i32, CANCEL, 1);
  }
  get cancelled(): boolean {
    return Atomics.load(this.#i32, CANCEL) !== 0;
  }
  /** Sources send this barrier at their next batch boundary. */
  askBarrier(barrier: number): void {
    Atomics.store(this.#i32, BARRIER, barrier);
  }
  get barrier(): number {
    return Atomics.load(this.#i32, BARRIER);
  }
  set(subtask: number, figure: Figure, value: number): void {
    this.#f64[HEADER_WORDS + subtask * STRIDE + FIGURES.indexOf(figure)] = value;
  }
  get(subtask: number, figure: Figure): number {
    return this.#f64[HEADER_WORDS + subtask * STRIDE + FIGURES.indexOf(figure)];
  }
  setWatermark(subtask: number, watermark: bigint): void {
    Atomics.store(this.#i64, HEADER_WORDS + subtask * STRIDE + WATERMARK_WORD, watermark);
  }
  watermark(subtask: number): bigint {
    return Atomics.load(this.#i64, HEADER_WORDS + subtask * STRIDE + WATERMARK_WORD);
  }
}

/** Figures are numbered task by task, subtask by subtask. */
export function subtaskNumber(tasks: readonly { readonly parallelism: number }[], task: number, subtask: number): number {
  let n = 0;
  for (let t = 0; t < task; t++) n += tasks[t].parallelism;
  return n + subtask;
}
