import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { type Clock, systemClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import { modulesNamed } from '../contract/registry.js';
import type { JobHandle } from '../job/execute.js';
import { SlotPool } from '../job/pool.js';
import type { JobResult } from '../job/status.js';
import type { Preload } from '../task/worker.js';
import { prepareKernelModule } from '../wasm/engine.js';
import { leaveCoresToSlots } from './compiler.js';
import { ignoreBrokenPipes, onInterrupt, SIGNAL_CODES } from './interrupt.js';
import { StatusLine } from './status-line.js';
import { summary, watch } from './watch.js';

export interface RunFlags {
  readonly set?: string;
  readonly metricsJson?: string;
  readonly quiet?: boolean;
}

export interface RunContext {
  readonly line: StatusLine;
  readonly clock: Clock;
  /** what the rows are called in the status line */
  readonly outputs: string;
  readonly summary: boolean;
  readonly metricsJson?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly file?: string;
}

/** Runs a .sql script or a module. Resolves with the exit code: 0, 1 after an error, 130 after Ctrl-C, 143 after SIGTERM, 141 when nobody reads the rows. */
export async function runFile(file: string, flags: RunFlags): Promise<number> {
  const line = new StatusLine(process.stdout.isTTY ? process.stdout : process.stderr);
  return guarded(line, async () => {
    const context: RunContext = {
      line,
      clock: systemClock,
      outputs: 'rows',
      summary: flags.quiet !== true,
      metricsJson: flags.metricsJson,
      file,
      options: parseSet(flags.set),
    };
    if (!existsSync(file)) throw missing(file);
    return extname(file) === '.sql' ? runScript(readFileSync(file, 'utf8'), context) : runModule(file, context);
  });
}

/** Runs every job of a script in order. */
export async function runScript(text: string, context: RunContext): Promise<number> {
  return guarded(context.line, async () => {
    const likely = preload(text);
    const pool = new SlotPool(slotsExpected(text, context.options), likely); // its threads load while the script is planned
    try {
      // all at once: a file that is waited for alone delays the start
      const early = Promise.allSettled([prepareKernelModule(), ...likely.modules.map((url) => import(url))]);
      const { executeGraph, planScript } = await import('./script.js');
      await early; // what cannot be loaded is said when the script names it
      const plan = await planScript(text, { file: context.file, options: context.options });
      for (const w of plan.warnings) process.stderr.write(`${w}\n`);
      const slots = plan.steps.map((s) => (s.kind === 'text' ? 0 : Number(s.graph.options['parallelism.default'] ?? 1)));
      leaveCoresToSlots(Math.max(0, ...slots));
      const results: JobResult[] = [];
      for (const step of plan.steps) {
        if (step.kind === 'text') {
          context.line.print(`${step.text}\n`);
          continue;
        }
        const job = await executeGraph(step.graph, { pool, ...says(context) });
        const code = await follow(job, context, results);
        if (code !== 0) return code;
      }
      writeMetrics(context, results);
      return 0;
    } finally {
      await pool.destroy();
    }
  });
}

/** How many slots the script will most likely want, read off its text: a wrong guess costs a thread's start, now or later. */
function slotsExpected(text: string, options: Readonly<Record<string, string>> | undefined): number {
  const given = options?.['parallelism.default'] ?? /'parallelism\.default'\s*=\s*'(\d{1,3})'/i.exec(text)?.[1];
  return Math.min(Math.max(Number(given ?? 1) || 1, 1), availableParallelism());
}

/** What its slots will most likely load, read off its text too. */
function preload(text: string): Preload {
  return { modules: modulesNamed(text), operators: /\bGROUP\s+BY\b/i.test(text) ? ['windowAggregate'] : [] };
}

async function runModule(file: string, context: RunContext): Promise<number> {
  const { executeModule } = await import('../stream/execute.js');
  const results: JobResult[] = [];
  const { guardModule } = await import('./module-guard.js');
  const code = await guardModule(
    file,
    (text) => context.line.print(`warning: ${text}\n`),
    (signal) => executeModule(file, { settings: context.options, signal, ...says(context) }),
    (job) => follow(job, context, results),
  );
  writeMetrics(context, results);
  return code;
}

/** Follows one job to its end. */
async function follow(job: JobHandle, context: RunContext, results: JobResult[]): Promise<number> {
  const interrupts = onInterrupt(job, context.clock);
  try {
    const result = await watch(job, context.line, context.clock, context.outputs);
    if (interrupts.error !== undefined) throw interrupts.error;
    results.push(result);
    if (context.summary && interrupts.code !== SIGNAL_CODES.SIGPIPE)
      (context.line.live ? process.stdout : process.stderr).write(summary(result, context.outputs));
    return interrupts.code ?? 0;
  } finally {
    interrupts.stop();
  }
}

/** Where a job's rows and warnings go. */
function says({ line }: RunContext): { print(text: string): void; warn(text: string): void } {
  return { print: (text) => print(line, text), warn: (text) => line.print(`warning: ${text}\n`) };
}

/** Rows go to stdout; above the status line when that is drawn there too. */
function print(line: StatusLine, text: string): void {
  if (line.live) line.print(text);
  else process.stdout.write(text);
}

async function guarded(line: StatusLine, body: () => Promise<number>): Promise<number> {
  ignoreBrokenPipes();
  try {
    return await body();
  } catch (e) {
    line.clear();
    const error = MillraceError.from(e);
    process.stderr.write(`${error.code}: ${error.message}\n`);
    if (error.code === 'INTERNAL' || process.env.MILLRACE_DEBUG !== undefined) process.stderr.write(`${error.stack ?? ''}\n`);
    return 1;
  }
}

function missing(file: string): MillraceError {
  return new MillraceError('FILE_NOT_FOUND', `there is no file ${file}`, { remedy: 'Give the path of a .sql script or of a job module.' });
}

/** 'a=b; c=d' as options. */
function parseSet(text: string | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  for (const part of (text ?? '').split(';')) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    if (at < 0)
      throw new MillraceError('INVALID_OPTION', `'${part.trim()}' is not key=value`, { remedy: "Write --set 'parallelism.default=2; pipeline.name=x'." });
    out[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return out;
}

function writeMetrics(context: RunContext, results: readonly JobResult[]): void {
  if (context.metricsJson === undefined || results.length === 0) return;
  const last = results[results.length - 1];
  const json = {
    records: results.reduce((n, r) => n + r.recordsIn, 0),
    rows: results.reduce((n, r) => n + r.recordsOut, 0),
    seconds: results.reduce((n, r) => n + r.runMs, 0) / 1000,
    startupMs: results[0].startupMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    lateDropped: results.reduce((n, r) => n + r.lateDropped, 0),
    badRecords: results.reduce((n, r) => n + r.badRecords, 0),
    metrics: last.metrics,
  };
  writeFileSync(context.metricsJson, `${JSON.stringify(json, null, 1)}\n`);
}

/** Prints the plans of a script. */
export async function explainFile(file: string, flags: RunFlags): Promise<number> {
  const line = new StatusLine(process.stderr);
  return guarded(line, async () => {
    if (!existsSync(file)) throw missing(file);
    const { explainGraph, planScript } = await import('../sql/index.js');
    const plan = await planScript(readFileSync(file, 'utf8'), { file, options: parseSet(flags.set) });
    for (const step of plan.steps) process.stdout.write(`${step.kind === 'text' ? step.text : explainGraph(step.graph)}\n`);
    return 0;
  });
}
