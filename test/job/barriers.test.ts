import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClosureTable } from '#src/contract/closures.js';
import type { StreamGraph } from '#src/contract/graph.js';
import type { MillraceError } from '#src/base/errors.js';
import { registerConnector } from '#src/contract/registry.js';
import { EventTimeSessionWindows, schema, SlidingEventTimeWindows, StreamExecutionEnvironment, WatermarkStrategy } from '#src/index.js';
import { simulateGraph } from '#src/job/simulate.js';
import { planScript } from '#src/sql/index.js';
import { rowsOf, scratch } from '../serve/cli.js';

registerConnector('countable', new URL('./countable.js', import.meta.url).href);

const ROWS = 4000;
const BATCH = 30;
const PER_KEY = 40;
const SEEDS = 6;

interface Job {
  readonly graph: StreamGraph;
  readonly closures?: ClosureTable;
}

async function planned(script: string): Promise<StreamGraph> {
  const job = (await planScript(script, { file: 'barriers.sql' })).steps.find((s) => s.kind === 'job');
  assert.ok(job?.kind === 'job');
  return job.graph;
}
const sql = (parallelism: number, columns: string, query: string, out = "'connector' = 'print'"): Promise<StreamGraph> =>
  planned(`SET 'parallelism.default' = '${parallelism}';
    CREATE TABLE t (id BIGINT, ms BIGINT, k AS id / ${PER_KEY}, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'countable', 'rows' = '${ROWS}', 'batch' = '${BATCH}');
    CREATE TABLE o (${columns}) WITH (${out});
    ${query}`);

/**
 * Runs a job with many barriers. Whenever positions are complete, every result of every row before them is out: `results` gives those of a row, `seen` what is out.
 * Returns how often positions were complete before the end.
 */
async function holds(job: Job, seed: number, results: (id: number) => readonly string[], seen: (printed: string) => ReadonlySet<string>): Promise<number> {
  let printed = '';
  let early = 0;
  const start = new Map<number, number>();
  await simulateGraph(job.graph, {
    seed,
    closures: job.closures,
    print: (t) => (printed += t),
    barriers: {
      every: 3,
      complete(_node, positions) {
        const out = seen(printed);
        for (const p of positions) {
          const [next, step] = JSON.parse(new TextDecoder().decode(p)) as [number, number];
          if (next < ROWS) early++;
          for (let id = start.get(next % step) ?? next % step; id < next && id < ROWS; id += step) {
            for (const r of results(id))
              assert.ok(out.has(r), `row ${id} is complete before ${r} is out, only ${[...out].slice(0, 5).join('; ')}; seed ${seed}`);
          }
          start.set(next % step, next);
        }
      },
    },
  });
  assert.ok(
    [...start.values()].every((next) => next >= ROWS),
    'the end is complete too',
  );
  return early;
}
const printedRows = (text: string): Set<string> => new Set(text.split('\n').map((l) => l.replace(/^\d+> /, '').replace(/^\+I\[(.*)\]$/, '$1')));

const windowEnds = (id: number, sizeMs: number, slideMs: number): number[] => {
  const ends: number[] = [];
  for (let end = Math.floor((10 * id) / slideMs) * slideMs + slideMs; end - sizeMs <= 10 * id; end += slideMs) ends.push(end);
  return ends;
};
/** '<window end>, <rows>' of each of a row's windows. */
const windows = (sizeMs: number, slideMs: number): ((id: number) => string[]) => {
  const counts = new Map<number, number>();
  for (let id = 0; id < ROWS; id++) for (const end of windowEnds(id, sizeMs, slideMs)) counts.set(end, (counts.get(end) ?? 0) + 1);
  return (id) => windowEnds(id, sizeMs, slideMs).map((end) => `${end}, ${counts.get(end)}`);
};
const windowQuery = (tvf: string): string =>
  `INSERT INTO o SELECT EXTRACT(EPOCH FROM window_end) * 1000, COUNT(*) FROM TABLE(${tvf}) GROUP BY window_start, window_end;`;

