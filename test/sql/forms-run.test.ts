import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { TableEnvironment } from '#src/sql/index.js';
import { failure, recorded } from './fixtures.js';

const FIELD = fileURLToPath(new URL('../../../test/sql/field/', import.meta.url));
const fieldScript = (name: string): string => readFileSync(`${FIELD}${name}`, 'utf8').replaceAll('${DATA}', FIELD.replace(/\/$/, ''));

test('LTRIM, RTRIM, BTRIM of characters, LOCATE and POSITION from a place, as in Flink', async () => {
  const rows = recorded('flink-trim.tsv');
  assert.ok(rows.length > 400);
  const bad: string[] = [];
  for await (const row of new TableEnvironment().sql(`SELECT ${rows.map(([e], i) => `${e} AS c${i}`).join(', ')}`)) {
    rows.forEach(([e, expected], i) => {
      if (JSON.stringify(row[`c${i}`]) !== expected) bad.push(`${e}: ${JSON.stringify(row[`c${i}`])}, not ${expected}`);
    });
  }
  assert.deepEqual(bad, []);
});

test('forms of functions that scripts bring: trimming with two arguments runs, JSON functions are refused at their place', async () => {
  const out: string[] = [];
  const env = new TableEnvironment();
  await (await env.executeSql(fieldScript('18b_ltrim_two_arguments.sql'), { print: (t) => out.push(t) }))?.done;
  const sorted = (text: string): string[] => text.trim().split('\n').sort();
  assert.deepEqual(sorted(out.join('')), sorted(readFileSync(`${FIELD}18b_ltrim_two_arguments.expected`, 'utf8')));
  const e = await failure(fieldScript('47_json_object_message.sql'));
  assert.equal(e.code, 'NOT_SUPPORTED');
  assert.deepEqual([e.place.line, e.place.column], [2, 8]);
});
