import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CLI, ROOT } from './paths.js';
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
  let text = readFileSync(join(ROOT, 'bench/sql', name), 'utf8');
  for (const [k, v] of Object.entries(values)) text = text.replaceAll(`\${${k}}`, v);
  return text;
}

export const fileUri = (path: string): string => pathToFileURL(path).href;

/** Runs a SQL text through the command line in a process of its own. */
export async function runSql(sql: string, workDir: string): Promise<RunMetrics & { wallMs: number }> {
  const job = join(workDir, 'job.sql');
  const metrics = join(workDir, 'metrics.json');
  writeFileSync(job, sql);
  const { wallMs } = await child(process.execPath, [CLI, 'run', job, '--metrics-json', metrics]);
  return { ...(JSON.parse(readFileSync(metrics, 'utf8')) as RunMetrics), wallMs };
}
