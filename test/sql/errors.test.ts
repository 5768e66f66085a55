import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#src/base/errors.js';
import { failure, RISK_TABLES, TYPES_TABLE } from './fixtures.js';

/** statement, code, the text under the caret, what the remedy or message says */
const CASES: readonly [string, ErrorCode, string, RegExp][] = [
  ['SELEC 1', 'SQL_SYNTAX', 'SELEC', /Did you mean SELECT/],
  ['SELECT value FROM user_events', 'SQL_SYNTAX', 'value', /reserved word.*`value`/],
  ['SELECT user_idd FROM user_events', 'UNKNOWN_COLUMN', 'user_idd', /Did you mean 'user_id'/],
  ['SELECT e.nope FROM user_events e', 'UNKNOWN_COLUMN', 'nope', /not found in table 'e'/],
  ['SELECT x.user_id FROM user_events e', 'UNKNOWN_TABLE', 'x', /table 'x' not found/],
  ['SELECT * FROM user_event', 'UNKNOWN_TABLE', 'user_event', /Did you mean 'user_events'/],
  ['SELECT UPER(user_id) FROM user_events', 'UNKNOWN_FUNCTION', 'UPER', /Did you mean UPPER/],
  ['SELECT MD5(user_id) FROM user_events', 'NOT_SUPPORTED', 'MD5', /function MD5 is not supported yet/],
  ['SELECT amount + user_id FROM user_events', 'TYPE_MISMATCH', 'amount', /<DECIMAL\(10, 2\)> \+ <STRING>/],
  ['SELECT 1 FROM user_events WHERE amount', 'TYPE_MISMATCH', 'amount', /WHERE must be a condition/],
  ["SELECT 1 FROM user_events WHERE amount = 'x'", 'TYPE_MISMATCH', 'amount', /implicit type conversion/],
  ['SELECT NULL FROM user_events', 'TYPE_MISMATCH', 'NULL', /CAST\(NULL AS/],
  ['SELECT CAST(amount AS DATE) FROM user_events', 'TYPE_MISMATCH', 'CAST', /no CAST from DECIMAL\(10, 2\) to DATE/],
  [
    'INSERT INTO risk_alerts SELECT user_id FROM user_events',
    'TYPE_MISMATCH',
    'SELECT',
    /different number of columns[\s\S]*Query schema: \[user_id: STRING\][\s\S]*Sink schema: /,
  ],
  ['INSERT INTO risk_alerts SELECT user_id, amount, event_time FROM user_events', 'TYPE_MISMATCH', 'SELECT', /sink column 'alert_type' at position 1/],
  ['INSERT INTO risk_alerts (user_id, nope) SELECT user_id, user_id FROM user_events', 'UNKNOWN_COLUMN', 'nope', /It has: user_id, alert_type, alert_time/],
  [
    "SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '1' MINUTE)) GROUP BY window_start",
    'NOT_SUPPORTED',
    'window_start',
    /both window_start and window_end/,
  ],
  [
    "SELECT user_id FROM TABLE(SESSION(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '1' MINUTE)) GROUP BY user_id, window_start, window_end",
    'NOT_SUPPORTED',
    'user_id',
    /SESSION window whose PARTITION BY differs/,
  ],
  [
    "CREATE TABLE x (k STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = '/out', 'format' = 'json'); INSERT INTO x SELECT user_id, COUNT(*) FROM user_events GROUP BY user_id",
    'SQL_VALIDATION',
    'x SELECT',
    /Table sink 'default_catalog\.default_database\.x' doesn't support consuming update changes which is produced by node GroupAggregate\(groupBy=\[user_id\], select=\[user_id, COUNT\(\*\) AS EXPR\$1\]\)/,
  ],
  [
    'SELECT n, MAX(user_id) FROM (SELECT user_id, COUNT(*) AS n FROM user_events GROUP BY user_id) GROUP BY n',
    'NOT_SUPPORTED',
    'SELECT',
    /MAX over rows that change/,
  ],
  ["SET 'table.exec.state.ttl' = '1 h'; SELECT DISTINCT user_id FROM user_events", 'NOT_SUPPORTED', 'DISTINCT', /state that expires/],
  [
    "SET 'table.exec.mini-batch.enabled' = 'true'; SET 'table.exec.mini-batch.allow-latency' = '1 s'; SELECT 1",
    'MISSING_OPTION',
    'SET',
    /table.exec.mini-batch.size/,
  ],
  ['SELECT user_id FROM user_events ORDER BY user_id', 'NOT_SUPPORTED', 'ORDER', /ORDER BY is not supported yet/],
  ['SELECT user_id FROM user_events LIMIT 3', 'NOT_SUPPORTED', 'LIMIT', /LIMIT is not supported yet/],
  ['SELECT a.user_id FROM user_events a JOIN user_events b ON a.user_id = b.user_id', 'NOT_SUPPORTED', 'JOIN', /JOIN is not supported yet/],
  ['SELECT SUM(amount) OVER (PARTITION BY user_id ORDER BY event_time) FROM user_events', 'NOT_SUPPORTED', 'OVER', /OVER windows/],
  ["SELECT COUNT(*) FROM user_events GROUP BY TUMBLE(CAST(event_time AS TIMESTAMP(3)), INTERVAL '1' MINUTE)", 'SQL_VALIDATION', 'CAST', /time attribute/],
  [
    "SELECT 1 FROM TABLE(HOP(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '4' SECOND, INTERVAL '10' SECOND))",
    'SQL_VALIDATION',
    'HOP',
    /integral multiple/,
  ],
  ["SELECT amount, COUNT(*) FROM user_events GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE)", 'SQL_VALIDATION', 'amount', /not being grouped/],
  [
    "SELECT TUMBLE_START(event_time, INTERVAL '2' MINUTE) FROM user_events GROUP BY TUMBLE(event_time, INTERVAL '1' MINUTE)",
    'SQL_VALIDATION',
    'TUMBLE_START',
    /matching call to TUMBLE/,
  ],
  ['SELECT user_id FROM user_events WHERE COUNT(*) > 1', 'SQL_VALIDATION', 'COUNT', /not allowed in WHERE/],
  ["CREATE TABLE x (a INT) WITH ('connector' = 'kafkaa'); SELECT * FROM x", 'UNKNOWN_CONNECTOR', "'connector'", /Did you mean 'kafka'/],
  ["CREATE TABLE x (a INT) WITH ('connector' = 'datagen', 'rows-per-secon' = '1'); SELECT * FROM x", 'UNKNOWN_OPTION', "'rows-per-secon'", /rows-per-second/],
  ["CREATE TABLE x (a INT) WITH ('connector' = 'datagen', 'rows-per-second' = 'x'); SELECT * FROM x", 'INVALID_OPTION', "'rows-per-second'", /not valid/],
  ["CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = ''); SELECT * FROM x", 'INVALID_OPTION', "'path'", /Give a path/],
  [
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = 'file://'); INSERT INTO x VALUES (1)",
    'INVALID_OPTION',
    "'path'",
    /Give a path/,
  ],
  [
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '/x', 'dead-letter.path' = ' '); SELECT * FROM x",
    'INVALID_OPTION',
    "'dead-letter.path'",
    /Give a path/,
  ],
  ["CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'path' = 'y', 'format' = 'jsn'); SELECT * FROM x", 'UNKNOWN_FORMAT', "'format'", /'json'/],
  [
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'path' = 'y'); SELECT * FROM x",
    'MISSING_OPTION',
    'x (a INT)',
    /no option 'format', which line 5 reads/,
  ],
  ['CREATE TABLE x (a INT); SELECT * FROM x', 'MISSING_OPTION', 'x (a INT)', /no option 'connector', which line 5 reads/],
  [
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'format' = 'json');\nINSERT INTO x SELECT 1",
    'MISSING_OPTION',
    'x (a INT)',
    /needs the option 'path' \(table 'x', which line 6 writes\)/,
  ],
  [
    "CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'h:1', 'format' = 'json'); SELECT * FROM x",
    'MISSING_OPTION',
    'x (a INT)',
    /group\.id is required/,
  ],
  ["CREATE TABLE x (a INT, WATERMARK FOR a AS a) WITH ('connector' = 'datagen')", 'TYPE_MISMATCH', 'a', /TIMESTAMP\(p\)/],
  ["CREATE TABLE x (a TIMESTAMP(6), WATERMARK FOR a AS a) WITH ('connector' = 'datagen')", 'TYPE_MISMATCH', 'a', /from 0 to 3/],
  ["CREATE TABLE x (a INT, PRIMARY KEY (a)) WITH ('connector' = 'datagen')", 'SQL_VALIDATION', 'PRIMARY', /NOT ENFORCED/],
  ["CREATE TABLE x (a INT, a INT) WITH ('connector' = 'datagen')", 'SQL_VALIDATION', 'a', /declared twice/],
  ['CREATE TABLE user_events (a INT)', 'SQL_VALIDATION', 'user_events', /already exists/],
  ['CREATE TABLE x (a MAP<STRING, INT>)', 'NOT_SUPPORTED', 'MAP', /MAP other than MAP<STRING, BYTES> is not supported yet/],
  ['DROP TABLE nope', 'UNKNOWN_TABLE', 'nope', /not found/],
  ['CREATE CATALOG c', 'NOT_SUPPORTED', 'CREATE', /CREATE CATALOG is not supported yet/],
  ["SET 'parallelism.default' = 'many'; SELECT * FROM user_events", 'INVALID_OPTION', 'SET', /whole number/],
  ["SET 'table.local-time-zone' = 'Mars/Base'; SELECT * FROM user_events", 'INVALID_OPTION', 'SET', /Europe\/Berlin/],
  ["SELECT DATE '2020-02-30'", 'SQL_VALIDATION', 'DATE', /valid DATE literal/],
  ["SELECT INTERVAL '100' SECOND", 'SQL_VALIDATION', 'INTERVAL', /100 exceeds precision of SECOND\(2\) field[\s\S]*SECOND\(3\)/],
  ["INSERT INTO risk_alerts (user_id, user_id) VALUES ('a', 'b')", 'SQL_VALIDATION', 'user_id', /given twice/],
  ["SELECT INTERVAL '1:99' HOUR TO MINUTE", 'SQL_VALIDATION', 'INTERVAL', /illegal interval literal/],
];

