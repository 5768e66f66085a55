import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simulateGraph } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import { typeToString } from '#src/types/logical.js';
import type { SinkNodeConfig } from '#src/contract/nodes.js';

/** Expressions over edge values with the type and the values that real Flink 2.3 gave (test/conformance), or null and how it refused them. */
type Recorded =
  | readonly [expression: string, type: string, values: readonly (string | null)[]]
  | readonly [expression: string, type: null, how: 'refused' | 'failed'];
const folder = fileURLToPath(new URL('../../../test/sql/', import.meta.url));
const recorded = JSON.parse(readFileSync(`${folder}expressions.json`, 'utf8')) as Recorded[];

const TABLE = `SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE c (id INT, dt DATE, ts TIMESTAMP(3), ts0 TIMESTAMP(0), ltz TIMESTAMP_LTZ(3), tm TIME(0), i INT, d DOUBLE, dx DOUBLE, dc DECIMAL(10,2), d38 DECIMAL(38,0), b BOOLEAN,
  s STRING, s2 STRING, f FLOAT) WITH ('connector' = 'filesystem', 'path' = '${folder}field/values.jsonl', 'format' = 'json');`;

async function evaluate(expression: string): Promise<{ type: string; values: (string | null)[] }> {
  const plan = await planScript(`${TABLE} SELECT id, ${expression} AS x FROM c;`, { file: 'x.sql' });
  const step = plan.steps.find((s) => s.kind !== 'text');
  assert.ok(step !== undefined);
  const sink = step.graph.nodes.find((n) => n.kind === 'sink')!.config as SinkNodeConfig;
  let text = '';
  await simulateGraph(step.graph, { seed: 1, print: (t) => (text += t) });
  const rows = new Map<number, string | null>();
  for (const [, id, value] of text.matchAll(/^\+I\[(\d+), (.*)\]$/gm)) rows.set(Number(id), value === 'null' ? null : value);
  return { type: typeToString(sink.sink.schema.fields[1].type), values: [...rows.keys()].sort((a, b) => a - b).map((k) => rows.get(k)!) };
}

test(`${recorded.length} expressions have Flink's types and values, or are refused as there`, async () => {
  const wrong: string[] = [];
  for (const [expression, type, values] of recorded) {
    if (type === null) {
      await evaluate(expression).then(
        (got) => wrong.push(`${expression}: ${JSON.stringify(got.values)}, but Flink ${values} it`),
        () => {},
      );
      continue;
    }
    const got = await evaluate(expression).catch((e: Error) => e.message);
    if (JSON.stringify(got) !== JSON.stringify({ type, values })) wrong.push(`${expression}: ${JSON.stringify(got)}, Flink ${type} ${JSON.stringify(values)}`);
  }
  assert.deepEqual(wrong, []);
});
