import type { Clock } from '../base/clock.js';
import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { ClosureTable } from './closures.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';

/** Flink's MIN and MAX watermark. */
export const WATERMARK_MIN = -(2n ** 63n);
export const WATERMARK_MAX = 2n ** 63n - 1n;

/** Number of the barrier that stands behind everything: a subtask's input has ended, and all of it has been handled. */
export const BARRIER_LAST = Number.MAX_SAFE_INTEGER;

/** Where an operator sends what it makes. The runtime behind it never fails for lack of room: it holds the operator back before its next input. */
export interface Output {
  /** Hands over the selected rows; the receiver is done with the batch, or has copied it, when this returns. */
  emit(batch: Batch): void;
  /** A side output by its tag. A tag nobody listens to is discarded. */
  emitSide(tag: string, batch: Batch): void;
  /** Tells receivers that this output is idle (it does not hold back their event time) or active again. Absent where nobody listens. */
  status?(idle: boolean): void;
}

export interface OperatorContext {
  readonly engine: Engine;
  readonly out: Output;
  /** leaf columns of each input */
  readonly inputs: readonly (readonly Leaf[])[];
  readonly output: readonly Leaf[];
  /** exports of the module this node's `emit` gave, linked in this slot; empty when it gave none */
  readonly emitted: WebAssembly.Exports;
  readonly clock: Clock;
  readonly metrics: MetricGroup;
  /** operator name for messages */
  readonly name: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** the job's options (SET), by key */
  readonly options: Readonly<Record<string, string>>;
  /** the job's functions; empty when it has none */
  readonly closures: ClosureTable;
  /** Asks for processProcessingTime(atMs) at or after wall-clock `atMs`; asking again for an earlier time is fine, later ones are kept too. */
  registerProcessingTimer(atMs: number): void;
  /** For closures: the step is held back until the promise settles; the slot turns its event loop meanwhile. A rejection fails the job. */
  hold(promise: Promise<void>): void;
}

/** State of one operator in one subtask at a batch boundary. */
export interface OperatorSnapshot {
  /** keyed state by key group: opaque bytes; on restore a subtask gets the groups it owns, from however many old subtasks */
  readonly keyed: readonly { readonly group: number; readonly bytes: Uint8Array }[];
  /** list state: each element goes to one subtask on restore (round robin when the parallelism changes) */
  readonly list: readonly Uint8Array[];
  /** union state: every subtask gets all elements on restore */
  readonly union: readonly Uint8Array[];
}

export const EMPTY_SNAPSHOT: OperatorSnapshot = { keyed: [], list: [], union: [] };

/**
 * An operator: a state machine that the runtime calls with one event at a time and never re-enters.
 * Law: between two calls its state is at a batch boundary and can be snapshotted, unless `resume` is owed.
 */
export interface Operator {
  /** true: batches arrive whole with their watermark marks and the operator passes marks on (stateless operators). Else the runtime splits at marks. */
  readonly passesMarks?: boolean;
  open?(): void;
  /** The selected rows of one batch of input `input`. Returns true when output is left to make: `resume` is then called before anything else. */
  processBatch(batch: Batch, input: number): boolean | void;
  /** The operator's event time (minimum over inputs) is now `watermark`. The runtime passes it on when this and any `resume` are done. Returns as processBatch. */
  processWatermark?(watermark: bigint): boolean | void;
  /**
   * false: this watermark changes nothing for the operator (nothing fires, no row becomes late), so rows on both sides of it may come together.
   * What does not matter now did not at an earlier watermark either. Watermarks that are left out are not passed on; the last one of a batch always is,
   * behind all its rows when it does not matter. Absent = every watermark matters.
   */
  watermarkMatters?(watermark: bigint): boolean;
  /** true: a batch comes whole, with its marks to read, and of its watermarks only the last one follows. For what tells row by row what is late and has a price per watermark. */
  readonly readsMarks?: boolean;
  /** Makes at most about one batch of owed output. Returns true while more is owed. */
  resume?(): boolean;
  /** true while `resume` could do nothing: room or an acknowledgement must come first (a doorbell will ring) */
  readonly waiting?: boolean;
  processProcessingTime?(nowMs: number): boolean | void;
  /** No more records on any input (the final watermark came before). Returns as processBatch. */
  finish?(): boolean | void;
  /**
   * A snapshot is about to be taken: passes on what is kept back only for speed (Flink's prepareSnapshotPreBarrier), so that it need not be in the snapshot.
   * Operators further up the chain are done with it. Returns as processBatch; may be called again, and then owes nothing when nothing came in between.
   */
  prepareSnapshot?(): boolean | void;
  /**
   * What is kept of the rows that came until now and whose results have not all left for good: a point that `released` understands; undefined = nothing.
   * When no snapshots are taken, a barrier waits here for its point, because a crash would lose those rows. An operator that keeps rows for ever has
   * neither: such a job may not commit positions without snapshots.
   */
  retains?(): number | undefined;
  /** Nothing is kept any more of what `retains` gave this point for. Asked at a later batch boundary. */
  released?(point: number): boolean;
  /** Bytes are owned by the caller. */
  snapshot?(): OperatorSnapshot;
  /** Before `open`. `snapshot` already holds only what this subtask owns. */
  restore?(snapshot: OperatorSnapshot): void;
  /** Sinks, right after `snapshot`: what was written since the last one, as bytes that `commit` makes visible, in this or another process. */
  prepareCommit?(): Uint8Array[];
  /** The snapshot that held the committables is complete. Doing it twice is doing it once; may come before `open`. */
  commit?(committables: readonly Uint8Array[]): void;
  close?(): void;
}

/** On the host, once per job: the bytes of the module to link in each slot; it imports what the operator's `host` gives. */
export type OperatorEmitter<C = unknown> = (config: C, inputs: readonly (readonly Leaf[])[]) => Uint8Array;

/** What a node kind brings: looked up by kind, so that a plan is data. C is the node's config, plain data. */
export interface OperatorModule<C = unknown> {
  /** Host functions the emitted module imports under "host". */
  host?(config: C, ctx: Omit<OperatorContext, 'emitted'>): Record<string, (...args: never[]) => unknown>;
  create(config: C, ctx: OperatorContext): Operator;
}

/** First key group of a subtask, as Flink's KeyGroupRangeAssignment. Groups of subtask i: [start(i), start(i + 1)). */
export function keyGroupStart(maxParallelism: number, parallelism: number, subtask: number): number {
  return Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism);
}

/** The subtask that owns a key group. */
export function subtaskOfKeyGroup(maxParallelism: number, parallelism: number, group: number): number {
  return Math.floor((group * parallelism) / maxParallelism);
}
