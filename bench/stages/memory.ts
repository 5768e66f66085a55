import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adsFile } from '../data/ads.js';
import { describe, machine } from '../lib/machine.js';
import { fileUri, runSql, script } from '../lib/millrace.js';
import { DATA } from '../lib/paths.js';
import { save } from '../lib/program.js';
import { table } from '../lib/stats.js';

/** Peak memory of the ads job on an input and on one ten times as long. */
export async function memory(records: number): Promise<void> {
  const m = machine();
  console.log(describe(m));
  const dir = join(DATA, 'work-memory');
  const results: { slots: number; records: number; peakRssBytes: number }[] = [];
  for (const slots of [1, 2]) {
    for (const n of [records, records * 10]) {
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { recursive: true });
      const sql = script('ads.sql', { INPUT: fileUri(adsFile(n)), OUTPUT: fileUri(join(dir, 'out')), PARALLELISM: String(slots) });
      const { peakRssBytes } = await runSql(sql, dir);
      results.push({ slots, records: n, peakRssBytes });
    }
  }
  rmSync(dir, { recursive: true, force: true });
  console.log(
    table(
      ['slots', 'records', 'peak RSS MB'],
      results.map((r) => [String(r.slots), String(r.records), (r.peakRssBytes / 1e6).toFixed(0)]),
    ),
  );
  for (const slots of [1, 2]) {
    const [small, large] = results.filter((r) => r.slots === slots);
    console.log(`${slots} slot${slots > 1 ? 's' : ''}: ten times the input takes ${(large.peakRssBytes / small.peakRssBytes).toFixed(2)} x the memory`);
  }
  const rows = results.map((r) => ({ slots: r.slots, records: r.records, 'peak RSS MB': Math.round(r.peakRssBytes / 1e6) }));
  console.log(`written: ${save('memory', { rows }, m)}`);
}
