import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/base/errors.js';
import { type JavaPattern, javaPattern, PatternLimit } from '#src/regex/index.js';
import { Matcher } from '#src/regex/match.js';
import { nativePattern } from '#src/regex/native.js';
import { PatternReader } from '#src/regex/parse.js';
import { ProgramWriter } from '#src/regex/program.js';

/** REGEXP_EXTRACT(input, pattern, 0) and (..., 1) of real Flink. */
const recorded = JSON.parse(readFileSync(new URL('../../../test/regex/flink-regex.json', import.meta.url), 'utf8')) as {
  inputs: string[];
  patterns: [string, [string | null, string | null][]][];
};

/** Forms that only Java has: refused. */
const REFUSED = ['(?x)'];
/** A counted repetition whose rounds may be empty ends with the first empty one in Java; the group then holds that round. */
const EMPTY_ROUNDS = '(\\P{Alpha}??(A(?m)^){1,}b|A*?){2,3}?b';

test('what Flink extracts: patterns of every form over text of every kind', () => {
  assert.ok(recorded.patterns.length >= 200);
  const bad: unknown[] = [];
  for (const [source, results] of recorded.patterns) {
    if (source === EMPTY_ROUNDS || REFUSED.some((r) => source.includes(r))) continue;
    const pattern = javaPattern(source);
    results.forEach(([all, first], i) => {
      const input = recorded.inputs[i];
      const got = [pattern?.group(input, 0) ?? null, pattern?.group(input, 1) ?? null];
      if (got[0] !== all || got[1] !== first) bad.push([source, input, got, [all, first]]);
    });
  }
  assert.deepEqual(bad, []);
});

const compiled = (source: string): { matcher: Matcher; reader: PatternReader; native: RegExp | undefined } => {
  const reader = new PatternReader(source);
  const node = reader.parse();
  return { matcher: new Matcher(new ProgramWriter(reader.groups).program(node), !reader.backtracks), reader, native: nativePattern(node)?.regex };
};

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-', ' ', '\n', 'é', '😀'), maxLength: 12 });
const atom = fc.constantFrom('a', 'b', 'ab', '.', '\\d', '\\w', '[ab]', '[^a]', '[a-c1]', 'é', '😀');
const pattern = fc.letrec<{ alt: string; seq: string; rep: string }>((tie) => ({
  alt: fc.array(tie('seq'), { minLength: 1, maxLength: 3 }).map((s) => s.join('|')),
  seq: fc.array(tie('rep'), { minLength: 1, maxLength: 3 }).map((s) => s.join('')),
  rep: fc
    .tuple(
      fc.oneof(
        { maxDepth: 2 },
        atom,
        tie('alt').map((s) => `(${s})`),
        tie('alt').map((s) => `(?:${s})`),
      ),
      fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}'),
    )
    .map(([a, q]) => (q !== '' && !/^(\\.|\[.*\]|\(.*\)|.)$/u.test(a) ? `(?:${a})${q}` : a + q)),
})).alt;

test("JavaScript's matcher, where it is used, finds what the own one finds", () => {
  let used = 0;
  fc.assert(
    fc.property(pattern, text, (source, input) => {
      const { matcher, reader, native } = compiled(source);
      if (native === undefined) return;
      used++;
      const own = matcher.find(input)
        ? Array.from({ length: reader.groups }, (_, g) => (matcher.slots[2 * g] < 0 ? undefined : input.slice(matcher.slots[2 * g], matcher.slots[2 * g + 1])))
        : null;
      assert.deepEqual(own, native.exec(input)?.slice() ?? null, `${source} on ${JSON.stringify(input)}`);
    }),
    { numRuns: 3000 },
  );
  assert.ok(used > 30);
});

test('a matcher that remembers finds what plain backtracking finds', () => {
  fc.assert(
    fc.property(pattern, text, (source, input) => {
      const reader = new PatternReader(source);
      const program = new ProgramWriter(reader.groups).program(reader.parse());
      const [plain, remembers] = [new Matcher(program, false), new Matcher(program, true, 0)];
      try {
        const found = plain.find(input);
        assert.equal(remembers.find(input), found, source);
        if (found)
          assert.deepEqual(
            [...remembers.slots.slice(0, 2 * reader.groups)],
            [...plain.slots.slice(0, 2 * reader.groups)],
            `${source} on ${JSON.stringify(input)}`,
          );
      } catch (e) {
        if (!(e instanceof PatternLimit)) throw e;
      }
    }),
    { numRuns: 3000 },
  );
});

test('the time is that of the length of the text', () => {
  const cases: readonly [string, string][] = [
    ['(a+)+$', `${'a'.repeat(50_000)}b`],
    ['(a|a)*b', 'a'.repeat(50_000)],
    ['(a*)*c', 'a'.repeat(50_000)],
    ['(.*)(.*)(.*)(.*)x', 'y'.repeat(10_000)],
    ['(x+x+)+y', 'x'.repeat(20_000)],
  ];
  for (const [source, input] of cases) assert.equal((javaPattern(source) as JavaPattern).group(input, 0), undefined, source);
});

test('what only backtracking can match ends at a limit, and only where it must', () => {
  const p = javaPattern('(a+)+$(?=x)') as JavaPattern;
  assert.equal(p.linear, false);
  assert.throws(() => p.group(`${'a'.repeat(40)}b`, 0), PatternLimit);
  assert.equal((javaPattern('(\\w+) \\1') as JavaPattern).group('say hello hello', 1), 'hello');
  assert.throws(() => javaPattern('(a{1000}){1000}'), { code: 'PATTERN_LIMIT' });
});

test('what only Java has is refused, what Java refuses is no pattern', () => {
  for (const source of ['(?x)a b', '\\X', '\\b{g}', '\\N{DIGIT ONE}', '\\p{InGreek}']) {
    assert.throws(
      () => javaPattern(source),
      (e: unknown) => e instanceof MillraceError && e.code === 'NOT_SUPPORTED',
      source,
    );
  }
  for (const source of ['(', '[', 'a{', '*a', '\\y', '(?<=a*)b', '(?<n>a)(?<n>b)', '[z-a]', 'a{2,1}', ')'])
    assert.equal(javaPattern(source), undefined, source);
});
