import type { Insert, Statement, StatementSet } from '../ast/statement.js';
import { SourceText, type Span } from '../source.js';
import { Cursor } from './cursor.js';
import { parseCreate, parseDrop } from './ddl.js';
import { skipToClose } from './call.js';
import { beginsRefused, refuseStatement, skipStatement } from './refused.js';
import { parseOptionsHint, parseQuery, startsQuery } from './query.js';

/** Parses a whole script: statements with their spans, semicolons between them. Fails with SQL_SYNTAX. */
export function parseScript(text: string, options: { file?: string } = {}): Statement[] {
  return parseSource(new SourceText(text, options.file));
}

export function parseSource(source: SourceText): Statement[] {
  const c = new Cursor(source);
  const out: Statement[] = [];
  for (;;) {
    while (c.operator(';'));
    if (c.ended) return out;
    out.push(parseStatement(c));
    if (!c.ended && !c.isOperator(';')) throw c.unexpected("';' or the end of the statement");
  }
}

const STATEMENT_WORDS = ['SELECT', 'INSERT', 'CREATE', 'DROP', 'SET', 'RESET', 'EXPLAIN', 'EXECUTE', 'BEGIN', 'WITH', 'VALUES', 'SHOW', 'DESCRIBE'];
/** What DESCRIBE shows besides tables, when a name follows. */
const DESCRIBED = /^(CATALOG|CONNECTION|DATABASE|FUNCTION|JOB|MODEL)$/;

function parseStatement(c: Cursor): Statement {
  const start = c.token;
  if (startsQuery(c)) return parseSelectStatement(c);
  switch (start.kind === 'word' ? start.upper : '') {
    case 'CREATE':
    case 'DROP': {
      const { at } = c;
      c.next();
      const done = start.upper === 'CREATE' ? parseCreate(c, start) : parseDrop(c, start);
      if (done !== undefined) return done;
      c.at = at;
      return refuseStatement(c);
    }
    case 'SET':
      return parseSet(c);
    case 'RESET': {
      c.next();
      const key = c.ended || c.isOperator(';') ? undefined : parseKey(c);
      return { kind: 'reset', key, span: c.since(start) };
    }
    case 'INSERT':
      return parseInsert(c);
    case 'EXPLAIN':
      return parseExplain(c);
    case 'EXECUTE':
    case 'BEGIN':
      return parseExecute(c);
    case 'DESC':
    case 'DESCRIBE': {
      const kind = c.peek().upper;
      const named = c.peek(2);
      if (DESCRIBED.test(kind) && named.kind !== 'end' && named.kind !== 'operator') return skipStatement(c, start, `DESCRIBE ${kind}`);
      c.next();
      c.word('EXTENDED');
      return { kind: 'describe', name: c.qualifiedName(), span: c.since(start) };
    }
    case 'SHOW': {
      const what = c.peek().upper;
      if ((what !== 'TABLES' && what !== 'VIEWS') || (c.peek(2).kind !== 'end' && c.peek(2).text !== ';')) return refuseStatement(c);
      c.at += 2;
      return { kind: 'show', what, span: c.since(start) };
    }
    default:
      if (beginsRefused(c)) return refuseStatement(c);
      throw unknownStatement(c);
  }
}

function unknownStatement(c: Cursor): Error {
  const near = c.unexpected('a statement');
  for (const w of STATEMENT_WORDS) {
    const e = c.unexpected(w);
    if (e.remedy.startsWith('Did you mean')) return e;
  }
  return near;
}

function parseSelectStatement(c: Cursor): { kind: 'select'; query: ReturnType<typeof parseQuery>; span: Span } {
  const start = c.token;
  const query = parseQuery(c);
  return { kind: 'select', query, span: c.since(start) };
}

/** SET; SET 'key' = 'value'; SET key = value */
function parseSet(c: Cursor): Statement {
  const start = c.next();
  if (c.ended || c.isOperator(';')) return { kind: 'set', span: c.since(start) };
  const key = parseKey(c);
  c.expectOperator('=');
  if (c.token.kind === 'string') return { kind: 'set', key, value: c.next().text, span: c.since(start) };
  const from = c.token;
  while (!c.ended && !c.isOperator(';')) c.next();
  if (c.token === from) throw c.unexpected('a value');
  return { kind: 'set', key, value: c.source.slice(c.since(from)), span: c.since(start) };
}

