import type { Expr } from '../types/expr.js';
import type { Leaf } from '../types/leaf.js';
import { typeToString } from '../types/logical.js';
import { exprKey } from './describe.js';
import type { ZoneTable } from './zonetable.js';

/** Plans whose bytes are kept: more than the nodes of one job, little beside the modules themselves. */
const PLANS_MAX = 256;
const plans = new Map<string, Uint8Array>();
const zones = new WeakMap<ZoneTable, number>();
let zoneCount = 0;

/** The bytes emitted for a plan; equal plans over equal inputs are emitted once per process. */
export function cachedPlan(
  kind: string,
  exprs: readonly (Expr | undefined)[],
  leaves: readonly Leaf[],
  zone: ZoneTable | undefined,
  emit: () => Uint8Array,
): Uint8Array {
  const key = [
    kind,
    zone === undefined ? '' : zoneNumber(zone),
    ...leaves.map((l) => typeToString(l.type)),
    '|',
    ...exprs.map((e) => (e === undefined ? '' : exprKey(e))),
  ].join('\n');
  let bytes = plans.get(key);
  if (bytes === undefined) {
    bytes = emit();
    plans.set(key, bytes);
    if (plans.size > PLANS_MAX) plans.delete(plans.keys().next().value!);
  }
  return bytes;
}

function zoneNumber(zone: ZoneTable): number {
  let n = zones.get(zone);
  if (n === undefined) {
    n = ++zoneCount;
    zones.set(zone, n);
  }
  return n;
}
