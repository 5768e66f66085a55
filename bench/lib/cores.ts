import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median } from './stats.js';

/**
 * How many cores busy threads get. The virtual cores of a rented machine are hyperthreads that the host moves about: after one-threaded work both may sit on one
 * physical core, until the host notices, after 1 to 3 s, that both are busy. A run on such a machine would measure the host. So every measured run begins with threads
 * that keep the cores busy until each of them is as fast as one alone.
 */

/** Threads of the probe: as many as the programs have. */
const THREADS = Math.min(2, cpus().length);
/** Settled: so much of a core for every thread. */
const SHARE_OK = 0.95;
/** Longest wait for the host, ms. */
const SETTLE_MAX_MS = 6000;
/** One look, ms; and how long a thread runs alone for comparison. */
const LOOK_MS = 150;
const ALONE_MS = 80;

/** Control words of the probe: how many threads shall run, then one counter per thread on a cache line of its own. */
const STRIDE = 16;

/** Four independent multiplications at a time keep a core's only multiplier busy in every cycle, so two threads on one core get half of it each. */
function busy(words: Int32Array, k: number, stride: number): void {
  let [a, b, c, d] = [3, 5, 7, 9];
  for (;;) {
    const wanted = Atomics.load(words, 0);
    if (wanted <= k) {
      Atomics.wait(words, 0, wanted);
      continue;
    }
    for (let i = 0; i < 10_000; i++) {
      a = Math.imul(a, 0x9e3779b1);
      b = Math.imul(b, 0x85ebca6b);
      c = Math.imul(c, 0xc2b2ae35);
      d = Math.imul(d, 0x27d4eb2f);
    }
    Atomics.add(words, (k + 1) * stride, 1 | ((a ^ b ^ c ^ d) & 0)); // the sums are used, so they are made
  }
}

let probe: Int32Array | undefined;

/** Threads that sleep until they are asked to be busy; they keep no process alive. */
function started(): Int32Array {
  if (probe !== undefined) return probe;
  probe = new Int32Array(new SharedArrayBuffer((THREADS + 1) * STRIDE * 4));
  for (let k = 0; k < THREADS; k++) {
    const source = `const { words, k, stride } = require('node:worker_threads').workerData; (${busy})(words, k, stride)`;
    new Worker(source, { eval: true, workerData: { words: probe, k, stride: STRIDE } }).unref();
  }
  return probe;
}

/** What each of `threads` busy threads does per ms, over `ms`. */
async function rates(words: Int32Array, threads: number, ms: number): Promise<number[]> {
  if (Atomics.exchange(words, 0, threads) !== threads) {
    Atomics.notify(words, 0);
    await sleep(10); // they wake up
  }
  const count = (): number[] => Array.from({ length: threads }, (_, k) => Atomics.load(words, (k + 1) * STRIDE));
  const before = count();
  const began = performance.now();
  await sleep(ms);
  const after = count();
  const tookMs = performance.now() - began;
  return after.map((n, k) => ((n - before[k]) | 0) / tookMs);
}

/** Whole cores that threads got, when one alone does `best`. */
export function coresGot(threads: readonly number[], best: number): number {
  return threads.reduce((sum, r) => sum + r, 0) / best;
}

export const isSettled = (cores: number, threads = THREADS): boolean => cores >= SHARE_OK * threads;

/** Keeps the cores busy until every thread has one to itself, or for `maxMs`. Gives how many cores the threads got in the end. */
export async function settle(maxMs = SETTLE_MAX_MS): Promise<number> {
  const words = started();
  if (Atomics.load(words, STRIDE) === 0) await rates(words, THREADS, 100); // the loop is compiled
  let [best] = await rates(words, 1, ALONE_MS);
  const end = performance.now() + maxMs;
  let cores = 0;
  do {
    const now = await rates(words, THREADS, LOOK_MS);
    best = Math.max(best, ...now);
    cores = coresGot(now, best);
  } while (!isSettled(cores) && performance.now() < end);
  Atomics.store(words, 0, 0);
  return Math.round(cores * 100) / 100;
}

/** A measured run of any program, on settled cores where the host lets us. */
export async function onSettledCores<T extends object>(run: () => Promise<T>): Promise<T & { readonly cores: number }> {
  const cores = await settle();
  return { ...(await run()), cores };
}

/** Looks after a run: the host may have moved its threads on the way. */
const AFTER_MS = 500;
const TRIES = 3;

/** A run that must not be disturbed: made again, at most twice, until the cores are settled before and after it. Gives the run with the most of them, whatever its figures. */
export async function undisturbed<T extends object>(run: () => Promise<T>): Promise<T & { readonly cores: number }> {
  let best: (T & { readonly cores: number }) | undefined;
  for (let k = 0; k < TRIES && !isSettled(best?.cores ?? 0); k++) {
    const r = await onSettledCores(run);
    const cores = Math.min(r.cores, await settle(AFTER_MS));
    if (best === undefined || cores > best.cores) best = { ...r, cores };
  }
  return best!;
}

/** A figure of one run, and the cores that busy threads got before it. */
export interface Sample {
  readonly value: number;
  readonly cores: number;
}

export interface Settled {
  /** values of the runs on settled cores if there are two of them, else of all runs */
  readonly values: readonly number[];
  readonly median: number;
  /** runs on settled cores, and all */
  readonly settled: number;
  readonly runs: number;
}

export function overSettled(samples: readonly Sample[]): Settled {
  const good = samples.filter((s) => isSettled(s.cores));
  const values = (good.length >= 2 ? good : samples).map((s) => s.value);
  return { values, median: median(values), settled: good.length, runs: samples.length };
}

/** For a table or the line below one. */
export const settledText = (s: Pick<Settled, 'settled' | 'runs'>): string => `${s.settled} of ${s.runs}`;
