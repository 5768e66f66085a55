import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runOperator } from '#src/contract/harness.js';
import type { AggregateCall, WindowAggregateConfig } from '#src/contract/nodes.js';
import { formatDecimal, parseDecimal } from '#src/types/decimal.js';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INT,
  type LogicalType,
  SMALLINT,
  STRING,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  TINYINT,
} from '#src/types/logical.js';
import { operator } from '#src/window/aggregate.js';

interface Kind {
  readonly type: LogicalType;
  readonly value: fc.Arbitrary<unknown>;
  readonly less: (a: never, b: never) => boolean;
  /** result types of SUM and AVG by Flink's rules; none where they are not defined */
  readonly sum?: LogicalType;
  readonly avg?: LogicalType;
}

const plain = (a: never, b: never): boolean => a < b;
const int = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const decimal = (precision: number, scale: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }).map((u) => formatDecimal(u, scale));
const decimalLess =
  (scale: number) =>
  (a: string, b: string): boolean =>
    unscaled(a, scale) < unscaled(b, scale);
const unscaled = (text: string, scale: number): bigint => parseDecimal(text, 38, scale)!;
const textLess = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
const two = (n: number): string => String(n).padStart(2, '0');

const KINDS: Readonly<Record<string, Kind>> = {
  TINYINT: { type: TINYINT(), value: int(8), less: plain, sum: TINYINT(), avg: TINYINT() },
  SMALLINT: { type: SMALLINT(), value: int(16), less: plain, sum: SMALLINT(), avg: SMALLINT() },
  INT: { type: INT(), value: int(32), less: plain, sum: INT(), avg: INT() },
  BIGINT: { type: BIGINT(), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), less: plain, sum: BIGINT(), avg: BIGINT() },
  FLOAT: {
    type: FLOAT(),
    value: fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }).map((x) => x + 0),
    less: plain,
    sum: FLOAT(),
    avg: FLOAT(),
  },
  DOUBLE: {
    type: DOUBLE(),
    value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((x) => x + 0),
    less: plain,
    sum: DOUBLE(),
    avg: DOUBLE(),
  },
  'DECIMAL(5, 1)': { type: DECIMAL(5, 1), value: decimal(5, 1), less: decimalLess(1), sum: DECIMAL(38, 1), avg: DECIMAL(38, 6) },
  'DECIMAL(25, 3)': { type: DECIMAL(25, 3), value: decimal(25, 3), less: decimalLess(3), sum: DECIMAL(38, 3), avg: DECIMAL(38, 6) },
  DATE: {
    type: DATE(),
    value: fc.tuple(fc.integer({ min: 1000, max: 9999 }), fc.integer({ min: 1, max: 12 })).map(([y, m]) => `${y}-${two(m)}-17`),
    less: plain,
  },
  TIME: {
    type: TIME(),
    value: fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([h, m]) => `${two(h)}:${two(m)}:07`),
    less: plain,
  },
  'TIMESTAMP(3)': { type: TIMESTAMP(3), value: fc.integer({ min: -1e12, max: 1e13 }), less: plain },
  'TIMESTAMP_LTZ(3)': { type: TIMESTAMP_LTZ(3), value: fc.integer({ min: -1e12, max: 1e13 }), less: plain },
  STRING: { type: STRING(), value: fc.string({ unit: 'grapheme', maxLength: 20 }), less: textLess },
  BOOLEAN: { type: BOOLEAN(), value: fc.boolean(), less: plain },
};

function callsOf(kind: Kind): AggregateCall[] {
  const calls: AggregateCall[] = [];
  for (const distinct of [false, true]) {
    for (const filter of [undefined, 1]) {
      const more = { arg: 0, distinct, ...(filter === undefined ? {} : { filter }) };
      calls.push({ fn: 'count', ...more, type: BIGINT(false) }, { fn: 'min', ...more, type: kind.type }, { fn: 'max', ...more, type: kind.type });
      if (kind.sum !== undefined) calls.push({ fn: 'sum', ...more, type: kind.sum });
      if (kind.avg !== undefined) calls.push({ fn: 'avg', ...more, type: kind.avg });
    }
  }
  return calls;
}

type Rec = readonly [value: unknown, filter: boolean | null];

