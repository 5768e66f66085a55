import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBuilder } from '#src/batch/builder.js';
import { format } from '#src/format/json.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, DECIMAL, DOUBLE, type LogicalType, TIMESTAMP, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

fc.configureGlobal({ includeErrorInReport: true });

/** The texts of one column's values in order, as the encoder writes them after `{"v":`. */
function written(type: LogicalType, values: readonly unknown[], options: Readonly<Record<string, string>> = {}): string[] {
  const engine = new Engine();
  const leaves = flatten({ fields: [{ name: 'v', type }] });
  const builder = createBuilder(engine, leaves, { capacity: values.length });
  for (const v of values) builder.append({ v });
  const out = format.createEncoder(engine, options, leaves).encodeLines(builder.finish());
  const text = new TextDecoder().decode(engine.u8.slice(out.ptr, out.ptr + out.length));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => /^\{"v":"?(.*?)"?\}$/.exec(line)![1]);
}

/** Values of every length of digits. */
const digits = (bits: number): fc.Arbitrary<bigint> =>
  fc.tuple(fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }), fc.nat(bits - 1)).map(([v, shift]) => v >> BigInt(shift));

test('whole numbers of any length', () => {
  fc.assert(
    fc.property(fc.array(digits(64), { minLength: 1, maxLength: 50 }), (values) => {
      assert.deepEqual(written(BIGINT(), values), values.map(String));
    }),
    { numRuns: 100 },
  );
  const edges = Array.from({ length: 19 }, (_, k) => 10n ** BigInt(k)).flatMap((p) => [p - 1n, p, p + 1n, -p]);
  assert.deepEqual(written(BIGINT(), edges), edges.map(String));
});

/** BigDecimal.toPlainString */
function plain(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const d = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return scale === 0 ? sign + d : `${sign}${d.slice(0, -scale)}.${d.slice(-scale)}`;
}

test('decimals in plain form have all digits of their scale; else they read back as the same number, in as few digits', () => {
  fc.assert(
    fc.property(fc.nat(10), fc.constantFrom(18, 38), fc.array(digits(59), { minLength: 1, maxLength: 30 }), (scale, precision, unscaled) => {
      const texts = unscaled.map((v) => plain(v, scale));
      assert.deepEqual(written(DECIMAL(precision, scale), texts, { 'encode.decimal-as-plain-number': 'true' }), texts);
      written(DECIMAL(precision, scale), texts).forEach((t, i) => {
        assert.equal(Number(t), Number(texts[i]));
        const significant = (s: string): string => s.replace(/E.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
        assert.equal(significant(t), significant(texts[i]));
        if (t.includes('.')) assert.doesNotMatch(t, /\.\d*0$/);
      });
    }),
    { numRuns: 150 },
  );
});

test('doubles of a few decimals read back as themselves, at their shortest, as Java lays them out', () => {
  const value = fc.tuple(fc.integer({ min: -1e11, max: 1e11 }), fc.nat(6), fc.nat(36)).map(([n, k, shift]) => Math.trunc(n / 2 ** shift) / 10 ** k);
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
      written(DOUBLE(), values).forEach((t, i) => {
        const v = values[i];
        assert.ok(Object.is(Number(t), v), `${t} for ${v}`);
        if (v !== 0 && Math.abs(v) >= 1e-3 && Math.abs(v) < 1e7) assert.equal(t, Number.isInteger(v) ? `${v}.0` : String(v));
        else if (v !== 0) assert.match(t, /^-?\d\.\d+E-?\d+$/);
      });
    }),
    { numRuns: 200 },
  );
});

test('timestamps that share a value, a minute or nothing with the one before', () => {
  const base = fc.constantFrom(0n, -1n, 59_999n, 1_700_000_000_000n, -62_135_596_800_001n, 253_402_300_799_999n, 400_000_000_000_000n, -70_000_000_000_000n);
  const step = fc.constantFrom(0n, 1n, 999n, 1000n, 59_999n, 60_000n, 86_400_000n);
  fc.assert(
    fc.property(fc.array(fc.tuple(base, step), { minLength: 1, maxLength: 30 }), fc.boolean(), fc.constantFrom(0, 3, 6), (pairs, iso, precision) => {
      const unit = precision === 6 ? 1000n : 1n;
      const ms = pairs.map(([b, s]) => b + s);
      const values = ms.map((v) => v * unit);
      const expected = ms.map((v) => javaTime(v, iso));
      const options = { 'timestamp-format.standard': iso ? 'ISO-8601' : 'SQL' };
      assert.deepEqual(written(TIMESTAMP(precision), values, options), expected);
      assert.deepEqual(
        written(TIMESTAMP_LTZ(precision), values, options),
        expected.map((t) => `${t}Z`),
      );
    }),
    { numRuns: 150 },
  );
});

/** As java.time prints a local date and time with a fraction of 0 to 9 digits. */
function javaTime(ms: bigint, iso: boolean): string {
  const d = new Date(Number(ms));
  const y = d.getUTCFullYear();
  const year = `${y < 0 ? '-' : y > 9999 ? '+' : ''}${String(Math.abs(y)).padStart(4, '0')}`;
  const rest = d
    .toISOString()
    .replace(/^[+-]?\d+/, '')
    .replace('Z', '')
    .replace(/\.(\d*?)0+$/, (_, kept: string) => (kept === '' ? '' : `.${kept}`));
  return year + (iso ? rest : rest.replace('T', ' '));
}
