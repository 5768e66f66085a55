import { MillraceError } from '../base/errors.js';
import { setOwn } from '../base/own.js';
import { parseDurationMs } from '../base/quantity.js';
import { VALUE_SCHEMA } from '../batch/element.js';
import type { RecordTime } from '../contract/closure-nodes.js';
import type { SourceNodeConfig } from '../contract/nodes.js';
import type { SourceConfig } from '../contract/source.js';
import type { JobHandle } from '../job/execute.js';
import type { Schema } from '../types/logical.js';
import type { TypedRow } from './api.js';
import { type ConnectorDescriptor, sourceConfig } from './connectors.js';
import { type BuiltGraph, type DraftNode, GraphBuilder } from './graph-builder.js';
import { type ReadableLike, readableElements } from './node-streams.js';
import type { RowOf, RowSchema } from './schema.js';
import { DataStream } from './stream.js';
import type { WatermarkStrategy } from './time.js';
import { assignedColumn, watermarkConfig } from './watermark.js';

export interface ExecuteJobOptions {
  /** cancels the job */
  readonly signal?: AbortSignal;
  /** takes what print() writes; default: stdout */
  readonly print?: (text: string) => void;
}

export type MaybeFunction<V> = V | (() => V | Promise<V>);

/** Where a job's graph is built: sources first, then steps on the streams they give, then execute(). */
export class StreamExecutionEnvironment {
  /** @internal */
  readonly builder = new GraphBuilder();
  readonly #options: Record<string, string> = {};
  readonly #read = new Set<DraftNode>();
  /** @internal set where a module's default export builds for somebody else to run */
  building: string | undefined;

  static getExecutionEnvironment(options: Readonly<Record<string, string>> = {}): StreamExecutionEnvironment {
    const env = new StreamExecutionEnvironment();
    for (const [k, v] of Object.entries(options)) env.set(k, v);
    return env;
  }

