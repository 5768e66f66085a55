import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { executeGraph } from '#src/job/execute.js';
import { simulateGraph } from '#src/job/simulate.js';
import { inPieces } from '../job/pieces.js';
import { planScript } from '#src/sql/index.js';
import { rowsOf, scratch } from '../serve/cli.js';

const GOLDEN = fileURLToPath(new URL('../../../test/sql/golden/', import.meta.url));
const dir = scratch();
const events = join(dir, 'events.jsonl');
const lines = gunzipSync(readFileSync(join(GOLDEN, 'events.jsonl.gz'))).toString();
writeFileSync(events, lines);
/** The same events as a folder of many small files: more places to stop at, and work for several readers. */
const pieces = join(dir, 'pieces');
mkdirSync(pieces);
const all = lines.trimEnd().split('\n');
for (let i = 0; i < all.length; i += 50) writeFileSync(join(pieces, `${String(i).padStart(6, '0')}.jsonl`), `${all.slice(i, i + 50).join('\n')}\n`);

/** Rows in one form: Flink's JSON drops trailing zeros of a timestamp, the golden files keep them. */
const normal = (line: string): string =>
  JSON.stringify(JSON.parse(line), (_k, v: unknown) =>
    typeof v === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(v) ? `${v.slice(0, 19)}.${`${v.slice(20)}000`.slice(0, 3)}` : v,
  );

/** Names that end in _late run with a watermark delay below the disorder: which rows are late then depends on the order of the input. */
const isLate = (name: string): boolean => name.endsWith('_late');

async function graphOf(name: string, out: string, parallelism: number, input = events, intervalMs = 0) {
  const query = readFileSync(join(GOLDEN, `${name}.sql`), 'utf8').replace(
    "'connector' = 'blackhole'",
    // small parts: many are pending when a snapshot is taken
    `'connector' = 'filesystem', 'path' = '${out}', 'format' = 'json'${input === events ? '' : ", 'sink.rolling-policy.file-size' = '2kb'"}`,
  );
  const schema = readFileSync(join(GOLDEN, 'schema.sql'), 'utf8').replace(
    "INTERVAL '4' SECOND",
    isLate(name) ? "INTERVAL '0.5' SECOND" : "INTERVAL '4' SECOND",
  );
  const options = `SET 'parallelism.default' = '${parallelism}'; SET 'pipeline.auto-watermark-interval' = '${intervalMs} ms';`;
  const text = `${options}\n${schema}\n${query}`.replaceAll(/\$\{EVENTS\}/g, input);
  const plan = await planScript(text, { file: `${name}.sql` });
  const job = plan.steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}

/** Parallelisms of the pieces of a run: the same for all, and others. */
const SAME = [
  [1, 1],
  [1, 1, 1, 1],
];
const OTHER = [
  [2, 2, 2],
  [3, 3, 3],
  [2, 3, 1],
  [1, 3, 2],
  [3, 2, 4],
];

const names = readdirSync(GOLDEN)
  .filter((f) => f.endsWith('.sql') && f !== 'schema.sql')
  .map((f) => f.slice(0, -4));

for (const name of names) {
  const expected = readFileSync(join(GOLDEN, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map(normal)
    .sort();
  const check = (out: string): void => assert.deepEqual(rowsOf(out).map(normal).sort(), expected);

  for (const parallelism of isLate(name) ? [1] : [1, 2]) {
    test(`${name}: Flink's rows at parallelism ${parallelism}`, async () => {
      const out = join(scratch(), 'out');
      const job = await executeGraph(await graphOf(name, out, parallelism));
      const result = await job.done;
      if (!isLate(name)) assert.equal(result.lateDropped, 0);
      check(out);
    });
  }
  test(`${name}: the same rows from a job that is snapshotted and restored`, async () => {
    // 200 ms: which rows are late then depends on what the watermark generator remembers too
    for (const intervalMs of isLate(name) ? [0, 200] : [0]) {
      const straight = join(scratch(), 'out');
      await simulateGraph(await graphOf(name, straight, 1, pieces, intervalMs), { seed: 1 });
      if (intervalMs === 0) check(straight);
      for (const [i, parallelisms] of (isLate(name) ? SAME : [...SAME, ...OTHER]).entries()) {
        const out = join(scratch(), 'out');
        const build = async (p: number) => ({ graph: await graphOf(name, out, p, pieces, intervalMs) });
        const { cuts } = await inPieces(build, 10 * i + 1, parallelisms, { first: 2, last: parallelisms.includes(1) ? 40 : 18 });
        assert.ok(cuts > 0);
        assert.deepEqual(rowsOf(out).sort(), rowsOf(straight).sort(), `pieces at parallelism ${parallelisms.join()}, seed ${10 * i + 1}`);
      }
    }
  });
  if (isLate(name)) continue;
  test(`${name}: Flink's rows in any order of steps`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const out = join(scratch(), 'out');
      await simulateGraph(await graphOf(name, out, 3), { seed });
      check(out);
    }
  });
}
