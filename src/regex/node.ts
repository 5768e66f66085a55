import type { CharSet } from './charset.js';

export type Assertion = 'begin' | 'end' | 'word' | 'notWord' | 'lineStart' | 'lineEnd' | 'lastLineEnd' | 'unixLineStart' | 'unixLineEnd' | 'unixLastLineEnd';

/** A pattern as a tree. */
export type Node =
  /** `js`: the same set as an atom of JavaScript's patterns (flag u), where there is one */
  | { readonly t: 'set'; readonly set: CharSet; readonly js?: string }
  | { readonly t: 'cat'; readonly items: readonly Node[] }
  | { readonly t: 'alt'; readonly items: readonly Node[] }
  | { readonly t: 'repeat'; readonly body: Node; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly t: 'group'; readonly n: number; readonly body: Node }
  | { readonly t: 'assert'; readonly kind: Assertion }
  | { readonly t: 'atomic'; readonly body: Node }
  | { readonly t: 'look'; readonly ahead: boolean; readonly negative: boolean; readonly body: Node; readonly min: number; readonly max: number }
  | { readonly t: 'back'; readonly n: number; readonly fold: 'ascii' | 'unicode' | undefined };

/** UTF-16 units that a node takes at least and at most. */
export function lengthOf(node: Node): { min: number; max: number } {
  switch (node.t) {
    case 'set':
      return { min: 1, max: 2 };
    case 'cat':
      return node.items.map(lengthOf).reduce((a, b) => ({ min: a.min + b.min, max: a.max + b.max }), { min: 0, max: 0 });
    case 'alt':
      return node.items.map(lengthOf).reduce((a, b) => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }));
    case 'repeat': {
      const { min, max } = lengthOf(node.body);
      return { min: min * node.min, max: max === 0 ? 0 : max * node.max };
    }
    case 'group':
    case 'atomic':
      return lengthOf(node.body);
    case 'back':
      return { min: 0, max: Number.POSITIVE_INFINITY };
    default:
      return { min: 0, max: 0 };
  }
}
