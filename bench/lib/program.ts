import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onSettledCores, overSettled, settledText } from './cores.js';
import { machine, type Machine } from './machine.js';
import { type OutputRows, outputRows } from './output.js';
import { ensure, RESULTS } from './paths.js';
import { median, spread, table } from './stats.js';

/** What a program says of one run on one input. `seconds` is from the first read to the last committed row. */
export interface Measured {
  readonly records: number;
  readonly seconds: number;
  readonly startupMs?: number;
  readonly peakRssBytes?: number;
  /** file or folder of JSON lines, which the race compares with that of the others */
  readonly output: string;
}

/** A run whose output was looked at. */
export interface Run extends Omit<Measured, 'output'>, OutputRows {
  /** cores that busy threads got just before */
  readonly cores: number;
}

export interface Program {
  readonly name: string;
  /** what it does not do that the others do */
  readonly note: string;
  /** rounds it takes part in; slow programs run less often */
  readonly rounds?: number;
  /** why it cannot run here; undefined when it can */
  readonly skip?: string;
  /** Fetches and builds what it needs, once, before the race; returns why it cannot. */
  prepare?(): Promise<string | undefined>;
  run(input: string, workDir: string): Promise<Measured>;
}

export interface ChildResult {
  readonly wallMs: number;
  readonly stdout: string;
}

/** Runs a program to its end; a failure carries what it printed. */
export function child(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const p = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    p.stdout.on('data', (d: Buffer) => {
      stdout += d;
    });
    p.stderr.on('data', (d: Buffer) => {
      stderr += d;
    });
    p.on('error', reject);
    p.on('close', (code, signal) => {
      if (code === 0) resolve({ wallMs: performance.now() - began, stdout });
      else reject(new Error(`${command} ${args.join(' ')}: ended with ${signal ?? code}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`));
    });
  });
}

