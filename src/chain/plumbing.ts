import { BATCH_ROWS_MAX } from '#abi';
import { MillraceError } from '../base/errors.js';
import { BatchAlias } from '../batch/alias.js';
import type { Batch } from '../batch/batch.js';
import { ElementReader } from '../batch/element.js';
import type { AssignTimestampsConfig, KeyHashConfig, TimeColumnConfig } from '../contract/closure-nodes.js';
import { EMPTY_SNAPSHOT, type Operator, type OperatorContext, type OperatorModule, type OperatorSnapshot } from '../contract/operator.js';
import { ownState, takeOwnState } from '../contract/redistribute.js';
import { needsWholeRows } from '../contract/field-reads.js';
import { userError } from '../contract/user-code.js';
import { hashOfKey } from '../state/keys.js';

/** Memory for one number per row, grown to the largest batch seen. */
class RowBuffer {
  readonly #ctx: OperatorContext;
  readonly #width: number;
  #rows = 0;
  ptr = 0;
  constructor(ctx: OperatorContext, width: number) {
    this.#ctx = ctx;
    this.#width = width;
  }
  ensure(rows: number): void {
    if (rows <= this.#rows) return;
    this.#rows = Math.max(rows, BATCH_ROWS_MAX);
    this.ptr = this.#ctx.engine.alloc(this.#rows * this.#width + 64);
  }
}

/** kind 'keyHash': the stream with a trailing INT column, the hash of each element's key. */
class KeyHashOperator implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #fn: (value: unknown) => unknown;
  readonly #reader: ElementReader;
  readonly #alias: BatchAlias;
  readonly #hashes: RowBuffer;

