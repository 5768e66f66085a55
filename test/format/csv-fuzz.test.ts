import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocBatch } from '#src/batch/batch.js';
import { format } from '#src/format/csv.js';
import { BIGINT, STRING } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { decodeAll, pin, rowObject } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

const table = flatten({
  fields: [
    { name: 'a', type: STRING() },
    { name: 'n', type: BIGINT() },
    { name: 'b', type: STRING() },
  ],
});

/** Any text; often with what csv treats specially. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', ';', '\\', 'é', '😀'), maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const row = fc.record({ a: fc.option(text), n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), b: fc.option(text) });
type Row = { a: string | null; n: bigint | null; b: string | null };

/** The plainest writer: always quoted. */
const quoted = (s: string | null, delimiter: string, nullText: string): string => (s === null ? nullText : `"${s.replaceAll('"', '""')}"`) + delimiter;

test('quoted text of any kind is read back, across batch boundaries', () => {
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 30 }),
      fc.constantFrom(',', ';', '\t'),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('\n', '\r\n'),
      (rows, d, capacity, end) => {
        const input = (rows as Row[])
          .map((r) => quoted(r.a, d, 'NULL') + quoted(r.n === null ? null : String(r.n), d, 'NULL') + quoted(r.b, '', 'NULL') + end)
          .join('');
        const engine = new Engine();
        const decoder = format.createDecoder(engine, { 'field-delimiter': d, 'null-literal': 'NULL' }, table);
        const expected = (rows as Row[]).map((r) => ({ ...r, a: r.a === 'NULL' ? null : r.a, b: r.b === 'NULL' ? null : r.b }));
        assert.deepEqual(decodeAll(engine, decoder, new TextEncoder().encode(input), table, capacity), expected);
      },
    ),
    { numRuns: 150 },
  );
});

test('what the encoder writes, the decoder reads back', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.constantFrom(',', '|'), (rows, d) => {
      const options = { 'field-delimiter': d, 'null-literal': 'NULL' };
      const engine = new Engine();
      const input = (rows as Row[])
        .map((r) => `${quoted(r.a, d, 'NULL') + quoted(r.n === null ? null : String(r.n), d, 'NULL') + quoted(r.b, '', 'NULL')}\n`)
        .join('');
      const { ptr, end } = pin(engine, new TextEncoder().encode(input));
      const first = allocBatch(engine, table);
      format.createDecoder(engine, options, table).decodeLines(ptr, end, first);
      const out = format.createEncoder(engine, options, table).encodeLines(first);
      const again = pin(engine, engine.u8.slice(out.ptr, out.ptr + out.length));
      const second = allocBatch(engine, table);
      assert.equal(format.createDecoder(engine, options, table).decodeLines(again.ptr, again.end, second), again.end);
      assert.equal(second.rows, first.rows);
      for (let r = 0; r < first.rows; r++) assert.deepEqual(rowObject(second, r), rowObject(first, r));
    }),
    { numRuns: 150 },
  );
});
