import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamGraph } from '#src/contract/graph.js';
import { registerConnector } from '#src/contract/registry.js';
import { executeGraph } from '#src/job/execute.js';
import { planScript } from '#src/sql/index.js';
import { BIGINT } from '#src/types/logical.js';

registerConnector('ticks', new URL('./ticks.js', import.meta.url).href);

/** 20 rows of each of two subtasks, 50 ms apart, through a hash exchange: how long each took to be printed, ms. */
async function latencies(options: Record<string, string>): Promise<number[]> {
  const schema = { fields: [{ name: 'ms', type: BIGINT() }] };
  const table = { tableName: 't', options: {}, schema, metadata: [undefined] };
  const graph: StreamGraph = {
    options: { 'parallelism.default': '2', ...options },
    nodes: [
      { id: 1, uid: 'a', name: 'ticks', kind: 'source', inputs: [], output: schema, config: { source: { ...table, connector: 'ticks' } } },
      {
        id: 2,
        uid: 'b',
        name: 'out',
        kind: 'sink',
        inputs: [{ source: 1, partition: 'hash', keys: [0] }],
        output: schema,
        config: { sink: { ...table, connector: 'print', partitionKeys: [], primaryKey: [] } },
      },
    ],
  };
  const out: number[] = [];
  const print = (text: string): void => {
    for (const m of text.matchAll(/\[(\d+)\]/g)) out.push(Date.now() - Number(m[1]));
  };
  await (await executeGraph(graph, { print })).done;
  assert.equal(out.length, 40);
  return out.sort((a, b) => a - b);
}
const median = (sorted: number[]): number => sorted[sorted.length >> 1];

/** A loaded machine is late with anything, so a figure is met when it is met in one of three runs. */
async function expect(options: Record<string, string>, met: (sorted: number[]) => boolean): Promise<void> {
  const seen: string[] = [];
  for (let k = 0; k < 3; k++) {
    const ms = await latencies(options);
    if (met(ms)) return;
    seen.push(String(ms));
  }
  assert.fail(seen.join('\n'));
}

test('buffer timeout 0: a row arrives at once', async () => {
  await expect({ 'execution.buffer-timeout.interval': '0 ms' }, (ms) => ms[10] < 20);
});

test('buffer timeout 100 ms (the default): rows wait for each other so long, and no longer', async () => {
  // the oldest row of a buffer waits for 100 ms, others less; those of the end less still
  await expect({}, (ms) => median(ms) > 20 && median(ms) < 130);
});

test('no buffer timeout: rows leave when the buffer is full or the input ends', async () => {
  await expect({ 'execution.buffer-timeout.enabled': 'false' }, (ms) => ms[ms.length - 1] > 800 && median(ms) > 300);
});

/** What a windowed query over ticks prints until it is `enough` lines, or for 2 s when none are wanted; the job is cancelled then. */
async function windows(script: string, enough: number): Promise<string[]> {
  const plan = await planScript(`SET 'parallelism.default' = '2';\n${script}`);
  const step = plan.steps[0];
  assert.ok(step.kind !== 'text');
  let text = '';
  const job = await executeGraph(step.graph, { print: (t) => (text += t) });
  const lines = (): string[] => text.split('\n').filter((l) => l !== '');
  for (let k = 0; enough === 0 ? k < 20 : k < 100 && lines().length < enough; k++) await new Promise((resolve) => setTimeout(resolve, 100));
  const seen = lines();
  await job.cancel();
  return seen;
}
const QUERY = (time: string): string =>
  `CREATE TABLE o (n BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(${time}), INTERVAL '0.2' SECOND)) GROUP BY window_start, window_end;`;
const counted = (lines: string[]): number => lines.reduce((n, l) => n + Number(/\[(\d+)\]/.exec(l)?.[1]), 0);

test('processing-time windows fire by the clock at parallelism 2', async () => {
  const lines = await windows(`CREATE TABLE g (ms BIGINT, pt AS PROCTIME()) WITH ('connector' = 'ticks', 'rows' = '1000');${QUERY('pt')}`, 4);
  assert.ok(lines.length >= 4 && counted(lines) >= 8, lines.join('\n'));
});

for (const [idle, name] of [
  ["SET 'table.exec.source.idle-timeout' = '200 ms';", 'an idle subtask does not hold back event time after table.exec.source.idle-timeout'],
  ['', 'without an idle timeout a silent subtask holds back event time'],
] as const) {
  test(name, async () => {
    const lines = await windows(
      `${idle}
CREATE TABLE g (ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'ticks', 'rows' = '1000', 'active' = '1');
${QUERY('ts')}`,
      idle === '' ? 0 : 4,
    );
    if (idle === '') assert.deepEqual(lines, []);
    else assert.ok(lines.length >= 4 && counted(lines) >= 8, lines.join('\n'));
  });
}
