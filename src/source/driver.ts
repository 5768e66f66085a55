import { MillraceError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import type { MetricGroup } from '../base/metrics.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { ClosureTable } from '../contract/closures.js';
import type { Format, RecordDecoder } from '../contract/format.js';
import type { FrameReader } from '../contract/io.js';
import type { SourceNodeConfig } from '../contract/nodes.js';
import { EMPTY_SNAPSHOT, type OperatorSnapshot } from '../contract/operator.js';
import { type Connector, POLL_END, POLL_IDLE, POLL_ROWS, type SourcePlan, type SourceReader } from '../contract/source.js';
import { WatermarkRelay } from '../time/relay.js';
import { flatten, type Leaf, leafCount } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import type { RelayedWatermarks } from './relayed.js';
import { SourceWatermarks } from './watermarks.js';

/** Where a source's events go. Marks stand in the batch; `watermark` is for those that come without rows. */
export interface SourceEvents {
  batch(batch: Batch): void;
  watermark(watermark: bigint): void;
  idle(): void;
  active(): void;
  /** No more events. The final watermark follows from the end itself. */
  end(): void;
}

export interface SourceDriverContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: MetricGroup;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** leaf columns of the source's output */
  readonly leaves: readonly Leaf[];
  /** exports of the module that the node's watermark expression emitted */
  readonly emitted: WebAssembly.Exports;
  readonly name: string;
  /** unique per job run */
  readonly runId: string;
  readonly options: Readonly<Record<string, string>>;
  /** the job's functions and iterables; empty when it has none */
  readonly closures: ClosureTable;
  readonly wake?: () => void;
  /** rings the doorbell of a subtask of this source */
  readonly ring?: (subtask: number) => void;
}

/** Parts the slot has loaded for a source. */
export interface SourceParts {
  readonly connector: Connector;
  readonly plan: SourcePlan;
  readonly format?: Format;
  readonly frames?: FrameReader;
}

/**
 * Drives one subtask's reader: polls a batch, lets the watermark assigner mark it, hands it on.
 * `step` answers POLL_ROWS (did something), POLL_IDLE (nothing to do now: see `wakeupMs`) or POLL_END (never again).
 */
export class SourceDriver {
  readonly #reader: SourceReader;
  readonly #batch: Batch;
  readonly #events: SourceEvents;
  readonly #watermarks: SourceWatermarks | undefined;
  #failure: MillraceError | undefined;
  #ended = false;
  /** the reader has, but rows of it wait */
  #readerEnded = false;

