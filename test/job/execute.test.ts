import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MillraceError } from '#src/base/errors.js';
import type { StreamGraph } from '#src/contract/graph.js';
import { registerConnector } from '#src/contract/registry.js';
import { executeGraph } from '#src/job/execute.js';
import { simulateGraph } from '#src/job/simulate.js';
import { BIGINT, STRING } from '#src/types/logical.js';

registerConnector('numbers', new URL('./numbers.js', import.meta.url).href);
const schema = {
  fields: [
    { name: 'id', type: BIGINT() },
    { name: 'name', type: STRING() },
  ],
};

function graph(
  rows: number,
  options: Record<string, string>,
  partition: 'hash' | 'rebalance' | 'forward' | 'broadcast',
  source: Record<string, string> = {},
): StreamGraph {
  return {
    options,
    nodes: [
      {
        id: 1,
        uid: 's',
        name: 'numbers',
        kind: 'source',
        inputs: [],
        output: schema,
        config: {
          source: {
            connector: 'numbers',
            tableName: 'n',
            options: { rows: String(rows), ...source },
            schema,
            metadata: [undefined, undefined],
            order: 'ignored',
          },
        },
      },
      {
        id: 2,
        uid: 'p',
        name: 'out',
        kind: 'sink',
        inputs: [{ source: 1, partition, keys: partition === 'hash' ? [0] : undefined }],
        output: schema,
        config: { sink: { connector: 'print', tableName: 'out', options: {}, schema, metadata: [undefined, undefined], partitionKeys: [], primaryKey: [] } },
      },
    ],
  };
}
const expected = (rows: number): string[] => Array.from({ length: rows }, (_, i) => `+I[${i}, ${i % 7 === 0 ? 'null' : `n${i}`}]`).sort();

for (const parallelism of [1, 2, 3]) {
  for (const partition of ['hash', 'rebalance', 'forward'] as const) {
    test(`every row arrives once: ${partition} at parallelism ${parallelism}`, async () => {
      let text = '';
      const job = await executeGraph(graph(20_000, { 'parallelism.default': String(parallelism) }, partition), { print: (t) => (text += t) });
      const result = await job.done;
      assert.deepEqual(
        text
          .trimEnd()
          .split('\n')
          .map((l) => l.replace(/^\d+> /, ''))
          .sort(),
        expected(20_000),
      );
      assert.equal(result.recordsIn, 20_000);
      assert.equal(result.recordsOut, 20_000);
    });
  }
}

test('a job whose functions live in this thread runs here', async () => {
  let text = '';
  const job = await executeGraph(graph(20_000, {}, 'hash'), { print: (t) => (text += t), closures: [] });
  await job.done;
  assert.deepEqual(text.trimEnd().split('\n').sort(), expected(20_000));
});

test('a source that fails: rows before the failure arrive, the error has a code, nothing hangs', async () => {
  let text = '';
  const job = await executeGraph(graph(100_000, { 'parallelism.default': '2' }, 'hash', { failAt: '50001' }), { print: (t) => (text += t) });
  await assert.rejects(job.done, (e: MillraceError) => e.name === 'MillraceError' && e.code === 'INTERNAL' && e.message.includes('row 50001 is bad'));
  const rows = new Set(
    text
      .trimEnd()
      .split('\n')
      .map((l) => l.replace(/^\d+> /, '')),
  );
  for (let i = 1; i < 50_001; i += 2) assert.ok(rows.has(`+I[${i}, ${i % 7 === 0 ? 'null' : `n${i}`}]`), `row ${i}`);
});

test('cancel ends an endless job', async () => {
  const job = await executeGraph(graph(2 ** 50, { 'parallelism.default': '2' }, 'hash'), { print: () => {} });
  while (job.status().recordsIn === 0) await new Promise((r) => setTimeout(r, 20));
  await job.cancel();
});

test('simulation: any order of steps gives the same rows', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    let text = '';
    await simulateGraph(graph(3000, { 'parallelism.default': '3' }, 'hash'), { seed, print: (t) => (text += t) });
    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map((l) => l.replace(/^\d+> /, ''))
        .sort(),
      expected(3000),
      `seed ${seed}`,
    );
  }
});
