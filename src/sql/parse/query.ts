import type { CallExpression, Expression } from '../ast/expression.js';
import type { Alias, CommonTable, GroupItem, Query, QueryBody, Select, SelectItem, TableReference, Values } from '../ast/query.js';
import type { OptionNode } from '../ast/name.js';
import { join, type Span } from '../source.js';
import { parseCall, skipToClose } from './call.js';
import { Cursor } from './cursor.js';
import { parseExpression } from './expression.js';
import { tokenize } from './lexer.js';

export function startsQuery(c: Cursor): boolean {
  let ahead = 0;
  while (c.peek(ahead).kind === 'operator' && c.peek(ahead).text === '(') ahead++;
  const t = c.peek(ahead);
  return t.kind === 'word' && (t.upper === 'SELECT' || t.upper === 'VALUES' || (t.upper === 'WITH' && ahead === 0));
}

/** [WITH ...] body [ORDER BY ...] [LIMIT ...] */
export function parseQuery(c: Cursor): Query {
  return c.nested(() => {
    const start = c.token;
    const ctes: CommonTable[] = [];
    if (c.word('WITH')) {
      if (c.isWord('RECURSIVE')) throw c.source.error('NOT_SUPPORTED', 'WITH RECURSIVE is not supported yet', c.token);
      ctes.push(...c.list(() => parseCommonTable(c)));
    }
    const body = parseSetOperations(c, 0);
    const orderBy = c.isWord('ORDER') ? parseOrderBy(c) : undefined;
    const limit = parseLimit(c);
    return { kind: 'query', ctes, body, orderBy, limit, span: c.since(start) };
  });
}

function parseCommonTable(c: Cursor): CommonTable {
  const name = c.name();
  const columns = c.isOperator('(') ? c.nameList() : undefined;
  c.expectWord('AS');
  c.expectOperator('(');
  const query = parseQuery(c);
  c.expectOperator(')');
  return { name, columns, query };
}

function parseOrderBy(c: Cursor): Span {
  const start = c.next();
  c.expectWord('BY');
  c.list(() => {
    parseExpression(c);
    if (!c.word('ASC')) c.word('DESC');
    if (c.word('NULLS') && !c.word('FIRST')) c.expectWord('LAST');
  });
  return c.since(start);
}

function parseLimit(c: Cursor): Span | undefined {
  const start = c.token;
  if (c.word('LIMIT') && !c.word('ALL')) {
    parseExpression(c);
    if (c.operator(',')) parseExpression(c);
  }
  if (c.word('OFFSET')) {
    parseExpression(c);
    if (!c.word('ROWS')) c.word('ROW');
  }
  if (c.word('FETCH')) {
    if (!c.word('FIRST')) c.expectWord('NEXT');
    parseExpression(c);
    if (!c.word('ROWS')) c.expectWord('ROW');
    c.expectWord('ONLY');
  }
  return c.token === start ? undefined : c.since(start);
}

/** UNION and EXCEPT bind less than INTERSECT; both are left associative. */
function parseSetOperations(c: Cursor, power: number): QueryBody {
  let left = parseQueryTerm(c);
  for (;;) {
    const t = c.token;
    const op = t.kind === 'word' ? t.upper : '';
    if (op === 'MINUS') throw c.source.error('SQL_SYNTAX', 'Flink SQL has no MINUS', t, 'Write EXCEPT.');
    if (op !== 'UNION' && op !== 'INTERSECT' && op !== 'EXCEPT') return left;
    const binds = op === 'INTERSECT' ? 2 : 1;
    if (binds <= power) return left;
    c.next();
    const all = c.word('ALL');
    if (!all) c.word('DISTINCT');
    const opSpan = c.since(t);
    const right = parseSetOperations(c, binds);
    left = { kind: 'set', op, all, left, right, opSpan, span: join(left.span, right.span) };
  }
}

function parseQueryTerm(c: Cursor): QueryBody {
  if (c.operator('(')) {
    const query = parseQuery(c);
    c.expectOperator(')');
    return query;
  }
  if (c.isWord('VALUES')) return parseValues(c);
  if (c.isWord('TABLE')) throw c.source.error('NOT_SUPPORTED', 'TABLE t as a query is not supported yet', c.token, 'Write SELECT * FROM t.');
  return parseSelect(c);
}

