import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BIGINT, DATE, INT, type LogicalType, STRING, TIMESTAMP } from '#src/types/logical.js';
import { compileTimestampParser, parseStandardTimestamp } from '#src/wasm/timestampparser.js';
import { calc, call, col, evaluate, lit, type Value } from './support.js';

const day = fc.integer({ min: -700000, max: 2900000 }); // years 54 .. 9909
const ms = fc.integer({ min: -60000000000000, max: 250000000000000 });

function over(expr: ReturnType<typeof call>, type: LogicalType, values: Value[]): Value[] {
  return calc(
    { project: [expr] },
    [type],
    values.map((v) => [v]),
  ).rows.map((r) => r.values[0]);
}
const extract = (unit: string) => call('extract', BIGINT(), lit(unit, STRING(false)), col(0, DATE()));

test('fields of dates against Date', () => {
  fc.assert(
    fc.property(fc.array(day, { minLength: 1, maxLength: 40 }), (days) => {
      const dates = days.map((d) => new Date(d * 86400000));
      const model: Record<string, (d: Date) => number> = {
        YEAR: (d) => d.getUTCFullYear(),
        MONTH: (d) => d.getUTCMonth() + 1,
        DAY: (d) => d.getUTCDate(),
        DOW: (d) => d.getUTCDay() + 1,
        QUARTER: (d) => Math.floor(d.getUTCMonth() / 3) + 1,
        DOY: (d) => Math.floor((d.getTime() - new Date(d).setUTCMonth(0, 1)) / 86400000) + 1,
      };
      for (const [unit, f] of Object.entries(model))
        assert.deepEqual(
          over(extract(unit), DATE(), days),
          dates.map((d) => BigInt(f(d))),
          unit,
        );
    }),
    { numRuns: 40 },
  );
});

test('dates and timestamps print and read back', () => {
  const T = TIMESTAMP(3);
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 40 }), (times) => {
      const values = times.map(BigInt);
      const texts = times.map((t) => new Date(t).toISOString().replace('T', ' ').replace('Z', ''));
      const print = call('cast', STRING(), col(0, T));
      assert.deepEqual(over(print, T, values), texts);
      assert.deepEqual(over(call('cast', T, print), T, values), values);
      assert.deepEqual(over(call('dateFormat', STRING(), col(0, T), lit('yyyy-MM-dd HH:mm:ss.SSS', STRING(false))), T, values), texts);
    }),
    { numRuns: 40 },
  );
});

test('months are added as on a calendar, and the day is at most the last', () => {
  const months = fc.integer({ min: -5000, max: 5000 });
  fc.assert(
    fc.property(fc.array(day, { minLength: 1, maxLength: 30 }), months, (days, n) => {
      const plus = call('add', DATE(), col(0, DATE()), lit(n, { root: 'INTERVAL_YEAR_MONTH', nullable: false }));
      const expected = days.map((d) => {
        const at = new Date(d * 86400000);
        const last = new Date(at);
        last.setUTCDate(1);
        last.setUTCMonth(at.getUTCMonth() + n + 1);
        last.setUTCDate(0);
        last.setUTCDate(Math.min(at.getUTCDate(), last.getUTCDate()));
        return last.getTime() / 86400000;
      });
      assert.deepEqual(over(plus, DATE(), days), expected);
    }),
    { numRuns: 40 },
  );
});

test('whole numbers print and read back over their range', () => {
  const any = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-100n, 100n), fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n));
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 40 }), (values) => {
      const print = call('cast', STRING(), col(0, BIGINT()));
      assert.deepEqual(over(print, BIGINT(), values), values.map(String));
      assert.deepEqual(over(call('cast', BIGINT(), print), BIGINT(), values), values);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(
    over(call('tryCast', BIGINT(), col(0, STRING())), STRING(), ['9223372036854775808', '-9223372036854775808', '-9223372036854775809', '+0', '']),
    [null, -(2n ** 63n), null, 0n, null],
  );
  assert.deepEqual(over(call('tryCast', INT(), col(0, STRING())), STRING(), ['2147483648', '-2147483648', '1.999', '1.x', '--1']), [
    null,
    -2147483648,
    1,
    null,
    null,
  ]);
});

test('text by a pattern: what the kernel reads is what the pattern says', () => {
  const standard = (text: string): Value => evaluate(call('toTimestamp', TIMESTAMP(3), col(0, STRING())), [STRING()], [text]);
  const patterns = [
    'yyyy-MM-dd HH:mm:ss',
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    'yyyyMMddHHmmss',
    'dd/MM/yy HH:mm',
    'HH:mm:ss.SSSSSS',
    "uuuu-MM-dd 'at' HH",
    'yyyy-MM-dd HH:mm:ss.S',
    'd.M.yyyy',
  ];
  const field = (n: number, width: number): string => String(n).padStart(width, '0').slice(-width);
  const texts = fc
    .record({
      pattern: fc.constantFrom(...patterns),
      numbers: fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 99 })), { minLength: 8, maxLength: 8 }),
      year: fc.constantFrom(1, 1969, 1970, 2000, 2023, 2024, 9999),
      change: fc.constantFrom('', 'cut', 'more', 'letter', 'fraction', 'date', 'case'),
      at: fc.nat(30),
    })
    .map(({ pattern, numbers, year, change, at }) => {
      let k = 0;
      const text = pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (run, quoted: string | undefined, letter: string) =>
        quoted !== undefined ? quoted : 'yu'.includes(letter) ? field(year, run.length) : field(numbers[k++], run.length),
      );
      const i = at % text.length;
      if (change === 'cut') return [pattern, text.slice(0, i) + text.slice(i + 1)];
      if (change === 'more') return [pattern, `${text}0`];
      if (change === 'letter') return [pattern, `${text.slice(0, i)}x${text.slice(i + 1)}`];
      if (change === 'fraction') return [pattern, `${text}.${'1234567890'.slice(0, at % 11)}`];
      if (change === 'date') return [pattern, text.slice(0, 10)];
      return [pattern, change === 'case' ? text.toLowerCase() : text];
    });
  fc.assert(
    fc.property(texts, ([pattern, text]) => {
      const ms = compileTimestampParser(pattern)(text);
      const out = evaluate(call('toTimestamp', TIMESTAMP(3), col(0, STRING()), lit(pattern, STRING(false))), [STRING()], [text]);
      assert.equal(out, ms === undefined ? null : BigInt(ms), `${text} by ${pattern}`);
      const plainMs = parseStandardTimestamp(text);
      assert.equal(standard(text), plainMs === undefined ? null : BigInt(plainMs), text);
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual(
    ['1970-01-02', '1970-01-01 00:00:01.987654321', '1970-01-01 00:00:01.9', '1970-01-01 00:00:01.', '1970-01-01 00:00:01.1234567890', '1970-1-1 0:0:1'].map(
      standard,
    ),
    [86_400_000n, 1987n, 1900n, 1000n, null, 1000n],
  );
});
