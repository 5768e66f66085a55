import { type ArrivedBarrier, type CoordinatedSource, Coordinator } from '../checkpoint/coordinator.js';
import type { Control } from '../task/control.js';
import { subtaskNumber } from '../task/control.js';
import type { JobPlan, TaskPlan } from '../task/plan.js';

/** Sends barriers through a running job from time to time, and tells the sources what the sinks have for good. */
export class Commits {
  readonly #coordinator: Coordinator;
  readonly #control: Control;
  readonly #wake: () => void;
  readonly #timer: NodeJS.Timeout;
  #ended = false;

  constructor(plan: JobPlan, intervalMs: number, control: Control, wake: () => void, complete: (nodeId: number, positions: readonly Uint8Array[]) => void) {
    this.#control = control;
    this.#wake = wake;
    this.#coordinator = new Coordinator(coordinated(plan), complete);
    this.#timer = setInterval(() => this.#ask(), intervalMs);
  }

  #ask(): void {
    this.#control.askBarrier(this.#coordinator.next());
    this.#wake();
  }

  /** The job is about to be cancelled: sources send one more barrier before they stop. */
  last(): void {
    if (!this.#ended) this.#control.askBarrier(this.#coordinator.next());
    this.stop();
  }

  arrived(b: ArrivedBarrier): void {
    this.#coordinator.arrived(b);
  }

  stop(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}

/** Sources that want positions, and the subtasks of the sinks that their rows reach. */
export function coordinated(plan: JobPlan): CoordinatedSource[] {
  const numbers = (t: TaskPlan): number[] => Array.from({ length: t.parallelism }, (_, i) => subtaskNumber(plan.tasks, t.id, i));
  return plan.tasks
    .filter((t) => t.ops[0].source?.commitIntervalMs !== undefined)
    .map((task) => {
      const reached = new Set([task.id]);
      for (const id of reached) for (const e of plan.edges) if (e.fromTask === id) reached.add(e.toTask); // a set's walk meets what is added on the way
      const sinks = plan.tasks.filter((t) => reached.has(t.id) && t.ops.some((op) => op.kind === 'sink'));
      return { nodeId: task.ops[0].nodeId, subtasks: numbers(task), sinks: sinks.flatMap(numbers) };
    });
}
