import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { RECORD_BYTES_MAX } from '#src/base/limits.js';
import { allocBatch } from '#src/batch/batch.js';
import type { Format } from '#src/contract/format.js';
import { format as csv } from '#src/format/csv.js';
import { format as json } from '#src/format/json.js';
import { BIGINT, STRING, type Schema } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { cell, decodeAll, leavesOf, pin, rowObject } from './harness.js';

const schema: Schema = {
  fields: [
    { name: 'id', type: STRING() },
    { name: 'n', type: BIGINT() },
  ],
};
const leaves = flatten(schema);

function setUp(format: Format, input: string | Uint8Array, options: Record<string, string> = {}) {
  const engine = new Engine();
  const decoder = format.createDecoder(engine, options, leaves);
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  const { ptr, end } = pin(engine, bytes);
  decoder.place = (at) => ({ file: 'in', line: 1 + [...bytes.subarray(0, at - ptr)].filter((b) => b === 10).length });
  return { engine, decoder, ptr, end, batch: allocBatch(engine, leaves) };
}

/** [input, code, part of the message] */
const refused: [Format, string, string, RegExp][] = [
  [json, '{"id":"c","n":"x1"}', 'BAD_FIELD', /field 'n' does not convert to BIGINT/],
  [json, '{"id":"c","n":1', 'MALFORMED_RECORD', /ends too early/],
  [json, '{"id":"c","n":1,}', 'MALFORMED_RECORD', /field name in double quotes was expected at byte 16/],
  [json, '[1]', 'MALFORMED_RECORD', /not a JSON object/],
  [json, '{"id":"c","q":"\\x"}', 'MALFORMED_RECORD', /escape/],
  [json, `{"id":"c","q":${'['.repeat(600)}${']'.repeat(600)}}`, 'MALFORMED_RECORD', /nested deeper than 500/],
  [csv, 'c,x1', 'BAD_FIELD', /field 'n' does not convert to BIGINT at byte 2/],
  [csv, 'c', 'MALFORMED_RECORD', /fewer fields/],
  [csv, 'c,1,2', 'MALFORMED_RECORD', /more fields/],
  [csv, '"c"x,1', 'MALFORMED_RECORD', /closing quote/],
];

for (const [format, record, code, message] of refused) {
  test(`${format.name}: ${record.slice(0, 40)} fails with ${code} after the rows before it`, () => {
    const good = format === json ? ['{"id":"a","n":1}', '{"id":"b","n":2}'] : ['a,1', 'b,2'];
    const { decoder, ptr, end, batch } = setUp(format, [...good, record, ...good].join('\n'));
    const at = decoder.decodeLines(ptr, end, batch);
    assert.equal(at, ptr + good.join('\n').length + 1);
    assert.deepEqual([rowObject(batch, 0), rowObject(batch, 1), batch.rows, batch.selCount], [{ id: 'a', n: 1n }, { id: 'b', n: 2n }, 2, 2]);
    batch.clear();
    assert.throws(
      () => decoder.decodeLines(at, end, batch),
      (e) => e instanceof MillraceError && e.code === code && message.test(e.message) && e.place.file === 'in' && e.place.line === 3 && e.remedy !== '',
    );
    assert.equal(batch.rows, 0);
  });

  test(`${format.name}: ${record.slice(0, 40)} is skipped and counted, or its field NULL, when errors are ignored`, () => {
    const good = format === json ? ['{"id":"a","n":1}', '{"id":"b","n":2}'] : ['a,1', 'b,2'];
    for (const report of [false, true]) {
      const { engine, decoder, ptr, end, batch } = setUp(format, [...good, record, ...good].join('\n'), { 'ignore-parse-errors': 'true' });
      const letters: string[] = [];
      if (report) decoder.onBadRecord = (p, n, reason) => letters.push(`${new TextDecoder().decode(engine.u8.slice(p, p + n))} | ${reason}`);
      assert.equal(decoder.decodeLines(ptr, end, batch), end);
      const field = code === 'BAD_FIELD' || /fewer/.test(message.source);
      assert.equal(batch.rows, field ? 5 : 4);
      assert.deepEqual([decoder.skipped, decoder.nulled], field ? [0, code === 'BAD_FIELD' ? 1 : 0] : [1, 0]);
      if (field) assert.equal(cell(batch, 1, 2), null);
      if (report && !field) assert.ok(letters.length === 1 && letters[0].startsWith(`${record} | `), letters[0]);
    }
  });
}

test('invalid UTF-8 is found in projected, skipped and key bytes, also where the shape was learned', () => {
  for (const record of ['{"id":"\xff","n":1}', '{"id":"a","s":"\xc0\xaf"}', '{"k\xfe":1}', '{"id":"a","s":"0123456789012345678901234567890\xed\xa0\x80"}']) {
    const good = '{"id":"a","s":"01234567890123456789012345678901234"}\n{"id":"a","n":1}\n'.repeat(20);
    const { decoder, ptr, end, batch } = setUp(json, Buffer.from(good + record, 'latin1'));
    const at = decoder.decodeLines(ptr, end, batch);
    assert.equal(batch.rows, 40);
    assert.throws(() => decoder.decodeLines(at, end, allocBatch(batch.engine, leaves)), { code: 'INVALID_UTF8' });
  }
  const { decoder, ptr, end, batch } = setUp(csv, Buffer.from('a,1\n\xff,2', 'latin1'));
  const at = decoder.decodeLines(ptr, end, batch);
  assert.throws(() => decoder.decodeLines(at, end, allocBatch(batch.engine, leaves)), { code: 'INVALID_UTF8' });
});

