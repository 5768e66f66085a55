import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { MillraceError } from '#src/base/errors.js';
import type { StreamGraph } from '#src/contract/graph.js';
import { executeGraph } from '#src/job/execute.js';
import { BIGINT, DECIMAL, type Schema, STRING } from '#src/types/logical.js';
import { tempFolder } from './lines_fixture.js';

const root = tempFolder();
after(() => root.remove());
let folders = 0;
const newFolder = (): string => {
  const path = join(root.path, `job-${folders++}`);
  mkdirSync(path);
  return path;
};

const schema: Schema = {
  fields: [
    { name: 'id', type: BIGINT() },
    { name: 'name', type: STRING() },
    { name: 'amount', type: DECIMAL(10, 2) },
  ],
};

/** Files of a path copied as JSON into a folder, or printed. */
function copy(
  path: string,
  out: string | undefined,
  more: { source?: Record<string, string>; format?: Record<string, string>; parallelism?: number } = {},
): StreamGraph {
  const metadata = schema.fields.map(() => undefined);
  const table = { tableName: 't', schema, metadata };
  const source = {
    ...table,
    connector: 'filesystem',
    options: { path, ...more.source },
    format: { name: 'json', options: more.format ?? {} },
    order: 'ignored',
  };
  const sink = { ...table, partitionKeys: [], primaryKey: [] };
  const files = { ...sink, connector: 'filesystem', options: { path: out ?? '' }, format: { name: 'json', options: {} } };
  return {
    options: { 'parallelism.default': String(more.parallelism ?? 1) },
    nodes: [
      { id: 0, uid: 'source', name: 'source', kind: 'source', config: { source }, inputs: [], output: schema },
      {
        id: 1,
        uid: 'sink',
        name: 'sink',
        kind: 'sink',
        output: { fields: [] },
        config: { sink: out === undefined ? { ...sink, connector: 'print', options: {} } : files },
        inputs: [{ source: 0, partition: 'forward' }],
      },
    ],
  };
}

const record = (i: number) => ({ id: i, name: i % 11 === 0 ? null : `näme "${i}"\n${'x'.repeat(i % 300)}`, amount: i / 4 });
const lines = (from: number, n: number) => Array.from({ length: n }, (_, i) => JSON.stringify(record(from + i)));
const written = (folder: string): Record<string, unknown>[] =>
  readdirSync(folder)
    .filter((n) => !n.startsWith('.'))
    .flatMap((n) => readFileSync(join(folder, n), 'utf8').split('\n').slice(0, -1))
    .map((l) => JSON.parse(l) as Record<string, unknown>)
    .sort((a, b) => Number(a.id) - Number(b.id));

async function run(graph: StreamGraph, print: (text: string) => void = () => undefined) {
  const job = await executeGraph(graph, { print });
  return await job.done;
}

test('a folder of plain and gzip files is copied by two slots', async () => {
  const folder = newFolder();
  const input = join(folder, 'in');
  mkdirSync(input);
  writeFileSync(join(input, 'a.json'), lines(0, 20_000).join('\n'));
  writeFileSync(join(input, 'b.json.gz'), gzipSync(lines(20_000, 5000).join('\r\n')));
  writeFileSync(join(input, 'c.json'), '');
  const out = join(folder, 'out');
  const result = await run(copy(input, out, { parallelism: 2 }));
  assert.equal(result.recordsIn, 25_000);
  assert.deepEqual(
    written(out),
    Array.from({ length: 25_000 }, (_, i) => record(i)),
  );
  assert.ok(readdirSync(out).every((n) => n.startsWith('part-')));
});

test('bad records are skipped, counted and kept when the format says so', async () => {
  const folder = newFolder();
  const path = join(folder, 'in.json');
  const all = lines(0, 3000);
  all.splice(1000, 0, '{"id": 7, "name": ');
  all.splice(2000, 0, 'no json');
  writeFileSync(path, `${all.join('\n')}\n`);
  const letters = join(folder, 'letters');
  const out = join(folder, 'out');
  const result = await run(copy(path, out, { parallelism: 2, source: { 'dead-letter.path': letters }, format: { 'ignore-parse-errors': 'true' } }));
  assert.equal(result.badRecords, 2);
  assert.equal(written(out).length, 3000);
  const kept = readdirSync(letters).flatMap((n) =>
    readFileSync(join(letters, n), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { place: { file: string; line: number }; record: string; reason: string }),
  );
  assert.deepEqual(
    kept.sort((a, b) => a.place.line - b.place.line).map((k) => [k.place, k.record]),
    [
      [{ file: path, line: 1001 }, '{"id": 7, "name": '],
      [{ file: path, line: 2001 }, 'no json'],
    ],
  );
  assert.ok(kept.every((k) => k.reason.length > 3));
});

