import { MillraceError } from '../base/errors.js';
import type { StreamGraph } from '../contract/graph.js';
import type { Restored } from '../task/snapshot.js';

/** Fails with STATE_INCOMPATIBLE when the graph cannot go on from the state: state would be lost, or key groups were counted otherwise. */
export function checkFits(graph: StreamGraph, maxParallelism: number, restored: Restored): void {
  if (restored.maxParallelism !== maxParallelism) {
    throw new MillraceError('STATE_INCOMPATIBLE', `the snapshot has ${restored.maxParallelism} key groups, the job ${maxParallelism}`, {
      remedy: `SET 'pipeline.max-parallelism' = '${restored.maxParallelism}'.`,
    });
  }
  const known = new Set(graph.nodes.map((n) => n.uid));
  const lost = [...restored.uids].filter((uid) => !known.has(uid));
  if (lost.length > 0) {
    throw new MillraceError('STATE_INCOMPATIBLE', `the snapshot has state of '${lost.join("', '")}', which the job has no operator for`, {
      remedy: 'Give each operator the uid it had, or start without the snapshot.',
    });
  }
}
