import { NESTING_MAX } from '../base/limits.js';
import { type NamedSet, ignoringCase, lineEnd, not, pointText, propertySet, SHORTHAND_TEXT, SHORTHANDS, single } from './charset.js';
import { parseClass } from './class.js';
import { escaped, withoutQuotes } from './escape.js';
import { lengthOf, type Node } from './node.js';
import { NotAPattern, unsupported } from './refusal.js';

/** Pattern flags as they stand at one place. */
export interface Flags {
  /** i: without case, of ASCII letters */
  ignoreCase: boolean;
  /** u: without case of all letters */
  unicodeCase: boolean;
  /** m: ^ and $ at every line */
  multiline: boolean;
  /** s: . takes line ends */
  dotAll: boolean;
  /** d: \n alone ends a line */
  unixLines: boolean;
}

/** Reads a pattern of java.util.regex (17). */
export class PatternReader {
  readonly #points: number[];
  at = 0;
  groups = 1;
  readonly names = new Map<string, number>();
  flags: Flags = { ignoreCase: false, unicodeCase: false, multiline: false, dotAll: false, unixLines: false };
  /** references back, lookaround, possessive and atomic parts: not of linear time */
  backtracks = false;
  #depth = 0;
  /** the last \R */
  #lineBreak: Node | undefined;

  constructor(source: string) {
    this.#points = [...withoutQuotes(source)].map((ch) => ch.codePointAt(0)!);
  }

