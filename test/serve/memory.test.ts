import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { millrace, put, scratch, visible } from './cli.js';

const ENTRY = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));
const codes = (stderr: string): string[] => stderr.split('\n').filter((l) => /^[A-Z_]+: /.test(l));

test('a closure that hoards fills the heap of its thread: one error, and the process ends', async () => {
  const path = put(
    scratch(),
    'job.mjs',
    `import { schema } from '${ENTRY}';
const kept = [];
export default function (env) {
  env.setParallelism(2);
  const ids = env.fromConnector({ connector: 'datagen', 'rows-per-second': '100000000', schema: schema({ id: 'INT' }) });
  ids.map((r) => { kept.push(new Array(1000).fill(r.id)); return { id: r.id }; }).name('hoarder').returns(schema({ id: 'INT' })).sinkTo({ connector: 'blackhole' });
}
`,
  );
  const r = await millrace(['run', path], { env: { NODE_OPTIONS: '--max-old-space-size=80' } });
  assert.equal(r.code, 1, r.stderr);
  assert.equal(codes(r.stderr).length, 1, r.stderr);
  assert.match(r.stderr, /^OUT_OF_MEMORY: .*heap/);
  assert.match(r.stderr, /operator .*hoarder/);
  assert.match(r.stderr, /max-old-space-size/);
  assert.ok(r.ms < 15_000, `${r.ms} ms`);
});

test('a full disk: one error, and the visible parts hold whole rows', async (t) => {
  const dir = scratch();
  const disk = join(dir, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status !== 0) {
    t.skip('making a small disk needs the right to mount one');
    return;
  }
  try {
    const path = put(
      dir,
      'job.sql',
      `SET 'parallelism.default' = '2';
CREATE TABLE g (k INT, v STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000');
CREATE TABLE o (k INT, v STRING) WITH ('connector' = 'filesystem', 'path' = '${join(disk, 'out')}', 'format' = 'csv');
INSERT INTO o SELECT k, v FROM g;`,
    );
    const r = await millrace(['run', path]);
    assert.equal(r.code, 1, r.stderr);
    assert.equal(codes(r.stderr).length, 1, r.stderr);
    assert.match(r.stderr, /^FILE_WRITE: .*ENOSPC/);
    assert.match(r.stderr, /make room/);
    const parts = visible(join(disk, 'out'));
    assert.ok(parts.length > 0, 'what was accepted before is committed');
    for (const p of parts) {
      const lines = readFileSync(join(disk, 'out', p), 'utf8').split('\n');
      assert.equal(lines.pop(), '');
      assert.deepEqual(
        lines.filter((l) => !/^-?\d+,"?[0-9a-f]{100}"?$/.test(l)),
        [],
      );
    }
  } finally {
    spawnSync('umount', [disk]);
  }
});
