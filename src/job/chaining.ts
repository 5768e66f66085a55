import { own } from '../base/own.js';
import { MillraceError } from '../base/errors.js';
import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import { flatten, type Leaf } from '../types/leaf.js';

/** Nodes that run fused as one task. The first is the head; every other one has exactly one input, from inside the task. */
export interface Chain {
  readonly nodes: GraphNode[];
  readonly parallelism: number;
}

/** Kinds that read no other node. */
export const SOURCE_KINDS: ReadonlySet<string> = new Set(['source', 'values']);

/**
 * Groups nodes into chains: an edge is fused when both ends have the same parallelism, the receiver has no other input,
 * and rows need not change subtask ('forward', or any partitioning at parallelism 1).
 */
export function chainGraph(graph: StreamGraph, parallelismOf: (node: GraphNode) => number): { chains: Chain[]; chainOf: Map<number, number> } {
  const nodes = topological(graph);
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const chains: Chain[] = [];
  const chainOf = new Map<number, number>();
  for (const node of nodes) {
    const up = fusedInput(node, byId, parallelismOf);
    if (up === undefined) {
      chainOf.set(node.id, chains.length);
      chains.push({ nodes: [node], parallelism: parallelismOf(node) });
    } else {
      const c = chainOf.get(up)!;
      chainOf.set(node.id, c);
      chains[c].nodes.push(node);
    }
  }
  return { chains, chainOf };
}

function fusedInput(node: GraphNode, byId: ReadonlyMap<number, GraphNode>, parallelismOf: (node: GraphNode) => number): number | undefined {
  if (node.inputs.length !== 1) return undefined;
  const edge: GraphEdge = node.inputs[0];
  const up = byId.get(edge.source)!;
  const p = parallelismOf(node);
  if (parallelismOf(up) !== p) return undefined;
  return edge.partition === 'forward' || p === 1 ? up.id : undefined;
}

/** Nodes so that every node comes after its inputs. Fails on unknown inputs and on cycles. */
export function topological(graph: StreamGraph): GraphNode[] {
  const byId = new Map(graph.nodes.map((n) => [n.id, n]));
  const out: GraphNode[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const visit = (n: GraphNode): void => {
    const s = state.get(n.id);
    if (s === 'done') return;
    if (s === 'open') throw new MillraceError('GRAPH_INVALID', `the graph has a cycle through '${n.name}'`);
    state.set(n.id, 'open');
    for (const e of n.inputs) {
      const up = byId.get(e.source);
      if (up === undefined) throw new MillraceError('GRAPH_INVALID', `'${n.name}' reads node ${e.source}, which does not exist`);
      visit(up);
    }
    state.set(n.id, 'done');
    out.push(n);
  };
  for (const n of graph.nodes) visit(n);
  return out;
}

/** Leaf columns of a node's input: what its edge carries. */
export function inputLeaves(graph: StreamGraph, node: GraphNode, input: number): Leaf[] {
  const edge = node.inputs[input];
  const up = graph.nodes.find((n) => n.id === edge.source)!;
  const schema = edge.side === undefined ? up.output : (own(up.sides ?? {}, edge.side) ?? up.output);
  return flatten(schema);
}
