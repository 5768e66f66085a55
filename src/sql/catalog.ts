import { nearest } from '../base/errors.js';
import type { Expr } from '../types/expr.js';
import type { LogicalType, Schema } from '../types/logical.js';
import type { Identifier, QualifiedName } from './ast/name.js';
import type { Query } from './ast/query.js';
import type { OptionNode } from './ast/name.js';
import type { SourceText, Span } from './source.js';

export const DEFAULT_CATALOG = 'default_catalog';
export const DEFAULT_DATABASE = 'default_database';

export interface TableColumn {
  readonly name: string;
  readonly kind: 'physical' | 'computed' | 'metadata';
  readonly type: LogicalType;
  /** over the table's scan leaves: what a query reads */
  readonly read: Expr;
  readonly metadataKey?: string;
  readonly virtual: boolean;
  /** a computed column's expression as written */
  readonly text?: string;
  readonly comment?: string;
  readonly span: Span;
}

export interface CatalogTable {
  readonly kind: 'table';
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** what the connector reads: physical columns, then metadata columns */
  readonly scanSchema: Schema;
  /** per field of scanSchema */
  readonly scanMetadata: readonly (string | undefined)[];
  readonly watermark?: { readonly column: string; readonly rowtime: Expr; readonly strategy: Expr; readonly text: string; readonly span: Span };
  readonly primaryKey: readonly string[];
  readonly partitionedBy: readonly string[];
  readonly options: ReadonlyMap<string, OptionNode>;
  readonly source: SourceText;
  /** the table's name in CREATE TABLE */
  readonly span: Span;
}

export interface CatalogView {
  readonly kind: 'view';
  readonly name: string;
  readonly columns?: readonly Identifier[];
  readonly query: Query;
  readonly source: SourceText;
}

export type CatalogEntry = CatalogTable | CatalogView;

/** The tables and views of one session. Temporary ones hide permanent ones of the same name. */
export class Catalog {
  readonly #permanent = new Map<string, CatalogEntry>();
  readonly #temporary = new Map<string, CatalogEntry>();

  /** false when it was there and `ifNotExists` says to leave it. */
  create(entry: CatalogEntry, name: QualifiedName, source: SourceText, options: { temporary: boolean; ifNotExists: boolean }): boolean {
    const space = options.temporary ? this.#temporary : this.#permanent;
    if (space.has(entry.name)) {
      if (options.ifNotExists) return false;
      throw source.error('SQL_VALIDATION', `the table or view '${entry.name}' already exists`, name.span, 'Drop it first, or write IF NOT EXISTS.');
    }
    space.set(entry.name, entry);
    return true;
  }

  drop(name: QualifiedName, what: 'TABLE' | 'VIEW', source: SourceText, options: { temporary: boolean; ifExists: boolean }): void {
    const key = tableKey(name, source);
    const space = options.temporary || (this.#temporary.has(key) && !this.#permanent.has(key)) ? this.#temporary : this.#permanent;
    const entry = space.get(key);
    if (entry === undefined || entry.kind !== what.toLowerCase()) {
      if (options.ifExists) return;
      throw this.unknown(name, source, what.toLowerCase());
    }
    space.delete(key);
  }

  find(name: QualifiedName, source: SourceText): CatalogEntry {
    const key = tableKey(name, source);
    const entry = this.#temporary.get(key) ?? this.#permanent.get(key);
    if (entry === undefined) throw this.unknown(name, source, 'table or view');
    return entry;
  }

  names(kind?: 'view'): string[] {
    const all = new Map([...this.#permanent, ...this.#temporary]);
    return [...all.values()]
      .filter((e) => kind === undefined || e.kind === kind)
      .map((e) => e.name)
      .sort();
  }

  unknown(name: QualifiedName, source: SourceText, what: string): Error {
    const asked = name.parts[name.parts.length - 1].text;
    const names = this.names();
    const near = nearest(asked, names);
    const remedy =
      near !== undefined ? `Did you mean '${near}'?` : names.length === 0 ? 'Create it first with CREATE TABLE.' : `There are: ${names.join(', ')}.`;
    return source.error('UNKNOWN_TABLE', `${what} '${asked}' not found`, name.span, remedy);
  }
}

/** The last part of a name whose catalog and database are the default ones. */
export function tableKey(name: QualifiedName, source: SourceText): string {
  const parts = name.parts;
  const expected = [DEFAULT_CATALOG, DEFAULT_DATABASE].slice(3 - parts.length);
  const foreign = parts.length > 3 || parts.slice(0, -1).some((p, i) => p.text !== expected[i]);
  if (foreign) {
    throw source.error('UNKNOWN_TABLE', `only ${DEFAULT_CATALOG}.${DEFAULT_DATABASE} exists`, name.span, 'Write the table name alone.');
  }
  return parts[parts.length - 1].text;
}
