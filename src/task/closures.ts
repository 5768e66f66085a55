import { MillraceError } from '../base/errors.js';
import type { ClosureTable, GraphBuilder } from '../contract/closures.js';
import type { ModulePlan } from './plan.js';

/** Rebuilds a job module's graph in this thread and returns its functions, after checking that it is the graph the host planned. */
export async function loadClosures(module: ModulePlan): Promise<ClosureTable> {
  const builder = (await import(module.builder)) as GraphBuilder;
  const { closures, hash } = await builder.buildGraphFromModule(module.url, module.settings);
  if (hash !== module.graphHash) {
    throw new MillraceError('GRAPH_INVALID', 'the job module built another graph in a worker than on the host', {
      place: { file: module.url },
      remedy: 'A job module must build the same graph every time: no clock, randomness, arguments or files that change may decide its shape.',
    });
  }
  return closures;
}
