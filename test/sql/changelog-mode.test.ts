import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planScript } from '#src/sql/index.js';

test('EXPLAIN CHANGELOG_MODE shows who sends which changes', async () => {
  const logical = async (query: string): Promise<string[]> => {
    const [step] = (
      await planScript(
        `CREATE TABLE o (k STRING, n BIGINT) WITH ('connector' = 'blackhole'); CREATE VIEW t AS SELECT * FROM (VALUES ('a'), ('b')) AS t(k); EXPLAIN CHANGELOG_MODE ${query}`,
      )
    ).steps;
    assert.ok(step.kind === 'text');
    return [...step.text.matchAll(/(\w+)\(.*changelogMode=\[(.*?)\]\)/g)].map((m) => `${m[1]} ${m[2]}`);
  };
  assert.deepEqual(await logical('INSERT INTO o SELECT k, COUNT(*) AS n FROM t GROUP BY k'), ['Sink NONE', 'Calc I,UA', 'GroupAggregate I,UA', 'Values I']);
  assert.deepEqual(await logical('SELECT k, COUNT(*) AS n FROM t GROUP BY k'), ['Sink NONE', 'Calc I,UB,UA', 'GroupAggregate I,UB,UA', 'Values I']);
  assert.deepEqual(await logical('INSERT INTO o SELECT k, COUNT(*) AS n FROM t GROUP BY k HAVING COUNT(*) > 1'), [
    'Sink NONE',
    'Calc I,UB,UA',
    'GroupAggregate I,UB,UA',
    'Values I',
  ]);
  assert.deepEqual((await logical('SELECT n, COUNT(*) FROM (SELECT k, COUNT(*) AS n FROM t GROUP BY k) GROUP BY n')).slice(0, 4), [
    'Sink NONE',
    'Calc I,UB,UA,D',
    'GroupAggregate I,UB,UA,D',
    'Calc I,UB,UA',
  ]);
});
