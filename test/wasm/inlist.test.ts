import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BIGINT, BOOLEAN, DATE, DECIMAL, DOUBLE, FLOAT, INT, type LogicalType, SMALLINT, STRING, TIMESTAMP, TINYINT } from '#src/types/logical.js';
import { calc, call, col, lit, type Value } from './support.js';

/** Types of IN lists with their values: edges, neighbours, collisions. */
const KINDS: readonly [LogicalType, fc.Arbitrary<Value>][] = [
  [TINYINT(), fc.integer({ min: -128, max: 127 })],
  [SMALLINT(), fc.integer({ min: -32768, max: 32767 })],
  [INT(), fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer())],
  [BIGINT(), fc.oneof(fc.bigInt({ min: -50n, max: 50n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [DATE(), fc.integer({ min: -1000, max: 1000 })],
  [TIMESTAMP(3), fc.bigInt({ min: -1000n, max: 1000n })],
  [DECIMAL(18, 2), fc.bigInt({ min: -300n, max: 300n })],
  [DECIMAL(38, 2), fc.oneof(fc.bigInt({ min: -300n, max: 300n }), fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }))],
  [DOUBLE(), fc.oneof(fc.constantFrom(0, -0, 1, 1.5, Number.POSITIVE_INFINITY, Number.NaN, 5e-324), fc.double({ noNaN: true }))],
  [FLOAT(), fc.constantFrom(0, -0, 1, 1.5, -2.25, 3, 4, 5, 6, 7, 8, 9)],
  [STRING(), fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', ' '), maxLength: 4 })],
];

const same = (a: Value, b: Value): boolean => a === b; // -0 is 0, NaN is nothing

test('a value among constants: short lists compare, long ones look up, both as the model', () => {
  for (const [type, value] of KINDS) {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.array(fc.option(value), { minLength: 1, maxLength: 20 }), (items, others) => {
        const list = items.filter((x) => !Number.isNaN(x));
        if (list.length === 0) return;
        const rows = [...others, ...items].map((x) => [x]);
        const constants = list.map((x) => lit(x, { ...type, nullable: false }));
        const got = calc({ project: [call('in', BOOLEAN(), col(0, type), ...constants)] }, [type], rows).rows.map((r) => r.values[0]);
        assert.deepEqual(
          got,
          rows.map(([x]) => (x === null ? null : list.some((y) => same(x, y)))),
        );
      }),
      { numRuns: 40 },
    );
  }
});

test('GREATEST and LEAST of many, CASE and COALESCE of many', () => {
  const ints = [5, null, -3, 12].map((x) => [x] as Value[]);
  const many = Array.from({ length: 3000 }, (_, i) => call('add', INT(), col(0, INT()), lit(i, INT(false))));
  assert.deepEqual(
    calc({ project: [call('greatest', INT(), ...many), call('least', INT(), ...many)] }, [INT()], ints).rows.map((r) => r.values),
    ints.map(([x]) => (x === null ? [null, null] : [Number(x) + 2999, Number(x)])),
  );
  const branches = Array.from({ length: 1500 }, (_, i) => [call('eq', BOOLEAN(), col(0, INT()), lit(i, INT(false))), lit(i * 2, INT(false))]).flat();
  assert.deepEqual(
    calc({ project: [call('case', INT(), ...branches, lit(-1, INT(false)))] }, [INT()], ints).rows.map((r) => r.values[0]),
    [10, -1, -1, 24],
  );
  const nulls = Array.from({ length: 1500 }, () => call('nullIf', INT(), col(0, INT()), col(0, INT())));
  assert.deepEqual(
    calc({ project: [call('coalesce', INT(), ...nulls, lit(7, INT(false)))] }, [INT()], ints).rows.map((r) => r.values[0]),
    [7, 7, 7, 7],
  );
});