const SHAPES: readonly { readonly name: string; readonly job: (parallelism: number) => Promise<Job>; readonly results: (id: number) => readonly string[] }[] = [
  { name: 'rows as they are', job: async (p) => ({ graph: await sql(p, 'id BIGINT', 'INSERT INTO o SELECT id FROM t;') }), results: (id) => [`${id}`] },
  {
    name: 'two sinks',
    job: async (p) => ({
      graph: await sql(
        p,
        'id BIGINT, x STRING',
        "EXECUTE STATEMENT SET BEGIN INSERT INTO o SELECT id, 'a' FROM t; INSERT INTO o SELECT EXTRACT(EPOCH FROM window_end) * 1000, 'b' FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end; END;",
      ),
    }),
    results: (id) => [`${id}, a`, ...windowEnds(id, 1000, 1000).map((end) => `${end}, b`)],
  },
  {
    name: 'tumbling windows',
    job: async (p) => ({ graph: await sql(p, 'w BIGINT, n BIGINT', windowQuery("TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)")) }),
    results: windows(1000, 1000),
  },
  {
    name: 'hopping windows, one phase',
    job: async (p) => ({
      graph: {
        ...(await sql(p, 'w BIGINT, n BIGINT', windowQuery("HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '4' SECOND)"))),
        options: { 'parallelism.default': String(p), 'table.optimizer.agg-phase-strategy': 'ONE_PHASE' },
      },
    }),
    results: windows(4000, 1000),
  },
  {
    name: 'sessions',
    job: async (p) => ({
      graph: await sql(
        p,
        'k BIGINT, n BIGINT',
        "INSERT INTO o SELECT k, COUNT(*) FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.2' SECOND)) GROUP BY window_start, window_end, k;",
      ),
    }),
    results: (id) => [`${Math.floor(id / PER_KEY)}, ${PER_KEY}`],
  },
  ...(['sliding', 'session'] as const).map((kind) => ({
    name: `a function over ${kind} windows`,
    job: async (p: number): Promise<Job> => {
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.setParallelism(p);
      const rows = schema({ id: 'BIGINT NOT NULL', ms: 'BIGINT NOT NULL' });
      const strategy = WatermarkStrategy.forMonotonousTimestamps<{ ms: bigint | number }>().withTimestampAssigner((r) => Number(r.ms));
      const source = { connector: 'countable', schema: rows, rows: String(ROWS), batch: String(BATCH) } as never;
      env
        .fromConnector(source as { connector: string; schema: typeof rows }, strategy as never)
        .map((r) => Number((r as { id: bigint | number }).id))
        .keyBy((id) => Math.floor(id / PER_KEY))
        .window(kind === 'session' ? EventTimeSessionWindows.withGap(200) : SlidingEventTimeWindows.of(2000, 500))
        .process((key, ctx, ids, out) => out.collect(kind === 'session' ? `${key}, ${ids.length}` : `${key}, ${ctx.window.end}, ${ids.length}`))
        .print();
      const { graph, closures } = env.build();
      return { graph, closures };
    },
    results: (id: number): readonly string[] => {
      const key = Math.floor(id / PER_KEY);
      if (kind === 'session') return [`${key}, ${PER_KEY}`];
      const count = (end: number): number =>
        Array.from({ length: PER_KEY }, (_, i) => key * PER_KEY + i).filter((x) => windowEnds(x, 2000, 500).includes(end)).length;
      return windowEnds(id, 2000, 500).map((end) => `${key}, ${end}, ${count(end)}`);
    },
  })),
];

for (const { name, job, results } of SHAPES) {
  test(`positions are complete when all results of the rows before them are out: ${name}`, async () => {
    for (const parallelism of [1, 2, 3]) {
      let early = 0;
      for (let seed = 1; seed <= SEEDS; seed++) early += await holds(await job(parallelism), seed, results, printedRows);
      assert.ok(early > 20, `positions come to be complete while the job runs (${early}), parallelism ${parallelism}`);
    }
  });
}

test('lines of a part that nobody sees yet are not complete', async () => {
  for (const parallelism of [1, 2]) {
    let early = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const folder = join(scratch(), 'out');
      const graph = await sql(
        parallelism,
        'id BIGINT',
        'INSERT INTO o SELECT id FROM t;',
        `'connector' = 'filesystem', 'path' = '${folder}', 'format' = 'csv', 'sink.rolling-policy.file-size' = '1kb'`,
      );
      early += await holds(
        { graph },
        seed,
        (id) => [`${id}`],
        () => new Set(rowsOf(folder)),
      );
    }
    assert.ok(early > 5, `parts roll while the job runs (${early})`);
  }
});

test('positions of a job that keeps rows for ever are refused', async () => {
  for (const parallelism of [1, 2]) {
    const graph = await sql(parallelism, 'k BIGINT, n BIGINT', 'INSERT INTO o SELECT k, COUNT(*) FROM t GROUP BY k;');
    const refused = (e: MillraceError): boolean => e.code === 'NOT_SUPPORTED' && /enable\.auto\.commit/.test(e.message);
    await assert.rejects(simulateGraph(graph, { seed: 1 }), refused);
  }
});
