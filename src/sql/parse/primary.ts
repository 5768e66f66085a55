import type { Expression, IntervalExpression, IntervalUnit } from '../ast/expression.js';
import type { Identifier } from '../ast/name.js';
import type { Span } from '../source.js';
import { parseCall } from './call.js';
import type { Cursor } from './cursor.js';
import { parseExpression } from './expression.js';
import { BARE_FUNCTIONS, RESERVED_FUNCTIONS } from './keywords.js';
import type { Token } from './lexer.js';
import { parseQuery, startsQuery } from './query.js';
import { beginsOwnGrammar } from './refused.js';
import { parseType } from './type.js';

const INTERVAL_UNITS: readonly string[] = ['YEAR', 'QUARTER', 'MONTH', 'WEEK', 'DAY', 'HOUR', 'MINUTE', 'SECOND'];

/** A literal, name, call or parenthesis, with the field and item accesses after it. */
export function parsePrimary(c: Cursor): Expression {
  let e = parseAtom(c);
  for (;;) {
    if (c.operator('[')) {
      const index = parseExpression(c);
      c.expectOperator(']');
      e = { kind: 'item', operand: e, index, span: c.since(e.span) };
    } else if (c.operator('.')) {
      const field = c.name();
      e = { kind: 'field', operand: e, field, span: c.since(e.span) };
    } else return e;
  }
}

function parseAtom(c: Cursor): Expression {
  const t = c.token;
  switch (t.kind) {
    case 'number':
      c.next();
      return { kind: 'number', text: t.text, span: t };
    case 'string':
      return parseString(c);
    case 'hex':
      c.next();
      if (!/^([0-9a-fA-F]{2})*$/.test(t.text)) throw c.source.error('SQL_SYNTAX', 'a binary literal has an even number of hexadecimal digits', t);
      return { kind: 'binary string', hex: t.text, span: t };
    case 'operator':
      if (t.text === '(') return parseParenthesis(c);
      if (t.text === '{') throw c.source.error('NOT_SUPPORTED', 'an escape in braces is not supported yet', t);
      if (t.text === '?') throw c.source.error('SQL_VALIDATION', 'a script has no dynamic parameters', t);
      break;
    case 'word': {
      const special = parseKeyword(c);
      if (special !== undefined) return special;
      break;
    }
  }
  refuseForms(c, t);
  if (c.isName()) return c.peek().text === '(' && c.peek().kind === 'operator' ? parseCall(c) : parseColumn(c);
  if (t.kind === 'word' && RESERVED_FUNCTIONS.has(t.upper) && c.peek().text === '(') return parseCall(c);
  if (beginsOwnGrammar(c)) return parseCall(c);
  if (t.kind === 'word' && /^(ALL|ANY|USER|(CURRENT|SESSION|SYSTEM)_USER|CURRENT_(ROLE|PATH|CATALOG|SCHEMA))$/.test(t.upper)) {
    throw c.source.error('NOT_SUPPORTED', `${t.upper} is not supported yet`, t);
  }
  throw c.unexpected('an expression');
}

/** What Flink's grammar has where a value stands, besides what is read here. */
function refuseForms(c: Cursor, t: Token): void {
  const following = c.peek();
  const refuse = (what: string): Error => c.source.error('NOT_SUPPORTED', `${what} is not supported yet`, t);
  if (t.kind === 'word' && following.kind === 'string' && following.start === t.end && /^(N|_.*)$/.test(t.upper)) {
    throw refuse('a literal with a character set');
  }
  if (c.isWord('NEXT', 'VALUE', 'FOR')) throw refuse('NEXT VALUE FOR');
  if (/^(ALL|ANY|SOME)$/.test(t.upper) && following.text === '(' && c.peek(2).kind === 'word' && /^(SELECT|VALUES|WITH|TABLE)$/.test(c.peek(2).upper)) {
    throw refuse(`${t.upper} with a query`);
  }
}

/** 'a' 'b' on two lines are one literal, as the standard has it. */
function parseString(c: Cursor): Expression {
  const start = c.next();
  let value = start.text;
  while (c.token.kind === 'string') {
    const between = c.source.text.slice(c.tokens[c.at - 1].end, c.token.start);
    if (!between.includes('\n'))
      throw c.source.error('SQL_VALIDATION', 'a string literal is continued on the same line', c.token, 'Write one literal, or a||b.');
    value += c.next().text;
  }
  return { kind: 'string', value, span: c.since(start) };
}

/** a, a.b, a.b.c, a.* */
function parseColumn(c: Cursor): Expression {
  const start = c.token;
  const parts: Identifier[] = [c.name()];
  while (c.isOperator('.')) {
    c.next();
    if (c.operator('*')) return { kind: 'star', qualifier: parts, span: c.since(start) };
    parts.push(c.name());
  }
  return { kind: 'column', parts, span: c.since(start) };
}

