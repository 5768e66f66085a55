import fc from 'fast-check';
import { flatten } from '#src/types/leaf.js';
import * as t from '#src/types/logical.js';

/** Every type, and rows of all of them. */
export const FIELDS = [
  { name: 'bool', type: t.BOOLEAN() },
  { name: 'i8', type: t.TINYINT() },
  { name: 'i16', type: t.SMALLINT() },
  { name: 'i32', type: t.INT() },
  { name: 'i64', type: t.BIGINT() },
  { name: 'f32', type: t.FLOAT() },
  { name: 'f64', type: t.DOUBLE() },
  { name: 'dec', type: t.DECIMAL(10, 2) },
  { name: 'big', type: t.DECIMAL(38, 9) },
  { name: 'text', type: t.STRING() },
  { name: 'bytes', type: { root: 'VARBINARY', length: 100, nullable: true } as const },
  { name: 'date', type: t.DATE() },
  { name: 'time', type: t.TIME(3) },
  { name: 'ts', type: t.TIMESTAMP(3) },
  { name: 'ts6', type: t.TIMESTAMP(6) },
  {
    name: 'nested',
    type: t.ROW([
      { name: 'a', type: t.INT(false) },
      { name: 'b', type: t.ROW([{ name: 'c', type: t.STRING() }]) },
    ]),
  },
  { name: 'any', type: t.ANY() },
];
export const LEAVES = flatten({ fields: FIELDS });

const PLAIN = { noNullPrototype: true };
const or = <T>(a: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(a, { nil: null });
const unscaled = (digits: number, scale: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: -(10n ** BigInt(digits)) + 1n, max: 10n ** BigInt(digits) - 1n }).map((n) => {
    const s = (n < 0n ? -n : n).toString().padStart(scale + 1, '0');
    return `${n < 0n ? '-' : ''}${s.slice(0, -scale)}.${s.slice(-scale)}`;
  });
export const rowArb = fc.record(
  {
    bool: or(fc.boolean()),
    i8: or(fc.integer({ min: -128, max: 127 })),
    i16: or(fc.integer({ min: -32768, max: 32767 })),
    i32: or(fc.integer()),
    i64: or(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    f32: or(fc.float()),
    f64: or(fc.double()),
    dec: or(unscaled(10, 2)),
    big: or(unscaled(38, 9)),
    text: or(fc.string({ unit: 'grapheme', maxLength: 40 })),
    bytes: or(fc.uint8Array({ maxLength: 40 })),
    date: or(fc.integer({ min: -100000, max: 100000 }).map((d) => new Date(d * 86400000).toISOString().slice(0, 10))),
    time: or(fc.integer({ min: 0, max: 86399999 }).map((ms) => new Date(ms).toISOString().slice(11, 23).replace('.000', ''))),
    ts: or(fc.integer({ min: -1e12, max: 4e12 })),
    ts6: or(fc.bigInt({ min: -(10n ** 15n), max: 4n * 10n ** 15n })),
    nested: or(fc.record({ a: fc.integer(), b: or(fc.record({ c: or(fc.string()) }, PLAIN)) }, PLAIN)),
    any: or(fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.integer(), PLAIN))),
  },
  PLAIN,
);