/** The last line of a program's output, as JSON. */
export function lastLine<T>(stdout: string): T {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

/** A file is warm when reading it again is not faster by more than this. */
const WARM_GAIN = 0.85;
const WARM_READS_MAX = 6;

/**
 * Reads a file until it does not get faster, so that every program finds it in the page cache, and there in the same state: the first reads after those from
 * the disk cost the kernel more, because it moves the pages to the list of those in use.
 */
export function warm(path: string): void {
  let before = Number.POSITIVE_INFINITY;
  for (let i = 0; i < WARM_READS_MAX; i++) {
    const began = performance.now();
    forEachChunk(path, () => {});
    const ms = performance.now() - began;
    if (ms > before * WARM_GAIN) return;
    before = ms;
  }
}

/** Lines of a file, each ended by a newline. */
export function countLines(path: string): number {
  let lines = 0;
  forEachChunk(path, (b) => {
    for (let at = b.indexOf(10); at >= 0; at = b.indexOf(10, at + 1)) lines++;
  });
  return lines;
}

function forEachChunk(path: string, take: (chunk: Buffer) => void): void {
  const fd = openSync(path, 'r');
  const b = Buffer.allocUnsafe(8 << 20);
  for (let n = readSync(fd, b, 0, b.length, null); n > 0; n = readSync(fd, b, 0, b.length, null)) take(b.subarray(0, n));
  closeSync(fd);
}

export interface Summary {
  readonly name: string;
  readonly note: string;
  /** median over the runs on settled cores if there are two of them, else over all */
  readonly rate: number;
  readonly spread: number;
  /** runs on settled cores; absent in older results */
  readonly settled?: number;
  readonly startupMs: number | undefined;
  readonly peakRssBytes: number | undefined;
  readonly runs: readonly Run[];
}

/** Runs the programs in turn (A B A B ...) on one input and compares their outputs. */
export async function race(programs: readonly Program[], input: string, rounds: number, workDir: string): Promise<Summary[]> {
  const runs = new Map<Program, Run[]>();
  let expected: { name: string; run: Run } | undefined;
  for (const p of programs) {
    const skip = p.skip ?? (await p.prepare?.());
    if (skip !== undefined) console.log(`${p.name}: skipped, ${skip}`);
    else runs.set(p, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [p, list] of runs) {
      if (round >= (p.rounds ?? rounds)) continue;
      rmSync(workDir, { recursive: true, force: true });
      mkdirSync(workDir, { recursive: true });
      warm(input);
      const { output, ...measured } = await onSettledCores(() => p.run(input, workDir));
      const run: Run = { ...measured, ...outputRows(output) };
      expected ??= { name: p.name, run };
      for (const key of ['records', 'rows', 'checksum'] as const)
        if (run[key] !== expected.run[key])
          throw new Error(`${p.name} gives ${key} ${run[key]}, ${expected.name} gives ${expected.run[key]}: the outputs differ`);
      list.push(run);
      console.log(`round ${round + 1}: ${p.name.padEnd(28)} ${(run.records / run.seconds / 1e6).toFixed(2)} M records/s, on ${run.cores.toFixed(2)} cores`);
    }
  }
  rmSync(workDir, { recursive: true, force: true });
  return [...runs].map(([p, list]) => summary(p, list));
}

function summary(p: Program, runs: readonly Run[]): Summary {
  const rates = overSettled(runs.map((r) => ({ value: r.records / r.seconds, cores: r.cores })));
  const known = (pick: (r: Run) => number | undefined): number | undefined => {
    const values = runs.flatMap((r) => pick(r) ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  return {
    name: p.name,
    note: p.note,
    rate: rates.median,
    spread: spread(rates.values),
    settled: rates.settled,
    startupMs: known((r) => r.startupMs),
    peakRssBytes: known((r) => r.peakRssBytes),
    runs,
  };
}

/** How the table's medians are made. */
export const MEDIANS = '(those on settled cores, if there are two)';

/** The table of a race, rates as ratios to the program named `reference`. */
export function raceTable(results: readonly Summary[], reference: string): string {
  const base = results.find((r) => r.name === reference)?.rate;
  return table(
    ['program', 'M records/s', 'spread', 'settled runs', `x ${reference}`, 'start-up ms', 'peak RSS MB', 'note'],
    results.map((r) => [
      r.name,
      (r.rate / 1e6).toFixed(2),
      `${(r.spread * 100).toFixed(0)} %`,
      r.settled === undefined ? '-' : settledText({ settled: r.settled, runs: r.runs.length }),
      base === undefined ? '-' : (r.rate / base).toFixed(2),
      r.startupMs === undefined ? '-' : r.startupMs.toFixed(0),
      r.peakRssBytes === undefined ? '-' : (r.peakRssBytes / 1e6).toFixed(0),
      r.note,
    ]),
  );
}

/** Writes what was measured, with the machine, to bench/results/<name>.json. */
export function save(name: string, result: unknown, m: Machine = machine()): string {
  const path = join(ensure(RESULTS), `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ machine: m, result }, null, 2)}\n`);
  return path;
}

type Rated = Pick<Summary, 'name' | 'rate'>;

/** Threads that a program's name speaks of; one when it speaks of none. */
const threadsOf = (name: string): number => Number(/(\d+) (slot|thread|worker)s?$/.exec(name)?.[1] ?? 1);

/** Lines with the ratios of millrace to every peer of as many threads, and what a second slot gives; empty without millrace. */
export function ratios(results: readonly Rated[]): string {
  const ours = results.filter((r) => r.name.startsWith('millrace'));
  const lines = ours.flatMap((us) => {
    const peers = results.filter((r) => !ours.includes(r) && threadsOf(r.name) === threadsOf(us.name));
    const parts = peers.map((p) => `${(us.rate / p.rate).toFixed(2)} x ${p.name.replace(/, \d+ \w+$/, '')}`);
    return parts.length === 0 ? [] : [`- ${us.name}: ${parts.join(', ')}`];
  });
  const [one, two] = [1, 2].map((slots) => ours.find((r) => threadsOf(r.name) === slots)?.rate);
  if (one !== undefined && two !== undefined) lines.push(`- two slots over one: ${(two / one).toFixed(2)} x`);
  return lines.length === 0 ? '' : `\n${lines.join('\n')}`;
}
