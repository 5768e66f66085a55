import { MillraceError } from '../base/errors.js';
import type { OperatorModule } from '../contract/operator.js';

/** Operator modules by node kind, imported when a job uses them. Sources and sinks are built by the slot itself. */
const modules: Readonly<Record<string, () => Promise<{ operator: OperatorModule<never> }>>> = {};

export async function loadOperator(kind: string): Promise<OperatorModule> {
  const load = modules[kind];
  if (load === undefined) throw new MillraceError('INTERNAL', `no operator of kind '${kind}'`);
  return (await load()).operator as OperatorModule;
}
