import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import { format as csv } from '#src/format/csv.js';
import { format as json } from '#src/format/json.js';
import { Engine } from '#src/wasm/engine.js';
import { cell, leavesOf, pin } from './harness.js';

const PIECES = [
  '{"a":1,"b":"x","c":{"d":',
  '"',
  '\\',
  '\\u12',
  '\\ud83d',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '1',
  '-',
  '.5',
  'e',
  'null',
  'tru',
  '\n',
  '\r',
  ' ',
  '\xff',
  '\xe2\x82',
  '"b":"0123456789abcdef0123"',
  '}}\n',
  "'",
];

for (const format of [json, csv]) {
  test(`${format.name}: whatever the bytes are, an ignoring decoder reaches the end, and strict ones name a code`, () => {
    const r = new Prng(17);
    const table = leavesOf(format === json ? 'ROW<a BIGINT, b STRING, c ROW<d DECIMAL(10,2), e TIMESTAMP(3)>>' : 'ROW<a BIGINT, b STRING, c DECIMAL(10,2)>');
    const engine = new Engine();
    const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, table);
    const strict = format.createDecoder(engine, {}, table);
    const batch = allocBatch(engine, table);
    const input = pin(engine, new Uint8Array(4096));
    for (let i = 0; i < 1500; i++) {
      const bytes = Buffer.from(
        Array.from({ length: r.below(60) }, () => (r.below(8) === 0 ? String.fromCharCode(r.below(256)) : PIECES[r.below(PIECES.length)])).join(''),
        'latin1',
      );
      engine.u8.fill(0, input.ptr, input.end);
      engine.u8.set(bytes, input.ptr);
      const end = input.ptr + bytes.length;
      batch.clear();
      const before = decoder.skipped;
      assert.equal(decoder.decodeLines(input.ptr, end, batch), end);
      assert.ok(batch.rows + decoder.skipped - before <= bytes.filter((b) => b === 10 || b === 13).length + 1);
      for (let row = 0; row < batch.rows; row++) for (let c = 0; c < table.length; c++) cell(batch, c, row); // strings are valid UTF-8
      batch.clear();
      try {
        strict.decodeLines(input.ptr, end, batch);
      } catch (e) {
        assert.match((e as { code: string }).code, /^(MALFORMED_RECORD|INVALID_UTF8|BAD_FIELD)$/);
      }
    }
  });
}
