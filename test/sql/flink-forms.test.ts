import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { KNOWN_FUNCTIONS } from '#src/sql/bind/known.js';
import { SqlSession, TableEnvironment } from '#src/sql/index.js';
import { recorded } from './fixtures.js';

/** The tables over which flink-forms.tsv was recorded; `path` in the place of the files. */
const tables = (path: string): string => `CREATE TABLE t (b BOOLEAN, b2 BOOLEAN, ti TINYINT, si SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, dc DECIMAL(10, 2),
  s STRING, s2 STRING, bin BYTES, dt DATE, tm TIME(0), ts TIMESTAMP(3), ltz TIMESTAMP_LTZ(3), m MAP<STRING, BYTES>, r ROW<x INT, y STRING>, rt TIMESTAMP(3),
  pt AS PROCTIME(), WATERMARK FOR rt AS rt - INTERVAL '1' SECOND) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json');
CREATE TABLE u (id INT, v STRING, w BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json');
CREATE TABLE o (id INT, v STRING) WITH ('connector' = 'blackhole');
CREATE TABLE p (id INT, v STRING) PARTITIONED BY (v) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');`;

/**
 * Rows: Flink's answer (+ it plans; - it refuses what it has read; p it does not parse), E an expression over t or S a statement, the text.
 * Every function and operator of Flink 2.3 in each of its forms, every statement of its grammar, every clause and type.
 */
const forms = recorded('flink-forms.tsv').map(([answer, kind, text]) => ({ answer, kind, text, sql: kind === 'E' ? `SELECT ${text} FROM t` : text }));

async function session(path = 'rows.jsonl'): Promise<SqlSession> {
  const s = new SqlSession({ file: 'job.sql', systemTimeZone: 'UTC' });
  await s.execute(tables(path));
  return s;
}

async function answerTo(sql: string): Promise<MillraceError | undefined> {
  const s = await session();
  try {
    await s.execute(sql);
    return undefined;
  } catch (e) {
    if (e instanceof MillraceError) return e;
    throw new Error(`${sql} threw ${String(e)}`, { cause: e });
  }
}

/** Pieces of a script in Flink's client; here a script is read as a whole. */
const PIECES = new Set(['BEGIN STATEMENT SET']);
/** Refused by Flink for a unit that the type has not. */
const UNITS = /^EXTRACT\((MICRO|NANO)SECOND FROM tm\)$/;

test('what Flink has is accepted, or refused as not supported with its line and column; never anything else', async () => {
  assert.ok(forms.length > 1000);
  const bad: string[] = [];
  for (const { answer, text, sql } of forms) {
    if (PIECES.has(text)) continue;
    const e = await answerTo(sql);
    const placed = e === undefined || (e.place.line !== undefined && e.place.column !== undefined);
    const fits =
      answer === '+'
        ? e === undefined || e.code === 'NOT_SUPPORTED'
        : answer === '-'
          ? (e !== undefined && e.code !== 'SQL_SYNTAX' && e.code !== 'INTERNAL') || UNITS.test(text)
          : e !== undefined && e.code !== 'INTERNAL';
    if (!placed || !fits) bad.push(`${answer} ${sql} -> ${e === undefined ? 'accepted' : `${e.code} ${e.message}`}`);
  }
  assert.deepEqual(bad, []);
});