test('a record beyond the limit is refused', () => {
  const { decoder, ptr, end, batch } = setUp(json, `{"id":"${'x'.repeat(RECORD_BYTES_MAX)}"}`);
  assert.throws(() => decoder.decodeLines(ptr, end, batch), { code: 'RECORD_TOO_LONG' });
});

test('a missing field is NULL after records that had it, and fails when told to', () => {
  const lines = `${'{"id":"a","n":1}\n'.repeat(30)}{"id":"b"}\n{"n":7}\n{}\n`;
  const engine = new Engine();
  const rows = decodeAll(engine, json.createDecoder(engine, {}, leaves), new TextEncoder().encode(lines), leaves);
  assert.deepEqual(rows.slice(30), [
    { id: 'b', n: null },
    { id: null, n: 7n },
    { id: null, n: null },
  ]);
  const strict = setUp(json, '{"id":"b"}', { 'fail-on-missing-field': 'true' });
  assert.throws(() => strict.decoder.decodeLines(strict.ptr, strict.end, strict.batch), { code: 'MISSING_FIELD' });
});

test('a decoder called with fewer rows of room goes on where it stopped; slices tell their rows', () => {
  const engine = new Engine();
  const decoder = json.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
  const bad: string[] = [];
  decoder.onBadRecord = (p, n) => bad.push(new TextDecoder().decode(engine.u8.slice(p, p + n)));
  const inputs = ['{"n":0}', 'x', '{"n":2}', '', '{"n":4}', 'y', '{"n":6}'].map((s) => pin(engine, new TextEncoder().encode(s)));
  const slices = engine.alloc(64);
  inputs.forEach((p, i) => {
    engine.u32.set([p.ptr, p.end - p.ptr], (slices >> 2) + 2 * i);
  });
  const rowSlice = engine.alloc(64);
  const batch = allocBatch(engine, leaves, { capacity: 3 });
  assert.equal(decoder.decodeSlices(slices, 7, batch, rowSlice), 5);
  assert.deepEqual([...engine.u32.subarray(rowSlice >> 2, (rowSlice >> 2) + 3)], [0, 2, 4]);
  batch.clear();
  assert.equal(decoder.decodeSlices(slices + 40, 2, batch, rowSlice), 2);
  assert.deepEqual([cell(batch, 1, 0), batch.rows, engine.u32[rowSlice >> 2], bad.join()], [6n, 1, 1, 'x,y']);
});

test('of duplicate keys the last wins, learned or not', () => {
  const columns = leavesOf('ROW<id STRING, n BIGINT, r ROW<x INT, y STRING>>');
  const engine = new Engine();
  const line = '{"id":"a","n":1,"r":{"x":1,"y":"p","x":3},"id":"b","n":null,"r":{"y":"q"}}\n';
  const rows = decodeAll(engine, json.createDecoder(engine, {}, columns), new TextEncoder().encode(line.repeat(20)), columns);
  assert.equal(rows.length, 20);
  for (const row of rows) assert.deepEqual(row, { id: 'b', n: null, r: { x: null, y: 'q' } });
});

test('a nested leaf may be projected without its row', () => {
  const columns = [{ path: ['r', 's', 'x'], type: BIGINT() }];
  const engine = new Engine();
  const batch = allocBatch(engine, columns);
  const { ptr, end } = pin(engine, new TextEncoder().encode('{"r":{"s":{"x":5}}}\n{"r":{"s":null}}\n{"r":7}\n{"r":{"s":{"y":[1,{"x":2}],"x":6}}}'));
  json.createDecoder(engine, {}, columns).decodeLines(ptr, end, batch);
  assert.deepEqual(
    [0, 1, 2, 3].map((r) => cell(batch, 0, r)),
    [5n, null, null, 6n],
  );
});

test('csv columns are found by their position in the table', () => {
  const table = leavesOf('ROW<a STRING, b BIGINT, c STRING, d BIGINT>');
  const engine = new Engine();
  const projected = [table[3], table[0]];
  const decoder = csv.createDecoder(engine, {}, projected, table);
  assert.deepEqual(decodeAll(engine, decoder, new TextEncoder().encode('x,not a number,"q\nr",4\r\ny,,z,5'), projected), [
    { d: 4n, a: 'x' },
    { d: 5n, a: 'y' },
  ]);
});

test('wrong options are refused with what to do', () => {
  assert.throws(() => json.check({ 'ignore-parse-error': 'true' }, 'decode', {}), /Did you mean 'ignore-parse-errors'/);
  assert.throws(() => json.check({ 'timestamp-format.standard': 'RFC' }, 'decode', {}), { code: 'INVALID_OPTION' });
  assert.throws(() => csv.check({ 'field-delimiter': 'ab' }, 'decode', {}), { code: 'INVALID_OPTION' });
  assert.throws(() => csv.check({ 'disable-quote-character': 'true', 'quote-character': '"' }, 'decode', {}), { code: 'INVALID_OPTION' });
  json.check({ 'timestamp-format.standard': 'ISO-8601' }, 'encode', {});
  csv.check({ 'field-delimiter': '\\t' }, 'encode', {});
});
