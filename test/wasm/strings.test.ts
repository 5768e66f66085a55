import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOOLEAN, INT, type LogicalType, STRING } from '#src/types/logical.js';
import { calc, call, col, evaluate, lit, type Value } from './support.js';

const S = STRING();
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '%', '_', '!', '\n', 'é', '𝄞'), maxLength: 10 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '%', 'é', '𝄞'), maxLength: 6 });

/** Each row of `rows` through one expression. */
function each(fn: Parameters<typeof call>[0], type: LogicalType, args: LogicalType[], rows: Value[][]): Value[] {
  return calc({ project: [call(fn, type, ...args.map((t, i) => col(i, t)))] }, args, rows).rows.map((r) => r.values[0]);
}

/** LIKE as Flink translates it: _ is a dot, which no line end matches. */
function likeModel(text: string, p: string, mark?: string): boolean {
  let source = '';
  const points = [...p];
  for (let i = 0; i < points.length; i++) {
    if (points[i] === mark) source += `\\u{${points[++i].codePointAt(0)!.toString(16)}}`;
    else if (points[i] === '%') source += '[^]*';
    else if (points[i] === '_') source += '[^\\n\\r\\u0085\\u2028\\u2029]';
    else source += `\\u{${points[i].codePointAt(0)!.toString(16)}}`;
  }
  return new RegExp(`^${source}$`, 'u').test(text);
}

test('LIKE against a regular expression, with constant patterns and with patterns of a column', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), pattern, (texts, p) => {
      const expected = texts.map((t) => likeModel(t, p));
      assert.deepEqual(
        calc(
          { project: [call('like', BOOLEAN(), col(0, S), lit(p, STRING(false)))] },
          [S],
          texts.map((t) => [t]),
        ).rows.map((r) => r.values[0]),
        expected,
      );
      assert.deepEqual(
        each(
          'like',
          BOOLEAN(),
          [S, S],
          texts.map((t) => [t, p]),
        ),
        expected,
      );
    }),
    { numRuns: 150 },
  );
});

test('LIKE with ESCAPE', () => {
  fc.assert(
    fc.property(word, fc.array(fc.constantFrom('a', '!%', '!_', '!!', '%', '_', 'b'), { maxLength: 6 }), (t, parts) => {
      const p = parts.join('');
      assert.equal(evaluate(call('like', BOOLEAN(), col(0, S), lit(p, STRING(false)), lit('!', STRING(false))), [S], [t]), likeModel(t, p, '!'), `${t} ~ ${p}`);
    }),
    { numRuns: 150 },
  );
  assert.throws(() => evaluate(call('like', BOOLEAN(), col(0, S), lit('a!b', STRING(false)), lit('!', STRING(false))), [S], ['x']), /escape character/);
});

test('equality with constants of every length', () => {
  for (let n = 0; n <= 40; n++) {
    const text = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP'.slice(0, n);
    const near = [text, `${text}x`, text.slice(0, -1), `X${text.slice(1)}`, `${text.slice(0, -1)}X`, `${text.slice(0, n >> 1)}X${text.slice((n >> 1) + 1)}`];
    const out = calc(
      { project: [call('eq', BOOLEAN(), col(0, S), lit(text, STRING(false)))] },
      [S],
      near.map((t) => [t]),
    );
    assert.deepEqual(
      out.rows.map((r) => r.values[0]),
      near.map((t) => t === text),
    );
  }
});

test('position, replace, split and trim against JavaScript', () => {
  const small = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 40 });
  const part = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(small, part, fc.integer({ min: 0, max: 4 }), (text, p, k) => {
      const at = text.indexOf(p);
      assert.deepEqual(each('position', INT(), [S, S], [[p, text]]), [at < 0 ? 0 : [...text.slice(0, at)].length + 1]);
      assert.deepEqual(each('replace', S, [S, S, S], [[text, p, 'xy']]), [text.replaceAll(p, 'xy')]);
      assert.deepEqual(each('splitIndex', S, [S, S, INT()], [[text, p, k]]), [text === '' ? null : (text.split(p)[k] ?? null)]);
      assert.deepEqual(each('trim', S, [S, S], [[text, p]]), [text.replace(new RegExp(`^[${p}]+|[${p}]+$`, 'g'), '')]);
    }),
    { numRuns: 150 },
  );
});

test('strings of one batch outgrow the arena chunk and are still right; the next batch starts anew', () => {
  const long = 'x'.repeat(3000);
  const rows = Array.from({ length: 200 }, (_, i) => [`${i}${long}`, 'y'] as Value[]);
  for (let k = 0; k < 3; k++) {
    const out = each('concat', S, [S, S], rows);
    out.forEach((v, i) => {
      assert.equal(v, `${i}${long}y`);
    });
  }
});

test('CONCAT_WS leaves NULLs out, CONCAT does not', () => {
  assert.deepEqual(
    each(
      'concatWs',
      S,
      [S, S, S, S],
      [
        ['-', 'a', null, 'c'],
        ['-', null, null, null],
        [null, 'a', 'b', 'c'],
        ['-', 'a', '', 'c'],
      ],
    ),
    ['a-c', '', null, 'a--c'],
  );
  assert.deepEqual(each('concat', S, [S, S], [['a', null]]), [null]);
});

test('patterns of REGEXP_EXTRACT: flags at the start, what is no pattern, and what only Java has', () => {
  const extract = (p: string) => evaluate(call('regexpExtract', S, col(0, S), lit(p, STRING(false)), lit(1, INT(false))), [S], ['Foo-42']);
  assert.equal(extract('(?i)(foo)'), 'Foo');
  assert.equal(extract('-(\\d+)$'), '42');
  assert.equal(extract('(bar)'), null);
  assert.equal(extract('['), null);
  assert.equal(extract('(o++)'), 'oo');
  assert.equal(extract('F((?>o+))-'), 'oo');
  assert.throws(() => extract('\\X'), /not supported/);
});
