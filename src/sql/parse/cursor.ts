import { type MillraceError, nearest } from '../../base/errors.js';
import { NESTING_MAX } from '../../base/limits.js';
import type { Identifier, QualifiedName } from '../ast/name.js';
import type { SourceText, Span } from '../source.js';
import { RESERVED } from './keywords.js';
import { type Token, tokenize } from './lexer.js';

/** Walks the tokens of a script. Every failure is SQL_SYNTAX at the token where it was seen. */
export class Cursor {
  readonly source: SourceText;
  readonly tokens: readonly Token[];
  at = 0;
  #depth = 0;

  constructor(source: SourceText, tokens: readonly Token[] = tokenize(source)) {
    this.source = source;
    this.tokens = tokens;
  }

  get token(): Token {
    return this.tokens[this.at];
  }
  get ended(): boolean {
    return this.token.kind === 'end';
  }
  peek(ahead = 1): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)];
  }
  next(): Token {
    const t = this.tokens[this.at];
    if (t.kind !== 'end') this.at++;
    return t;
  }
  /** The span from a start to the last token taken. */
  since(start: Span): Span {
    const last = this.tokens[Math.max(0, this.at - 1)];
    return { start: start.start, end: Math.max(last.end, start.start) };
  }

  isWord(...words: readonly string[]): boolean {
    for (let i = 0; i < words.length; i++) {
      const t = this.peek(i);
      if (t.kind !== 'word' || t.upper !== words[i]) return false;
    }
    return true;
  }
  isOperator(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text;
  }
  /** Takes these keywords when they all come next. */
  word(...words: readonly string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.at += words.length;
    return true;
  }
  operator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.at++;
    return true;
  }
  expectWord(...words: readonly string[]): void {
    for (const w of words) if (!this.word(w)) throw this.unexpected(w);
  }
  expectOperator(text: string): Token {
    const t = this.token;
    if (!this.operator(text)) throw this.unexpected(`'${text}'`);
    return t;
  }

  unexpected(wanted: string): MillraceError {
    const t = this.token;
    const seen = t.kind === 'end' ? 'the end of the text' : `'${this.source.slice(t)}'`;
    const reserved = t.kind === 'word' && RESERVED.has(t.upper) && (wanted === 'a name' || wanted === 'an expression');
    let remedy = reserved ? `${t.upper} is a reserved word: as a name it stands in backticks, \`${t.text}\`.` : '';
    if (remedy === '' && t.kind === 'word' && /^[A-Z]+$/.test(wanted) && nearest(t.upper, [wanted]) !== undefined) remedy = `Did you mean ${wanted}?`;
    return this.source.error('SQL_SYNTAX', `expected ${wanted}, found ${seen}`, t, remedy);
  }

  isName(t: Token = this.token): boolean {
    return t.kind === 'quoted' || (t.kind === 'word' && !RESERVED.has(t.upper));
  }
  name(): Identifier {
    const t = this.token;
    if (!this.isName()) throw this.unexpected('a name');
    this.at++;
    return { text: t.text, quoted: t.kind === 'quoted', span: { start: t.start, end: t.end } };
  }
  qualifiedName(): QualifiedName {
    const parts = [this.name()];
    while (this.operator('.')) parts.push(this.name());
    return { parts, span: { start: parts[0].span.start, end: parts[parts.length - 1].span.end } };
  }
  nameList(): Identifier[] {
    this.expectOperator('(');
    const names = this.list(() => this.name());
    this.expectOperator(')');
    return names;
  }
  string(what: string): string {
    const t = this.token;
    if (t.kind !== 'string') throw this.unexpected(what);
    this.at++;
    return t.text;
  }
  integer(what: string): number {
    const t = this.token;
    if (t.kind !== 'number' || !/^\d+$/.test(t.text)) throw this.unexpected(what);
    this.at++;
    return Number(t.text);
  }
  list<T>(one: () => T): T[] {
    const out = [one()];
    while (this.operator(',')) out.push(one());
    return out;
  }

  /** Guards recursion. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > NESTING_MAX) throw this.source.error('SQL_SYNTAX', `nested deeper than ${NESTING_MAX}`, this.token, 'Simplify the statement.');
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }
}
