import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { lastRecordEnd } from '#src/connect/filesystem/lines.js';
import { planFiles } from '#src/connect/filesystem/plan.js';
import { FileReader } from '#src/connect/filesystem/reader.js';
import { POLL_END } from '#src/contract/source.js';
import { allocBatch } from '#src/batch/batch.js';
import { ManualClock } from '#src/base/clock.js';
import type { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { csvFraming, format } from '#src/format/csv.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { host, sourceConfig, tempFolder, text } from './lines_fixture.js';
import { STRING, type Schema } from '#src/types/logical.js';

const folder = tempFolder();
after(() => folder.remove());
const engine = new Engine();

/** The model, character by character; -1 = no whole record. */
function model(s: string, o: { escape?: boolean; comments?: boolean; trim?: boolean }): number {
  let cut = -1;
  let i = 0;
  let fieldStart = true;
  let lineStart = true;
  while (i < s.length) {
    if (lineStart && o.comments) {
      const m = /^[ \t\r]*#[^\n]*(\n|$)/.exec(s.slice(i));
      if (m !== null) {
        i += m[0].length;
        if (m[1] === '\n') cut = i;
        continue;
      }
    }
    lineStart = false;
    const c = s[i];
    if (c === '\n') {
      cut = ++i;
      fieldStart = lineStart = true;
    } else if (c === '"' && fieldStart) {
      i++;
      for (;;) {
        if (i >= s.length) return cut;
        if (o.escape && s[i] === '\\') i += 2;
        else if (s[i] !== '"') i++;
        else if (i + 1 >= s.length) return cut;
        else if (s[i + 1] === '"') i += 2;
        else break;
      }
      i++;
      fieldStart = false;
    } else if (o.escape && c === '\\') {
      i += 2;
      fieldStart = false;
    } else {
      fieldStart = c === ',' || c === '\r' || (fieldStart && o.trim === true && (c === ' ' || c === '\t'));
      i++;
    }
  }
  return cut;
}

test('the end of the last whole record is where a model finds it', () => {
  const piece = fc.constantFrom('"', '""', '\n', '\r\n', ',', 'a', ' ', '\\', '#', '"b"', 'xxxxxxxxxxxxxxxxxxxx', 'é', ',"', '",');
  const room = engine.alloc(4096);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), fc.boolean(), fc.boolean(), (pieces, escapes, comments, trim) => {
      const s = pieces.join('');
      const bytes = Buffer.from(s);
      engine.u8.fill(34, room, room + 4096);
      engine.u8.set(bytes, room);
      const framing = { delimiter: 44, quote: 34, escape: escapes ? 92 : 0, flags: +comments + 2 * +trim };
      const cut = lastRecordEnd(engine, room, room + bytes.length, framing);
      const want = model(s, { escape: escapes, comments, trim });
      assert.equal(cut === 0 ? -1 : Buffer.from(bytes.subarray(0, cut - room)).toString().length, want);
    }),
    { numRuns: 1000 },
  );
});

const schema: Schema = {
  fields: [
    { name: 'a', type: STRING() },
    { name: 'b', type: STRING() },
  ],
};

/** Rows of a csv file as the reader and the real format give them. */
function read(path: string, blockBytes: number, options: Record<string, string> = {}): string[][] {
  const config = sourceConfig(path, { format: { name: 'csv', options }, schema, metadata: [undefined, undefined] });
  const slot = new Engine();
  const leaves = flatten(schema);
  const plan = planFiles(config, host(1), { blockBytes, aheadMax: 4 }, csvFraming(options));
  const reader = new FileReader(config, plan, {
    engine: slot,
    clock: new ManualClock(),
    metrics: new MetricGroup(),
    subtaskIndex: 0,
    parallelism: 1,
    leaves,
    closures: [],
    decoder: format.createDecoder(slot, options, leaves),
    splitAdded: () => undefined,
    splitFinished: () => undefined,
  });
  reader.open();
  const batch = allocBatch(slot, leaves);
  const rows: string[][] = [];
  for (;;) {
    batch.clear();
    if (reader.poll(batch) === POLL_END) break;
    for (let r = 0; r < batch.rows; r++) rows.push([text(batch, r, 0), text(batch, r, 1)]);
  }
  reader.close();
  return rows;
}

test('records with newlines inside quotes are read whole at any block size', () => {
  const path = join(folder.path, 'quoted.csv');
  const field = fc.stringMatching(/^[a-z",\n5' ]{0,20}$/);
  const quoted = (f: string) => `"${f.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom('\n', '\r\n'),
      (rows, blockBytes, end) => {
        writeFileSync(path, rows.map((r) => r.map(quoted).join(',') + end).join(''));
        assert.deepEqual(read(path, blockBytes), rows);
      },
    ),
    { numRuns: 100 },
  );
});

test('a stray quote stays in its field, an open one is one bad record', () => {
  const path = join(folder.path, 'stray.csv');
  const rows = Array.from({ length: 500 }, (_, i) => [`n${i}`, i === 3 ? '5" nail' : 'x']);
  writeFileSync(path, rows.map((r) => `${r.join(',')}\n`).join(''));
  assert.deepEqual(read(path, 64), rows);
  writeFileSync(path, `a,b\nc,"d\n${`e,${'f'.repeat(400)}\n`.repeat(45_000)}`);
  assert.throws(
    () => read(path, 1 << 20),
    (e: MillraceError) => e.code === 'MALFORMED_RECORD' && e.place.line === 2,
  );
  assert.equal(read(path, 1 << 20, { 'ignore-parse-errors': 'true' }).length, 45_001);
});
