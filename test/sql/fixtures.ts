import { readFileSync } from 'node:fs';
import { MillraceError } from '#src/base/errors.js';
import { explainGraph, SqlSession } from '#src/sql/index.js';

/** Lines of a recorded file beside the tests' sources, cut at tabs. */
export function recorded(name: string): string[][] {
  const text = readFileSync(new URL(`../../../test/sql/${name}`, import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((l) => l.split('\t'));
}

/** The table over which flink-types.tsv was recorded. */
export const TYPES_TABLE = `CREATE TABLE t (b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, f32 FLOAT, f64 DOUBLE, d102 DECIMAL(10,2),
  d3810 DECIMAL(38,10), s STRING, v10 VARCHAR(10), c5 CHAR(5), dt DATE, tm TIME(0), ts TIMESTAMP(3), ts6 TIMESTAMP(6), lz TIMESTAMP_LTZ(3), bt BYTES,
  nn INT NOT NULL, r ROW<a INT, b STRING NOT NULL>, pt AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector'='datagen');`;

export const RISK_TABLES = `CREATE TABLE user_events (user_id STRING, event_type STRING, amount DECIMAL(10,2), event_time TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = '/in', 'format' = 'json');
CREATE TABLE risk_alerts (user_id STRING, alert_type STRING, alert_time TIMESTAMP(3)) WITH ('connector' = 'blackhole');
`;

export function session(): SqlSession {
  return new SqlSession({ file: 'job.sql', systemTimeZone: 'UTC' });
}

/** The error a script ends in. */
export async function failure(script: string): Promise<MillraceError> {
  try {
    await session().execute(script);
  } catch (e) {
    if (e instanceof MillraceError) return e;
    throw e;
  }
  throw new Error(`planned without an error: ${script}`);
}

/** Graphs and texts of a script, one after the other. */
export async function planned(script: string): Promise<string> {
  const steps = await session().execute(script);
  return steps.map((s) => (s.kind === 'job' ? explainGraph(s.graph) : s.text)).join('\n----\n');
}
