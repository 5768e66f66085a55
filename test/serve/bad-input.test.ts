import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliRun, millrace, put, rowsOf, scratch } from './cli.js';

const source = (file: string, options = ''): string => `
CREATE TABLE src (id BIGINT, name STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = '${file}', 'format' = 'json'${options});`;
const PRINT = `
CREATE TABLE out_t (id BIGINT, name STRING) WITH ('connector' = 'print');
INSERT INTO out_t SELECT id, name FROM src;`;
const row = (i: number): string => JSON.stringify({ id: i, name: `n${i}`, ts: '2026-01-01 00:00:00.000' });
const lines = (n: number): string[] => Array.from({ length: n }, (_, i) => row(i));

/** Exactly one error: code first, then where and what to do; nothing left running. */
function failed(r: CliRun, code: string, ...parts: (string | RegExp)[]): string {
  assert.equal(r.code, 1, `exit code; stderr: ${r.stderr}`);
  assert.ok(r.stderr.startsWith(`${code}: `), r.stderr);
  for (const p of parts) assert.match(r.stderr, typeof p === 'string' ? new RegExp(p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : p);
  assert.doesNotMatch(r.stderr, /\bat .*\.js:\d+/, 'no stack for a fault of the world');
  assert.ok(r.ms < 15_000, `took ${r.ms} ms`);
  return r.stderr;
}
const runSql = (sql: string, dir = scratch()): Promise<CliRun> => millrace(['run', put(dir, 'job.sql', sql), '--quiet']);

for (const [what, bad, code] of [
  ['malformed JSON', '{"id": 1, "name": ', 'MALFORMED_RECORD'],
  ['a wrong type', '{"id": "x", "name": "y", "ts": "2026-01-01 00:00:00"}', 'BAD_FIELD'],
  ['an array instead of an object', '[1,2]', 'MALFORMED_RECORD'],
] as const) {
  test(`${what}: file and line are named, rows before it arrive`, async () => {
    const dir = scratch();
    const file = put(dir, 'in.jsonl', [...lines(5000), bad, ...lines(10)].join('\n'));
    const r = await runSql(source(file) + PRINT, dir);
    failed(r, code, 'in.jsonl:5001');
    assert.equal(r.stdout.split('\n').filter((l) => l.startsWith('+I[')).length, 5000);
  });
  test(`${what}: ignore-parse-errors goes on`, async () => {
    const dir = scratch();
    const file = put(dir, 'in.jsonl', [...lines(50), bad, ...lines(50)].join('\n'));
    const r = await runSql(source(file, ", 'json.ignore-parse-errors' = 'true'").replace(/, WATERMARK.*SECOND/, '') + PRINT, dir);
    assert.equal(r.code, 0, r.stderr);
    const rows = r.stdout.split('\n').filter((l) => l.startsWith('+I['));
    assert.equal(rows.length, code === 'BAD_FIELD' ? 101 : 100);
    if (code === 'BAD_FIELD') assert.ok(rows.includes('+I[null, y]'));
  });
}

test('invalid UTF-8 is found', async () => {
  const dir = scratch();
  const file = put(
    dir,
    'in.jsonl',
    Buffer.concat([Buffer.from(`${lines(10).join('\n')}\n{"id": 1, "name": "`), Buffer.from([0xff, 0xfe]), Buffer.from('", "ts": "2026-01-01 00:00:00"}\n')]),
  );
  failed(await runSql(source(file) + PRINT, dir), 'INVALID_UTF8', 'in.jsonl:11');
});

test('invalid UTF-8 is found in a field that nobody reads', async () => {
  const dir = scratch();
  const file = put(
    dir,
    'in.jsonl',
    Buffer.concat([
      Buffer.from(`${lines(10).join('\n')}\n{"other": "`),
      Buffer.from([0xc3]),
      Buffer.from('", "id": 1, "name": "x", "ts": "2026-01-01 00:00:00"}\n'),
    ]),
  );
  failed(await runSql(source(file) + PRINT, dir), 'INVALID_UTF8', 'in.jsonl:11');
});

test('too long a record', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', `${lines(3).join('\n')}\n{"id": 1, "name": "${'x'.repeat(17 << 20)}"}\n`);
  failed(await runSql(source(file) + PRINT, dir), 'RECORD_TOO_LONG', 'in.jsonl:4');
});

test('a NULL rowtime fails the job', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', `${lines(3).join('\n')}\n{"id": 1, "name": "x"}\n`);
  failed(await runSql(source(file) + PRINT, dir), 'NULL_ROWTIME');
});

test('a missing file', async () => {
  const dir = scratch();
  put(dir, 'events.jsonl', row(1));
  failed(await runSql(source(`${dir}/event.jsonl`) + PRINT, dir), 'FILE_NOT_FOUND', 'event.jsonl', 'events.jsonl');
});

test('a missing script', async () => {
  failed(await millrace(['run', '/nowhere/job.sql']), 'FILE_NOT_FOUND', '/nowhere/job.sql');
});

test('a syntax error: line, column and a caret', async () => {
  const dir = scratch();
  const r = await runSql(`${source('/x')}\nCREATE VIEW v AS\nSELECT id FRM src;`, dir);
  failed(r, 'SQL_SYNTAX', /job\.sql:5:15/);
  const caret = r.stderr.split('\n').findIndex((l) => /^\s*\^+$/.test(l));
  assert.ok(caret > 0, r.stderr);
  const excerpt = r.stderr.split('\n')[caret - 1];
  assert.equal(excerpt.indexOf('src'), r.stderr.split('\n')[caret].indexOf('^'), r.stderr);
});

