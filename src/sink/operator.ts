import { MillraceError } from '../base/errors.js';
import { parseDurationMs } from '../base/quantity.js';
import type { Batch } from '../batch/batch.js';
import type { Format } from '../contract/format.js';
import type { FrameWriter } from '../contract/io.js';
import type { SinkNodeConfig } from '../contract/nodes.js';
import { EMPTY_SNAPSHOT, type Operator, type OperatorContext, type OperatorSnapshot } from '../contract/operator.js';
import type { SinkPlan, SinkWriter } from '../contract/sink.js';
import type { Connector } from '../contract/source.js';
import { leafCount } from '../types/leaf.js';
import { NotNullCheck } from './not_null.js';

/** Parts the slot has loaded for a sink. */
export interface SinkParts {
  readonly connector: Connector;
  readonly plan: SinkPlan;
  readonly format?: Format;
  readonly frames?: FrameWriter;
  /** unique per job run */
  readonly runId: string;
  /** snapshots are taken */
  readonly checkpoints?: boolean;
}

/** Default of execution.buffer-timeout.interval. */
const FLUSH_MS = 100;

/** The end of a chain: checks constraints, writes, flushes by processing time, finishes until the writer has everything out. */
export class SinkOperator implements Operator {
  readonly passesMarks = true;
  readonly #writer: SinkWriter;
  readonly #frames: FrameWriter | undefined;
  readonly #ctx: OperatorContext;
  readonly #notNull: NotNullCheck;
  readonly #flushMs: number;
  #finishing = false;
  #preparing = false;
  #pendingAtWait = -1;
  /** the writer has failed: nothing it still holds counts as written */
  #broken = false;

  constructor(config: SinkNodeConfig, parts: SinkParts, ctx: OperatorContext) {
    const { sink } = config;
    const { connector, plan, frames, runId, checkpoints } = parts;
    if (connector.createWriter === undefined)
      throw new MillraceError('GRAPH_INVALID', `connector '${connector.name}' cannot be written to`, { place: { operator: ctx.name } });
    this.#ctx = ctx;
    this.#frames = frames;
    this.#flushMs = parseDurationMs(ctx.options['execution.buffer-timeout.interval'] ?? `${FLUSH_MS} ms`);
    this.#notNull = new NotNullCheck(ctx.engine, sink, ctx.options['table.exec.sink.not-null-enforcer'] ?? 'ERROR', ctx.metrics);
    const leaves = ctx.inputs[0];
    this.#writer = connector.createWriter(sink, plan, {
      engine: ctx.engine,
      clock: ctx.clock,
      metrics: ctx.metrics,
      subtaskIndex: ctx.subtaskIndex,
      parallelism: ctx.parallelism,
      leaves,
      encoder: createEncoder(config, parts, ctx),
      frames,
      closures: ctx.closures,
      runId,
      checkpoints,
    });
  }

  open(): void {
    this.#writer.open?.();
    this.#scheduleFlush();
  }

  processBatch(batch: Batch): boolean {
    const { sel, selCount } = batch;
    const violation = this.#notNull.active ? this.#notNull.check(batch) : undefined;
    const owed = this.#write(batch, violation !== undefined);
    batch.sel = sel;
    batch.selCount = selCount;
    if (violation !== undefined) throw violation;
    return owed;
  }
  #write(batch: Batch, last: boolean): boolean {
    try {
      const owed = this.#owed(batch.selCount > 0 && this.#writer.write(batch) === true);
      if (this.#flushMs === 0 || last) this.#writer.flush?.();
      return owed;
    } catch (e) {
      this.#broken = true;
      throw e;
    }
  }

  resume(): boolean {
    if (this.#finishing) return this.#finish();
    if (this.#preparing) return this.prepareSnapshot();
    try {
      return this.#owed(this.#writer.resume?.() ?? false);
    } catch (e) {
      this.#broken = true;
      throw e;
    }
  }

  /** Something is owed that only a frame's acknowledgement can bring further. */
  get waiting(): boolean {
    if (this.#writer.waiting) return true;
    return this.#frames !== undefined && this.#frames.pending > 0 && this.#frames.pending === this.#pendingAtWait;
  }

  processProcessingTime(): void {
    this.#flush();
    this.#scheduleFlush();
  }
  #flush(): boolean {
    try {
      return this.#writer.flush?.() === true;
    } catch (e) {
      this.#broken = true;
      throw e;
    }
  }

  finish(): boolean {
    this.#finishing = true;
    return this.#finish();
  }
  #finish(): boolean {
    try {
      return this.#owed(this.#writer.finish());
    } catch (e) {
      this.#broken = true;
      throw e;
    }
  }
  #owed(owed: boolean): boolean {
    this.#pendingAtWait = owed ? (this.#frames?.pending ?? -1) : -1;
    return owed;
  }

  #scheduleFlush(): void {
    if (this.#writer.flush !== undefined) this.#ctx.registerProcessingTimer(this.#ctx.clock.nowMs() + (this.#flushMs > 0 ? this.#flushMs : FLUSH_MS));
  }

  /** Everything written leaves the writer and is acknowledged, or can be stored. */
  prepareSnapshot(): boolean {
    this.#preparing = this.#owed(this.#flush() || (this.#frames?.pending ?? 0) > 0);
    return this.#preparing;
  }
  /** Rows that were not taken by a writer or its other side before it failed are never there for good. */
  retains(): number | undefined {
    return this.#failed ? 0 : this.#writer.retains?.();
  }
  released(point: number): boolean {
    return !this.#failed && (this.#writer.released?.(point) ?? true);
  }
  get #failed(): boolean {
    return this.#broken || this.#frames?.failed === true;
  }
  snapshot(): OperatorSnapshot {
    return { ...EMPTY_SNAPSHOT, list: this.#writer.snapshot?.() ?? [] };
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#writer.restore?.(snapshot.list);
  }
  prepareCommit(): Uint8Array[] {
    return this.#writer.prepareCommit?.() ?? [];
  }
  commit(committables: readonly Uint8Array[]): void {
    this.#writer.commit?.(committables);
  }

  close(): void {
    this.#writer.close?.();
  }
}

/** An encoder for the physical columns; metadata columns come after them and are the writer's. */
function createEncoder(config: SinkNodeConfig, parts: SinkParts, ctx: OperatorContext) {
  const { sink } = config;
  if (parts.connector.formats === 'none') return undefined;
  if (parts.format === undefined || sink.format === undefined) throw new MillraceError('INTERNAL', `sink '${sink.tableName}' has no format`);
  const physical = sink.schema.fields.reduce((n, f, i) => (sink.metadata[i] === undefined ? n + leafCount(f.type) : n), 0);
  const options = { ...sink.format.options, ...parts.connector.encoderOptions?.[parts.format.name] };
  return parts.format.createEncoder(ctx.engine, options, ctx.inputs[0].slice(0, physical));
}
