import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, machine } from '../lib/machine.js';
import { DATA } from '../lib/paths.js';
import { save } from '../lib/program.js';
import { table } from '../lib/stats.js';
import type { LatencyRun } from '../latency/plan.js';
import { type LatencyFigures, measureFlink, measureLatency, sustainableRate } from '../latency/measure.js';
import { prepareFlink } from '../peers/flink.js';
import { saved } from '../lib/saved.js';

export interface LatencyStageOptions {
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly parallelism: number;
  readonly bufferTimeoutsMs: readonly number[];
  /** percent of the sustainable rate */
  readonly shares: readonly number[];
  readonly work: LatencyRun['work'];
  /** millrace over all rates, flink at the fixed one */
  readonly programs: readonly ('millrace' | 'flink')[];
  /** records/s, known from an earlier piece of the same run; else it is searched */
  readonly sustainable?: number;
}

/** The rate of the targets, records/s: measured whatever the sustainable one is. */
const FIXED_RATE = 100_000;
/** Flink's default. */
const DEFAULT_TIMEOUT_MS = 100;

export interface LatencyRow extends LatencyFigures {
  readonly program: string;
  readonly bufferTimeoutMs: number;
  readonly rate: number;
  /** percent of the sustainable rate; absent for the fixed one */
  readonly share?: number;
}

export interface LatencyResult {
  readonly options: LatencyStageOptions;
  /** records/s */
  readonly sustainable: number;
  readonly rows: readonly LatencyRow[];
}

/**
 * Latency from the time at which a record was due to the sink's write, over rates and buffer timeouts. With a sustainable rate given it is a piece of a run: the rows that
 * earlier pieces saved for this rate stay.
 */
export async function latency(options: LatencyStageOptions): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const dir = join(DATA, 'work-latency');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { seconds, warmupSeconds, parallelism, work } = options;
  const common = { seconds, warmupSeconds, parallelism, work, dir };
  const tell = (rate: number, f: LatencyFigures): void =>
    console.log(
      `${million(rate).padStart(6)} M records/s: ${f.sustained ? 'keeps up' : 'falls behind'}, p50 ${figure(f.p50Ms)} ms, p99 ${figure(f.p99Ms)} ms, ${f.cores} cores`,
    );
  let { sustainable } = options;
  if (sustainable === undefined) {
    sustainable = await sustainableRate({ ...common, bufferTimeoutMs: DEFAULT_TIMEOUT_MS }, tell);
    console.log(`sustainable: ${million(sustainable)} M records/s\n`);
  }
  const rows: LatencyRow[] = [];
  const take = (row: LatencyRow): void => {
    rows.push(row);
    console.log(`${row.program}, buffer timeout ${row.bufferTimeoutMs} ms:`);
    tell(row.rate, row);
  };
  const skip = options.programs.includes('flink') ? await prepareFlink() : undefined;
  if (skip !== undefined) console.log(`flink 2.3: skipped, ${skip}`);
  for (const bufferTimeoutMs of options.bufferTimeoutsMs) {
    for (const share of options.programs.includes('millrace') ? [undefined, ...options.shares] : []) {
      const rate = share === undefined ? FIXED_RATE : Math.round((sustainable * share) / 100);
      take({ program: 'millrace', bufferTimeoutMs, rate, share, ...(await measureLatency({ ...common, bufferTimeoutMs, rate })) });
    }
    if (options.programs.includes('flink') && skip === undefined)
      take({ program: 'flink 2.3', bufferTimeoutMs, rate: FIXED_RATE, ...(await measureFlink({ ...common, bufferTimeoutMs, rate: FIXED_RATE })) });
  }
  rmSync(dir, { recursive: true, force: true });
  const result: LatencyResult = { options, sustainable, rows: merged(earlier(options), rows).sort(inOrder) };
  console.log(`\n${latencyTable(result)}`);
  console.log(`written: ${save('latency', result, m)}`);
}

/** What earlier pieces of the same run saved. */
function earlier({ sustainable, work, parallelism }: LatencyStageOptions): readonly LatencyRow[] {
  const before = sustainable === undefined ? undefined : saved<LatencyResult>('latency')?.result;
  if (before === undefined || before.sustainable !== sustainable || before.options.work !== work || before.options.parallelism !== parallelism) return [];
  return before.rows;
}

/** One row of each cell: the one on more cores, the new one of equals. */
function merged(before: readonly LatencyRow[], now: readonly LatencyRow[]): LatencyRow[] {
  const same = (a: LatencyRow, b: LatencyRow): boolean => a.program === b.program && a.bufferTimeoutMs === b.bufferTimeoutMs && a.share === b.share;
  const kept = before.filter((b) => !now.some((r) => same(r, b) && (r.cores ?? 0) >= (b.cores ?? 0)));
  return [...kept, ...now.filter((r) => !kept.some((b) => same(r, b)))];
}

/** The fixed rate first, the programs under one another. */
function inOrder(a: LatencyRow, b: LatencyRow): number {
  return (a.share ?? 0) - (b.share ?? 0) || b.program.localeCompare(a.program) || a.bufferTimeoutMs - b.bufferTimeoutMs;
}

const million = (rate: number): string => (rate / 1e6).toFixed(2);
const figure = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0));

export function latencyTable({ rows }: Pick<LatencyResult, 'rows'>): string {
  return table(
    ['program', 'buffer timeout ms', 'M records/s', 'of sustainable', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'keeps up', 'cores'],
    rows.map((r) => [
      r.program,
      String(r.bufferTimeoutMs),
      million(r.rate),
      r.share === undefined ? '-' : `${r.share} %`,
      figure(r.p50Ms),
      figure(r.p99Ms),
      figure(r.p999Ms),
      figure(r.maxMs),
      r.sustained ? 'yes' : 'no',
      r.cores === undefined ? '-' : r.cores.toFixed(2),
    ]),
  );
}
