import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settle } from '../lib/cores.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, script } from '../lib/millrace.js';
import { CLI, DATA } from '../lib/paths.js';
import { child, save } from '../lib/program.js';
import { median, spread, table } from '../lib/stats.js';

/** Wall time of a whole process that runs a job of five rows, against a Node that does nothing, in turns. */
export async function coldstart(rounds: number): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const dir = join(DATA, 'work-coldstart');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const input = join(dir, 'readings.jsonl');
  writeFileSync(input, [1, 2, 3, 4, 5].map((i) => `{"id":"d${i % 2}","temperature":${60 + i}.5,"measured_at":"2024-01-01 00:00:0${i}"}\n`).join(''));
  const job = join(dir, 'small.sql');
  writeFileSync(job, script('small.sql', { INPUT: fileUri(input), OUTPUT: fileUri(join(dir, 'out')) }));
  const bare: number[] = [];
  const small: number[] = [];
  for (let i = 0; i <= rounds; i++) {
    await settle();
    const a = (await child(process.execPath, ['-e', '0'])).wallMs;
    const b = (await child(process.execPath, [CLI, 'run', job])).wallMs;
    if (i === 0) continue; // the first round warms the page cache
    bare.push(a);
    small.push(b);
  }
  rmSync(dir, { recursive: true, force: true });
  const rows = Object.entries({ 'node -e 0': bare, 'millrace run small.sql': small }).map(([process, ms]) => ({
    process,
    'median ms': Math.round(median(ms)),
    'best ms': Math.round(Math.min(...ms)),
    spread: `${(spread(ms) * 100).toFixed(0)} %`,
  }));
  console.log(
    table(
      Object.keys(rows[0]),
      rows.map((r) => Object.values(r).map(String)),
    ),
  );
  const over = median(small) - median(bare);
  console.log(`\nmillrace over bare node: ${over.toFixed(0)} ms`);
  console.log(`written: ${save('coldstart', { rows, bareMs: bare, smallMs: small, overMs: over }, m)}`);
}
