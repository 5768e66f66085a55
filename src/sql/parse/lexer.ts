import { SQL_SCRIPT_CHARS_MAX } from '../../base/limits.js';
import type { SourceText, Span } from '../source.js';

export type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'hex' | 'operator' | 'hint' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** word: as written; quoted: without quotes; string: the value; number and operator: the text; hint: '' */
  readonly text: string;
  /** words only: upper case, to compare with keywords */
  readonly upper: string;
}

const OPERATORS = [
  '<>',
  '!=',
  '<=',
  '>=',
  '||',
  '=>',
  '->',
  '(',
  ')',
  ',',
  ';',
  '.',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '[',
  ']',
  '{',
  '}',
  ':',
  '?',
  '|',
  '^',
  '$',
];
const WORD = /[\p{L}_$][\p{L}\p{N}\p{Mn}\p{Mc}_$]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SPACE = /\s+/y;

/** Cuts a script into tokens. Comments vanish; a hint comment is one token whose content the parser reads again. */
export function tokenize(source: SourceText, from = 0, to = source.text.length): Token[] {
  const text = source.text;
  if (text.length > SQL_SCRIPT_CHARS_MAX) {
    throw source.error('SQL_SYNTAX', `the script has ${text.length} characters; at most ${SQL_SCRIPT_CHARS_MAX} are read`, { start: 0, end: 1 }, 'Split it.');
  }
  const out: Token[] = [];
  let at = from;
  const push = (kind: TokenKind, end: number, value: string, upper = ''): void => {
    out.push({ kind, start: at, end, text: value, upper });
    at = end;
  };
  while (at < to) {
    const skipped = skipBlank(source, at, to);
    if (skipped !== at) {
      at = skipped;
      continue;
    }
    const c = text[at];
    if (text.startsWith('/*+', at)) push('hint', closeComment(source, at), '');
    else if (c === "'") {
      const end = closeQuote(source, at, "'", 'string literal');
      push('string', end, text.slice(at + 1, end - 1).replaceAll("''", "'"));
    } else if (c === '`') {
      const end = closeQuote(source, at, '`', 'quoted identifier');
      push('quoted', end, text.slice(at + 1, end - 1).replaceAll('``', '`'));
    } else if ((c === 'x' || c === 'X') && text[at + 1] === "'") {
      const end = closeQuote(source, at + 1, "'", 'binary literal');
      push('hex', end, text.slice(at + 2, end - 1));
    } else if (/[uU]/.test(c) && text.startsWith("&'", at + 1)) {
      throw source.error('NOT_SUPPORTED', 'a literal of Unicode escapes is not supported yet', { start: at, end: at + 3 }, 'Write the characters themselves.');
    } else pushRest(source, at, push);
  }
  out.push({ kind: 'end', start: to, end: to, text: '', upper: '' });
  return out;
}

function pushRest(source: SourceText, at: number, push: (kind: TokenKind, end: number, value: string, upper?: string) => void): void {
  const text = source.text;
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(text);
  if (number !== null) {
    push('number', at + number[0].length, number[0]);
    return;
  }
  WORD.lastIndex = at;
  const word = WORD.exec(text);
  if (word !== null) {
    push('word', at + word[0].length, word[0], word[0].toUpperCase());
    return;
  }
  const operator = OPERATORS.find((o) => text.startsWith(o, at));
  if (operator === undefined) {
    const shown = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const remedy = shown === '"' ? "Text stands in single quotes: 'text'; names stand in backticks: `name`." : '';
    throw source.error('SQL_SYNTAX', `unexpected character ${JSON.stringify(shown)}`, { start: at, end: at + 1 }, remedy);
  }
  push('operator', at + operator.length, operator);
}

/** The offset after white space and comments (not hints) that start at `at`. */
function skipBlank(source: SourceText, at: number, to: number): number {
  const text = source.text;
  SPACE.lastIndex = at;
  const space = SPACE.exec(text);
  if (space !== null) return Math.min(to, at + space[0].length);
  if (text.startsWith('--', at)) {
    const end = text.indexOf('\n', at);
    return end < 0 ? to : Math.min(to, end);
  }
  if (text.startsWith('/*', at) && text[at + 2] !== '+') return closeComment(source, at);
  return at;
}

function closeComment(source: SourceText, at: number): number {
  const end = source.text.indexOf('*/', at + 2);
  if (end < 0) throw source.error('SQL_SYNTAX', 'this comment is never closed', { start: at, end: at + 2 }, 'Close it with */.');
  return end + 2;
}

/** The offset after the closing quote of the quote at `at`; a doubled quote stands for itself. */
function closeQuote(source: SourceText, at: number, quote: string, what: string): number {
  const text = source.text;
  let end = at + 1;
  for (;;) {
    end = text.indexOf(quote, end);
    if (end < 0) throw source.error('SQL_SYNTAX', `this ${what} is never closed`, { start: at, end: at + 1 }, `Close it with ${quote}.`);
    if (text[end + 1] !== quote) return end + 1;
    end += 2;
  }
}
