import { own } from '../base/own.js';
import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import { type LateFilterConfig, type LocalWindowAggregateConfig, PARTIALS, type WindowAggregateConfig } from '../contract/nodes.js';
import { partialSchema } from '../window/partial-schema.js';
import { inputLeaves } from './chaining.js';
import { readJobOptions } from './options.js';

export interface PhaseOptions {
  readonly twoPhases: boolean;
  /** sources whose readers share one event time */
  readonly relayed: ReadonlySet<number>;
}

/**
 * Two phases for window aggregates whose rows change subtask: a local phase before the shuffle (Flink's two-phase rule, which it has for its window table
 * functions; results are the same for group windows). It is put in when the job is deployed, because at parallelism 1 nothing is shuffled and one phase is
 * faster; the local phase has no state between snapshots, so a job may go on either way. Behind a source whose readers share one event time, late rows are told before the
 * shuffle, in one phase too: the receiver, which waits for the slowest reader, would take them.
 */
export function splitPhases(graph: StreamGraph, parallelism: Map<number, number>, how: PhaseOptions): StreamGraph {
  let next = Math.max(-1, ...graph.nodes.map((n) => n.id)) + 1;
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const edge = node.inputs[0];
    if (node.kind !== 'windowAggregate' || Math.max(parallelism.get(edge.source)!, parallelism.get(node.id)!) === 1) {
      nodes.push(node);
      continue;
    }
    const decides = how.relayed.has(sourceOf(graph, node));
    const phases = how.twoPhases && splitsInPhases(graph, node);
    const window = (node.config as WindowAggregateConfig).window;
    if (phases || (decides && window.type === 'tumble')) parallelism.set(next, parallelism.get(edge.source)!);
    if (!phases) {
      if (decides && window.type === 'tumble') {
        const filter = filterNode(graph, node, window, next++);
        nodes.push(filter, { ...node, inputs: [{ ...edge, source: filter.id, side: undefined }] });
      } else nodes.push(node);
      continue;
    }
    const local = localNode(graph, node, next++, decides);
    const { keys } = local.config as LocalWindowAggregateConfig;
    const rows: GraphEdge = { source: local.id, partition: 'hash', keys };
    const partials: GraphEdge = { source: local.id, partition: 'hash', keys: [...keys.keys()], side: PARTIALS };
    nodes.push(local, { ...node, inputs: [rows, partials] });
  }
  return { ...graph, nodes };
}

/** What EXPLAIN says. */
export function inTwoPhases(graph: StreamGraph, node: GraphNode): boolean {
  return readJobOptions(graph.options).twoPhases && splitsInPhases(graph, node);
}

/** The source at the head of a chain of single inputs. */
function sourceOf(graph: StreamGraph, node: GraphNode): number {
  for (let n = node; ; n = graph.nodes.find((x) => x.id === n.inputs[0].source)!) if (n.inputs.length !== 1) return n.id;
}

/** Can the node's work be done in two phases, and does it get its rows by key? */
export function splitsInPhases(graph: StreamGraph, node: GraphNode): boolean {
  if (node.kind !== 'windowAggregate' || node.inputs.length !== 1 || node.inputs[0].partition !== 'hash') return false;
  const { window, time, calls, keys } = node.config as WindowAggregateConfig;
  const leaves = inputLeaves(graph, node, 0);
  return window.type !== 'session' && time === 'rowtime' && calls.every((c) => !c.distinct) && keys.every((k) => leaves[k].type.root !== 'ROW');
}

function localNode(graph: StreamGraph, node: GraphNode, id: number, decides: boolean): GraphNode {
  const { window, timeColumn, timeZone, keys, calls } = node.config as WindowAggregateConfig;
  const config: LocalWindowAggregateConfig = { window: window as LocalWindowAggregateConfig['window'], timeColumn, timeZone, keys, calls, decides };
  const sides = { [PARTIALS]: partialSchema(inputLeaves(graph, node, 0), config) };
  return { id, uid: `${node.uid}-local`, name: `local ${node.name}`, kind: 'localWindowAggregate', config, ...before(graph, node), sides };
}

function filterNode(graph: StreamGraph, node: GraphNode, window: LateFilterConfig['window'], id: number): GraphNode {
  const { timeColumn, timeZone } = node.config as WindowAggregateConfig;
  const config: LateFilterConfig = { window, timeColumn, timeZone };
  return { id, uid: `${node.uid}-late`, name: `late rows of ${node.name}`, kind: 'lateFilter', config, ...before(graph, node) };
}

/** A node's rows before they are sent to it. */
function before(graph: StreamGraph, node: GraphNode): Pick<GraphNode, 'inputs' | 'output'> {
  const [edge] = node.inputs;
  const up = graph.nodes.find((n) => n.id === edge.source)!;
  return {
    inputs: [{ source: edge.source, partition: 'forward', side: edge.side }],
    output: edge.side === undefined ? up.output : (own(up.sides ?? {}, edge.side) ?? up.output),
  };
}
