import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import type { MillraceError } from '#src/base/errors.js';
import { connector } from '#src/connect/filesystem/index.js';
import { planFiles } from '#src/connect/filesystem/plan.js';
import { STRING, BIGINT, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { host, LINE_SCHEMA, openReaders, pollInto, readAll, sourceConfig, tempFolder, text } from './lines_fixture.js';

const folder = tempFolder();
after(() => folder.remove());

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder.path, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

/** The lines of a text, as the model sees them: a last line may lack its newline, a CR before the newline does not count. */
function linesOf(s: string): string[] {
  const lines = s.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((l) => (l.endsWith('\r') ? l.slice(0, -1) : l));
}

const content = fc.array(fc.oneof(fc.stringMatching(/^[a-z]{0,12}$/), fc.stringMatching(/^[a-zé]{13,90}$/)), { maxLength: 40 }).chain((lines) =>
  fc.tuple(fc.constantFrom('\n', '\r\n'), fc.boolean()).map(([end, last]) => {
    const body = lines.filter((l) => l !== 'bad').join(end);
    return last && body !== '' ? body + end : body;
  }),
);

test('every line comes once at any block size and parallelism, and one reader keeps the order', () => {
  fc.assert(
    fc.property(content, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), (body, blockBytes, parallelism, orderIgnored) => {
      const path = file('any.json', body);
      const out = readAll(sourceConfig(path, { order: orderIgnored ? 'ignored' : 'matters' }), parallelism, { blockBytes, aheadMax: 3 });
      assert.deepEqual(out.flat().sort(), linesOf(body).sort());
      if (parallelism === 1) assert.deepEqual(out[0], linesOf(body));
      if (!orderIgnored) assert.ok(out.filter((o) => o.length > 0).length <= 1, 'a file is one split when order matters');
    }),
    { numRuns: 150 },
  );
});

test('positions restore in the middle at another parallelism, through several restores', () => {
  fc.assert(
    fc.property(
      content,
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (body, blockBytes, runs, orderIgnored) => {
        const path = file('restored.json', body);
        const config = sourceConfig(path, { order: orderIgnored ? 'ignored' : 'matters' });
        let elements: Uint8Array[] = [];
        const seen: string[] = [];
        for (const [i, [parallelism, polls]] of [...runs, [2, 1_000_000] as const].entries()) {
          const plan = planFiles(config, host(parallelism), { blockBytes, aheadMax: 2 });
          const restore = Array.from({ length: parallelism }, (_, s) => elements.filter((_, e) => e % parallelism === s));
          const readers = openReaders(config, plan, parallelism, { restore, rows: 3 });
          for (let turn = 0; turn < polls && readers.some((r) => !r.ended); turn++) for (const r of readers) if (!r.ended) pollInto(r, seen);
          if (i < runs.length) elements = readers.flatMap((r) => r.reader.snapshot());
          else assert.ok(readers.every((r) => r.ended));
          for (const r of readers) r.reader.close();
        }
        assert.deepEqual(seen.sort(), linesOf(body).sort());
      },
    ),
    { numRuns: 100 },
  );
});

test('a reader stays within the allowed distance of the slowest', () => {
  const path = file('ahead.json', Array.from({ length: 64 }, (_, i) => `line-${i}`).join('\n'));
  const config = sourceConfig(path);
  const plan = planFiles(config, host(2), { blockBytes: 16, aheadMax: 3 });
  const [slow, fast] = openReaders(config, plan, 2, { rows: 1 });
  const out: string[] = [];
  while (out.length === 0) pollInto(slow, out); // it holds block 0 and stops
  const ahead: string[] = [];
  for (let i = 0; i < 200; i++) pollInto(fast, ahead);
  assert.ok(!fast.ended && ahead.length > 0 && ahead.length <= 3 * 3, `${ahead.length} lines`);
  while (!slow.ended || !fast.ended) for (const r of [slow, fast]) if (!r.ended) pollInto(r, out);
  assert.equal(out.length + ahead.length, 64);
});

test('a folder is read below, in order of names, without hidden entries; a pattern chooses files', () => {
  file('tree/b.json', 'b1\nb2\n');
  file('tree/a/x.json', 'x1');
  file('tree/.hidden.json', 'no');
  file('tree/_tmp/y.json', 'no');
  file('tree/c.txt', 'c1\n');
  file('tree/empty.json', '');
  const root = join(folder.path, 'tree');
  assert.deepEqual(readAll(sourceConfig(root), 1)[0], ['x1', 'b1', 'b2', 'c1']);
  assert.deepEqual(readAll(sourceConfig(`file://${root}`), 1)[0], ['x1', 'b1', 'b2', 'c1']);
  assert.deepEqual(readAll(sourceConfig(root, { options: { path: root, 'source.path.regex-pattern': '.*[.]json' } }), 1)[0], ['x1', 'b1', 'b2']);
  assert.deepEqual(readAll(sourceConfig(root), 3).flat().sort(), ['b1', 'b2', 'c1', 'x1']);
});

