import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CalcConfig, SourceNodeConfig, WindowAggregateConfig } from '#src/contract/nodes.js';
import { planScript } from '#src/sql/index.js';
import { planned, RISK_TABLES, session } from './fixtures.js';

const lines = (...l: readonly string[]): string => l.join('\n');

const SUSPICIOUS = `CREATE VIEW suspicious_coupon_claims AS
SELECT user_id, COUNT(*) AS claim_count, TUMBLE_START(event_time, INTERVAL '1' MINUTE) AS window_start
FROM user_events WHERE event_type = 'coupon_claim'
GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE) HAVING COUNT(*) > 5;
INSERT INTO risk_alerts SELECT user_id, 'COUPON_ABUSE', CURRENT_TIMESTAMP FROM suspicious_coupon_claims;`;

const RISK_PLAN = lines(
  '0: source(user_events)',
  '   connector filesystem, format json',
  "   options path = '/in'",
  "   rowtime event_time, watermark event_time - INTERVAL '5' SECOND",
  '   watermark every 200 ms',
  '   output user_id STRING, event_type STRING, event_time TIMESTAMP(3)',
  '1: calc(user_id, event_time) where  forward <- 0',
  "   where event_type = 'coupon_claim'",
  '   select user_id, event_time',
  '   output user_id STRING, event_time TIMESTAMP(3)',
  '2: window(TUMBLE 1 min) on user_id  hash[0] <- 1',
  '   rowtime event_time, zone UTC',
  '   select user_id, COUNT(*)',
  '   two phases where rows change subtask: accumulates before the shuffle as far as that pays',
  '   output user_id STRING, agg0 BIGINT NOT NULL',
  '3: calc(user_id, alert_type, alert_time) where  forward <- 2',
  '   where agg0 > 5',
  "   select user_id, 'COUPON_ABUSE' AS alert_type, CAST(CURRENT_TIMESTAMP() AS TIMESTAMP(3)) AS alert_time",
  '   output user_id STRING, alert_type STRING, alert_time TIMESTAMP(3)',
  '4: sink(risk_alerts)  forward <- 3',
  '   connector blackhole',
);

test('the risk job: one calc, the window, one calc', async () => {
  assert.equal(await planned(RISK_TABLES + SUSPICIOUS), RISK_PLAN);
});

test('the same over the table function TUMBLE is the same plan', async () => {
  const tvf = `INSERT INTO risk_alerts SELECT user_id, 'COUPON_ABUSE', CURRENT_TIMESTAMP FROM (
    SELECT user_id, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '1' MINUTE))
    WHERE event_type = 'coupon_claim' GROUP BY user_id, window_start, window_end) WHERE n > 5`;
  assert.equal(await planned(RISK_TABLES + tvf), RISK_PLAN);
});

const ADS = `CREATE TABLE ad_events (user_id STRING, page_id STRING, ad_id STRING, ad_type STRING, event_type STRING, event_time BIGINT, ip_address STRING,
  ts AS TO_TIMESTAMP_LTZ(event_time, 3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) WITH ('connector' = 'filesystem', 'path' = '/x', 'format' = 'json');
CREATE TABLE views_per_ad (ad_id STRING, window_start TIMESTAMP(3), c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO views_per_ad SELECT ad_id, window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE ad_events, DESCRIPTOR(ts), INTERVAL '10' SECOND))
WHERE event_type = 'view' GROUP BY ad_id, window_start, window_end;`;

test('the ads job reads three columns and computes its event time', async () => {
  assert.equal(
    await planned(`SET 'pipeline.auto-watermark-interval' = '50 ms'; SET 'table.local-time-zone' = 'Europe/Berlin'; ${ADS}`),
    lines(
      '0: source(ad_events)',
      '   connector filesystem, format json',
      "   options path = '/x'",
      "   rowtime TO_TIMESTAMP_LTZ(event_time, 3), watermark TO_TIMESTAMP_LTZ(event_time, 3) - INTERVAL '2' SECOND",
      '   watermark every 50 ms',
      '   output ad_id STRING, event_type STRING, event_time BIGINT',
      '1: calc(ad_id, ts) where  forward <- 0',
      "   where event_type = 'view'",
      '   select ad_id, TO_TIMESTAMP_LTZ(event_time, 3) AS ts',
      '   output ad_id STRING, ts TIMESTAMP_LTZ(3)',
      '2: window(TUMBLE 10 s) on ad_id  hash[0] <- 1',
      '   rowtime ts, zone Europe/Berlin',
      '   select ad_id, COUNT(*), window start',
      '   two phases where rows change subtask: accumulates before the shuffle as far as that pays',
      '   output ad_id STRING, agg0 BIGINT NOT NULL, start TIMESTAMP(3) NOT NULL',
      '3: calc(ad_id, window_start, c)  forward <- 2',
      '   select ad_id, start AS window_start, agg0 AS c',
      '   output ad_id STRING, window_start TIMESTAMP(3), c BIGINT',
      '4: sink(views_per_ad)  forward <- 3',
      '   connector blackhole',
    ),
  );
});

