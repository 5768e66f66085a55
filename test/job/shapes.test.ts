import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { executeGraph } from '#src/job/execute.js';
import { SlotPool } from '#src/job/pool.js';
import type { JobResult } from '#src/job/status.js';
import { planScript } from '#src/sql/index.js';

const dir = mkdtempSync(join(tmpdir(), 'millrace-shapes-'));
after(() => rmSync(dir, { recursive: true }));

async function run(script: string, parallelism = 2, pool?: SlotPool): Promise<{ lines: string[]; results: JobResult[] }> {
  const plan = await planScript(`SET 'parallelism.default' = '${parallelism}';\n${script}`);
  let text = '';
  const results: JobResult[] = [];
  for (const step of plan.steps) if (step.kind !== 'text') results.push(await (await executeGraph(step.graph, { pool, print: (t) => (text += t) })).done);
  const lines = text.split('\n').filter((l) => l !== '');
  return { lines: lines.map((l) => l.replace(/^\d+> /, '')).sort(), results };
}
/** Columns and options of a table over a file or folder of JSON lines. */
const json = (columns: string, path: string): string => `(${columns}) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json')`;
const EVENTS = "k BIGINT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND";
const COUNTS = "INSERT INTO o SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;";

test('no input at all: an empty folder, empty files, files of empty lines, no rows', async () => {
  const empty = join(dir, 'empty');
  mkdirSync(empty);
  for (const files of [[], ['a', 'b', 'c']]) {
    for (const f of files) writeFileSync(join(empty, f), '');
    for (const parallelism of [1, 4]) {
      const r = await run(`CREATE TABLE t ${json(EVENTS, empty)}; CREATE TABLE o (k BIGINT, n BIGINT) WITH ('connector' = 'print');${COUNTS}`, parallelism);
      assert.deepEqual([r.lines, r.results[0].recordsIn], [[], 0]);
    }
  }
  const r = await run(
    "CREATE TABLE t (k INT) WITH ('connector' = 'datagen', 'number-of-rows' = '0'); CREATE TABLE o (k INT) WITH ('connector' = 'print'); INSERT INTO o SELECT k FROM t;",
  );
  assert.deepEqual(r.lines, []);
});

test('more subtasks than cores, jobs one after another on one pool, several INSERTs as one job', async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => ({ k: (i * 7919) % 101, ms: i * 10 }));
  writeFileSync(join(dir, 'events.json'), rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
  const counts = new Map<string, number>();
  for (const { k, ms } of rows) counts.set(`${k} ${Math.floor(ms / 10_000)}`, (counts.get(`${k} ${Math.floor(ms / 10_000)}`) ?? 0) + 1);
  const windows = [...counts].map(([key, n]) => `+I[${key.split(' ')[0]}, ${n}]`);
  const even = rows.filter((r) => r.k % 2 === 0).map((r) => `+I[${r.k}, ${-r.ms}]`);
  const script = `CREATE TABLE t ${json(EVENTS, join(dir, 'events.json'))}; CREATE TABLE o (k BIGINT, n BIGINT) WITH ('connector' = 'print');
CREATE TABLE p (k BIGINT, n BIGINT) WITH ('connector' = 'print');
EXECUTE STATEMENT SET BEGIN ${COUNTS} INSERT INTO p SELECT k, -ms FROM t WHERE MOD(k, 2) = 0; END;
${COUNTS}`;
  await using pool = new SlotPool(1);
  for (const parallelism of [4, 1, 2]) {
    const r = await run(script, parallelism, pool);
    assert.equal(r.results.length, 2);
    assert.deepEqual(r.lines, [...windows, ...windows, ...even].sort(), `parallelism ${parallelism}`);
  }
});

