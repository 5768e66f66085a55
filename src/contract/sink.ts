import type { Clock } from '../base/clock.js';
import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { ClosureTable } from './closures.js';
import type { Leaf } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import type { FormatConfig, RecordEncoder } from './format.js';
import type { FrameWriter, IoSpec } from './io.js';
import type { TextOptions } from './options.js';

export interface SinkConfig {
  readonly connector: string;
  readonly tableName: string;
  readonly options: TextOptions;
  readonly format?: FormatConfig;
  readonly schema: Schema;
  /** per top-level field: the metadata key it is written to, or undefined for a physical one */
  readonly metadata: readonly (string | undefined)[];
  /** PARTITIONED BY fields */
  readonly partitionKeys: readonly string[];
  /** leaf indices of the primary key, empty when there is none */
  readonly primaryKey: readonly number[];
}

export interface SinkPlan {
  readonly io?: IoSpec;
  readonly detail?: unknown;
}

export interface WriterContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: MetricGroup;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly leaves: readonly Leaf[];
  readonly encoder?: RecordEncoder;
  readonly frames?: FrameWriter;
  /** the job's functions and iterables; empty when it has none */
  readonly closures: ClosureTable;
  /** unique per job run: names files so that two runs never collide */
  readonly runId: string;
  /** snapshots are taken: rows become visible only through `prepareCommit` and `commit`, those of the end of input too */
  readonly checkpoints?: boolean;
}

/** Writes one subtask's rows. Two phases: what `prepareCommit` gives becomes visible only in `commit`. */
export interface SinkWriter {
  open?(): void;
  /** All selected rows; their kinds are in batch.kinds. Returns true when it must be called back through `resume` before the next batch (no room yet). */
  write(batch: Batch): boolean | void;
  resume?(): boolean;
  /** true while `resume` could do nothing because somebody else must act first */
  readonly waiting?: boolean;
  /** Called about every output flush interval and before snapshots: pass buffered rows on. true = not all had room. */
  flush?(): boolean | void;
  /** End of input: everything is flushed and, without checkpoints, committed. Returns true while not done (call again). */
  finish(): boolean;
  /** Committables of everything written so far: opaque bytes that `commit` understands, in any process. */
  prepareCommit?(): Uint8Array[];
  /** Idempotent: committing twice is committing once. */
  commit?(committables: readonly Uint8Array[]): void;
  /** List state. Rows written before are in it, or on the other side for good, or in committables: after `flush` nothing else holds any. */
  snapshot?(): Uint8Array[];
  /** Before `open`. */
  restore?(elements: readonly Uint8Array[]): void;
  /** Without snapshots: as an operator's. Rows that `flush` has put away for good are not retained; what stands in files that nobody sees yet is. */
  retains?(): number | undefined;
  released?(point: number): boolean;
  /** Frees resources; without finish() before it, nothing uncommitted becomes visible. */
  close?(): void;
}
