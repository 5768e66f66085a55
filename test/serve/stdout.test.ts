import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI, put, scratch } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));

/** Rows as fast as they can be made, at parallelism 2, without end. */
const endless = (sinks = 1): string => `
SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, v BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000');
${Array.from({ length: sinks }, (_, i) => `CREATE TABLE o${i} (k INT, v BIGINT) WITH ('connector' = 'print');`).join('\n')}
EXECUTE STATEMENT SET BEGIN
${Array.from({ length: sinks }, (_, i) => `INSERT INTO o${i} SELECT k, v FROM g;`).join('\n')}
END;`;

interface Run {
  readonly code: number | null;
  readonly stderr: string;
  /** from when the reader went away to the end of the process */
  readonly endMs: number;
  readonly peakBytes: number;
}

/** Runs a job whose stdout is a pipe with an unwilling reader: it waits for `pauseMs`, reads one piece, and goes away. */
async function cutOff(path: string, pauseMs: number): Promise<Run> {
  const child: ChildProcess = spawn(process.execPath, [CLI, 'run', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  let stderr = '';
  child.stderr!.on('data', (d) => (stderr += d));
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  const peakBytes = peak(child.pid!);
  child.stdout!.destroy();
  const from = performance.now();
  const code = await closed;
  clearTimeout(timer);
  return { code, stderr, endMs: performance.now() - from, peakBytes };
}

/** Highest resident size so far; 0 where the system has no /proc. */
function peak(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

for (const [name, pauseMs, sinks] of [
  ['at once', 0, 1],
  ['after a pause in which the rows pile up', 2000, 1],
  ['from twelve sinks that wait for it', 1000, 12],
] as const) {
  test(`head goes away ${name}: an endless job ends quietly and soon, and holds little meanwhile`, async () => {
    const r = await cutOff(put(scratch(), 'job.sql', endless(sinks)), pauseMs);
    assert.deepEqual([r.code, r.stderr], [141, '']);
    assert.ok(r.endMs < 2000, `${r.endMs} ms`);
    assert.ok(r.peakBytes < 600e6, `${r.peakBytes} bytes`);
  });
}

test('what closures print is cut off as quietly', async () => {
  const dir = scratch();
  put(
    dir,
    'job.mjs',
    `import { schema } from '${ENTRY}';
export default function (env) {
  env.setParallelism(2);
  const ids = env.fromConnector({ connector: 'datagen', 'rows-per-second': '100000000', schema: schema({ id: 'INT' }) });
  ids.map((r) => { console.log(r.id); return { id: r.id }; }).returns(schema({ id: 'INT' })).sinkTo({ connector: 'blackhole' });
}
`,
  );
  const r = await cutOff(join(dir, 'job.mjs'), 1500);
  assert.deepEqual([r.code, r.stderr], [141, '']);
  assert.ok(r.endMs < 2000, `${r.endMs} ms`);
  assert.ok(r.peakBytes < 600e6, `${r.peakBytes} bytes`);
});
