import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planScript } from '#src/sql/index.js';

const table = (columns: string, options: string): string =>
  `CREATE TABLE o (${columns}) WITH ('connector' = 'upsert-kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'localhost:9', 'value.format' = 'json'${options});`;
const KEY = 'k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED';
const JSON_KEY = ", 'key.format' = 'json'";
const QUERY = "INSERT INTO o SELECT k, COUNT(*) FROM (VALUES ('a'), ('b')) AS t(k) GROUP BY k;";

const CASES: readonly (readonly [columns: string, options: string, query: string, code: string, says: RegExp])[] = [
  ['k STRING, n BIGINT', JSON_KEY, QUERY, 'SQL_VALIDATION', /'upsert-kafka' tables require to define a PRIMARY KEY constraint/],
  [KEY, '', QUERY, 'MISSING_OPTION', /key\.format/],
  [KEY, ", 'key.format' = 'csv'", QUERY, 'NOT_SUPPORTED', /'key\.format' = 'csv'/],
  ['k STRING, n BIGINT, PRIMARY KEY (n) NOT ENFORCED', ", 'key.format' = 'raw'", QUERY, 'NOT_SUPPORTED', /'raw' key of BIGINT/],
  ['k STRING, n BIGINT, PRIMARY KEY (n) NOT ENFORCED', JSON_KEY, QUERY, 'NOT_SUPPORTED', /primary key of .* differs from the columns/],
  [KEY, `${JSON_KEY}, 'value.fields-include' = 'EXCEPT_KEY'`, QUERY, 'NOT_SUPPORTED', /EXCEPT_KEY/],
  [KEY, `${JSON_KEY}, 'sink.buffer-flush.max-rows' = '10'`, QUERY, 'NOT_SUPPORTED', /mini-batch/],
  [KEY, `${JSON_KEY}, 'key.json.nonsense' = '10'`, QUERY, 'UNKNOWN_OPTION', /nonsense/],
  [KEY, JSON_KEY, 'SELECT * FROM o;', 'SQL_VALIDATION', /'upsert-kafka' cannot be used as a source/],
];

test('what an upsert-kafka sink asks for', async () => {
  for (const [columns, options, query, code, says] of CASES) {
    const error = (await planScript(table(columns, options) + query).then(
      () => undefined,
      (e) => e,
    )) as { code: string; message: string } | undefined;
    assert.equal(error?.code, code, `${columns}${options}: ${error?.message}`);
    assert.match(error?.message ?? '', says);
  }
});

test('a plan leaves out old rows of updates, and shuffles by the key when the sink has its own parallelism', async () => {
  const plan = await planScript(table(KEY, `${JSON_KEY}, 'sink.parallelism' = '3'`) + QUERY);
  const [step] = plan.steps;
  assert.ok(step.kind === 'job');
  const group = step.graph.nodes.find((n) => n.kind === 'groupAggregate');
  const sink = step.graph.nodes.find((n) => n.kind === 'sink');
  assert.ok(group !== undefined);
  assert.equal((group.config as { updateBefore: boolean }).updateBefore, false);
  assert.deepEqual([sink?.parallelism, sink?.inputs[0].partition, sink?.inputs[0].keys], [3, 'hash', [0]]);
});
