import { nearest } from '../../base/errors.js';
import type { TypeFieldNode, TypeNode } from '../ast/type.js';
import type { Span } from '../source.js';
import type { Cursor } from './cursor.js';

/** Names with an optional (n) or (p, s) after them: how many numbers at most. */
const SIMPLE: Readonly<Record<string, number>> = {
  BOOLEAN: 0,
  TINYINT: 0,
  SMALLINT: 0,
  INT: 0,
  INTEGER: 0,
  BIGINT: 0,
  FLOAT: 0,
  DATE: 0,
  STRING: 0,
  BYTES: 0,
  CHAR: 1,
  VARCHAR: 1,
  BINARY: 1,
  VARBINARY: 1,
  DECIMAL: 2,
  DEC: 2,
  NUMERIC: 2,
};

export function parseType(c: Cursor): TypeNode {
  return c.nested(() => {
    const start = c.token;
    let type = parseBareType(c, start);
    if (c.isWord('CHARACTER', 'SET')) throw c.source.error('NOT_SUPPORTED', 'CHARACTER SET is not supported yet', c.token);
    type = { ...type, nullable: parseNullable(c), span: c.since(start) };
    while (c.isWord('ARRAY') || c.isWord('MULTISET')) {
      const name = c.next().upper;
      type = { kind: 'type', name, args: [], elements: [type], nullable: parseNullable(c), span: c.since(start) };
    }
    return type;
  });
}

function parseNullable(c: Cursor): boolean {
  if (c.word('NOT', 'NULL')) return false;
  c.word('NULL');
  return true;
}

function parseBareType(c: Cursor, start: Span): TypeNode {
  const done = (name: string, args: readonly number[] = [], more: Partial<TypeNode> = {}): TypeNode => ({
    kind: 'type',
    name,
    args,
    nullable: true,
    span: c.since(start),
    ...more,
  });
  const t = c.token;
  if (t.kind !== 'word') throw c.unexpected('a data type');
  if (Object.hasOwn(SIMPLE, t.upper)) {
    c.next();
    return done(t.upper, parseArgs(c, SIMPLE[t.upper]));
  }
  switch (t.upper) {
    case 'CHARACTER':
      c.next();
      return done(c.word('VARYING') ? 'VARCHAR' : 'CHAR', parseArgs(c, 1));
    case 'DOUBLE':
      c.next();
      c.word('PRECISION');
      return done('DOUBLE');
    case 'TIME': {
      c.next();
      const args = parseArgs(c, 1);
      c.word('WITHOUT', 'TIME', 'ZONE');
      return done('TIME', args);
    }
    case 'TIMESTAMP': {
      c.next();
      const args = parseArgs(c, 1);
      if (c.word('WITH', 'LOCAL', 'TIME', 'ZONE')) return done('TIMESTAMP_LTZ', args);
      if (c.word('WITH', 'TIME', 'ZONE')) return done('TIMESTAMP WITH TIME ZONE', args);
      c.word('WITHOUT', 'TIME', 'ZONE');
      return done('TIMESTAMP', args);
    }
    case 'TIMESTAMP_LTZ':
      c.next();
      return done('TIMESTAMP_LTZ', parseArgs(c, 1));
    case 'ROW':
      c.next();
      return done('ROW', [], { fields: parseRowFields(c) });
    case 'ARRAY':
    case 'MULTISET':
    case 'MAP': {
      c.next();
      c.expectOperator('<');
      const elements = c.list(() => parseType(c));
      closeAngle(c);
      return done(t.upper, [], { elements });
    }
    case 'INTERVAL':
      return parseIntervalType(c, done);
    case 'RAW':
    case 'STRUCTURED':
    case 'BITMAP':
    case 'VARIANT':
    case 'REAL':
      c.next();
      skipTypeArguments(c);
      return done(t.upper);
    default:
      throw unknownType(c);
  }
}

/** RAW('class', 'serializer'), STRUCTURED<'class', a INT>: understood far enough to be refused by name. */
function skipTypeArguments(c: Cursor): void {
  let depth = 0;
  do {
    if (c.isOperator('(') || c.isOperator('<')) depth++;
    else if (c.isOperator(')') || c.isOperator('>')) depth--;
    else if (depth === 0) return;
    if (c.ended || depth < 0) return;
    c.next();
  } while (depth > 0);
}

const AFTER_TYPE = /^(NOT|NULL|ARRAY|MULTISET|COMMENT|CONSTRAINT|METADATA|PRIMARY)$/;

function unknownType(c: Cursor): Error {
  const t = c.token;
  if (!c.isName(t)) return c.unexpected('a data type');
  const near = nearest(t.upper, [...Object.keys(SIMPLE), 'DOUBLE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ', 'ROW', 'ARRAY', 'MAP']);
  // a name alone could be a type of the user's: then it is the type that is not known, not the text that cannot be read
  const following = c.peek();
  const code = following.kind === 'word' && !AFTER_TYPE.test(following.upper) ? 'SQL_SYNTAX' : 'SQL_VALIDATION';
  return c.source.error(code, `unknown data type '${t.text}'`, t, near === undefined ? '' : `Did you mean ${near}?`);
}

function parseArgs(c: Cursor, max: number): number[] {
  if (max === 0 || !c.operator('(')) return [];
  const args = [c.integer('a whole number')];
  if (max > 1 && c.operator(',')) args.push(c.integer('a whole number'));
  c.expectOperator(')');
  return args;
}

function parseRowFields(c: Cursor): TypeFieldNode[] {
  const field = (): TypeFieldNode => {
    const name = c.name();
    const type = parseType(c);
    if (c.token.kind === 'string') c.next();
    return { name, type };
  };
  if (c.operator('(')) {
    const fields = c.list(field);
    c.expectOperator(')');
    return fields;
  }
  if (c.operator('<>')) return [];
  c.expectOperator('<');
  if (c.operator('>')) return [];
  const fields = c.list(field);
  closeAngle(c);
  return fields;
}

function closeAngle(c: Cursor): void {
  c.expectOperator('>');
}

function parseIntervalType(c: Cursor, done: (name: string) => TypeNode): TypeNode {
  c.next();
  const unit = (): string => {
    const t = c.next();
    if (t.kind !== 'word' || !/^(YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)$/.test(t.upper)) throw c.source.error('SQL_SYNTAX', 'expected a time unit', t);
    parseArgs(c, 1);
    return t.upper;
  };
  const from = unit();
  const to = c.word('TO') ? unit() : from;
  return done(/^(YEAR|MONTH)$/.test(to) ? 'INTERVAL MONTH' : 'INTERVAL SECOND');
}
