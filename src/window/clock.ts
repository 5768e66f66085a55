import type { Batch } from '../batch/batch.js';
import type { OperatorContext } from '../contract/operator.js';
import { toLocalMs, toUtcMs, zoneTable } from '../time/zone.js';
import type { ZoneTable } from '../wasm/zonetable.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    localTimes(zone: number, times: number, sel: number, n: number, out: number): void;
    utcTimes(zone: number, values: number, n: number): void;
  }
}

const HOUR_MS = 3_600_000;
/** More than any offset from UTC. */
const OFFSET_MS_MAX = 24 * HOUR_MS;
/** From here on, only zones that observe daylight saving time by rule still change their offset. */
const RULES_MS = Date.UTC(2037, 0, 1);

/** Where a window operator's times stand: as in WindowAggregateConfig. */
export interface TimeLine {
  readonly timeColumn: number;
  readonly timeZone: string;
}

/**
 * The time line of a window operator. Windows are aligned in the session's time zone when the time attribute is a TIMESTAMP_LTZ: rows, slices and
 * windows then stand in local time, and watermarks and timers are mapped to it as Flink's TimeWindowUtil does.
 */
export class WindowTime {
  readonly #ctx: OperatorContext;
  readonly #config: TimeLine;
  readonly #zone: ZoneTable | undefined;
  readonly #daylight: boolean;
  readonly #table: number = 0;
  #local = 0;
  #localRows = 0;

  constructor(config: TimeLine, ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#config = config;
    this.#zone = config.timeZone === 'UTC' ? undefined : zoneTable(config.timeZone);
    const zone = this.#zone;
    this.#daylight = zone?.startMs.some((ms) => ms >= RULES_MS) ?? false;
    if (zone === undefined) return;
    this.#table = ctx.engine.alloc(8 + zone.startMs.length * 16);
    const { u32, i64 } = ctx.engine;
    u32[this.#table >>> 2] = zone.startMs.length;
    u32[(this.#table >>> 2) + 1] = 0;
    zone.startMs.forEach((ms, i) => {
      i64[(this.#table >>> 3) + 1 + 2 * i] = BigInt(ms);
      i64[(this.#table >>> 3) + 2 + 2 * i] = BigInt(zone.offsetMs[i]);
    });
  }

  /** Pointer to the times of the selected rows by row number: i64 ms on this time line. */
  times(batch: Batch): number {
    const times = batch.values(this.#config.timeColumn);
    if (this.#zone === undefined) return times;
    const { engine } = this.#ctx;
    if (batch.rows > this.#localRows) {
      if (this.#local !== 0) engine.free(this.#local, this.#localRows * 8);
      this.#localRows = Math.max(batch.rows, 2048);
      this.#local = engine.alloc(this.#localRows * 8);
    }
    engine.kernels.localTimes(this.#table, times, batch.sel, batch.selCount, this.#local);
    return this.#local;
  }

  /** The wall clock on this time line. */
  nowMs(): number {
    return toLocalMs(this.#zone, this.#ctx.clock.nowMs());
  }

  /** The last time on this line whose moment the watermark has reached; a window has fired when it is at or past the window's last millisecond. */
  progressOf(watermark: bigint | number): number {
    const ms = typeof watermark === 'number' ? watermark : watermarkMs(watermark);
    if (this.#zone === undefined || !Number.isFinite(ms)) return ms;
    let low = ms - 2 * OFFSET_MS_MAX;
    let high = ms + 2 * OFFSET_MS_MAX;
    while (high - low > 1) {
      const mid = Math.floor((low + high) / 2);
      if (this.#momentOf(mid) <= ms) low = mid;
      else high = mid;
    }
    return low;
  }

  /** The wall-clock time at which a processing-time window with this end has passed. */
  timerMs(end: number): number {
    return this.#momentOf(end - 1) + 1;
  }

  /**
   * When a local time counts as reached (TimeWindowUtil.toEpochMillsForTimer): in a zone with daylight saving time, a time that occurs
   * twice is reached at its second occurrence, and one that a gap skips when the gap begins.
   */
  #momentOf(localMs: number): number {
    const first = toUtcMs(this.#zone, localMs);
    if (!this.#daylight) return first;
    const second = toUtcMs(this.#zone, localMs + HOUR_MS);
    if (first === second) return first - (first % HOUR_MS);
    return second - first > HOUR_MS ? second - HOUR_MS : first;
  }

  /** A local time as the value of a time attribute. */
  toAttribute(localMs: number): number {
    return toUtcMs(this.#zone, localMs);
  }
  /** The same for i64 values in place. */
  toAttributes(values: number, n: number): void {
    if (this.#table !== 0) this.#ctx.engine.kernels.utcTimes(this.#table, values, n);
  }

  close(): void {
    const { engine } = this.#ctx;
    if (this.#table !== 0) engine.free(this.#table, 8 + this.#zone!.startMs.length * 16);
    if (this.#local !== 0) engine.free(this.#local, this.#localRows * 8);
    this.#local = 0;
  }
}

/** A bigint watermark as a number: exact within 2^53 ms, else infinite. */
function watermarkMs(watermark: bigint): number {
  if (watermark > 9007199254740991n) return Number.POSITIVE_INFINITY;
  if (watermark < -9007199254740991n) return Number.NEGATIVE_INFINITY;
  return Number(watermark);
}
