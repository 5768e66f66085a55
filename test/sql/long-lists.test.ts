import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitNode } from '#src/job/emit.js';
import { SqlSession } from '#src/sql/index.js';

const TABLES = `CREATE TABLE t (i INT, l BIGINT, s STRING, dc DECIMAL(10, 2)) WITH ('connector' = 'datagen');
CREATE TABLE o (i INT) WITH ('connector' = 'blackhole');`;
const list = (n: number, f: (i: number) => string, by = ', '): string => Array.from({ length: n }, (_, i) => f(i)).join(by);

/** Lists are not nesting: as long as a script may be. Fewer here than planned in seconds, enough to overflow what recurses. */
const QUERIES: Readonly<Record<string, string>> = {
  'IN of INT': `SELECT i FROM t WHERE i IN (${list(170_000, (i) => String(i * 3))})`,
  'NOT IN of STRING': `SELECT i FROM t WHERE s NOT IN (${list(60_000, (i) => `'k${i}'`)})`,
  'IN of DECIMAL': `SELECT i FROM t WHERE dc IN (${list(30_000, (i) => `${i}.25`)})`,
  'IN of expressions': `SELECT i FROM t WHERE i IN (${list(2000, (i) => `l + ${i}`)})`,
  OR: `SELECT i FROM t WHERE ${list(10_000, (i) => `i = ${i}`, ' OR ')}`,
  AND: `SELECT i FROM t WHERE ${list(10_000, (i) => `i <> ${i}`, ' AND ')}`,
  'CASE WHEN': `SELECT CASE ${list(10_000, (i) => `WHEN i = ${i} THEN ${i}`, ' ')} END FROM t`,
  'CASE of a value': `SELECT CASE i ${list(10_000, (i) => `WHEN ${i} THEN 'x${i}'`, ' ')} ELSE 'q' END FROM t`,
  columns: `SELECT ${list(3000, (i) => `i + ${i} AS c${i}`)} FROM t`,
  VALUES: `INSERT INTO o VALUES ${list(60_000, (i) => `(${i})`)}`,
  COALESCE: `SELECT COALESCE(${list(5000, (i) => `i + ${i}`)}) FROM t`,
  GREATEST: `SELECT GREATEST(${list(2000, (i) => `i + ${i}`)}) FROM t`,
  CONCAT: `SELECT CONCAT(${list(10_000, (i) => `'x${i}'`)}) FROM t`,
};

test('long lists plan and are emitted', async () => {
  for (const [name, query] of Object.entries(QUERIES)) {
    const session = new SqlSession({ systemTimeZone: 'UTC' });
    await session.execute(TABLES);
    const [step] = await session.execute(query);
    assert.ok(step.kind === 'job', name);
    for (const node of step.graph.nodes) {
      const bytes = emitNode(step.graph, node);
      if (bytes !== undefined) assert.ok(WebAssembly.validate(bytes as BufferSource), name);
    }
  }
});