  /** A job option by Flink's key: set('execution.buffer-timeout.interval', '10 ms'). */
  set(key: string, value: string): this {
    setOwn(this.#options, key, value);
    return this;
  }
  setParallelism(parallelism: number): this {
    return this.set('parallelism.default', String(parallelism));
  }
  setMaxParallelism(groups: number): this {
    return this.set('pipeline.max-parallelism', String(groups));
  }
  /** -1: buffers leave only when full. */
  setBufferTimeout(ms: number): this {
    if (ms < 0) return this.set('execution.buffer-timeout.enabled', 'false');
    return this.set('execution.buffer-timeout.interval', `${ms} ms`);
  }

  /** @internal */
  get watermarkIntervalMs(): number {
    return parseDurationMs(this.#options['pipeline.auto-watermark-interval'] ?? '200 ms');
  }
  /** @internal */
  get timeZone(): string {
    return this.#options['table.local-time-zone'] ?? 'UTC';
  }
  /** @internal somebody reads the node's output: its schema is settled */
  markRead(node: DraftNode): void {
    this.#read.add(node);
  }
  /** @internal */
  isRead(node: DraftNode): boolean {
    return this.#read.has(node);
  }

  // ---- sources ----

  /** A connector by Flink's option keys: fromConnector({ connector: 'kafka', topic: 't', format: 'json', schema: schema({ ... }), ... }). */
  fromConnector<S extends RowSchema<unknown>>(
    descriptor: ConnectorDescriptor & { readonly schema: S },
    strategy?: WatermarkStrategy,
  ): DataStream<TypedRow<RowOf<S>>> {
    const config = sourceConfig(descriptor, descriptor.schema);
    return this.#source(config, { fields: descriptor.schema.fields }, `Source: ${config.tableName}`, strategy);
  }
  /** As in Flink: a source with its watermark strategy (watermarks per split where the connector can) and its name. */
  fromSource<S extends RowSchema<unknown>>(
    descriptor: ConnectorDescriptor & { readonly schema: S },
    strategy: WatermarkStrategy,
    name: string,
  ): DataStream<TypedRow<RowOf<S>>> {
    return this.fromConnector(descriptor, strategy).name(name);
  }

  fromCollection<S extends RowSchema<unknown>>(elements: Iterable<object>, schema: S): DataStream<TypedRow<RowOf<S>>>;
  fromCollection<T>(elements: Iterable<T>): DataStream<T>;
  fromCollection(elements: Iterable<unknown>, schema?: RowSchema<unknown>): DataStream<never> {
    return this.#elements('collection', [...elements], schema);
  }
  fromElements<T>(...elements: T[]): DataStream<T> {
    return this.fromCollection(elements);
  }

  /** An async iterable, or a function that gives one (needed where several workers build the graph: only the reader calls it). */
  fromAsyncIterable<S extends RowSchema<unknown>>(iterable: MaybeFunction<AsyncIterable<object>>, schema: S): DataStream<TypedRow<RowOf<S>>>;
  fromAsyncIterable<T>(iterable: MaybeFunction<AsyncIterable<T>>): DataStream<T>;
  fromAsyncIterable(iterable: MaybeFunction<AsyncIterable<unknown>>, schema?: RowSchema<unknown>): DataStream<never> {
    return this.#elements('iterable', iterable, schema);
  }

  /** A node:stream: lines of text of a byte stream, or the objects of an object stream. */
  fromReadable<S extends RowSchema<unknown>>(stream: MaybeFunction<ReadableLike>, schema: S): DataStream<TypedRow<RowOf<S>>>;
  fromReadable<T = string>(stream: MaybeFunction<ReadableLike>): DataStream<T>;
  fromReadable(stream: MaybeFunction<ReadableLike>, schema?: RowSchema<unknown>): DataStream<never> {
    const iterable = async (): Promise<AsyncIterable<unknown>> => readableElements(typeof stream === 'function' ? await stream() : stream);
    return this.#elements('iterable', iterable, schema);
  }

  #elements(connector: string, value: unknown, schema: RowSchema<unknown> | undefined): DataStream<never> {
    const fields: Schema = schema === undefined ? VALUE_SCHEMA : { fields: schema.fields };
    const options = { closure: String(this.builder.closure(value)) };
    const config: SourceConfig = {
      connector,
      tableName: connector,
      options,
      schema: fields,
      metadata: fields.fields.map(() => undefined),
    };
    return this.#source(config, fields, `Source: ${connector}`) as unknown as DataStream<never>;
  }

  #source<T>(source: SourceConfig, output: Schema, name: string, strategy?: WatermarkStrategy): DataStream<T> {
    const column = strategy === undefined ? undefined : assignedColumn(strategy as WatermarkStrategy<never>, output);
    const inSource = column?.inWasm === true;
    const config: SourceNodeConfig = inSource
      ? { source, watermark: watermarkConfig(strategy as WatermarkStrategy<never>, column, this.watermarkIntervalMs) }
      : { source };
    const node = this.builder.add({ kind: 'source', name, config, inputs: [], output });
    const time: RecordTime | undefined = inSource ? column.leaf : undefined;
    const stream = new DataStream<T>({ env: this, node, time });
    return strategy === undefined || inSource ? stream : stream.assignTimestampsAndWatermarks(strategy as WatermarkStrategy<T>);
  }

  // ---- running ----

  /** The graph and its functions as built so far. */
  build(name?: string): BuiltGraph {
    return this.builder.build(this.#options, name);
  }

  /** Starts the job; await handle.done for its end. A job with functions runs on this thread at parallelism 1: put it into a module for more. */
  async execute(name?: string, options: ExecuteJobOptions = {}): Promise<JobHandle> {
    if (this.building !== undefined) {
      throw new MillraceError('GRAPH_INVALID', 'a job module only builds its graph', {
        place: { file: this.building },
        remedy: 'Leave env.execute() out: whoever runs the module executes it.',
      });
    }
    const { executeBuilt } = await import('./execute.js');
    return executeBuilt(this.build(name), options);
  }
}
