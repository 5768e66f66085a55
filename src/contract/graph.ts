import type { Schema } from '../types/logical.js';

/** How records of an edge find the subtask of the receiver. */
export type Partitioning = 'forward' | 'hash' | 'rebalance' | 'broadcast';

export interface GraphEdge {
  readonly source: number;
  readonly partition: Partitioning;
  /** leaf indices of the key for 'hash' */
  readonly keys?: readonly number[];
  /** reads a side output instead of the main one */
  readonly side?: string;
}

/**
 * A node of the stream graph: pure data. `kind` finds the OperatorModule; `config` is what that module understands.
 * Sources and sinks are kinds too ('source', 'sink').
 */
export interface GraphNode {
  readonly id: number;
  /** stable across runs of the same program: state is found by it */
  readonly uid: string;
  /** what people read: 'window(TUMBLE 10 s) on user_id' */
  readonly name: string;
  readonly kind: string;
  readonly config: unknown;
  readonly inputs: readonly GraphEdge[];
  readonly output: Schema;
  /** schemas of side outputs by tag; a tag that is not here has the schema of the node's output */
  readonly sides?: Readonly<Record<string, Schema>>;
  /** absent = the job's */
  readonly parallelism?: number;
}

/** What both front doors build and the job runs. */
export interface StreamGraph {
  readonly nodes: readonly GraphNode[];
  /** job options by Flink's keys (SET) */
  readonly options: Readonly<Record<string, string>>;
  readonly name?: string;
}
