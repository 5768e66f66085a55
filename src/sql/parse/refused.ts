import type { Statement } from '../ast/statement.js';
import type { Span } from '../source.js';
import { skipToClose } from './call.js';
import type { Cursor } from './cursor.js';

/** Words that begin a statement of Flink's which is not there. */
const FIRST: ReadonlySet<string> = new Set(
  'ADD ALTER ANALYZE CALL CLEAR COMPILE DELETE END EXIT HELP LOAD MERGE QUIT REMOVE REPLACE STOP TABLE TRUNCATE UNLOAD UPDATE UPSERT USE'.split(' '),
);

/** Words of which the name of a statement is made: SHOW CREATE TABLE, ALTER MATERIALIZED TABLE. */
const NAMING: ReadonlySet<string> = new Set(
  `ALTER AND CATALOG CATALOGS COLUMNS CONNECTION CONNECTIONS CREATE CURRENT DATABASE DATABASES EXECUTE FROM FULL FUNCTION FUNCTIONS IMMEDIATE INTO JAR JARS JOB
JOBS MATERIALIZED MODEL MODELS MODULE MODULES OR PARTITIONS PLAN PROCEDURES REPLACE SYSTEM TABLE TABLES TEMPORARY USER VIEW VIEWS`.split(/\s+/),
);
/** What SHOW takes behind the kind of object. */
const SHOW_TAIL: ReadonlySet<string> = new Set(['FROM', 'IN', 'NOT', 'LIKE', 'ILIKE']);
const OBJECTS: ReadonlySet<string> = new Set('CATALOG CONNECTION DATABASE FUNCTION MODEL TABLE VIEW'.split(' '));

export function beginsRefused(c: Cursor): boolean {
  return c.token.kind === 'word' && FIRST.has(c.token.upper);
}

/** The next token begins a statement that Flink has: takes it up to its end, under its name. */
export function refuseStatement(c: Cursor): Statement {
  const start = c.token;
  const words = [c.next().upper];
  while (c.token.kind === 'word' && NAMING.has(c.token.upper)) words.push(c.next().upper);
  if (start.upper === 'SHOW') while (words.length < 4 && c.token.kind === 'word' && SHOW_TAIL.has(c.token.upper)) words.push(c.next().upper);
  if ((start.upper === 'CREATE' || start.upper === 'DROP') && !words.some((w) => OBJECTS.has(w))) throw c.unexpected('TABLE or VIEW');
  return skipStatement(c, start, words.join(' '));
}

/** Takes everything up to the semicolon that ends the statement: a statement set has semicolons of its own. */
export function skipStatement(c: Cursor, start: Span, what: string): Statement {
  let sets = 0;
  while (!c.ended && !(c.isOperator(';') && sets === 0)) {
    if (c.word('STATEMENT', 'SET', 'BEGIN')) sets++;
    else if (c.word('END')) sets = Math.max(0, sets - 1);
    else if (c.operator('(')) skipToClose(c);
    else c.next();
  }
  return { kind: 'refused', what, span: c.since(start) };
}

/** Functions with a grammar of their own between the parentheses. Their arguments are not read: none of them is there. */
const OWN_GRAMMAR: ReadonlySet<string> = new Set(
  `CONTAINS_SUBSTR CONVERT DATE_TRUNC DATETIME_TRUNC JSON_ARRAY JSON_ARRAYAGG JSON_EXISTS JSON_OBJECT JSON_OBJECTAGG JSON_QUERY JSON_VALUE PERCENTILE_CONT PERCENTILE_DISC
PERIOD REGR_SXX REGR_SYY SAFE_CAST TIMESTAMP_DIFF TIMESTAMP_TRUNC TIME_DIFF TIME_TRUNC`.split(/\s+/),
);

/** name( of a function whose arguments have a grammar of their own comes next. */
export function beginsOwnGrammar(c: Cursor): boolean {
  const [t, following] = [c.token, c.peek()];
  return t.kind === 'word' && OWN_GRAMMAR.has(t.upper) && following.kind === 'operator' && following.text === '(';
}
