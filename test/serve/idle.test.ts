import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI, put, scratch } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));

/** CPU time of a process and its threads, ms; a tick is 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const module = (source: string, map: string): string => `import { schema } from '${ENTRY}';
export default function (env) {
  env.setParallelism(2);
  const type = schema({ id: 'INT' });
  ${source}.map(${map}).returns(type).keyBy('id').map((r) => ({ id: r.id })).returns(type).print();
}
`;
const JOBS: Record<string, [file: string, text: string]> = {
  'a source of one row a second, with a processing-time window behind it': [
    'job.sql',
    `SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, pt AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TABLE o (k INT, n BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE g, DESCRIPTOR(pt), INTERVAL '1' SECOND)) GROUP BY k, window_start, window_end;`,
  ],
  'rows behind a hash exchange that nobody reads': [
    'job.sql',
    `SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, v BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000');
CREATE TABLE o (k INT, v BIGINT) WITH ('connector' = 'print');
INSERT INTO o SELECT k, COUNT(*) FROM (SELECT k, PROCTIME() AS pt FROM g) GROUP BY k, TUMBLE(pt, INTERVAL '0.1' SECOND);`,
  ],
  'a source that waits': [
    'job.mjs',
    module('env.fromAsyncIterable(async function* () { await new Promise((r) => setTimeout(r, 1e8)); }, type)', '(r) => ({ id: r.id })'),
  ],
  'a closure whose promise is pending': [
    'job.mjs',
    module("env.fromConnector({ connector: 'datagen', 'rows-per-second': '1', schema: type })", '(r) => new Promise((f) => setTimeout(f, 1e8))'),
  ],
};

for (const [name, [file, text]] of Object.entries(JOBS)) {
  test(`idle costs nothing: ${name}`, { skip: existsSync('/proc/self/stat') ? false : 'CPU time is read from /proc' }, async () => {
    const child = spawn(process.execPath, [CLI, 'run', put(scratch(), file, text)], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((resolve) => setTimeout(resolve, 2500)); // start-up, and pipes and rings that fill
      const before = cpuMs(child.pid!);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const used = cpuMs(child.pid!) - before;
      assert.equal(child.exitCode, null, 'the job still runs');
      assert.ok(used < 0.05 * 3000, `${used} ms of CPU in 3 s`);
    } finally {
      child.kill('SIGKILL');
    }
  });
}
