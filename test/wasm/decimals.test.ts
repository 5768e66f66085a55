import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FunctionName } from '#src/types/expr.js';
import { BIGINT, DECIMAL, DOUBLE, FLOAT, INT, type LogicalType, STRING } from '#src/types/logical.js';
import { floatText } from '#src/connect/print/text.js';
import { formatDecimal } from '#src/wasm/describe.js';
import { halfUp } from './model.js';
import { calc, call, col, evaluate, lit } from './support.js';

type Decimal = Extract<LogicalType, { root: 'DECIMAL' }>;
const ten = (n: number): bigint => 10n ** BigInt(n);

const anyType = fc.integer({ min: 1, max: 38 }).chain((p) => fc.integer({ min: 0, max: Math.min(p, 12) }).map((s) => DECIMAL(p, s) as Decimal));
/** Of any length up to the type's precision. */
const digitsOf = (t: Decimal) => fc.integer({ min: 1, max: t.precision }).chain((n) => fc.bigInt(1n - ten(n), ten(n) - 1n));
const operand = anyType.chain((type) => fc.tuple(fc.constant(type), digitsOf(type)));

/** BigDecimal: exact, but division first rounds to 38 significant digits; then setScale HALF_UP, NULL beyond the precision. */
function model(fn: FunctionName, a: bigint, ta: Decimal, b: bigint, tb: Decimal, to: Decimal): bigint | null {
  const s = Math.max(ta.scale, tb.scale);
  const [x, y] = [a * ten(s - ta.scale), b * ten(s - tb.scale)];
  const at = (v: bigint, scale: number): bigint => (scale <= to.scale ? v * ten(to.scale - scale) : halfUp(v, ten(scale - to.scale)));
  let r: bigint;
  if (fn === 'add') r = at(x + y, s);
  else if (fn === 'sub') r = at(x - y, s);
  else if (fn === 'mul') r = at(a * b, ta.scale + tb.scale);
  else if (fn === 'mod') r = at(x % y, s);
  else {
    // digits after the point such that the quotient has 38 digits
    let places = -80;
    while (
      halfUp(places < 0 ? x : x * ten(places), places < 0 ? y * ten(-places) : y)
        .toString()
        .replace('-', '').length < 38 &&
      places < 120
    )
      places++;
    const q = places < 0 ? halfUp(x, y * ten(-places)) : halfUp(x * ten(places), y);
    r = places < 0 ? q * ten(-places) * ten(to.scale) : at(q, places);
  }
  return r >= ten(to.precision) || r <= -ten(to.precision) ? null : r;
}

for (const fn of ['add', 'sub', 'mul', 'div', 'mod'] as const) {
  test(`${fn} of decimals of every size`, () => {
    fc.assert(
      fc.property(operand, operand, anyType, ([ta, a], [tb, b], to) => {
        fc.pre(b !== 0n || (fn !== 'div' && fn !== 'mod'));
        assert.equal(evaluate(call(fn, to, col(0, ta), col(1, tb)), [ta, tb], [a, b]), model(fn, a, ta, b, tb, to));
      }),
      { numRuns: 250 },
    );
  });
}

test('casts between decimals, to text and back', () => {
  fc.assert(
    fc.property(operand, anyType, ([from, v], to) => {
      const scaled = to.scale >= from.scale ? v * ten(to.scale - from.scale) : halfUp(v, ten(from.scale - to.scale));
      const expected = scaled >= ten(to.precision) || scaled <= -ten(to.precision) ? null : scaled;
      const text = call('cast', STRING(), col(0, from));
      const out = calc({ project: [call('cast', to, col(0, from)), text, call('tryCast', from, text)] }, [from], [[v]]).rows[0].values;
      const printed = formatDecimal(v, from.scale);
      const short = from.precision <= 18 && printed.length <= 18;
      assert.deepEqual(out, [expected, printed, short ? shortDecimal(printed, from) : v]);
    }),
    { numRuns: 250 },
  );
});

/** Flink's reading of text of at most 18 bytes as a DECIMAL of at most 18 digits: leading zeros count, the character that ends the number is taken with it. */
function shortDecimal(text: string, to: Decimal): bigint | null {
  const m = /^[ \n\t]*([-+]?)((?:\d*\.?\d*))(.*)$/s.exec(text)!;
  if (/^[ \n\t]*[-+]?$/.test(text)) return null;
  const [whole, fraction = ''] = m[2].split('.');
  let rest = m[3];
  let exponent = 0;
  if (rest.startsWith('.')) return null;
  const e = /^[eE]([-+]?)(\d*)/.exec(rest);
  if (e !== null && rest.length > 1) {
    rest = rest.slice(e[0].length);
    if (e[1] !== '' && e[2] === '' && rest === '') return null;
    exponent = Number(`${e[1]}${e[2] || '0'}`);
  }
  rest = rest.slice(1);
  if (/[^ \n\t]/.test(rest)) return null;
  const change = exponent - fraction.length + to.scale;
  const n = BigInt(`${whole}${fraction}` || '0');
  if (whole.length + fraction.length + change > to.precision || change < -18) return null;
  const v = change >= 0 ? n * ten(change) : halfUp(n, ten(-change));
  return m[1] === '-' ? -v : v;
}

