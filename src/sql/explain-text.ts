import type { AggregateCall } from '../contract/nodes.js';

export interface AggregateText {
  readonly keys: readonly number[];
  readonly calls: readonly AggregateCall[];
  readonly outputs: readonly string[];
  /** names of the results: shown with AS */
  readonly names?: readonly string[];
}

/** `k, COUNT(*) AS c, SUM(v) FILTER f` */
export function aggregateText(a: AggregateText, below: readonly string[]): string {
  const calls = a.calls.map((c, i) => {
    const arg = c.fn === 'countStar' ? '*' : `${c.distinct ? 'DISTINCT ' : ''}${below[c.arg as number]}`;
    const as = a.names === undefined ? '' : ` AS ${a.names[a.keys.length + i]}`;
    return `${c.fn === 'countStar' ? 'COUNT' : c.fn.toUpperCase()}(${arg})${c.filter === undefined ? '' : ` FILTER ${below[c.filter]}`}${as}`;
  });
  return [...a.keys.map((k) => below[k]), ...calls, ...a.outputs.map((o) => `window ${o}`)].join(', ');
}
