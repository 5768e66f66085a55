import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { STRING } from '#src/types/logical.js';
import { CASES } from './flink-cases.js';
import { physicalRows, TYPES } from './flink-rows.js';
import { calc, call } from './support.js';

type Recorded = Record<string, (string | null)[]>;

/** Values that real Flink 2.3 gave (scripts/record-expressions.mjs prints the SQL), by time zone and expression. */
const recorded = JSON.parse(readFileSync(new URL('../../../test/wasm/flink-expected.json', import.meta.url), 'utf8')) as Record<string, Recorded>;

for (const [zone, expected] of Object.entries(recorded)) {
  for (const [sql, expr] of CASES.filter(([text]) => zone === 'UTC' || text in expected)) {
    test(`${sql} in ${zone}`, () => {
      assert.ok(sql in expected, 'not recorded');
      const out = calc({ project: [call('cast', STRING(), expr)], timeZone: zone }, TYPES, physicalRows());
      assert.deepEqual(
        out.rows.map((r) => r.values[0]),
        expected[sql],
      );
    });
  }
}
