import type { GroupState } from '../aggregate/aggregates.js';

export interface Slice {
  readonly start: number;
  readonly state: GroupState;
  /** windows that end at or before this have had the slice's rows, or came too early for them: of a restored slice whose old subtask was ahead, of late rows */
  readonly firedEnd: number;
}

/** The slices of a window operator in the order of their starts. For each start one takes rows; others may stand beside it, for fewer windows. */
export class Slices {
  readonly #create: () => GroupState;
  readonly #taking = new Map<number, Slice>();
  readonly order: Slice[] = [];

  constructor(create: () => GroupState) {
    this.#create = create;
  }

  /** Does none stand beside another? */
  get single(): boolean {
    return this.order.length === this.#taking.size;
  }
  has(start: number): boolean {
    return this.#taking.has(start);
  }
  stateAt(start: number): GroupState | undefined {
    return this.#taking.get(start)?.state;
  }

  /** The slice that takes rows at `start`. */
  taking(start: number): Slice {
    let slice = this.#taking.get(start);
    if (slice === undefined) {
      slice = this.#insert(start, Number.NEGATIVE_INFINITY);
      this.#taking.set(start, slice);
    }
    return slice;
  }
  /** The slice at `start` of which windows up to `firedEnd` get nothing. */
  beside(start: number, firedEnd: number): Slice {
    return this.order.find((s) => s.start === start && s.firedEnd === firedEnd) ?? this.#insert(start, firedEnd);
  }
  #insert(start: number, firedEnd: number): Slice {
    const slice = { start, state: this.#create(), firedEnd };
    let i = this.order.length;
    while (i > 0 && this.order[i - 1].start > start) i--;
    this.order.splice(i, 0, slice);
    return slice;
  }

  /** Takes out the first one. */
  shift(): Slice {
    const slice = this.order.shift()!;
    if (this.#taking.get(slice.start) === slice) this.#taking.delete(slice.start);
    return slice;
  }

  /** Those that window [start, end) is made of. */
  of(start: number, end: number): Slice[] {
    const after = this.order.findIndex((s) => s.start >= end);
    return this.order.slice(0, after < 0 ? undefined : after).filter((s) => s.start >= start && s.firedEnd < end);
  }

  clear(): void {
    this.#taking.clear();
    this.order.length = 0;
  }
}