function parseValues(c: Cursor): Values {
  const start = c.next();
  const rows = c.list(() => {
    const e = parseExpression(c);
    return e.kind === 'row' ? e.items : [e];
  });
  return { kind: 'values', rows, span: c.since(start) };
}

function parseSelect(c: Cursor): Select {
  const start = c.token;
  c.expectWord('SELECT');
  if (c.token.kind === 'hint') c.next();
  if (c.isWord('STREAM')) throw c.source.error('NOT_SUPPORTED', 'SELECT STREAM is not supported yet', c.token, 'Leave STREAM out.');
  const distinctAt = c.token;
  const distinct = c.word('DISTINCT') ? c.since(distinctAt) : undefined;
  if (distinct === undefined) c.word('ALL');
  const items = c.list(() => parseSelectItem(c));
  if (!c.word('FROM')) return { kind: 'select', distinct, items, span: c.since(start) };
  const from = parseFrom(c);
  const where = c.word('WHERE') ? parseExpression(c) : undefined;
  let groupBy: GroupItem[] | undefined;
  if (c.word('GROUP', 'BY')) {
    if (!c.word('DISTINCT')) c.word('ALL');
    groupBy = c.list(() => parseGroupItem(c));
  }
  const having = c.word('HAVING') ? parseExpression(c) : undefined;
  let refused: Select['refused'];
  if (c.isWord('WINDOW') || c.isWord('QUALIFY')) {
    refused = { what: `the clause ${c.token.upper}`, span: c.token };
    while (!c.ended && !c.isOperator(';') && !c.isOperator(')')) {
      if (c.operator('(')) skipToClose(c);
      else c.next();
    }
  }
  return { kind: 'select', distinct, items, from, where, groupBy, having, refused, span: c.since(start) };
}

function parseSelectItem(c: Cursor): SelectItem {
  const start = c.token;
  const expression: Expression = c.operator('*') ? { kind: 'star', qualifier: [], span: start } : parseExpression(c);
  const alias = c.word('AS') ? c.name() : expression.kind !== 'star' && c.isName() ? c.name() : undefined;
  return { expression, alias, span: c.since(start) };
}

function parseGroupItem(c: Cursor): GroupItem {
  const start = c.token;
  const sets = c.word('GROUPING', 'SETS') ? 'GROUPING SETS' : c.word('CUBE') ? 'CUBE' : c.word('ROLLUP') ? 'ROLLUP' : undefined;
  if (sets !== undefined) {
    c.expectOperator('(');
    skipToClose(c);
    return { kind: 'sets', what: sets, span: c.since(start) };
  }
  if (c.isOperator('(') && c.peek().text === ')' && c.peek().kind === 'operator') {
    c.at += 2;
    return { kind: 'sets', what: 'GROUPING SETS', span: c.since(start) };
  }
  return { kind: 'expression', expression: parseExpression(c), span: c.since(start) };
}

function parseFrom(c: Cursor): TableReference {
  let left = parseJoins(c);
  while (c.isOperator(',')) {
    const opSpan = c.next();
    const right = parseJoins(c);
    left = { kind: 'join', type: 'COMMA', left, right, opSpan, span: join(left.span, right.span) };
  }
  return left;
}

function parseJoins(c: Cursor): TableReference {
  let left = parseTableReference(c);
  for (;;) {
    const start = c.token;
    const natural = c.word('NATURAL');
    const type = parseJoinType(c);
    if (type === undefined) {
      if (natural) throw c.unexpected('JOIN');
      return left;
    }
    const opSpan = c.since(start);
    const right = parseTableReference(c);
    const on = c.word('ON') ? parseExpression(c) : undefined;
    const using = on === undefined && c.word('USING') ? c.nameList() : undefined;
    left = { kind: 'join', type, left, right, on, using, opSpan, span: c.since(left.span) };
  }
}

function parseJoinType(c: Cursor): 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | undefined {
  if (c.word('JOIN') || c.word('INNER', 'JOIN')) return 'INNER';
  if (c.word('CROSS', 'JOIN')) return 'CROSS';
  for (const side of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (c.word(side, 'JOIN') || c.word(side, 'OUTER', 'JOIN')) return side;
  }
  return undefined;
}

