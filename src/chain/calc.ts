import { BATCH_ROWS_MAX } from '#abi';
import type { MillraceError } from '../base/errors.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { CalcConfig } from '../contract/nodes.js';
import type { Operator, OperatorContext, OperatorModule } from '../contract/operator.js';
import type { Expr } from '../types/expr.js';
import { typeCode, typeWidth } from '../types/leaf.js';
import { hostFunctions } from '../wasm/host.js';
import { calcRoots, outputLeaves, readsWatermark } from '../wasm/layout.js';
import { LinkedModule } from '../wasm/linked.js';

interface OwnColumn {
  readonly leaf: number;
  readonly width: number;
  values: number;
  validity: number;
}

/** Filter and projection in one emitted loop. Rows keep their numbers; columns that are only passed on are not touched. */
class CalcOperator implements Operator {
  readonly passesMarks = true;
  readonly #ctx: OperatorContext;
  readonly #module: LinkedModule;
  readonly #readsWatermark: boolean;
  readonly #roots: readonly Expr[];
  readonly #copies: readonly { from: number; to: number }[];
  #out: Batch;
  #own: OwnColumn[] = [];
  #capacity = 0;

  constructor(config: CalcConfig, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#module = new LinkedModule(ctx.engine, ctx.emitted, 'run');
    this.#readsWatermark = readsWatermark(config);
    this.#roots = calcRoots(config);
    this.#copies = outputLeaves(config.project).flatMap((p) =>
      p.expr.op === 'col' ? Array.from({ length: p.count }, (_, k) => ({ from: (p.expr as { index: number }).index + k, to: p.first + k })) : [],
    );
    const copied = new Set(this.#copies.map((c) => c.to));
    this.#out = allocBatch(ctx.engine, ctx.output, { columns: false });
    ctx.output.forEach((leaf, i) => {
      if (!copied.has(i)) this.#own.push({ leaf: i, width: typeWidth(typeCode(leaf.type)), values: 0, validity: 0 });
    });
    this.#reserve(BATCH_ROWS_MAX);
  }

  /** Makes room for batches of `rows` rows. */
  #reserve(rows: number): void {
    const engine = this.#ctx.engine;
    if (rows > BATCH_ROWS_MAX) {
      this.#out = allocBatch(engine, this.#ctx.output, { columns: false, capacity: rows });
    }
    for (const c of this.#own) {
      if (this.#capacity > 0) {
        engine.free(c.values, this.#capacity * c.width + 64);
        engine.free(c.validity, ((this.#capacity + 7) >>> 3) + 64);
      }
      c.values = c.width === 0 ? 0 : engine.alloc(rows * c.width + 64);
      c.validity = engine.alloc(((rows + 7) >>> 3) + 64);
      this.#out.setValues(c.leaf, c.values);
      this.#out.setValidity(c.leaf, c.validity);
    }
    this.#capacity = rows;
  }

  processBatch(batch: Batch): void {
    if (batch.rows > this.#capacity) this.#reserve(batch.rows);
    const out = this.#out;
    const failed = this.#module.call(batch.ptr, out.ptr);
    const error = failed === 0 ? undefined : this.#failure(batch);
    out.sourceRows = batch.sourceRows;
    const { objects } = out;
    if (objects !== undefined) for (const c of this.#copies) objects[c.to] = batch.objects?.[c.from];
    const { selCount, markCount } = out;
    if (selCount > 0 || markCount > 0) this.#ctx.out.emit(out);
    if (error !== undefined) throw error; // the rows before it have gone on
    if (markCount > 0 && this.#readsWatermark) this.#module.setWatermark(out.markWatermark(markCount - 1));
  }

  #failure(batch: Batch): MillraceError {
    this.#cutMarks();
    const error = this.#module.failure(this.#ctx.name, this.#roots, batch.ptr, batch.leaves);
    if (!batch.sourceRows) error.row = undefined;
    return error;
  }

  /** Watermarks after the last row that is still selected belong to rows that never leave. */
  #cutMarks(): void {
    const out = this.#out;
    const n = out.selCount;
    const last = n === 0 ? -1 : this.#ctx.engine.u32[(out.sel >>> 2) + n - 1];
    let marks = 0;
    while (marks < out.markCount && out.markRow(marks) <= last) marks++;
    out.markCount = marks;
  }

  processWatermark(watermark: bigint): void {
    if (this.#readsWatermark) this.#module.setWatermark(watermark);
  }

  close(): void {
    const engine = this.#ctx.engine;
    for (const c of this.#own) {
      if (c.values !== 0) engine.free(c.values, this.#capacity * c.width + 64);
      engine.free(c.validity, ((this.#capacity + 7) >>> 3) + 64);
    }
    this.#module.close();
  }
}

export const operator: OperatorModule<CalcConfig> = {
  host: (_config, ctx) => hostFunctions(ctx.engine, ctx.clock),
  create: (config, ctx) => new CalcOperator(config, ctx),
};
