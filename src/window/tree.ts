import type { GroupState } from '../aggregate/aggregates.js';
import type { WindowGroups } from './groups.js';
import type { SliceSpec } from './spec.js';

/** Slices of a window from which the tree pays: fewer are merged one by one. */
const SLICES_MIN = 8;

/** One merge to be done. */
export interface Merge {
  readonly into: GroupState;
  readonly from: GroupState;
}

/** A window that is due: its slices are merged, then its groups leave batch by batch. */
export interface Firing {
  readonly end: number;
  readonly state: GroupState;
  /** still to be merged, in order; the first one is being walked */
  readonly merges: Merge[];
  /** the state is the window's own, not a slice's */
  readonly merged: boolean;
  walking: boolean;
}

/**
 * Merged slices of long overlapping windows. A node of level L covers 2^L slices and is made when a window first needs it; a window is then
 * some 2 log2(slices) nodes instead of all its slices (a dyadic cover, as in a segment tree). Nodes are a cache: a row for a slice that is
 * already covered drops the nodes above it, and snapshots leave them out.
 */
export class SliceTree {
  readonly #spec: SliceSpec;
  readonly #groups: WindowGroups;
  /** by level: node number (slice number >> level) to its state */
  readonly #levels: Map<number, GroupState>[] = [];
  #coveredEnd = Number.NEGATIVE_INFINITY;

  constructor(spec: SliceSpec, groups: WindowGroups) {
    this.#spec = spec;
    this.#groups = groups;
  }

  get pays(): boolean {
    return this.#spec.sizeMs / this.#spec.sliceMs >= SLICES_MIN;
  }

  /** The merges, in order, that make the window ending at `end` in `into`; nodes made on the way stay. */
  plan(into: GroupState, end: number, sliceAt: (start: number) => GroupState | undefined): Merge[] {
    const merges: Merge[] = [];
    const sources: GroupState[] = [];
    const to = this.#number(end);
    let from = this.#number(end - this.#spec.sizeMs);
    while (from < to) {
      let level = 0;
      while (from % 2 ** (level + 1) === 0 && from + 2 ** (level + 1) <= to) level++;
      const node = this.#node(level, from / 2 ** level, sliceAt, merges);
      if (node !== undefined) sources.push(node);
      from += 2 ** level;
    }
    this.#coveredEnd = Math.max(this.#coveredEnd, end);
    for (const source of sources.reverse()) merges.push({ into, from: source });
    return merges;
  }

  #number(start: number): number {
    return (start - this.#spec.offsetMs) / this.#spec.sliceMs;
  }

  #node(level: number, number: number, sliceAt: (start: number) => GroupState | undefined, merges: Merge[]): GroupState | undefined {
    if (level === 0) return sliceAt(number * this.#spec.sliceMs + this.#spec.offsetMs);
    this.#levels[level] ??= new Map();
    const known = this.#levels[level].get(number);
    if (known !== undefined) return known;
    const left = this.#node(level - 1, 2 * number, sliceAt, merges);
    const right = this.#node(level - 1, 2 * number + 1, sliceAt, merges);
    if (left === undefined || right === undefined) return left ?? right;
    const state = this.#groups.create(Math.max(this.#groups.count(left), this.#groups.count(right)));
    merges.push({ into: state, from: right }, { into: state, from: left });
    this.#levels[level].set(number, state);
    return state;
  }

  /** A slice gets rows: nodes that have merged it already are dropped. */
  touch(start: number): void {
    if (start >= this.#coveredEnd) return;
    const number = this.#number(start);
    this.#levels.forEach((nodes, level) => {
      const at = Math.floor(number / 2 ** level);
      const state = nodes.get(at);
      if (state === undefined) return;
      this.#groups.free(state);
      nodes.delete(at);
    });
  }

  /** Frees the nodes that begin before `start`: later windows begin there or after. */
  dropBefore(start: number): void {
    const first = this.#number(start);
    this.#levels.forEach((nodes, level) => {
      for (const [number, state] of nodes) {
        if (number * 2 ** level >= first) continue;
        this.#groups.free(state);
        nodes.delete(number);
      }
    });
  }

  close(): void {
    for (const nodes of this.#levels.filter((n) => n !== undefined)) for (const state of nodes.values()) this.#groups.free(state);
    this.#levels.length = 0;
  }
}
