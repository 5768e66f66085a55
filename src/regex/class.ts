import { both, type CharSet, ignoringCase, type NamedSet, not, pointText, range, union } from './charset.js';
import { escaped } from './escape.js';
import type { PatternReader } from './parse.js';
import { NotAPattern } from './refusal.js';

/** [...] behind its opening bracket: characters, ranges, classes in it, && of classes. `closes`: its closing bracket is taken. */
export function parseClass(r: PatternReader, closes = true): NamedSet {
  const negated = closes && r.take('^');
  let set: CharSet | undefined;
  let js: string | undefined = '';
  const add = (more: CharSet): void => {
    set = set === undefined ? more : union(set, more);
  };
  for (;;) {
    if (r.ended) throw new NotAPattern('unclosed character class');
    if (r.peek() === '[') {
      r.at++;
      add(parseClass(r).set);
      js = undefined;
    } else if (r.take('&&')) {
      const right = intersected(r);
      if (set === undefined && right === undefined) throw new NotAPattern('bad class syntax');
      if (set === undefined) set = right;
      else if (right !== undefined) set = both(set, right);
      js = undefined;
    } else if (r.peek() === ']' && set !== undefined) {
      if (closes) r.at++;
      return { set: negated ? not(set) : set, js: js === undefined ? undefined : `[${negated ? '^' : ''}${js}]` };
    } else {
      const one = member(r);
      add(one.set);
      js = js === undefined || one.js === undefined ? undefined : js + one.js;
    }
  }
}

/** What stands between && and the next && or the end. */
function intersected(r: PatternReader): CharSet | undefined {
  let right: CharSet | undefined;
  while (!r.ended && r.peek() !== ']' && r.peek() !== '&') {
    const nested = r.take('[');
    const more = parseClass(r, nested).set;
    right = right === undefined ? more : union(right, more);
  }
  return right;
}

/** A character, a range or a shorthand. */
function member(r: PatternReader): NamedSet {
  let low: number;
  if (r.take('\\')) {
    const set = r.shorthand();
    if (set !== undefined) return set;
    low = escaped(r);
  } else low = r.next().codePointAt(0)!;
  if (r.peek() !== '-' || r.peek(1) === '[' || r.peek(1) === ']' || r.peek(1) === '') return r.literal(low);
  r.at++;
  const high = r.take('\\') ? escaped(r) : r.next().codePointAt(0)!;
  if (high < low) throw new NotAPattern('illegal character range');
  if (r.flags.ignoreCase) return { set: ignoringCase(low, high, r.flags.unicodeCase) };
  return { set: range(low, high), js: `${pointText(low)}-${pointText(high)}` };
}
