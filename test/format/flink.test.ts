import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocBatch } from '#src/batch/batch.js';
import type { Format } from '#src/contract/format.js';
import { format as csv } from '#src/format/csv.js';
import { format as json } from '#src/format/json.js';
import { Engine } from '#src/wasm/engine.js';
import { decodeEach, flinkCases, flinkRow, inputsOf, leavesOf, parseType, pin } from './harness.js';

/** Where we differ on purpose (docs/formats/json.md): input -> our answer. 'error' = refused. */
const DIFFERENT: Readonly<Record<string, unknown>> = {
  // duplicate keys: the last wins, and a repeated key does not hide a later field
  '{"a":1,"a":2,"b":"z"}': ['2', 'z'],
  '{"b":{"a":1,"a":2}}': [null, '{"a":1,"a":2}'],
  // a repeated key does not stand in for a missing one
  '{"a":1,"a":2}': 'error',
  // digits of other scripts
  '{"a":"\u0661\u0662"}': 'error',
  '{"a":"\u0661","z":1}': 'error',
  // an object for a BOOLEAN is not false
  '{"a":{}}': 'error',
  // hexadecimal floats
  '{"d":"0x1p3"}': 'error',
  // a bad field does not take the fields behind it along
  '{"e":[1,2],"a":1}': ['1', null, null],
  // invalid UTF-8 that Jackson lets pass: overlong forms, surrogates, beyond U+10FFFF
  '7b2262223a22c0af227d': 'error',
  '7b2262223a22eda080227d': 'error',
  '7b2262223a22f4908080227d': 'error',
};

/** The same for csv (docs/formats/csv.md). */
const DIFFERENT_CSV: Readonly<Record<string, unknown>> = {
  'ROW<a INT, b STRING> \u0661,x': 'error',
  'ROW<a BIGINT, b STRING> \u0661,x': 'error',
  // the year 0, which java.sql.Date takes for 1 BC and then for AD 1
  '0000-2-31,x': ['-719467', 'x'],
  '78c0af2c312c79': 'error',
  '78eda0802c312c79': 'error',
};

function compareDecoded(format: Format, fixture: string, different: Readonly<Record<string, unknown>>): void {
  const wrong: string[] = [];
  for (const c of flinkCases(fixture)) {
    if (c.options['fail-on-missing-field'] === 'true' && c.options['ignore-parse-errors'] === 'true') {
      assert.throws(() => format.check(c.options, 'decode', {}), { code: 'INVALID_OPTION' });
      continue;
    }
    const type = parseType(c.type);
    assert.ok(type.root === 'ROW');
    const leaves = leavesOf(c.type);
    const names = [...(c.inputs ?? []), ...(c.hex ?? [])];
    const lenient = c.options['ignore-parse-errors'] === 'true';
    const engine = new Engine();
    inputsOf(c).forEach((bytes, i) => {
      const decoder = format.createDecoder(engine, c.options, leaves);
      const what = `${c.type} ${JSON.stringify(c.options)} ${names[i]}`;
      const flink = c.results[i];
      let expected: unknown = flink;
      const difference = [names[i], `${c.type} ${names[i]}`].find((k) => Object.hasOwn(different, k));
      if (difference !== undefined) expected = different[difference];
      else if (flink !== null && typeof flink === 'object' && 'error' in flink) expected = 'error';
      if (expected === 'error' && lenient) expected = null;
      if (/TIMESTAMP\(9\)/.test(c.type) && Array.isArray(flink) && beyondNanos(flink[0])) expected = 'error';
      let got: unknown;
      try {
        const rows = decodeEach(engine, decoder, [bytes], leaves);
        got = rows.length === 0 ? null : flinkRow(rows[0], type.fields);
      } catch (e) {
        got = 'error';
        if ((e as { code?: string }).code === undefined) throw e;
      }
      if (Array.isArray(got) && Array.isArray(expected)) expected = truncated(expected as unknown[], type.fields);
      if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push(`${what}: ${JSON.stringify(got)}, Flink: ${JSON.stringify(flink)}`);
      if (lenient && got === null && bytes.length > 0) assert.equal(decoder.skipped, 1, what);
    });
  }
  assert.deepEqual(wrong, []);
}