test('expressions that are accepted run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-forms-'));
  const path = join(dir, 'rows.jsonl');
  const row = { b: true, b2: false, ti: 1, si: 2, i: 3, l: 4, f: 1.5, d: 2.5, dc: 3.25, s: '12', s2: 'b', dt: '2024-02-29', tm: '10:11:12' };
  writeFileSync(
    path,
    `${JSON.stringify({ ...row, ts: '2024-02-29 10:11:12.345', ltz: '2024-02-29 10:11:12Z', r: { x: 1, y: 'z' }, rt: '2024-02-29 10:11:12' })}\n`,
  );
  const bad: string[] = [];
  try {
    for (const { answer, kind, text, sql } of forms) {
      if (answer !== '+' || kind !== 'E' || (await answerTo(sql)) !== undefined) continue;
      const env = new TableEnvironment();
      await env.executeSql(tables(path));
      try {
        let rows = 0;
        for await (const _ of env.sql(sql)) rows++;
        if (rows !== 1) bad.push(`${text}: ${rows} rows`);
      } catch (e) {
        // an aggregate without a window updates its row, which sql() does not take; a text may not be what it is cast to
        const { code } = e as MillraceError;
        if (code !== 'CAST_FAILED' && !(code === 'SQL_VALIDATION' && /doesn't support consuming update/.test(String(e)))) bad.push(`${text}: ${String(e)}`);
      }
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  assert.deepEqual(bad, []);
});

/** Only operators' and rules' names, or functions that stand in MATCH_RECOGNIZE and window aggregates alone. */
const NOT_CALLED = /^(HOP|SESSION|TUMBLE)_PROCTIME$/;

test('the forms hold every function of Flink', () => {
  const words = new Set(forms.flatMap((f) => f.sql.toUpperCase().match(/[A-Z_][A-Z_0-9]*/g) ?? []));
  const names = recorded('flink-functions.txt').map(([n]) => n);
  assert.ok(names.length > 300);
  assert.deepEqual(
    names.filter((n) => !words.has(n) && !NOT_CALLED.test(n)),
    [],
  );
  // and what is refused by name is a name of Flink's
  const known = new Set(names);
  assert.deepEqual(
    [...KNOWN_FUNCTIONS].filter((n) => !known.has(n) && !n.startsWith('$')),
    ['AGG_DECIMAL_MINUS', 'CONVERT'], // the one has the operator's name in Flink's list, the other a grammar of its own
  );
});

test('names that Flink does not know either are unknown, with the nearest', async () => {
  for (const [text, near] of [
    ['UPER(s)', 'UPPER'],
    ['REGEX_EXTRACT(s, s)', 'REGEXP_EXTRACT'],
    ['COUNTT(i)', 'COUNT'],
  ]) {
    const e = await answerTo(`SELECT ${text} FROM t`);
    assert.equal(e?.code, 'UNKNOWN_FUNCTION', text);
    assert.match(String(e?.remedy), new RegExp(`Did you mean ${near}\\?`));
  }
});

test('refusals name what was written', async () => {
  const cases: readonly [string, string, RegExp][] = [
    ["SHOW TABLES LIKE 'a%'", '1:1', /^SHOW TABLES LIKE is not supported yet/],
    ['ALTER TABLE t RENAME TO x', '1:1', /^ALTER TABLE is not supported yet/],
    ["CREATE TEMPORARY SYSTEM FUNCTION f AS 'a.B'", '1:1', /^CREATE TEMPORARY SYSTEM FUNCTION is/],
    ['SELECT u.id FROM u, t WHERE u.id = t.i', '1:19', /^a join of tables with a comma between them is not/],
    ["SELECT JSON_OBJECT('a' VALUE 1) FROM t", '1:8', /^the function JSON_OBJECT is not supported yet/],
    ["SELECT i,\n  DATE_FORMAT(ts, 'D z') FROM t", '2:19', /^the letter 'z' of the date pattern/],
    ['SELECT i,\n  s LIKE s2 ESCAPE s2 FROM t', '2:3', /^LIKE with an ESCAPE that is not one constant character/],
  ];
  for (const [sql, at, message] of cases) {
    const e = await answerTo(sql);
    assert.equal(e?.code, 'NOT_SUPPORTED', sql);
    assert.equal(`${e?.place.line}:${e?.place.column}`, at, sql);
    assert.match(String(e?.message), message);
  }
});

/** Every letter of Java's DateTimeFormatter, in the lengths that it tells apart. */
const PATTERN_LETTERS = [...'GuyDMLdQqYwWEecFaBhKkHmsSAnNVvzOXxZp'];

test('DATE_FORMAT: every letter of a pattern is there or refused with its place', async () => {
  for (const letter of PATTERN_LETTERS)
    for (let n = 1; n <= 5; n++) {
      const e = await answerTo(`SELECT i,\n  DATE_FORMAT(ts, '${letter.repeat(n)}') FROM t`);
      if (e === undefined) continue;
      // more of a letter than Java takes is wrong in Flink too, at run time
      assert.match(e.code, /^(NOT_SUPPORTED|SQL_VALIDATION)$/, letter);
      assert.deepEqual([e.place.line, e.place.column], [2, 19], letter);
    }
});
