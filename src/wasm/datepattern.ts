import { MillraceError } from '../base/errors.js';

/** Token codes of the kernels formatTimestamp and strToFixedTime, in the order of this string's letters. Token: code, width, or 0 and a literal byte. */
const LETTERS = 'yuMdHhmsSaEDQkKnAGwW';
/** What each letter prints; letters outside this list are refused. */
const SUPPORTED = new Set('yuMdHhmsSaEDkK');

/** A SimpleDateFormat / DateTimeFormatter pattern as pairs of bytes for the kernel formatTimestamp. */
export function compilePattern(pattern: string): { bytes: number[]; count: number } {
  const bytes: number[] = [];
  const utf8 = new TextEncoder();
  const literal = (s: string): void => {
    for (const b of utf8.encode(s)) bytes.push(0, b);
  };
  for (let i = 0; i < pattern.length; ) {
    const ch = pattern[i];
    if (ch === "'") {
      const { text, next } = quoted(pattern, i);
      literal(text);
      i = next;
    } else if (/[A-Za-z]/.test(ch)) {
      let n = 1;
      while (pattern[i + n] === ch) n++;
      if (!SUPPORTED.has(ch))
        throw new MillraceError('NOT_SUPPORTED', `the letter '${ch}' of the date pattern '${pattern}' is not supported`, {
          remedy: `Known letters: ${[...SUPPORTED].join(' ')}.`,
        });
      bytes.push(LETTERS.indexOf(ch) + 1, n);
      i += n;
    } else {
      const point = String.fromCodePoint(pattern.codePointAt(i)!);
      literal(point);
      i += point.length;
    }
  }
  return { bytes, count: bytes.length / 2 };
}

/** Widths of the fields that the kernel strToFixedTime reads; a fraction has any up to 9. */
const FIXED_WIDTHS: Readonly<Record<string, readonly number[]>> = {
  y: [2, 4],
  u: [2, 4],
  M: [2],
  d: [2],
  H: [2],
  m: [2],
  s: [2],
  S: [1, 2, 3, 4, 5, 6, 7, 8, 9],
};

/** A pattern to read by, as tokens; undefined when a field of it has no width of its own. */
export function compileFixedPattern(pattern: string): { bytes: number[]; count: number } | undefined {
  const bare = pattern.replace(/'[^']*'/g, '');
  if (bare.includes("'")) return undefined;
  const fields = bare.match(/([A-Za-z])\1*/g) ?? [];
  return fields.every((f) => FIXED_WIDTHS[f[0]]?.includes(f.length)) ? compilePattern(pattern) : undefined;
}

/** Text in quotes from `start`; two quotes are one. */
function quoted(pattern: string, start: number): { text: string; next: number } {
  if (pattern[start + 1] === "'") return { text: "'", next: start + 2 };
  let text = '';
  let i = start + 1;
  while (i < pattern.length) {
    if (pattern[i] === "'") {
      if (pattern[i + 1] !== "'") return { text, next: i + 1 };
      i++;
    }
    text += pattern[i++];
  }
  throw new MillraceError('SQL_VALIDATION', `the date pattern '${pattern}' has an open quote`);
}
