import { nearest } from '../../base/errors.js';
import type { Expr } from '../../types/expr.js';
import { leafCount } from '../../types/leaf.js';
import type { LogicalType, Schema } from '../../types/logical.js';
import { withNullable } from '../../types/logical.js';
import type { Identifier } from '../ast/name.js';
import { column } from '../expr.js';
import { join, type SourceText } from '../source.js';

/** What names mean at one place of a query: the fields of one relation, with the names it goes by. */
export interface ScopeField {
  readonly name: string;
  readonly type: LogicalType;
  /** leaf index of the field in the relation below */
  readonly leaf: number;
}

export class Scope {
  readonly fields: readonly ScopeField[];
  /** the table's alias or name, and its longer forms: ['t'], ['db', 't'] ... */
  readonly qualifiers: readonly (readonly string[])[];

  constructor(schema: Schema, qualifiers: readonly (readonly string[])[] = []) {
    let leaf = 0;
    this.fields = schema.fields.map((f) => {
      const field = { name: f.name, type: f.type, leaf };
      leaf += leafCount(f.type);
      return field;
    });
    this.qualifiers = qualifiers;
  }

  /** a, t.a, a.b, t.a.b: fails with UNKNOWN_COLUMN. */
  resolve(parts: readonly Identifier[], source: SourceText): Expr {
    for (const q of this.qualifiers) {
      if (parts.length <= q.length || !q.every((name, i) => name === parts[i].text)) continue;
      const found = this.#find(parts[q.length], source);
      if (found !== undefined) return this.#descend(found, parts, q.length + 1, source);
    }
    const found = this.#find(parts[0], source);
    if (found !== undefined) return this.#descend(found, parts, 1, source);
    return this.#unknown(parts, source);
  }

  #find(name: Identifier, source: SourceText): ScopeField | undefined {
    const found = this.fields.filter((f) => f.name === name.text);
    if (found.length > 1) throw source.error('SQL_VALIDATION', `column '${name.text}' is ambiguous`, name.span, 'Give its columns different names with AS.');
    return found[0];
  }

  #descend(field: ScopeField, parts: readonly Identifier[], from: number, source: SourceText): Expr {
    let at: Expr = column(field.leaf, field.type);
    for (let i = from; i < parts.length; i++) at = accessField(at, parts[i], source);
    return at;
  }

  #unknown(parts: readonly Identifier[], source: SourceText): never {
    const table = this.qualifiers.find((q) => q.length < parts.length && q.every((name, i) => name === parts[i].text));
    const asked = table === undefined ? parts[0] : parts[table.length];
    if (table === undefined && parts.length > 1) {
      const short = this.qualifiers.map((q) => q[q.length - 1]);
      const near = nearest(asked.text, [...short, ...this.fields.map((f) => f.name)]);
      throw source.error('UNKNOWN_TABLE', `table '${asked.text}' not found`, asked.span, near === undefined ? '' : `Did you mean '${near}'?`);
    }
    if (parts.length === 1 && !asked.quoted && asked.text.toUpperCase() === 'PI') {
      throw source.error('NOT_SUPPORTED', 'the function PI is not supported yet', asked.span);
    }
    const near = nearest(
      asked.text,
      this.fields.map((f) => f.name),
    );
    const names = this.fields.map((f) => f.name).join(', ');
    const remedy = near !== undefined ? `Did you mean '${near}'?` : names === '' ? '' : `Columns here: ${names}.`;
    throw source.error(
      'UNKNOWN_COLUMN',
      `column '${asked.text}' not found${table === undefined ? ' in any table' : ` in table '${table.join('.')}'`}`,
      asked.span,
      remedy,
    );
  }
}

/** x.field of a ROW column: a column of its own, since rows are stored flat. NULL where the row is. */
export function accessField(e: Expr, field: Identifier, source: SourceText): Expr {
  if (e.type.root !== 'ROW') throw source.error('TYPE_MISMATCH', `'${field.text}' is asked of a value that is not a ROW`, field.span);
  if (e.op !== 'col') throw source.error('NOT_SUPPORTED', 'a field of a computed ROW is not supported yet', field.span);
  let leaf = e.index + 1;
  for (const f of e.type.fields) {
    if (f.name === field.text) return column(leaf, withNullable(f.type, f.type.nullable || e.type.nullable));
    leaf += leafCount(f.type);
  }
  const names = e.type.fields.map((f) => f.name);
  const near = nearest(field.text, names);
  throw source.error(
    'UNKNOWN_COLUMN',
    `field '${field.text}' not found`,
    field.span,
    near === undefined ? `Fields here: ${names.join(', ')}.` : `Did you mean '${near}'?`,
  );
}

export function spanOfNames(names: readonly Identifier[]): { start: number; end: number } {
  return join(names[0].span, names[names.length - 1].span);
}
