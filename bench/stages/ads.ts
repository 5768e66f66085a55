import { join } from 'node:path';
import { adsFile, type Shape } from '../data/ads.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, outputChecksum, runSql, script } from '../lib/millrace.js';
import { DATA, peer } from '../lib/paths.js';
import { child, lastLine, type Program, type Run, race, raceTable, save } from '../lib/program.js';
import { flink } from '../peers/flink.js';

export interface AdsOptions {
  readonly records: number;
  readonly rounds: number;
  readonly shape: Shape;
  /** names, or 'all' */
  readonly programs: readonly string[];
}

const sql = (input: string, output: string, slots: number): string =>
  script('ads.sql', { INPUT: fileUri(input), OUTPUT: fileUri(output), PARALLELISM: String(slots) });

function millrace(slots: number): Program {
  return {
    name: `millrace ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'public SQL; every byte verified',
    async run(input, dir): Promise<Run> {
      const output = join(dir, 'out');
      const m = await runSql(sql(input, output, slots), dir);
      return { ...m, ...(await outputChecksum(output)) };
    },
  };
}

function node(name: string, file: string, note: string): Program {
  return {
    name,
    note,
    async run(input, dir): Promise<Run> {
      const { wallMs, stdout } = await child(process.execPath, [peer(file), input, join(dir, 'out.jsonl')]);
      const run = lastLine<Run & { late: number }>(stdout);
      if (run.late > 0) throw new Error(`${name} dropped ${run.late} records as late`);
      return { ...run, startupMs: Math.max(0, wallMs - run.seconds * 1000) };
    },
  };
}

export function adsPrograms(): Program[] {
  const blind = 'knows the record; skipped bytes unverified';
  return [
    millrace(1),
    millrace(2),
    node('node hand-tuned', 'node-scan.mjs', blind),
    node('node hand-tuned, 2 threads', 'node-scan-threads.mjs', blind),
    node('node JSON.parse + Map', 'node-json.mjs', 'no general engine'),
    flink(1, sql),
    flink(2, sql),
  ];
}

/** The ads race: prints its table and writes bench/results/ads.json. */
export async function ads(options: AdsOptions): Promise<void> {
  const all = adsPrograms();
  const programs = options.programs.includes('all') ? all : all.filter((p) => options.programs.some((w) => p.name.includes(w)));
  if (programs.length === 0) throw new Error(`no program matches ${options.programs.join(', ')}; known: ${all.map((p) => p.name).join('; ')}`);
  const m = machine();
  console.log(describe(m));
  const input = adsFile(options.records, options.shape);
  const results = await race(programs, input, options.rounds, join(DATA, 'work-ads'));
  console.log(`\nads (${options.shape}), ${options.records} records, median of up to ${options.rounds} interleaved rounds, outputs equal\n`);
  console.log(raceTable(results, 'node hand-tuned'));
  const [one, two] = ['millrace 1 slot', 'millrace 2 slots'].map((name) => results.find((r) => r.name === name)?.rate);
  if (one !== undefined && two !== undefined) console.log(`\ntwo slots over one: ${(two / one).toFixed(2)} x`);
  console.log(`written: ${save(options.shape === 'plain' ? 'ads' : `ads-${options.shape}`, { options, results }, m)}`);
}
