import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '#src/base/clock.js';
import { connector } from '#src/connect/filesystem/index.js';
import { createIoSource, planMonitor } from '#src/connect/filesystem/monitor.js';
import type { FoundFile } from '#src/connect/filesystem/monitor_position.js';
import { type MillraceError, sql } from '#src/index.js';
import { sourceConfig, tempFolder } from './lines_fixture.js';

const root = tempFolder();
after(() => root.remove());

const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => `{"id":${from + i}}\n`).join('');

test('new files are read as they appear: plain, gzip, in subfolders; each once', { timeout: 30_000 }, async () => {
  const folder = join(root.path, 'watched');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const put = (name: string, data: string | Buffer): void => {
    writeFileSync(join(folder, '.new'), data);
    renameSync(join(folder, '.new'), join(folder, name));
  };
  put('a.json', lines(0, 3000));
  const table = `CREATE TABLE t (id INT, f STRING METADATA FROM 'file.name') WITH ('connector' = 'filesystem', 'path' = '${folder}', 'format' = 'json', 'source.monitor-interval' = '20 ms');`;
  const later: (() => void)[] = [
    () => put('sub/b.json', lines(3000, 3010)),
    () => put('c.json.gz', gzipSync(lines(3010, 9000))),
    () => put('_hidden.json', lines(0, 10)),
    () => put('d.json', ''),
    () => put('e.json', `${lines(9000, 9001)}{"id":9001}`),
  ];
  const seen = new Map<number, string>();
  for await (const { id, f } of sql(`${table} SELECT id, f FROM t`)) {
    assert.ok(!seen.has(id as number), `${id} came twice`);
    seen.set(id as number, f as string);
    // when everything so far has come, the next file is put there
    if ([3000, 3010].includes(seen.size)) later.shift()?.();
    if (seen.size === 9000) for (const l of later.splice(0)) l();
    if (seen.size === 9002) break;
  }
  assert.deepEqual(
    [...seen.keys()].sort((a, b) => a - b),
    Array.from({ length: 9002 }, (_, i) => i),
  );
  assert.deepEqual([seen.get(0), seen.get(3005), seen.get(5000), seen.get(9001)], ['a.json', 'b.json', 'c.json.gz', 'e.json']);
});

test('what an earlier run has read is not read again; what was open goes on where it stood', { timeout: 10_000 }, async () => {
  const folder = join(root.path, 'restored');
  mkdirSync(folder);
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(folder, name), lines(0, 2));
  const file = (name: string, offset: number): FoundFile => ({ path: join(folder, name), bytes: 18, modifiedMs: 0, compression: 'none', offset });
  const element = (seen: string[], open: FoundFile[]): Uint8Array => new TextEncoder().encode(JSON.stringify({ version: 1, seen, open }));
  const signal = new AbortController();
  const plan = planMonitor(
    sourceConfig(folder, { options: { path: folder, 'source.monitor-interval': '10 ms' } }),
    {
      restored: [element([join(folder, 'a')], [file('b', 9)]), element([join(folder, 'd')], [])],
      parallelism: 2,
      clock: systemClock,
      options: {},
      signal: signal.signal,
    },
    10,
    undefined,
  );
  const given: [number, string, number][] = [];
  const source = createIoSource(plan.io?.config as never, { clock: systemClock, signal: signal.signal, parallelism: 2, options: {} });
  const done = source.run((subtask, frame) => {
    const f = JSON.parse(new TextDecoder().decode(frame.subarray(8))) as FoundFile;
    given.push([subtask, f.path.slice(-1), f.offset]);
    if (given.length === 2) writeFileSync(join(folder, 'e'), '');
    if (given.length === 3) signal.abort();
    return undefined;
  });
  await done;
  assert.deepEqual(given, [
    [0, 'b', 9],
    [1, 'c', 0],
    [0, 'e', 0],
  ]);
});

test('a bad interval, a missing folder', async () => {
  const bad = sourceConfig('x', { options: { path: 'x', 'source.monitor-interval': '0 s' } });
  assert.throws(() => connector.checkSource?.(bad, {}), /must be greater than 0/);
  const missing = sourceConfig('x', { options: { path: join(root.path, 'nope'), 'source.monitor-interval': '1 s' } });
  const host = { parallelism: 1, clock: systemClock, options: {}, signal: new AbortController().signal };
  await assert.rejects(
    async () => connector.planSource?.(missing, host),
    (e: MillraceError) => e.code === 'FILE_NOT_FOUND',
  );
});
