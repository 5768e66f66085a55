import { MillraceError } from '../base/errors.js';
import type { GraphNode, StreamGraph } from '../contract/graph.js';
import type { SourceNodeConfig } from '../contract/nodes.js';
import type { SourcePlan } from '../contract/source.js';
import type { JobPlan } from '../task/plan.js';

/** Kinds that may keep rows, or what was made of them, for ever. */
export const KEEPS_FOR_EVER: ReadonlySet<string> = new Set(['groupAggregate', 'keyedProcess', 'reduce']);

/** A position is safe to commit when nothing depends on the rows before it but what the sinks have. Behind state that is kept for ever no position ever is. */
export function checkPositions(graph: StreamGraph, sources: ReadonlyMap<number, SourcePlan>): void {
  for (const node of graph.nodes) {
    if (sources.get(node.id)?.commitIntervalMs === undefined) continue;
    const keeper = downstream(graph, node).find((n) => KEEPS_FOR_EVER.has(n.kind));
    if (keeper === undefined) continue;
    const { tableName } = (node.config as SourceNodeConfig).source;
    throw new MillraceError(
      'NOT_SUPPORTED',
      `'properties.enable.auto.commit' of '${tableName}': the rows that '${keeper.name}' keeps would be lost with the process`,
      {
        place: { operator: tableName },
        remedy: "Leave the option out and start with 'scan.startup.mode' = 'earliest-offset', so that a new run builds the state again.",
      },
    );
  }
}

/** The nodes that a source's rows, or what is made of them, reach. */
function downstream(graph: StreamGraph, source: GraphNode): GraphNode[] {
  const reached = new Set([source.id]);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const n of graph.nodes) if (n.inputs.some((i) => reached.has(i.source))) reached.add(n.id);
  }
  return graph.nodes.filter((n) => reached.has(n.id));
}

/** The shortest interval at which a source wants to know which of its rows the sinks have; undefined = no source does. */
export function commitIntervalMs(plan: JobPlan): number | undefined {
  const all = plan.tasks.flatMap((t) => t.ops[0].source?.commitIntervalMs ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}
