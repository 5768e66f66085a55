import { MillraceError } from '../base/errors.js';
import { KEY_HASH_FIELD, VALUE_SCHEMA } from '../batch/element.js';
import type { RecordTime, TimeColumnConfig, WindowProcessConfig } from '../contract/closure-nodes.js';
import type { WindowAggregateConfig } from '../contract/nodes.js';
import { type Field, type Schema, TIMESTAMP } from '../types/logical.js';
import { flatten } from '../types/leaf.js';
import type { Row } from '../batch/rows.js';
import type { AggregateFunction } from '../window/process.js';
import { type AggregateSpec, avg, count, isAggregateSpec, max, min, sum } from './aggregates.js';
import type { Kept, OutputTag, ProcessWindowFunction } from './api.js';
import { type Duration, durationMs, type WindowAssigner } from './time.js';
import { isValues } from './fields.js';
import { DataStream, type KeyedStream } from './stream.js';

const TIME_FIELD = '$rowtime';

/** A keyed stream in windows. Declarative aggregates run in wasm, functions in JS. */
export class WindowedStream<T, K> {
  readonly #input: KeyedStream<T, K>;
  readonly #time: RecordTime | undefined;
  readonly #assigner: WindowAssigner;
  #latenessMs = 0;
  #lateTag: OutputTag<Kept<T>> | undefined;

  constructor(input: KeyedStream<T, K>, time: RecordTime | undefined, assigner: WindowAssigner) {
    this.#input = input;
    this.#time = time;
    this.#assigner = assigner;
  }

  /** Keeps windows for so long after their end; each element that still comes fires the window again. */
  allowedLateness(lateness: Duration): this {
    this.#latenessMs = durationMs(lateness);
    return this;
  }
  /** Elements too late for every window go to this side output instead of being counted and dropped. */
  sideOutputLateData(tag: OutputTag<Kept<T>>): this {
    this.#lateTag = tag;
    return this;
  }

  /** Called with all elements of a window when it fires. */
  process<U = unknown>(fn: ProcessWindowFunction<Kept<T>, K, U>): DataStream<U> {
    return this.#node<U>({ keep: 'elements', closure: this.#closure(fn) }, VALUE_SCHEMA);
  }

  /** Combines elements as they come; the window gives the combined one, or what `fn` makes of it. */
  reduce(combine: (a: Kept<T>, b: Kept<T>) => Kept<T>): DataStream<T>;
  reduce<U>(combine: (a: Kept<T>, b: Kept<T>) => Kept<T>, fn: ProcessWindowFunction<Kept<T>, K, U>): DataStream<U>;
  reduce(combine: (a: Kept<T>, b: Kept<T>) => Kept<T>, fn?: ProcessWindowFunction<Kept<T>, K, unknown>): DataStream<unknown> {
    const output: Schema = fn === undefined ? { fields: this.#input.schema.fields.filter((f) => f.name !== KEY_HASH_FIELD) } : VALUE_SCHEMA;
    return this.#node({ keep: 'reduce', combine: this.#closure(combine), closure: fn === undefined ? -1 : this.#closure(fn) }, output);
  }

  /** In wasm: aggregate(count(), sum('amount').as('total')) gives the key fields, the results, window_start, window_end and the window's time. In JS: an AggregateFunction. */
  aggregate(...calls: AggregateSpec[]): DataStream<Row>;
  aggregate<Acc, U>(fn: AggregateFunction<Kept<T>, Acc, U>): DataStream<U>;
  aggregate<Acc, Out, U>(fn: AggregateFunction<Kept<T>, Acc, Out>, process: ProcessWindowFunction<Out, K, U>): DataStream<U>;
  aggregate(...args: unknown[]): DataStream<unknown> {
    if (args.every(isAggregateSpec)) return this.#aggregate(args);
    const [fn, process] = args;
    return this.#node({ keep: 'aggregate', combine: this.#closure(fn), closure: process === undefined ? -1 : this.#closure(process) }, VALUE_SCHEMA);
  }

  count(): DataStream<Row> {
    return this.#aggregate([count()]);
  }
  sum(field: string): DataStream<Row> {
    return this.#aggregate([sum(field)]);
  }
  min(field: string): DataStream<Row> {
    return this.#aggregate([min(field)]);
  }
  max(field: string): DataStream<Row> {
    return this.#aggregate([max(field)]);
  }
  avg(field: string): DataStream<Row> {
    return this.#aggregate([avg(field)]);
  }

  #closure(fn: unknown): number {
    return this.#input.env.builder.closure(fn);
  }

