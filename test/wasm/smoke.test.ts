import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BIGINT, BOOLEAN, DECIMAL, DOUBLE, INT, STRING, TIMESTAMP } from '#src/types/logical.js';
import { calc, call, col, evaluate, lit } from './support.js';

test('a filter keeps rows that are TRUE and rows keep their numbers', () => {
  const out = calc(
    { filter: call('gt', BOOLEAN(), col(0, INT()), lit(2, INT())), project: [col(1, STRING()), call('mul', INT(), col(0, INT()), lit(10, INT()))] },
    [INT(), STRING()],
    [
      [1, 'a'],
      [3, 'b'],
      [null, 'c'],
      [5, null],
    ],
  );
  assert.deepEqual(out.rows, [
    { row: 1, values: ['b', 30] },
    { row: 3, values: [null, 50] },
  ]);
});

test('basics', () => {
  assert.equal(evaluate(call('cast', STRING(), col(0, DOUBLE())), [DOUBLE()], [1e10]), '1.0E10');
  assert.equal(evaluate(call('cast', STRING(), col(0, BIGINT())), [BIGINT()], [-9223372036854775808n]), '-9223372036854775808');
  assert.equal(evaluate(call('concat', STRING(), col(0, STRING()), lit('é!', STRING())), [STRING()], ['x']), 'xé!');
  assert.equal(evaluate(call('cast', STRING(), col(0, TIMESTAMP(3))), [TIMESTAMP(3)], [1709210096789n]), '2024-02-29 12:34:56.789');
  assert.equal(evaluate(call('cast', STRING(), col(0, TIMESTAMP(3))), [TIMESTAMP(3)], [1709210096789n], 'Europe/Berlin'), '2024-02-29 12:34:56.789');
  assert.equal(evaluate(call('cast', STRING(), lit(-12345678901234567890123456n, DECIMAL(38, 4)))), '-1234567890123456789012.3456');
  assert.equal(evaluate(call('cast', DECIMAL(10, 2), col(0, STRING())), [STRING()], ['1.005']), 101n);
});
