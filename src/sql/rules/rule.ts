import { inputsOf, type Rel, withInputs } from '../rel.js';

/** A rewrite of one node: undefined when it does not apply. Names appear in EXPLAIN and in tests. */
export interface Rule {
  readonly name: string;
  apply(rel: Rel): Rel | undefined;
}

/** Rewrites before anything is given up as endless. Real plans need a few dozen. */
const REWRITES_MAX = 100_000;

/** Applies the rules bottom up until none applies. `seen` collects the names of those that did. */
export function rewrite(rel: Rel, rules: readonly Rule[], seen: Set<string> = new Set(), budget = { left: REWRITES_MAX }): Rel {
  const inputs = inputsOf(rel).map((i) => rewrite(i, rules, seen, budget));
  const current = inputsOf(rel).every((old, i) => old === inputs[i]) ? rel : withInputs(rel, inputs);
  for (const rule of rules) {
    const next = rule.apply(current);
    if (next === undefined) continue;
    seen.add(rule.name);
    if (--budget.left < 0) throw new RangeError('the rules do not come to an end');
    return rewrite(next, rules, seen, budget);
  }
  return current;
}
