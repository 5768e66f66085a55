import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BIGINT, BOOLEAN, DECIMAL, INT, STRING, TIMESTAMP, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { describeExpr } from '#src/wasm/describe.js';
import { disassemble } from '#src/wasm/disassemble.js';
import { emitCalc } from '#src/wasm/emitcalc.js';
import { call, col, leavesOf, lit } from './support.js';

test('expressions read as SQL', () => {
  const S = STRING();
  const eq = call('eq', BOOLEAN(), col(0, S), lit("it's", S));
  const cases: [Parameters<typeof describeExpr>[0], string][] = [
    [call('and', BOOLEAN(), eq, call('isNull', BOOLEAN(), col(1, INT()))), "(a = 'it''s') AND (b IS NULL)"],
    [call('cast', DECIMAL(10, 2), col(1, INT())), 'CAST(b AS DECIMAL(10, 2))'],
    [lit(-5n, DECIMAL(10, 2)), '-0.05'],
    [call('sub', TIMESTAMP(3), col(2, TIMESTAMP(3)), lit(5000n, { root: 'INTERVAL_DAY_TIME', nullable: false })), "$2 - INTERVAL '5' SECOND"],
    [call('toTimestampLtz', TIMESTAMP_LTZ(3), col(1, BIGINT()), lit(3, INT())), 'TO_TIMESTAMP_LTZ(b, 3)'],
    [call('case', S, eq, lit('x', S), lit(null, S)), "CASE WHEN a = 'it''s' THEN 'x' ELSE CAST(NULL AS STRING) END"],
    [call('in', BOOLEAN(), col(1, INT()), lit(1, INT()), lit(2, INT())), 'b IN (1, 2)'],
    [call('like', BOOLEAN(), col(0, S), lit('a%', S)), "a LIKE 'a%'"],
    [call('extract', BIGINT(), lit('YEAR', S), col(2, TIMESTAMP(3))), 'EXTRACT(YEAR FROM $2)'],
    [lit(1709210096789n, TIMESTAMP(3)), "TIMESTAMP '2024-02-29 12:34:56.789'"],
  ];
  for (const [e, text] of cases) assert.equal(describeExpr(e, ['a', 'b']), text);
});

test('what was emitted can be read', () => {
  const filter = call('eq', BOOLEAN(), col(0, STRING()), lit('view', STRING()));
  const text = disassemble(emitCalc({ filter, project: [call('upper', STRING(), col(0, STRING()))] }, leavesOf([STRING()])));
  assert.match(text, /^func run/m);
  assert.match(text, /i32\.const 2003134838\n/); // 'view' as one word
  assert.match(text, /call kernel\.strAsciiUpper/);
  assert.match(text, /call host\.upper/);
  assert.doesNotMatch(text, /0x/);
});

test('equal plans are emitted once', () => {
  const plan = (limit: number) => ({ filter: call('gt', BOOLEAN(), col(0, INT()), lit(limit, INT(false))), project: [col(0, INT())] });
  const leaves = leavesOf([INT()]);
  assert.equal(emitCalc(plan(1), leaves), emitCalc(plan(1), leaves));
  assert.notDeepEqual(emitCalc(plan(1), leaves), emitCalc(plan(2), leaves));
  assert.notEqual(emitCalc(plan(1), leaves), emitCalc(plan(1), leavesOf([INT(false)])));
});
