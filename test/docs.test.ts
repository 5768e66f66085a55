import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { parseScript, planScript } from '#src/sql/index.js';
import { filesUnder, ROOT, read } from './tidy/source.js';

test('docs/connectors.md and docs/sql.md show the options and functions of the code', () => {
  const r = spawnSync(process.execPath, [join(ROOT, 'scripts/docs.mjs'), '--check'], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
});

const TABLES = `
CREATE TABLE t (id BIGINT, name STRING, price DECIMAL(10, 2), d DOUBLE, flag BOOLEAN, r ROW<a INT, b STRING>, ts TIMESTAMP(3), pt AS PROCTIME(),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
CREATE TABLE k (id BIGINT, v STRING) WITH ('connector' = 'filesystem', 'path' = 'k', 'format' = 'json');
`;

/** The statements of the block after a mark. */
function statements(mark: string): string[] {
  const block = new RegExp(`<!-- ${mark} -->\n\`\`\`sql\n([\\s\\S]*?)\`\`\``).exec(read('docs/sql.md'));
  return (block?.[1] ?? '')
    .trim()
    .split(/;\n?/)
    .filter((s) => s !== '');
}

test('docs/sql.md: what it calls accepted is planned, what it calls refused is refused', async () => {
  assert.ok(statements('accepted').length > 10 && statements('refused').length > 10);
  for (const s of statements('accepted')) await planScript(`${TABLES}${s};`);
  for (const s of statements('refused'))
    await assert.rejects(planScript(`${TABLES}${s};`), (e) => e instanceof MillraceError && e.code === 'NOT_SUPPORTED' && (e.place.line ?? 0) > 4, s);
});

test('every SQL block of the documents and every example parses', () => {
  for (const page of filesUnder('.', ['.md']))
    for (const [, sql] of read(page).matchAll(/```sql\n([\s\S]*?)```/g)) assert.doesNotThrow(() => parseScript(sql), `${page}:\n${sql}`);
  for (const file of filesUnder('examples', ['.sql'])) assert.doesNotThrow(() => parseScript(read(file)), file);
});
