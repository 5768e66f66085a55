import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '#src/base/errors.js';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';

/**
 * Scripts that gave other answers than Flink 2.3: NAME.expected are the rows that real Flink prints (in any order), NAME.refused the reason with which it
 * refuses the script, which must then be refused when it is planned, with its position.
 */
const folder = fileURLToPath(new URL('../../../test/sql/field', import.meta.url));

async function rowsOf(text: string, file: string): Promise<string[]> {
  const plan = await planScript(text, { file });
  let out = '';
  for (const step of plan.steps) if (step.kind !== 'text') await (await executeGraph(step.graph, { print: (t) => (out += t) })).done;
  return lines(out);
}
const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => l.replace(/^\d+> /, ''))
    .sort();

const names = readdirSync(folder)
  .filter((f) => f.endsWith('.sql'))
  .map((f) => f.slice(0, -4));
for (const name of names) {
  const text = readFileSync(join(folder, `${name}.sql`), 'utf8').replaceAll('${DATA}', folder);
  test(`field: ${name}`, async () => {
    const expected = join(folder, `${name}.expected`);
    if (existsSync(expected)) {
      assert.deepEqual(await rowsOf(text, `${name}.sql`), lines(readFileSync(expected, 'utf8')));
      return;
    }
    assert.ok(existsSync(join(folder, `${name}.refused`)), 'rows or a reason');
    await assert.rejects(planScript(text, { file: `${name}.sql` }), (e: unknown) => {
      assert.ok(e instanceof MillraceError && e.place.line !== undefined && e.code !== 'INTERNAL', String(e));
      return true;
    });
  });
}
