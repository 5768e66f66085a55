import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI, put, scratch, visible } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));

const sql = (sink: string, source = ''): string => `
SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, v BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20000'${source});
CREATE TABLE o (k INT, v BIGINT) WITH (${sink});
INSERT INTO o SELECT k, v FROM g;`;
const files = (dir: string): string => sql(`'connector' = 'filesystem', 'path' = '${join(dir, 'out')}', 'format' = 'csv'`);

function start(job: string): ChildProcess {
  return spawn(process.execPath, [CLI, 'run', put(scratch(), 'job.sql', job)], { stdio: ['ignore', 'pipe', 'pipe'] });
}
function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string; ms: number }> {
  const from = performance.now();
  let stderr = '';
  child.stderr!.on('data', (d) => (stderr += d));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr, ms: performance.now() - from })));
}
/** Waits until a job has written into its folder. */
async function begun(dir: string): Promise<void> {
  const out = join(dir, 'out');
  for (let k = 0; k < 500; k++) {
    if (existsSync(out) && readdirSync(out).some((f) => statSync(join(out, f), { throwIfNoEntry: false })?.size)) return;
    await sleep(20);
  }
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal}, even given twice at once, lets what is under way reach the files and exits with ${code}`, async () => {
    const dir = scratch();
    const child = start(files(dir));
    const end = ended(child);
    await begun(dir);
    child.kill(signal);
    child.kill(signal); // as npm and timeout do
    const r = await end;
    assert.equal(r.code, code, r.stderr);
    const parts = visible(join(dir, 'out'));
    assert.ok(parts.length > 0, 'parts were committed');
    for (const p of parts) assert.match(readFileSync(join(dir, 'out', p), 'utf8'), /^(-?\d+,-?\d+\n)+$/);
  });
}

test('a kill leaves no half-written part visible', async () => {
  const dir = scratch();
  const child = start(files(dir));
  const end = ended(child);
  await begun(dir);
  child.kill('SIGKILL');
  await end;
  assert.deepEqual(visible(join(dir, 'out')), []);
});

test('when the reader of the rows goes away the job ends at once and quietly', async () => {
  const child = start(sql("'connector' = 'print'"));
  const end = ended(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  child.stdout!.destroy();
  const r = await end;
  assert.deepEqual([r.code, r.stderr], [141, '']);
  assert.ok(r.ms < 5000, `${r.ms} ms`);
});

test('when nobody reads stderr the job still does its work', async () => {
  const dir = scratch();
  const child = start(files(dir).replace("'20000'", "'20000', 'number-of-rows' = '20000'"));
  child.stderr!.destroy();
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
  assert.ok(visible(join(dir, 'out')).length > 0);
});

/** A job module at parallelism 2 whose closure gets stuck; 'stuck' is printed when it is. */
function stuck(closure: string): string {
  return put(
    scratch(),
    'job.mjs',
    `import { schema } from '${ENTRY}';
import { writeSync } from 'node:fs';
import { execSync } from 'node:child_process';
export default function (env) {
  env.setParallelism(2);
  const ids = env.fromConnector({ connector: 'datagen', 'rows-per-second': '1000', schema: schema({ id: 'INT' }) });
  ids.keyBy('id').map(${closure}).returns(schema({ id: 'INT' })).print();
}
`,
  );
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`a promise that never settles does not keep a job from ending at ${signal}`, async () => {
    const child = spawn(process.execPath, [CLI, 'run', stuck("() => { writeSync(1, 'stuck'); return new Promise(() => {}); }")], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const end = ended(child);
    child.kill(signal);
    const r = await end;
    assert.equal(r.code, code, r.stderr);
    assert.doesNotMatch(r.stderr, /CANCELLED|Error/);
    assert.ok(r.ms < 2000, `${r.ms} ms`);
  });
}

test('a second Ctrl-C ends the process at once, whatever a closure does', async () => {
  const child = spawn(process.execPath, [CLI, 'run', stuck("() => { writeSync(1, 'stuck'); for (;;); }")], { stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const end = ended(child);
  child.kill('SIGINT');
  await sleep(300);
  assert.equal(child.exitCode, null, 'the first lets the closure go on');
  child.kill('SIGINT');
  const r = await end;
  assert.equal(r.code, 130, r.stderr);
  assert.ok(r.ms < 1500, `${r.ms} ms`);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`a second ${signal} ends the process, even while a closure stands in a call of the system`, async () => {
    const child = spawn(process.execPath, [CLI, 'run', stuck("() => { writeSync(1, 'stuck'); execSync('sleep 60'); }")], { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const end = ended(child);
    child.kill(signal);
    await sleep(300);
    child.kill(signal);
    const r = await Promise.race([end, sleep(5000).then(() => undefined)]);
    child.kill('SIGKILL');
    // a shell sees the same number when the system itself carries out the signal
    assert.ok(r !== undefined && (r.code === code || child.signalCode === signal), `${child.exitCode} ${child.signalCode}`);
  });
}
