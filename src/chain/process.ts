import type { Batch } from '../batch/batch.js';
import { ElementReader } from '../batch/element.js';
import type { ClosureConfig, ProcessConfig } from '../contract/closure-nodes.js';
import type { OperatorContext, OperatorModule } from '../contract/operator.js';
import { needsWholeRows } from '../contract/field-reads.js';
import { type Collector, NO_MORE, UserOperator } from '../contract/user-operator.js';

/** What a process function learns beside the element. */
export interface ProcessContext {
  /** the element's timestamp in ms, undefined when it has none */
  readonly timestamp: number | undefined;
  /** event time reached, ms */
  readonly currentWatermark: number;
  /** wall clock, ms */
  readonly currentProcessingTime: number;
  /** Sends a value to a side output; a tag nobody reads is discarded. */
  output(tag: string | { readonly id: string }, value: unknown): void;
}

/** A process function: a plain function, or an object when it wants open and close. */
export interface ProcessFunction {
  open?(): void;
  processElement(value: unknown, ctx: ProcessContext, out: Collector): unknown;
  close?(): void;
}

/** Walks the rows of a batch, one call each. */
abstract class PerElement extends UserOperator {
  protected readonly reader: ElementReader;
  protected watermarkMs = Number.MIN_SAFE_INTEGER;
  #sel = 0;
  #count = 0;
  #k = 0;

  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(ctx, ctx.closures[config.closure], config.sides);
    this.reader = new ElementReader(ctx.inputs[0], config.time, needsWholeRows(ctx.closures[config.closure]));
  }

  protected abstract element(row: number): unknown;

  processBatch(batch: Batch): boolean {
    this.reader.bind(batch);
    this.#sel = batch.sel >>> 2; // the runtime may change the header's selection between calls
    this.#count = batch.selCount;
    this.#k = 0;
    return this.work(
      () => {
        if (this.#k === this.#count) return NO_MORE;
        const row = this.ctx.engine.u32[this.#sel + this.#k++];
        this.timeMs = this.reader.timeMs(row);
        return this.element(row);
      },
      () => this.reader.release(),
    );
  }

  processWatermark(watermark: bigint): boolean | void {
    this.watermarkMs = Number(watermark);
  }
}

/** kind 'flatMap' */
class FlatMapOperator extends PerElement {
  readonly #fn: (value: unknown, out: Collector) => unknown;
  constructor(config: ClosureConfig, ctx: OperatorContext) {
    super(config, ctx);
    this.#fn = ctx.closures[config.closure] as (value: unknown, out: Collector) => unknown;
  }
  protected element(row: number): unknown {
    return this.#fn(this.reader.get(row), this.collector);
  }
}

/** kind 'process' */
class ProcessOperator extends PerElement {
  readonly #fn: ProcessFunction;
  readonly #context: ProcessContext;
  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(config, ctx);
    const fn = ctx.closures[config.closure];
    this.#fn = typeof fn === 'function' ? { processElement: fn as ProcessFunction['processElement'] } : (fn as ProcessFunction);
    const self = this;
    this.#context = {
      get timestamp() {
        return self.timeMs;
      },
      get currentWatermark() {
        return self.watermarkMs;
      },
      get currentProcessingTime() {
        return ctx.clock.nowMs();
      },
      output: (tag, value) => self.output(tag, value),
    };
  }
  open(): void {
    this.guarded(() => this.#fn.open?.());
  }
  close(): void {
    this.guarded(() => this.#fn.close?.());
  }
  protected element(row: number): unknown {
    return this.#fn.processElement(this.reader.get(row), this.#context, this.collector);
  }
}

export const flatMap: OperatorModule<ClosureConfig> = { create: (config, ctx) => new FlatMapOperator(config, ctx) };
export const processElements: OperatorModule<ProcessConfig> = { create: (config, ctx) => new ProcessOperator(config, ctx) };
