import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';
import { rowsOf, scratch } from '../serve/cli.js';

/**
 * Scripts whose files real Flink 2.3 wrote too: test/sql/flink/<name>.sql, and <name>.json with each sink's lines (parallelism 1,
 * pipeline.auto-watermark-interval 0). Lines are compared byte by byte; their order is not.
 */
const CASES = fileURLToPath(new URL('../../../test/sql/flink/', import.meta.url));
const names = readdirSync(CASES)
  .filter((f) => f.endsWith('.sql'))
  .map((f) => f.slice(0, -4));

for (const name of names) {
  test(`${name}: the files that Flink writes`, async () => {
    const out = scratch();
    const text = readFileSync(join(CASES, `${name}.sql`), 'utf8')
      .replaceAll(/\$\{OUT\}/g, out)
      .replaceAll(/\$\{IN\}/g, CASES.replace(/\/$/, ''));
    const options = "SET 'pipeline.auto-watermark-interval' = '0 ms'; SET 'table.local-time-zone' = 'UTC';";
    const plan = await planScript(`${options}\n${text}`, { file: `${name}.sql` });
    for (const step of plan.steps) if (step.kind === 'job') await (await executeGraph(step.graph)).done;
    const expected = JSON.parse(readFileSync(join(CASES, `${name}.json`), 'utf8')) as Record<string, string[]>;
    for (const [sink, lines] of Object.entries(expected)) assert.deepEqual(rowsOf(join(out, sink)).sort(), [...lines].sort(), sink);
  });
}