function parseTableReference(c: Cursor): TableReference {
  const start = c.token;
  const lateral = c.word('LATERAL');
  if (c.isWord('UNNEST')) {
    c.next();
    c.expectOperator('(');
    skipToClose(c);
    c.word('WITH', 'ORDINALITY');
    parseAlias(c);
    return { kind: 'refused', what: 'UNNEST', span: c.since(start) };
  }
  if (c.isWord('TABLE') && c.peek().text === '(') {
    c.at += 2;
    const call = parseTableFunction(c);
    c.expectOperator(')');
    return finishReference(c, { kind: 'function', call, lateral, span: c.since(start) });
  }
  if (c.isOperator('(')) {
    c.next();
    if (startsQuery(c)) {
      const query = parseQuery(c);
      c.expectOperator(')');
      return finishReference(c, { kind: 'derived', query, lateral, span: c.since(start) });
    }
    const inner = parseFrom(c);
    if (inner.kind !== 'join') throw c.source.error('SQL_SYNTAX', 'expected a query or a join in these parentheses', inner.span, 'Leave the parentheses out.');
    c.expectOperator(')');
    return inner;
  }
  if (c.isName() && c.peek().kind === 'operator' && c.peek().text === '(') {
    return finishReference(c, { kind: 'function', call: parseTableFunction(c), lateral, span: c.since(start) });
  }
  const name = c.qualifiedName();
  return finishReference(c, { kind: 'table', name, options: parseOptionsHint(c), span: c.since(start) });
}

function parseTableFunction(c: Cursor): CallExpression {
  if (!c.isName()) throw c.unexpected('a table function');
  return parseCall(c);
}

function finishReference(c: Cursor, ref: TableReference): TableReference {
  if (c.isWord('FOR', 'SYSTEM_TIME')) {
    const start = c.token;
    c.at += 2;
    c.expectWord('AS', 'OF');
    parseExpression(c);
    parseAlias(c);
    return { kind: 'refused', what: 'FOR SYSTEM_TIME AS OF', span: c.since(start) };
  }
  if (c.isWord('MATCH_RECOGNIZE') || c.isWord('TABLESAMPLE') || c.isWord('PIVOT') || c.isWord('UNPIVOT')) {
    const start = c.next();
    while (!c.isOperator('(') && !c.ended) c.next();
    c.expectOperator('(');
    skipToClose(c);
    if (c.word('REPEATABLE') && c.operator('(')) skipToClose(c);
    parseAlias(c);
    return { kind: 'refused', what: start.upper, span: start };
  }
  if (c.isWord('EXTEND')) throw c.source.error('NOT_SUPPORTED', 'EXTEND is not supported yet', c.token);
  const alias = parseAlias(c);
  return alias === undefined ? ref : ({ ...ref, alias, span: c.since(ref.span) } as TableReference);
}

function parseAlias(c: Cursor): Alias | undefined {
  if (!c.word('AS') && !c.isName()) return undefined;
  const name = c.name();
  const columns = c.isOperator('(') ? c.nameList() : undefined;
  return { name, columns };
}

/** t /*+ OPTIONS('k' = 'v') *\/: other hints are accepted and ignored, as hints are. */
export function parseOptionsHint(c: Cursor): OptionNode[] {
  const out: OptionNode[] = [];
  while (c.token.kind === 'hint') {
    const hint = c.next();
    const inner = new Cursor(c.source, tokenize(c.source, hint.start + 3, hint.end - 2));
    while (!inner.ended) {
      const name = inner.name();
      if (inner.operator('(')) {
        if (name.text.toUpperCase() === 'OPTIONS') {
          out.push(...inner.list(() => parseOption(inner)));
          inner.expectOperator(')');
        } else skipToClose(inner);
      }
      if (!inner.operator(',') && !inner.ended && !inner.isName()) throw inner.unexpected('a hint');
    }
  }
  return out;
}

/** 'key' = 'value' */
export function parseOption(c: Cursor): OptionNode {
  const start = c.token;
  const key = c.string('an option key in quotes');
  c.expectOperator('=');
  const value = c.string('an option value in quotes');
  return { key, value, span: c.since(start) };
}
