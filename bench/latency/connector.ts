import { writeFileSync } from 'node:fs';
import type { Batch } from '#src/batch/batch.js';
import { option, optionKind, readOptions, requiredOption } from '#src/contract/options.js';
import type { SinkWriter, WriterContext } from '#src/contract/sink.js';
import { type Connector, POLL_END, POLL_IDLE, POLL_ROWS, type ReaderContext, type SourceReader } from '#src/contract/source.js';
import { Histogram, type HistogramData } from './histogram.js';
import { INTERVAL_MS } from './plan.js';

/**
 * The two ends of the latency bench, as a connector of one's own. The source is an open loop: record k of the whole table is due k / rate seconds after the start
 * whatever the job does, and carries that time; the sink records at its write how long ago each record was due. So a stall shows in every record it held up.
 */

const SOURCE = {
  rate: requiredOption(optionKind.int, 'records a second of all subtasks together'),
  'duration-ms': requiredOption(optionKind.int, 'how long records are made'),
  keys: option(optionKind.int, 'keys, evenly used', 10_000),
};
const SINK = {
  path: requiredOption(optionKind.string, 'the figures of subtask i go to <path>-i.json'),
  'warmup-ms': option(optionKind.int, 'records due within this time after the first are not counted', 1000),
};

/** CLOCK_MONOTONIC, one for all threads, ns. */
function nowNs(): number {
  const [s, ns] = process.hrtime();
  return s * 1e9 + ns;
}

const column = (ctx: ReaderContext | WriterContext, name: string): number => ctx.leaves.findIndex((l) => l.path.length === 1 && l.path[0] === name);

/** Record k of subtask i is number i + k * parallelism of the whole table. */
class PacedReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #nsPerRecord: number;
  readonly #records: number;
  readonly #keys: number;
  readonly #key: number;
  readonly #created: number;
  #startNs = 0;
  /** number of the next record in the whole table */
  #next: number;

  constructor(options: { rate: number; 'duration-ms': number; keys: number }, ctx: ReaderContext) {
    this.#ctx = ctx;
    this.#nsPerRecord = 1e9 / options.rate;
    this.#records = Math.floor((options.rate * options['duration-ms']) / 1000);
    this.#keys = options.keys;
    this.#key = column(ctx, 'key');
    this.#created = column(ctx, 'created');
    this.#next = ctx.subtaskIndex;
  }

  poll(batch: Batch): number {
    if (this.#next >= this.#records) return POLL_END;
    const now = nowNs();
    if (this.#startNs === 0) this.#startNs = now;
    const due = Math.floor((now - this.#startNs) / this.#nsPerRecord) + 1;
    const { parallelism, engine } = this.#ctx;
    const n = Math.min(batch.capacity, Math.ceil((Math.min(due, this.#records) - this.#next) / parallelism));
    if (n <= 0) return POLL_IDLE;
    for (const c of [this.#key, this.#created]) engine.u8.fill(0xff, batch.validity(c), batch.validity(c) + ((n + 7) >>> 3));
    const keys = batch.values(this.#key) >>> 2;
    const created = batch.values(this.#created) >>> 3;
    for (let i = 0; i < n; i++) {
      // a multiplication by an odd number goes through all keys in a scattered order
      engine.i32[keys + i] = (Math.imul(this.#next, 0x9e3779b1) >>> 1) % this.#keys;
      engine.f64[created + i] = this.#startNs + this.#next * this.#nsPerRecord;
      this.#next += parallelism;
    }
    batch.selectAll(n);
    return POLL_ROWS;
  }

  wakeupMs(): number {
    return Math.max(0, (this.#startNs + this.#next * this.#nsPerRecord - nowNs()) / 1e6);
  }

  snapshot(): Uint8Array[] {
    return [];
  }
  restore(): void {}
}

/** What one subtask of the sink saw. */
export interface SinkFigures {
  readonly histogram: HistogramData;
  /** by 100 ms of schedule: records, and the sum and the maximum of their latencies, ns */
  readonly intervals: readonly (readonly [number, number, number])[];
}

class HistogramWriter implements SinkWriter {
  readonly #path: string;
  readonly #warmupNs: number;
  readonly #ctx: WriterContext;
  readonly #created: number;
  readonly #histogram = new Histogram();
  readonly #intervals: [number, number, number][] = [];
  #firstNs = Number.POSITIVE_INFINITY;

  constructor(options: { path: string; 'warmup-ms': number }, ctx: WriterContext) {
    this.#path = `${options.path}-${ctx.subtaskIndex}.json`;
    this.#warmupNs = options['warmup-ms'] * 1e6;
    this.#ctx = ctx;
    this.#created = column(ctx, 'created');
  }

  write(batch: Batch): void {
    const now = nowNs();
    const { engine } = this.#ctx;
    const created = batch.values(this.#created) >>> 3;
    const sel = batch.sel >>> 2;
    const n = batch.selCount;
    if (n > 0) this.#firstNs = Math.min(this.#firstNs, engine.f64[created + engine.u32[sel]]);
    for (let i = 0; i < n; i++) {
      const at = engine.f64[created + engine.u32[sel + i]];
      const ns = now - at;
      const sinceFirst = at - this.#firstNs;
      const k = Math.max(0, Math.floor(sinceFirst / (INTERVAL_MS * 1e6)));
      while (this.#intervals.length <= k) this.#intervals.push([0, 0, 0]);
      const interval = this.#intervals[k];
      interval[0]++;
      interval[1] += ns;
      if (ns > interval[2]) interval[2] = ns;
      if (sinceFirst >= this.#warmupNs) this.#histogram.record(ns);
    }
  }

  finish(): boolean {
    writeFileSync(this.#path, JSON.stringify({ histogram: this.#histogram.data, intervals: this.#intervals }));
    return false;
  }
}

export const connector: Connector = {
  name: 'latency',
  sourceOptions: SOURCE,
  sinkOptions: SINK,
  formats: 'none',
  async planSource(_config, host) {
    return { bounded: true, splits: Array.from({ length: host.parallelism }, () => []) };
  },
  createReader: (config, _plan, _splits, ctx) => new PacedReader(readOptions("connector 'latency'", SOURCE, config.options, {}), ctx),
  async planSink() {
    return {};
  },
  createWriter: (config, _plan, ctx) => new HistogramWriter(readOptions("connector 'latency'", SINK, config.options, {}), ctx),
};
