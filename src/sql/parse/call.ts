import type { CallExpression, Expression } from '../ast/expression.js';
import type { Token } from './lexer.js';
import type { Cursor } from './cursor.js';
import { parseExpression } from './expression.js';
import { parseQuery, startsQuery } from './query.js';
import { beginsOwnGrammar } from './refused.js';

const UNIT_WORDS =
  /^(?:SQL_TSI_)?(MILLENNIUM|CENTURY|DECADE|YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND|MILLISECOND|MICROSECOND|NANOSECOND|EPOCH|DOW|ISODOW|DOY|ISOYEAR)S?$/;

/** name(...): with the special grammars of EXTRACT, POSITION, TRIM, SUBSTRING, FLOOR, TIMESTAMPADD and OVERLAY, and what may follow an aggregate. */
export function parseCall(c: Cursor): CallExpression {
  const ownGrammar = beginsOwnGrammar(c);
  const name = c.next();
  c.expectOperator('(');
  if (ownGrammar) {
    skipToClose(c);
    const call: CallExpression = { kind: 'call', name: name.upper, nameSpan: name, args: [], star: false, distinct: false, bare: false, span: c.since(name) };
    return { ...call, ...parseCallTail(c), span: c.since(name) };
  }
  const special = parseSpecial(c, name);
  if (special !== undefined) {
    c.expectOperator(')');
    return { kind: 'call', name: special.name, nameSpan: name, args: special.args, star: false, distinct: false, bare: false, span: c.since(name) };
  }
  let star = false;
  let distinct = false;
  let all = false;
  let args: Expression[] = [];
  if (c.operator('*')) star = true;
  else if (!c.isOperator(')')) {
    distinct = c.word('DISTINCT');
    all = !distinct && c.word('ALL');
    args = c.list(() => parseArgument(c));
    if (c.isWord('ORDER')) throw c.source.error('NOT_SUPPORTED', 'ORDER BY between the parentheses of a function is not supported yet', c.token);
  }
  c.expectOperator(')');
  return { kind: 'call', name: name.text.toUpperCase(), nameSpan: name, args, star, distinct, all, bare: false, ...parseCallTail(c), span: c.since(name) };
}

function parseCallTail(c: Cursor): Partial<CallExpression> {
  if (c.isWord('WITHIN') || c.isWord('RESPECT', 'NULLS') || c.isWord('IGNORE', 'NULLS')) {
    throw c.source.error('NOT_SUPPORTED', `${c.token.upper} ${c.peek().upper} is not supported yet`, c.token);
  }
  let filter: Expression | undefined;
  if (c.word('FILTER')) {
    c.expectOperator('(');
    c.expectWord('WHERE');
    filter = parseExpression(c);
    c.expectOperator(')');
  }
  const over = c.token;
  if (!c.word('OVER')) return { filter };
  if (c.operator('(')) skipToClose(c);
  else c.name();
  return { filter, over: c.since(over) };
}

/** Skips to the parenthesis that closes the one just taken. */
export function skipToClose(c: Cursor): void {
  for (let depth = 1; depth > 0; ) {
    const t = c.token;
    if (t.kind === 'end') throw c.unexpected("')'");
    if (t.kind === 'operator') depth += t.text === '(' ? 1 : t.text === ')' ? -1 : 0;
    c.next();
  }
}

/** An argument: an expression, name => value, DESCRIPTOR(...), TABLE t [PARTITION BY ...]. */
function parseArgument(c: Cursor): Expression {
  const start = c.token;
  if (c.isName() && c.peek().kind === 'operator' && c.peek().text === '=>') {
    const name = c.name();
    c.next();
    const value = parseArgument(c);
    return { kind: 'named', name, value, span: c.since(start) };
  }
  if (c.isWord('DESCRIPTOR') && c.peek().text === '(') {
    c.next();
    return { kind: 'descriptor', columns: c.nameList(), span: c.since(start) };
  }
  if (c.word('TABLE')) return parseTableArgument(c, start);
  if (c.isWord('MODEL') && c.isName(c.peek())) throw c.source.error('NOT_SUPPORTED', 'models are not supported yet', c.token);
  if (c.isOperator('(')) {
    const query = parseQueryArgument(c);
    if (query !== undefined) return query;
  }
  return parseExpression(c);
}

