/** The DataStream API: build a graph of streams, run it here or as a module in workers. And SQL: run a script, or take a query's rows. */
export { type ErrorCode, type ErrorPlace, MillraceError } from './base/errors.js';
export type { Row } from './batch/rows.js';
export type { TimerService } from './chain/keyed.js';
export { registerConnector, registerFormat } from './contract/registry.js';
export type { JobHandle } from './job/execute.js';
export type { JobResult, JobStatus, Standing } from './job/status.js';
export type { ListState, MapState, ReducingState, StateAccess, ValueState } from './state/handles.js';
export { type ExecuteSqlOptions, executeSql, type SqlOptions, type SqlRow, sql, TableEnvironment } from './sql/environment.js';
export { AggregateSpec, avg, count, max, min, sum } from './stream/aggregates.js';
export {
  type Collector,
  type Kept,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  OutputTag,
  type ProcessContext,
  type ProcessFunction,
  type ProcessWindowFunction,
  type RichProcessFunction,
  type TimerContext,
  type TypedRow,
  type WindowContext,
} from './stream/api.js';
export type { ConnectorDescriptor } from './stream/connectors.js';
export { type ExecuteJobOptions, StreamExecutionEnvironment } from './stream/environment.js';
export { buildGraphFromModule, executeModule, type ModuleGraph } from './stream/execute.js';
export { type ColumnExpr, col, lit, type Operand } from './stream/expr.js';
export { type RowOf, type RowSchema, schema } from './stream/schema.js';
export { DataStream, KeyedStream } from './stream/stream.js';
export type { DataStreamSink } from './stream/stream-sink.js';
export {
  type Duration,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  Time,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  type WindowAssigner,
} from './stream/time.js';
export type { WindowedStream } from './stream/windowed.js';
export type { TimeWindow } from './window/assign.js';
export type { AggregateFunction } from './window/process.js';
