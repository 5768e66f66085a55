import { MillraceError } from '../base/errors.js';

/** Token codes of the kernels formatTimestamp and strToFixedTime, in the order of this string's letters. Token: code, width, or 0 and a literal byte. */
const LETTERS = 'yuMdHhmsSaEDQkKnAGwWYFeN';
/** Letters that are others under another name. */
const SAME: Readonly<Record<string, string>> = { L: 'M', q: 'Q', c: 'e' };
/** How often Java's DateTimeFormatter takes a letter at most; 19 where it pads a number. */
const WIDTH_MAX: Readonly<Record<string, number>> = {
  ...{ y: 19, u: 19, Y: 19, M: 5, L: 5, d: 2, D: 3, Q: 3, q: 3, w: 2, W: 1, e: 1, c: 1, F: 1, E: 5, G: 5 },
  ...{ a: 1, H: 2, h: 2, k: 2, K: 2, m: 2, s: 2, S: 9, n: 19, N: 19, A: 19 },
};
/** Letters that Java has and this has not: time zones and parts of the day by name; e to W with more letters print names of the locale. */
const JAVA_ONLY = new Set('BgVvzOXxZp');

interface PatternProblem {
  readonly code: 'SQL_VALIDATION' | 'NOT_SUPPORTED';
  readonly message: string;
  readonly remedy: string;
}

/** Why a pattern cannot be printed by; undefined = it can. */
export function patternProblem(pattern: string): PatternProblem | undefined {
  const bare = pattern.replace(/'[^']*'/g, '');
  if (bare.includes("'")) return { code: 'SQL_VALIDATION', message: `the date pattern '${pattern}' has an open quote`, remedy: 'Close it.' };
  const reserved = /[{}#]/.exec(bare);
  if (reserved !== null)
    return { code: 'SQL_VALIDATION', message: `the date pattern '${pattern}' has the reserved character '${reserved[0]}'`, remedy: 'Put it in quotes.' };
  for (const [letters] of bare.matchAll(/([A-Za-z])\1*/g)) {
    const letter = letters[0];
    const most = WIDTH_MAX[letter];
    const known = `Known letters: ${Object.keys(WIDTH_MAX).join(' ')}.`;
    if (most === undefined) {
      const code = JAVA_ONLY.has(letter) ? 'NOT_SUPPORTED' : 'SQL_VALIDATION';
      return {
        code,
        message: `the letter '${letter}' of the date pattern '${pattern}' is ${code === 'NOT_SUPPORTED' ? 'not supported yet' : 'none'}`,
        remedy: known,
      };
    }
    if (letters.length <= most) continue;
    const code = /[ecQqMLEW]/.test(letter) ? 'NOT_SUPPORTED' : 'SQL_VALIDATION';
    return { code, message: `the date pattern '${pattern}' has '${letter}' ${letters.length} times`, remedy: `At most ${most} here.` };
  }
  return undefined;
}

/** A SimpleDateFormat / DateTimeFormatter pattern as pairs of bytes for the kernel formatTimestamp. Optional parts, in brackets, are always printed. */
export function compilePattern(pattern: string): { bytes: number[]; count: number } {
  const problem = patternProblem(pattern);
  if (problem !== undefined) throw new MillraceError(problem.code, problem.message, { remedy: problem.remedy });
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
      bytes.push(LETTERS.indexOf(SAME[ch] ?? ch) + 1, n);
      i += n;
    } else {
      const point = String.fromCodePoint(pattern.codePointAt(i)!);
      if (point !== '[' && point !== ']') literal(point);
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