function parseQueryArgument(c: Cursor): Expression | undefined {
  const start = c.token;
  const at = c.at;
  c.next();
  if (!startsQuery(c)) {
    c.at = at;
    return undefined;
  }
  const query = parseQuery(c);
  c.expectOperator(')');
  if (!c.isWord('PARTITION') && !c.isWord('ORDER')) return { kind: 'subquery', query, span: c.since(start) };
  return { kind: 'table argument', table: query, ...parseTableOrder(c), span: c.since(start) };
}

function parseTableArgument(c: Cursor, start: Token): Expression {
  const table = c.qualifiedName();
  return { kind: 'table argument', table, ...parseTableOrder(c), span: c.since(start) };
}

function parseTableOrder(c: Cursor): { partitionBy?: Expression[]; orderBy?: Expression[] } {
  const by = (): Expression[] => {
    if (!c.operator('(')) return [parseExpression(c)];
    const list = c.list(() => parseExpression(c));
    c.expectOperator(')');
    return list;
  };
  const partitionBy = c.word('PARTITION', 'BY') ? by() : undefined;
  const orderBy = c.word('ORDER', 'BY') ? by() : undefined;
  return { partitionBy, orderBy };
}

function parseUnit(c: Cursor): Expression {
  const t = c.token;
  const m = t.kind === 'word' ? UNIT_WORDS.exec(t.upper) : null;
  if (m === null) throw c.unexpected('a time unit');
  c.next();
  return { kind: 'unit', unit: m[1], span: t };
}

function parseSpecial(c: Cursor, name: Token): { name: string; args: Expression[] } | undefined {
  const f = name.upper;
  if (f === 'EXTRACT') {
    const unit = parseUnit(c);
    c.expectWord('FROM');
    return { name: f, args: [unit, parseExpression(c)] };
  }
  if (f === 'TIMESTAMPADD' || f === 'TIMESTAMPDIFF') {
    const unit = parseUnit(c);
    const args = [unit];
    while (c.operator(',')) args.push(parseExpression(c));
    return { name: f, args };
  }
  if (f === 'TRIM') return parseTrim(c);
  if (f !== 'POSITION' && f !== 'SUBSTRING' && f !== 'FLOOR' && f !== 'CEIL' && f !== 'CEILING' && f !== 'OVERLAY') return undefined;
  // POSITION's IN would be taken for the operator: its first operand stops before IN
  const first = parseExpression(c, f === 'POSITION' ? 32 : 0);
  const args = [first];
  if (f === 'POSITION') {
    c.expectWord('IN');
    args.push(parseExpression(c));
    if (c.word('FROM')) args.push(parseExpression(c));
    return { name: f, args };
  }
  if (f === 'FLOOR' || f === 'CEIL' || f === 'CEILING') {
    const plain = f === 'CEILING' ? 'CEIL' : f;
    if (!c.word('TO')) return { name: plain, args };
    args.push(parseUnit(c));
    return { name: `${plain} TO`, args };
  }
  if (f === 'OVERLAY') c.expectWord('PLACING');
  else if (!c.operator(',')) c.expectWord('FROM');
  args.push(parseExpression(c));
  if (f === 'OVERLAY') {
    c.expectWord('FROM');
    args.push(parseExpression(c));
  }
  if (c.word('FOR') || (f === 'SUBSTRING' && c.operator(','))) args.push(parseExpression(c));
  return { name: f, args };
}

/** TRIM([BOTH | LEADING | TRAILING] [what] FROM text) and TRIM(text): args are text, what. */
function parseTrim(c: Cursor): { name: string; args: Expression[] } {
  const side = c.isWord('BOTH') || c.isWord('LEADING') || c.isWord('TRAILING') ? c.next().upper : undefined;
  const name = `TRIM ${side ?? 'BOTH'}`;
  if (side !== undefined && c.word('FROM')) return { name, args: [parseExpression(c)] };
  const first = parseExpression(c);
  if (c.word('FROM')) return { name, args: [parseExpression(c), first] };
  if (side !== undefined) throw c.unexpected('FROM');
  return { name, args: [first] };
}
