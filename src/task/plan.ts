import type { Partitioning } from '../contract/graph.js';
import type { Registrations } from '../contract/registry.js';
import type { SinkPlan } from '../contract/sink.js';
import type { SourcePlan } from '../contract/source.js';
import type { Leaf } from '../types/leaf.js';

/** What the host posts to every slot: the whole job, plain data, shared buffers and compiled modules. */
export interface JobPlan {
  readonly name: string;
  /** unique per run */
  readonly runId: string;
  readonly tasks: readonly TaskPlan[];
  readonly edges: readonly EdgePlan[];
  readonly options: Readonly<Record<string, string>>;
  readonly maxParallelism: number;
  readonly bufferTimeoutMs: number;
  readonly slots: number;
  /** snapshots are taken: sinks make rows visible only by commit, and subtasks that have finished keep their last state */
  readonly checkpoints?: boolean;
  /** module whose default export rebuilds the graph: where closures come from */
  readonly module?: ModulePlan;
  /** connectors and formats that are not millrace's own */
  readonly registrations: Registrations;
}

export interface ModulePlan {
  readonly url: string;
  readonly graphHash: string;
  /** a module that exports `buildGraphFromModule` (the DataStream API, which this folder may not import) */
  readonly builder: string;
  /** job options that were given to the module on the host */
  readonly settings: Readonly<Record<string, string>>;
}

/** Operators that run fused in one subtask: a tree in topological order, ops[0] is its head. */
export interface TaskPlan {
  readonly id: number;
  readonly name: string;
  readonly parallelism: number;
  readonly ops: readonly OpPlan[];
  /** edges that end at the head */
  readonly inputs: readonly number[];
}

export interface OpPlan {
  readonly nodeId: number;
  readonly uid: string;
  readonly name: string;
  readonly kind: string;
  readonly config: unknown;
  readonly inputs: readonly (readonly Leaf[])[];
  readonly output: readonly Leaf[];
  readonly module?: WebAssembly.Module;
  readonly source?: SourcePlan;
  readonly sink?: SinkPlan;
  readonly targets: readonly OpTarget[];
}

/** Where an op's output goes: a fused op, or an edge to another task. */
export interface OpTarget {
  readonly op?: number;
  readonly edge?: number;
  /** input number of the receiver */
  readonly input: number;
  readonly side?: string;
}

export interface EdgePlan {
  readonly id: number;
  readonly partition: Partitioning;
  readonly keys: readonly number[];
  readonly leaves: readonly Leaf[];
  readonly fromTask: number;
  readonly toTask: number;
  readonly toInput: number;
  /** rings[i][j]: from sender i to receiver j; absent where none is needed ('forward') */
  readonly rings: readonly (readonly (SharedArrayBuffer | undefined)[])[];
}

/** Rings between one node's subtasks and an I/O thread. */
export interface IoRings {
  readonly nodeId: number;
  readonly thread: 'io' | 'host';
  readonly rings: readonly SharedArrayBuffer[];
}

/** Subtask i of every task runs in slot i modulo the number of slots. */
export function slotOf(subtask: number, slots: number): number {
  return subtask % slots;
}

/** Key of one operator's metrics in one subtask. */
export function metricKey(name: string, nodeId: number, subtask: number): string {
  return `${nodeId}: ${name} (${subtask})`;
}
