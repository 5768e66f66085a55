import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { executeModule, type MillraceError } from '#src/index.js';

const job = (name: string): string => fileURLToPath(new URL(`./jobs/${name}.js`, import.meta.url));
const two = { settings: { 'parallelism.default': '2' } };
const fails = async (name: string, code: string, message: RegExp): Promise<void> => {
  const running = executeModule(job(name), { ...two, print: () => {} }).then((j) => j.done);
  await assert.rejects(running, (e: MillraceError) => {
    assert.equal(e.code, code, e.message);
    assert.match(e.message, message);
    return true;
  });
};

test('a module’s functions run in two workers; every console.log line of theirs appears', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [job('run'), job('logging')], { maxBuffer: 1 << 24 });
  const lines = stdout.trim().split('\n');
  const numbers = (pattern: RegExp): number[] =>
    lines
      .flatMap((l) => pattern.exec(l)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  assert.deepEqual(
    numbers(/^log (\d+)$/),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.deepEqual(
    numbers(/^[12]> \+I\[(\d+)\]$/),
    Array.from({ length: 2000 }, (_, i) => i + 1),
  );
  assert.equal(lines.length, 3000);
});

test('a module that builds another graph in the workers is refused', async () => {
  await fails('unsteady', 'GRAPH_INVALID', /another graph in a worker/);
});

test('a function that throws in a worker ends the job with file and line', async () => {
  await fails('throwing', 'USER_CODE', /Error: no twos[\s\S]*throwing\.js:\d+:\d+/);
});

test('job modules that are missing, or run themselves, are refused', async () => {
  await fails('nowhere', 'FILE_NOT_FOUND', /nowhere\.js/);
  await fails('misspelt', 'USER_CODE', /job module threw TypeError[\s\S]*misspelt\.js:\d+:\d+/);
  await fails('executing', 'GRAPH_INVALID', /only builds its graph/);
});