/** Unscaled digits and their places, as the number prints. */
function printed(v: number): [bigint, number] {
  const [mantissa, exponent] = v.toExponential().split('e');
  const [whole, fraction = ''] = mantissa.split('.');
  return [BigInt(whole + fraction), fraction.length - Number(exponent)];
}
const double = fc.oneof(
  fc.tuple(fc.integer({ min: -99999999, max: 99999999 }), fc.integer({ min: -3, max: 12 })).map(([n, s]) => Number(`${n}e${-s}`)),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

test('ROUND of a double rounds the decimal that it prints as', () => {
  fc.assert(
    fc.property(double, fc.integer({ min: -20, max: 25 }), (v, digits) => {
      const [n, places] = printed(v);
      const expected = places <= digits ? v : Number(`${halfUp(n, ten(Math.min(places - digits, 400)))}e${-digits}`);
      const out = evaluate(call('round', DOUBLE(), col(0, DOUBLE()), lit(digits, INT(false))), [DOUBLE()], [v]);
      assert.ok(Object.is(out, expected) || (out === 0 && expected === 0), `${v} to ${digits}: ${out}, not ${expected}`);
    }),
    { numRuns: 1500 },
  );
  for (const v of [Number.NaN, Number.POSITIVE_INFINITY, 0, -0])
    assert.ok(Object.is(evaluate(call('round', DOUBLE(), col(0, DOUBLE())), [DOUBLE()], [v]), v + 0), 'no -0');
});

test('ROUND, FLOOR and CEIL of decimals, whole numbers of them', () => {
  const down = (v: bigint, unit: bigint): bigint => (v - (((v % unit) + unit) % unit)) / unit;
  fc.assert(
    fc.property(operand, fc.integer({ min: -3, max: 13 }), anyType, ([from, v], digits, to) => {
      const kept = digits < from.scale ? halfUp(v, ten(from.scale - digits)) * ten(from.scale - digits) : v;
      const scaled = to.scale >= from.scale ? kept * ten(to.scale - from.scale) : halfUp(kept, ten(from.scale - to.scale));
      const expected = scaled >= ten(to.precision) || scaled <= -ten(to.precision) ? null : scaled;
      assert.equal(evaluate(call('round', to, col(0, from), lit(digits, INT(false))), [from], [v]), expected);
      const whole = DECIMAL(38, 0);
      const floor = down(v, ten(from.scale));
      const rest = v % ten(from.scale) !== 0n;
      assert.equal(evaluate(call('floor', whole, col(0, from)), [from], [v]), floor);
      assert.equal(evaluate(call('ceil', whole, col(0, from)), [from], [v]), rest ? floor + 1n : floor);
      assert.equal(evaluate(call('cast', BIGINT(), col(0, from)), [from], [v]), BigInt.asIntN(64, v / ten(from.scale)));
    }),
    { numRuns: 400 },
  );
});

test('whole numbers and doubles of decimals of many places', () => {
  for (const v of [123456789012345678901234567890123456n, -98765432109876543210n, 5n, 2n ** 64n, 0n]) {
    for (const scale of [18, 19, 20, 27, 28, 38]) {
      const from = DECIMAL(38, scale);
      assert.equal(evaluate(call('cast', BIGINT(), col(0, from)), [from], [v]), v / ten(scale));
      assert.equal(evaluate(call('cast', DOUBLE(), col(0, from)), [from], [v]), Number(`${v}e-${scale}`));
    }
  }
});

test('text becomes the nearest number', () => {
  const plain = fc
    .tuple(fc.bigInt(0n, ten(40)), fc.integer({ min: 0, max: 41 }), fc.constantFrom('', '-', '+'), fc.constantFrom('', 'e3', 'E-12', 'e+20', 'e-300'))
    .map(([n, point, sign, exponent]) => {
      const text = n.toString();
      return `${sign}${point > text.length ? text : `${text.slice(0, point)}.${text.slice(point)}`}${exponent}`;
    })
    .filter((t) => /\d/.test(t));
  const as = (type: LogicalType, text: string) => evaluate(call('tryCast', type, col(0, STRING())), [STRING()], [text]);
  fc.assert(
    fc.property(plain, fc.constantFrom('', ' ', '\t'), anyType, (text, blank, to) => {
      assert.equal(as(DOUBLE(), `${blank}${text}${blank}`), Number(text));
      assert.equal(as(FLOAT(), text), Math.fround(Number(text)));
      const m = /^([-+]?)(\d*)\.?(\d*)(?:e(.*))?$/i.exec(text)!;
      const places = m[3].length - Number(m[4] ?? 0);
      const n = BigInt(`${m[1] === '-' ? '-' : ''}${m[2]}${m[3]}`);
      const scaled = places <= to.scale ? n * ten(to.scale - places) : halfUp(n, ten(places - to.scale));
      const long = scaled >= ten(to.precision) || scaled <= -ten(to.precision) ? null : scaled;
      assert.equal(as(to, `${blank}${text}`), to.precision <= 18 && text.length + blank.length <= 18 ? shortDecimal(`${blank}${text}`, to) : long);
    }),
    { numRuns: 600 },
  );
  for (const bad of ['', '-', '.', 'e5', '1e', '1.2.3', '1 2', 'x', '0x10'])
    for (const type of [DOUBLE(), FLOAT(), DECIMAL(19, 2)]) assert.equal(as(type, bad), null, bad);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.eE+-x% '), maxLength: 18 }), anyType, (text, to) => {
      if (to.precision <= 18) assert.equal(as(to, text), shortDecimal(text, to), JSON.stringify(text));
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual(
    ['NaN', '-Infinity', '1d', '1.5f', '+7.'].map((t) => as(DOUBLE(), t)),
    [Number.NaN, Number.NEGATIVE_INFINITY, 1, 1.5, 7],
  );
});

test('a double becomes the decimal that it prints as', () => {
  const short = fc.tuple(fc.integer({ min: -999999, max: 999999 }), fc.integer({ min: 0, max: 8 })).map(([n, s]) => Number(`${n}e-${s}`));
  fc.assert(
    fc.property(fc.oneof(short, fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })), fc.integer({ min: 0, max: 6 }), (v, scale) => {
      const to = DECIMAL(15, scale) as Decimal;
      const [n, places] = printed(v);
      const scaled = places <= scale ? n * ten(scale - places) : halfUp(n, ten(places - scale));
      const expected = scaled >= ten(15) || scaled <= -ten(15) ? null : scaled;
      assert.equal(evaluate(call('cast', to, col(0, DOUBLE())), [DOUBLE()], [v]), expected);
    }),
    { numRuns: 400 },
  );
});

