import type { Identifier, OptionNode } from '../ast/name.js';
import type { ColumnNode, CreateTable, CreateView, Statement } from '../ast/statement.js';
import type { Span } from '../source.js';
import type { Cursor } from './cursor.js';
import { parseExpression } from './expression.js';
import { parseOption, parseQuery } from './query.js';
import { parseType } from './type.js';

/** CREATE was taken; TABLE or VIEW comes. */
export function parseCreate(c: Cursor, start: Span): Statement | undefined {
  const at = c.at;
  const temporary = c.word('TEMPORARY');
  if (c.word('TABLE')) return parseCreateTable(c, start, temporary);
  if (c.word('VIEW')) return parseCreateView(c, start, temporary);
  c.at = at;
  return undefined;
}

export function parseDrop(c: Cursor, start: Span): Statement | undefined {
  const at = c.at;
  const temporary = c.word('TEMPORARY');
  const what = c.word('TABLE') ? 'TABLE' : c.word('VIEW') ? 'VIEW' : undefined;
  if (what === undefined) {
    c.at = at;
    return undefined;
  }
  const ifExists = c.word('IF', 'EXISTS');
  const name = c.qualifiedName();
  return { kind: 'drop', what, name, ifExists, temporary, span: c.since(start) };
}

function parseCreateView(c: Cursor, start: Span, temporary: boolean): CreateView {
  const ifNotExists = c.word('IF', 'NOT', 'EXISTS');
  const name = c.qualifiedName();
  const columns = c.isOperator('(') ? c.nameList() : undefined;
  const comment = parseComment(c);
  c.expectWord('AS');
  const query = parseQuery(c);
  return { kind: 'create view', name, columns, temporary, ifNotExists, comment, query, span: c.since(start) };
}

function parseComment(c: Cursor): string | undefined {
  return c.word('COMMENT') ? c.string('the comment in quotes') : undefined;
}

interface TableParts {
  columns: ColumnNode[];
  watermark?: CreateTable['watermark'];
  primaryKey?: CreateTable['primaryKey'];
  /** a column stands without its type, as it may before AS SELECT alone */
  untyped?: Error;
}

function parseCreateTable(c: Cursor, start: Span, temporary: boolean): CreateTable {
  const ifNotExists = c.word('IF', 'NOT', 'EXISTS');
  const name = c.qualifiedName();
  const parts: TableParts = { columns: [] };
  if (c.operator('(')) {
    c.list(() => parseTableElement(c, parts));
    c.expectOperator(')');
  }
  const comment = parseComment(c);
  if (c.isWord('DISTRIBUTED')) throw c.source.error('NOT_SUPPORTED', 'DISTRIBUTED is not supported yet', c.token);
  let partitionedBy: Identifier[] = [];
  if (c.word('PARTITIONED')) {
    c.expectWord('BY');
    partitionedBy = c.nameList();
  }
  let options: OptionNode[] = [];
  if (c.word('WITH')) options = parseOptions(c);
  const like = c.isWord('LIKE') ? parseLike(c) : undefined;
  if (c.isWord('AS')) throw c.source.error('NOT_SUPPORTED', 'CREATE TABLE ... AS SELECT is not supported yet', c.token, 'Write CREATE TABLE and INSERT INTO.');
  const { untyped, ...rest } = parts;
  if (untyped !== undefined) throw untyped;
  return { kind: 'create table', name, temporary, ifNotExists, ...rest, partitionedBy, comment, options, like, span: c.since(start) };
}

function parseOptions(c: Cursor): OptionNode[] {
  c.expectOperator('(');
  if (c.operator(')')) return [];
  const options = c.list(() => parseOption(c));
  c.expectOperator(')');
  const seen = new Set<string>();
  for (const o of options) {
    if (seen.has(o.key)) throw c.source.error('SQL_VALIDATION', `the option '${o.key}' is given twice`, o.span);
    seen.add(o.key);
  }
  return options;
}

function parseLike(c: Cursor): CreateTable['like'] {
  const start = c.next();
  const name = c.qualifiedName();
  const choices: { action: string; what: string; span: Span }[] = [];
  if (c.operator('(')) {
    while (!c.operator(')')) {
      const at = c.token;
      const action = c.next().upper;
      if (!/^(INCLUDING|EXCLUDING|OVERWRITING)$/.test(action)) throw c.source.error('SQL_SYNTAX', 'expected INCLUDING, EXCLUDING or OVERWRITING', at);
      const what = c.next().upper;
      if (!/^(ALL|CONSTRAINTS|GENERATED|METADATA|OPTIONS|PARTITIONS|WATERMARKS|DISTRIBUTION)$/.test(what)) {
        throw c.source.error('SQL_SYNTAX', 'expected ALL, CONSTRAINTS, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS', c.tokens[c.at - 1]);
      }
      choices.push({ action, what, span: c.since(at) });
    }
  }
  return { name, choices, span: c.since(start) };
}

function parseTableElement(c: Cursor, parts: TableParts): void {
  const start = c.token;
  if (c.word('WATERMARK')) {
    if (parts.watermark !== undefined) throw c.source.error('SQL_VALIDATION', 'a table has at most one WATERMARK', start);
    c.expectWord('FOR');
    const column = c.qualifiedName().parts;
    c.expectWord('AS');
    const strategy = parseExpression(c);
    parts.watermark = { column, strategy, span: c.since(start) };
    return;
  }
  if (c.word('CONSTRAINT')) c.name();
  if (c.word('PRIMARY')) {
    c.expectWord('KEY');
    setPrimaryKey(c, parts, { columns: c.nameList(), enforced: parseEnforced(c), span: c.since(start) });
    return;
  }
  if (c.word('UNIQUE')) throw c.source.error('SQL_VALIDATION', 'UNIQUE constraints are not supported in Flink SQL', start);
  const name = c.name();
  if (c.word('AS')) {
    const expression = parseExpression(c);
    parts.columns.push({ kind: 'computed', name, expression, comment: parseComment(c), span: c.since(start) });
    return;
  }
  if (c.isOperator(',') || c.isOperator(')')) {
    parts.untyped ??= c.unexpected('a data type');
    return;
  }
  const type = parseType(c);
  if (c.word('METADATA')) {
    const key = c.word('FROM') ? c.string('the metadata key in quotes') : undefined;
    const virtual = c.word('VIRTUAL');
    parts.columns.push({ kind: 'metadata', name, type, key, virtual, comment: parseComment(c), span: c.since(start) });
    return;
  }
  let primaryKey = false;
  if (c.word('CONSTRAINT')) c.name();
  const keyStart = c.token;
  if (c.word('PRIMARY')) {
    c.expectWord('KEY');
    primaryKey = true;
    setPrimaryKey(c, parts, { columns: [name], enforced: parseEnforced(c), span: c.since(keyStart) });
  }
  parts.columns.push({ kind: 'physical', name, type, primaryKey, comment: parseComment(c), span: c.since(start) });
}

function setPrimaryKey(c: Cursor, parts: TableParts, key: NonNullable<CreateTable['primaryKey']>): void {
  if (parts.primaryKey !== undefined) throw c.source.error('SQL_VALIDATION', 'a table has at most one PRIMARY KEY', key.span);
  parts.primaryKey = key;
}

function parseEnforced(c: Cursor): boolean {
  if (c.word('NOT', 'ENFORCED')) return false;
  c.word('ENFORCED');
  return true;
}
