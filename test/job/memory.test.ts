import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MillraceError } from '#src/base/errors.js';
import { registerConnector } from '#src/contract/registry.js';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';

registerConnector('hungry', new URL('./hungry.js', import.meta.url).href);

const QUERIES = {
  'keys of windows': "SELECT id, COUNT(*) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY id, window_start, window_end",
  'string keys of sessions':
    "SELECT CAST(id AS STRING), COUNT(*) FROM TABLE(SESSION(TABLE g PARTITION BY id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY id, window_start, window_end",
  'distinct values': "SELECT 'all', COUNT(DISTINCT id) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end",
  'strings that are kept':
    "SELECT MOD(id, 7), COUNT(DISTINCT CAST(id AS STRING)) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY MOD(id, 7), window_start, window_end",
};

for (const [name, query] of Object.entries(QUERIES)) {
  test(`a slot whose 4 GiB are full (${name}): one OUT_OF_MEMORY with place and remedy, and the job ends`, async () => {
    const key = /^SELECT (CAST|'all')/.test(query) ? 'STRING' : 'BIGINT';
    const plan = await planScript(`
SET 'parallelism.default' = '2';
CREATE TABLE g (id BIGINT, ts AS TO_TIMESTAMP_LTZ(0, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'hungry');
CREATE TABLE o (k ${key}, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o ${query};`);
    const step = plan.steps[0];
    assert.ok(step.kind !== 'text');
    const job = await executeGraph(step.graph);
    await assert.rejects(job.done, (e: MillraceError) => {
      assert.equal(e.code, 'OUT_OF_MEMORY', e.stack);
      assert.ok(e.place.operator !== undefined, e.message);
      assert.match(e.remedy, /Raise the parallelism/);
      assert.match(e.message, /^.*\n {2}at operator .*\n {2}Raise the parallelism/);
      return true;
    });
  });
}
