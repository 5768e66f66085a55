import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { undisturbed } from '../lib/cores.js';
import { compiled } from '../lib/paths.js';
import { child } from '../lib/program.js';
import { flinkJvm } from '../peers/flink.js';
import type { SinkFigures } from './connector.js';
import { Histogram } from './histogram.js';
import { INTERVAL_MS, type LatencyRun, RUN_VARIABLE } from './plan.js';

const RUN = compiled('latency/run.js');
const KEYS = 10_000;

/** Latency that grows by less than this between the two halves of a run is no growth, ms. */
const GROWTH_MS = 20;
/** Falling behind the schedule by this share of the time is growth. */
const GROWTH_SHARE = 0.03;

export interface LatencyOptions {
  readonly rate: number;
  /** of what is measured */
  readonly seconds: number;
  /** before that: code is compiled, and a backlog from the start is worked off */
  readonly warmupSeconds: number;
  readonly work: LatencyRun['work'];
  readonly parallelism: number;
  readonly bufferTimeoutMs: number;
  readonly dir: string;
}

export interface LatencyFigures {
  readonly records: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** false: the latency grew from one half of the run to the other, so the job does not keep up with this rate */
  readonly sustained: boolean;
  /** cores that two busy threads got before and after, the fewer of the two; absent in older results */
  readonly cores?: number;
  /** ms at these percentiles, for the plot */
  readonly spectrum: readonly (readonly [number, number])[];
}

const SPECTRUM = [50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100];

export const measureLatency = (o: LatencyOptions): Promise<LatencyFigures> => undisturbed(() => runOnce(o));

async function runOnce(o: LatencyOptions): Promise<LatencyFigures> {
  const path = join(o.dir, 'sink');
  const warmupMs = Math.round(o.warmupSeconds * 1000);
  const durationMs = warmupMs + Math.round(o.seconds * 1000);
  const run: LatencyRun = { rate: o.rate, durationMs, warmupMs, keys: KEYS, work: o.work, path };
  await child(process.execPath, [RUN, String(o.parallelism), String(o.bufferTimeoutMs)], { [RUN_VARIABLE]: JSON.stringify(run) });
  return figuresOf(readFigures(path, o.parallelism), warmupMs);
}

/** Before its code is compiled Flink says nothing about itself. */
const FLINK_WARMUP_MS = 6000;

/** The same job on Flink's MiniCluster, with a longer warm-up. */
export const measureFlink = (o: LatencyOptions): Promise<LatencyFigures> => undisturbed(() => runFlink(o));

async function runFlink(o: LatencyOptions): Promise<LatencyFigures> {
  const path = join(o.dir, 'flink-sink');
  const durationMs = Math.round(FLINK_WARMUP_MS + o.seconds * 1000);
  const args = [o.rate, durationMs, FLINK_WARMUP_MS, KEYS, o.parallelism, o.bufferTimeoutMs];
  await flinkJvm('LatencyRun', ...args.map(String), path);
  return figuresOf(readFigures(path, o.parallelism), FLINK_WARMUP_MS);
}

function readFigures(path: string, parallelism: number): SinkFigures[] {
  return Array.from({ length: parallelism }, (_, i) => {
    const file = `${path}-${i}.json`;
    const figures = JSON.parse(readFileSync(file, 'utf8')) as SinkFigures;
    rmSync(file);
    return figures;
  });
}

export function figuresOf(parts: readonly SinkFigures[], warmupMs: number): LatencyFigures {
  const h = new Histogram();
  for (const p of parts) h.add(p.histogram);
  const ms = (percent: number): number => h.percentileNs(percent / 100) / 1e6;
  return {
    records: h.total,
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    maxMs: h.maxNs / 1e6,
    sustained: !grows(parts, warmupMs),
    spectrum: SPECTRUM.map((p) => [p, ms(p)]),
  };
}

/** Whether records due in the second half of the measured time waited longer than those of the first. */
function grows(parts: readonly SinkFigures[], warmupMs: number): boolean {
  const from = Math.ceil(warmupMs / INTERVAL_MS);
  const to = Math.max(...parts.map((p) => p.intervals.length));
  const middle = (from + to) / 2;
  const mean = (a: number, b: number): number => {
    let n = 0;
    let sum = 0;
    for (const { intervals } of parts)
      for (const [count, total] of intervals.slice(Math.ceil(a), Math.ceil(b))) {
        n += count;
        sum += total;
      }
    return n === 0 ? 0 : sum / n / 1e6;
  };
  const apartMs = ((to - from) / 2) * INTERVAL_MS;
  return mean(middle, to) - mean(from, middle) > Math.max(GROWTH_MS, GROWTH_SHARE * apartMs);
}

/** One record in a hundred may wait longer than this at the sustainable rate, ms: more is a backlog from the start, when code was slow, that was not worked off. */
const BACKLOG_MS = 200;
/** Search ends when the bounds are this close. */
const PRECISION = 1.06;
const RATE_MAX = 50_000_000;

/**
 * The sustainable rate as Karimov et al. define it ("Benchmarking Distributed Stream Data Processing Systems", ICDE 2018): the highest at which the job keeps up, so
 * that the latency, counted from when each record was due, does not grow, and that what gathered before code was compiled has been worked off. Doubling, then bisection.
 */
export async function sustainableRate(o: Omit<LatencyOptions, 'rate'>, tell: (rate: number, f: LatencyFigures) => void, from = 250_000): Promise<number> {
  const keepsUp = async (rate: number): Promise<boolean> => {
    const f = await measureLatency({ ...o, rate });
    tell(rate, f);
    return f.sustained && f.p99Ms <= BACKLOG_MS;
  };
  let low = 0;
  let high = from;
  while (high < RATE_MAX && (await keepsUp(high))) {
    low = high;
    high *= 2;
  }
  if (low === 0) low = high / 16; // slower than the first guess: found by bisection below it
  while (high / low > PRECISION) {
    const rate = Math.round(Math.sqrt(low * high));
    if (await keepsUp(rate)) low = rate;
    else high = rate;
  }
  return low;
}
