/** A set of code points. */
export type CharSet = (cp: number) => boolean;

/** A set, and where there is one its text for a class of JavaScript's patterns. */
export interface NamedSet {
  readonly set: CharSet;
  readonly js?: string;
}

export const pointText = (cp: number): string => `\\u{${cp.toString(16)}}`;

export const oneOf =
  (text: string): CharSet =>
  (cp) =>
    text.includes(String.fromCodePoint(cp));
export const single =
  (c: number): CharSet =>
  (cp) =>
    cp === c;
export const range =
  (low: number, high: number): CharSet =>
  (cp) =>
    cp >= low && cp <= high;
export const union =
  (a: CharSet, b: CharSet): CharSet =>
  (cp) =>
    a(cp) || b(cp);
export const both =
  (a: CharSet, b: CharSet): CharSet =>
  (cp) =>
    a(cp) && b(cp);
export const not =
  (a: CharSet): CharSet =>
  (cp) =>
    !a(cp);

const fold = (cp: number): number => upper(cp, String.fromCodePoint(cp));

/** Simple case mapping: where the full one gives several characters, Java's gives the character itself. */
function upper(cp: number, s: string): number {
  const up = s.toUpperCase();
  return up.length === (up.codePointAt(0)! > 0xffff ? 2 : 1) ? up.codePointAt(0)! : cp;
}
function lower(cp: number): number {
  const low = String.fromCodePoint(cp).toLowerCase();
  return low.length === (low.codePointAt(0)! > 0xffff ? 2 : 1) ? low.codePointAt(0)! : cp;
}

/** CASE_INSENSITIVE: ASCII letters of both cases; with UNICODE_CASE every letter's. */
export function ignoringCase(low: number, high: number, unicode: boolean): CharSet {
  const inRange = range(low, high);
  if (unicode) return (cp) => inRange(cp) || inRange(fold(cp)) || inRange(lower(fold(cp))) || (low === high && lower(fold(cp)) === lower(fold(low)));
  return (cp) => inRange(cp) || (cp < 128 && (inRange(upper(cp, String.fromCharCode(cp))) || inRange(lower(cp))));
}

/** Whether two characters are alike without their case, for references back. */
export function alike(a: number, b: number, unicode: boolean): boolean {
  if (a === b) return true;
  if (!unicode) return a < 128 && b < 128 && lower(a) === lower(b);
  return lower(fold(a)) === lower(fold(b));
}

const DIGIT = range(0x30, 0x39);
export const WORD: CharSet = (cp) => cp === 0x5f || DIGIT(cp) || (cp >= 0x61 && cp <= 0x7a) || (cp >= 0x41 && cp <= 0x5a);
const SPACE: CharSet = (cp) => cp === 0x20 || (cp >= 9 && cp <= 13);
const H_SPACE = oneOf(' \t\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000');
export const V_SPACE: CharSet = (cp) => (cp >= 10 && cp <= 13) || cp === 0x85 || cp === 0x2028 || cp === 0x2029;

/** \d \D \s \S \w \W \h \H \v \V */
export const SHORTHANDS: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  D: not(DIGIT),
  s: SPACE,
  S: not(SPACE),
  w: WORD,
  W: not(WORD),
  h: H_SPACE,
  H: not(H_SPACE),
  v: V_SPACE,
  V: not(V_SPACE),
};

/** Those that JavaScript can write inside a class. */
export const SHORTHAND_TEXT: Readonly<Record<string, string>> = { d: '0-9', s: ' \\t-\\r', w: '0-9A-Z_a-z' };

export const lineEnd = (cp: number): boolean => cp === 10 || cp === 13 || cp === 0x85 || cp === 0x2028 || cp === 0x2029;

const unicode = (property: string): CharSet => {
  const regex = new RegExp(`^\\p{${property}}$`, 'u');
  return (cp) => regex.test(String.fromCodePoint(cp));
};
const ASCII_GRAPH = range(0x21, 0x7e);
const LETTER = unicode('L');
const LETTER_OR_DIGIT = unicode('L');
const DECIMAL_DIGIT = unicode('Nd');
/** Character.isLetterOrDigit */
export const letterOrDigit: CharSet = (cp) => (cp < 128 ? WORD(cp) && cp !== 0x5f : LETTER_OR_DIGIT(cp) || DECIMAL_DIGIT(cp));
export const nonSpacingMark: CharSet = unicode('Mn');

const ALPHA = both(WORD, not(union(DIGIT, single(0x5f))));
const POSIX: Readonly<Record<string, CharSet>> = {
  Lower: range(0x61, 0x7a),
  Upper: range(0x41, 0x5a),
  ASCII: range(0, 0x7f),
  Alpha: ALPHA,
  Digit: DIGIT,
  Alnum: union(ALPHA, DIGIT),
  Punct: both(ASCII_GRAPH, not(union(ALPHA, DIGIT))),
  Graph: ASCII_GRAPH,
  Print: range(0x20, 0x7e),
  Blank: oneOf(' \t'),
  Cntrl: union(range(0, 0x1f), single(0x7f)),
  XDigit: union(DIGIT, union(range(0x61, 0x66), range(0x41, 0x46))),
  Space: SPACE,
  L1: range(0, 0xff),
  all: () => true,
  javaLowerCase: unicode('Lowercase'),
  javaUpperCase: unicode('Uppercase'),
  javaLetter: LETTER,
  javaAlphabetic: unicode('Alphabetic'),
  javaDigit: DECIMAL_DIGIT,
  javaLetterOrDigit: letterOrDigit,
};
const CATEGORY = /^(?:L[ultmoC]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfson]?)$/;
const BINARY: ReadonlySet<string> = new Set(['ALPHABETIC', 'IDEOGRAPHIC', 'LOWERCASE', 'UPPERCASE', 'WHITE_SPACE', 'HEX_DIGIT']);
/** Categories and properties in which case matters: without case one means all. */
const CASED = /^(?:L[ult]|Lower|Upper|java(?:Lower|Upper)Case|Is(?:Lowercase|Uppercase))$/i;
const LC = unicode('LC');

/** The set of \p{name}; undefined when it is not known here. */
export function propertySet(name: string, ignoreCase: boolean): CharSet | undefined {
  if (ignoreCase && CASED.test(name)) return /^(?:Lower|Upper)$/.test(name) ? ALPHA : LC;
  if (Object.hasOwn(POSIX, name)) return POSIX[name];
  const general = name.replace(/^(?:gc=|general_category=|Is)/, '');
  if (CATEGORY.test(general)) return unicode(general);
  const named = /^(?:Is|script=|sc=)([A-Za-z_]+)$/.exec(name);
  if (named === null) return undefined;
  const key = named[1].toUpperCase();
  const property = BINARY.has(key) && name.startsWith('Is') ? named[1].replace(/(?:^|_)[a-z]/g, (x) => x.toUpperCase()) : `Script=${scriptName(named[1])}`;
  try {
    return unicode(property);
  } catch {
    return undefined;
  }
}

const scriptName = (name: string): string => name.toLowerCase().replace(/(?:^|_)[a-z]/g, (x) => x.toUpperCase());
