import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/base/errors.js';
import { printExpression } from '#src/sql/ast/print.js';
import type { Expression } from '#src/sql/ast/expression.js';
import { parseScript } from '#src/sql/index.js';
import { recorded } from './fixtures.js';

/** Flink parses these and we do not: rare spellings, and statements that we read as one script rather than piece by piece. */
const KNOWN_DIFFERENCES = new Set([';', 'BEGIN STATEMENT SET', 'END']);

test('parses what Flink 2.3 parses and rejects what it rejects', () => {
  const rows = recorded('flink-syntax.tsv');
  assert.ok(rows.length > 200);
  for (const [answer, statement] of rows) {
    if (KNOWN_DIFFERENCES.has(statement)) continue;
    let code = '';
    try {
      parseScript(statement);
    } catch (e) {
      assert.ok(e instanceof MillraceError, statement);
      code = e.code;
      assert.ok(e.place.line === 1 && (e.place.column ?? 0) >= 1, `${statement}: no place`);
    }
    // NOT_SUPPORTED and SQL_VALIDATION: the text was understood
    assert.equal(code === 'SQL_SYNTAX' ? '-' : '+', answer, `${statement} -> ${code}`);
  }
});

function expressionOf(text: string): Expression {
  const [s] = parseScript(`SELECT ${text} FROM t`);
  assert.ok(s.kind === 'select' && s.query.body.kind === 'select');
  return s.query.body.items[0].expression;
}

test('operators bind as in Flink', () => {
  const cases: readonly [string, string][] = [
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['1 - 2 - 3', '((1 - 2) - 3)'],
    ['- a * b', '((- `a`) * `b`)'],
    ['NOT a = b AND c OR d', '(((NOT (`a` = `b`)) AND `c`) OR `d`)'],
    ['a = b IS NULL', '((`a` = `b`) IS NULL)'],
    ['a BETWEEN 1 + 1 AND 2 AND b', '((`a` BETWEEN (1 + 1) AND 2) AND `b`)'],
    ["a || 'x' LIKE 'y'", "((`a` || 'x') LIKE 'y')"],
    ['a IS DISTINCT FROM b AND c', '((`a` IS DISTINCT FROM `b`) AND `c`)'],
    ['a NOT IN (1, 2) OR b', '((`a` NOT IN (1, 2)) OR `b`)'],
  ];
  for (const [text, printed] of cases) assert.equal(printExpression(expressionOf(text)), printed);
});

test('every node has the span of its text', () => {
  const text = "SELECT a.b, COUNT(*) FILTER (WHERE x > 1) AS n, CASE WHEN p THEN 'q''r' END\n  FROM t";
  const [s] = parseScript(text);
  assert.ok(s.kind === 'select' && s.query.body.kind === 'select');
  const at = (e: { span: { start: number; end: number } }): string => text.slice(e.span.start, e.span.end);
  const { items, from } = s.query.body;
  assert.deepEqual(items.map(at), ['a.b', 'COUNT(*) FILTER (WHERE x > 1) AS n', "CASE WHEN p THEN 'q''r' END"]);
  assert.equal(at(items[1].expression), 'COUNT(*) FILTER (WHERE x > 1)');
  assert.equal(at(from as { span: { start: number; end: number } }), 't');
  assert.equal(at(s), text);
});

test('the caret stands under the token at fault', () => {
  const cases: readonly [string, number, number][] = [
    ['SELEC 1', 1, 1],
    ['SELECT a\nFROM t\nWHERE', 3, 6],
    ['SELECT a,\n\tvalue FROM t', 2, 2],
    ["SELECT 'abc", 1, 8],
    ['SELECT a FROM t;\r\nSELECT b FRM t', 2, 14],
    ['SELECT /* x\n', 1, 8],
  ];
  for (const [text, line, column] of cases) {
    assert.throws(
      () => parseScript(text, { file: 'x.sql' }),
      (e: unknown) => {
        assert.ok(e instanceof MillraceError);
        assert.equal(e.code, 'SQL_SYNTAX');
        assert.deepEqual([e.place.line, e.place.column], [line, column], text);
        const lines = e.message.split('\n');
        const caret = lines.findIndex((l) => /^ *\^$/.test(l));
        assert.equal(lines[caret].indexOf('^') - 2, column - 1);
        assert.equal(lines[caret - 1].slice(2).trimEnd(), (text.split(/\r?\n/)[line - 1] ?? '').replaceAll('\t', ' ').trimEnd());
        return true;
      },
    );
  }
});