  get ended(): boolean {
    return this.at >= this.#points.length;
  }
  peek(ahead = 0): string {
    const cp = this.#points[this.at + ahead];
    return cp === undefined ? '' : String.fromCodePoint(cp);
  }
  next(): string {
    if (this.ended) throw new NotAPattern('it ends early');
    return String.fromCodePoint(this.#points[this.at++]);
  }
  take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text[i]) return false;
    this.at += text.length;
    return true;
  }

  parse(): Node {
    const node = this.#alternatives();
    if (!this.ended) throw new NotAPattern('unmatched )');
    return node;
  }

  #alternatives(): Node {
    if (++this.#depth > NESTING_MAX) throw unsupported(`nesting deeper than ${NESTING_MAX}`);
    const items = [this.#sequence()];
    while (this.take('|')) items.push(this.#sequence());
    this.#depth--;
    return items.length === 1 ? items[0] : { t: 'alt', items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (!this.ended && this.peek() !== '|' && this.peek() !== ')') {
      const atom = this.#atom();
      if (atom !== undefined) items.push(this.#repeated(atom));
    }
    return items.length === 1 ? items[0] : { t: 'cat', items };
  }

  #atom(): Node | undefined {
    const ch = this.peek();
    switch (ch) {
      case '(':
        return this.#group();
      case '[':
        this.at++;
        return { t: 'set', ...parseClass(this) };
      case '.': {
        this.at++;
        const { dotAll, unixLines } = this.flags;
        if (dotAll) return { t: 'set', set: () => true, js: '[^]' };
        return unixLines ? { t: 'set', set: not(single(10)), js: '[^\\n]' } : { t: 'set', set: not(lineEnd), js: '[^\\n\\r\\u0085\\u2028\\u2029]' };
      }
      case '^':
        this.at++;
        return { t: 'assert', kind: this.flags.multiline ? (this.flags.unixLines ? 'unixLineStart' : 'lineStart') : 'begin' };
      case '$':
        this.at++;
        return { t: 'assert', kind: `${this.flags.unixLines ? 'unixL' : 'l'}${this.flags.multiline ? 'ineEnd' : 'astLineEnd'}` as 'lineEnd' };
      case '*':
      case '+':
      case '?':
        throw new NotAPattern(`dangling ${ch}`);
      case '{':
        if (!/\d/.test(this.peek(1))) throw new NotAPattern('illegal repetition');
        return { t: 'cat', items: [] };
      case '\\':
        this.at++;
        return this.#escape();
      default:
        this.at++;
        return { t: 'set', ...this.literal(ch.codePointAt(0)!) };
    }
  }

  /** One character, without case where the flags say so. */
  literal(cp: number): NamedSet {
    return this.flags.ignoreCase ? { set: ignoringCase(cp, cp, this.flags.unicodeCase) } : { set: single(cp), js: pointText(cp) };
  }

  #escape(): Node {
    const ch = this.peek();
    const asserts = { A: 'begin', z: 'end', G: 'begin', b: 'word', B: 'notWord', Z: this.flags.unixLines ? 'unixLastLineEnd' : 'lastLineEnd' } as const;
    if (ch in asserts) {
      this.at++;
      if (ch === 'b' && this.peek() === '{') throw unsupported('\\b{g}');
      return { t: 'assert', kind: asserts[ch as 'A'] };
    }
    if (ch === 'R') {
      this.at++;
      const pair: Node = { t: 'cat', items: [13, 10].map((cp): Node => ({ t: 'set', set: single(cp) })) };
      this.#lineBreak = { t: 'alt', items: [pair, { t: 'set', set: SHORTHANDS.v }] };
      return this.#lineBreak;
    }
    if (ch === 'k') return this.#namedReference();
    if (/[1-9]/.test(ch)) return this.#reference();
    const set = this.shorthand();
    if (set === undefined) return { t: 'set', ...this.literal(escaped(this)) };
    return { t: 'set', set: set.set, js: set.js === undefined ? undefined : `[${set.js}]` };
  }

  #reference(): Node {
    let n = Number(this.next());
    // more digits belong to it as long as there are so many groups before it
    while (/\d/.test(this.peek()) && n * 10 + Number(this.peek()) < this.groups) n = n * 10 + Number(this.next());
    return this.#back(n);
  }
  #namedReference(): Node {
    this.at++;
    if (!this.take('<')) throw new NotAPattern('\\k without a name');
    const n = this.names.get(this.#name());
    if (n === undefined) throw new NotAPattern('no group of that name');
    return this.#back(n);
  }
  #back(n: number): Node {
    this.backtracks = true;
    const { ignoreCase, unicodeCase } = this.flags;
    return { t: 'back', n, fold: ignoreCase ? (unicodeCase ? 'unicode' : 'ascii') : undefined };
  }

  /** \d, \p{...} and their kin behind the backslash; undefined when it is one character. */
  shorthand(): NamedSet | undefined {
    const ch = this.peek();
    if (Object.hasOwn(SHORTHANDS, ch)) {
      this.at++;
      return { set: SHORTHANDS[ch], js: SHORTHAND_TEXT[ch] };
    }
    if (ch !== 'p' && ch !== 'P') return undefined;
    this.at++;
    let name = this.next();
    if (name === '{') {
      name = '';
      for (let c = this.next(); c !== '}'; c = this.next()) name += c;
    }
    const set = propertySet(name, this.flags.ignoreCase);
    if (set === undefined) throw unsupported(`\\p{${name}}`);
    return { set: ch === 'p' ? set : not(set) };
  }

  // ---- groups ----

  #group(): Node | undefined {
    this.at++;
    const before = { ...this.flags };
    let made: Node | undefined;
    if (!this.take('?')) made = this.#capture();
    else if (this.take(':')) made = this.#inner();
    else if (this.take('=')) made = this.#look(true, false);
    else if (this.take('!')) made = this.#look(true, true);
    else if (this.take('<=')) made = this.#look(false, false);
    else if (this.take('<!')) made = this.#look(false, true);
    else if (this.take('>')) {
      this.backtracks = true;
      made = { t: 'atomic', body: this.#inner() };
    } else if (this.take('<')) made = this.#named();
    else {
      this.#readFlags();
      if (this.take(')')) return undefined; // they hold to the end of the group around
      if (!this.take(':')) throw new NotAPattern('unknown inline modifier');
      made = this.#inner();
    }
    this.flags = before;
    return made;
  }
  #inner(): Node {
    const body = this.#alternatives();
    if (!this.take(')')) throw new NotAPattern('unclosed group');
    return body;
  }
  #capture(): Node {
    const n = this.groups++;
    return { t: 'group', n, body: this.#inner() };
  }
  #name(): string {
    let name = '';
    for (let c = this.next(); c !== '>'; c = this.next()) name += c;
    if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(name)) throw new NotAPattern('illegal group name');
    return name;
  }
  #named(): Node {
    const name = this.#name();
    if (this.names.has(name)) throw new NotAPattern('two groups of one name');
    this.names.set(name, this.groups);
    return this.#capture();
  }
  #look(ahead: boolean, negative: boolean): Node {
    this.backtracks = true;
    const body = this.#inner();
    const { min, max } = lengthOf(body);
    if (!ahead && max === Number.POSITIVE_INFINITY) throw new NotAPattern('a look behind without a maximum length');
    return { t: 'look', ahead, negative, body, min, max };
  }
  #readFlags(): void {
    const flags = { ...this.flags };
    let on = true;
    const keys: Readonly<Record<string, keyof Flags>> = { i: 'ignoreCase', u: 'unicodeCase', m: 'multiline', s: 'dotAll', d: 'unixLines' };
    for (let ch = this.peek(); ch !== ')' && ch !== ':'; ch = this.peek()) {
      this.next();
      if (ch === '-' && on) on = false;
      else if (Object.hasOwn(keys, ch)) flags[keys[ch]] = on;
      else if (/[xcU]/.test(ch)) throw unsupported(`the flag (?${ch})`);
      else throw new NotAPattern('unknown inline modifier');
    }
    this.flags = flags;
  }

  // ---- repetition ----

  #repeated(atom: Node): Node {
    let body = atom;
    let min = 0;
    let max = Number.POSITIVE_INFINITY;
    if (this.take('?')) max = 1;
    else if (this.take('+')) min = 1;
    else if (this.peek() === '{' && /\d/.test(this.peek(1))) [min, max] = this.#braces();
    else if (this.peek() === '{') throw new NotAPattern('illegal repetition');
    else if (!this.take('*')) return body;
    if (atom === this.#lineBreak) {
      // repeated, it takes CR LF as one and never half of it
      this.backtracks = true;
      body = { t: 'atomic', body };
    }
    const mode = this.take('?') ? 'lazy' : this.take('+') ? 'possessive' : 'greedy';
    if (mode !== 'possessive') return { t: 'repeat', body, min, max, lazy: mode === 'lazy' };
    this.backtracks = true;
    return { t: 'atomic', body: { t: 'repeat', body, min, max, lazy: false } };
  }
  #braces(): [number, number] {
    this.at++;
    const number = (): number => {
      let text = '';
      while (/\d/.test(this.peek())) text += this.next();
      const n = Number(text);
      if (n > 0x7fffffff) throw new NotAPattern('illegal repetition range');
      return n;
    };
    const min = number();
    let max = min;
    if (this.take(',')) max = this.peek() === '}' ? Number.POSITIVE_INFINITY : number();
    if (!this.take('}') || max < min) throw new NotAPattern('illegal repetition range');
    return [min, max];
  }
}