test('an unknown column, with the nearest name', async () => {
  failed(
    await runSql(`${source('/x')}\nCREATE TABLE o (n STRING) WITH ('connector' = 'print');\nINSERT INTO o SELECT nam FROM src;`),
    'UNKNOWN_COLUMN',
    "'name'",
    'job.sql:5:22',
  );
});

test('a type mismatch', async () => {
  failed(
    await runSql(`${source('/x')}\nCREATE TABLE o (n INT) WITH ('connector' = 'print');\nINSERT INTO o SELECT ts FROM src;`),
    'TYPE_MISMATCH',
    'TIMESTAMP(3)',
    'INT',
  );
  failed(
    await runSql(`${source('/x')}\nCREATE TABLE o (n INT) WITH ('connector' = 'print');\nINSERT INTO o SELECT id + ts FROM src;`),
    'TYPE_MISMATCH',
    'job.sql:5:22',
  );
});

test('an unknown connector, an unknown option, a bad value: the nearest valid name', async () => {
  failed(await runSql(source('/x').replace("'filesystem'", "'filesytem'") + PRINT), 'UNKNOWN_CONNECTOR', "'filesystem'");
  failed(await runSql(source('/x', ", 'json.ignore-parse-error' = 'true'") + PRINT), 'UNKNOWN_OPTION', 'ignore-parse-errors');
  failed(await runSql(source('/x', ", 'source.monitor-intervall' = '1 s'") + PRINT), 'UNKNOWN_OPTION', 'source.monitor-interval');
  failed(await runSql(source('/x', ", 'json.ignore-parse-errors' = 'yes'") + PRINT), 'INVALID_OPTION', 'true');
  failed(
    await runSql(source('/x', ", 'json.ignore-parse-errors' = 'true', 'json.fail-on-missing-field' = 'true'") + PRINT),
    'INVALID_OPTION',
    'fail-on-missing-field',
  );
});

test('group-offsets without a group id is refused', async () => {
  const sql = `CREATE TABLE k (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:1', 'format' = 'json');
CREATE TABLE o (id BIGINT) WITH ('connector' = 'print');\nINSERT INTO o SELECT id FROM k;`;
  failed(await runSql(sql), 'MISSING_OPTION', 'properties.group.id');
});

test('an unreachable broker', async () => {
  const sql = `CREATE TABLE k (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = '127.0.0.1:1', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE o (id BIGINT) WITH ('connector' = 'print');\nINSERT INTO o SELECT id FROM k;`;
  failed(await runSql(sql), 'KAFKA_UNREACHABLE', '127.0.0.1:1');
});

test('a division by zero and a failing CAST name the operator; rows before them arrive', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', lines(10).join('\n'));
  const insert = (e: string): string => `${source(file)}\nCREATE TABLE o (n BIGINT) WITH ('connector' = 'print');\nINSERT INTO o SELECT ${e} FROM src;`;
  const r = await runSql(insert('100 / (id - 5)'), dir);
  failed(r, 'DIVISION_BY_ZERO');
  assert.equal(r.stdout.split('\n').filter((l) => l.startsWith('+I[')).length, 5);
  const divided = failed(r, 'DIVISION_BY_ZERO');
  assert.match(divided, /in 100 \/ \(id - 5\) \(\S*job\.sql:\d+:\d+\), where id = 5\n/);
  assert.match(divided, /in\.jsonl:6, operator calc\(/);
  failed(await runSql(insert('CAST(name AS BIGINT)'), dir), 'CAST_FAILED', 'n0');
});

test('a failure behind an exchange names the expression and the values it read', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', lines(10).join('\n'));
  const sql = `${source(file)}\nCREATE TABLE o (n BIGINT, m BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT n, 7 / (n - 1) FROM (SELECT id, COUNT(*) AS n FROM src GROUP BY id);`;
  const said = failed(await runSql(sql, dir), 'DIVISION_BY_ZERO');
  assert.match(said, /in 7 \/ \(n - 1\) \(\S*job\.sql:\d+:25\), where n = 1\n/);
  assert.doesNotMatch(said, /in\.jsonl/);
});

test('a sink that cannot be written', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', lines(10).join('\n'));
  const blocked = put(dir, 'blocked', 'a file');
  failed(
    await runSql(
      `${source(file)}\nCREATE TABLE o (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '${blocked}/out', 'format' = 'json');\nINSERT INTO o SELECT id FROM src;`,
      dir,
    ),
    'FILE_WRITE',
    'blocked',
  );
});

test('a good job ends with exit code 0 and whole files', async () => {
  const dir = scratch();
  const file = put(dir, 'in.jsonl', lines(3000).join('\n'));
  const r = await runSql(
    `${source(file)}\nCREATE TABLE o (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '${dir}/out', 'format' = 'json');\nINSERT INTO o SELECT id FROM src WHERE id >= 1000;`,
    dir,
  );
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(rowsOf(`${dir}/out`), Array.from({ length: 2000 }, (_, i) => `{"id":${i + 1000}}`).sort());
});

test('a failure behind a hash exchange ends the job although the sources wait on full rings', async () => {
  const sql = `SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, ts AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000', 'fields.k.min' = '0', 'fields.k.max' = '3000000');
CREATE TABLE o (a BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT 10 / (COUNT(*) - COUNT(*)) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY k, window_start, window_end;`;
  const r = await runSql(sql);
  failed(r, 'DIVISION_BY_ZERO');
  assert.ok(r.ms < 10_000, `${r.ms} ms`);
});
