import type { WindowSpec } from '../contract/nodes.js';
import type { Expr } from '../types/expr.js';
import { leavesOf, type Rel, type WindowTime } from './rel.js';

/**
 * Which leaves of a relation are the bounds of its rows' windows, as Flink's RelWindowProperties: born in a window function or a window aggregate,
 * carried by filters and by projects that pass the columns on unchanged.
 */
export interface WindowColumns extends WindowTime {
  readonly window: WindowSpec;
  /** tvf: each record is assigned here; aggregate: the windows were made below */
  readonly from: 'tvf' | 'aggregate';
  readonly start: ReadonlySet<number>;
  readonly end: ReadonlySet<number>;
  readonly attribute: ReadonlySet<number>;
  /** for every PARTITION BY column of a SESSION: the leaves that carry it */
  readonly partition: readonly ReadonlySet<number>[];
}

export function windowColumns(rel: Rel): WindowColumns | undefined {
  switch (rel.op) {
    case 'tvf': {
      const first = leavesOf(rel.schema).length - 3;
      const { window, time, timeZone } = rel;
      const partition = rel.partitionBy.map((p) => new Set([p]));
      return { window, time, timeZone, from: 'tvf', start: new Set([first]), end: new Set([first + 1]), attribute: new Set([first + 2]), partition };
    }
    case 'filter':
      return windowColumns(rel.input);
    case 'project':
    case 'calc': {
      const below = windowColumns(rel.input);
      if (below === undefined) return undefined;
      const carried = (from: ReadonlySet<number>): ReadonlySet<number> => carriers(rel.exprs, from);
      const partition = below.partition.map(carried);
      return { ...below, start: carried(below.start), end: carried(below.end), attribute: carried(below.attribute), partition };
    }
    case 'aggregate': {
      if (rel.window.kind === 'none') return undefined;
      const below = rel.window.kind === 'assign' ? rel.window : windowColumns(rel.input);
      if (below === undefined) return undefined;
      const first = rel.keys.length + rel.calls.length;
      const outputs = (...names: readonly string[]): ReadonlySet<number> => new Set(rel.outputs.flatMap((o, i) => (names.includes(o) ? [first + i] : [])));
      const { window, time, timeZone } = below;
      return {
        window,
        time,
        timeZone,
        from: 'aggregate',
        start: outputs('start'),
        end: outputs('end'),
        attribute: outputs('rowtime', 'proctime'),
        partition: [],
      };
    }
    default:
      return undefined;
  }
}

function carriers(exprs: readonly Expr[], from: ReadonlySet<number>): ReadonlySet<number> {
  return new Set(exprs.flatMap((e, i) => (e.op === 'col' && from.has(e.index) ? [i] : [])));
}
