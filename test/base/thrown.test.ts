import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '#src/base/errors.js';
import { THROWN_TEXT_CHARS_MAX } from '#src/base/limits.js';
import { thrownText } from '#src/base/thrown.js';
import { functionPlace } from '#src/contract/function-place.js';
import { userError } from '#src/contract/user-code.js';

const no = (): never => {
  throw new Error('no');
};
const withGetter = (key: string): Error => Object.defineProperty(new Error('text'), key, { get: no });
const circular = new Error('round');
circular.cause = circular;

const VALUES: readonly [unknown, RegExp][] = [
  [null, /^null$/],
  [undefined, /^undefined$/],
  [5n, /^5n$/],
  [Symbol('s'), /^Symbol\(s\)$/],
  ['text', /^text$/],
  [{ a: 1 }, /^\{"a":1\}$/],
  [Object.create(null), /^\{\}$/],
  [Object.freeze(new RangeError('cold')), /^RangeError: cold$/],
  [withGetter('message'), /^Error: its message cannot be read$/],
  [withGetter('stack'), /^Error: text$/],
  [withGetter('name'), /^Error: text$/],
  [withGetter('cause'), /^Error: text$/],
  [circular, /^Error: round \(cause: Error: round \(cause: Error: round/],
  [new AggregateError([new Error('a'), 'b', 1, 2, 3], 'all'), /^AggregateError: all \(of Error: a; b; 1; 2 more\)$/],
  [Object.defineProperty(new AggregateError([], 'all'), 'errors', { get: no }), /^AggregateError: all$/],
  [{ toString: no }, /^\{\}$/],
  [{ toString: no, toJSON: no }, /cannot be read/],
  [{ [Symbol.toPrimitive]: no, toJSON: no }, /cannot be read/],
  [new Proxy({}, { get: no, getPrototypeOf: no, has: no }), /cannot be read/],
  [new Proxy(new Error('inner'), {}), /^Error: inner$/],
];

test('any thrown value is told in words, kept as a cause, and crosses threads', () => {
  for (const [value, text] of VALUES) {
    assert.match(thrownText(value), text);
    const error = userError(value, 'op');
    assert.equal(error.code, 'USER_CODE');
    const plain = structuredClone(error.toPlain());
    assert.match(MillraceError.fromPlain(plain).message, /a function of 'op' threw /);
    assert.equal(MillraceError.from(value).code, 'INTERNAL');
  }
  const long = thrownText(new Error('x'.repeat(10 * THROWN_TEXT_CHARS_MAX)));
  assert.ok(long.length < THROWN_TEXT_CHARS_MAX + 100 && /characters\)$/.test(long));
});

test('a millrace error passes through; what only looks like one does not', () => {
  const real = new MillraceError('ROW_EXPIRED', 'gone');
  assert.equal(userError(real, 'op'), real);
  const fake = new Proxy(Object.create(MillraceError.prototype) as object, { getPrototypeOf: () => MillraceError.prototype });
  assert.equal(userError(fake, 'op').code, 'USER_CODE');
});

test('a function knows where it was written', { skip: (process as { getBuiltinModule?: unknown }).getBuiltinModule === undefined }, () => {
  const here = new Error('here').stack!.split('\n')[1];
  const fn = (): number => 1;
  const { line, column } = functionPlace(fn);
  assert.equal(line, Number(/:(\d+):\d+\)?$/.exec(here)![1]) + 1);
  assert.ok(column! > 1);
  assert.match(functionPlace({ processElement: fn }).file!, /thrown\.test\.js$/);
  assert.deepEqual(functionPlace(Math.max), {});
  assert.deepEqual(functionPlace(undefined), {});
  assert.deepEqual(
    Object.keys(globalThis).filter((k) => k.startsWith('__')),
    [],
  );
});
