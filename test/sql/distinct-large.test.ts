import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { executeSql } from '#src/index.js';
import { put, scratch } from '../serve/cli.js';

// Tables of DISTINCT beyond the inner caches: what is compared is fetched ahead, 256 rows at a time.
test('DISTINCT over more values than the caches hold, NULLs among them', { timeout: 60_000 }, async () => {
  const r = new Prng(5);
  const rows = Array.from({ length: 80_000 }, (_, i) => ({
    k: r.below(3),
    i: r.below(10) === 0 ? null : r.below(60_000),
    s: r.below(10) === 0 ? null : `value ${r.below(60_000)}`,
    m: r.below(10) === 0 ? null : r.below(6_000_000) / 100,
    ts: `2024-01-01 00:00:${String(Math.floor(i / 2000)).padStart(2, '0')}`,
  }));
  const file = put(scratch(), 'in.json', rows.map((x) => JSON.stringify(x)).join('\n'));
  const table = `CREATE TABLE t (k INT, i INT, s STRING, m DECIMAL(25, 2), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
    WITH ('connector' = 'filesystem', 'path' = '${file}', 'format' = 'json');
    SET 'parallelism.default' = '1';`;
  const calls = 'COUNT(DISTINCT i) AS i, COUNT(DISTINCT s) AS s, COUNT(DISTINCT m) AS m';
  const wanted = new Map<number, Record<string, number>>();
  for (const k of [0, 1, 2]) {
    const of = (name: 'i' | 's' | 'm'): number => new Set(rows.filter((x) => x.k === k && x[name] !== null).map((x) => x[name])).size;
    wanted.set(k, { i: of('i'), s: of('s'), m: of('m') });
  }
  for (const query of [
    `SELECT k, ${calls} FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY k, window_start, window_end`,
    `SELECT k, ${calls} FROM t GROUP BY k`,
  ]) {
    let printed = '';
    await (await executeSql(`${table} ${query}`, { print: (text) => (printed += text) })).done;
    const last = new Map<number, Record<string, number>>();
    for (const [, kind, k, i, s, m] of printed.matchAll(/([+-].)\[(\d+), (\d+), (\d+), (\d+)\]/g))
      if (kind[0] === '+') last.set(Number(k), { i: Number(i), s: Number(s), m: Number(m) });
    assert.deepEqual([...last].sort(), [...wanted].sort());
  }
});
