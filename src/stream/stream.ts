import type { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { MillraceError } from '../base/errors.js';
import { own } from '../base/own.js';
import { KEY_HASH_FIELD, TEXT_FIELD, VALUE_SCHEMA } from '../batch/element.js';
import type { Row } from '../batch/rows.js';
import type { AssignTimestampsConfig, ClosureConfig, KeyConfig, KeyHashConfig, ProcessConfig, RecordTime } from '../contract/closure-nodes.js';
import type { ElementSink } from '../connect/iterable/writer.js';
import type { GraphEdge, Partitioning } from '../contract/graph.js';
import type { CalcConfig, WatermarkConfig } from '../contract/nodes.js';
import { INT, type Schema, typeToString } from '../types/logical.js';
import type { Collector, KeyedProcessFunction, Kept, OutputTag, ProcessFunction, RichProcessFunction, TypedRow } from './api.js';
import { type ConnectorDescriptor, sinkConfig } from './connectors.js';
import type { ExecuteJobOptions, StreamExecutionEnvironment } from './environment.js';
import { type ColumnExpr, columnOf, resolveColumns, resolveExpr } from './expr.js';
import { fieldKey, isValues, LINE, sameFields, typesOf, unknownField } from './fields.js';
import { type DraftNode, findLeaf } from './graph-builder.js';
import { QueueSink, WritableSink } from './node-streams.js';
import type { RowOf, RowSchema } from './schema.js';
import { DataStreamSink } from './stream-sink.js';
import { assignedColumn, watermarkConfig } from './watermark.js';
import type { WatermarkStrategy, WindowAssigner } from './time.js';
import { WindowedStream } from './windowed.js';

/** Where a stream's elements come from: the output (or a side output) of a node. */
export interface StreamSource {
  readonly env: StreamExecutionEnvironment;
  readonly node: DraftNode;
  readonly side?: string;
  /** where the elements' timestamps are */
  readonly time?: RecordTime;
  readonly partition?: Partitioning;
}

/** A stream of elements of type T. Every method adds to the job's graph; nothing runs before env.execute(). */
export class DataStream<T> {
  protected readonly source: StreamSource;

  constructor(source: StreamSource) {
    this.source = source;
  }

  get env(): StreamExecutionEnvironment {
    return this.source.env;
  }
  /** The declared fields of the elements; one field named $value for JS values without a schema. */
  get schema(): Schema {
    const { node, side } = this.source;
    return side === undefined ? node.output : (own(node.sides ?? {}, side) ?? node.output);
  }

  // ---- functions in JS ----

  /** One result per element. A promise is awaited; results keep their order. */
  map<U>(fn: (value: T) => U | Promise<U>): DataStream<U> {
    return this.#closure<U>('map', 'Map', fn, VALUE_SCHEMA);
  }

  /** Keeps elements for which the function (or the expression over columns, which runs in wasm) is true. */
  filter(condition: ((value: T) => boolean | Promise<boolean>) | ColumnExpr): DataStream<T> {
    if (typeof condition === 'function') {
      const { node } = this.#add(
        'filter',
        'Filter',
        { closure: this.env.builder.closure(condition), time: this.source.time } satisfies ClosureConfig,
        this.schema,
      );
      return new DataStream<T>({ env: this.env, node, time: this.source.time });
    }
    this.#needsSchema('a filter by expression');
    const filter = resolveExpr(condition, this.schema);
    if (filter.type.root !== 'BOOLEAN')
      throw new MillraceError('TYPE_MISMATCH', `a filter is BOOLEAN, not ${typeToString(filter.type)}`, { remedy: "Compare with something: col('x').gt(1)." });
    const config: CalcConfig = { filter, project: resolveColumns(this.schema), timeZone: this.env.timeZone };
    const { node } = this.#add('calc', `Filter(${condition.describe()})`, config, this.schema);
    return new DataStream<T>({ env: this.env, node, time: this.source.time });
  }

  /** Any number of results per element: out.collect(...), or return an iterable. */
  flatMap<U>(fn: (value: T, out: Collector<U>) => Iterable<U> | void | Promise<Iterable<U> | void>): DataStream<U> {
    return this.#closure<U>('flatMap', 'FlatMap', fn, VALUE_SCHEMA);
  }

  /** As flatMap, with timestamps, watermark and side outputs. */
  process<U = unknown>(fn: ProcessFunction<T, U> | RichProcessFunction<T, U>): DataStream<U> {
    return this.#closure<U>('process', 'Process', fn, VALUE_SCHEMA);
  }

  // ---- columns ----

  /** Declares the rows that the last function gives, so that they become columns: what declarative steps and sinks need. */
  returns<S extends RowSchema<unknown>>(schema: S): DataStream<TypedRow<RowOf<S>>> {
    const { node, side } = this.source;
    const fresh = side === undefined && ['map', 'flatMap', 'process', 'keyedProcess', 'windowProcess', 'reduce'].includes(node.kind) && isValues(node.output);
    if (fresh && !this.env.isRead(node)) {
      node.output = { fields: schema.fields };
      return new DataStream({ ...this.source });
    }
    return this.#closure('map', 'ToRows', (value: T) => value, { fields: schema.fields });
  }

  /** Columns by name or expression, in wasm: select('userId', col('amount').times(2).as('twice')). */
  select(...columns: (string | ColumnExpr)[]): DataStream<Row> {
    this.#needsSchema('select');
    const exprs = columns.map((c) => (typeof c === 'string' ? columnOf(c) : c));
    const project = exprs.map((e) => resolveExpr(e, this.schema));
    const output: Schema = { fields: project.map((p, i) => ({ name: exprs[i].name, type: p.type })) };
    const config: CalcConfig = { project, timeZone: this.env.timeZone };
    const { node } = this.#add('calc', `Select(${output.fields.map((f) => f.name).join(', ')})`, config, output);
    const { time } = this.source;
    if (typeof time !== 'number') return new DataStream({ env: this.env, node, time });
    const name = exprs.find((e) => e.isLeaf(this.schema, time))?.name; // without the column there are no timestamps any more
    return new DataStream({ env: this.env, node, time: name === undefined ? undefined : findLeaf(output, name)?.leaf });
  }

  // ---- event time ----

  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T> | WatermarkStrategy): DataStream<T> {
    const s = strategy as WatermarkStrategy<T>;
    const column = assignedColumn(s, this.schema);
    const name = 'TimestampsAndWatermarks';
    if (column?.inWasm) {
      const config: WatermarkConfig = watermarkConfig(s, column, this.env.watermarkIntervalMs);
      const { node } = this.#add('watermark', name, config, this.schema);
      return new DataStream<T>({ env: this.env, node, time: column.leaf });
    }
    if (column === undefined && typeof s.assigner !== 'function') {
      throw new MillraceError('GRAPH_INVALID', 'a watermark strategy here needs a timestamp assigner', {
        remedy: "Add .withTimestampAssigner('field') or .withTimestampAssigner((value) => ms).",
      });
    }
    const config: AssignTimestampsConfig = {
      closure: column === undefined ? this.env.builder.closure(s.assigner) : undefined,
      column: column?.leaf,
      outOfOrdernessMs: s.outOfOrdernessMs,
      idleTimeoutMs: s.idlenessMs,
      intervalMs: this.env.watermarkIntervalMs,
    };
    const { node } = this.#add('assignTimestamps', name, config, this.schema);
    return new DataStream<T>({ env: this.env, node, time: 'batch' });
  }

  // ---- partitioning ----

  /** Partitions by fields (of typed streams: columns, hashed in wasm) or by what a function gives (any plain value; structures compare by content). */
  keyBy<K = unknown>(...key: [(value: T) => K] | string[]): KeyedStream<T, K> {
    const [first] = key;
    if (first === undefined) throw new MillraceError('GRAPH_INVALID', 'keyBy needs a key', { remedy: "Name fields, keyBy('userId'), or give a function." });
    if (typeof first === 'string' && !isValues(this.schema)) return this.#keyByColumns<K>(key as string[]);
    const fn = typeof first === 'function' ? first : fieldKey(key as string[]);
    const closure = this.env.builder.closure(fn);
    const schema = this.schema;
    const output: Schema = { fields: [...schema.fields, { name: KEY_HASH_FIELD, type: INT(false) }] };
    const { node } = this.#add('keyHash', 'Key', { closure } satisfies KeyHashConfig, output);
    const hash = findLeaf(output, KEY_HASH_FIELD)!.leaf;
    return new KeyedStream<T, K>({ env: this.env, node, time: this.source.time, partition: 'hash' }, { keys: [hash], closure });
  }

  #keyByColumns<K>(names: string[]): KeyedStream<T, K> {
    const found = names.map((n) => {
      const leaf = findLeaf(this.schema, n);
      if (leaf === undefined) throw unknownField(n, this.schema);
      if (leaf.type.root === 'ANY' || leaf.type.root === 'ROW') {
        throw new MillraceError('GRAPH_INVALID', `'${n}' is ${typeToString(leaf.type)}, which is no key`, { remedy: 'Key by its fields, or by a function.' });
      }
      return leaf.leaf;
    });
    return new KeyedStream<T, K>({ ...this.source, partition: 'hash' }, { keys: found, names });
  }

  /** All of these streams as one. */
  union(...others: DataStream<T>[]): DataStream<T> {
    const streams = [this, ...others];
    for (const o of others) {
      if (typesOf(o.schema) !== typesOf(this.schema)) {
        throw new MillraceError('TYPE_MISMATCH', `union of ${typesOf(this.schema)} and ${typesOf(o.schema)}`, {
          remedy: 'Give both the same fields, with select or returns.',
        });
      }
    }
    const node = this.env.builder.add({ name: 'Union', kind: 'union', config: {}, inputs: streams.map((s) => s.edge()), output: this.schema });
    const sameTime = streams.every((s) => s.source.time === this.source.time);
    if (!sameTime)
      throw new MillraceError('GRAPH_INVALID', 'union of streams whose timestamps are found in different ways', {
        remedy: 'Assign timestamps after the union.',
      });
    return new DataStream<T>({ env: this.env, node, time: this.source.time });
  }

  rebalance(): DataStream<T> {
    return new DataStream<T>({ ...this.source, partition: 'rebalance' });
  }
  broadcast(): DataStream<T> {
    return new DataStream<T>({ ...this.source, partition: 'broadcast' });
  }
  forward(): DataStream<T> {
    return new DataStream<T>({ ...this.source, partition: 'forward' });
  }

  /** What the last function sent to a side output. */
  getSideOutput<U>(tag: OutputTag<U>): DataStream<U> {
    const { node } = this.source;
    node.sides = { ...node.sides, [tag.id]: own(node.sides ?? {}, tag.id) ?? tag.schema ?? VALUE_SCHEMA };
    const config = node.config as ProcessConfig;
    node.config = { ...config, sides: node.sides };
    return new DataStream<U>({ env: this.env, node, side: tag.id, time: this.source.time === undefined ? undefined : 'batch' });
  }

  // ---- sinks ----

  /** Writes to a connector. With a schema, fields are found by name; without one, all fields are written. */
  sinkTo(descriptor: ConnectorDescriptor): DataStreamSink {
    const typed = this.#asRows(descriptor.schema);
    const metadata = descriptor.schema?.metadata ?? {};
    const config = { sink: sinkConfig(descriptor, typed.schema, metadata) };
    return new DataStreamSink(typed.#add('sink', `Sink: ${descriptor.name ?? descriptor.connector}`, config, typed.schema).node);
  }

  /** Prints every element on the host's terminal: a row as `+I[1, a]`, a JS value as it is. */
  print(identifier?: string): DataStreamSink {
    const lines = isValues(this.schema)
      ? this.#closure(
          'map',
          'ToText',
          (value: T) => ({ [TEXT_FIELD]: typeof value === 'string' ? value : inspect(value, { breakLength: Number.POSITIVE_INFINITY }) }),
          LINE,
        )
      : this;
    return lines.sinkTo({ connector: 'print', ...(identifier === undefined ? {} : { 'print-identifier': identifier }) });
  }

  #asRows(wanted: RowSchema<unknown> | undefined): DataStream<unknown> {
    if (isValues(this.schema)) {
      if (wanted !== undefined) return this.returns(wanted);
      throw new MillraceError('GRAPH_INVALID', 'the elements are JS values without declared fields, so they cannot be written', {
        remedy: 'Declare the fields: .returns(schema({ ... })), or give sinkTo a schema.',
      });
    }
    if (wanted === undefined || sameFields(wanted, this.schema)) return this;
    return this.select(...wanted.fields.map((f) => columnOf(f.name).castTo(f.type).as(f.name)));
  }

  /** Writes to a node:stream on the job's thread, which waits while the stream is full: text or bytes, or objects to an object stream. */
  sinkToWritable(stream: Writable): DataStreamSink {
    return this.#elementSink(new WritableSink(stream), 'Writable');
  }

  /** Runs the job and gives this stream's elements as they come; leaving the loop cancels the job. Rows are plain objects. */
  async *executeAndCollect(name?: string, options: ExecuteJobOptions = {}): AsyncGenerator<Kept<T>> {
    const queue = new QueueSink<Kept<T>>();
    this.#elementSink(queue, 'Collect');
    const job = await this.env.execute(name, options);
    yield* queue.elementsOf(job);
  }
  /** executeAndCollect under the name that JS people look for. */
  toAsyncIterable(name?: string, options: ExecuteJobOptions = {}): AsyncGenerator<Kept<T>> {
    return this.executeAndCollect(name, options);
  }

  #elementSink(sink: ElementSink, name: string): DataStreamSink {
    const closure = String(this.env.builder.closure(sink));
    const config = { sink: sinkConfig({ connector: 'iterable', closure, name }, this.schema, {}) };
    return new DataStreamSink(this.#add('sink', name, config, this.schema).node);
  }

  // ---- the last step ----

  /** The name people read in messages and metrics. */
  name(name: string): this {
    this.source.node.name = name;
    return this;
  }
  /** The name by which state is found again. */
  uid(uid: string): this {
    this.source.node.uid = uid;
    return this;
  }
  setParallelism(parallelism: number): this {
    this.source.node.parallelism = parallelism;
    return this;
  }

  // ---- for the classes of this folder ----

  /** @internal */
  edge(): GraphEdge {
    const { node, side, partition } = this.source;
    this.env.markRead(node);
    return { source: node.id, partition: partition ?? 'forward', ...(side === undefined ? {} : { side }) };
  }
  /** @internal */
  add(kind: string, name: string, config: unknown, output: Schema): { node: DraftNode } {
    return this.#add(kind, name, config, output);
  }
  #add(kind: string, name: string, config: unknown, output: Schema): { node: DraftNode } {
    return { node: this.env.builder.add({ kind, name, config, inputs: [this.edge()], output }) };
  }

  #closure<U>(kind: string, name: string, fn: unknown, output: Schema): DataStream<U> {
    const config: ClosureConfig = { closure: this.env.builder.closure(fn), time: this.source.time };
    const { node } = this.#add(kind, name, config, output);
    return new DataStream<U>({ env: this.env, node, time: this.source.time === undefined ? undefined : 'batch' });
  }

  #needsSchema(what: string): void {
    if (isValues(this.schema)) {
      throw new MillraceError('GRAPH_INVALID', `${what} needs columns, and these elements are JS values without declared fields`, {
        remedy: 'Declare the fields: .returns(schema({ ... })).',
      });
    }
  }
}