test('a decimal becomes the nearest double', () => {
  fc.assert(
    fc.property(operand, ([from, v]) => {
      assert.equal(evaluate(call('cast', DOUBLE(), col(0, from)), [from], [v]), Number(`${v}e-${from.scale}`));
    }),
    { numRuns: 250 },
  );
});

test('doubles print as Java prints them and read back', () => {
  const short = fc.tuple(fc.integer({ min: -99999999, max: 99999999 }), fc.integer({ min: -3, max: 12 })).map(([n, s]) => Number(`${n}e${-s}`));
  fc.assert(
    fc.property(fc.array(fc.oneof(short, fc.double({ noNaN: true })), { minLength: 1, maxLength: 20 }), (values) => {
      const text = call('cast', STRING(), col(0, DOUBLE()));
      const out = calc(
        { project: [text, call('cast', DOUBLE(), text)] },
        [DOUBLE()],
        values.map((v) => [v]),
      );
      out.rows.forEach((r, i) => {
        const v = values[i];
        assert.ok(Object.is(r.values[1], v), `${v} read back as ${r.values[1]}`);
        const printed = String(r.values[0]);
        const a = Math.abs(v);
        if (a >= 1e-3 && a < 1e7) assert.match(printed, /^-?\d+\.\d+$/);
        else if (Number.isFinite(v) && v !== 0) assert.match(printed, /^-?\d\.\d+E-?\d+$/);
        // as few digits as JavaScript needs, or the best two
        const digits = (s: string): string => s.replace(/[-+.]|e.*$/gi, '').replace(/^0+|0+$/g, '');
        const least = v.toExponential();
        if (Number.isFinite(v)) assert.equal(digits(printed), digits(least.includes('.') ? least : v.toExponential(1)));
      });
    }),
    { numRuns: 400 },
  );
});

test('products just beyond 128 bits are NULL, not what wraps around', () => {
  const whole = DECIMAL(38, 0);
  for (let k = 1; k <= 18; k++) {
    const unit = 2n ** 128n / ten(k);
    for (const v of [unit - 1n, unit, unit + 1n, unit + 2n, -unit - 1n])
      assert.equal(evaluate(call('cast', DECIMAL(38, k), col(0, whole)), [whole], [v]), null);
  }
});

test('floats print as Java prints them and read back', () => {
  const short = fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: -3, max: 12 })).map(([n, s]) => Math.fround(Number(`${n}e${-s}`)));
  const bits = fc.integer().map((n) => new Float32Array(Int32Array.of(n).buffer)[0]);
  fc.assert(
    fc.property(fc.oneof(short, bits, fc.float({ noNaN: true, min: 1, max: 1000 })), (v) => {
      const text = call('cast', STRING(), col(0, FLOAT()));
      const [printed, back] = calc({ project: [text, call('cast', FLOAT(), text)] }, [FLOAT()], [[v]]).rows[0].values;
      assert.equal(printed, floatText(v));
      assert.ok(Object.is(back, v) || Number.isNaN(v), `${v} read back as ${back}`);
    }),
    { numRuns: 1500 },
  );
});
