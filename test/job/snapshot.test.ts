import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MillraceError } from '#src/base/errors.js';
import type { StreamGraph } from '#src/contract/graph.js';
import { type SimulateOptions, simulateWithSnapshots } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import type { JobSnapshot } from '#src/task/snapshot.js';

/** 30,000 generated rows, 10 ms of event time apart, and a window over them whose rows print. A reader that takes up several others' rows reads them in turns: hence the long delay. */
async function graph(settings: Record<string, string> = {}, keys = 'k', delay = "'2' MINUTE"): Promise<StreamGraph> {
  const set = Object.entries(settings).map(([k, v]) => `SET '${k}' = '${v}';`);
  const text = `${set.join('\n')}
    CREATE TABLE numbers (n BIGINT, k AS n % 7, j AS n % 3, ts AS TO_TIMESTAMP_LTZ(n * 10, 3), WATERMARK FOR ts AS ts - INTERVAL ${delay}) WITH (
      'connector' = 'datagen', 'rows-per-second' = '1000000', 'number-of-rows' = '30000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '29999');
    CREATE TABLE printed (${keys === 'k' ? 'k BIGINT' : 'k STRING, j BIGINT'}, n BIGINT, s BIGINT) WITH ('connector' = 'print');
    INSERT INTO printed SELECT ${keys}, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY ${keys}, window_start, window_end;`;
  const job = (await planScript(text, { file: 'snapshot.sql' })).steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}

async function run(g: StreamGraph, options: Omit<SimulateOptions, 'print'>): Promise<{ lines: string[]; snapshot: JobSnapshot | undefined }> {
  let text = '';
  const { snapshot } = await simulateWithSnapshots(g, { ...options, print: (t) => (text += t) });
  const lines = text
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => l.replace(/^\d+> /, ''));
  return { lines, snapshot };
}
const at = (parallelism: number): Record<string, string> => ({ 'parallelism.default': String(parallelism) });

/** Subtasks before a snapshot and after it. */
const RESCALES = [
  [1, 1],
  [2, 2],
  [2, 3],
  [3, 1],
] as const;

test('what was printed before the snapshot and after it is everything, once', async () => {
  const whole = (await run(await graph(), { seed: 1 })).lines.sort();
  assert.equal(whole.length, 210);
  for (const [from, to] of RESCALES) {
    for (let seed = 1; seed <= 3; seed++) {
      const before = await run(await graph(at(from)), { seed, snapshotAfter: 2 + 3 * seed });
      const after = await run(await graph(at(to)), { seed, restored: before.snapshot });
      assert.ok(before.snapshot !== undefined && after.lines.length > 0);
      assert.deepEqual([...before.lines, ...after.lines].sort(), whole, `${from} -> ${to}, seed ${seed}`);
    }
  }
});

test('a restored job that is snapshotted before its first step has the same state: operators, positions, watermarks, channels', async () => {
  for (const parallelism of [1, 2, 3]) {
    const before = (await run(await graph(at(parallelism), 'k', "'1' SECOND"), { seed: 5, snapshotAfter: 6 })).snapshot!;
    const again = (await run(await graph(at(parallelism), 'k', "'1' SECOND"), { seed: 6, restored: before, snapshotAfter: 0 })).snapshot!;
    assert.deepEqual(again, before);
    const gates = before.subtasks.filter((s) => s.gate !== undefined);
    assert.equal(gates.length, parallelism === 1 ? 0 : parallelism);
    for (const { gate } of gates) assert.ok(gate!.last > 0n && gate!.watermarks.every((w) => w >= gate!.last) && gate!.senders.length === 2 * parallelism); // rows and partial results;
  }
});

test('a snapshot goes only into a job that has its operators, keys and key groups', async () => {
  const { snapshot } = await run(await graph(), { seed: 1, snapshotAfter: 5 });
  const refused = async (g: StreamGraph, message: RegExp): Promise<void> => {
    await assert.rejects(run(g, { seed: 1, restored: snapshot }), (e: MillraceError) => e.code === 'STATE_INCOMPATIBLE' && message.test(e.message));
  };
  await refused(await graph({ 'pipeline.max-parallelism': '64' }), /128 key groups, the job 64/);
  const g = await graph();
  await refused({ ...g, nodes: g.nodes.map((n) => (n.uid === 'window' ? { ...n, uid: 'other' } : n)) }, /state of 'window'/);
  await refused(await graph({}, 'CAST(k AS STRING), j'), /saved state of an aggregation does not fit/);
});

test('a running GROUP BY goes on from a snapshot: its changelog, applied, gives the same counts', async () => {
  const counts = async (parallelism: number): Promise<StreamGraph> => {
    const text = `SET 'parallelism.default' = '${parallelism}';
      CREATE TABLE numbers (n BIGINT, k AS n % 97) WITH (
        'connector' = 'datagen', 'rows-per-second' = '1000000', 'number-of-rows' = '30000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '29999');
      CREATE TABLE printed (k BIGINT, n BIGINT, s BIGINT) WITH ('connector' = 'print');
      INSERT INTO printed SELECT k, COUNT(*), SUM(n) FROM numbers GROUP BY k;`;
    const job = (await planScript(text, { file: 'counts.sql' })).steps.find((s) => s.kind === 'job');
    assert.ok(job?.kind === 'job');
    return job.graph;
  };
  const applied = (lines: readonly string[]): string[] => {
    const rows = new Map<string, number>();
    for (const l of lines) rows.set(l.slice(2), (rows.get(l.slice(2)) ?? 0) + (l.startsWith('+') ? 1 : -1));
    return [...rows].filter(([, n]) => n !== 0).map(([row, n]) => `${row} ${n}`);
  };
  const whole = applied((await run(await counts(1), { seed: 1 })).lines).sort();
  assert.equal(whole.length, 97);
  for (const [from, to] of RESCALES) {
    const before = await run(await counts(from), { seed: 3, snapshotAfter: 5 });
    const after = await run(await counts(to), { seed: 4, restored: before.snapshot });
    assert.ok(before.lines.length > 0 && after.lines.length > 0);
    assert.deepEqual(applied([...before.lines, ...after.lines]).sort(), whole, `${from} -> ${to}`);
  }
});
