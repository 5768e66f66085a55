import type { Schema } from '../types/logical.js';

/** Configs of the node kinds that run users' functions. `closure` is an index into the job's closure table. */

/** A column (TIMESTAMP(0..3)/_LTZ, or BIGINT ms), or what the batches carry beside their columns. */
export type RecordTime = number | 'batch';

/** kinds 'map' (value -> value), 'filter' (value -> boolean), 'flatMap' ((value, out) -> results) */
export interface ClosureConfig {
  readonly closure: number;
  /** where the record's timestamp is: a column, or the batches' own times; absent = it has none */
  readonly time?: RecordTime;
}

/** kinds 'process', 'keyedProcess', 'reduce', 'windowProcess' */
export interface ProcessConfig extends ClosureConfig {
  readonly key?: KeyConfig;
  /** schemas of the side outputs */
  readonly sides?: Readonly<Record<string, Schema>>;
}

/** How a keyed operator finds the key of an element. */
export interface KeyConfig {
  /** leaf columns that the exchange hashed */
  readonly keys: readonly number[];
  /** names of the key fields; absent when a function computes the key */
  readonly names?: readonly string[];
  /** the key function */
  readonly closure?: number;
}

/** kind 'keyHash': appends the hash of what the function gives */
export interface KeyHashConfig {
  readonly closure: number;
}

/** kind 'assignTimestamps': times and watermarks by Flink's forBoundedOutOfOrderness */
export interface AssignTimestampsConfig {
  /** (value, earlier timestamp) -> ms; or */
  readonly closure?: number;
  /** the column that holds it: TIMESTAMP(0..3)/_LTZ or BIGINT ms */
  readonly column?: number;
  readonly outOfOrdernessMs: number;
  /** a watermark leaves as soon as it has advanced by more than this (pipeline.auto-watermark-interval) */
  readonly intervalMs: number;
  /** without records for so long this input does not hold back others; 0 = it always does */
  readonly idleTimeoutMs: number;
}

/** kind 'timeColumn': appends the records' timestamps as a TIMESTAMP(3) column */
export interface TimeColumnConfig {
  readonly name: string;
}

export type ClosureWindow =
  | { readonly type: 'tumble'; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly type: 'hop'; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly type: 'session'; readonly gapMs: number };

/** kind 'windowProcess' */
export interface WindowProcessConfig extends ProcessConfig {
  readonly key: KeyConfig;
  readonly window: ClosureWindow;
  readonly domain: 'event' | 'processing';
  readonly allowedLatenessMs: number;
  /** side output of late elements */
  readonly lateTag?: string;
  /** what a window keeps (`closure` -1: the combined value is the result): all elements, or one value made by `reduce` (value, value -> value) */
  readonly keep: 'elements' | 'reduce' | 'aggregate';
  /** 'reduce': the function; 'aggregate': { createAccumulator, add, getResult, merge } */
  readonly combine?: number;
}
