import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import { format } from '#src/format/json.js';
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INT, ROW, STRING } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';
import { cell, decodeAll, decodeEach, pick, pin, rowObject } from './harness.js';

fc.configureGlobal({ includeErrorInReport: true });

const leaves = flatten({
  fields: [
    { name: 'id', type: STRING() },
    { name: 'n', type: BIGINT() },
    { name: 'price', type: DOUBLE() },
    { name: 'ok', type: BOOLEAN() },
    { name: 'größe', type: STRING() },
    {
      name: 'nested',
      type: ROW([
        { name: 'x', type: INT() },
        { name: 'a_rather_long_field_name', type: STRING() },
      ]),
    },
  ],
});
const KEYS = ['id', 'n', 'price', 'ok', 'größe', 'nested', 'skipped', 'page_id', 'z', 'tags', 'id2'];

const ALPHABETS = ['abcdefghijklmnop0123456789-', 'ab"\\/\b\f\n\r\t\u0001\u001f', 'aé日本𝒳😀\u2028\u007f', ' {}[],:'];

function text(r: Prng): string {
  const alphabet = r.below(3) > 0 ? ALPHABETS[0] : pick(r, ALPHABETS);
  const chars = [...alphabet];
  return Array.from({ length: pick(r, [0, 1, 3, 9, 15, 16, 17, 31, 32, 33, 36, 70]) }, () => pick(r, chars)).join('');
}

function value(r: Prng, key: string, depth = 0): unknown {
  if (r.below(12) === 0) return null;
  switch (key) {
    case 'id':
    case 'größe':
    case 'a_rather_long_field_name':
      return text(r);
    case 'n':
      return r.below(2) === 0 ? r.below(1000) : r.below(2 ** 52) * (r.below(2) ? 1 : -1);
    case 'x':
      return r.below(2 ** 31) * (r.below(2) ? 1 : -1);
    case 'price':
      return r.below(2) === 0 ? r.below(100000) / 100 : (r.next() - 0.5) * 10 ** (r.below(600) - 300);
    case 'ok':
      return r.below(2) === 0;
    case 'nested': {
      const o: Record<string, unknown> = {};
      for (const k of shuffled(r, ['x', 'other', 'a_rather_long_field_name'])) if (r.below(4) > 0) o[k] = value(r, k);
      return o;
    }
    default:
      switch (r.below(depth > 3 ? 3 : 6)) {
        case 0:
          return text(r);
        case 1:
          return r.below(2) === 0 ? r.next() * 1e9 : r.below(1e6);
        case 2:
          return r.below(2) === 0;
        case 3:
          return Array.from({ length: r.below(4) }, () => value(r, 'any', depth + 1));
        default:
          return Object.fromEntries(Array.from({ length: r.below(4) }, (_, i) => [`${text(r)}${i}`, value(r, 'any', depth + 1)]));
      }
  }
}

function shuffled<T>(r: Prng, list: readonly T[]): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

interface Style {
  /** 1 in `escape` characters is written as \uXXXX; 0 = only where needed */
  escape: number;
  space: boolean;
  /** newlines among the white space */
  lines: boolean;
}

function quoted(r: Prng, s: string, style: Style): string {
  if (style.escape === 0) return JSON.stringify(s);
  let out = '"';
  for (let i = 0; i < s.length; i++) {
    const unit = s.charCodeAt(i);
    if (r.below(style.escape) === 0 || (unit >= 0xd800 && unit < 0xe000)) out += `\\u${unit.toString(16).padStart(4, '0')}`;
    else out += s[i] === '/' && r.below(2) === 0 ? '\\/' : JSON.stringify(s[i]).slice(1, -1);
  }
  return `${out}"`;
}

function number(r: Prng, n: number): string {
  const plain = JSON.stringify(n);
  if (r.below(6) > 0) return plain;
  if (Number.isInteger(n) && Math.abs(n) < 2 ** 53) return plain;
  return r.below(2) === 0 ? n.toExponential() : n.toPrecision(17).replace(/e\+?/, pick(r, ['e', 'E']));
}

function write(r: Prng, v: unknown, style: Style): string {
  const gap = (): string => (style.space ? pick(r, ['', ' ', '\t', '  ', '\r', ...(style.lines ? ['\n', ' \n '] : [])]) : '');
  if (typeof v === 'string') return quoted(r, v, style);
  if (typeof v === 'number') return number(r, v);
  if (v === null || typeof v === 'boolean') return String(v);
  if (Array.isArray(v)) return `[${gap()}${v.map((e) => write(r, e, style) + gap()).join(`,${gap()}`)}]`;
  const fields = Object.entries(v as object).map(([k, e]) => `${quoted(r, k, style)}${gap()}:${gap()}${write(r, e, style)}${gap()}`);
  return `{${gap()}${fields.join(`,${gap()}`)}}`;
}

