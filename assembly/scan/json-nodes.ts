// The graph of learned shapes: its nodes, how they are compared, found and made. json-shape.ts reads records with it.
import {
  G_COUNT, G_NODES, N_BYTES, N_CHUNKS, N_HINT, N_HITS, N_KIND, N_LEAF, N_LENGTH, N_LITERAL, N_NEXT, N_OBJECT, N_SCORE, N_SUCCESSORS, N_SWAP, N_TABLE, N_TYPE,
} from "../abi";
import { alloc } from "../memory";
import { L_KIND, leafOf, X_ROOT, X_SHAPES } from "./context";
import { FREE_BYTES } from "./json-free";

const NODES_MAX: u32 = 64;
const LITERAL_MAX: usize = 64;
/** Longest string read ahead of its check: the bytes behind the input must be readable this far. */
export const HINT_MAX: usize = 1024;

/** Behind the nodes: the keys of records without an order (json-free.ts). */
export const G_FREE: usize = (G_NODES as usize) + (NODES_MAX as usize) * (N_BYTES as usize);

export const SCORE_MAX: i32 = 64;
export const SCORE_MISS: i32 = 4;
export const SCORE_RETRY: i32 = -4096;

/** Gives the context an empty graph. Returns 0 without memory. */
export function jsonLearn(x: usize): usize {
  const bytes = (G_FREE as u32) + FREE_BYTES;
  const g = alloc(bytes);
  if (g == 0) return 0;
  memory.fill(g, 0, bytes);
  store<u32>(g, 1, G_COUNT); // the start node
  store<i32>(g + G_NODES, SCORE_MAX, N_SCORE);
  store<u32>(g + G_NODES, load<u32>(x, X_ROOT), N_TABLE);
  store<u32>(x, g as u32, X_SHAPES);
  return g;
}

// @ts-ignore: decorator
@inline
export function matches(n: usize, p: usize): bool {
  if (v128.any_true(v128.and(v128.xor(v128.load(p), v128.load(n, N_LITERAL)), v128.load(n, N_LITERAL + 16)))) return false;
  return load<u32>(n, N_CHUNKS) == 1 || matchesRest(n, p);
}

function matchesRest(n: usize, p: usize): bool {
  const chunks = load<u32>(n, N_CHUNKS) as usize;
  for (let i: usize = 1; i < chunks; i++) {
    const c = n + N_LITERAL + (i << 5);
    if (v128.any_true(v128.and(v128.xor(v128.load(p + (i << 4)), v128.load(c)), v128.load(c, 16)))) return false;
  }
  return true;
}

/** The second or third successor of `n` that matches at p, or 0. */
export function laterSuccessor(n: usize, p: usize): usize {
  for (let i: usize = 1; i < (N_SUCCESSORS as usize); i++) {
    const s = load<u32>(n + (i << 2), N_NEXT) as usize;
    if (s == 0) return 0;
    if (!matches(s, p)) continue;
    const swap = load<u32>(n, N_SWAP) + 1;
    store<u32>(n, swap, N_SWAP);
    if (swap >= 16) { // what comes often is tried first
      store<u32>(n, 0, N_SWAP);
      store<u32>(n + (i << 2), load<u32>(n, N_NEXT), N_NEXT);
      store<u32>(n, s as u32, N_NEXT);
    }
    return s;
  }
  return 0;
}

/**
 * Finds or makes the node of the literal [p, e), behind which a reader stands in the object of `table`, and notes it as a successor of `from`.
 * Returns 0 when there is no room for it.
 */
export function learn(x: usize, from: usize, p: usize, e: usize, kind: u32, leaf: i32, object: usize, table: usize): usize {
  const length = e - p;
  if (length > LITERAL_MAX) return 0;
  for (let i = p; i < e; i++) if (load<u8>(i) == 0x0a) return 0; // in line mode it would be the record's end
  const g = load<u32>(x, X_SHAPES) as usize;
  const count = load<u32>(g, G_COUNT);
  let n: usize = 0;
  for (let i: u32 = 1; i < count; i++) {
    const c = g + G_NODES + (i as usize) * N_BYTES;
    const same = load<u32>(c, N_LENGTH) == (length as u32) && load<u32>(c, N_KIND) == kind && load<u32>(c, N_TABLE) == (table as u32);
    if (same && matches(c, p)) { n = c; break; }
  }
  if (n == 0) {
    if (count >= NODES_MAX) return 0;
    store<u32>(g, count + 1, G_COUNT);
    n = g + G_NODES + (count as usize) * N_BYTES;
    store<u32>(n, length as u32, N_LENGTH);
    store<u32>(n, ((length + 15) >> 4) as u32, N_CHUNKS);
    store<u32>(n, kind, N_KIND);
    store<i32>(n, leaf, N_LEAF);
    store<u32>(n, object as u32, N_OBJECT);
    store<u32>(n, table as u32, N_TABLE);
    store<i32>(n, -2, N_HINT);
    store<i32>(n, SCORE_MAX, N_SCORE);
    store<u32>(n, leaf < 0 ? 0xffffffff : load<u32>(leafOf(x, leaf as u32), L_KIND), N_TYPE);
    for (let i: usize = 0; i < length; i++) {
      const a = n + N_LITERAL + ((i >> 4) << 5) + (i & 15);
      store<u8>(a, load<u8>(p + i));
      store<u8>(a, 0xff, 16);
    }
  }
  for (let i: usize = 0; i < (N_SUCCESSORS as usize); i++) {
    const s = load<u32>(from + (i << 2), N_NEXT) as usize;
    if (s == n) return n;
    if (s == 0) { store<u32>(from + (i << 2), n as u32, N_NEXT); return n; }
  }
  return n;
}