test('a bad record fails with file and line, and the rows before it are in a whole visible part', async () => {
  const folder = newFolder();
  const path = join(folder, 'in.json');
  const all = lines(0, 5000);
  all.splice(4000, 0, '{"id": nope}');
  writeFileSync(path, all.join('\n'));
  const out = join(folder, 'out');
  await assert.rejects(run(copy(path, out)), (e: MillraceError) => {
    assert.equal(e.code, 'MALFORMED_RECORD');
    assert.equal(e.place.file, path);
    assert.equal(e.place.line, 4001);
    return true;
  });
  assert.deepEqual(
    written(out),
    Array.from({ length: 4000 }, (_, i) => record(i)),
  );
});

test('a missing file, a corrupt gzip file and an unwritable folder each end in one error', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'events.json'), '');
  await assert.rejects(run(copy(join(folder, 'event.json'), undefined)), (e: MillraceError) => e.code === 'FILE_NOT_FOUND' && /events\.json/.test(e.remedy));
  writeFileSync(join(folder, 'x.json.gz'), gzipSync(lines(0, 9000).join('\n')).subarray(0, 3000));
  await assert.rejects(
    run(copy(join(folder, 'x.json.gz'), undefined)),
    (e: MillraceError) => e.code === 'FILE_READ' && e.place.file === join(folder, 'x.json.gz'),
  );
  await assert.rejects(run(copy(join(folder, 'events.json'), join(folder, 'events.json'))), (e: MillraceError) => e.code === 'FILE_WRITE');
});

test('printed rows all arrive', async () => {
  const folder = newFolder();
  const path = join(folder, 'in.json');
  writeFileSync(path, Array.from({ length: 20_000 }, (_, i) => `{"id":${i},"name":"n${i}","amount":"1.5"}`).join('\n'));
  let text = '';
  await run(copy(path, undefined, { parallelism: 2 }), (t) => {
    text += t;
  });
  const rows = text.trimEnd().split('\n');
  assert.deepEqual(rows.map((r) => r.replace(/^[12]> /, '')).sort(), Array.from({ length: 20_000 }, (_, i) => `+I[${i}, n${i}, 1.50]`).sort());
});

test('csv: two of four columns, quoted newlines, written as csv', async () => {
  const folder = newFolder();
  const path = join(folder, 'in.csv');
  const rows = Array.from({ length: 6000 }, (_, i) => ({ id: i, name: i % 5 === 0 ? `a "b",\n${i}` : `n${i}` }));
  writeFileSync(path, rows.map((r) => `x,${r.id},"${r.name.replaceAll('"', '""')}",7\n`).join(''));
  const wanted: Schema = { fields: schema.fields.slice(0, 2) };
  const text = { name: 'text', type: STRING() };
  const tableSchema: Schema = { fields: [text, ...wanted.fields, { ...text, name: 'more' }] };
  const table = { tableName: 't', schema: wanted, metadata: [undefined, undefined] };
  const format = { name: 'csv', options: {} };
  const out = join(folder, 'out');
  await run({
    options: { 'parallelism.default': '1' },
    nodes: [
      {
        id: 0,
        uid: 's',
        name: 's',
        kind: 'source',
        inputs: [],
        output: wanted,
        config: { source: { ...table, tableSchema, connector: 'filesystem', options: { path }, format, order: 'ignored' } },
      },
      {
        id: 1,
        uid: 'k',
        name: 'k',
        kind: 'sink',
        inputs: [{ source: 0, partition: 'forward' }],
        output: { fields: [] },
        config: { sink: { ...table, connector: 'filesystem', options: { path: out }, format, partitionKeys: [], primaryKey: [] } },
      },
    ],
  });
  const written = readdirSync(out)
    .map((n) => readFileSync(join(out, n), 'utf8'))
    .join('');
  assert.equal(written, rows.map((r) => `${r.id},${/["\n]/.test(r.name) ? `"${r.name.replaceAll('"', '""')}"` : r.name}\n`).join(''));
});
