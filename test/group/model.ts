import type { RowKind } from '#src/types/kind.js';
import { aggregate, type Rec } from '../window/model.js';

/** A row of a changelog as text, so that -0, bigint and NaN compare. */
export const line = (kind: RowKind, row: Record<string, unknown>): string =>
  `${kind} ${JSON.stringify(row, (_k, v) => (typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : v))}`;

export interface Change {
  readonly kind: RowKind;
  readonly rec: Rec;
}

/** The results of a group: columns of test/window/model.ts without the window. */
export type Results = (rows: readonly Rec[]) => Record<string, unknown>;

export const allCalls: Results = (rows) => {
  const { start: _s, end: _e, k: _k, ...calls } = aggregate(null, rows, 0, 0);
  return calls;
};

/** Flink's GroupAggFunction, per record: keeps all rows of a group and aggregates anew. */
export class GroupModel {
  readonly #keyOf: (r: Rec) => Record<string, unknown>;
  readonly #results: Results;
  readonly #updateBefore: boolean;
  readonly groups = new Map<string, Rec[]>();

  constructor(keyOf: (r: Rec) => Record<string, unknown>, results: Results, updateBefore: boolean) {
    this.#keyOf = keyOf;
    this.#results = results;
    this.#updateBefore = updateBefore;
  }

  /** The changelog of one change. */
  apply({ kind, rec }: Change): string[] {
    return this.applyAll(rec, [{ kind, rec }]);
  }

  /** The changelog of changes of one group that are seen together (a mini-batch). */
  applyAll(of: Rec, changes: readonly Change[]): string[] {
    const key = this.#keyOf(of);
    const id = JSON.stringify(key);
    const old = this.groups.get(id);
    let rows = old;
    for (const { kind, rec } of changes) {
      if (kind === '+I' || kind === '+U') rows = [...(rows ?? []), rec];
      else if (rows !== undefined) rows = without(rows, rec);
      if (rows?.length === 0) rows = undefined;
    }
    if (rows === undefined) this.groups.delete(id);
    else this.groups.set(id, rows);
    const show = (k: RowKind, r: readonly Rec[]): string => line(k, { ...key, ...this.#results(r) });
    if (old === undefined) return rows === undefined ? [] : [show('+I', rows)];
    if (rows === undefined) return [show('-D', old)];
    const before = show('+U', old);
    const after = show('+U', rows);
    if (before === after) return [];
    return this.#updateBefore ? [show('-U', old), after] : [after];
  }
}

function without(rows: readonly Rec[], rec: Rec): Rec[] {
  const text = (r: Rec): string => r.map(String).join();
  const at = rows.findIndex((r) => text(r) === text(rec));
  return rows.filter((_, i) => i !== at);
}
