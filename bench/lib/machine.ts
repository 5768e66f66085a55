import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { PACKAGED, ROOT } from './paths.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  readonly commit: string;
  /** cores that other programs kept busy when the bench began; absent in older results */
  readonly othersBusy?: number;
  readonly at: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    commit: commit(),
    othersBusy: Math.round(busyCores(BUSY_LOOK_MS) * 100) / 100,
    at: new Date().toISOString(),
  };
}

const BUSY_LOOK_MS = 300;

/** Cores in use while this program does nothing for `ms`. A load average would count our own runs. */
function busyCores(ms: number): number {
  const used = (): number => cpus().reduce((sum, { times: t }) => sum + t.user + t.nice + t.sys + t.irq, 0);
  const before = used();
  const began = performance.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return (used() - before) / (performance.now() - began);
}

/** The commit in the repository; in the installed package its version. */
function commit(): string {
  if (PACKAGED) return `of release ${(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version}`;
  const git = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' });
  return git.status === 0 ? git.stdout.trim() : 'unknown';
}

/** Less is the system's own housekeeping. */
const NOISE_CORES = 0.15;

export function describe(m: Machine): string {
  const noise = (m.othersBusy ?? 0) >= NOISE_CORES ? `, others kept ${m.othersBusy} cores busy` : '';
  return `${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB, Node ${m.node}, ${m.platform}, commit ${m.commit}${noise}`;
}
