import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/base/errors.js';
import { session, TYPES_TABLE } from './fixtures.js';

const QUERIES = [
  "SELECT i8 + i32 * d102 , s || v10 , CASE WHEN b THEN ts ELSE ts6 END FROM t WHERE i32 > 5 AND s LIKE 'a%' OR NOT b",
  "SELECT s , COUNT ( * ) , SUM ( i64 ) FILTER ( WHERE b ) , TUMBLE_START ( ts , INTERVAL '1' MINUTE ) FROM t GROUP BY s , TUMBLE ( ts , INTERVAL '1' MINUTE ) HAVING COUNT ( * ) > 5",
  "SELECT window_start , s , AVG ( d102 ) , COUNT ( DISTINCT i32 ) FROM TABLE ( HOP ( TABLE t , DESCRIPTOR ( ts ) , INTERVAL '5' SECOND , INTERVAL '10' SECOND ) ) WHERE b GROUP BY window_start , window_end , s",
  "SELECT window_end , MAX ( c ) FROM ( SELECT window_start , window_end , s , COUNT ( * ) AS c FROM TABLE ( TUMBLE ( TABLE t , DESCRIPTOR ( ts ) , INTERVAL '10' SECOND ) ) GROUP BY window_start , window_end , s ) GROUP BY window_start , window_end",
  "SELECT s , window_time FROM TABLE ( SESSION ( TABLE t PARTITION BY s , DESCRIPTOR ( ts ) , INTERVAL '5' MINUTE ) ) GROUP BY s , window_start , window_end , window_time",
  'WITH q AS ( SELECT r . a AS x , ts FROM t ) SELECT x , ts FROM q UNION ALL SELECT CAST ( s AS INT ) , ts FROM t',
  "INSERT INTO o SELECT i32 , COALESCE ( s , 'x' ) , CURRENT_TIMESTAMP FROM t",
  "INSERT INTO o ( b , a ) VALUES ( 'x' , 1 ) , ( 'y' , 2 + 3 )",
  "SELECT EXTRACT ( HOUR FROM ts ) , TRIM ( BOTH 'x' FROM s ) , ts - INTERVAL '1' DAY , TO_TIMESTAMP_LTZ ( i64 , 3 ) , i32 IN ( 1 , 2 ) , i64 BETWEEN 1 AND 5 FROM t",
].map((q) => q.split(' '));

const PIECES = [...new Set(QUERIES.flat())];

test('a statement with words changed, dropped, or doubled plans or fails with a placed MillraceError', async () => {
  const s = session();
  await s.execute(`${TYPES_TABLE} CREATE TABLE o (a INT, b STRING, c TIMESTAMP(3)) WITH ('connector' = 'blackhole')`);
  const edit = fc.record({ at: fc.nat(200), drop: fc.nat(2), put: fc.array(fc.constantFrom(...PIECES), { maxLength: 2 }) });
  let planned = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...QUERIES), fc.array(edit, { maxLength: 2 }), async (query, edits) => {
      const words = [...query];
      for (const e of edits) words.splice(e.at % words.length, e.drop, ...e.put);
      const text = words.join(' ');
      try {
        await s.execute(text);
        planned++;
      } catch (e) {
        assert.ok(e instanceof MillraceError, `${text}\n${e instanceof Error ? e.stack : e}`);
        assert.notEqual(e.code, 'INTERNAL', text);
        assert.ok(e.place.line !== undefined && e.place.column !== undefined, `${text}\n${e.message}: no place`);
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(planned > 100);
});

test('long chains of conditions are planned', async () => {
  const s = session();
  const chain = (n: number, op: string): string => Array.from({ length: n }, (_, i) => `a = ${i}`).join(op);
  await s.execute(`SELECT a FROM (VALUES (1)) AS v(a) WHERE ${chain(20_000, ' OR ')}`);
  await s.execute(`SELECT a FROM (VALUES (1)) AS v(a) WHERE ${chain(5_000, ' AND ')}`);
  await assert.rejects(s.execute(`SELECT ${Array(5000).fill('a').join(' + ')} FROM (VALUES (1)) AS v(a)`), MillraceError);
});
