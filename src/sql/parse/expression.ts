import type { BinaryOperator, Expression } from '../ast/expression.js';
import { join } from '../source.js';
import type { Cursor } from './cursor.js';
import { parsePrimary } from './primary.js';
import { parseQuery, startsQuery } from './query.js';

/** Binding powers in the order of Calcite's operator table: a larger number binds tighter. */
const POWER_OR = 22;
const POWER_AND = 24;
const POWER_NOT = 26;
const POWER_IS = 28;
const POWER_COMPARE = 30;
const POWER_RANGE = 32;
const POWER_DISTINCT = 40;
const POWER_ADD = 40;
const POWER_MULTIPLY = 60;
const POWER_SIGN = 80;

const BINARY: Readonly<Record<string, readonly [BinaryOperator, number]>> = {
  '=': ['=', POWER_COMPARE],
  '<>': ['<>', POWER_COMPARE],
  '<': ['<', POWER_COMPARE],
  '<=': ['<=', POWER_COMPARE],
  '>': ['>', POWER_COMPARE],
  '>=': ['>=', POWER_COMPARE],
  '+': ['+', POWER_ADD],
  '-': ['-', POWER_ADD],
  '*': ['*', POWER_MULTIPLY],
  '/': ['/', POWER_MULTIPLY],
  '%': ['%', POWER_MULTIPLY],
  '||': ['||', POWER_MULTIPLY],
};

/** Pratt parser: an operand, then every operator that binds tighter than `power`. */
export function parseExpression(c: Cursor, power = 0): Expression {
  return c.nested(() => {
    let left = parsePrefix(c);
    for (;;) {
      const more = parseInfix(c, left, power);
      if (more === undefined) return left;
      left = more;
    }
  });
}

function parsePrefix(c: Cursor): Expression {
  const start = c.token;
  if (c.word('NOT')) {
    const operand = parseExpression(c, POWER_NOT);
    return { kind: 'unary', op: 'NOT', operand, span: join(start, operand.span) };
  }
  if (c.isOperator('-') || c.isOperator('+')) {
    const op = c.next().text as '-' | '+';
    const operand = parseExpression(c, POWER_SIGN);
    return { kind: 'unary', op, operand, span: join(start, operand.span) };
  }
  return parsePrimary(c);
}

function parseInfix(c: Cursor, left: Expression, power: number): Expression | undefined {
  const t = c.token;
  if (t.kind === 'operator') {
    const known = BINARY[t.text];
    if (t.text === '!=') throw c.source.error('SQL_SYNTAX', "Flink SQL has no operator '!='", t, 'Write <>.');
    if (known === undefined || known[1] <= power) return undefined;
    c.next();
    return binary(c, left, known[0], known[1]);
  }
  if (t.kind !== 'word') return undefined;
  switch (t.upper) {
    case 'OR':
      if (POWER_OR <= power) return undefined;
      c.next();
      return binary(c, left, 'OR', POWER_OR);
    case 'AND':
      if (POWER_AND <= power) return undefined;
      c.next();
      return binary(c, left, 'AND', POWER_AND);
    case 'IS':
      return parseIs(c, left, power);
    case 'NOT':
    case 'BETWEEN':
    case 'IN':
    case 'LIKE':
    case 'SIMILAR':
      return POWER_RANGE <= power ? undefined : parseRange(c, left);
    case 'OVERLAPS':
    case 'CONTAINS':
    case 'MEMBER':
    case 'SUBMULTISET':
    case 'MULTISET':
    case 'RLIKE':
    case 'ILIKE':
      throw c.source.error('NOT_SUPPORTED', `the operator ${t.upper} is not supported yet`, t);
    default:
      return undefined;
  }
}

function binary(c: Cursor, left: Expression, op: BinaryOperator, power: number): Expression {
  const right = parseExpression(c, power);
  return { kind: 'binary', op, left, right, span: join(left.span, right.span) };
}

function parseIs(c: Cursor, left: Expression, power: number): Expression | undefined {
  const negated = c.peek().upper === 'NOT';
  const test = c.peek(negated ? 2 : 1).upper;
  if (test === 'DISTINCT') {
    if (POWER_DISTINCT <= power) return undefined;
    c.at += negated ? 3 : 2;
    c.expectWord('FROM');
    return binary(c, left, negated ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM', POWER_COMPARE);
  }
  if (POWER_IS <= power) return undefined;
  c.at += negated ? 2 : 1;
  if (test === 'NULL' || test === 'TRUE' || test === 'FALSE' || test === 'UNKNOWN') {
    c.next();
    return { kind: 'is', test, negated, operand: left, span: c.since(left.span) };
  }
  if (test === 'JSON' || test === 'A' || test === 'EMPTY') throw c.source.error('NOT_SUPPORTED', `IS ${test} is not supported yet`, c.token);
  throw c.unexpected('NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM');
}

function parseRange(c: Cursor, left: Expression): Expression {
  const negated = c.word('NOT');
  if (negated && (c.isWord('RLIKE') || c.isWord('ILIKE'))) throw c.source.error('NOT_SUPPORTED', `the operator ${c.token.upper} is not supported yet`, c.token);
  if (c.word('BETWEEN')) {
    const symmetric = c.word('SYMMETRIC');
    if (!symmetric) c.word('ASYMMETRIC');
    const low = parseExpression(c, POWER_RANGE);
    c.expectWord('AND');
    const high = parseExpression(c, POWER_RANGE);
    return { kind: 'between', operand: left, low, high, negated, symmetric, span: join(left.span, high.span) };
  }
  if (c.word('IN')) {
    c.expectOperator('(');
    if (startsQuery(c)) {
      const query = parseQuery(c);
      c.expectOperator(')');
      return { kind: 'in query', operand: left, query, negated, span: c.since(left.span) };
    }
    const list = c.list(() => parseExpression(c));
    c.expectOperator(')');
    return { kind: 'in', operand: left, list, negated, span: c.since(left.span) };
  }
  const similar = c.word('SIMILAR');
  if (similar) c.expectWord('TO');
  else if (!c.word('LIKE')) throw c.unexpected('BETWEEN, IN or LIKE');
  const pattern = parseExpression(c, POWER_RANGE);
  const escapedBy = c.word('ESCAPE') ? parseExpression(c, POWER_RANGE) : undefined;
  return { kind: 'like', operand: left, pattern, escape: escapedBy, negated, similar, span: c.since(left.span) };
}
