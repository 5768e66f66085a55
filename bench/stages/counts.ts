import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onSettledCores, overSettled, type Sample, settledText } from '../lib/cores.js';
import { describe, machine } from '../lib/machine.js';
import { runSql, script } from '../lib/millrace.js';
import { compiled, DATA, PACKAGED, peer } from '../lib/paths.js';
import { child, lastLine, ratios, save } from '../lib/program.js';
import { spread, table } from '../lib/stats.js';
import { timelyProgram } from '../peers/timely.js';

export interface CountsOptions {
  readonly keys: number;
  readonly records: number;
  readonly rounds: number;
}

interface Contender {
  readonly name: string;
  readonly note: string;
  run(): Promise<number>;
}

/** A running count over integer keys in memory: upsert changelog into blackhole, against the bare kernels and a JS Map on the same numbers. */
export async function counts(options: CountsOptions): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const dir = join(DATA, 'work-counts');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const contenders = [...contendersOf(options, dir), ...(await timelyOnes(options))];
  const samples = contenders.map((): Sample[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [i, c] of contenders.entries()) {
      const { seconds, cores } = await onSettledCores(async () => ({ seconds: await c.run() }));
      samples[i].push({ value: options.records / seconds, cores });
    }
  }
  rmSync(dir, { recursive: true, force: true });
  const results = contenders.map((c, i) => {
    const { values, median, settled } = overSettled(samples[i]);
    return { name: c.name, note: c.note, rate: median, spread: spread(values), settled, runs: samples[i] };
  });
  const rateOf = (name: string): number | undefined => results.find((r) => r.name === name)?.rate;
  console.log(`\ncounts: ${options.records} records over ${options.keys} keys, median of ${options.rounds} interleaved rounds\n`);
  const ratio = (r: number | undefined, to: string): string => ((r ?? Number.NaN) / (rateOf(to) ?? Number.NaN)).toFixed(2).replace('NaN', '-');
  console.log(
    table(
      ['program', 'M records/s', 'settled runs', 'x Map', 'x kernel', 'note'],
      results.map((r) => [
        r.name,
        (r.rate / 1e6).toFixed(2),
        settledText({ settled: r.settled, runs: r.runs.length }),
        ratio(r.rate, 'node Map'),
        ratio(r.rate, 'bare kernels'),
        r.note,
      ]),
    ),
  );
  console.log(ratios(results));
  console.log(`written: ${save('counts', { options, title: 'running count over integer keys', reference: 'node Map', results }, m)}`);
}

async function timelyOnes({ keys, records }: CountsOptions): Promise<Contender[]> {
  const made = PACKAGED ? { skip: 'only in the repository' } : await timelyProgram();
  if (made.skip !== undefined) {
    console.log(`timely 0.31: skipped, ${made.skip}`);
    return [];
  }
  return [1, 2].map((workers) => ({
    name: `timely 0.31, ${workers} worker${workers > 1 ? 's' : ''}`,
    note: 'Rust, std HashMap; other numbers of the same kind',
    run: async () => lastLine<{ seconds: number }>((await child(made.program, ['counts', String(keys), String(records), String(workers)])).stdout).seconds,
  }));
}

function contendersOf({ keys, records }: CountsOptions, dir: string): Contender[] {
  const numbers = [String(keys), String(records)];
  const millrace = (slots: number): Contender => ({
    name: `millrace ${slots} slot${slots > 1 ? 's' : ''}`,
    note: 'public SQL, upsert changelog into blackhole',
    run: async () => (await runSql(script('counts.sql', { PARALLELISM: String(slots), RECORDS: numbers[1], KEY_MAX: String(keys - 1) }), dir)).seconds,
  });
  const program = (name: string, note: string, file: string): Contender => ({
    name,
    note,
    run: async () => lastLine<{ seconds: number }>((await child(process.execPath, [file, ...numbers])).stdout).seconds,
  });
  const bare = program('bare kernels', 'numbers made, hashed, found, counted; nothing leaves', compiled('micro/counts.js'));
  const map = program('node Map', 'one thread', peer('node-map-counts.mjs'));
  return PACKAGED ? [millrace(1), millrace(2), map] : [millrace(1), millrace(2), bare, map];
}