function parseParenthesis(c: Cursor): Expression {
  const start = c.expectOperator('(');
  if (startsQuery(c)) {
    const query = parseQuery(c);
    c.expectOperator(')');
    return { kind: 'subquery', query, span: c.since(start) };
  }
  const items = c.list(() => parseExpression(c));
  c.expectOperator(')');
  const span = c.since(start);
  const unit = c.token;
  if (unit.kind === 'word' && /^(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)$/.test(unit.upper))
    throw c.source.error('NOT_SUPPORTED', `the difference of two times in the unit ${unit.upper} is not supported yet`, c.since(start));
  return items.length === 1 ? { ...items[0], span } : { kind: 'row', items, span };
}

function parseKeyword(c: Cursor): Expression | undefined {
  const t = c.token;
  const following = c.peek();
  switch (t.upper) {
    case 'NULL':
      c.next();
      return { kind: 'null', span: t };
    case 'TRUE':
    case 'FALSE':
    case 'UNKNOWN':
      c.next();
      return { kind: 'boolean', value: t.upper === 'UNKNOWN' ? null : t.upper === 'TRUE', span: t };
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      if (following.kind !== 'string') return undefined;
      c.at += 2;
      return { kind: 'datetime', type: t.upper, value: following.text, span: c.since(t) };
    case 'INTERVAL':
      return parseInterval(c);
    case 'CASE':
      return parseCase(c);
    case 'CAST':
    case 'TRY_CAST':
      return parseCast(c);
    case 'EXISTS': {
      c.next();
      c.expectOperator('(');
      const query = parseQuery(c);
      c.expectOperator(')');
      return { kind: 'exists', query, span: c.since(t) };
    }
    case 'ROW': {
      c.next();
      c.expectOperator('(');
      const items = c.isOperator(')') ? [] : c.list(() => parseExpression(c));
      c.expectOperator(')');
      return { kind: 'row', items, span: c.since(t) };
    }
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET': {
      if (following.text !== '[') return undefined;
      c.at += 2;
      const items = c.isOperator(']') ? [] : c.list(() => parseExpression(c));
      c.expectOperator(']');
      return { kind: 'constructor', type: t.upper, items, span: c.since(t) };
    }
    case 'EXTRACT':
    case 'POSITION':
    case 'TRIM':
    case 'SUBSTRING':
    case 'FLOOR':
    case 'CEIL':
    case 'CEILING':
    case 'TIMESTAMPADD':
    case 'TIMESTAMPDIFF':
    case 'OVERLAY':
      return following.text === '(' && following.kind === 'operator' ? parseCall(c) : undefined;
    default:
      if (!BARE_FUNCTIONS.has(t.upper) || (following.kind === 'operator' && following.text === '(')) return undefined;
      c.next();
      return { kind: 'call', name: t.upper, nameSpan: t, args: [], star: false, distinct: false, bare: true, span: t };
  }
}

function parseCase(c: Cursor): Expression {
  const start = c.next();
  const operand = c.isWord('WHEN') ? undefined : parseExpression(c);
  const branches: { when: Expression; result: Expression }[] = [];
  while (c.word('WHEN')) {
    const when = parseExpression(c);
    if (c.isOperator(',')) throw c.source.error('NOT_SUPPORTED', 'several values in one WHEN are not supported yet', c.token);
    c.expectWord('THEN');
    branches.push({ when, result: parseExpression(c) });
  }
  if (branches.length === 0) throw c.unexpected('WHEN');
  const otherwise = c.word('ELSE') ? parseExpression(c) : undefined;
  c.expectWord('END');
  return { kind: 'case', operand, branches, otherwise, span: c.since(start) };
}

function parseCast(c: Cursor): Expression {
  const start = c.next();
  c.expectOperator('(');
  const operand = parseExpression(c);
  c.expectWord('AS');
  const type = parseType(c);
  if (!type.nullable) throw c.source.error('SQL_SYNTAX', 'a CAST takes no NOT NULL: the result is NULL where the value is', type.span);
  c.expectOperator(')');
  return { kind: 'cast', operand, type, tryCast: start.upper === 'TRY_CAST', span: c.since(start) };
}

/** INTERVAL '1-2' YEAR TO MONTH */
function parseInterval(c: Cursor): IntervalExpression {
  const start: Span = c.next();
  const negative = c.operator('-');
  if (!negative) c.operator('+');
  if (c.token.kind === 'number' || c.isName())
    throw c.source.error('NOT_SUPPORTED', 'an interval without quotes is not supported yet', c.token, "Write INTERVAL '1' DAY.");
  const value = c.string('the interval in quotes');
  const { unit: from, digits } = parseIntervalUnit(c);
  const to = c.word('TO') ? parseIntervalUnit(c).unit : undefined;
  return { kind: 'interval', value, negative, from, to, digits, span: c.since(start) };
}

function parseIntervalUnit(c: Cursor): { unit: IntervalUnit; digits?: number } {
  const t = c.token;
  const unit = t.kind === 'word' ? (INTERVAL_UNITS.includes(t.upper) ? t.upper : t.upper.replace(/S$/, '')) : '';
  if (!INTERVAL_UNITS.includes(unit)) throw c.unexpected('a time unit (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)');
  c.next();
  let digits: number | undefined;
  if (c.operator('(')) {
    digits = c.integer('a precision');
    if (c.operator(',')) c.integer('a precision');
    c.expectOperator(')');
  }
  return { unit: unit as IntervalUnit, digits };
}