test('json records are read as Flink reads them', () => compareDecoded(json, 'json-decode', DIFFERENT));
test('odd values in json are read as Flink reads them', () => compareDecoded(json, 'json-decode-random', DIFFERENT));
test('odd values in csv are read as Flink reads them', () => compareDecoded(csv, 'csv-decode-random', DIFFERENT_CSV));
test('csv records are read as Flink reads them', () => compareDecoded(csv, 'csv-decode', DIFFERENT_CSV));

/** Nanoseconds since 1970 in 64 bits end in 1677 and 2262. */
function beyondNanos(v: unknown): boolean {
  return typeof v === 'string' && Math.abs(Number(v.split(':')[0])) > 9.2e12;
}

/** Flink keeps nine digits of a second whatever the declared precision; our columns hold the declared unit. */
function truncated(row: unknown[], fields: readonly { type: { root: string; precision?: number } }[]): unknown[] {
  return row.map((v, i) => {
    const t = fields[i].type;
    if (typeof v !== 'string' || (t.root !== 'TIMESTAMP' && t.root !== 'TIMESTAMP_LTZ')) return v;
    const precision = t.precision ?? 0;
    return precision <= 3 ? v.replace(/:.*/, ':0') : v;
  });
}

/** Texts JDK 17 prints with more digits than the shortest; later JDKs print ours. */
const JDK17: Readonly<Record<string, string>> = { '1.9999999999999998E23': '2.0E23', '9.999999999999999E22': '1.0E23', '1.17549435E-38': '1.1754944E-38' };

function compareEncoded(format: Format, fixture: string): void {
  for (const c of flinkCases(fixture)) {
    const leaves = leavesOf(c.type);
    const engine = new Engine();
    const decoder = json.createDecoder(engine, { 'ignore-parse-errors': 'true', 'timestamp-format.standard': 'ISO-8601' }, leaves);
    const encoder = format.createEncoder(engine, c.options, leaves);
    const batch = allocBatch(engine, leaves);
    const { ptr, end } = pin(engine, new TextEncoder().encode((c.inputs ?? []).join('\n')));
    assert.equal(decoder.decodeLines(ptr, end, batch), end);
    const out = encoder.encodeLines(batch);
    const lines = new TextDecoder().decode(engine.u8.slice(out.ptr, out.ptr + out.length));
    const { slices, count } = encoder.encodeSlices(batch);
    assert.equal(count, c.results.length);
    const records = c.results.map((_, i) => {
      const p = engine.u32[(slices >> 2) + 2 * i];
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(engine.u8.slice(p, p + engine.u32[(slices >> 2) + 2 * i + 1]));
    });
    assert.equal(lines, records.map((r) => `${r}\n`).join(''));
    c.results.forEach((r, i) => {
      let expected = r as string;
      for (const [old, now] of Object.entries(JDK17)) expected = expected.replace(old, now);
      if (/TIMESTAMP\(0\)/.test(c.type))
        expected = expected
          .replace(/("v":"[^".]*\.\d{3})\d+"/, '$1"')
          .replace(/("ts":"[^".]*\.\d{6})\d+"/, '$1"')
          .replace(/(\.\d*?)0+"/g, '$1"')
          .replace(/\."/g, '"');
      assert.equal(records[i], expected, `${c.type} ${JSON.stringify(c.options)} ${c.inputs?.[i]}`);
    });
  }
}

test('json rows are written as Flink writes them', () => compareEncoded(json, 'json-encode'));
test('csv rows are written as Flink writes them', () => compareEncoded(csv, 'csv-encode'));
