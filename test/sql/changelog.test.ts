import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { StreamGraph } from '#src/contract/graph.js';
import { executeGraph } from '#src/job/execute.js';
import { simulateGraph } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import { scratch } from '../serve/cli.js';

const SQL = fileURLToPath(new URL('../../../test/sql/', import.meta.url));
const events = join(scratch(), 'events.jsonl');
writeFileSync(events, gunzipSync(readFileSync(join(SQL, 'golden/events.jsonl.gz'))));

async function graphOf(name: string, parallelism: number, settings = ''): Promise<StreamGraph> {
  const query = readFileSync(join(SQL, 'changelog', `${name}.sql`), 'utf8').replace("'connector' = 'blackhole'", "'connector' = 'print'");
  const schema = readFileSync(join(SQL, 'golden/schema.sql'), 'utf8').replaceAll('$' + '{EVENTS}', events);
  const options = `SET 'parallelism.default' = '${parallelism}'; SET 'pipeline.auto-watermark-interval' = '0 ms'; ${settings}`;
  const plan = await planScript(`${options}\n${schema}\n${query}`, { file: `${name}.sql` });
  const job = plan.steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}

/** Printed changes, without the number of the subtask: `+I[a, 1]`. */
const linesOf = (text: string): string[] => text.split('\n').flatMap((l) => (l === '' ? [] : [l.replace(/^\d+> /, '')]));

async function run(graph: StreamGraph): Promise<string[]> {
  let text = '';
  const job = await executeGraph(graph, {
    print: (t) => {
      text += t;
    },
  });
  await job.done;
  return linesOf(text);
}

/** The rows that are left when all changes are applied. */
function materialised(changes: readonly string[]): string[] {
  const rows = new Map<string, number>();
  for (const c of changes) {
    const row = c.slice(2);
    const n = (rows.get(row) ?? 0) + (c.startsWith('+') ? 1 : -1);
    rows.set(row, n);
  }
  return [...rows].flatMap(([row, n]) => Array.from({ length: Math.abs(n) }, () => (n > 0 ? row : `missing ${row}`))).sort();
}

const readLines = (file: string): string[] =>
  readFileSync(join(SQL, 'changelog', file), 'utf8')
    .trimEnd()
    .split('\n');
/** A row of a golden file as print shows it; fractions of a second have three digits in these. */
const shown = (row: Record<string, unknown>): string =>
  `[${Object.values(row)
    .map((v) => (typeof v === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(v) ? v.replace(' ', 'T').replace(/(:00)?\.000$/, '') : String(v)))
    .join(', ')}]`;
/** Decimals with their zeros, which JSON.parse would lose. */
const parse = <T>(line: string): T => JSON.parse(line.replace(/":(-?\d+\.\d+)/g, '":"$1"')) as T;

const names = readdirSync(join(SQL, 'changelog'))
  .filter((f) => f.endsWith('.sql'))
  .map((f) => f.slice(0, -4));
const MINI_BATCH = "SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.exec.mini-batch.allow-latency' = '1 s'; SET 'table.exec.mini-batch.size' = '100';";

for (const name of names) {
  const expected = readLines(`${name}.jsonl`)
    .map((l) => shown(parse(l)))
    .sort();
  test(`${name}: Flink's rows at parallelism 1 and 2, and in mini-batches`, async () => {
    const changes = await run(await graphOf(name, 1));
    const file = `${name}.changelog.jsonl`;
    if (existsSync(join(SQL, 'changelog', file))) {
      const want = readLines(file).map((l) => parse<{ op: string; row: Record<string, unknown> }>(l));
      assert.deepEqual(
        changes,
        want.map(({ op, row }) => op + shown(row)),
      );
    }
    assert.deepEqual(materialised(changes), expected);
    assert.deepEqual(materialised(await run(await graphOf(name, 2))), expected);
    const fewer = await run(await graphOf(name, 2, MINI_BATCH));
    assert.deepEqual(materialised(fewer), expected);
    assert.ok(fewer.length <= changes.length);
  });

  test(`${name}: Flink's rows in any order of steps`, async () => {
    let text = '';
    await simulateGraph(await graphOf(name, 3), {
      seed: 1,
      print: (t) => {
        text += t;
      },
    });
    assert.deepEqual(materialised(linesOf(text)), expected);
  });
}
