import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import type { StreamGraph } from '#src/contract/graph.js';
import { executeGraph } from '#src/job/execute.js';
import { type SimulateOptions, simulateWithSnapshots } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import type { JobSnapshot } from '#src/task/snapshot.js';

/** Late rows of one file are late at every parallelism, as if one reader took it in order: what Flink does, whose file is one split. */

const dir = mkdtempSync(join(tmpdir(), 'millrace-late-'));
after(() => rmSync(dir, { recursive: true }));
const DELAY_MS = 3000;
const INTERVAL_MS = 200;

interface Row {
  readonly k: number;
  readonly ms: number;
}
/** In order but for every twentieth row, which is 10 to 30 s late, and up to 2 s of disorder. */
function makeRows(n: number, seed: number): Row[] {
  const prng = new Prng(seed);
  return Array.from({ length: n }, (_, i) => ({
    k: prng.below(50),
    ms: 1_700_000_000_000 + i * 10 - (prng.below(20) === 0 ? 10_000 + prng.below(20_000) : prng.below(2000)),
  }));
}
const rows = makeRows(40_000, 5);
const path = join(dir, 'late.json');
writeFileSync(path, rows.map((r) => `${JSON.stringify({ k: r.k, ms: r.ms, filler: 'x'.repeat(20) })}\n`).join(''));

/** Rows per window and key, record by record: Flink's watermark assigner, then its window operator. */
function model(sizeMs: number, slideMs: number): string[] {
  const counts = new Map<string, number>();
  let [max, watermark] = [0, 0];
  for (const { k, ms } of rows) {
    for (let start = ms - (ms % slideMs); start > ms - sizeMs; start -= slideMs) {
      const key = `${k}, ${new Date(start).toISOString().slice(0, 19).replace(/:00$/, '')}`;
      if (start + sizeMs - 1 > watermark) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    max = Math.max(max, ms - DELAY_MS);
    if (max - watermark > INTERVAL_MS) watermark = max;
  }
  return [...counts].map(([key, n]) => `+I[${key}, ${n}]`).sort();
}

const TUMBLE = "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)";
const HOP = "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)";
const SESSION = "SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '1' SECOND)";
async function graph(window: string, count: string, parallelism: number, more = ''): Promise<StreamGraph> {
  const text = `SET 'parallelism.default' = '${parallelism}'; SET 'table.local-time-zone' = 'UTC'; ${more}
    CREATE TABLE t (k INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json');
    CREATE TABLE o (k INT, s TIMESTAMP(0), n BIGINT) WITH ('connector' = 'print');
    INSERT INTO o SELECT k, CAST(window_start AS TIMESTAMP(0)), ${count} FROM TABLE(${window}) GROUP BY k, window_start, window_end;`;
  const job = (await planScript(text, { file: 'late.sql' })).steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}
const sorted = (text: string): string[] =>
  text
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => l.replace(/^\d+> /, ''))
    .sort();
async function simulate(g: StreamGraph, options: Omit<SimulateOptions, 'print'>): Promise<{ lines: string[]; snapshot: JobSnapshot | undefined }> {
  let text = '';
  const { snapshot } = await simulateWithSnapshots(g, { ...options, print: (t) => (text += t) });
  return { lines: sorted(text), snapshot };
}

const ONE_PHASE = "SET 'table.optimizer.agg-phase-strategy' = 'ONE_PHASE';";
const CASES = [
  ['tumble, two phases', TUMBLE, 'COUNT(*)', '', model(5000, 5000)],
  ['tumble, one phase', TUMBLE, 'COUNT(*)', ONE_PHASE, model(5000, 5000)],
  ['hop, two phases', HOP, 'COUNT(*)', '', model(15_000, 5000)],
  ['hop, one phase', HOP, 'COUNT(*)', ONE_PHASE, model(15_000, 5000)],
] as const;

for (const [name, window, count, more, want] of CASES) {
  test(`${name}: every order of steps gives what a record-by-record model gives`, async () => {
    assert.ok(want.length > 1000);
    for (const [parallelism, seed] of [
      [1, 1],
      [2, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]) {
      const { lines } = await simulate(await graph(window, count, parallelism, more), { seed });
      assert.deepEqual(lines, want, `parallelism ${parallelism}, seed ${seed}`);
    }
  });
}

test('what depends on the order of rows, and DISTINCT, gives at every parallelism what it gives at 1', async () => {
  for (const [window, count] of [
    [SESSION, 'COUNT(*)'],
    [TUMBLE, 'COUNT(DISTINCT ms)'],
    [HOP, 'COUNT(DISTINCT ms)'],
  ]) {
    const want = (await simulate(await graph(window, count, 1), { seed: 1 })).lines;
    for (const parallelism of [2, 3])
      assert.deepEqual((await simulate(await graph(window, count, parallelism), { seed: parallelism })).lines, want, `${window} ${count}`);
  }
});

test('a snapshot in mid-file, taken up at another parallelism, changes no row', async () => {
  for (const [window, want] of [
    [TUMBLE, CASES[0][4]],
    [HOP, CASES[2][4]],
  ] as const) {
    for (const [from, to, seed] of [
      [1, 2, 1],
      [2, 1, 2],
      [2, 3, 3],
      [3, 2, 4],
    ]) {
      const before = await simulate(await graph(window, 'COUNT(*)', from), { seed, snapshotAfter: 1 + seed });
      assert.ok(before.snapshot !== undefined, 'the job is not done yet');
      const rest = await simulate(await graph(window, 'COUNT(*)', to), { seed, restored: before.snapshot });
      assert.deepEqual([...before.lines, ...rest.lines].sort(), want, `${from} -> ${to}`);
    }
  }
});

test('worker threads give the same, run after run', async () => {
  for (let round = 0; round < 3; round++) {
    let text = '';
    await (await executeGraph(await graph(HOP, 'COUNT(*)', 3), { print: (t) => (text += t) })).done;
    assert.deepEqual(sorted(text), CASES[2][4]);
  }
  assert.ok(readFileSync(path).length > 2 << 20, 'the file has several blocks');
});