  constructor(config: KeyHashConfig, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#fn = ctx.closures[config.closure] as (value: unknown) => unknown;
    this.#reader = new ElementReader(ctx.inputs[0], undefined, needsWholeRows(this.#fn));
    this.#alias = new BatchAlias(ctx.engine, ctx.output);
    this.#hashes = new RowBuffer(ctx, 4);
  }
  processBatch(batch: Batch): void {
    this.#hashes.ensure(batch.rows);
    this.#reader.bind(batch);
    const sel = batch.sel >>> 2;
    try {
      for (let k = 0; k < batch.selCount; k++) {
        const row = batch.engine.u32[sel + k];
        batch.engine.i32[(this.#hashes.ptr >>> 2) + row] = hashOfKey(this.#fn(this.#reader.get(row)));
      }
    } catch (e) {
      throw userError(e, this.#ctx.name, this.#fn);
    }
    const out = this.#alias.over(batch);
    out.setValues(out.leaves.length - 1, this.#hashes.ptr);
    this.#ctx.out.emit(out);
    this.#reader.release();
  }
}

/** kind 'timeColumn': the stream with its timestamps as a trailing TIMESTAMP(3) column; no value is copied. */
class TimeColumnOperator implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #alias: BatchAlias;
  constructor(ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#alias = new BatchAlias(ctx.engine, ctx.output);
  }
  processBatch(batch: Batch): void {
    if (batch.times === 0 && batch.selCount > 0) {
      throw new MillraceError('NULL_ROWTIME', 'a record has no timestamp', {
        place: { operator: this.#ctx.name },
        remedy: 'Call assignTimestampsAndWatermarks(...) before event-time windows.',
      });
    }
    const out = this.#alias.over(batch);
    out.setValues(out.leaves.length - 1, batch.times);
    this.#ctx.out.emit(out);
  }
}

/** kind 'union': every input as it comes. */
class UnionOperator implements Operator {
  readonly passesMarks = false;
  readonly #ctx: OperatorContext;
  constructor(ctx: OperatorContext) {
    this.#ctx = ctx;
  }
  processBatch(batch: Batch): void {
    this.#ctx.out.emit(batch);
  }
}

const MIN_SAFE = Number.MIN_SAFE_INTEGER;

/**
 * kind 'assignTimestamps'. The watermark is the highest timestamp - out-of-orderness - 1 ms (Flink's BoundedOutOfOrdernessWatermarks);
 * it leaves behind the record by which it has advanced by more than the interval, so lateness is decided per record and replays alike.
 */
class AssignTimestampsOperator implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #config: AssignTimestampsConfig;
  readonly #fn: ((value: unknown, previousMs: number | undefined) => unknown) | undefined;
  readonly #reader: ElementReader;
  readonly #alias: BatchAlias;
  readonly #times: RowBuffer;
  readonly #marks: RowBuffer;
  #maxMs = MIN_SAFE;
  #emittedMs = MIN_SAFE;
  #lastRecordMs = 0;
  #idle = false;

  constructor(config: AssignTimestampsConfig, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#config = config;
    this.#fn = config.closure === undefined ? undefined : (ctx.closures[config.closure] as (value: unknown, previousMs: number | undefined) => unknown);
    this.#reader = new ElementReader(ctx.inputs[0], config.column, needsWholeRows(this.#fn));
    this.#alias = new BatchAlias(ctx.engine, ctx.output);
    this.#times = new RowBuffer(ctx, 8);
    this.#marks = new RowBuffer(ctx, 16);
  }

  open(): void {
    this.#lastRecordMs = this.#ctx.clock.nowMs();
    this.#watchIdleness();
  }
  #watchIdleness(): void {
    const { idleTimeoutMs } = this.#config;
    if (idleTimeoutMs > 0) this.#ctx.registerProcessingTimer(this.#lastRecordMs + idleTimeoutMs);
  }
  processProcessingTime(nowMs: number): void {
    const { idleTimeoutMs } = this.#config;
    if (this.#idle || idleTimeoutMs === 0) return;
    if (nowMs - this.#lastRecordMs < idleTimeoutMs) this.#watchIdleness();
    else {
      this.#idle = true;
      this.#ctx.out.status?.(true);
    }
  }
  #active(): void {
    if (this.#config.idleTimeoutMs === 0) return;
    this.#lastRecordMs = this.#ctx.clock.nowMs();
    if (!this.#idle) return;
    this.#idle = false;
    this.#ctx.out.status?.(false);
    this.#watchIdleness();
  }

  processBatch(batch: Batch): void {
    this.#active();
    this.#times.ensure(batch.rows);
    this.#marks.ensure(batch.selCount + 1);
    this.#reader.bind(batch);
    const n = batch.selCount;
    const sel = batch.sel >>> 2;
    const times = this.#times.ptr >>> 3;
    const { intervalMs } = this.#config;
    const delayMs = this.#config.outOfOrdernessMs + 1;
    let marks = 0;
    for (let k = 0; k < n; k++) {
      const row = batch.engine.u32[sel + k];
      const ms = this.#timestamp(row);
      batch.engine.i64[times + row] = BigInt(ms);
      if (ms <= this.#maxMs) continue;
      this.#maxMs = ms;
      const watermarkMs = ms - delayMs;
      if (watermarkMs - this.#emittedMs <= intervalMs) continue;
      this.#emittedMs = watermarkMs;
      const at = this.#marks.ptr + 16 * marks++;
      batch.engine.u32[at >>> 2] = row;
      batch.engine.i64[(at + 8) >>> 3] = BigInt(watermarkMs);
    }
    const out = this.#alias.over(batch);
    out.times = this.#times.ptr;
    out.marks = this.#marks.ptr;
    out.markCount = marks;
    this.#ctx.out.emit(out);
    this.#reader.release();
  }

  /** { f64 highest timestamp, f64 last watermark }, for the same subtask. */
  snapshot(): OperatorSnapshot {
    return { ...EMPTY_SNAPSHOT, union: [ownState(this.#ctx, new Uint8Array(Float64Array.of(this.#maxMs, this.#emittedMs).buffer))] };
  }
  /** At another parallelism watermarks begin anew. */
  restore(snapshot: OperatorSnapshot): void {
    const own = takeOwnState(this.#ctx, snapshot.union);
    if (own !== undefined) [this.#maxMs, this.#emittedMs] = new Float64Array(own.buffer);
  }

  #timestamp(row: number): number {
    let ms: unknown;
    if (this.#fn === undefined) ms = this.#reader.timeMs(row);
    else {
      try {
        ms = this.#fn(this.#reader.get(row), undefined);
      } catch (e) {
        throw userError(e, this.#ctx.name, this.#fn);
      }
      if (typeof ms === 'bigint') ms = Number(ms);
      else if (ms instanceof Date) ms = ms.getTime();
    }
    if (Number.isSafeInteger(ms)) return ms as number;
    throw new MillraceError('NULL_ROWTIME', `a record's timestamp is ${String(ms)}`, {
      place: { operator: this.#ctx.name },
      remedy: 'The timestamp assigner must give whole milliseconds since the epoch for every record.',
    });
  }
}

export const keyHash: OperatorModule<KeyHashConfig> = { create: (config, ctx) => new KeyHashOperator(config, ctx) };
export const timeColumn: OperatorModule<TimeColumnConfig> = { create: (_, ctx) => new TimeColumnOperator(ctx) };
export const union: OperatorModule<unknown> = { create: (_, ctx) => new UnionOperator(ctx) };
export const assignTimestamps: OperatorModule<AssignTimestampsConfig> = { create: (config, ctx) => new AssignTimestampsOperator(config, ctx) };