/** One call over one group's rows, as Flink computes it. */
function expected(call: AggregateCall, kind: Kind, rows: readonly Rec[]): unknown {
  let values = rows.filter((r) => (call.filter === undefined || r[1] === true) && r[0] !== null).map((r) => r[0]);
  if (call.distinct) values = [...new Map(values.map((v) => [String(v), v])).values()];
  if (call.fn === 'count') return BigInt(values.length);
  if (values.length === 0) return null;
  const less = kind.less as (a: unknown, b: unknown) => boolean;
  if (call.fn === 'min') return values.reduce((a, b) => (less(b, a) ? b : a));
  if (call.fn === 'max') return values.reduce((a, b) => (less(a, b) ? b : a));
  const { type } = kind;
  if (type.root === 'DECIMAL') {
    const sum = values.reduce<bigint>((a, v) => a + unscaled(v as string, type.scale), 0n);
    if (call.fn === 'sum') return formatDecimal(sum, type.scale);
    const scaled = sum * 10n ** BigInt(6 - type.scale);
    const n = BigInt(values.length);
    const abs = ((scaled < 0n ? -scaled : scaled) * 2n + n) / (n * 2n);
    return formatDecimal(scaled < 0n ? -abs : abs, 6);
  }
  if (type.root === 'FLOAT') {
    if (call.fn === 'sum') return (values as number[]).reduce((a, v) => Math.fround(a + v));
    return Math.fround((values as number[]).reduce((a, v) => a + v, 0) / values.length);
  }
  if (type.root === 'DOUBLE') return (values as number[]).reduce((a, v) => a + v) / (call.fn === 'sum' ? 1 : values.length);
  const bits = { TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64 }[type.root as 'BIGINT'];
  const sum = values.reduce<bigint>((a, v) => a + BigInt(v as number), 0n);
  const result = call.fn === 'sum' ? BigInt.asIntN(bits, sum) : BigInt.asIntN(bits, BigInt.asIntN(64, sum) / BigInt(values.length));
  return bits === 64 ? result : Number(result);
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`aggregates of ${name}`, () => {
    const calls = callsOf(kind);
    const input = [
      { path: ['v'], type: kind.type },
      { path: ['f'], type: BOOLEAN() },
      { path: ['ts'], type: TIMESTAMP(3, false) },
      { path: ['k'], type: INT(false) },
    ];
    const few = fc.uniqueArray(kind.value, { minLength: 1, maxLength: 4, selector: String });
    const row = (values: readonly unknown[]): fc.Arbitrary<[unknown, boolean | null, number, number]> =>
      fc.tuple(
        fc.oneof(fc.constantFrom(...values), kind.value, fc.constant(null)),
        fc.constantFrom(true, false, null),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 1, 2),
      );
    for (const keys of [[], [3]]) {
      const output = [
        ...(keys.length === 0 ? [] : [{ path: ['k'], type: INT(false) }]),
        ...calls.map((c, i) => ({ path: [`c${i}`], type: c.type })),
        { path: ['start'], type: TIMESTAMP(3, false) },
      ];
      const config: WindowAggregateConfig = {
        // slices of 1 ms in windows of 2: half of the windows merge
        window: { type: 'hop', sizeMs: 2, slideMs: 1, offsetMs: 0 },
        time: 'rowtime',
        timeColumn: 2,
        timeZone: 'UTC',
        keys,
        calls,
        windowOutputs: ['start'],
      };
      fc.assert(
        fc.property(
          few.chain((values) => fc.array(row(values), { minLength: 1, maxLength: 30 })),
          (rows) => {
            // floating sums depend on the order, and a window adds its later slice first or last: compare whole windows of one slice only
            const exact = kind.type.root === 'FLOAT' || kind.type.root === 'DOUBLE';
            const got = runOperator(operator, config, [{ rows }, { end: true }], { inputs: [input], output });
            for (const r of got.rows) {
              const start = r.start as number;
              const group = rows.filter((x) => (keys.length === 0 || x[3] === r.k) && x[2] >= start && x[2] < start + 2).map((x) => [x[0], x[1]] as const);
              if (exact && start === 0) continue;
              calls.forEach(
                (c, i) =>
                  void assert.deepEqual(
                    r[`c${i}`],
                    expected(c, kind, group),
                    `${c.fn}${c.distinct ? ' distinct' : ''}${c.filter === undefined ? '' : ' filter'}`,
                  ),
              );
            }
            const windows = new Set(rows.flatMap((x) => [`${keys.length === 0 ? '' : x[3]}/${x[2]}`, `${keys.length === 0 ? '' : x[3]}/${x[2] - 1}`]));
            assert.equal(got.rows.length, windows.size);
          },
        ),
        { numRuns: 25 },
      );
    }
  });
}

test('DECIMAL overflow: SUM is NULL and starts anew, AVG stays NULL', () => {
  const big = '99999999999999999999999999999999999999';
  const input = [
    { path: ['v'], type: DECIMAL(38, 0) },
    { path: ['ts'], type: TIMESTAMP(3, false) },
  ];
  const calls: AggregateCall[] = [
    { fn: 'sum', arg: 0, distinct: false, type: DECIMAL(38, 0) },
    { fn: 'avg', arg: 0, distinct: false, type: DECIMAL(38, 6) },
  ];
  const output = calls.map((c, i) => ({ path: [`c${i}`], type: c.type }));
  const config: WindowAggregateConfig = {
    window: { type: 'tumble', sizeMs: 10, offsetMs: 0 },
    time: 'rowtime',
    timeColumn: 1,
    timeZone: 'UTC',
    keys: [],
    calls,
    windowOutputs: [],
  };
  const run = (...values: string[]): Record<string, unknown> =>
    runOperator(operator, config, [{ rows: values.map((v) => [v, 0]) }, { end: true }], { inputs: [input], output }).rows[0];
  assert.deepEqual(run(big), { c0: big, c1: null });
  assert.deepEqual(run(big, '1'), { c0: null, c1: null });
  assert.deepEqual(run(big, '1', '5'), { c0: '5', c1: null });
  assert.deepEqual(run(`-${big}`, '1'), { c0: '-99999999999999999999999999999999999998', c1: null });
  assert.deepEqual(run('1', '2', '2'), { c0: '5', c1: '1.666667' });
  assert.deepEqual(run('-1', '-2', '-2'), { c0: '-5', c1: '-1.666667' });
  // the digits behind the point carry over 64 bits
  assert.deepEqual(run('55340232221129', '0', '0'), { c0: '55340232221129', c1: '18446744073709.666667' });
});
