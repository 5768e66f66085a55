import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import type { SqlSession } from '#src/sql/index.js';
import type { ScriptStep } from '#src/sql/session.js';
import { recorded, session, TYPES_TABLE } from './fixtures.js';

/** Flink gives these a type; we refuse them with an error, which loses nothing. */
const REFUSED = new Set(['NULL = NULL', 'a']);
/** COALESCE gives VARCHAR(3) for two CHARs; Flink's IFNULL keeps the first's type. */
const DIFFERENT = new Set(["IFNULL('abc', 'x')"]);

/** 'name TYPE [NOT NULL]' of each row of DESCRIBE. */
function described(step: ScriptStep): string[] {
  const lines = (step as { text: string }).text.split('\n').filter((l) => l.startsWith('|'));
  return lines.slice(1).map((l) => {
    const [name, type, nullable] = l
      .slice(1, -1)
      .split('|')
      .map((c) => c.trim());
    return `${name} ${type}${nullable === 'TRUE' ? '' : ' NOT NULL'}`;
  });
}

async function typeOf(s: SqlSession, expression: string): Promise<string> {
  const steps = await s.execute(`CREATE TEMPORARY VIEW v AS SELECT ${expression} AS x FROM t; DESCRIBE v; DROP TEMPORARY VIEW v`);
  assert.equal(steps[0].kind, 'text');
  return described(steps[0])[0]
    .replace(/^x /, '')
    .replace(/ \*\w+\*/, '');
}

test('2,269 expressions have the types that Flink 2.3 gives them, and fail where they fail there', async () => {
  const s = session();
  await s.execute(TYPES_TABLE);
  const rows = recorded('flink-types.tsv');
  assert.ok(rows.length > 2000);
  let unsupported = 0;
  for (const [expression, expected] of rows) {
    if (REFUSED.has(expression) || DIFFERENT.has(expression)) continue;
    let got: string;
    try {
      got = await typeOf(s, expression);
    } catch (e) {
      assert.ok(e instanceof MillraceError, `${expression}: ${e}`);
      if (e.code === 'NOT_SUPPORTED') {
        unsupported++;
        continue;
      }
      // accepted by Flink's validator and refused by its planner, but not when the constants fold away before it looks
      got = /implicit type conversion|'[ab]' is not a /.test(e.message) ? expected : '!';
    }
    assert.equal(got, expected, expression);
  }
  assert.ok(unsupported < 80, `${unsupported} expressions are not supported`);
});

test('types of aggregates', async () => {
  const s = session();
  await s.execute(TYPES_TABLE);
  const calls: readonly [string, string][] = [
    ['COUNT(*)', 'BIGINT NOT NULL'],
    ['COUNT(i32)', 'BIGINT NOT NULL'],
    ['COUNT(DISTINCT s)', 'BIGINT NOT NULL'],
    ['SUM(i8)', 'TINYINT'],
    ['SUM(i64)', 'BIGINT'],
    ['SUM(nn)', 'INT NOT NULL'],
    ['SUM(nn) FILTER (WHERE b)', 'INT'],
    ['SUM(d102)', 'DECIMAL(38, 2)'],
    ['SUM(f32)', 'FLOAT'],
    ['AVG(i32)', 'INT'],
    ['AVG(nn)', 'INT NOT NULL'],
    ['AVG(d102)', 'DECIMAL(38, 6)'],
    ['AVG(d3810)', 'DECIMAL(38, 10)'],
    ['AVG(f64)', 'DOUBLE'],
    ['MIN(s)', 'STRING'],
    ['MIN(nn)', 'INT NOT NULL'],
    ['MAX(nn) FILTER (WHERE i32 > 1)', 'INT'],
    ['MAX(b)', 'BOOLEAN'],
    ['MIN(dt)', 'DATE'],
    ["TUMBLE_START(ts, INTERVAL '1' MINUTE)", 'TIMESTAMP(3) NOT NULL'],
  ];
  for (const [call, expected] of calls) {
    const steps = await s.execute(
      `CREATE TEMPORARY VIEW v AS SELECT ${call} AS x FROM t GROUP BY i8, TUMBLE(ts, INTERVAL '1' MINUTE); DESCRIBE v; DROP TEMPORARY VIEW v`,
    );
    assert.equal(described(steps[0])[0], `x ${expected}`, call);
  }
});

test('time attributes pass through columns only', async () => {
  const s = session();
  await s.execute(
    `${TYPES_TABLE} CREATE VIEW v AS SELECT ts, ts AS renamed, ts + INTERVAL '1' SECOND AS moved, CAST(ts AS TIMESTAMP(3)) AS cast_ts, pt FROM t`,
  );
  const [step] = await s.execute('DESCRIBE v');
  assert.deepEqual(described(step), [
    'ts TIMESTAMP(3) *ROWTIME*',
    'renamed TIMESTAMP(3) *ROWTIME*',
    'moved TIMESTAMP(3)',
    'cast_ts TIMESTAMP(3)',
    'pt TIMESTAMP_LTZ(3) *PROCTIME* NOT NULL',
  ]);
});
