import { lengthOf, type Node } from './node.js';

/** A pattern for which JavaScript's own matcher gives what Java's gives. */
export interface NativePattern {
  readonly regex: RegExp;
  /** longest text, in UTF-16 units, for which its backtracking stays within NATIVE_STEPS_MAX */
  readonly lengthMax: number;
}

/** Steps that the worst text may cost: a millisecond. */
const NATIVE_STEPS_MAX = 1_000_000;

/**
 * The pattern in JavaScript's words, when they mean the same: no group inside a repetition (JavaScript forgets what it took in earlier rounds), no
 * repetition inside a repetition and none of what may be empty (their time is not bounded by a power of the length), nothing that only Java has.
 */
export function nativePattern(node: Node): NativePattern | undefined {
  const source = sourceOf(node, false);
  if (source === undefined) return undefined;
  const lengthMax = Math.floor(NATIVE_STEPS_MAX ** (1 / (1 + loopsIn(node))));
  return { regex: new RegExp(source, 'u'), lengthMax };
}

/** Repetitions without a bound: each may multiply the time by the length of the text. */
function loopsIn(node: Node): number {
  switch (node.t) {
    case 'cat':
    case 'alt':
      return node.items.reduce((n, x) => n + loopsIn(x), 0);
    case 'group':
      return loopsIn(node.body);
    case 'repeat':
      return node.max > 1 ? 1 : loopsIn(node.body);
    default:
      return 0;
  }
}

function sourceOf(node: Node, repeated: boolean): string | undefined {
  switch (node.t) {
    case 'set':
      return node.js;
    case 'assert':
      return node.kind === 'begin' ? '^' : node.kind === 'end' ? '$' : undefined;
    case 'cat':
      return joined(node.items, '', repeated);
    case 'alt': {
      const text = joined(node.items, '|', repeated);
      return text === undefined ? undefined : `(?:${text})`;
    }
    case 'group': {
      const body = repeated ? undefined : sourceOf(node.body, repeated);
      return body === undefined ? undefined : `(${body})`;
    }
    case 'repeat':
      return repeatedSource(node, repeated);
    default:
      return undefined;
  }
}

function joined(items: readonly Node[], by: string, repeated: boolean): string | undefined {
  const texts = items.map((n) => sourceOf(n, repeated));
  return texts.includes(undefined) ? undefined : texts.join(by);
}

/** Longest {n,m} that JavaScript is given to repeat. */
const COUNT_MAX = 1000;

function repeatedSource({ body, min, max, lazy }: Node & { t: 'repeat' }, repeated: boolean): string | undefined {
  if (repeated || lengthOf(body).min === 0 || (body.t !== 'set' && max > 1 && max !== Number.POSITIVE_INFINITY)) return undefined;
  if (min > COUNT_MAX || (max > COUNT_MAX && max !== Number.POSITIVE_INFINITY)) return undefined;
  const text = sourceOf(body, true);
  if (text === undefined) return undefined;
  return `(?:${text}){${min},${max === Number.POSITIVE_INFINITY ? '' : max}}${lazy ? '?' : ''}`;
}
