import { BATCH_COLUMNS, BATCH_HEADER_BYTES, BATCH_KINDS, BATCH_ROWS, BATCH_SEL, BATCH_SEL_COUNT, BATCH_SPLIT, BATCH_TIMES, COL_BYTES } from '#abi';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { WatermarkConfig } from '../contract/nodes.js';
import { EMPTY_SNAPSHOT, type Operator, type OperatorContext, type OperatorModule, type OperatorSnapshot } from '../contract/operator.js';
import { ownState, takeOwnState } from '../contract/redistribute.js';
import { WatermarkAssigner } from '../time/assigner.js';
import { hostFunctions } from '../wasm/host.js';

/** Assigns watermarks in mid-stream: rows pass unchanged, marks from upstream are replaced by its own. */
class WatermarkOperator implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #assigner: WatermarkAssigner;
  readonly #intervalMs: number;
  #out: Batch;

  constructor(config: WatermarkConfig, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#assigner = new WatermarkAssigner(ctx.engine, ctx.emitted, { ...config, perSplit: false }, ctx.clock, ctx.name);
    this.#out = allocBatch(ctx.engine, ctx.output, { columns: false });
    const idle = config.idleTimeoutMs;
    this.#intervalMs = config.intervalMs > 0 && idle > 0 ? Math.min(config.intervalMs, idle) : Math.max(config.intervalMs, idle);
  }

  open(): void {
    this.#schedule(this.#ctx.clock.nowMs());
  }
  #schedule(nowMs: number): void {
    if (this.#intervalMs > 0) this.#ctx.registerProcessingTimer(nowMs + this.#intervalMs);
  }

  /** The input may be shared by several consumers, so the marks go into a header of our own. */
  processBatch(batch: Batch): void {
    const out = this.#headerFor(batch);
    const error = this.#assigner.assign(out);
    if (error !== undefined && !batch.sourceRows) error.row = undefined;
    if (out.selCount > 0 || out.markCount > 0) this.#ctx.out.emit(out);
    if (error !== undefined) throw error;
  }

  #headerFor(batch: Batch): Batch {
    if (batch.rows > this.#out.capacity) this.#out = allocBatch(this.#ctx.engine, this.#ctx.output, { columns: false, capacity: batch.rows });
    const out = this.#out;
    const u32 = this.#ctx.engine.u32;
    const from = batch.ptr >>> 2;
    const to = out.ptr >>> 2;
    for (const field of [BATCH_ROWS, BATCH_SEL_COUNT, BATCH_SEL, BATCH_KINDS, BATCH_TIMES, BATCH_SPLIT, BATCH_COLUMNS])
      u32[to + (field >>> 2)] = u32[from + (field >>> 2)];
    const words = (batch.leaves.length * COL_BYTES) >>> 2;
    const columns = BATCH_HEADER_BYTES >>> 2;
    for (let i = 0; i < words; i++) u32[to + columns + i] = u32[from + columns + i];
    out.objects = batch.objects;
    out.sourceRows = batch.sourceRows;
    return out;
  }

  processProcessingTime(nowMs: number): void {
    const watermark = this.#assigner.periodic(nowMs);
    this.#assigner.onIdle(nowMs);
    if (watermark !== undefined) {
      // a batch without rows that carries one mark
      const out = this.#out;
      out.rows = 0;
      out.selCount = 0;
      out.markCount = 1;
      this.#ctx.engine.u32[out.marks >>> 2] = 0;
      this.#ctx.engine.i64[(out.marks + 8) >>> 3] = watermark;
      this.#ctx.out.emit(out);
    }
    this.#schedule(nowMs);
  }

  snapshot(): OperatorSnapshot {
    return { ...EMPTY_SNAPSHOT, union: [ownState(this.#ctx, this.#assigner.snapshot())] };
  }
  /** At another parallelism watermarks begin anew. */
  restore(snapshot: OperatorSnapshot): void {
    const own = takeOwnState(this.#ctx, snapshot.union);
    if (own !== undefined) this.#assigner.restore(own);
  }

  close(): void {
    this.#assigner.close();
  }
}

export const operator: OperatorModule<WatermarkConfig> = {
  host: (_config, ctx) => hostFunctions(ctx.engine, ctx.clock),
  create: (config, ctx) => new WatermarkOperator(config, ctx),
};
