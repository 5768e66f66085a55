import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { format } from '#src/format/json.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, DECIMAL, DOUBLE, INT } from '#src/types/logical.js';
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
