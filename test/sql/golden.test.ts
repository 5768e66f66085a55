import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { executeGraph } from '#src/job/execute.js';
import { simulateGraph } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import { rowsOf, scratch } from '../serve/cli.js';

const GOLDEN = fileURLToPath(new URL('../../../test/sql/golden/', import.meta.url));
const dir = scratch();
const events = join(dir, 'events.jsonl');
writeFileSync(events, gunzipSync(readFileSync(join(GOLDEN, 'events.jsonl.gz'))));

/** Rows in one form: Flink's JSON drops trailing zeros of a timestamp, the golden files keep them. */
const normal = (line: string): string =>
  JSON.stringify(JSON.parse(line), (_k, v: unknown) =>
    typeof v === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(v) ? `${v.slice(0, 19)}.${`${v.slice(20)}000`.slice(0, 3)}` : v,
  );

/** Names that end in _late run with a watermark delay below the disorder: which rows are late then depends on the order of the input. */
const isLate = (name: string): boolean => name.endsWith('_late');

async function graphOf(name: string, out: string, parallelism: number) {
  const query = readFileSync(join(GOLDEN, `${name}.sql`), 'utf8').replace(
    "'connector' = 'blackhole'",
    `'connector' = 'filesystem', 'path' = '${out}', 'format' = 'json'`,
  );
  const schema = readFileSync(join(GOLDEN, 'schema.sql'), 'utf8').replace(
    "INTERVAL '4' SECOND",
    isLate(name) ? "INTERVAL '0.5' SECOND" : "INTERVAL '4' SECOND",
  );
  const options = `SET 'parallelism.default' = '${parallelism}'; SET 'pipeline.auto-watermark-interval' = '0 ms';`;
  const text = `${options}\n${schema}\n${query}`.replaceAll(/\$\{EVENTS\}/g, events);
  const plan = await planScript(text, { file: `${name}.sql` });
  const job = plan.steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}

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
  if (isLate(name)) continue;
  test(`${name}: Flink's rows in any order of steps`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const out = join(scratch(), 'out');
      await simulateGraph(await graphOf(name, out, 3), { seed });
      check(out);
    }
  });
}