test('every error has its code, its place with a caret, and says what to do', async () => {
  for (const [statement, code, under, says] of CASES) {
    const e = await failure(RISK_TABLES + statement);
    assert.equal(e.code, code, `${statement}\n${e.message}`);
    assert.match(e.message, says, statement);
    const { line, column, excerpt, file } = e.place;
    assert.ok(line !== undefined && column !== undefined && excerpt !== undefined, `${statement}: no place`);
    assert.equal(file, 'job.sql');
    assert.ok(excerpt.slice(column - 1).startsWith(under), `${statement}: the caret stands before ${JSON.stringify(excerpt.slice(column - 1))}`);
    const lines = e.message.split('\n');
    assert.ok(lines.includes(`  ${' '.repeat(column - 1)}^`), e.message);
  }
});

test('an error in a view points into the statement that made the view', async () => {
  const e = await failure(`${RISK_TABLES}CREATE VIEW v AS\n  SELECT user_id,\n    nope FROM user_events`);
  assert.deepEqual([e.place.line, e.place.column], [7, 5]);
});

test('what is not a value of one kind is refused as Flink refuses it', async () => {
  for (const statement of [
    'SELECT MOD(f64, 3) FROM t',
    'SELECT NOT i32 FROM t',
    "SELECT SUM(s) FROM t GROUP BY TUMBLE(ts, INTERVAL '1' DAY)",
    'SELECT b = 1 FROM t',
  ]) {
    assert.equal((await failure(TYPES_TABLE + statement)).code, 'TYPE_MISMATCH', statement);
  }
});

