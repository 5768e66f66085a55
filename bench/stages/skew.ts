import { join } from 'node:path';
import { type Keys, skewedFile } from '../data/skewed.js';
import { onSettledCores, overSettled, type Sample, settledText } from '../lib/cores.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, runSql, script } from '../lib/millrace.js';
import { DATA, ensure } from '../lib/paths.js';
import { save } from '../lib/program.js';
import { table } from '../lib/stats.js';

const SHAPES: readonly Keys[] = [1000, 30_000, 100_000, 1_000_000].flatMap((count) => [
  { count, hot: false },
  { count, hot: true },
]);
const PROGRAMS = [
  { name: '1 slot', slots: 1, phases: 'AUTO' },
  { name: '2 slots, one phase', slots: 2, phases: 'ONE_PHASE' },
  { name: '2 slots, two phases', slots: 2, phases: 'AUTO' },
] as const;

interface Cell {
  readonly keys: Keys;
  readonly program: string;
  /** records/s of each round */
  readonly runs: Sample[];
}

const nameOf = (k: Keys): string => `${k.count} keys${k.hot ? ', one has half' : ''}`;

/** What a key with half of all records costs, and what the local phase costs where it saves nothing. */
export async function skew(records: number, rounds: number): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const dir = ensure(join(DATA, 'work-skew'));
  const inputs = SHAPES.map((keys) => fileUri(skewedFile(records, keys)));
  const cells: Cell[] = SHAPES.flatMap((keys) => PROGRAMS.map((p) => ({ keys, program: p.name, runs: [] })));
  for (let round = 0; round < rounds; round++) {
    for (const [s, keys] of SHAPES.entries()) {
      for (const p of PROGRAMS) {
        const sql = script('skew.sql', { INPUT: inputs[s], PARALLELISM: String(p.slots), PHASES: p.phases });
        const { records: read, seconds, cores } = await onSettledCores(() => runSql(sql, dir));
        cells.find((c) => c.keys === keys && c.program === p.name)!.runs.push({ value: read / seconds, cores });
      }
    }
  }
  const rate = (keys: Keys, program: string): number => overSettled(cells.find((c) => c.keys === keys && c.program === program)!.runs).median;
  const all = overSettled(cells.flatMap((c) => c.runs));
  console.log(`\nM records/s, ${records} records, median of ${rounds} interleaved rounds; ${settledText(all)} runs on settled cores\n`);
  console.log(
    table(
      ['', ...PROGRAMS.map((p) => p.name), 'two phases over one'],
      SHAPES.map((k) => [
        nameOf(k),
        ...PROGRAMS.map((p) => (rate(k, p.name) / 1e6).toFixed(2)),
        (rate(k, PROGRAMS[2].name) / rate(k, PROGRAMS[1].name)).toFixed(2),
      ]),
    ),
  );
  for (const k of SHAPES.filter((x) => x.hot)) {
    const uniform = SHAPES.find((x) => x.count === k.count && !x.hot)!;
    const costs = PROGRAMS.slice(1).map((p) => `${p.name}: ${(100 * (1 - rate(k, p.name) / rate(uniform, p.name))).toFixed(0)} %`);
    console.log(`${nameOf(k)}: costs ${costs.join('; ')} of the throughput`);
  }
  const rows = SHAPES.map((k) => ({
    keys: nameOf(k),
    ...Object.fromEntries(PROGRAMS.map((p) => [`${p.name}, M records/s`, Number((rate(k, p.name) / 1e6).toFixed(2))])),
  }));
  console.log(`written: ${save('skew', { records, rounds, rows, cells }, m)}`);
}
