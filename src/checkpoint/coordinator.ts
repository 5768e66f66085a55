import { BARRIERS_HELD_MAX } from '../base/limits.js';
import { BARRIER_LAST } from '../contract/operator.js';

/** A source whose positions are asked for. Subtasks have numbers that are unique in the job. */
export interface CoordinatedSource {
  readonly nodeId: number;
  readonly subtasks: readonly number[];
  /** subtasks with the sinks that its rows reach */
  readonly sinks: readonly number[];
}

/** How far a barrier has come in a subtask. */
export interface ArrivedBarrier {
  readonly subtask: number;
  readonly barrier: number;
  /** where a source stood when it sent it; absent: the subtask's sinks have what came before it for good */
  readonly positions?: readonly Uint8Array[];
}

/** Positions at which a source's subtask sent a barrier. */
interface Sent {
  readonly barrier: number;
  readonly positions: readonly Uint8Array[];
}

interface SourceState extends CoordinatedSource {
  /** by subtask, in order of barriers */
  readonly sent: Map<number, Sent[]>;
  completed: number;
}

/**
 * Follows barriers through a job. A barrier is complete for a source when it, or a later one, has passed all sinks that the source's rows reach: what was read before it is there for
 * good. A subtask may pass over barriers; a later one stands for them.
 */
export class Coordinator {
  readonly #sources: readonly SourceState[];
  readonly #complete: (nodeId: number, positions: readonly Uint8Array[]) => void;
  /** by subtask with sinks */
  readonly #passed = new Map<number, number>();
  #barrier = 0;

  /** `complete` is told of the newest positions behind which nothing can be lost. */
  constructor(sources: readonly CoordinatedSource[], complete: (nodeId: number, positions: readonly Uint8Array[]) => void) {
    this.#sources = sources.map((s) => ({ ...s, sent: new Map(s.subtasks.map((t) => [t, []])), completed: 0 }));
    this.#complete = complete;
  }

  /** The number of the next barrier. A subtask whose input has ended sends none: its last positions stand for it. */
  next(): number {
    this.#barrier++;
    for (const source of this.#sources) {
      for (const sent of source.sent.values()) {
        const last = sent.at(-1);
        if (last?.barrier === BARRIER_LAST) sent.splice(-1, 0, { barrier: this.#barrier, positions: last.positions });
      }
    }
    return this.#barrier;
  }

  arrived({ subtask, barrier, positions }: ArrivedBarrier): void {
    if (positions === undefined) this.#hasPassed(subtask, barrier);
    else this.#wasSent(subtask, barrier, positions);
  }

  #wasSent(subtask: number, barrier: number, positions: readonly Uint8Array[]): void {
    const list = this.#sources.find((s) => s.sent.has(subtask))?.sent.get(subtask);
    if (list === undefined) return;
    // many wait only behind long windows, where coarser steps will do
    if (list.length >= 2 * BARRIERS_HELD_MAX) list.splice(0, list.length, ...list.filter((_, i) => i % 2 === 1));
    list.push({ barrier, positions });
  }

  #hasPassed(subtask: number, barrier: number): void {
    this.#passed.set(subtask, Math.max(barrier, this.#passed.get(subtask) ?? 0));
    for (const source of this.#sources) if (source.sinks.includes(subtask)) this.#advance(source);
  }

  #advance(source: SourceState): void {
    const barrier = Math.min(...source.sinks.map((s) => this.#passed.get(s) ?? 0));
    if (barrier <= source.completed) return;
    source.completed = barrier;
    const positions: Uint8Array[] = [];
    for (const sent of source.sent.values()) {
      const n = sent.findLastIndex((s) => s.barrier <= barrier);
      if (n < 0) continue;
      positions.push(...sent[n].positions);
      sent.splice(0, n);
    }
    if (positions.length > 0) this.#complete(source.nodeId, positions);
  }
}
