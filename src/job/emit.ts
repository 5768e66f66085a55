import { emitters } from '../chain/emit.js';
import type { GraphNode, StreamGraph } from '../contract/graph.js';
import type { SourceNodeConfig } from '../contract/nodes.js';
import type { OperatorEmitter } from '../contract/operator.js';
import { flatten } from '../types/leaf.js';
import { inputLeaves } from './chaining.js';

/** The bytes emitted for a node's expressions; undefined when it has none. Fails with NOT_SUPPORTED where the emitter lacks a form of a function. */
export function emitNode(graph: StreamGraph, node: GraphNode): Uint8Array | undefined {
  const watermark = node.kind === 'source' ? (node.config as SourceNodeConfig).watermark : undefined;
  const emit = emitters[watermark === undefined ? node.kind : 'watermark'] as OperatorEmitter | undefined;
  return emit?.(watermark ?? node.config, watermark === undefined ? node.inputs.map((_, i) => inputLeaves(graph, node, i)) : [flatten(node.output)]);
}
