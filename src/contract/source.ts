import type { Clock } from '../base/clock.js';
import type { ErrorPlace } from '../base/errors.js';
import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { ClosureTable } from './closures.js';
import type { Leaf } from '../types/leaf.js';
import type { Schema } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import type { FormatConfig, RecordDecoder } from './format.js';
import type { FrameReader, IoSpec } from './io.js';
import type { OptionDefs, TextOptions } from './options.js';

/** A table as a connector sees it: plain data, made by the planner. */
export interface SourceConfig {
  readonly connector: string;
  readonly tableName: string;
  /** the connector's own options, checked by `checkSource` */
  readonly options: TextOptions;
  readonly format?: FormatConfig;
  /** the columns wanted of the table, after projection push-down: physical ones (decoded by the format), then metadata columns */
  readonly schema: Schema;
  /** per top-level field of `schema`: the metadata key it reads, or undefined for a physical one */
  readonly metadata: readonly (string | undefined)[];
  /** all physical columns of the table in its order, before projection: formats that go by position (csv) need them; absent = the physical ones of `schema` */
  readonly tableSchema?: Schema;
  /** what the order of records means to the job; absent = 'matters'. The job finds it out when it is deployed */
  readonly order?: RecordOrder;
}

/**
 * What the records' order in their split means to the rest of the job. 'matters': a split is read in order by one subtask. 'event time': rows may be read by
 * several subtasks if each still gets the watermarks that one reader would give it (a relay). 'ignored': any subtask may read any record.
 */
export type RecordOrder = 'matters' | 'event time' | 'ignored';

/** What the host found out about the source before the job starts: plain data that every slot gets. */
export interface SourcePlan {
  readonly bounded: boolean;
  /** splits known at the start, for each subtask; a split is plain data that `createReader` understands */
  readonly splits: readonly (readonly unknown[])[];
  /** memory shared by all readers (claim counters) */
  readonly shared?: SharedArrayBuffer;
  /** memory of a WatermarkRelay: the readers take one input in pieces, and say where those begin and end */
  readonly relay?: SharedArrayBuffer;
  /** where bytes come from a socket or a stream */
  readonly io?: IoSpec;
  /** plain data for the readers */
  readonly detail?: unknown;
  /** positions whose rows the sinks have for good are handed to the IoSource about so often, ms, and at the end; absent = never */
  readonly commitIntervalMs?: number;
  /** the highest parallelism that makes sense (one split: 1); absent = any */
  readonly parallelismMax?: number;
}

export interface ReaderContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: MetricGroup;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly leaves: readonly Leaf[];
  readonly decoder?: RecordDecoder;
  readonly frames?: FrameReader;
  /** the job's functions and iterables; empty when it has none */
  readonly closures: ClosureTable;
  /** unique per job run: names dead-letter files */
  readonly runId?: string;
  /** rings the slot's doorbell: something came for a reader that `awaits` */
  readonly wake?: () => void;
  /** split numbers are small integers of the reader's own choice, put into batch.split; watermarks are kept per split when the plan asks */
  splitAdded(split: number): void;
  splitFinished(split: number): void;
  /** Of a plan with a relay: the rows that follow are of this piece of the input; all rows of it have been put into batches, the one being filled included. */
  pieceBegins?(piece: number): void;
  pieceEnds?(): void;
}

/** What `poll` found. */
export const POLL_IDLE = 0;
export const POLL_ROWS = 1;
export const POLL_END = 2;

export interface SourceReader {
  open?(): void;
  /**
   * Fills `batch` (cleared before) with the next rows and selects them, all of one split. Bounded work: at most one batch or about 1 ms.
   * POLL_ROWS: rows are there (maybe none of a piece of input). POLL_IDLE: nothing to read now. POLL_END: never again.
   */
  poll(batch: Batch): number;
  /** Where the record of a row of the batch last filled was read: for errors, so it may cost time. Absent, undefined = it is not known. */
  placeOf?(row: number): ErrorPlace | undefined;
  /** How long a POLL_IDLE reader may sleep at most, ms from now; absent = until its frames' doorbell rings. */
  wakeupMs?(): number | undefined;
  /** true: what an idle reader waits for comes through the thread's event loop (a promise), and it calls `wake` then */
  readonly awaits?: boolean;
  /** list state: one element per split, position included, restorable at any parallelism */
  snapshot(): Uint8Array[];
  restore(elements: readonly Uint8Array[]): void;
  close?(): void;
}

export type SinkChangelog = 'insert' | 'upsert' | 'all';

/** A connector: one object, exported as `connector` by its module and found by name. It is loaded only when a job names it. */
export interface Connector {
  readonly name: string;
  readonly sourceOptions?: OptionDefs;
  readonly sinkOptions?: OptionDefs;
  /** rows come from bytes through a format, from the connector itself, or both ways */
  readonly formats: 'required' | 'none';
  /** roles in which tables may give a parallelism of their own (scan.parallelism, sink.parallelism), as Flink's connector has those options; absent = both */
  readonly parallelism?: readonly ('source' | 'sink')[];
  /** the changes a sink takes: 'insert' = new rows only (the default); 'upsert' = +I +U -D of rows that are known by their key; 'all' = -U too */
  readonly changelog?: SinkChangelog;
  /** encoder options that this connector settles by itself, whatever the table says: format -> options */
  readonly encoderOptions?: Readonly<Record<string, TextOptions>>;
  /** metadata columns: key -> type as Flink documents; writable ones for sinks */
  readonly metadata?: Readonly<Record<string, { type: Schema['fields'][number]['type']; writable: boolean }>>;
  /** watermarks are generated per split inside the source, as Flink's SupportsWatermarkPushDown */
  readonly watermarkPerSplit?: boolean;
  /** Plan time: checks option values that depend on each other. `schema` is the table's. */
  checkSource?(config: SourceConfig, place: ErrorPlace): void;
  checkSink?(config: import('./sink.js').SinkConfig, place: ErrorPlace): void;
  /** Host, before the job starts: looks at the outside world. */
  planSource?(config: SourceConfig, host: HostContext): Promise<SourcePlan>;
  /** In a slot. `splits` is this subtask's part of the plan. */
  createReader?(config: SourceConfig, plan: SourcePlan, splits: readonly unknown[], ctx: ReaderContext): SourceReader;
  planSink?(config: import('./sink.js').SinkConfig, host: HostContext): Promise<import('./sink.js').SinkPlan>;
  createWriter?(
    config: import('./sink.js').SinkConfig,
    plan: import('./sink.js').SinkPlan,
    ctx: import('./sink.js').WriterContext,
  ): import('./sink.js').SinkWriter;
}

export interface HostContext {
  /** unique per job run; absent where nothing is going to run */
  readonly runId?: string;
  /** snapshots are taken: what sinks have not committed may be taken up by another run */
  readonly checkpoints?: boolean;
  /** when a job is restored: every element that the readers' snapshots held; a source with an IoSource starts it from there */
  readonly restored?: readonly Uint8Array[];
  readonly parallelism: number;
  readonly clock: Clock;
  readonly options: Readonly<Record<string, string>>;
  /** aborted when the job is over */
  readonly signal: AbortSignal;
}
