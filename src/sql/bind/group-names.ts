import type { Expr } from '../../types/expr.js';
import { type Field, typeToString } from '../../types/logical.js';
import { leavesOf, type Rel } from '../rel.js';

/** The name of a group column. */
export function keyName(k: Expr, input: Rel, index: number): string {
  if (k.op !== 'col') return `key${index}`;
  const path = leavesOf(input.schema)[k.index]?.path;
  return path?.[path.length - 1] ?? `key${index} ${typeToString(k.type)}`;
}

/** Fields with names that differ. */
export function uniqueNames(fields: readonly Field[]): Field[] {
  const seen = new Map<string, number>();
  return fields.map((f) => {
    const n = seen.get(f.name) ?? 0;
    seen.set(f.name, n + 1);
    return n === 0 ? f : { name: `${f.name}$${n}`, type: f.type };
  });
}
