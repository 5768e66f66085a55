import type { Span } from '../source.js';
import type { Expression } from './expression.js';
import type { Identifier, OptionNode, QualifiedName } from './name.js';
import type { Query } from './query.js';
import type { TypeNode } from './type.js';

export type Statement =
  | CreateTable
  | CreateView
  | {
      readonly kind: 'drop';
      readonly what: 'TABLE' | 'VIEW';
      readonly name: QualifiedName;
      readonly ifExists: boolean;
      readonly temporary: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'set'; readonly key?: string; readonly value?: string; readonly span: Span }
  | { readonly kind: 'reset'; readonly key?: string; readonly span: Span }
  | Insert
  | StatementSet
  | { readonly kind: 'select'; readonly query: Query; readonly span: Span }
  | {
      readonly kind: 'explain';
      readonly details: readonly string[];
      readonly target: Insert | StatementSet | { readonly kind: 'select'; readonly query: Query; readonly span: Span };
      readonly span: Span;
    }
  | { readonly kind: 'show'; readonly what: 'TABLES' | 'VIEWS'; readonly span: Span }
  | { readonly kind: 'describe'; readonly name: QualifiedName; readonly span: Span }
  /** a statement Flink has and we do not; everything up to its semicolon was skipped */
  | { readonly kind: 'refused'; readonly what: string; readonly span: Span };

export interface CreateTable {
  readonly kind: 'create table';
  readonly name: QualifiedName;
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly ColumnNode[];
  readonly watermark?: { readonly column: readonly Identifier[]; readonly strategy: Expression; readonly span: Span };
  readonly primaryKey?: { readonly columns: readonly Identifier[]; readonly enforced: boolean; readonly span: Span };
  readonly partitionedBy: readonly Identifier[];
  readonly comment?: string;
  readonly options: readonly OptionNode[];
  readonly like?: {
    readonly name: QualifiedName;
    readonly choices: readonly { readonly action: string; readonly what: string; readonly span: Span }[];
    readonly span: Span;
  };
  readonly span: Span;
}

export type ColumnNode =
  | {
      readonly kind: 'physical';
      readonly name: Identifier;
      readonly type: TypeNode;
      readonly primaryKey: boolean;
      readonly comment?: string;
      readonly span: Span;
    }
  | { readonly kind: 'computed'; readonly name: Identifier; readonly expression: Expression; readonly comment?: string; readonly span: Span }
  | {
      readonly kind: 'metadata';
      readonly name: Identifier;
      readonly type: TypeNode;
      readonly key?: string;
      readonly virtual: boolean;
      readonly comment?: string;
      readonly span: Span;
    };

export interface CreateView {
  readonly kind: 'create view';
  readonly name: QualifiedName;
  readonly columns?: readonly Identifier[];
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly comment?: string;
  readonly query: Query;
  readonly span: Span;
}

export interface Insert {
  readonly kind: 'insert';
  readonly table: QualifiedName;
  readonly options: readonly OptionNode[];
  readonly overwrite: boolean;
  /** PARTITION (...) */
  readonly partition?: Span;
  readonly columns?: readonly Identifier[];
  readonly query: Query;
  readonly span: Span;
}

export interface StatementSet {
  readonly kind: 'statement set';
  readonly inserts: readonly Insert[];
  readonly span: Span;
}
