import type { PatternReader } from './parse.js';
import { NotAPattern, unsupported } from './refusal.js';

/** The character that an escape stands for. */
export function escaped(r: PatternReader): number {
  const ch = r.next();
  const plain: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
  if (Object.hasOwn(plain, ch)) return plain[ch];
  if (ch === '0') return octal(r);
  if (ch === 'x') return r.take('{') ? hexInBraces(r) : hex(r, 2);
  if (ch === 'u') return utf16(r);
  if (ch === 'c') return r.next().codePointAt(0)! ^ 64;
  if (ch === 'N' || ch === 'X') throw unsupported(`\\${ch}`);
  if (/[a-zA-Z]/.test(ch)) throw new NotAPattern(`illegal escape \\${ch}`);
  return ch.codePointAt(0)!;
}
function hex(r: PatternReader, digits: number): number {
  let text = '';
  for (let i = 0; i < digits; i++) text += r.next();
  if (!/^[0-9a-fA-F]+$/.test(text)) throw new NotAPattern('illegal hexadecimal escape');
  return Number.parseInt(text, 16);
}
function hexInBraces(r: PatternReader): number {
  let text = '';
  for (let c = r.next(); c !== '}'; c = r.next()) text += c;
  const cp = /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  if (!(cp <= 0x10ffff)) throw new NotAPattern('illegal hexadecimal code point');
  return cp;
}
function utf16(r: PatternReader): number {
  const unit = hex(r, 4);
  const { at } = r;
  if (unit >= 0xd800 && unit < 0xdc00 && r.take('\\u')) {
    const low = hex(r, 4);
    if (low >= 0xdc00 && low < 0xe000) return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    r.at = at;
  }
  return unit;
}
function octal(r: PatternReader): number {
  if (!/[0-7]/.test(r.peek())) throw new NotAPattern('illegal octal escape');
  let n = Number(r.next());
  if (/[0-7]/.test(r.peek())) {
    n = n * 8 + Number(r.next());
    if (/[0-7]/.test(r.peek()) && n < 32) n = n * 8 + Number(r.next());
  }
  return n;
}

/** \Q...\E as escaped characters. */
export function withoutQuotes(source: string): string {
  let out = '';
  for (let i = 0; i < source.length; ) {
    if (source.startsWith('\\Q', i)) {
      const end = source.indexOf('\\E', i + 2);
      for (const ch of source.slice(i + 2, end < 0 ? undefined : end)) out += /[a-zA-Z0-9]/.test(ch) || ch.codePointAt(0)! > 127 ? ch : `\\${ch}`;
      i = end < 0 ? source.length : end + 2;
    } else if (source[i] === '\\') {
      out += source.slice(i, i + 2);
      i += 2;
    } else out += source[i++];
  }
  return out;
}