/** Records of a few recurring shapes with a stranger now and then: what the fast path learns and what it must leave alone. */
function records(r: Prng, count: number, lines: boolean): string[] {
  const shapes = Array.from({ length: 1 + r.below(10) }, () => {
    const keys = shuffled(r, KEYS).slice(0, 1 + r.below(KEYS.length));
    const style: Style = { escape: r.below(4) === 0 ? 3 : 0, space: r.below(4) === 0, lines };
    return { keys, style, optional: r.below(3) === 0 };
  });
  return Array.from({ length: count }, () => {
    const shape = pick(r, shapes);
    const o: Record<string, unknown> = {};
    const keys = r.below(30) === 0 ? shuffled(r, KEYS) : shape.keys;
    for (const k of keys) if (!shape.optional || r.below(4) > 0) o[k] = value(r, k);
    return write(r, o, shape.style);
  });
}

/** What the columns must hold, by JSON.parse. */
function expected(line: string): Record<string, unknown> {
  const o = JSON.parse(line) as Record<string, unknown>;
  const nested = o.nested as Record<string, unknown> | null | undefined;
  return {
    id: o.id ?? null,
    n: o.n === undefined || o.n === null ? null : BigInt(o.n as number),
    price: o.price ?? null,
    ok: o.ok ?? null,
    größe: o.größe ?? null,
    nested: nested === undefined || nested === null ? null : { x: nested.x ?? null, a_rather_long_field_name: nested.a_rather_long_field_name ?? null },
  };
}

test('lines of recurring shapes read as JSON.parse reads them, across batch boundaries', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 70 }), fc.boolean(), (seed, capacity, last) => {
      const r = new Prng(seed);
      const lines = records(r, 150, false);
      const engine = new Engine();
      const decoder = format.createDecoder(engine, {}, leaves);
      const ends = lines.map((l) => l + pick(r, ['\n', '\n', '\n\n', '\r\n']));
      if (last) ends[ends.length - 1] = lines[lines.length - 1];
      const rows = decodeAll(engine, decoder, new TextEncoder().encode(ends.join('')), leaves, capacity);
      assert.equal(rows.length, lines.length);
      lines.forEach((l, i) => {
        assert.deepEqual(rows[i], expected(l), l);
      });
    }),
    { numRuns: 60 },
  );
});

test('records whose keys come in any order read as JSON.parse reads them, blanks, duplicates and strange keys among them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), fc.integer({ min: 0, max: 90 }), (seed, python, strangers) => {
      const r = new Prng(seed);
      const more = Array.from({ length: strangers }, (_, i) => `${text(r).slice(0, 15)}${i}`);
      const lines = Array.from({ length: 250 }, () => {
        const keys = shuffled(r, [...KEYS, ...more]).slice(0, 12);
        if (!keys.includes('n')) keys.push('n');
        const fields = [...keys, ...(r.below(8) === 0 ? [pick(r, keys)] : [])].map((k) => [k, value(r, k)] as const);
        if (python) return `{${fields.map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(', ')}}`;
        return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${write(r, v, { escape: 0, space: r.below(9) === 0, lines: false })}`).join(',')}}`;
      });
      const engine = new Engine();
      const rows = decodeAll(engine, format.createDecoder(engine, {}, leaves), new TextEncoder().encode(lines.join('\n')), leaves, 100);
      assert.equal(rows.length, lines.length);
      lines.forEach((l, i) => {
        assert.deepEqual(rows[i], expected(l), l);
      });
    }),
    { numRuns: 40 },
  );
});

test('after a value comes a comma or the end, also in records without an order', () => {
  const columns = flatten({ fields: ['a', 'b'].map((name) => ({ name, type: BIGINT() })) });
  const random = new Prng(1);
  for (const warm of [0, 100]) {
    for (const bad of [
      '{"a":1{"b":2}',
      '{"a":"1"{"b":2}',
      '{"z":{}{"b":2}',
      '{{"a":1}',
      '{"a":1,{"b":2}',
      '{"a":1 "b":2}',
      '{"a":1,,"b":2}',
      '{,"a":1}',
      '{"a":1,}',
    ]) {
      const engine = new Engine();
      const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, columns);
      const lines = Array.from({ length: warm }, () => `{${shuffled(random, ['"a":1', '"b":2', '"c":"x"', '"d":4', '"e":5', '"f":6']).join(',')}}`);
      const rows = decodeAll(engine, decoder, new TextEncoder().encode([...lines, bad, '{"b":4,"a":3}'].join('\n')), columns);
      assert.equal(decoder.skipped, 1, bad);
      assert.deepEqual(rows.at(-1), { a: 3n, b: 4n });
    }
  }
});

