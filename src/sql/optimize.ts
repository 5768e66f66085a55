import { leavesOf, type Rel } from './rel.js';
import { calcMerge, calcUnionTranspose, filterAggregateTranspose, filterToCalc, projectIntoValues, projectToCalc } from './rules/calc.js';
import { prune } from './rules/prune.js';
import { rewrite, type Rule } from './rules/rule.js';
import { windowIntoAggregate } from './rules/window.js';
import { windowToCalc } from './rules/window-calc.js';

/** In the order they are tried at a node. */
export const RULES: readonly Rule[] = [
  filterToCalc,
  projectToCalc,
  calcMerge,
  projectIntoValues,
  calcUnionTranspose,
  filterAggregateTranspose,
  windowIntoAggregate,
];

/** Logical plan -> optimised logical plan: calcs fused, filters down, windows inside their aggregates, unread columns gone. */
export function optimize(rel: Rel): Rel {
  // window functions that no aggregate took are computed
  const rewritten = rewrite(rewrite(rel, RULES), [windowToCalc, ...RULES]);
  const all = new Set(leavesOf(rewritten.schema).keys());
  return rewrite(prune(rewritten, all).rel, RULES);
}
