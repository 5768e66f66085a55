import { own } from '../base/own.js';
import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import { type LocalWindowAggregateConfig, PARTIALS, type WindowAggregateConfig } from '../contract/nodes.js';
import { partialSchema } from '../window/partial-schema.js';
import { inputLeaves } from './chaining.js';
import { readJobOptions } from './options.js';

/**
 * Two phases for window aggregates whose rows change subtask: a local phase before the shuffle (Flink's two-phase rule, which it has for its window table
 * functions; results are the same for group windows). It is put in when the job is deployed, because at parallelism 1 nothing is shuffled and one phase is
 * faster; the local phase has no state between snapshots, so a job may go on either way.
 */
export function splitPhases(graph: StreamGraph, parallelism: Map<number, number>): StreamGraph {
  let next = Math.max(-1, ...graph.nodes.map((n) => n.id)) + 1;
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const edge = node.inputs[0];
    if (!splits(graph, node) || Math.max(parallelism.get(edge.source)!, parallelism.get(node.id)!) === 1) {
      nodes.push(node);
      continue;
    }
    const local = localNode(graph, node, next++);
    parallelism.set(local.id, parallelism.get(edge.source)!);
    const { keys } = local.config as LocalWindowAggregateConfig;
    const rows: GraphEdge = { source: local.id, partition: 'hash', keys };
    const partials: GraphEdge = { source: local.id, partition: 'hash', keys: [...keys.keys()], side: PARTIALS };
    nodes.push(local, { ...node, inputs: [rows, partials] });
  }
  return { ...graph, nodes };
}

/** What EXPLAIN says. */
export function inTwoPhases(graph: StreamGraph, node: GraphNode): boolean {
  return readJobOptions(graph.options).twoPhases && splits(graph, node);
}

/** Can the node's work be done in two phases, and does it get its rows by key? */
function splits(graph: StreamGraph, node: GraphNode): boolean {
  if (node.kind !== 'windowAggregate' || node.inputs.length !== 1 || node.inputs[0].partition !== 'hash') return false;
  const { window, time, calls, keys } = node.config as WindowAggregateConfig;
  const leaves = inputLeaves(graph, node, 0);
  return window.type !== 'session' && time === 'rowtime' && calls.every((c) => !c.distinct) && keys.every((k) => leaves[k].type.root !== 'ROW');
}

function localNode(graph: StreamGraph, node: GraphNode, id: number): GraphNode {
  const { window, timeColumn, timeZone, keys, calls } = node.config as WindowAggregateConfig;
  const [edge] = node.inputs;
  const up = graph.nodes.find((n) => n.id === edge.source)!;
  const config: LocalWindowAggregateConfig = { window: window as LocalWindowAggregateConfig['window'], timeColumn, timeZone, keys, calls };
  return {
    id,
    uid: `${node.uid}-local`,
    name: `local ${node.name}`,
    kind: 'localWindowAggregate',
    config,
    inputs: [{ source: edge.source, partition: 'forward', side: edge.side }],
    output: edge.side === undefined ? up.output : (own(up.sides ?? {}, edge.side) ?? up.output),
    sides: { [PARTIALS]: partialSchema(inputLeaves(graph, node, 0), keys) },
  };
}
