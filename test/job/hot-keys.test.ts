import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamGraph } from '#src/contract/graph.js';
import { executeGraph } from '#src/job/execute.js';
import { simulateGraph } from '#src/job/simulate.js';
import type { JobResult } from '#src/job/status.js';
import { planScript } from '#src/sql/index.js';

/** 400,000 rows, `percent` of them with the key 'hot', aggregated in windows that can be split (TUMBLE) or cannot (SESSION). */
async function graph(percent: number, window: string): Promise<StreamGraph> {
  const text = `SET 'parallelism.default' = '2';
    CREATE TABLE numbers (n BIGINT, k AS CASE WHEN n % 100 < ${percent} THEN 'hot' ELSE CAST(n AS STRING) END, ts AS TO_TIMESTAMP_LTZ(n, 3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
    WITH ('connector' = 'datagen', 'rows-per-second' = '100000000', 'number-of-rows' = '400000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '399999');
    CREATE TABLE nothing (k STRING, c BIGINT) WITH ('connector' = 'blackhole');
    INSERT INTO nothing SELECT k, COUNT(*) FROM TABLE(${window}) GROUP BY k, window_start, window_end;`;
  const job = (await planScript(text, { file: 'hot.sql' })).steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}
const SESSION = "SESSION(TABLE numbers PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND)";
const TUMBLE = "TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '1' MINUTE)";

const shares = (r: JobResult): number[] => Object.values(r.metrics).flatMap((m) => (m.hotKeyShare === undefined ? [] : [m.hotKeyShare]));

test('a key with half of the rows is reported where its work cannot be split, once, with its share', async () => {
  const said: string[] = [];
  const job = await executeGraph(await graph(50, SESSION), { warn: (t) => said.push(t) });
  const result = await job.done;
  assert.equal(said.length, 1, said.join('\n'));
  const percent = Number(/about (\d+) % of the rows for '.*' have k = 'hot': one of its 2 subtasks/.exec(said[0])?.[1]);
  assert.ok(percent > 38 && percent < 62, said[0]);
  assert.equal(shares(result).length, 2);
  for (const share of shares(result)) assert.ok(share > 0.35 && share < 0.65);
});

test('no word where keys have their part, or the hot key is accumulated before the shuffle', async () => {
  for (const [percent, window] of [
    [0, SESSION],
    [10, SESSION],
    [50, TUMBLE],
  ] as const) {
    const result = await simulateGraph(await graph(percent, window), { seed: 1, warn: (_, text) => assert.fail(text) });
    if (window === TUMBLE) {
      const received = Object.entries(result.metrics).flatMap(([name, m]) => (/^\d+: window/.test(name) ? [m.numRecordsIn] : []));
      assert.equal(received.length, 2);
      // 200,000 rows of single keys, evenly, and few of the hot key's 200,000
      for (const n of received) assert.ok(n > 90_000 && n < 160_000, String(received));
    }
  }
});