test('nested columns are pruned, and expressions count flattened leaves', async () => {
  const [step] =
    await session().execute(`CREATE TABLE e (k INT, p ROW<id BIGINT, q ROW<x STRING, y INT>, z STRING>, v INT) WITH ('connector' = 'filesystem', 'path' = '/x', 'format' = 'json');
    SELECT p.q.y, v, p.q IS NULL FROM e WHERE p.z = 'a'`);
  assert.ok(step.kind === 'job' && step.query);
  const source = step.graph.nodes[0].config as SourceNodeConfig;
  // leaves: p 0, p.q 1, p.q.y 2, p.z 3, v 4
  assert.equal(JSON.stringify(source.source.schema.fields.map((f) => f.name)), '["p","v"]');
  const calc = step.graph.nodes[1].config as CalcConfig;
  assert.deepEqual(
    calc.project.map((x) => (x.op === 'col' ? x.index : x.op === 'call' ? `${x.fn} ${(x.args[0] as { index: number }).index}` : x)),
    [2, 4, 'isNull 1'],
  );
  assert.match(JSON.stringify(calc.filter), /"op":"col","index":3,/);
  assert.deepEqual(
    source.source.tableSchema?.fields.map((f) => f.name),
    ['k', 'p', 'v'],
  );
});

test('a statement set is one job whose statements share the source', async () => {
  const steps = await session().execute(`${RISK_TABLES}
    EXECUTE STATEMENT SET BEGIN
      INSERT INTO risk_alerts SELECT user_id, event_type, event_time FROM user_events;
      INSERT INTO risk_alerts SELECT user_id, 'big', event_time FROM user_events WHERE amount > 100;
    END;
    INSERT INTO risk_alerts VALUES ('a', 'b', TIMESTAMP '2020-01-01 00:00:00');`);
  assert.deepEqual(
    steps.map((s) => (s.kind === 'job' ? s.graph.nodes.map((n) => n.kind) : s.text)),
    [
      ['source', 'calc', 'sink', 'calc', 'sink'],
      ['values', 'sink'],
    ],
  );
  const [set] = steps;
  assert.ok(set.kind === 'job');
  assert.deepEqual(
    set.graph.nodes.map((n) => n.uid),
    ['source-user_events', 'calc', 'sink-risk_alerts', 'calc-2', 'sink-risk_alerts-2'],
  );
  assert.equal(set.graph.nodes[0].output.fields.length, 4);
});

test('conditions move below the windows, and window conditions above them', async () => {
  const plan = await planned(`${RISK_TABLES}EXPLAIN SELECT * FROM (
    SELECT user_id, window_start, SUM(amount) AS total FROM TABLE(HOP(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '5' SECOND, INTERVAL '15' SECOND))
    WHERE window_start >= TIMESTAMP '2020-01-01 00:00:00' AND amount > 1 GROUP BY user_id, window_start, window_end) WHERE user_id <> 'x' AND total > 10`);
  assert.match(
    plan,
    /Calc\(select=\[user_id, start AS window_start, agg0 AS total\], where=\[\(start >= TIMESTAMP '2020-01-01 00:00:00.000'\) AND \(agg0 > 10.00\)\]\)/,
  );
  assert.match(plan, /window=\[HOP 15 s every 5 s, rowtime\], select=\[user_id, SUM\(amount\), window start\]/);
  assert.match(plan, /Calc\(select=\[user_id, amount, event_time\], where=\[\(amount > 1.00\) AND \(user_id <> 'x'\)\]\)/);
});

test('windows over windows gather the rows of one window', async () => {
  const plan = await planned(`${RISK_TABLES}SELECT window_start, window_end, MAX(n) FROM (
    SELECT user_id, COUNT(*) AS n, window_start, window_end FROM TABLE(HOP(TABLE user_events, DESCRIPTOR(event_time), INTERVAL '5' SECOND, INTERVAL '15' SECOND))
    GROUP BY user_id, window_start, window_end) GROUP BY window_start, window_end`);
  assert.match(plan, /window\(TUMBLE 5 s\)/);
  assert.match(plan, /end - INTERVAL '15' SECOND AS window_start/);
  const legacy = await planned(`${RISK_TABLES}SELECT COUNT(*) FROM (SELECT user_id, TUMBLE_ROWTIME(event_time, INTERVAL '5' SECOND) AS rt FROM user_events
    GROUP BY user_id, TUMBLE(event_time, INTERVAL '5' SECOND)) GROUP BY TUMBLE(rt, INTERVAL '1' MINUTE)`);
  assert.match(legacy, /window\(TUMBLE 1 min\) {2}hash\[\] <- 2 parallelism 1/);
});

