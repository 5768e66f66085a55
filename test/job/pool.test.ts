import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modulesNamed } from '#src/contract/registry.js';
import { executeGraph } from '#src/job/execute.js';
import { SlotPool } from '#src/job/pool.js';
import { planScript } from '#src/sql/index.js';
import type { SlotTask } from '#src/task/worker.js';

const SCRIPT = `CREATE TABLE t (k INT) WITH ('connector' = 'datagen', 'number-of-rows' = '3', 'fields.k.kind' = 'sequence', 'fields.k.start' = '1', 'fields.k.end' = '3');
CREATE TABLE o (k INT, n BIGINT) WITH ('connector' = 'print'); INSERT INTO o SELECT k, COUNT(*) FROM t GROUP BY k;`;

async function run(pool: SlotPool): Promise<string> {
  let text = '';
  const [step] = (await planScript(SCRIPT)).steps;
  assert.ok(step.kind === 'job');
  await (await executeGraph(step.graph, { pool, print: (t) => (text += t) })).done;
  return text;
}
const ROWS = '+I[1, 1]\n+I[2, 1]\n+I[3, 1]\n';

test('a guess of what to load may be wrong: what is not there is left to the job that names it', async () => {
  await using pool = new SlotPool(1, { modules: ['file:///nowhere.js', ...modulesNamed(SCRIPT)], operators: ['groupAggregate', 'no such'] });
  assert.equal(await run(pool), ROWS);
});

test('a task that cannot be posted is refused, one that a thread cannot take ends it, and the pool goes on', async () => {
  await using pool = new SlotPool(1);
  await assert.rejects(pool.run({ plan: () => 0 } as unknown as SlotTask, []), { name: 'DataCloneError' });
  await assert.rejects(pool.run({} as SlotTask, []), TypeError);
  assert.equal(await run(pool), ROWS);
});

test('a pool may end while its threads load, and before a job', async () => {
  for (let i = 0; i < 3; i++) await new SlotPool(2, { modules: modulesNamed(SCRIPT), operators: ['groupAggregate'] }).destroy();
});

test('the modules a script names: connectors and formats, nothing else that is quoted', () => {
  const names = modulesNamed("'connector' = 'filesystem', 'path' = 'kafka/json', 'format' = 'json', x = 'json'").map((u) => u.replace(/.*\/src\//, ''));
  assert.deepEqual(names, ['connect/filesystem/index.js', 'format/json.js']);
});
