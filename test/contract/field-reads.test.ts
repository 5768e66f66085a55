import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsWholeRows, onlyReadsFields } from '#src/contract/field-reads.js';

/** Functions are made of text: a compiler might write them otherwise. */
const fn = (text: string): unknown => new Function(`return (${text})`)();

test('functions that only read fields by name', () => {
  for (const text of [
    '(r) => r.a',
    'r => r.a + r?.b',
    'async r => await r . a',
    'async (r, out) => { out.collect(r.a); }',
    'function (r) { return { r: r.a, ...r.b }; }',
    'function* f(r) { yield r.a == 1; yield r.a <= 2; yield r.a >= r.b; }',
    '({ f(r) { return [r.a, other.r]; } }).f',
    '({ async *f($, ctx) { yield $.a; } }).f',
    '({ a, b: c }) => a + c',
    '({ a, b }, out) => out.collect(a)',
    '(r) => ({ ...r.toObject(), b: 2 })',
    '() => 1',
  ])
    assert.equal(onlyReadsFields(fn(text)), true, text);
  assert.equal(onlyReadsFields(fn('(a, b) => a + b.x'), 1), true);
  assert.equal(needsWholeRows(fn('({ processElement(r) { return r.a; }, onTimer(t, r) { f(r); } })')), false);
});

test('functions that do more with a row, or may', () => {
  for (const text of [
    '(r) => r',
    '(r) => ({ ...r })',
    '({ a, ...rest }) => rest',
    '(...rows) => rows[0].a',
    '(r) => f(r)',
    '(r) => { const { a } = r; return a; }',
    "(r) => r['a']",
    '(r) => { r.a = 1; }',
    '(r) => { r.a ??= 1; }',
    '(r) => { r.a++; }',
    '(r) => delete r.a',
    '(r) => r.hasOwnProperty("a")',
    '(r) => r.constructor',
    '({ constructor: c }) => c',
    "(r) => 'a' in r",
    '(r) => `${r}`',
    '(r, x = r) => x',
    '(r = {}) => r.a',
    'function (r) { return arguments[0]; }',
    'function (r) { return eval("r"); }',
    '(r) => \\u0072',
    '(r) => ({ r })',
    '(r) => [1, r]',
    '(é) => é',
    '((r) => r.a).bind(undefined)',
  ])
    assert.equal(onlyReadsFields(fn(text)), false, text);
  assert.equal(onlyReadsFields(fn('(a, b) => a.x + f(b)'), 1), false);
  assert.equal(onlyReadsFields(Object.keys), false);
  assert.equal(needsWholeRows(fn('({ processElement(r) { return f(r); } })')), true);
  assert.equal(needsWholeRows(fn('(r) => r.a'), fn('(r) => f(r)')), true);
});