test('named arguments, offsets, sessions, filters and processing time', async () => {
  const [step] = await session().execute(`${RISK_TABLES}CREATE VIEW p AS SELECT *, PROCTIME() AS pt FROM user_events;
    EXECUTE STATEMENT SET BEGIN
    INSERT INTO risk_alerts (user_id, alert_time) SELECT user_id, window_end FROM TUMBLE(DATA => TABLE user_events, TIMECOL => DESCRIPTOR(event_time), SIZE => INTERVAL '1' MINUTE, \`OFFSET\` => INTERVAL '10' SECOND) GROUP BY user_id, window_start, window_end;
    INSERT INTO risk_alerts (user_id) SELECT user_id FROM TABLE(SESSION(TABLE user_events PARTITION BY (event_type, user_id), DESCRIPTOR(event_time), INTERVAL '5' SECOND)) GROUP BY user_id, event_type, window_start, window_end;
    INSERT INTO risk_alerts (user_id, alert_type) SELECT user_id, CAST(COUNT(DISTINCT event_type) FILTER (WHERE amount > 1) AS STRING) FROM p GROUP BY user_id, TUMBLE(pt, INTERVAL '1' SECOND);
    END`);
  assert.ok(step.kind === 'job');
  const windows = step.graph.nodes.filter((n) => n.kind === 'windowAggregate').map((n) => n.config as WindowAggregateConfig);
  assert.deepEqual(windows[0].window, { type: 'tumble', sizeMs: 60_000, offsetMs: 10_000 });
  assert.deepEqual(windows[0].windowOutputs, ['end']);
  assert.deepEqual(windows[1].window, { type: 'session', gapMs: 5000 });
  assert.equal(windows[1].keys.length, 2);
  assert.equal(windows[2].time, 'proctime');
  assert.deepEqual(
    windows[2].calls.map(({ fn, distinct }) => [fn, distinct]),
    [['count', true]],
  );
  assert.equal(typeof windows[2].calls[0].filter, 'number');
});

test('UNION ALL brings columns to common types; several edges enter the reader', async () => {
  const plan = await planned(`${RISK_TABLES}WITH q AS (SELECT user_id AS u, amount AS a FROM user_events)
    SELECT u, a FROM q WHERE a > 1 UNION ALL SELECT 'x', 1.555 UNION ALL SELECT u, a FROM q`);
  assert.match(plan, /union {2}forward <- 1; forward <- 2; forward <- 3/);
  assert.match(plan, /CAST\(amount AS DECIMAL\(11, 3\)\)/);
});

test('golden queries of real Flink plan', async () => {
  const golden = new URL('../../../test/sql/golden/schema.sql', import.meta.url);
  const schema = readFileSync(golden, 'utf8').replace('${' + 'EVENTS}', '/events.jsonl');
  const plan = await planned(`${schema}
    CREATE TABLE o (w_start TIMESTAMP(3), w_end TIMESTAMP(3), rt TIMESTAMP(3), auction BIGINT, cnt BIGINT) WITH ('connector' = 'blackhole');
    INSERT INTO o SELECT HOP_START(\`dateTime\`, INTERVAL '5' SECOND, INTERVAL '10' SECOND), HOP_END(\`dateTime\`, INTERVAL '5' SECOND, INTERVAL '10' SECOND),
      CAST(HOP_ROWTIME(\`dateTime\`, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS TIMESTAMP(3)), auction, COUNT(*)
    FROM bid GROUP BY HOP(\`dateTime\`, INTERVAL '5' SECOND, INTERVAL '10' SECOND), auction HAVING COUNT(*) >= 2;`);
  assert.match(
    plan,
    /output event_type INT, person ROW<`dateTime` TIMESTAMP\(3\)>, auction ROW<`dateTime` TIMESTAMP\(3\)>, bid ROW<`auction` BIGINT, `dateTime` TIMESTAMP\(3\)>/,
  );
  assert.match(plan, /select start AS w_start, end AS w_end, rowtime AS rt, auction, agg0 AS cnt/);
});

