import { MillraceError } from '../base/errors.js';
import { operator as calc } from '../chain/calc.js';
import type { OperatorModule } from '../contract/operator.js';

/** Operator modules by node kind, imported when a job uses them. Sources and sinks are built by the slot itself. */
const modules: Readonly<Record<string, () => Promise<{ operator: OperatorModule<never> }>>> = {
  calc: async () => ({ operator: calc }), // nearly every job has one
  watermark: () => import('../chain/watermark.js'),
  map: () => import('../chain/map.js').then((m) => ({ operator: m.map })),
  filter: () => import('../chain/map.js').then((m) => ({ operator: m.filter })),
  flatMap: () => import('../chain/process.js').then((m) => ({ operator: m.flatMap })),
  process: () => import('../chain/process.js').then((m) => ({ operator: m.processElements })),
  keyedProcess: () => import('../chain/keyed.js').then((m) => ({ operator: m.keyedProcess })),
  reduce: () => import('../chain/keyed.js').then((m) => ({ operator: m.reduce })),
  keyHash: () => import('../chain/plumbing.js').then((m) => ({ operator: m.keyHash })),
  timeColumn: () => import('../chain/plumbing.js').then((m) => ({ operator: m.timeColumn })),
  union: () => import('../chain/plumbing.js').then((m) => ({ operator: m.union })),
  assignTimestamps: () => import('../chain/plumbing.js').then((m) => ({ operator: m.assignTimestamps })),
  windowAggregate: () => import('./aggregates.js').then((m) => ({ operator: m.windowAggregate })),
  localWindowAggregate: () => import('./aggregates.js').then((m) => ({ operator: m.localWindowAggregate })),
  lateFilter: () => import('./aggregates.js').then((m) => ({ operator: m.lateFilter })),
  groupAggregate: () => import('./aggregates.js').then((m) => ({ operator: m.groupAggregate })),
  windowProcess: () => import('../window/process.js').then((m) => ({ operator: m.windowProcess })),
};

export async function loadOperator(kind: string): Promise<OperatorModule> {
  const load = modules[kind];
  if (load === undefined) throw new MillraceError('INTERNAL', `no operator of kind '${kind}'`);
  return (await load()).operator as OperatorModule;
}
