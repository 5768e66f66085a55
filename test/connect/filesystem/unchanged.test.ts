import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { createIoSource } from '#src/connect/filesystem/gzip.js';
import { listFiles } from '#src/connect/filesystem/listing.js';
import { planFiles } from '#src/connect/filesystem/plan.js';
import { CLI, put } from '../../serve/cli.js';
import { host, openReaders, pollInto, sourceConfig, tempFolder } from './lines_fixture.js';

const folder = tempFolder();
after(() => folder.remove());
const LINE = 'x'.repeat(99);
const LINES = 4000;
const TEXT = `${LINE}\n`.repeat(LINES);
let files = 0;
const newFile = (bytes: string | Uint8Array = TEXT, name = 'in.json'): string => {
  const dir = join(folder.path, String(files++));
  mkdirSync(dir);
  return put(dir, name, bytes);
};

/** Reads a file with several readers; `meddle` comes when about a fifth is read. Gives the lines, or fails as the readers do. */
function readWhile(path: string, parallelism: number, orderIgnored: boolean, meddle: () => void): string[] {
  const config = sourceConfig(path, { order: orderIgnored ? 'ignored' : 'matters' });
  const plan = planFiles(config, host(parallelism), { blockBytes: 4096, aheadMax: 1000 });
  const readers = openReaders(config, plan, parallelism);
  const out: string[] = [];
  let done = false;
  try {
    while (readers.some((r) => !r.ended)) {
      for (const r of readers) if (!r.ended) pollInto(r, out);
      if (!done && out.length > LINES / 5) {
        done = true;
        meddle();
      }
    }
  } finally {
    for (const r of readers) r.reader.close();
  }
  return out;
}

const fails = (run: () => unknown, path: string, message: RegExp, offset?: number): void => {
  assert.throws(run, (e: MillraceError) => {
    assert.equal(e.code, 'FILE_READ', String(e.stack));
    assert.equal(e.place.file, path);
    assert.equal(typeof e.place.offset, 'number');
    if (offset !== undefined) assert.equal(e.place.offset, offset);
    assert.match(e.message, message);
    return true;
  });
};
/** So that the time of a change differs from that of the file. */
const old = (path: string): string => {
  utimesSync(path, 1e9, 1e9);
  return path;
};

for (const [parallelism, orderIgnored] of [
  [1, true],
  [2, true],
  [3, true],
  [1, false],
] as const) {
  const how = `${orderIgnored ? 'blocks' : 'whole'}, ${parallelism} readers`;

  test(`a file that is cut while it is read fails with the place (${how})`, () => {
    const path = newFile();
    const at = Math.floor(TEXT.length / 2) + 7;
    fails(() => readWhile(path, parallelism, orderIgnored, () => truncateSync(path, at)), path, /shorter/, at);
    const emptied = newFile();
    fails(() => readWhile(emptied, parallelism, orderIgnored, () => truncateSync(emptied, 0)), emptied, /shorter/, 0);
  });

  test(`a file that is written over with less, as much or more fails (${how})`, () => {
    for (const other of [`${'y'.repeat(40)}\n`.repeat(5000), TEXT.replaceAll('x', 'y'), `${TEXT.replaceAll('x', 'y')}${TEXT}`]) {
      const path = old(newFile());
      fails(() => readWhile(path, parallelism, orderIgnored, () => writeFileSync(path, other)), path, /shorter|written over/);
    }
  });

  test(`a file may grow, be touched, or lose its name while it is read (${how})`, () => {
    for (const meddle of [
      (p: string) => appendFileSync(p, `${'z'.repeat(99)}\n`.repeat(100)),
      (p: string) => utimesSync(p, 2e9, 2e9),
      (p: string) => rmSync(p),
    ]) {
      const path = old(newFile());
      const lines = readWhile(path, parallelism, orderIgnored, () => meddle(path));
      assert.equal(lines.length, LINES);
      assert.ok(lines.every((l) => l === LINE));
    }
  });

  test(`a file that is replaced under its name is read on; readers that come too late fail (${how})`, () => {
    const path = old(newFile());
    const lines = readWhile(path, parallelism, orderIgnored, () => renameSync(newFile('other\n'.repeat(100_000)), path));
    assert.equal(lines.length, LINES);
    const late = old(newFile());
    const config = sourceConfig(late, { order: orderIgnored ? 'ignored' : 'matters' });
    const plan = planFiles(config, host(parallelism), { blockBytes: 4096, aheadMax: 1000 });
    const [reader] = openReaders(config, plan, parallelism);
    renameSync(newFile(`${TEXT}more\n`), late);
    fails(() => pollInto(reader, []), late, /replaced/, 0);
  });
}