test('metadata columns', () => {
  const path = file('meta/data.json', 'one\ntwo\n');
  const config = sourceConfig(path, {
    schema: {
      fields: [
        ...LINE_SCHEMA.fields,
        { name: 'p', type: STRING() },
        { name: 'n', type: STRING() },
        { name: 's', type: BIGINT() },
        { name: 'm', type: TIMESTAMP_LTZ(3) },
      ],
    },
    metadata: [undefined, 'file.path', 'file.name', 'file.size', 'file.modification-time'],
  });
  const [r] = openReaders(config, planFiles(config, host(1)), 1);
  const out: string[] = [];
  while (out.length === 0) pollInto(r, out);
  assert.deepEqual([text(r.batch, 1, 1), text(r.batch, 1, 2)], [path, 'data.json']);
  assert.equal(r.batch.engine.i64[(r.batch.values(3) >> 3) + 1], 8n);
  assert.ok(r.batch.engine.i64[r.batch.values(4) >> 3] > 1_600_000_000_000n);
  assert.equal(r.batch.isNull(4, 1), false);
});

const failure = (run: () => unknown): MillraceError => {
  try {
    run();
  } catch (e) {
    return e as MillraceError;
  }
  throw new Error('nothing was thrown');
};

test('a bad record names file and line', () => {
  const path = file('bad.json', `${'ok\n'.repeat(30)}bad\nok\n`);
  for (const parallelism of [1, 2]) {
    const e = failure(() => readAll(sourceConfig(path), parallelism));
    assert.equal(e.code, 'MALFORMED_RECORD');
    assert.deepEqual(e.place, { file: path, line: 31 });
  }
});

test('a missing file names the nearest one', () => {
  const path = file('events.json', '');
  const e = failure(() => readAll(sourceConfig(join(folder.path, 'event.json')), 1));
  assert.equal(e.code, 'FILE_NOT_FOUND');
  assert.match(e.remedy, new RegExp(`Did you mean '${path}'`));
  assert.equal(failure(() => readAll(sourceConfig('/dev/null'), 1)).code, 'NOT_SUPPORTED');
  assert.equal(failure(() => readAll(sourceConfig('s3://bucket/x'), 1)).code, 'NOT_SUPPORTED');
});

test('a record longer than the limit fails, or is skipped', () => {
  const long = Buffer.alloc((16 << 20) + 10, 120);
  const path = file('long.json', Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n')]));
  const e = failure(() => readAll(sourceConfig(path), 1, { blockBytes: 1 << 20, aheadMax: 4 }));
  assert.equal(e.code, 'RECORD_TOO_LONG');
  assert.deepEqual(e.place, { file: path, line: 2 });
  const skipping = sourceConfig(path, { format: { name: 'json', options: { 'ignore-parse-errors': 'true' } } });
  for (const p of [1, 2])
    assert.deepEqual(
      readAll(skipping, p, { blockBytes: 1 << 20, aheadMax: 40 })
        .flat()
        .sort(),
      ['a', 'b'],
    );
});

test('an option that needs another one is refused', () => {
  const config = sourceConfig('x', { options: { path: 'x', 'dead-letter.path': 'y' } });
  assert.equal(failure(() => connector.checkSource?.(config, {})).code, 'INVALID_OPTION');
});

test('skipped bad records are counted and kept with place, reason and bytes', () => {
  const path = file('letters.json', 'a\nbad\nb\n'.repeat(20));
  const letters = join(folder.path, 'letters');
  const config = sourceConfig(path, { options: { path, 'dead-letter.path': letters }, format: { name: 'json', options: { 'ignore-parse-errors': 'true' } } });
  const out = readAll(config, 2);
  assert.equal(out.flat().length, 40);
  const kept = readdirSync(letters).flatMap((n) =>
    readFileSync(join(letters, n), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { place: { line: number } }),
  );
  assert.deepEqual(
    kept.sort((a, b) => a.place.line - b.place.line),
    Array.from({ length: 20 }, (_, i) => ({ place: { file: path, line: 3 * i + 2 }, reason: 'bad line', record: 'bad' })),
  );
});

test('what Flink has and millrace has not is refused as such', () => {
  const e = failure(() => connector.checkSource?.(sourceConfig('x', { options: { path: 'x', 'auto-compaction': 'true' } }), {}));
  assert.equal(e.code, 'NOT_SUPPORTED');
  assert.match(e.message, /auto-compaction/);
});
