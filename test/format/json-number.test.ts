import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { format } from '#src/format/json.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, BOOLEAN, DECIMAL, DOUBLE, INT, ROW, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { decodeAll } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

const columns = flatten({
  fields: [
    { name: 'd', type: DOUBLE() },
    { name: 'm', type: DECIMAL(6, 3) },
    { name: 'w', type: DECIMAL(18, 11) },
    { name: 'n', type: BIGINT() },
    { name: 'i', type: INT() },
  ],
});

/** The unscaled DECIMAL, rounded half up; null when it does not fit. */
function decimal(text: string, precision: number, scale: number): bigint | null {
  const [, sign, whole, fraction = '', e = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE](-?\d+))?$/.exec(text)!;
  const places = Number(e) - fraction.length + scale;
  const digits = BigInt(whole + fraction);
  const v = places >= 0 ? digits * 10n ** BigInt(places) : (digits + 5n * 10n ** BigInt(-places - 1)) / 10n ** BigInt(-places);
  if (v >= 10n ** BigInt(precision)) return null;
  return sign === '-' ? -v : v;
}

const digits = (min: number, max: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const number = fc
  .tuple(fc.constantFrom('', '', '-'), digits(1, 9), digits(0, 16), fc.constantFrom('', '', '', 'e1', 'E-2'))
  .map(([sign, whole, fraction, e]) => {
    return `${sign}${whole.replace(/^0+(?=\d)/, '')}${fraction === '' ? '' : `.${fraction}`}${e}`;
  });

const integer = (max: number): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom('', '-'), digits(1, max)).map(([sign, whole]) => `${sign}${whole.replace(/^0+(?=\d)/, '')}`);

test('numbers with decimals are the doubles JSON.parse gives and decimals rounded half up, whatever the order of keys', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number, number, integer(18), integer(9)), { minLength: 30, maxLength: 60 }), fc.boolean(), (rows, ordered) => {
      const r = new Prng(7);
      const line = (fields: string[]): string => {
        const order = ordered ? fields : fields.map((f) => [r.next(), f] as const).sort((a, b) => a[0] - b[0]);
        return `{${order.map((f) => (typeof f === 'string' ? f : f[1])).join(',')}}`;
      };
      const text = rows.map(([d, m, w, n, i]) => line([`"d":${d}`, `"x":${d}`, `"m":${m}`, '"y":"z"', `"w":${w}`, `"n":${n}`, `"i":${i}`])).join('\n');
      const engine = new Engine();
      const got = decodeAll(engine, format.createDecoder(engine, {}, columns), new TextEncoder().encode(text), columns);
      rows.forEach(([d, m, w, n, small], i) => {
        assert.ok(Object.is(got[i].d, Number(d)), `${d}: ${String(got[i].d)}`);
        assert.equal(got[i].m, decimal(m, 6, 3), m);
        assert.equal(got[i].w, decimal(w, 18, 11), w);
        assert.equal(got[i].n, BigInt(n), n);
        assert.equal(got[i].i, Number(small) + 0, small);
      });
    }),
    { numRuns: 80 },
  );
});

const kinds = flatten({
  fields: [
    { name: 'd', type: DOUBLE() },
    { name: 'b', type: BOOLEAN() },
    { name: 'i', type: INT() },
    { name: 'm', type: DECIMAL(6, 3) },
    { name: 's', type: STRING() },
    {
      name: 'o',
      type: ROW([
        { name: 'd', type: DOUBLE() },
        { name: 'b', type: BOOLEAN() },
        { name: 'i', type: INT() },
      ]),
    },
  ],
});
/** A double as JavaScript writes it, and digits enough for more than 64 bits. */
const long = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((d) => JSON.stringify(d)),
  fc.double({ noNaN: true, min: 0, max: 1 }).map((d) => JSON.stringify(d)),
  fc
    .tuple(fc.constantFrom('', '-'), digits(1, 21), digits(0, 21))
    .map(([sign, whole, fraction]) => `${sign}${whole.replace(/^0+(?=\d)/, '')}${fraction === '' ? '' : `.${fraction}`}`),
);
const literal = fc.constantFrom('true', 'false', 'null');
const orNull = (text: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof({ weight: 3, arbitrary: text }, fc.constant('null'));
const fields = fc.record({
  d: orNull(long),
  b: literal,
  i: orNull(integer(9)),
  m: orNull(fc.constantFrom('1', '-2.5', '0.125')),
  s: fc.constantFrom('null', 'true', 'false', '"null"', '12'),
  o: orNull(fc.record({ d: orNull(long), b: literal, i: orNull(integer(9)) }).map((o) => `{"d":${o.d},"b":${o.b},"x":${o.b},"i":${o.i}}`)),
});

test('long doubles and literals are what JSON.parse gives, at the top and nested, in any order of keys', () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 40, maxLength: 60 }), fc.boolean(), fc.constantFrom('', '', ' '), (rows, ordered, space) => {
      const r = new Prng(9);
      const lines = rows.map((row) => {
        const texts = [...Object.entries(row), ['x', row.b]].map(([k, v]) => `"${k}":${v}${space}`);
        return `{${(ordered ? texts : texts.sort(() => r.next() - 0.5)).join(',')}}`;
      });
      const engine = new Engine();
      const got = decodeAll(engine, format.createDecoder(engine, {}, kinds), new TextEncoder().encode(lines.join('\n')), kinds);
      assert.equal(got.length, rows.length);
      lines.forEach((line, k) => {
        type Values = { d: number | null; b: boolean | null; i: number | null };
        const want = JSON.parse(line) as Values & { s: unknown; o: Values | null };
        const m = rows[k].m === 'null' ? null : decimal(rows[k].m, 6, 3);
        const s = want.s === null || typeof want.s === 'string' ? want.s : String(want.s);
        const values = ({ d, b, i }: Values): Values => ({ d, b, i: i === null ? null : i + 0 });
        assert.deepEqual(got[k], { ...values(want), m, s, o: want.o === null ? null : values(want.o) }, line);
        assert.ok(Object.is(got[k].d, want.d), line);
      });
    }),
    { numRuns: 100 },
  );
});