const WORDS =
  `SELECT FROM WHERE GROUP BY HAVING a b t ( ) , . * + - / % || = <> < > <= >= ; 'x' 1 1.5 1e3 NULL TRUE AND OR NOT IN LIKE BETWEEN IS CASE WHEN THEN
ELSE END CAST AS INT STRING ROW < > INTERVAL DAY TABLE TUMBLE DESCRIPTOR => CREATE VIEW INSERT INTO VALUES WITH WATERMARK FOR PRIMARY KEY SET RESET EXPLAIN
UNION ALL EXECUTE STATEMENT BEGIN OPTIONS /*+ */ -- \` ' [ ] DISTINCT FILTER OVER JOIN ON METADATA`.split(/\s+/);

test('a soup of tokens never hangs or fails with anything but a MillraceError', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }),
      fc.constantFrom('', 'SELECT a FROM t WHERE ', 'CREATE TABLE t (a INT, '),
      (words, head) => {
        try {
          parseScript(head + words.join(' '));
        } catch (e) {
          assert.ok(e instanceof MillraceError, String(e));
        }
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      try {
        parseScript(text);
      } catch (e) {
        assert.ok(e instanceof MillraceError, String(e));
      }
    }),
    { numRuns: 1000 },
  );
});

test('deep nesting ends in an error, long chains do not', () => {
  assert.throws(() => parseScript(`SELECT ${'('.repeat(5000)}1`), MillraceError);
  assert.throws(() => parseScript(`SELECT ${'NOT '.repeat(100_000)}a FROM t`), MillraceError);
  assert.equal(parseScript(`SELECT ${Array(20_000).fill('a').join(' + ')} FROM t`).length, 1);
});

const expressionText: fc.Arbitrary<string> = fc.letrec((tie) => ({
  leaf: fc.constantFrom('a', '`b c`', 't.a', '1', '2.50', "'it''s'", 'NULL', 'TRUE', "DATE '2020-01-01'", "INTERVAL '1-2' YEAR TO MONTH", 'CURRENT_TIMESTAMP'),
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf') as fc.Arbitrary<string>,
    fc
      .tuple(tie('any'), fc.constantFrom('+', '-', '*', '/', '%', '||', '=', '<>', '<', '>=', 'AND', 'OR', 'IS DISTINCT FROM'), tie('any'))
      .map(([a, op, b]) => `${a} ${op} ${b}`),
    tie('any').map((a) => `NOT ${a}`),
    tie('any').map((a) => `(${a}) IS NOT NULL`),
    tie('any').map((a) => `- (${a})`),
    fc.tuple(tie('any'), tie('leaf'), tie('leaf')).map(([a, b, c]) => `(${a}) BETWEEN ${b} AND ${c}`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `CASE WHEN ${a} THEN ${b} ELSE a END`),
    tie('any').map((a) => `CAST(${a} AS DECIMAL(10, 2))`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `COALESCE(${a}, ${b})`),
    tie('any').map((a) => `EXTRACT(DAY FROM ${a})`),
    tie('any').map((a) => `TRIM(LEADING 'x' FROM ${a})`),
    tie('any').map((a) => `(${a}) IN (1, a)`),
    tie('any').map((a) => `SUM(DISTINCT ${a}) FILTER (WHERE a)`),
  ),
})).any as fc.Arbitrary<string>;

test('printing and parsing again agree', () => {
  fc.assert(
    fc.property(expressionText, (text) => {
      const printed = printExpression(expressionOf(text));
      assert.equal(printExpression(expressionOf(printed)), printed);
    }),
    { numRuns: 500 },
  );
});
