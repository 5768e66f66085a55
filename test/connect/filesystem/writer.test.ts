import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, fdatasync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { isHidden } from '#src/connect/filesystem/listing.js';
import type { FileCalls } from '#src/connect/filesystem/parts.js';
import { Engine } from '#src/wasm/engine.js';
import { tempFolder } from './lines_fixture.js';
import { openWriter, sinkConfig } from './writer_fixture.js';

const root = tempFolder();
after(() => root.remove());
let folders = 0;
const newFolder = () => join(root.path, `out-${folders++}`);
const engine = new Engine();

const visible = (folder: string) =>
  readdirSync(folder)
    .filter((n) => !isHidden(n))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
const hidden = (folder: string) => readdirSync(folder).filter(isHidden);
const lines = (folder: string) => visible(folder).flatMap((n) => readFileSync(join(folder, n), 'utf8').split('\n').slice(0, -1));

const failure = (run: () => unknown): MillraceError => {
  try {
    run();
  } catch (e) {
    return e as MillraceError;
  }
  throw new Error('nothing was thrown');
};

test('rows are in visible parts at the end of input, in order, rolled by size', () => {
  const folder = newFolder();
  const w = openWriter(engine, new ManualClock(), sinkConfig(folder, { 'sink.rolling-policy.file-size': '100 b' }));
  const all = Array.from({ length: 50 }, (_, i) => `row ${i}`);
  for (let i = 0; i < all.length; i += 5) w.write(all.slice(i, i + 5));
  assert.ok(visible(folder).length >= 3, 'parts rolled by size are visible at once');
  assert.equal(w.writer.finish(), false);
  assert.deepEqual(lines(folder), all);
  assert.deepEqual(hidden(folder), []);
  assert.match(visible(folder)[0], /^part-run-0-0$/);
});

test('a part is hidden while it is written, and rolls by age', () => {
  const folder = newFolder();
  const clock = new ManualClock(1000);
  const w = openWriter(engine, clock, sinkConfig(folder, { 'sink.rolling-policy.rollover-interval': '10 s', 'sink.rolling-policy.check-interval': '1 s' }));
  w.write(['a']);
  clock.advanceMs(2_000);
  w.writer.flush();
  assert.deepEqual(visible(folder), []);
  assert.match(hidden(folder)[0], /^\.part-run-0-0\.inprogress\./);
  clock.advanceMs(10_000);
  w.writer.flush();
  assert.deepEqual(lines(folder), ['a']);
  w.writer.finish();
  assert.deepEqual(visible(folder).length, 1, 'no empty part');
});

test('closed without finish, nothing uncommitted becomes visible', () => {
  const folder = newFolder();
  const w = openWriter(engine, new ManualClock(), sinkConfig(folder));
  w.write(['a']);
  w.writer.close();
  assert.deepEqual(visible(folder), []);
});

test('with checkpoints parts become visible only by commit, which may come twice; a restore cuts what came after the snapshot', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }), fc.nat(), fc.nat(), (sizes, snapshotAt, crashAfter) => {
      const folder = newFolder();
      const config = sinkConfig(folder, { 'sink.rolling-policy.file-size': '120 b' });
      let n = 0;
      const batches = sizes.map((s) => Array.from({ length: s }, () => `row ${n++}`));
      const at = snapshotAt % (batches.length + 1);
      const crash = at + (crashAfter % (batches.length - at + 1));
      const first = openWriter(engine, new ManualClock(), config, { checkpoints: true });
      let state: Uint8Array[] = [];
      let committables: Uint8Array[] = [];
      for (let i = 0; i <= crash; i++) {
        if (i === at) {
          committables = first.writer.prepareCommit();
          state = first.writer.snapshot();
        }
        if (i < crash) first.write(batches[i]);
      }
      first.writer.close();
      assert.deepEqual(visible(folder), []);
      const second = openWriter(engine, new ManualClock(), config, { checkpoints: true, runId: 'second', restore: state });
      second.writer.commit(committables);
      second.writer.commit(committables);
      // other, shorter rows than before the crash: what the first run wrote after its snapshot must be gone
      const rest = batches.slice(at).map((b) => b.map((l) => l.slice(2)));
      for (const b of rest) second.write(b);
      second.writer.finish();
      const last = second.writer.prepareCommit();
      second.writer.commit(last);
      second.writer.commit(last);
      assert.deepEqual(lines(folder).sort(), [...batches.slice(0, at), ...rest].flat().sort());
    }),
    { numRuns: 60 },
  );
});

const calls: FileCalls = { openSync, writeSync, fsyncSync, fdatasync, closeSync, renameSync };

test('a full disk is FILE_WRITE with the place, and leaves nothing half visible', () => {
  const folder = newFolder();
  const full: FileCalls = {
    ...calls,
    writeSync() {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  };
  const w = openWriter(engine, new ManualClock(), sinkConfig(folder), { calls: full });
  w.write(['a']);
  const e = failure(() => w.writer.finish());
  assert.equal(e.code, 'FILE_WRITE');
  assert.match(e.remedy, /disk is full/);
  assert.match(e.place.file ?? '', /part-run-0-0$/);
  assert.deepEqual(visible(folder), []);
});

test('the disk begins before a part is closed', async () => {
  const folder = newFolder();
  const ended: (() => void)[] = [];
  const ahead: FileCalls = {
    ...calls,
    fdatasync: (fd, done) =>
      fdatasync(fd, () => {
        done();
        ended.shift()?.();
      }),
  };
  const w = openWriter(engine, new ManualClock(), sinkConfig(folder), { calls: ahead });
  const line = 'x'.repeat(1000);
  const batch = Array.from({ length: 1000 }, () => line);
  const first = new Promise<void>((resolve) => ended.push(resolve));
  for (let i = 0; i < 9; i++) w.write(batch);
  await first;
  for (let i = 0; i < 10; i++) w.write(batch);
  w.writer.finish();
  assert.equal(lines(folder).length, 19_000);
});

test('short writes are written on', () => {
  const folder = newFolder();
  const short: FileCalls = { ...calls, writeSync: (fd, bytes, at, _length, position) => writeSync(fd, bytes, at, 1, position) };
  const w = openWriter(engine, new ManualClock(), sinkConfig(folder), { calls: short });
  w.write(['abc', 'def']);
  w.writer.finish();
  assert.deepEqual(lines(folder), ['abc', 'def']);
});

test('a path that is a file is FILE_WRITE', () => {
  const folder = newFolder();
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), '');
  const e = failure(() => openWriter(engine, new ManualClock(), sinkConfig(join(folder, 'file'))));
  assert.equal(e.code, 'FILE_WRITE');
  assert.match(e.remedy, /must be a folder/);
});

test('kill -9 leaves only whole parts visible', async () => {
  for (let run = 0; run < 3; run++) {
    const folder = newFolder();
    const child = spawn(process.execPath, [fileURLToPath(new URL('./kill_child.js', import.meta.url)), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    while (visible(folder).length < 2 + 3 * run) await new Promise((resolve) => setTimeout(resolve, 1));
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exit;
    const seen = lines(folder);
    assert.ok(seen.length > 0);
    assert.deepEqual(
      seen,
      Array.from(seen, (_, i) => `line ${String(i).padStart(8, '0')}`),
      'whole lines in order, none lost between parts',
    );
    for (const n of visible(folder)) assert.ok(readFileSync(join(folder, n), 'utf8').endsWith('\n') && readFileSync(join(folder, n)).length >= 4096);
  }
});
