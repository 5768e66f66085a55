import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newRunId } from '#src/base/run-id.js';
import { enterFolder } from '#src/connect/filesystem/runs.js';
import { CLI, put, rowsOf } from '../../serve/cli.js';
import { tempFolder } from './lines_fixture.js';

const root = tempFolder();
after(() => root.remove());
let folders = 0;
const newFolder = (name = ''): string => {
  const path = join(root.path, `${folders++}${name}`);
  mkdirSync(path);
  return path;
};
const hidden = (folder: string): string[] =>
  readdirSync(folder)
    .filter((n) => n.startsWith('.'))
    .sort();
const parts = (folder: string): string[] => hidden(folder).filter((n) => n.startsWith('.part-'));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const script = (folder: string, query: string, more = ''): string =>
  put(
    root.path,
    `${folders++}.sql`,
    `${more} CREATE TABLE o (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '${folder}', 'format' = 'csv'); INSERT INTO o ${query};`,
  );
const endless = (folder: string): string =>
  script(folder, 'SELECT id FROM g', "CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20000');");

/** A run that writes until it is ended; resolves when its part is there. */
async function writing(folder: string, wrap: readonly string[] = []): Promise<{ child: ChildProcess; end(signal: NodeJS.Signals): Promise<void> }> {
  const before = parts(folder).length;
  const [command, ...args] = [...wrap, process.execPath, CLI, 'run', endless(folder), '--quiet'];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const deadline = Date.now() + 20_000;
  while (parts(folder).length === before) {
    assert.ok(Date.now() < deadline && child.exitCode === null, 'a part appears');
    await sleep(20);
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    process.kill(-child.pid!, signal);
    await closed;
  };
  return { child, end };
}

function runOnce(folder: string, env: Record<string, string> = {}, args: readonly string[] = []): { code: number | null; stderr: string } {
  const r = spawnSync(process.execPath, [...args, CLI, 'run', script(folder, 'VALUES (1), (2)'), '--quiet'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { code: r.status, stderr: r.stderr };
}

test('hidden parts of a killed run are removed by the next one; those of a run that lives stay, however it is asked', async () => {
  const folder = newFolder('x'.repeat(150)); // longer than the path of a socket may be
  const alive = await writing(folder);
  const its = parts(folder);
  const killed = await writing(folder);
  await killed.end('SIGKILL');
  assert.ok(parts(folder).length > its.length);
  assert.equal(runOnce(folder).code, 0);
  assert.deepEqual(parts(folder), its, 'those of the killed run are gone');
  process.kill(alive.child.pid!, 'SIGSTOP');
  assert.equal(runOnce(folder).code, 0);
  process.kill(alive.child.pid!, 'SIGCONT');
  assert.deepEqual(parts(folder), its, 'a run that stands still lives');
  await alive.end('SIGTERM');
  assert.deepEqual(hidden(folder), [], 'a run that ends leaves nothing hidden');
  assert.ok(rowsOf(folder).length > 4);
});

/** A process with process numbers, a network and mounts of its own: what a container is. */
const CONTAINER = ['unshare', '--pid', '--net', '--ipc', '--uts', '--mount-proc', '--fork', '--kill-child'];
const contained = spawnSync(CONTAINER[0], [...CONTAINER.slice(1), 'true']).status === 0;

test('a run in a container that shares the folder is known to live, and to be over', { skip: !contained }, async () => {
  const folder = newFolder();
  const inside = await writing(folder, CONTAINER);
  const its = parts(folder);
  assert.equal(runOnce(folder).code, 0);
  assert.deepEqual(parts(folder), its);
  await inside.end('SIGKILL');
  assert.equal(runOnce(folder).code, 0);
  assert.deepEqual(hidden(folder), []);
});

test('files of other programs, and of runs that nothing is known about, stay', async () => {
  const folder = newFolder();
  const [a, b, c] = [newRunId(), newRunId(), newRunId()];
  const kept = [
    `.part-${a}-0-0.inprogress.${b}`, // Flink's
    `.part-${a}-0-0.inprogress.${a}-0-1`,
    `.part-${b}-0-0.inprogress.${b}-0-0`, // of a run without a lock
    '.part-1.inprogress.1',
    '.hidden',
    `.millrace-${a}`,
    `.millrace-${b}.new`, // may begin to listen any moment
  ];
  for (const name of kept) writeFileSync(join(folder, name), 'x');
  // an earlier boot of this kernel
  writeFileSync(join(folder, `.millrace-${c}.00000000-0000`), '');
  for (const name of [`.part-${c}-0-0.inprogress.${c}-0-0`, `.part-${c}-11-3.inprogress.${c}-11-3`]) writeFileSync(join(folder, name), 'x');
  assert.equal(runOnce(folder).code, 0);
  assert.deepEqual(hidden(folder), kept.sort());
});

test('two sinks of one run into one folder; many runs at once', async () => {
  const folder = newFolder();
  const over = new AbortController();
  const ids = Array.from({ length: 30 }, newRunId);
  await Promise.all(
    [...ids, ids[0]].map(async (id) => {
      await enterFolder(folder, id, over.signal);
      writeFileSync(join(folder, `.part-${id}-0-0.inprogress.${id}-0-0`), id);
    }),
  );
  await Promise.all(ids.map((id) => enterFolder(folder, id, over.signal)));
  assert.equal(parts(folder).length, 30);
  over.abort();
  await sleep(50);
  assert.equal(parts(folder).length, 30, 'what a run leaves is for the next one');
  await enterFolder(folder, newRunId(), AbortSignal.abort());
  assert.deepEqual(hidden(folder), []);
});

test('killed before any call that changes the disk: whole parts only, and the next run leaves nothing hidden', { timeout: 200_000 }, () => {
  const killer = fileURLToPath(new URL('./killer.js', import.meta.url));
  for (const thread of ['host', 'slot']) {
    let kills = 0;
    for (let at = 0; ; at++) {
      const folder = newFolder();
      rmSync(folder, { recursive: true });
      const { code, stderr } = runOnce(folder, { KILL_AT: String(at), KILL_IN: thread }, ['--import', killer]);
      if (code === 0) break;
      assert.equal(code, null, stderr);
      kills++;
      // a run that is killed while it clears up: the one after it goes on
      if (thread === 'host') runOnce(folder, { KILL_AT: String(3 + (at % 4)), KILL_IN: 'host' }, ['--import', killer]);
      assert.equal(runOnce(folder).code, 0);
      assert.deepEqual(
        hidden(folder).filter((n) => !n.endsWith('.new')),
        [],
        `${thread}, call ${at}`,
      );
      for (const name of readdirSync(folder).filter((n) => !n.startsWith('.'))) assert.equal(readFileSync(join(folder, name), 'utf8'), '1\n2\n');
    }
    assert.ok(kills >= (thread === 'host' ? 4 : 5), `${kills} calls of the ${thread}`);
  }
});