test('200 columns', async () => {
  const names = Array.from({ length: 200 }, (_, i) => `c${i}`);
  const type = (i: number): string => ['INT', 'STRING', 'DOUBLE', 'BOOLEAN'][i % 4];
  const value = (row: number, i: number): unknown => (row % 5 === i % 7 ? null : [row + i, `${row}:${i}`, row + i / 2, (row + i) % 3 === 0][i % 4]);
  const rows = Array.from({ length: 2000 }, (_, r) => names.map((_, i) => value(r, i)));
  writeFileSync(join(dir, 'wide.json'), rows.map((r) => `${JSON.stringify(Object.fromEntries(names.map((n, i) => [n, r[i]])))}\n`).join(''));
  const columns = names.map((n, i) => `${n} ${type(i)}`).join(', ');
  const r = await run(
    `CREATE TABLE t ${json(columns, join(dir, 'wide.json'))}; CREATE TABLE o (${columns}) WITH ('connector' = 'print'); INSERT INTO o SELECT * FROM t;`,
  );
  const text = (v: unknown, i: number): string => (i % 4 === 2 && Number.isInteger(v) ? `${v}.0` : String(v));
  assert.deepEqual(r.lines, rows.map((row) => `+I[${row.map(text).join(', ')}]`).sort());
});

test('strings of 5 MB through a hash exchange and a window', async () => {
  const big = (i: number): string => String.fromCharCode(97 + i).repeat(5_000_000 + i);
  const rows = Array.from({ length: 12 }, (_, i) => `${JSON.stringify({ s: big(i % 4), ms: i * 1000 })}\n`);
  writeFileSync(join(dir, 'big.json'), rows.join(''));
  const r =
    await run(`CREATE TABLE t ${json("s STRING, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND", join(dir, 'big.json'))};
CREATE TABLE o (f STRING, l INT, n BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT SUBSTRING(s, 1, 1), CHAR_LENGTH(s), COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY s, window_start, window_end;`);
  assert.deepEqual(
    r.lines,
    [0, 1, 2, 3].map((i) => `+I[${String.fromCharCode(97 + i)}, ${5_000_000 + i}, 3]`),
  );
});

test('a window of a million keys fires at once', async () => {
  const n = 1_000_000;
  const out = join(dir, 'million');
  const r =
    await run(`CREATE TABLE t (k BIGINT, ts AS TO_TIMESTAMP_LTZ(0, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000',
  'number-of-rows' = '${n}', 'fields.k.kind' = 'sequence', 'fields.k.start' = '1', 'fields.k.end' = '${n}');
CREATE TABLE w ${json('k BIGINT, n BIGINT', out)};
INSERT INTO w SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY k, window_start, window_end;`);
  assert.deepEqual([r.results[0].recordsIn, r.results[0].recordsOut], [n, n]);
  // what was written, read back and added up
  const sums =
    await run(`CREATE TABLE t (k BIGINT, n BIGINT, ts AS TO_TIMESTAMP_LTZ(0, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '${out}', 'format' = 'json');
CREATE TABLE o (k BIGINT, low BIGINT, high BIGINT, n BIGINT, least BIGINT, most BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT SUM(k), MIN(k), MAX(k), COUNT(*), MIN(n), MAX(n) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end;`);
  assert.deepEqual(sums.lines, [`+I[${(n * (n + 1)) / 2}, 1, ${n}, ${n}, 1, 1]`]);
});

test('three stages: windows over windows over windows', async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) => ({ k: (i * 31) % 50, ms: i * 25 }));
  writeFileSync(join(dir, 'stages.json'), rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
  const r = await run(`CREATE TABLE t ${json(EVENTS, join(dir, 'stages.json'))};
CREATE VIEW a AS SELECT k, COUNT(*) AS n, window_time AS ts FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end, window_time;
CREATE VIEW b AS SELECT MOD(k, 5) AS g, SUM(n) AS n, window_time AS ts FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY MOD(k, 5), window_start, window_end, window_time;
CREATE TABLE o (n BIGINT, parts BIGINT, low BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT SUM(n), COUNT(*), MIN(n) FROM TABLE(TUMBLE(TABLE b, DESCRIPTOR(ts), INTERVAL '5' MINUTE)) GROUP BY window_start, window_end;`);
  const minutes = new Map<string, number>();
  for (const { k, ms } of rows) minutes.set(`${k % 5} ${Math.floor(ms / 60_000)}`, (minutes.get(`${k % 5} ${Math.floor(ms / 60_000)}`) ?? 0) + 1);
  const out = new Map<number, number[]>();
  for (const [key, n] of minutes) {
    const w = Math.floor(Number(key.split(' ')[1]) / 5);
    out.set(w, [...(out.get(w) ?? []), n]);
  }
  assert.deepEqual(r.lines, [...out.values()].map((ns) => `+I[${ns.reduce((a, b) => a + b, 0)}, ${ns.length}, ${Math.min(...ns)}]`).sort());
});