  constructor(config: SourceNodeConfig, parts: SourceParts, ctx: SourceDriverContext, events: SourceEvents) {
    const { source } = config;
    const { connector, plan, frames } = parts;
    if (connector.createReader === undefined)
      throw new MillraceError('GRAPH_INVALID', `connector '${connector.name}' cannot be read from`, { place: { operator: ctx.name } });
    this.#events = events;
    if (config.watermark !== undefined) {
      const relay = plan.relay === undefined ? undefined : new WatermarkRelay(plan.relay, ctx.parallelism, ctx.ring ?? (() => {}));
      this.#watermarks = new SourceWatermarks(config.watermark, ctx, { ...events, batch: (b) => this.#emit(b) }, relay);
    }
    const decoder = createDecoder(config, parts, ctx);
    if (decoder !== undefined) {
      ctx.metrics.gauge('numRecordsInErrors', () => decoder.skipped);
      ctx.metrics.gauge('numFieldsNulled', () => decoder.nulled);
    }
    this.#reader = connector.createReader(source, plan, plan.splits[ctx.subtaskIndex] ?? [], {
      engine: ctx.engine,
      clock: ctx.clock,
      metrics: ctx.metrics,
      subtaskIndex: ctx.subtaskIndex,
      parallelism: ctx.parallelism,
      leaves: ctx.leaves,
      decoder,
      frames,
      closures: ctx.closures,
      runId: ctx.runId,
      wake: ctx.wake,
      splitAdded: (split) => this.#watermarks?.splitAdded(split),
      splitFinished: (split) => this.#watermarks?.splitFinished(split),
      pieceBegins: (piece) => this.#watermarks?.relayed?.pieceBegins(piece),
      pieceEnds: () => this.#watermarks?.relayed?.pieceEnds(),
    });
    this.#batch = allocBatch(ctx.engine, ctx.leaves, { times: true });
    this.#batch.sourceRows = true;
  }

  open(): void {
    this.#reader.open?.();
  }

  /** One bounded piece of work. */
  step(): number {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return POLL_END;
    const relayed = this.#watermarks?.relayed;
    if (relayed !== undefined) return this.#stepRelayed(relayed);
    this.#watermarks?.tick();
    const batch = this.#batch;
    batch.clear();
    const polled = this.#reader.poll(batch);
    if (polled === POLL_END) {
      this.#ended = true;
      this.#events.end();
    } else if (polled !== POLL_IDLE && batch.selCount > 0) {
      // rows before one without a rowtime still go on; the failure is the next step's
      const failure = this.#watermarks?.assign(batch);
      if (failure !== undefined) this.#failure = this.#placed(failure);
      if (batch.selCount > 0) this.#emit(batch);
    }
    return polled;
  }

  /** What waits goes on first; while its event time is not known, the reader works ahead. */
  #stepRelayed(relayed: RelayedWatermarks): number {
    if (relayed.failure !== undefined) throw relayed.failure;
    if (relayed.waits) {
      if (relayed.next()) return POLL_ROWS;
      if (this.#readerEnded || relayed.patienceMs > 0) return POLL_IDLE;
      relayed.copyHeld();
    }
    const batch = this.#batch;
    batch.clear();
    const polled = this.#readerEnded ? POLL_END : this.#reader.poll(batch);
    this.#readerEnded = polled === POLL_END;
    relayed.take(batch);
    if (!this.#readerEnded) return polled;
    if (relayed.waits) return POLL_ROWS;
    this.#ended = true;
    this.#events.end();
    return POLL_END;
  }

  /** Here a snapshot may be taken: between two pieces of an input that is shared, anywhere else. */
  get resting(): boolean {
    return this.#watermarks?.relayed?.resting !== false;
  }
  #emit(batch: Batch): void {
    try {
      this.#events.batch(batch);
    } catch (e) {
      throw e instanceof MillraceError ? this.#placed(e) : e;
    }
  }
  /** A failure at a row of the batch just read, with the record it was. */
  #placed(e: MillraceError): MillraceError {
    const place = e.row === undefined ? undefined : this.#reader.placeOf?.(e.row);
    return place === undefined ? e : e.within(place);
  }

  /** An idle driver's input comes through the event loop. */
  get awaits(): boolean {
    return this.#reader.awaits === true;
  }
  /** How long a driver that answered POLL_IDLE may sleep at most, ms; undefined = until a doorbell rings. */
  wakeupMs(): number | undefined {
    if (this.#failure !== undefined) return 0;
    const relayed = this.#watermarks?.relayed;
    if (relayed?.waits === true) return this.#readerEnded || relayed.patienceMs === Number.POSITIVE_INFINITY ? undefined : relayed.patienceMs;
    const reader = this.#reader.wakeupMs?.();
    const watermarks = this.#watermarks?.wakeupMs();
    return reader === undefined ? watermarks : watermarks === undefined ? reader : Math.min(reader, watermarks);
  }

  /** List state: the reader's positions. Union state: watermarks, taken up by the same subtask when the parallelism is the same. */
  snapshot(): OperatorSnapshot {
    // the reader stands behind a row that fails the job: a job that went on from here would miss the failure
    if (this.#failure !== undefined) throw this.#failure;
    const watermarks = this.#watermarks?.snapshot();
    return { ...EMPTY_SNAPSHOT, list: this.#reader.snapshot(), union: watermarks === undefined ? [] : [watermarks] };
  }
  /** Before `open`. */
  restore(snapshot: OperatorSnapshot): void {
    this.#watermarks?.restore(snapshot.union);
    this.#reader.restore(snapshot.list);
  }

  close(): void {
    this.#reader.close?.();
    this.#watermarks?.close();
  }
}

/** A decoder for the physical columns; they come before the metadata columns. */
function createDecoder(config: SourceNodeConfig, parts: SourceParts, ctx: SourceDriverContext): RecordDecoder | undefined {
  const { source } = config;
  if (parts.connector.formats === 'none') return undefined;
  if (parts.format === undefined || source.format === undefined) throw new MillraceError('INTERNAL', `source '${source.tableName}' has no format`);
  const physical = source.schema.fields.reduce((n, f, i) => (source.metadata[i] === undefined ? n + leafCount(f.type) : n), 0);
  return parts.format.createDecoder(
    ctx.engine,
    source.format.options,
    ctx.leaves.slice(0, physical),
    source.tableSchema === undefined ? undefined : flatten(source.tableSchema),
  );
}
