import type { Expr } from '../types/expr.js';
import type { LogicalType } from '../types/logical.js';
import type { SinkConfig } from './sink.js';
import type { SourceConfig } from './source.js';

/** Configs of the declarative node kinds: what the planners write and the operators read. Columns are leaf indices of the node's input. */

/** kind 'source' */
export interface SourceNodeConfig {
  readonly source: SourceConfig;
  readonly watermark?: WatermarkConfig;
}

/** kind 'values': a bounded source of literal rows (value forms as in Literal), read by subtask 0 */
export interface ValuesConfig {
  readonly rows: readonly (readonly (null | boolean | number | bigint | string)[])[];
}

/** kind 'watermark', and part of a source */
export interface WatermarkConfig {
  /** the event-time attribute: TIMESTAMP(3) or TIMESTAMP_LTZ(3) over the input's leaves; NULL fails the job */
  readonly rowtime: Expr;
  /** the watermark expression, same type; NULL emits nothing for that row */
  readonly watermark: Expr;
  /** a watermark is emitted as soon as it has advanced by more than this since the last one (pipeline.auto-watermark-interval) */
  readonly intervalMs: number;
  /** keep one watermark per split and emit their minimum */
  readonly perSplit: boolean;
  /** a split (or subtask) without records for so long does not hold back the others; 0 = never idle */
  readonly idleTimeoutMs: number;
  readonly timeZone: string;
}

/** kind 'calc': rows that pass `filter`, as `project`: one expression per top-level field, a ROW column goes with its leaves */
export interface CalcConfig {
  readonly filter?: Expr;
  readonly project: readonly Expr[];
  /** table.local-time-zone, an IANA name or offset: casts between TIMESTAMP and TIMESTAMP_LTZ */
  readonly timeZone: string;
}

export type WindowSpec =
  | { readonly type: 'tumble'; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly type: 'hop'; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly type: 'session'; readonly gapMs: number };

export interface AggregateCall {
  /** countStar has no argument; count counts non-NULL arguments */
  readonly fn: 'countStar' | 'count' | 'sum' | 'min' | 'max' | 'avg';
  readonly arg?: number;
  readonly distinct: boolean;
  /** BOOLEAN column: only rows where it is TRUE */
  readonly filter?: number;
  /** the result's type by Flink's rules */
  readonly type: LogicalType;
}

/** kind 'windowAggregate'. Output leaves: keys, then calls, then windowOutputs. A second input brings what a local phase has accumulated. */
export interface WindowAggregateConfig {
  readonly window: WindowSpec;
  readonly time: 'rowtime' | 'proctime';
  /** rowtime only: a TIMESTAMP(3)/TIMESTAMP_LTZ(3) column in ms, never NULL here */
  readonly timeColumn: number;
  /** 'UTC' when the time attribute is TIMESTAMP; else the zone in which windows are aligned and window_start/window_end are shown */
  readonly timeZone: string;
  readonly keys: readonly number[];
  readonly calls: readonly AggregateCall[];
  /** start, end: TIMESTAMP(3); rowtime: end - 1 ms as the time attribute; proctime: the attribute of a processing-time window */
  readonly windowOutputs: readonly ('start' | 'end' | 'rowtime' | 'proctime')[];
}

/**
 * kind 'localWindowAggregate': the first of two phases, before the shuffle; tumbling and hopping windows in event time, no DISTINCT.
 * Rows that are not worth it leave as they came. Side output PARTIALS: keys, then accumulators (VARBINARY, opaque), then the slice's end
 * (BIGINT NOT NULL, ms on the windows' time line), and where it decides for hopping windows `firedEnd` (the same): windows that end at or before it had fired when
 * the rows came, and do not get them. The second phase is 'windowAggregate' with the rows as its first input and PARTIALS as its second.
 */
export interface LocalWindowAggregateConfig {
  readonly window: Exclude<WindowSpec, { type: 'session' }>;
  readonly timeColumn: number;
  readonly timeZone: string;
  readonly keys: readonly number[];
  readonly calls: readonly AggregateCall[];
  /** the rows' own watermarks are all the event time there is: what is late by them ends here, counted */
  readonly decides: boolean;
}
export const PARTIALS = 'partials';

/** kind 'lateFilter': before the shuffle of tumbling windows that have no local phase, where the rows' own watermarks are all the event time there is. */
export interface LateFilterConfig {
  readonly window: Extract<WindowSpec, { type: 'tumble' }>;
  readonly timeColumn: number;
  readonly timeZone: string;
}

/** kind 'groupAggregate': a running GROUP BY. Output leaves: keys, then calls. What leaves is a changelog. */
export interface GroupAggregateConfig {
  /** none: one group of all rows */
  readonly keys: readonly number[];
  readonly calls: readonly AggregateCall[];
  /** the input takes rows back (-U, -D); MIN, MAX and DISTINCT are then not possible */
  readonly retracts: boolean;
  /** an update leaves as -U and +U; else as +U alone, for receivers that know rows by their key */
  readonly updateBefore: boolean;
  /** table.exec.mini-batch: rows are gathered for so long, or until there are so many, and each group that changed leaves once */
  readonly miniBatch?: { readonly latencyMs: number; readonly rows: number };
}

/** kind 'sink' */
export interface SinkNodeConfig {
  readonly sink: SinkConfig;
}
