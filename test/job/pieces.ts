import { Prng } from '#src/base/prng.js';
import type { ClosureTable } from '#src/contract/closures.js';
import type { StreamGraph } from '#src/contract/graph.js';
import { simulateWithSnapshots } from '#src/job/simulate.js';
import type { JobSnapshot } from '#src/task/snapshot.js';

export interface Pieces {
  /** snapshots that a later run began with */
  cuts: number;
  lateDropped: number;
}

/**
 * Runs a job in as many pieces as there are parallelisms: each but the last is snapshotted at a random round within `range` and crashes then or some rounds
 * later; the next one, built anew, goes on from the snapshot at its own parallelism. A job that ends early has fewer pieces.
 */
export async function inPieces(
  build: (parallelism: number) => Promise<{ graph: StreamGraph; closures?: ClosureTable }>,
  seed: number,
  parallelisms: readonly number[],
  range: { first: number; last: number },
): Promise<Pieces> {
  const prng = new Prng(seed);
  const pieces: Pieces = { cuts: 0, lateDropped: 0 };
  let restored: JobSnapshot | undefined;
  let startMs = 0;
  for (const [i, parallelism] of parallelisms.entries()) {
    const snapshotAfter = i === parallelisms.length - 1 ? undefined : range.first + prng.below(range.last - range.first);
    const { graph, closures } = await build(parallelism);
    const run = await simulateWithSnapshots(graph, {
      seed: seed + i,
      closures,
      restored,
      startMs,
      snapshotAfter,
      crashAfter: i % 2 === 0 ? 1 + prng.below(10) : undefined,
    });
    if (run.snapshot === undefined) return pieces;
    pieces.cuts++;
    restored = run.snapshot;
    startMs = run.endMs;
  }
  return pieces;
}
