import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '#src/base/clock.js';
import { createIoSource } from '#src/connect/filesystem/gzip.js';
import { listFiles } from '#src/connect/filesystem/listing.js';
import { planFiles } from '#src/connect/filesystem/plan.js';
import { Units } from '#src/connect/filesystem/claims.js';
import { encodePosition, mergePosition } from '#src/connect/filesystem/position.js';
import { host, sourceConfig, tempFolder } from './lines_fixture.js';

const page = readFileSync(new URL('../../../../docs/formats/file-position.md', import.meta.url), 'utf8');
const fixture = (name: string): string => {
  const m = new RegExp(`<!-- fixture ${name} -->\n\`\`\`\\w*\n([\\s\\S]*?)\n\`\`\``).exec(page);
  assert.ok(m, `fixture ${name}`);
  return m[1];
};
const folder = tempFolder();
after(() => folder.remove());

test('frames are as the page shows them', async () => {
  const path = join(folder.path, 'x.gz');
  writeFileSync(path, gzipSync('ab\n'));
  const frames: string[] = [];
  const source = createIoSource(
    { files: [{ file: 1, input: listFiles(path, undefined)[0], subtask: 0 }] },
    { clock: new ManualClock(), signal: new AbortController().signal, parallelism: 1, options: {} },
  );
  await source.run((_, f) => {
    frames.push(Buffer.from(f).toString('hex'));
    return undefined;
  });
  assert.deepEqual(
    frames,
    fixture('file-frame')
      .split('\n')
      .map((l) => l.replaceAll(' ', '')),
  );
});

test('positions are as the page shows them, and read back', () => {
  const path = join(folder.path, 'in.json');
  writeFileSync(path, 'x'.repeat(15).concat('\n').repeat(5));
  const plan = planFiles(sourceConfig(path), host(1), { blockBytes: 16, aheadMax: 4 });
  const units = new Units(plan.detail as ConstructorParameters<typeof Units>[0]);
  const position = { done: Int32Array.of(0b11), open: [{ unit: 2, offset: 37 }], frames: [] };
  const bytes = encodePosition(position, units);
  assert.equal(Buffer.from(bytes).toString(), fixture('file-position').replace('/data/in.json', path));
  const back = { done: new Int32Array(1), open: [], frames: [] };
  mergePosition(back, bytes, units);
  assert.deepEqual(back, position);
  const uncut = new Units({ ...units.plan, blocks: false });
  assert.throws(() => mergePosition(back, bytes, uncut), /cut its files otherwise/);
});