test('slices read as JSON.parse reads them, newlines among their white space', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const lines = records(new Prng(seed), 100, true);
      const engine = new Engine();
      const rows = decodeEach(
        engine,
        format.createDecoder(engine, {}, leaves),
        lines.map((l) => new TextEncoder().encode(l)),
        leaves,
      );
      assert.equal(rows.length, lines.length);
      lines.forEach((l, i) => {
        assert.deepEqual(rows[i], expected(l), l);
      });
    }),
    { numRuns: 30 },
  );
});

test('a damaged record is refused or reads as JSON.parse reads it, and never spoils its neighbours', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const r = new Prng(seed);
      const lines = records(r, 60, false).map((l) => new TextEncoder().encode(l));
      const whole = lines.map((b) => b.slice());
      const damaged = new Set<number>();
      for (let k = 0; k < 12; k++) {
        const i = r.below(lines.length);
        const b = lines[i];
        if (r.below(4) === 0) lines[i] = b.slice(0, r.below(b.length));
        else b[r.below(b.length)] = pick(r, [0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0x3a, 0x20, 0x30, 0x80, 0xff, 0xc3, 0x01, 0x65, 0x5d]);
        damaged.add(i);
      }
      const engine = new Engine();
      const decoder = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
      const bad: string[] = [];
      decoder.onBadRecord = (ptr, length) => bad.push(Buffer.from(engine.u8.slice(ptr, ptr + length)).toString('hex'));
      const { ptr, end } = pin(engine, new Uint8Array(Buffer.concat(lines.flatMap((b) => [b, Buffer.from('\n')]))));
      const batch = allocBatch(engine, leaves);
      assert.equal(decoder.decodeLines(ptr, end, batch), end);
      assert.equal(decoder.skipped, bad.length);
      let row = 0;
      lines.forEach((b, i) => {
        if (b.length === 0) return;
        if (bad[0] === Buffer.from(b).toString('hex')) {
          bad.shift();
          assert.ok(damaged.has(i), `refused ${Buffer.from(b)}`);
          const fresh = format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves);
          assert.deepEqual(decodeEach(engine, fresh, [b], leaves), [], String(Buffer.from(b)));
          return;
        }
        const at = row++;
        if (damaged.has(i)) {
          // what a damaged record means is Flink's (flink.test.ts); here: what was learned before it changes nothing
          const alone = decodeEach(engine, format.createDecoder(engine, { 'ignore-parse-errors': 'true' }, leaves), [b], leaves);
          assert.deepEqual([rowObject(batch, at)], alone, String(Buffer.from(b)));
          return;
        }
        const want = expected(new TextDecoder().decode(whole[i]));
        assert.equal(cell(batch, 0, at), want.id);
        assert.equal(cell(batch, 1, at), want.n);
        assert.equal(cell(batch, 2, at), want.price);
      });
      assert.equal(row, batch.rows);
      assert.equal(bad.length, 0);
    }),
    { numRuns: 60 },
  );
});

