import type { Span } from '../source.js';
import type { Identifier, QualifiedName } from './name.js';
import type { Query } from './query.js';
import type { TypeNode } from './type.js';

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '||'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'AND'
  | 'OR'
  | 'IS DISTINCT FROM'
  | 'IS NOT DISTINCT FROM';
export type IntervalUnit = 'YEAR' | 'QUARTER' | 'MONTH' | 'WEEK' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND';

/** Expressions as written: immutable, one kind per form. */
export type Expression =
  | { readonly kind: 'column'; readonly parts: readonly Identifier[]; readonly span: Span }
  | { readonly kind: 'star'; readonly qualifier: readonly Identifier[]; readonly span: Span }
  | { readonly kind: 'number'; readonly text: string; readonly span: Span }
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'binary string'; readonly hex: string; readonly span: Span }
  | { readonly kind: 'boolean'; readonly value: boolean | null; readonly span: Span }
  | { readonly kind: 'null'; readonly span: Span }
  | { readonly kind: 'datetime'; readonly type: 'DATE' | 'TIME' | 'TIMESTAMP'; readonly value: string; readonly span: Span }
  | IntervalExpression
  | { readonly kind: 'unary'; readonly op: '-' | '+' | 'NOT'; readonly operand: Expression; readonly span: Span }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Expression; readonly right: Expression; readonly span: Span }
  | { readonly kind: 'is'; readonly test: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'; readonly negated: boolean; readonly operand: Expression; readonly span: Span }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
      readonly symmetric: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[]; readonly negated: boolean; readonly span: Span }
  | { readonly kind: 'in query'; readonly operand: Expression; readonly query: Query; readonly negated: boolean; readonly span: Span }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape?: Expression;
      readonly negated: boolean;
      readonly similar: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'case';
      readonly operand?: Expression;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise?: Expression;
      readonly span: Span;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: TypeNode; readonly tryCast: boolean; readonly span: Span }
  | CallExpression
  /** a time unit where a function takes one: EXTRACT(HOUR FROM x), FLOOR(x TO HOUR) */
  | { readonly kind: 'unit'; readonly unit: string; readonly span: Span }
  | { readonly kind: 'field'; readonly operand: Expression; readonly field: Identifier; readonly span: Span }
  | { readonly kind: 'item'; readonly operand: Expression; readonly index: Expression; readonly span: Span }
  | { readonly kind: 'row'; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'constructor'; readonly type: 'ARRAY' | 'MAP' | 'MULTISET'; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'subquery'; readonly query: Query; readonly span: Span }
  | { readonly kind: 'exists'; readonly query: Query; readonly span: Span }
  | { readonly kind: 'named'; readonly name: Identifier; readonly value: Expression; readonly span: Span }
  | { readonly kind: 'descriptor'; readonly columns: readonly Identifier[]; readonly span: Span }
  | {
      readonly kind: 'table argument';
      readonly table: QualifiedName | Query;
      readonly partitionBy?: readonly Expression[];
      readonly orderBy?: readonly Expression[];
      readonly span: Span;
    };

export interface IntervalExpression {
  readonly kind: 'interval';
  readonly value: string;
  readonly negative: boolean;
  readonly from: IntervalUnit;
  readonly to?: IntervalUnit;
  /** of the leading field, as in DAY(3); Flink's default is 2 */
  readonly digits?: number;
  readonly span: Span;
}

export interface CallExpression {
  readonly kind: 'call';
  /** upper case; functions with keywords inside have a name of their own: 'TRIM BOTH', 'FLOOR TO' */
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly Expression[];
  /** COUNT(*) */
  readonly star: boolean;
  readonly distinct: boolean;
  /** ALL was written */
  readonly all?: boolean;
  readonly filter?: Expression;
  /** written without parentheses: CURRENT_TIMESTAMP */
  readonly bare: boolean;
  readonly over?: Span;
  readonly span: Span;
}
