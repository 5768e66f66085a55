import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { FLINK_KEYS } from '#src/sql/flink-keys.js';
import { planScript } from '#src/sql/index.js';
import { OWN_KEYS } from '#src/sql/settings.js';

const warnings = async (text: string): Promise<readonly string[]> => (await planScript(text, { file: 'job.sql' })).warnings;

test('options of Flink that change results or guarantees are refused with their place, unless they ask for what is done anyway', async () => {
  for (const [key, value] of [
    ['execution.checkpointing.interval', '1 s'],
    ['execution.checkpointing.mode', 'EXACTLY_ONCE'],
    ['state.backend.type', 'rocksdb'],
    ['state.checkpoints.dir', 'file:///x'],
    ['restart-strategy.type', 'fixed-delay'],
    ['execution.savepoint.path', '/x'],
    ['table.exec.sink.type-length-enforcer', 'TRIM_PAD'],
    ['table.exec.legacy-cast-behaviour', 'ENABLED'],
    ['table.sql-dialect', 'hive'],
  ]) {
    await assert.rejects(planScript(`\n  SET '${key}' = '${value}';`, { file: 'job.sql' }), (e: unknown) => {
      assert.ok(e instanceof MillraceError && e.code === 'NOT_SUPPORTED' && e.place.line === 2 && e.place.column === 3 && e.message.includes(key), String(e));
      return true;
    });
  }
  const harmless =
    "SET 'state.backend.type' = 'hashmap'; SET 'restart-strategy.type' = 'none'; SET 'execution.checkpointing.interval' = '0 ms'; SET 'table.sql-dialect' = 'default';";
  assert.deepEqual(await warnings(harmless), []);
});

test('options that only tune are named once, and keys that nobody knows with the nearest one', async () => {
  const [tunes, slip, unknown, ...more] = await warnings(
    "SET 'table.optimizer.join-reorder-enabled' = 'true';\nSET 'paralelism.default' = '2';\nSET 'zzz.qqq.www' = '1';\nSET 'parallelism.default' = '2';",
  );
  assert.match(tunes, /^job\.sql:1:1: 'table\.optimizer\.join-reorder-enabled' only tunes Flink/);
  assert.match(slip, /^job\.sql:2:1: neither .*'paralelism\.default'; did you mean 'parallelism\.default'\?/);
  assert.match(unknown, /^job\.sql:3:1: neither millrace nor Flink has an option 'zzz\.qqq\.www'$/);
  assert.deepEqual(more, []);
});

test("all of the options that millrace carries out are Flink's, but its own", () => {
  const strange = [...OWN_KEYS].filter((k) => !FLINK_KEYS.includes(k) && !k.startsWith('millrace.'));
  assert.deepEqual(strange, []);
});