test('doubles equal Number(), bit for bit; floats read back as themselves', () => {
  const r = new Prng(11);
  const texts: string[] = [
    '5e-324',
    '2.4703282292062327e-324',
    '2.4703282292062328e-324',
    '1.7976931348623158e308',
    '1.7976931348623159e308',
    '9007199254740993',
    '0.500000000000000166533453693773481063544750213623046875',
  ];
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 6000; i++) {
    view.setBigUint64(0, r.nextU64());
    const d = view.getFloat64(0);
    if (!Number.isFinite(d)) continue;
    texts.push(pick(r, [() => String(d), () => d.toExponential(r.below(20)), () => d.toPrecision(1 + r.below(40))])());
    texts.push(`${r.below(1e9)}${r.below(1e9)}.${r.below(1e9)}${r.below(1e9)}e${r.below(640) - 330}`);
    texts.push(`${r.below(1e9)}.${r.below(1e9)}`, `${r.nextU64()}e${r.below(60) - 30}`);
    // halfway between two doubles, and just beside it
    const m = (r.nextU64() >> 11n) | (1n << 52n);
    const half = (2n * m + 1n) << BigInt(r.below(200));
    texts.push(String(half), `${half}.000000000000000000000000000000000000000001`, String(half - 1n));
  }
  const engine = new Engine();
  const columns = flatten({ fields: [{ name: 'd', type: DOUBLE() }] });
  const rows = decodeAll(
    engine,
    format.createDecoder(engine, {}, columns),
    new TextEncoder().encode(texts.map((t) => `{"d":${t.replace('e+', 'e')}}`).join('\n')),
    columns,
  );
  texts.forEach((t, i) => {
    assert.ok(Object.is(rows[i].d, Number(t)), `${t}: ${rows[i].d} is not ${Number(t)}`);
  });
  const singles = flatten({ fields: [{ name: 'f', type: FLOAT() }] });
  const short = texts.map((t) => Math.fround(Number(t))).filter((f) => Number.isFinite(f));
  const floats = decodeAll(
    engine,
    format.createDecoder(engine, {}, singles),
    new TextEncoder().encode(short.map((f) => `{"f":${Object.is(f, -0) ? '-0' : f}}`).join('\n')),
    singles,
  );
  short.forEach((f, i) => {
    assert.ok(Object.is(floats[i].f, f), String(f));
  });
});

test('what the encoder writes, JSON.parse reads back; doubles are as short as JavaScript writes them', () => {
  const r = new Prng(5);
  const lines = records(r, 400, false);
  const engine = new Engine();
  const { ptr, end } = pin(engine, new TextEncoder().encode(lines.join('\n')));
  const batch = allocBatch(engine, leaves);
  format.createDecoder(engine, {}, leaves).decodeLines(ptr, end, batch);
  const out = format.createEncoder(engine, {}, leaves).encodeLines(batch);
  const written = new TextDecoder().decode(engine.u8.slice(out.ptr, out.ptr + out.length)).split('\n');
  lines.forEach((l, i) => {
    const want = expected(l);
    const got = JSON.parse(written[i]) as Record<string, unknown>;
    assert.deepEqual({ ...got, n: got.n === null ? null : BigInt(got.n as number) }, want);
    if (typeof got.price === 'number') {
      const digits = (s: string): string =>
        s
          .replace(/e.*/i, '')
          .replace(/[-.]/g, '')
          .replace(/^0+|0+$/g, '');
      const text = /"price":([^,]*)/.exec(written[i])?.[1] ?? '';
      assert.equal(digits(text), digits(String(got.price)), text);
    }
  });
});

test('doubles are written with the digits JavaScript writes, at any size', () => {
  const r = new Prng(3);
  const view = new DataView(new ArrayBuffer(8));
  const values: number[] = [1e23, 2e23, 9007199254740994, 0.1 + 0.2, 1 / 3, 2 / 3, 5e-324 * 3, 123456789012345680];
  for (let i = 0; i < 1500; i++) {
    values.push(
      r.next() * 10 ** (r.below(40) - 15),
      r.below(1e9) / (1 + r.below(1000)),
      r.below(1e6) / 1000,
      2 ** (r.below(120) - 60) * (1 + 2 ** -r.below(53)),
    );
    if (i % 10 === 0) {
      view.setBigUint64(0, r.nextU64());
      if (Number.isFinite(view.getFloat64(0))) values.push(view.getFloat64(0));
    }
  }
  const columns = flatten({ fields: [{ name: 'd', type: DOUBLE() }] });
  const engine = new Engine();
  const batch = allocBatch(engine, columns, { capacity: values.length });
  const bytes = new TextEncoder().encode(values.map((d) => `{"d":${d}}`).join('\n'));
  const { ptr, end } = pin(engine, bytes);
  format.createDecoder(engine, {}, columns).decodeLines(ptr, end, batch);
  const out = format.createEncoder(engine, {}, columns).encodeLines(batch);
  const digits = (s: string): string =>
    s
      .replace(/e.*/i, '')
      .replace(/[-.]/g, '')
      .replace(/^0+|0+$/g, '');
  const lines = new TextDecoder().decode(engine.u8.slice(out.ptr, out.ptr + out.length)).split('\n');
  values.forEach((d, i) => {
    const text = lines[i].slice(5, -1);
    assert.equal(Number(text), d, text);
    // Java asks for two digits at least: 4.9E-324
    if (digits(String(d)).length > 1) assert.equal(digits(text), digits(String(d)), text);
  });
});
