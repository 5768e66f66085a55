import {
  G_COUNT,
  G_NODES,
  N_BYTES,
  N_HINT,
  N_HITS,
  N_KIND,
  N_LEAF,
  N_LENGTH,
  N_LITERAL,
  N_LONGEST,
  N_NEXT,
  N_OBJECT,
  N_SCORE,
  N_SUCCESSORS,
  N_TYPE,
  NODE_END,
  NODE_OPEN,
  NODE_STRING,
  NODE_VALUE,
  F_I32,
  F_I64,
} from '#abi';
import type { Engine } from '../wasm/engine.js';
import { RUN_MAX } from './json-run.js';

/** What stands between two values of a record, and which kind of value follows: a node of the graph that the kernel learns (assembly/scan/json-nodes.ts). */
export interface ShapeNode {
  /** address in wasm memory */
  readonly at: number;
  /** NODE_*; 0 for the record's start */
  readonly kind: number;
  /** the column, -1 = none */
  readonly leaf: number;
  /** the value may be a nested object of which fields are wanted: the literal of a NODE_VALUE then ends with the value's first byte */
  readonly nested: boolean;
  /** F_* of the column */
  readonly type: number;
  /** length of the string, or digits of the whole number; below 0 it varies */
  readonly length: number;
  readonly longest: number;
  readonly literal: Uint8Array;
  /** what came next so far, without what is rare and without what would lead back */
  next: ShapeNode[];
}

/** Whole numbers of so many digits are run together; longer ones go to the kernel. */
const DIGITS_MAX = 15;
const DIGITS_MAX_I32 = 9;
/** Successors that came less often than one in so many are left to the graph. */
const RARE = 64;

/**
 * The graph as it is learned now, in an order in which every edge leads forward; the first node is the record's start.
 * Undefined when records follow no order that could be told, or no record was read to its end.
 */
export function readGraph(engine: Engine, graph: number): ShapeNode[] | undefined {
  const { u32, i32, u8 } = engine;
  const count = u32[(graph + G_COUNT) >>> 2];
  const first = graph + G_NODES;
  const word = (i: number, field: number): number => u32[(first + i * N_BYTES + field) >>> 2];
  if (i32[(first + N_SCORE) >>> 2] < 0) return undefined;
  const nodes: ShapeNode[] = Array.from({ length: count }, (_, i) => {
    const at = first + i * N_BYTES;
    const literal = new Uint8Array(word(i, N_LENGTH));
    for (let k = 0; k < literal.length; k++) literal[k] = u8[at + N_LITERAL + (k >>> 4) * 32 + (k & 15)];
    return {
      at,
      kind: i === 0 ? 0 : word(i, N_KIND),
      leaf: i === 0 ? -1 : i32[(at + N_LEAF) >>> 2],
      nested: word(i, N_OBJECT) !== 0,
      type: word(i, N_TYPE),
      length: i32[(at + N_HINT) >>> 2],
      longest: word(i, N_LONGEST),
      literal,
      next: [],
    };
  });
  const hits = (i: number): number => word(i, N_HITS);
  for (let i = 0; i < count; i++) {
    const next: number[] = [];
    for (let k = 0; k < N_SUCCESSORS; k++) {
      const s = word(i, N_NEXT + 4 * k);
      if (s !== 0) next.push((s - first) / N_BYTES);
    }
    const most = Math.max(0, ...next.map(hits));
    nodes[i].next = next.filter((s) => hits(s) > 0 && hits(s) * RARE >= most).map((s) => nodes[s]);
  }
  const order = forwardOrder(nodes[0]);
  return order.some((n) => n.kind === NODE_END) ? order : undefined;
}

/** Depth-first postorder from `start`, reversed; edges that would lead back are taken out. */
function forwardOrder(start: ShapeNode): ShapeNode[] {
  const out: ShapeNode[] = [];
  const open = new Set<ShapeNode>();
  const done = new Set<ShapeNode>();
  const visit = (n: ShapeNode): void => {
    open.add(n);
    n.next = n.next.filter((s) => !open.has(s));
    // the most frequent one last: it comes first behind this node
    for (let k = n.next.length - 1; k >= 0; k--) if (!done.has(n.next[k])) visit(n.next[k]);
    open.delete(n);
    done.add(n);
    out.push(n);
  };
  visit(start);
  return out.reverse();
}

/** Forgets how often each node was met. */
export function forgetHits(engine: Engine, graph: number): void {
  const count = engine.u32[(graph + G_COUNT) >>> 2];
  for (let i = 0; i < count; i++) engine.u32[(graph + G_NODES + i * N_BYTES + N_HITS) >>> 2] = 0;
}

/** Where a record stands behind a node, as the kernel's readFields wants it: 2 at its brace, 3 behind a nested object's, 1 on a string's closing quote, else 0. */
export function tailOf(n: ShapeNode): number {
  return n.kind === 0 ? 2 : n.kind === NODE_OPEN ? 3 : n.kind === NODE_STRING ? 1 : 0;
}

/** Most digits of a whole number that is read without the kernel: 0 where the column wants something else. */
export function integerDigits(n: ShapeNode): number {
  if (n.kind !== NODE_VALUE || n.nested) return 0;
  if (n.type === F_I32 && n.leaf >= 0) return DIGITS_MAX_I32;
  return n.leaf < 0 || n.type === F_I64 ? DIGITS_MAX : 0;
}

/** Bytes of a value whose length does not vary, and that needs no more than a look at its bytes; -1 for others. */
export function fixedLength(n: ShapeNode): number {
  if (n.kind === NODE_STRING) return n.length <= RUN_MAX ? n.length : -1;
  return n.length >= 1 && n.length <= integerDigits(n) ? n.length : -1;
}
