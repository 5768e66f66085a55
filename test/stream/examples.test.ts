import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Prng } from '#src/base/prng.js';
import { buildGraphFromModule, executeModule } from '#src/index.js';
import { simulateGraph } from '#src/job/simulate.js';
import { inPieces } from '../job/pieces.js';

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}.js`, import.meta.url));

/** In workers (no seed), stepped in this thread by a seed, or so in pieces that go on from each other's snapshots at the given parallelisms. */
type How = readonly [parallelism: number | readonly number[], seed?: number];

/** Runs an example over an input file; gives its output lines as objects. */
async function run(name: string, input: string, parallelism: How[0], seed = 0): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  try {
    // many small files: many places to stop at
    const lines = input.trimEnd().split('\n');
    const each = Math.ceil(lines.length / 60);
    mkdirSync(join(folder, 'in'));
    for (let i = 0; i * each < lines.length; i++)
      writeFileSync(join(folder, 'in', String(i).padStart(4, '0')), `${lines.slice(i * each, (i + 1) * each).join('\n')}\n`);
    process.env.INPUT = join(folder, 'in');
    process.env.OUTPUT = join(folder, 'out');
    // a query makes the module new, so that it reads its environment again
    const url = `file://${example(name)}?${folder}`;
    const settings = (p: number) => ({ 'parallelism.default': String(p) });
    const build = (p: number) => buildGraphFromModule(url, settings(p));
    if (typeof parallelism !== 'number') {
      const { cuts } = await inPieces(build, seed, parallelism, { first: 2, last: 25 });
      assert.ok(cuts > 0);
    } else if (seed === 0) await (await executeModule(url, { settings: settings(parallelism) })).done;
    else {
      const { graph, closures } = await build(parallelism);
      await simulateGraph(graph, { seed, closures });
    }
    const out = join(folder, 'out');
    return readdirSync(out)
      .filter((f) => !f.startsWith('.'))
      .flatMap((f) => readFileSync(join(out, f), 'utf8').trim().split('\n'))
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
  } finally {
    rmSync(folder, { recursive: true });
    delete process.env.INPUT;
    delete process.env.OUTPUT;
  }
}
const RUNS: readonly How[] = [[1], [2], [2, 1], [3, 2], [[1, 1, 1], 1], [[2, 2, 2], 2], [[2, 3, 1], 3], [[1, 3, 2], 4], [[3, 1, 2, 3], 5]];
const sorted = (rows: readonly unknown[]): string[] => rows.map((r) => JSON.stringify(r)).sort();
const sqlTime = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .slice(0, 23)
    .replace('T', ' ')
    .replace(/\.?0*$/, (z) => (z.startsWith('.') ? '' : z));

test('recommendation: interest per item, user and 10 s, from CSV lines', async () => {
  const prng = new Prng(7);
  const start = 1_700_000_000_000;
  const visits = Array.from({ length: 6000 }, (_, i) => ({ user: `u${prng.below(40)}`, item: `i${prng.below(9)}`, time: start + i * 7 - prng.below(900) }));
  const interest = new Map<string, Map<string, number>>();
  for (const v of visits) {
    const key = `${v.user} ${Math.floor(v.time / 10000) * 10000 + 10000}`;
    const items = interest.get(key) ?? new Map<string, number>();
    interest.set(key, items.set(v.item, (items.get(v.item) ?? 0) + 1));
  }
  const want = [...interest].map(([key, items]) => {
    const [userId, end] = key.split(' ');
    const ranked = [...items].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return { userId, items: ranked.map(([i, n]) => `${i}:${n}`).join(' '), windowEnd: sqlTime(Number(end)) };
  });
  const input = visits.map((v) => `${v.user},${v.item},${v.time}\n`).join('');
  for (const how of RUNS) assert.deepEqual(sorted(await run('recommendation', input, ...how)), sorted(want), String(how));
});

test('sensors: sliding averages, then sessions that find a decline of 30 %', async () => {
  const start = Date.UTC(2024, 0, 1);
  const readings: { deviceId: string; temperature: number; vibration: number; at: number }[] = [];
  for (let m = 0; m < 60; m += 0.25) {
    const at = start + m * 60000;
    readings.push({ deviceId: 'well', temperature: 60, vibration: 1, at });
    readings.push({ deviceId: 'hot', temperature: m < 20 ? 60 : 90, vibration: 1, at });
    if (m < 10 || m > 30) readings.push({ deviceId: 'replaced', temperature: m < 10 ? 60 : 90, vibration: 1, at });
  }
  const input = readings.map((r) => `${JSON.stringify({ ...r, at: sqlTime(r.at) })}\n`).join('');
  for (const how of RUNS) {
    const got = await run('sensors', input, ...how);
    assert.equal(got.length, 1); // the device that paused for 20 minutes is judged anew
    assert.deepEqual(
      { ...got[0], decline: Number(got[0].decline).toFixed(2) },
      // averages go on for 4 minutes after the last reading; the session ends 2 minutes after the last average, which stands 1 ms before its window's end
      { deviceId: 'hot', fromScore: 100, toScore: 30, decline: '0.70', windowEnd: '2024-01-01 01:05:59.999' },
    );
  }
});

test('declarative: turnover per category and 10 s, exactly', async () => {
  const prng = new Prng(3);
  const start = Date.UTC(2024, 0, 1);
  const orders = Array.from({ length: 5000 }, (_, i) => ({
    category: `c${prng.below(5)}`,
    cents: prng.below(10000),
    quantity: prng.below(4),
    at: start + i * 17 - prng.below(4000),
  }));
  const sums = new Map<string, { orders: number; cents: number }>();
  for (const o of orders) {
    if (o.quantity === 0) continue;
    const key = `${o.category}|${Math.floor(o.at / 10000) * 10000}`;
    const s = sums.get(key) ?? { orders: 0, cents: 0 };
    sums.set(key, { orders: s.orders + 1, cents: s.cents + o.cents * o.quantity });
  }
  const want = [...sums].map(([key, s]) => {
    const [category, at] = key.split('|');
    return { category, orders: s.orders, turnover: s.cents / 100, window_start: sqlTime(Number(at)) };
  });
  const input = orders
    .map((o) => `${JSON.stringify({ category: o.category, price: o.cents / 100, quantity: o.quantity, ordered_at: sqlTime(o.at) })}\n`)
    .join('');
  for (const how of RUNS) assert.deepEqual(sorted(await run('declarative', input, ...how)), sorted(want), String(how));
});
