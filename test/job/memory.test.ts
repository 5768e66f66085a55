import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MillraceError } from '#src/base/errors.js';
import { registerConnector } from '#src/contract/registry.js';
import { executeGraph, type JobHandle } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';

registerConnector('hungry', new URL('./hungry.js', import.meta.url).href);

async function run(options: string, sink: string, query: string, print?: (text: string) => void): Promise<JobHandle> {
  const plan = await planScript(`
SET 'parallelism.default' = '2';
CREATE TABLE g (id BIGINT, ts AS TO_TIMESTAMP_LTZ(id / 1000, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'hungry'${options});
CREATE TABLE o ${sink};
INSERT INTO o ${query};`);
  const step = plan.steps[0];
  assert.ok(step.kind !== 'text');
  return executeGraph(step.graph, { print });
}
const TUMBLE = "FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY";

for (const [name, query] of Object.entries({
  'keys of windows': `SELECT id, COUNT(*) ${TUMBLE} id, window_start, window_end`,
  'strings that are kept': `SELECT MOD(id, 7), COUNT(DISTINCT CAST(id AS STRING)) ${TUMBLE} MOD(id, 7), window_start, window_end`,
})) {
  test(`a slot whose 4 GiB are full (${name}): one OUT_OF_MEMORY with place and remedy, and the job ends`, async () => {
    const job = await run('', "(k BIGINT, n BIGINT) WITH ('connector' = 'blackhole')", query);
    await assert.rejects(job.done, (e: MillraceError) => {
      assert.equal(e.code, 'OUT_OF_MEMORY', e.stack);
      assert.match(e.message, /^.*\n {2}at operator .*\n {2}Raise the parallelism/);
      return true;
    });
  });
}

test('memory above 2 GiB is as good as below', async () => {
  let text = '';
  const rows = 300_000;
  const query = `SELECT MOD(id, 1000), COUNT(*), SUM(id), MIN(CAST(id AS STRING)), COUNT(DISTINCT MOD(id, 17)) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(ts), INTERVAL '0.1' SECOND)) GROUP BY MOD(id, 1000), window_start, window_end`;
  const job = await run(
    `, 'room' = '1500', 'rows' = '${rows}'`,
    "(k BIGINT, n BIGINT, s BIGINT, t STRING, d BIGINT) WITH ('connector' = 'print')",
    query,
    (t) => (text += t),
  );
  await job.done;
  const groups = new Map<string, { k: number; n: number; s: number; t: string; d: Set<number> }>();
  for (let id = 0; id < rows; id++) {
    const k = id % 1000;
    const key = `${k} ${Math.floor(id / 100_000)}`;
    const g = groups.get(key) ?? { k, n: 0, s: 0, t: String(id), d: new Set() };
    groups.set(key, g);
    g.n++;
    g.s += id;
    if (String(id) < g.t) g.t = String(id);
    g.d.add(id % 17);
  }
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((l) => l.replace(/^\d> /, ''))
      .sort(),
    [...groups.values()].map((g) => `+I[${g.k}, ${g.n}, ${g.s}, ${g.t}, ${g.d.size}]`).sort(),
  );
});
