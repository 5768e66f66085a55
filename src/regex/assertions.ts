import { letterOrDigit, nonSpacingMark } from './charset.js';
import type { Assertion } from './node.js';

const LF = 10;
const CR = 13;
const ends = (c: number): boolean => c === LF || c === CR || c === 0x85 || (c | 1) === 0x2029;

/** Whether an assertion holds at a place of the text. */
export function holds(kind: Assertion, text: string, at: number): boolean {
  const n = text.length;
  const before = at > 0 ? text.charCodeAt(at - 1) : -1;
  const after = at < n ? text.charCodeAt(at) : -1;
  switch (kind) {
    case 'begin':
      return at === 0;
    case 'end':
      return at === n;
    case 'word':
      return isBoundary(text, at);
    case 'notWord':
      return !isBoundary(text, at);
    // a line begins behind a line's end, but not behind the text's last one
    case 'lineStart':
      return at !== n && (at === 0 || (ends(before) && !(before === CR && after === LF)));
    case 'unixLineStart':
      return at !== n && (at === 0 || before === LF);
    case 'lastLineEnd':
      if (at < n - 2 || (at === n - 2 && !(after === CR && text.charCodeAt(at + 1) === LF))) return false;
      return at === n || endsLine(before, after);
    case 'lineEnd':
      return at === n || endsLine(before, after);
    case 'unixLineEnd':
      return at === n || after === LF;
    case 'unixLastLineEnd':
      return at === n || (at === n - 1 && after === LF);
  }
}

/** A line ends before `after`; the two characters CR LF end it once. */
const endsLine = (before: number, after: number): boolean => ends(after) && !(after === LF && before === CR);

function isBoundary(text: string, at: number): boolean {
  return wordBefore(text, at) !== wordAt(text, at);
}

/** Java 17: letters and digits of every script, and marks that stand on one. */
function wordAt(text: string, at: number): boolean {
  return at < text.length && isWord(text, at, text.codePointAt(at)!);
}
function wordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const start = startOfCharacter(text, at);
  return isWord(text, start, text.codePointAt(start)!);
}
function isWord(text: string, at: number, cp: number): boolean {
  if (cp === 0x5f || letterOrDigit(cp)) return true;
  if (cp < 128 || !nonSpacingMark(cp)) return false;
  let i = at;
  while (i > 0) {
    i = startOfCharacter(text, i);
    const base = text.codePointAt(i)!;
    if (letterOrDigit(base)) return true;
    if (!nonSpacingMark(base)) return false;
  }
  return false;
}
function startOfCharacter(text: string, end: number): number {
  const low = text.charCodeAt(end - 1);
  return low >= 0xdc00 && low < 0xe000 && end > 1 ? end - 2 : end - 1;
}
