import { BatchAlias } from '../batch/alias.js';
import type { Batch } from '../batch/batch.js';
import { ElementReader, ElementWriter } from '../batch/element.js';
import type { ClosureConfig, RecordTime } from '../contract/closure-nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import { needsWholeRows } from '../contract/field-reads.js';
import { isThenable, userError } from '../contract/user-code.js';

/**
 * One function call per row, all promises of a batch in flight at once, results in the order of the rows.
 * Watermark marks go with the batch.
 */
abstract class PerRow implements Operator {
  readonly passesMarks = true;
  protected readonly ctx: OperatorContext;
  protected readonly reader: ElementReader;
  readonly #fn: (value: unknown) => unknown;
  #results: unknown[] = [];
  #batch: Batch | undefined;
  #waiting = false;

  constructor(config: ClosureConfig, ctx: OperatorContext) {
    this.ctx = ctx;
    this.#fn = ctx.closures[config.closure] as (value: unknown) => unknown;
    this.reader = new ElementReader(ctx.inputs[0], config.time, needsWholeRows(this.#fn));
  }

  protected abstract begin(batch: Batch): void;
  protected abstract take(row: number, result: unknown): void;
  protected abstract end(batch: Batch): void;

  processBatch(batch: Batch): boolean {
    this.reader.bind(batch);
    this.begin(batch);
    const fn = this.#fn;
    const n = batch.selCount;
    const sel = batch.sel >>> 2;
    let k = 0;
    try {
      for (; k < n; k++) {
        const row = batch.engine.u32[sel + k];
        const r = fn(this.reader.get(row));
        if (isThenable(r)) {
          this.#results = [r];
          break;
        }
        this.take(row, r);
      }
      if (k === n) {
        this.#finish(batch);
        return false;
      }
      for (let j = k + 1; j < n; j++) this.#results.push(fn(this.reader.get(batch.engine.u32[sel + j])));
    } catch (e) {
      throw userError(e, this.ctx.name, this.#fn);
    }
    this.#wait(batch, sel + k);
    return true;
  }

  #wait(batch: Batch, from: number): void {
    this.#batch = batch;
    this.#waiting = true;
    const rows = batch.engine.u32.slice(from, from + this.#results.length);
    this.ctx.hold(
      Promise.all(this.#results).then(
        (results) => {
          this.#waiting = false;
          try {
            for (let i = 0; i < rows.length; i++) this.take(rows[i], results[i]);
          } catch (e) {
            throw userError(e, this.ctx.name, this.#fn); // a getter of a result
          }
        },
        (e: unknown) => {
          this.#waiting = false;
          throw userError(e, this.ctx.name, this.#fn);
        },
      ),
    );
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  resume(): boolean {
    if (this.#waiting) return true;
    const batch = this.#batch;
    if (batch !== undefined) {
      this.#batch = undefined;
      this.#results = [];
      this.#finish(batch);
    }
    return false;
  }

  #finish(batch: Batch): void {
    this.end(batch);
    this.reader.release();
  }
}

/** kind 'map'. The results stand at the row numbers of their inputs, so selection, marks and times are those of the input. */
class MapOperator extends PerRow {
  readonly #time: RecordTime | undefined;
  #writer: ElementWriter | undefined;
  /** the writer's own room for timestamps */
  #times = 0;

  constructor(config: ClosureConfig, ctx: OperatorContext) {
    super(config, ctx);
    this.#time = config.time;
  }

  protected begin(batch: Batch): void {
    if (this.#writer === undefined || this.#writer.batch.capacity < batch.capacity) {
      this.#writer = new ElementWriter(this.ctx.engine, this.ctx.output, { operator: this.ctx.name }, batch.capacity);
      this.#times = this.#writer.batch.times;
    }
    this.#writer.clear();
  }

  protected take(row: number, result: unknown): void {
    this.#writer!.set(row, result);
  }
  protected end(batch: Batch): void {
    const out = this.#writer!.batch;
    out.rows = batch.rows;
    out.sel = batch.sel;
    out.selCount = batch.selCount;
    out.marks = batch.marks;
    out.markCount = batch.markCount;
    out.kinds = batch.kinds;
    out.split = batch.split;
    out.times = this.#time === undefined ? 0 : this.#time === 'batch' ? batch.times : this.#copyTimes(batch);
    this.ctx.out.emit(out);
  }

  #copyTimes(batch: Batch): number {
    const { u32, i64 } = batch.engine;
    const at = this.#times >>> 3;
    const sel = batch.sel >>> 2;
    for (let k = 0; k < batch.selCount; k++) {
      const row = u32[sel + k];
      i64[at + row] = BigInt(this.reader.timeMs(row) ?? 0);
    }
    return this.#times;
  }
}

/** kind 'filter': narrows the selection. */
class FilterOperator extends PerRow {
  readonly #alias: BatchAlias;
  #kept = 0;
  #sel = 0;
  #room = 0;

  constructor(config: ClosureConfig, ctx: OperatorContext) {
    super(config, ctx);
    this.#alias = new BatchAlias(ctx.engine, ctx.output);
  }
  protected begin(batch: Batch): void {
    this.#kept = 0;
    if (batch.selCount > this.#room) {
      this.#room = Math.max(batch.capacity, batch.selCount);
      this.#sel = this.ctx.engine.alloc(this.#room * 4 + 64);
    }
  }
  protected take(row: number, result: unknown): void {
    if (result) this.ctx.engine.u32[(this.#sel >>> 2) + this.#kept++] = row;
  }
  protected end(batch: Batch): void {
    const out = this.#alias.over(batch);
    out.sel = this.#sel;
    out.selCount = this.#kept;
    if (this.#kept > 0 || batch.markCount > 0) this.ctx.out.emit(out);
  }
}

export const map: OperatorModule<ClosureConfig> = { create: (config, ctx) => new MapOperator(config, ctx) };
export const filter: OperatorModule<ClosureConfig> = { create: (config, ctx) => new FilterOperator(config, ctx) };
