import { nearest } from '../../base/errors.js';
import type { Expr } from '../../types/expr.js';
import type { CallExpression } from '../ast/expression.js';
import { KNOWN_FUNCTIONS } from './known.js';
import type { ExpressionBinder } from './expression.js';
import { CONDITIONAL_FUNCTIONS } from './functions/conditional.js';
import { MATH_FUNCTIONS } from './functions/math.js';
import { TEXT_FUNCTIONS } from './functions/text.js';
import { TIME_FUNCTIONS } from './functions/time.js';

/** One function of the dialect: how many arguments, what it takes, and what it means. */
export interface FunctionDef {
  readonly min: number;
  /** Infinity = any number */
  readonly max: number;
  /** the most that Flink takes, when that is more: the forms with more than `max` arguments are refused as not there yet */
  readonly flinkMax?: number;
  /** what it takes, for messages: '<STRING>, <INTEGER>' */
  readonly forms: readonly string[];
  /** undefined = these argument types do not fit */
  bind(args: Expr[], b: ExpressionBinder, node: CallExpression): Expr | undefined;
  /** binds its own arguments (time units) */
  readonly raw?: boolean;
}

export type FunctionTable = Readonly<Record<string, FunctionDef>>;

const FUNCTIONS: ReadonlyMap<string, FunctionDef> = new Map(
  [MATH_FUNCTIONS, CONDITIONAL_FUNCTIONS, TEXT_FUNCTIONS, TIME_FUNCTIONS].flatMap((t) => Object.entries(t)),
);

export const AGGREGATES: ReadonlySet<string> = new Set(['COUNT', 'SUM', 'MIN', 'MAX', 'AVG']);
export const WINDOW_AUXILIARY = /^(TUMBLE|HOP|SESSION)_(START|END|ROWTIME|PROCTIME)$/;
export const GROUP_WINDOWS: ReadonlySet<string> = new Set(['TUMBLE', 'HOP', 'SESSION']);

/** A scalar function call. Aggregates and window functions never come here from the place where they belong. */
export function bindFunction(b: ExpressionBinder, node: CallExpression): Expr {
  const def = FUNCTIONS.get(node.name);
  if (def === undefined) throw unknown(b, node);
  if (node.distinct || node.all || node.filter !== undefined || node.star) {
    throw b.source.error('SQL_VALIDATION', `DISTINCT, ALL, FILTER and * belong to aggregate functions; ${display(node.name)} is none`, node.span);
  }
  if (node.args.length > def.max && node.args.length <= (def.flinkMax ?? 0)) {
    throw b.source.error('NOT_SUPPORTED', `${display(node.name)} with ${node.args.length} arguments is not supported yet`, node.span);
  }
  const args = def.raw ? [] : node.args.map((a) => b.bind(a));
  const count = node.args.length;
  const result = count >= def.min && count <= def.max ? def.bind(args, b, node) : undefined;
  if (result !== undefined) return result;
  if (count >= def.min && count <= def.max && !def.raw)
    throw b.mismatch(
      display(node.name),
      args,
      node.span,
      def.forms.map((f) => `${display(node.name)}(${f})`),
    );
  throw b.source.error(
    'SQL_VALIDATION',
    `invalid number or types of arguments to ${display(node.name)}`,
    node.span,
    `Supported: ${def.forms.map((f) => `${display(node.name)}(${f})`).join('; ')}.`,
  );
}

const display = (name: string): string => name.split(' ')[0];

function unknown(b: ExpressionBinder, node: CallExpression): Error {
  if (AGGREGATES.has(node.name)) return b.source.error('SQL_VALIDATION', `the aggregate function ${node.name} is not allowed here`, node.span);
  if (WINDOW_AUXILIARY.test(node.name)) {
    const window = node.name.split('_')[0];
    return b.source.error('SQL_VALIDATION', `${node.name} needs a matching call to ${window} in the GROUP BY clause`, node.span);
  }
  if (GROUP_WINDOWS.has(node.name)) return b.source.error('SQL_VALIDATION', `the group window ${node.name} stands in GROUP BY`, node.span);
  if (KNOWN_FUNCTIONS.has(node.name)) return b.source.error('NOT_SUPPORTED', `the function ${node.name} is not supported yet`, node.nameSpan);
  const near = nearest(node.name, [...FUNCTIONS.keys(), ...AGGREGATES]);
  return b.source.error(
    'UNKNOWN_FUNCTION',
    `no function ${node.name}`,
    node.nameSpan,
    near === undefined ? 'docs/sql.md lists the functions there are.' : `Did you mean ${near}?`,
  );
}
