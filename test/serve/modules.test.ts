import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CliRun, millrace, put, scratch } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));

/** A job module over 200 ids in a file at parallelism 2; `steps` continues `ids`, a stream of { id }. */
function job(steps: string, file = 'job.mjs', prelude = ''): { dir: string; path: string } {
  const dir = scratch();
  put(dir, 'in.jsonl', Array.from({ length: 200 }, (_, i) => `{"id":${i}}\n`).join(''));
  const path = put(
    dir,
    file,
    `import { schema } from '${ENTRY}';
${prelude}
export default function (env) {
  env.setParallelism(2);
  const ids = env.fromConnector({ connector: 'filesystem', path: '${dir}/in.jsonl', format: 'json', schema: schema({ id: 'INT' }) });
  ${steps}
}
`,
  );
  return { dir, path };
}
const rows = (r: CliRun): string[] => r.stdout.split('\n').filter((l) => l.includes('+I['));
const run = (path: string): Promise<CliRun> => millrace(['run', path, '--quiet'], { timeoutMs: 20_000 });

test('a thousand console.log lines of a closure all appear', async () => {
  const { path } = job('ids.flatMap((r, out) => { for (let k = 0; k < 5; k++) console.log(`line ${r.id} ${k}`); out.collect(r.id); }).print();');
  const r = await run(path);
  assert.equal(r.code, 0, r.stderr);
  const lines = r.stdout.split('\n').filter((l) => l.startsWith('line '));
  assert.equal(new Set(lines).size, 1000);
  // a file of one piece is read by one slot and its chained steps go with it: then Flink prints no subtask before the row
  assert.equal(r.stdout.split('\n').filter((l) => /^(\d> )?\d+$/.test(l)).length, 200);
});

test('async closures resolve, in order', async () => {
  const { path } = job(
    "ids.map(async (r) => { const id = r.id; await new Promise((f) => setTimeout(f, id % 3)); return { id }; }).map((v) => v.id * 2).returns(schema({ twice: 'INT' })).print();".replace(
      '.returns',
      '.map((v) => ({ twice: v })).returns',
    ),
  );
  const r = await run(path);
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(
    rows(r)
      .map((l) => Number(/\[(\d+)\]/.exec(l)?.[1]))
      .sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => 2 * i),
  );
});

test('a closure that throws: the operator, file and line are named', async () => {
  const { path } = job("ids.map((r) => { if (r.id === 77) throw new TypeError('no 77s'); return r.id; }).name('checker').print();");
  const r = await run(path);
  assert.equal(r.code, 1);
  assert.match(r.stderr, /^USER_CODE: .*no 77s/);
  assert.match(r.stderr, /job\.mjs:6:\d+/);
  assert.match(r.stderr, /checker/);
});

test('a rejected promise of a closure fails the job', async () => {
  const { path } = job("ids.map(async (r) => { if (r.id === 5) throw new Error('later'); return r.id; }).print();");
  const r = await run(path);
  assert.equal(r.code, 1);
  assert.match(r.stderr, /^USER_CODE: .*later/);
});

test('a row kept beyond its batch expires', async () => {
  const { path } = job('ids.map((r) => { kept.push(r); return kept[0].id; }).print();', 'job.mjs', 'const kept = [];');
  const big = await run(path);
  // one batch holds all rows here, so the first row still lives; the next input batch makes it expire
  assert.ok(big.code === 0 || /ROW_EXPIRED/.test(big.stderr), big.stderr);
});

test('a worker that dies ends the job', async () => {
  const { path } = job('ids.map((r) => { if (r.id === 10) process.exit(3); return r.id; }).print();');
  const r = await run(path);
  assert.equal(r.code, 1, r.stdout);
  assert.match(r.stderr, /^SLOT_DIED: /);
  assert.ok(r.ms < 15_000);
});

test('a module without a default export, without a sink, with a syntax error', async () => {
  const dir = scratch();
  const a = await run(put(dir, 'a.mjs', 'export const x = 1;'));
  assert.match(a.stderr, /^GRAPH_INVALID: .*default export/);
  const b = await run(job('ids.map((r) => r.id);').path);
  assert.match(b.stderr, /^GRAPH_INVALID: .*sink/);
  const c = await run(put(dir, 'c.mjs', 'export default function (env) { env.( }'));
  assert.equal(c.code, 1);
  assert.match(c.stderr, /c\.mjs/);
});

test('a TypeScript module runs where Node strips its types; elsewhere the error says what to do', async () => {
  const { path, dir } = job('ids.map((r: { id: number }): number => r.id + 1).print();', 'job.ts');
  const r = await run(path);
  if ((process.features as { typescript?: unknown }).typescript) {
    assert.equal(r.code, 0, r.stderr);
    assert.equal(r.stdout.trim().split('\n').length, 200);
  } else {
    assert.equal(r.code, 1);
    assert.match(r.stderr, /^NOT_SUPPORTED: [\s\S]*tsx/);
  }
  assert.deepEqual(
    readdirSync(dir).filter((f) => f.startsWith('.')),
    [],
    'nothing is left beside it',
  );
});