  #node<U>(parts: Pick<WindowProcessConfig, 'keep' | 'closure' | 'combine'>, output: Schema): DataStream<U> {
    const late = this.#lateTag?.id;
    const elements: Schema = { fields: this.#input.schema.fields.filter((f) => f.name !== KEY_HASH_FIELD) };
    const sides = late === undefined ? undefined : { [late]: elements };
    const config: WindowProcessConfig = {
      ...parts,
      key: this.#input.key,
      time: this.#time,
      window: this.#assigner.window,
      domain: this.#assigner.domain,
      allowedLatenessMs: this.#latenessMs,
      lateTag: late,
      sides,
    };
    const { node } = this.#input.add('windowProcess', `Window(${this.#assigner})`, config, output);
    node.sides = sides;
    return new DataStream<U>({ env: this.#input.env, node, time: 'batch' });
  }

  #aggregate(specs: AggregateSpec[]): DataStream<Row> {
    const { key, env } = this.#input;
    if (isValues(this.#input.schema)) {
      throw new MillraceError('GRAPH_INVALID', 'declarative aggregates need columns, and these elements are JS values without declared fields', {
        remedy: 'Declare the fields before keyBy: .returns(schema({ ... })).',
      });
    }
    if (key.closure !== undefined) {
      throw new MillraceError('GRAPH_INVALID', 'declarative aggregates need a key of fields, not of a function', {
        remedy: "Key by field names: keyBy('userId').",
      });
    }
    if (this.#latenessMs > 0 || this.#lateTag !== undefined) {
      throw new MillraceError('NOT_SUPPORTED', 'allowedLateness and sideOutputLateData with declarative aggregates', {
        remedy: 'Use reduce, process or an AggregateFunction, which keep late elements.',
      });
    }
    const event = this.#assigner.domain === 'event';
    const input = event && this.#time === 'batch' ? this.#withTimeColumn() : this.#input;
    const schema = input.schema;
    const timeColumn = event ? (this.#time === 'batch' ? flatten(schema).length - 1 : (this.#time as number)) : -1;
    const timeType = event ? flatten(schema)[timeColumn].type : TIMESTAMP(3);
    const calls = specs.map((s) => s.resolve(schema));
    const leaves = flatten(schema);
    const fields: Field[] = [
      ...key.keys.map((k, i) => ({ name: key.names![i].slice(key.names![i].lastIndexOf('.') + 1), type: leaves[k].type })),
      ...specs.map((s, i) => ({ name: s.name, type: calls[i].type })),
      { name: 'window_start', type: TIMESTAMP(3, false) },
      { name: 'window_end', type: TIMESTAMP(3, false) },
    ];
    if (event) fields.push({ name: 'window_time', type: { ...timeType, nullable: false } });
    const config: WindowAggregateConfig = {
      window: this.#assigner.window,
      time: event ? 'rowtime' : 'proctime',
      timeColumn,
      timeZone: 'UTC',
      keys: key.keys,
      calls,
      windowOutputs: event ? ['start', 'end', 'rowtime'] : ['start', 'end'],
    };
    const what = specs.map((s) => s.name).join(', ');
    const { node } = input.add('windowAggregate', `Window(${this.#assigner}) ${what}`, config, { fields });
    return new DataStream<Row>({ env, node, time: event ? flatten({ fields }).length - 1 : undefined });
  }

  /** The elements' timestamps as a column, which declarative windows read. */
  #withTimeColumn(): KeyedStream<T, K> {
    const output: Schema = { fields: [...this.#input.schema.fields, { name: TIME_FIELD, type: TIMESTAMP(3, false) }] };
    return this.#input.before('timeColumn', 'TimeColumn', { name: TIME_FIELD } satisfies TimeColumnConfig, output);
  }
}
