/** Reads local milliseconds since the epoch, or undefined when the text does not fit the pattern. */
export type TimestampParser = (text: string) => number | undefined;

type Field = 'y' | 'M' | 'd' | 'H' | 'h' | 'm' | 's' | 'S' | 'a';
const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What does not fit its pattern is read as java.sql.Timestamp.valueOf reads it, or Date.valueOf: days up to 31, and hours and less, may overflow. */
function readSqlText(untrimmed: string): number | undefined {
  const text = untrimmed.replace(/^[\0- ]+|[\0- ]+$/g, '');
  const m = (text.includes(' ') ? /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/ : /^(\d{4})-(\d{1,2})-(\d{1,2})$/).exec(text);
  if (m === null) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = m.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + Number((m[7] ?? '').padEnd(3, '0').slice(0, 3));
}

/** Flink's TO_TIMESTAMP without a pattern: a date, and a time with a fraction behind it or not. */
export const parseStandardTimestamp: TimestampParser = matcher(/^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?)?$/, [
  'y',
  'M',
  'd',
  'H',
  'm',
  's',
  'S',
]);

/** Flink's TO_TIMESTAMP with a pattern: by it, and what it does not fit by readSqlText. */
export function compileTimestampParser(pattern: string): TimestampParser {
  const strict = compileStrict(pattern);
  return (text) => strict(text) ?? readSqlText(text);
}

/**
 * A pattern as a regular expression over the whole text. Fields that the pattern lacks are those of 1970-01-01 00:00:00;
 * a day past the month's end is its last day, 24:00:00 the next day (Java's smart resolver); other values out of range do not fit.
 */
function compileStrict(pattern: string): TimestampParser {
  const fields: Field[] = [];
  let source = '^';
  for (let i = 0; i < pattern.length; ) {
    const ch = pattern[i];
    if (ch === "'") {
      let end = pattern.indexOf("'", i + 1);
      if (end < 0) return () => undefined;
      if (end === i + 1) source += "'";
      else source += quoteRegex(pattern.slice(i + 1, end));
      end++;
      i = end;
      continue;
    }
    if (!/[A-Za-z]/.test(ch)) {
      source += quoteRegex(ch);
      i++;
      continue;
    }
    let n = 1;
    while (pattern[i + n] === ch) n++;
    const part = fieldSource(ch, n);
    if (part === undefined) return () => undefined;
    source += part;
    fields.push((ch === 'u' ? 'y' : ch === 'K' ? 'h' : ch) as Field);
    i += n;
  }
  return matcher(new RegExp(`${source}$`, 'i'), fields);
}

function quoteRegex(s: string): string {
  return s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function fieldSource(letter: string, n: number): string | undefined {
  switch (letter) {
    case 'y':
    case 'u':
      return n === 2 ? '(\\d{2})' : '(\\d{4})';
    case 'M':
      return n >= 4 ? '([a-z]+)' : n === 3 ? '([a-z]{3})' : n === 2 ? '(\\d{2})' : '(\\d{1,2})';
    case 'S':
      return `(\\d{${n}})`;
    case 'a':
      return '(am|pm)';
    case 'd':
    case 'H':
    case 'h':
    case 'K':
    case 'm':
    case 's':
      return n === 2 ? '(\\d{2})' : '(\\d{1,2})';
    default:
      return undefined;
  }
}

function matcher(regex: RegExp, fields: readonly Field[]): TimestampParser {
  return (text) => {
    const m = regex.exec(text);
    if (m === null) return undefined;
    const v: Record<Field, number> = { y: 1970, M: 1, d: 1, H: 0, h: -1, m: 0, s: 0, S: 0, a: 0 };
    for (const [i, f] of fields.entries()) {
      const s = m[i + 1];
      if (s === undefined) continue;
      if (f === 'S') v.S = Math.floor(Number(`0.${s}`) * 1000 + 1e-9);
      else if (f === 'a') v.a = s.toLowerCase() === 'pm' ? 12 : 0;
      else if (f === 'M' && !/^\d/.test(s)) v.M = MONTH_NAMES.indexOf(s.slice(0, 3).toLowerCase()) + 1;
      else if (f === 'y' && s.length === 2) v.y = 2000 + Number(s);
      else v[f] = Number(s);
    }
    return resolve(v);
  };
}

function resolve(v: Record<Field, number>): number | undefined {
  const hour = v.h >= 0 ? (v.h % 12) + v.a : v.H;
  const isMidnight = hour === 24 && v.m === 0 && v.s === 0 && v.S === 0;
  if (v.y < 1 || v.M < 1 || v.M > 12 || v.d < 1 || v.d > 31 || (hour > 23 && !isMidnight) || v.m > 59 || v.s > 59) return undefined;
  const last = new Date(Date.UTC(2000, v.M, 0)).getUTCDate();
  const leap = (v.y % 4 === 0 && v.y % 100 !== 0) || v.y % 400 === 0;
  const day = Math.min(v.d, v.M === 2 && !leap ? 28 : last);
  const date = new Date(0);
  date.setUTCFullYear(v.y, v.M - 1, day);
  return date.getTime() + ((hour * 60 + v.m) * 60 + v.s) * 1000 + v.S;
}