test('a position beyond the end of a file fails', () => {
  const path = newFile();
  const config = sourceConfig(path);
  const limits = { blockBytes: 4096, aheadMax: 1000 };
  const [first] = openReaders(config, planFiles(config, host(1), limits), 1);
  for (let k = 0; k < 100; k++) pollInto(first, []);
  const state = first.reader.snapshot();
  first.reader.close();
  const [unit, offset] = (JSON.parse(Buffer.from(state[0]).toString()) as { files: { open: [number, number][] }[] }).files[0].open[0];
  assert.ok(offset > 4096 * unit + 1, 'it stopped inside a block');
  truncateSync(path, offset - 1);
  const [second] = openReaders(config, planFiles(config, { ...host(1), restored: state }, limits), 1, { restore: [state] });
  fails(() => pollInto(second, []), path, /shorter/, offset - 1);
});

/** Inflates a file; `meddle` comes with its first frame. */
async function inflate(path: string, meddle: () => void, before: () => void = () => {}): Promise<number> {
  const [input] = listFiles(path, undefined);
  before();
  const source = createIoSource(
    { files: [{ file: 0, input, subtask: 0 }] },
    { clock: new ManualClock(), signal: new AbortController().signal, parallelism: 1, options: {} },
  );
  let frames = 0;
  await source.run((_, f) => {
    if (frames++ === 0) meddle();
    return f.length < 0 ? Promise.resolve() : undefined;
  });
  return frames;
}

test('a gzip file that is cut, emptied, cut between two members, or replaced fails with the place', async () => {
  let seed = 1;
  const noise = Buffer.alloc(4 << 20);
  for (let i = 0; i < noise.length; i++) {
    seed = (seed * 48271) % 0x7fffffff;
    noise[i] = seed;
  }
  const member = gzipSync(noise);
  const gz = (): string => newFile(Buffer.concat([member, member]), 'in.gz');
  const rejects = async (run: (path: string) => Promise<unknown>, message: RegExp): Promise<void> => {
    const path = gz();
    await assert.rejects(run(path), (e: MillraceError) => {
      assert.equal(e.code, 'FILE_READ', String(e.stack));
      assert.equal(e.place.file, path);
      assert.equal(typeof e.place.offset, 'number');
      assert.match(e.message, message);
      return true;
    });
  };
  await rejects((p) => inflate(p, () => truncateSync(p, 3 << 20)), /shorter/);
  await rejects((p) => inflate(p, () => truncateSync(p, member.length)), /shorter/);
  await rejects(
    (p) =>
      inflate(
        p,
        () => {},
        () => truncateSync(p, 0),
      ),
    /shorter/,
  );
  await rejects(
    (p) =>
      inflate(
        p,
        () => {},
        () => truncateSync(p, member.length),
      ),
    /shorter/,
  );
  await rejects(
    (p) =>
      inflate(
        p,
        () => {},
        () => renameSync(newFile(Buffer.concat([member, member, member])), old(p)),
      ),
    /replaced/,
  );
  assert.ok((await inflate(gz(), () => {})) > 30);
});

/** Runs a script that prints; stdout is read only after `meddle`, so the job stands in the middle of its files. */
async function runWhile(sql: string, meddle: () => void): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [CLI, 'run', put(folder.path, `job-${files++}.sql`, sql)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (d) => (stderr += d));
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  meddle();
  child.stdout.resume();
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { code, stderr };
}

for (const [what, options, parallelism] of [
  ['one slot', '', 1],
  ['two slots', '', 2],
  ['a watched folder', ", 'source.monitor-interval' = '1 s'", 2],
] as const) {
  test(`a job whose file is cut under it says so: ${what}`, async () => {
    const dir = join(folder.path, `cut-${files++}`);
    mkdirSync(dir);
    const path = put(dir, 'in.json', `{"id":1,"name":"${'n'.repeat(80)}"}\n`.repeat(600_000));
    const bytes = statSync(path).size;
    const { code, stderr } = await runWhile(
      `SET 'parallelism.default' = '${parallelism}';
CREATE TABLE t (id INT, name STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}', 'format' = 'json'${options});
SELECT * FROM t;`,
      () => truncateSync(path, bytes - 1000),
    );
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`^FILE_READ: .*shorter: it had ${bytes} bytes`));
    assert.match(stderr, new RegExp(`at ${path}, offset ${bytes - 1000}`));
  });
}

test('links that lead back into what is read are not followed', () => {
  const dir = join(folder.path, 'links');
  mkdirSync(join(dir, 'in/sub'), { recursive: true });
  put(join(dir, 'in'), 'a.json', 'a\n');
  put(join(dir, 'in/sub'), 'b.json', 'b\n');
  put(dir, 'outside.json', 'c\n');
  symlinkSync('..', join(dir, 'in/sub/up'));
  symlinkSync('../..', join(dir, 'in/sub/upper'));
  symlinkSync('sub', join(dir, 'in/twice'));
  symlinkSync('/', join(dir, 'in/sub/root'));
  const paths = listFiles(join(dir, 'in'), undefined).map((f) => f.path.slice(dir.length));
  assert.deepEqual(paths, ['/in/a.json', '/in/sub/b.json']);
  symlinkSync('in', join(dir, 'link'));
  assert.deepEqual(
    listFiles(join(dir, 'link'), undefined).map((f) => f.path.slice(dir.length)),
    ['/link/a.json', '/link/sub/b.json'],
  );
});
