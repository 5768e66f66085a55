import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BENCH, CLI } from './paths.js';
import { child } from './program.js';

/** What `millrace run --metrics-json file` writes. */
export interface RunMetrics {
  /** records read by all sources */
  readonly records: number;
  /** from the first read to the last committed row */
  readonly seconds: number;
  readonly startupMs: number;
  readonly peakRssBytes: number;
}

/** A script of bench/sql with ${NAME} replaced. */
export function script(name: string, values: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(BENCH, 'sql', name), 'utf8');
  for (const [k, v] of Object.entries(values)) text = text.replaceAll(`\${${k}}`, v);
  return text;
}

export const fileUri = (path: string): string => pathToFileURL(path).href;

/** Runs a SQL text through the command line in a process of its own. */
export async function runSql(sql: string, workDir: string): Promise<RunMetrics & { wallMs: number }> {
  const job = join(workDir, 'job.sql');
  writeFileSync(job, sql);
  return runJob([job], workDir);
}

/** Runs a job module of bench/jobs through the command line, at a parallelism. */
export const runModule = (name: string, slots: number, workDir: string, env: Readonly<Record<string, string>>): Promise<RunMetrics & { wallMs: number }> =>
  runJob([join(BENCH, 'jobs', name), '--set', `parallelism.default=${slots}`], workDir, env);

async function runJob(args: readonly string[], workDir: string, env: Readonly<Record<string, string>> = {}): Promise<RunMetrics & { wallMs: number }> {
  const metrics = join(workDir, 'metrics.json');
  const { wallMs } = await child(process.execPath, [CLI, 'run', ...args, '--metrics-json', metrics], env);
  return { ...(JSON.parse(readFileSync(metrics, 'utf8')) as RunMetrics), wallMs };
}
