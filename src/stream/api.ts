import type { Row } from '../batch/rows.js';
import type { Collector as AnyCollector } from '../contract/user-operator.js';
import type { Schema } from '../types/logical.js';
import type { StateAccess } from '../state/handles.js';
import type { TimerService } from '../chain/keyed.js';
import type { TimeWindow } from '../window/assign.js';
import type { RowSchema } from './schema.js';

/** The types of users' functions. */

/** A row handle with typed fields; toObject() gives one to keep. */
export type TypedRow<R> = Readonly<R> & { toObject(): R };

export type Collector<T> = AnyCollector<T>;

/** A side output by name, with the columns of its elements (JS values when it has none). */
export class OutputTag<T = unknown> {
  readonly id: string;
  readonly schema: Schema | undefined;
  declare readonly element?: T;
  constructor(id: string, schema?: RowSchema<unknown>) {
    this.id = id;
    this.schema = schema === undefined ? undefined : { fields: schema.fields };
  }
}

export interface ProcessContext {
  /** the element's timestamp, ms; undefined when it has none */
  readonly timestamp: number | undefined;
  readonly currentWatermark: number;
  readonly currentProcessingTime: number;
  output<U>(tag: OutputTag<U>, value: U): void;
}
export interface KeyedProcessContext<K> extends ProcessContext, StateAccess {
  readonly key: K;
  readonly timers: TimerService;
}
export interface TimerContext<K> extends KeyedProcessContext<K> {
  readonly timeDomain: 'event' | 'processing';
}

/** Results: collected, returned as an iterable, or both; a promise is awaited before the next element. */
export type Results<U> = Iterable<U> | void | Promise<Iterable<U> | void>;

export type ProcessFunction<T, U> = (value: T, ctx: ProcessContext, out: Collector<U>) => Results<U>;
export interface RichProcessFunction<T, U> {
  open?(): void;
  processElement(value: T, ctx: ProcessContext, out: Collector<U>): Results<U>;
  close?(): void;
}
export type KeyedProcessFunction<T, K, U> =
  | ((value: T, ctx: KeyedProcessContext<K>, out: Collector<U>) => Results<U>)
  | {
      open?(ctx: StateAccess): void;
      processElement(value: T, ctx: KeyedProcessContext<K>, out: Collector<U>): Results<U>;
      onTimer?(timestampMs: number, ctx: TimerContext<K>, out: Collector<U>): Results<U>;
      close?(): void;
    };

export interface WindowContext {
  /** [start, end) in ms */
  readonly window: TimeWindow;
  readonly currentWatermark: number;
  readonly currentProcessingTime: number;
  output<U>(tag: OutputTag<U>, value: U): void;
}
export type ProcessWindowFunction<T, K, U> = (key: K, ctx: WindowContext, elements: readonly T[], out: Collector<U>) => Results<U>;

/** A window's elements: row handles become plain objects, because they are kept. */
export type Kept<T> = T extends { toObject(): infer R } ? R : T extends Row ? Record<string, unknown> : T;
