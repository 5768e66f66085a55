import type { Span } from '../source.js';
import type { CallExpression, Expression } from './expression.js';
import type { Identifier, OptionNode, QualifiedName } from './name.js';

/** A query expression with what may stand around it. */
export interface Query {
  readonly kind: 'query';
  readonly ctes: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy?: Span;
  readonly limit?: Span;
  readonly span: Span;
}

export interface CommonTable {
  readonly name: Identifier;
  readonly columns?: readonly Identifier[];
  readonly query: Query;
}

export type QueryBody = Select | Values | SetOperation | Query;

export interface Select {
  readonly kind: 'select';
  readonly distinct?: Span;
  readonly items: readonly SelectItem[];
  readonly from?: TableReference;
  readonly where?: Expression;
  readonly groupBy?: readonly GroupItem[];
  readonly having?: Expression;
  /** WINDOW, QUALIFY: recognised, not supported */
  readonly refused?: { readonly what: string; readonly span: Span };
  readonly span: Span;
}

export interface SelectItem {
  readonly expression: Expression;
  readonly alias?: Identifier;
  readonly span: Span;
}

export type GroupItem =
  | { readonly kind: 'expression'; readonly expression: Expression; readonly span: Span }
  | { readonly kind: 'sets'; readonly what: 'GROUPING SETS' | 'CUBE' | 'ROLLUP'; readonly span: Span };

export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
  readonly span: Span;
}

export interface SetOperation {
  readonly kind: 'set';
  readonly op: 'UNION' | 'INTERSECT' | 'EXCEPT';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
  readonly opSpan: Span;
  readonly span: Span;
}

export interface Alias {
  readonly name: Identifier;
  readonly columns?: readonly Identifier[];
}

export type TableReference =
  | { readonly kind: 'table'; readonly name: QualifiedName; readonly options: readonly OptionNode[]; readonly alias?: Alias; readonly span: Span }
  | { readonly kind: 'derived'; readonly query: Query; readonly lateral: boolean; readonly alias?: Alias; readonly span: Span }
  | { readonly kind: 'function'; readonly call: CallExpression; readonly lateral: boolean; readonly alias?: Alias; readonly span: Span }
  | {
      readonly kind: 'join';
      readonly type: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'COMMA';
      readonly left: TableReference;
      readonly right: TableReference;
      readonly on?: Expression;
      readonly using?: readonly Identifier[];
      readonly opSpan: Span;
      readonly span: Span;
    }
  /** understood far enough to be refused by name: UNNEST, MATCH_RECOGNIZE, FOR SYSTEM_TIME AS OF, TABLESAMPLE */
  | { readonly kind: 'refused'; readonly what: string; readonly span: Span };