function parseKey(c: Cursor): string {
  if (c.token.kind === 'string') return c.next().text;
  const from = c.token;
  if (from.kind !== 'word') throw c.unexpected('an option key');
  c.next();
  while ((c.isOperator('.') || c.isOperator('-')) && c.token.start === c.tokens[c.at - 1].end) {
    c.next();
    if (c.token.kind !== 'word' && c.token.kind !== 'number') throw c.unexpected('the rest of the key');
    c.next();
  }
  return c.source.slice(c.since(from));
}

export function parseInsert(c: Cursor): Insert {
  const start = c.token;
  c.expectWord('INSERT');
  const overwrite = c.word('OVERWRITE');
  if (!overwrite) c.expectWord('INTO');
  else c.word('INTO');
  const table = c.qualifiedName();
  const options = parseOptionsHint(c);
  let partition: Span | undefined;
  const at = c.token;
  if (c.word('PARTITION')) {
    c.expectOperator('(');
    skipToClose(c);
    partition = c.since(at);
  }
  const columns = c.isOperator('(') && !startsQuery(c) ? c.nameList() : undefined;
  if (!startsQuery(c) && !c.isWord('TABLE')) throw c.unexpected('SELECT or VALUES');
  const query = parseQuery(c);
  if (c.isWord('ON', 'CONFLICT')) throw c.source.error('NOT_SUPPORTED', 'ON CONFLICT is not supported yet', c.token);
  return { kind: 'insert', table, options, overwrite, partition, columns, query, span: c.since(start) };
}

/** EXECUTE STATEMENT SET BEGIN ...; END | BEGIN STATEMENT SET; ...; END | EXECUTE INSERT ... | EXECUTE SELECT ... */
function parseExecute(c: Cursor): Statement {
  const start = c.token;
  if (c.word('EXECUTE')) {
    if (c.isWord('INSERT')) return parseInsert(c);
    if (startsQuery(c)) return parseSelectStatement(c);
    if (c.isWord('PLAN') || c.isWord('IMMEDIATE')) return skipStatement(c, start, `EXECUTE ${c.token.upper}`);
    return parseStatementSet(c, start);
  }
  c.expectWord('BEGIN', 'STATEMENT', 'SET');
  c.expectOperator(';');
  return parseInserts(c, start);
}

function parseStatementSet(c: Cursor, start: Span): StatementSet {
  c.expectWord('STATEMENT', 'SET', 'BEGIN');
  return parseInserts(c, start);
}

function parseInserts(c: Cursor, start: Span): StatementSet {
  const inserts: Insert[] = [];
  while (!c.word('END')) {
    inserts.push(parseInsert(c));
    c.expectOperator(';');
  }
  if (inserts.length === 0)
    throw c.source.error('SQL_VALIDATION', 'the statement set is empty', c.since(start), 'Put INSERT statements between BEGIN and END.');
  return { kind: 'statement set', inserts, span: c.since(start) };
}

const DETAILS = ['ESTIMATED_COST', 'CHANGELOG_MODE', 'JSON_EXECUTION_PLAN', 'PLAN_ADVICE'];

function parseExplain(c: Cursor): Statement {
  const start = c.next();
  const details: string[] = [];
  if (!c.word('PLAN', 'FOR') && c.token.kind === 'word' && DETAILS.includes(c.token.upper)) {
    details.push(
      ...c.list(() => {
        if (!DETAILS.includes(c.token.upper)) throw c.unexpected(DETAILS.join(', '));
        return c.next().upper;
      }),
    );
  }
  const at = c.token;
  if (startsQuery(c)) return { kind: 'explain', details, target: parseSelectStatement(c), span: c.since(start) };
  if (c.isWord('INSERT')) return { kind: 'explain', details, target: parseInsert(c), span: c.since(start) };
  if (c.isWord('TABLE')) return skipStatement(c, start, 'EXPLAIN TABLE');
  // of CREATE only CREATE TABLE ... AS can be explained, which is refused where it says AS
  if (c.word('CREATE')) parseCreate(c, at);
  c.word('EXECUTE');
  if (!c.isWord('STATEMENT')) throw c.unexpected('a query, INSERT or STATEMENT SET');
  return { kind: 'explain', details, target: parseStatementSet(c, at), span: c.since(start) };
}