/** A stream partitioned by key: one subtask sees all elements of a key, in order. */
export class KeyedStream<T, K = unknown> extends DataStream<T> {
  readonly #key: KeyConfig;

  constructor(source: StreamSource, key: KeyConfig) {
    super(source);
    this.#key = key;
  }

  /** @internal */
  override edge(): GraphEdge {
    return { ...super.edge(), keys: this.#key.keys };
  }
  /** @internal */
  get key(): KeyConfig {
    return this.#key;
  }
  /** @internal A step between this stream's elements and their partitioning. */
  before(kind: string, name: string, config: unknown, output: Schema): KeyedStream<T, K> {
    const unkeyed = new DataStream<T>({ ...this.source, partition: undefined });
    const { node } = unkeyed.add(kind, name, config, output);
    return new KeyedStream<T, K>({ env: this.env, node, time: this.source.time, partition: 'hash' }, this.#key);
  }

  /** A function with state and timers per key. */
  override process<U = unknown>(fn: KeyedProcessFunction<T, K, U>): DataStream<U> {
    const config: ProcessConfig = { closure: this.env.builder.closure(fn), key: this.#key, time: this.source.time };
    const { node } = this.add('keyedProcess', 'KeyedProcess', config, VALUE_SCHEMA);
    return new DataStream<U>({ env: this.env, node, time: 'batch' });
  }

  /** The rolling combination of each key's elements: every element gives the value so far. */
  reduce(fn: (a: T, b: T) => T): DataStream<T> {
    const config: ProcessConfig = { closure: this.env.builder.closure(fn), key: this.#key, time: this.source.time };
    const output: Schema = { fields: this.schema.fields.filter((f) => f.name !== KEY_HASH_FIELD) };
    const { node } = this.add('reduce', 'Reduce', config, output);
    return new DataStream<T>({ env: this.env, node, time: this.source.time === undefined ? undefined : 'batch' });
  }

  window(assigner: WindowAssigner): WindowedStream<T, K> {
    if (assigner.domain === 'event' && this.source.time === undefined) {
      throw new MillraceError('GRAPH_INVALID', 'an event-time window on a stream without timestamps', {
        remedy: 'Call assignTimestampsAndWatermarks(...) before it, or use a processing-time window.',
      });
    }
    return new WindowedStream<T, K>(this, this.source.time, assigner);
  }
}
