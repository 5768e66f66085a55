import { MillraceError } from '../base/errors.js';
import type { OperatorSnapshot } from '../contract/operator.js';
import { shareOf, shareOfList } from '../contract/redistribute.js';
import type { CoalescerState } from '../time/coalesce.js';

/** State of one operator (or source) in one subtask, and what its sink has yet to make visible. */
export interface OperatorState extends OperatorSnapshot {
  readonly committables: readonly Uint8Array[];
}

/** Where a gate's channels come from (uid of the sending task's head, its subtask) and how far their event time has come. */
export interface GateState extends CoalescerState {
  readonly senders: readonly string[];
}

/** One subtask at its batch boundary: plain data, bytes owned by the snapshot. */
export interface SubtaskSnapshot {
  readonly index: number;
  readonly parallelism: number;
  /** by operator uid */
  readonly operators: Readonly<Record<string, OperatorState>>;
  /** of the head operator, when it reads from an exchange */
  readonly gate?: GateState;
  readonly head: string;
}

/** A whole job at a consistent cut: nothing was on its way between subtasks. */
export interface JobSnapshot {
  readonly version: 1;
  readonly maxParallelism: number;
  readonly subtasks: readonly SubtaskSnapshot[];
}

const NOTHING: OperatorState = { keyed: [], list: [], union: [], committables: [] };

/** Reads a job's snapshot for the subtasks of a new run. */
export class Restored {
  readonly #snapshot: JobSnapshot;
  constructor(snapshot: JobSnapshot) {
    if (snapshot.version !== 1) throw new MillraceError('STATE_INCOMPATIBLE', `a snapshot of version ${String(snapshot.version)}`);
    this.#snapshot = snapshot;
  }

  get maxParallelism(): number {
    return this.#snapshot.maxParallelism;
  }

  /** uids that have state, a position, or something to commit */
  get uids(): Set<string> {
    const found = new Set<string>();
    for (const s of this.#snapshot.subtasks) {
      for (const [uid, o] of Object.entries(s.operators)) if (o.keyed.length + o.list.length + o.union.length + o.committables.length > 0) found.add(uid);
    }
    return found;
  }

  /** The old subtasks' states of an operator, in their order; empty when there was no such operator. */
  #all(uid: string): OperatorState[] {
    const of = this.#snapshot.subtasks.filter((s) => Object.hasOwn(s.operators, uid));
    const out: OperatorState[] = Array.from({ length: of[0]?.parallelism ?? 0 }, () => NOTHING);
    for (const s of of) out[s.index] = s.operators[uid];
    return out;
  }

  /** What subtask `index` goes on with; undefined when the operator is new. */
  operator(uid: string, index: number, parallelism: number): OperatorState | undefined {
    const all = this.#all(uid);
    if (all.length === 0) return undefined;
    const share = shareOf(all, index, parallelism, this.#snapshot.maxParallelism);
    return {
      ...share,
      committables: shareOfList(
        all.map((s) => s.committables),
        index,
        parallelism,
      ),
    };
  }

  /** Elements of list state of all subtasks: a source's positions, for the connector's planner. */
  elements(uid: string): Uint8Array[] {
    return this.#all(uid).flatMap((s) => s.list);
  }

  /** Event time per channel; only when the same subtask has the same channels, otherwise they begin anew, as in Flink. */
  gate(head: string, index: number, parallelism: number, senders: readonly string[]): GateState | undefined {
    const old = this.#snapshot.subtasks.find((s) => s.head === head && s.index === index && s.parallelism === parallelism)?.gate;
    return old !== undefined && old.senders.join() === senders.join() ? old : undefined;
  }
}