test('settings, hints, metadata of options, and text answers', async () => {
  const plan = await planScript(
    `SET 'a.b' = 'c'; SET millrace.nope = 1; SET 'taskmanager.numberOfTaskSlots' = '2'; SET 'state.backend.type' = 'hashmap'; ${RISK_TABLES}
     SHOW TABLES; DESCRIBE user_events;
     INSERT INTO risk_alerts SELECT user_id, event_type, event_time FROM user_events /*+ OPTIONS('scan.watermark.idle-timeout' = '7 s') */;
     RESET 'a.b';`,
    { options: { 'parallelism.default': '2' }, systemTimeZone: 'UTC' },
  );
  const set = { 'millrace.nope': '1', 'taskmanager.numberOfTaskSlots': '2', 'state.backend.type': 'hashmap' };
  assert.deepEqual(plan.options, { 'parallelism.default': '2', ...set });
  assert.deepEqual(plan.warnings, [
    "1:1: neither millrace nor Flink has an option 'a.b'",
    "1:18: neither millrace nor Flink has an option 'millrace.nope'",
    "1:41: 'taskmanager.numberOfTaskSlots' only tunes Flink: millrace does not carry it out",
  ]);
  const [show, describe, job] = plan.steps;
  assert.equal((show as { text: string }).text, 'risk_alerts\nuser_events');
  assert.match((describe as { text: string }).text, /event_time \| +TIMESTAMP\(3\) \*ROWTIME\*/);
  assert.ok(job.kind === 'job');
  const source = job.graph.nodes[0];
  assert.equal((source.config as SourceNodeConfig).watermark?.idleTimeoutMs, 7000);
  assert.deepEqual(job.graph.options, { 'parallelism.default': '2', 'a.b': 'c', ...set });
  // a hint belongs to one reading of the table
  assert.ok(!('scan.watermark.idle-timeout' in (source.config as SourceNodeConfig).source.options));
});

test('a plan is plain data', async () => {
  const { steps } = await planScript(ADS, { systemTimeZone: 'UTC' });
  const [job] = steps;
  assert.ok(job.kind === 'job');
  assert.deepEqual(structuredClone(job.graph), job.graph);
});

test('columns have the names of the sink, with or without a calc before it', async () => {
  const plan = await planned(`${RISK_TABLES}CREATE TABLE n (k STRING, n BIGINT) WITH ('connector' = 'blackhole');
    INSERT INTO n SELECT user_id, COUNT(*) FROM user_events GROUP BY user_id, TUMBLE(event_time, INTERVAL '1' MINUTE);
    INSERT INTO risk_alerts SELECT user_id AS x, event_type AS y, event_time AS z FROM user_events;`);
  assert.match(plan, /output k STRING, n BIGINT\n2: sink/);
  assert.match(plan, /output user_id STRING, alert_type STRING, alert_time TIMESTAMP\(3\)\n2: sink/);
});

test('metadata columns have their declared types and come after the physical ones', async () => {
  const plan = await planned(`CREATE TABLE k (id INT, \`timestamp\` TIMESTAMP_LTZ(3) METADATA, p BIGINT METADATA FROM 'partition' VIRTUAL, v STRING)
    WITH ('connector' = 'kafka', 'topic' = 'a', 'properties.bootstrap.servers' = 'localhost:9092', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
    DESCRIBE k; INSERT INTO k SELECT id, \`timestamp\`, v FROM k WHERE p > 0`);
  assert.match(plan, /\| timestamp \| TIMESTAMP_LTZ\(3\) \| TRUE \| {5}\| +METADATA \|/);
  assert.match(plan, /\| {9}p \| {11}BIGINT \| TRUE \| {5}\| METADATA FROM 'partition' VIRTUAL \|/);
  assert.match(plan, /output id INT, v STRING, timestamp TIMESTAMP_LTZ\(3\) NOT NULL, p INT NOT NULL/);
  assert.match(plan, /where CAST\(p AS BIGINT\) > 0/);
  assert.match(plan, /output id INT, timestamp TIMESTAMP_LTZ\(3\), v STRING\n2: sink/);
});

test('EXPLAIN names connectors, formats and options, and keeps secrets', async () => {
  const plan = await planned(`
    CREATE TABLE k (id INT) WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'h:1', 'scan.startup.mode' = 'earliest-offset',
      'format' = 'json', 'json.ignore-parse-errors' = 'true');
    CREATE TABLE o (id INT) WITH ('connector' = 'kafka', 'topic' = 'o', 'properties.bootstrap.servers' = 'h:1', 'properties.security.protocol' = 'SASL_SSL',
      'properties.sasl.mechanism' = 'PLAIN', 'properties.sasl.jaas.config' = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="hush";', 'format' = 'json', 'json.encode.ignore-null-fields' = 'true');
    INSERT INTO o SELECT id FROM k`);
  assert.match(plan, /connector kafka, format json \(ignore-parse-errors = 'true'\)\n {3}options topic = 't', .*scan\.startup\.mode = 'earliest-offset'/);
  assert.match(plan, /connector kafka, format json \(encode\.ignore-null-fields = 'true'\)\n {3}options topic = 'o', .*properties\.sasl\.jaas\.config = \*{6}/);
  assert.ok(!plan.includes('hush'));
});
