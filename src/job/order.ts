import type { GraphEdge, GraphNode, StreamGraph } from '../contract/graph.js';
import type { SourceNodeConfig, WindowAggregateConfig } from '../contract/nodes.js';
import type { RecordOrder } from '../contract/source.js';
import { splitsInPhases } from './two-phase.js';

/** Steps that do to each record the same wherever it stands. */
const STATELESS = new Set(['calc', 'filter', 'map', 'flatMap', 'timeColumn', 'keyHash']);
/** Steps of their own event time. */
const WATERMARKS = new Set(['watermark', 'assignTimestamps']);
const MATTERS = new Set(['process', 'keyedProcess', 'reduce', 'windowProcess']);
const RANK: readonly RecordOrder[] = ['ignored', 'event time', 'matters'];

/**
 * What the order of a source's records means to the job: the strictest that any way from the source asks for, up to the first step with state. Event-time windows that are
 * cut into slices ask for the records' own watermarks only, where those are all the event time they have: on a way of chained stateless steps.
 */
export function recordOrder(graph: StreamGraph, source: GraphNode, twoPhases: boolean): RecordOrder {
  const timed = (source.config as SourceNodeConfig).watermark !== undefined;
  const strictest = (a: RecordOrder, b: RecordOrder): RecordOrder => RANK[Math.max(RANK.indexOf(a), RANK.indexOf(b))];
  const behind = (id: number, chained: boolean, event: 'none' | 'source' | 'own'): RecordOrder => {
    let order: RecordOrder = 'ignored';
    for (const node of graph.nodes) {
      for (const edge of node.inputs) if (edge.source === id) order = strictest(order, at(node, edge, chained, event));
    }
    return order;
  };
  const at = (node: GraphNode, edge: GraphEdge, chained: boolean, event: 'none' | 'source' | 'own'): RecordOrder => {
    if (MATTERS.has(node.kind)) return 'matters';
    if (node.kind === 'windowAggregate') {
      const config = node.config as WindowAggregateConfig;
      if (config.time === 'proctime' || event === 'none') return 'ignored';
      return chained && event === 'source' && node.inputs.length === 1 && edge.partition === 'hash' && decidable(graph, node, config, twoPhases)
        ? 'event time'
        : 'matters';
    }
    const goesOn = chained && edge.partition === 'forward';
    if (WATERMARKS.has(node.kind)) return behind(node.id, goesOn, 'own');
    if (STATELESS.has(node.kind)) return behind(node.id, goesOn, event);
    return node.kind === 'union' ? behind(node.id, false, event) : 'ignored';
  };
  return behind(source.id, true, timed ? 'source' : 'none');
}

/** Can it be told before the shuffle what is late? Hopping windows need a local phase for rows that only some of their windows missed. */
function decidable(graph: StreamGraph, node: GraphNode, { window }: WindowAggregateConfig, twoPhases: boolean): boolean {
  return window.type === 'tumble' || (window.type === 'hop' && twoPhases && splitsInPhases(graph, node));
}
