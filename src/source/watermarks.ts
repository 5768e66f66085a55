import type { Clock } from '../base/clock.js';
import type { MillraceError } from '../base/errors.js';
import type { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import type { WatermarkConfig } from '../contract/nodes.js';
import { ownState, takeOwnState } from '../contract/redistribute.js';
import { WatermarkAssigner } from '../time/assigner.js';
import type { WatermarkRelay } from '../time/relay.js';
import type { Leaf } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import { RelayedWatermarks } from './relayed.js';

interface WatermarkEvents {
  batch(batch: Batch): void;
  watermark(watermark: bigint): void;
  idle(): void;
  active(): void;
}
interface WatermarkContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: MetricGroup;
  readonly emitted: WebAssembly.Exports;
  readonly name: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly leaves: readonly Leaf[];
}

/** The watermarks of one source subtask: marks for its rows, periodic ones by processing time, idleness. */
export class SourceWatermarks {
  readonly #assigner: WatermarkAssigner;
  readonly #clock: Clock;
  readonly #events: WatermarkEvents;
  readonly #place: WatermarkContext;
  /** ms between looks at the clock; 0 = never */
  readonly #everyMs: number;
  readonly #periodic: boolean;
  readonly #relay: WatermarkRelay | undefined;
  /** the assigner's part when several readers share one event time */
  readonly relayed: RelayedWatermarks | undefined;
  #nextMs: number;
  #idle = false;

  constructor(config: WatermarkConfig, ctx: WatermarkContext, events: WatermarkEvents, relay: WatermarkRelay | undefined) {
    this.#assigner = new WatermarkAssigner(ctx.engine, ctx.emitted, config, ctx.clock, ctx.name);
    this.#clock = ctx.clock;
    this.#events = events;
    this.#place = ctx;
    this.#relay = relay;
    if (relay !== undefined) this.relayed = new RelayedWatermarks(this.#assigner, relay, ctx, events);
    this.#periodic = config.intervalMs > 0 || config.perSplit;
    // with a relay event time comes from the rows alone: what the clock added would differ from run to run
    const waits = relay === undefined ? [config.intervalMs, config.idleTimeoutMs].filter((ms) => ms > 0) : [];
    this.#everyMs = waits.length === 0 ? 0 : Math.min(...waits);
    this.#nextMs = ctx.clock.nowMs() + this.#everyMs;
    ctx.metrics.gauge('currentOutputWatermark', () => Number(this.#assigner.current));
    ctx.metrics.gauge('watermarkLag', () => ctx.clock.nowMs() - Number(this.#assigner.current));
  }

  /** Puts marks into the batch. The error of a row without a rowtime: the batch then ends before that row. */
  assign(batch: Batch): MillraceError | undefined {
    if (this.#idle) {
      this.#idle = false;
      this.#events.active();
    }
    return this.#assigner.assign(batch);
  }

  /** Before each poll: what processing time brings. */
  tick(): void {
    if (this.#everyMs === 0) return;
    const now = this.#clock.nowMs();
    if (now < this.#nextMs) return;
    this.#nextMs = now + this.#everyMs;
    const idle = this.#assigner.onIdle(now) === 'idle';
    const watermark = this.#periodic ? this.#assigner.periodic(now) : undefined;
    if (watermark !== undefined) this.#events.watermark(watermark);
    if (!idle || this.#idle) return;
    this.#idle = true;
    this.#events.idle();
  }

  wakeupMs(): number | undefined {
    return this.#everyMs === 0 ? undefined : Math.max(0, this.#nextMs - this.#clock.nowMs());
  }

  splitAdded(split: number): void {
    this.#assigner.splitAdded(split);
  }
  splitFinished(split: number): void {
    this.#assigner.splitFinished(split);
  }

  /** An element of union state. */
  snapshot(): Uint8Array {
    return this.#relay === undefined ? ownState(this.#place, this.#assigner.snapshot()) : this.#relay.snapshot();
  }
  /**
   * A relay goes on at any parallelism. Otherwise a subtask takes up only its own state: at another parallelism watermarks begin anew, as in Flink, and
   * operators keep theirs.
   */
  restore(union: readonly Uint8Array[]): void {
    if (this.#relay !== undefined) {
      for (const bytes of union) this.#relay.restore(bytes);
      return;
    }
    const own = takeOwnState(this.#place, union);
    if (own !== undefined) this.#assigner.restore(own);
  }

  close(): void {
    this.relayed?.close();
    this.#assigner.close();
  }
}