test('what Flink refuses for its names is refused', async () => {
  const cases: readonly [string, RegExp][] = [
    ['SELECT user_id FROM (SELECT user_id, user_id FROM user_events)', /'user_id' is ambiguous/],
    ['CREATE VIEW v AS SELECT user_id, event_type AS user_id FROM user_events', /two columns 'user_id'/],
    ["SELECT COUNT() FROM user_events GROUP BY TUMBLE(event_time, INTERVAL '1' DAY)", /number of arguments to COUNT/],
    ["SELECT COALESCE(ALL user_id, 'x') FROM user_events", /ALL/],
    ['SELECT * FROM (user_events)', /a query or a join/],
    ["INSERT INTO risk_alerts (alert_type, user_id) VALUES ('a', NULL)", /illegal use of 'NULL'/],
    ["INSERT INTO risk_alerts VALUES ('a', 'b', LOCALTIMESTAMP), ('a', NULL, LOCALTIMESTAMP)", /illegal use of 'NULL'/],
    ['SELECT * FROM (VALUES (1), (NULL))', /illegal use of 'NULL'/],
    ['SELECT user_id FROM user_events UNION ALL SELECT NULL', /illegal use of 'NULL'/],
  ];
  for (const [statement, says] of cases) assert.match((await failure(RISK_TABLES + statement)).message, says);
});
