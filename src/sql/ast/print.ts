import type { Expression, IntervalExpression } from './expression.js';
import type { Identifier } from './name.js';
import type { TypeNode } from './type.js';

/** An expression as SQL that parses to the same tree: every operator in parentheses, every name in backticks. Queries inside are given by `query`. */
export function printExpression(e: Expression, query: (start: number, end: number) => string = () => 'SELECT 1'): string {
  const p = (x: Expression): string => printExpression(x, query);
  const list = (xs: readonly Expression[]): string => xs.map(p).join(', ');
  const not = (negated: boolean): string => (negated ? 'NOT ' : '');
  switch (e.kind) {
    case 'column':
      return e.parts.map(printName).join('.');
    case 'star':
      return [...e.qualifier.map(printName), '*'].join('.');
    case 'number':
      return e.text;
    case 'string':
      return quote(e.value);
    case 'binary string':
      return `X'${e.hex}'`;
    case 'boolean':
      return e.value === null ? 'UNKNOWN' : e.value ? 'TRUE' : 'FALSE';
    case 'null':
      return 'NULL';
    case 'datetime':
      return `${e.type} ${quote(e.value)}`;
    case 'interval':
      return printInterval(e);
    case 'unary':
      return `(${e.op} ${p(e.operand)})`;
    case 'binary':
      return `(${p(e.left)} ${e.op} ${p(e.right)})`;
    case 'is':
      return `(${p(e.operand)} IS ${not(e.negated)}${e.test})`;
    case 'between':
      return `(${p(e.operand)} ${not(e.negated)}BETWEEN ${e.symmetric ? 'SYMMETRIC ' : ''}${p(e.low)} AND ${p(e.high)})`;
    case 'in':
      return `(${p(e.operand)} ${not(e.negated)}IN (${list(e.list)}))`;
    case 'in query':
      return `(${p(e.operand)} ${not(e.negated)}IN (${query(e.query.span.start, e.query.span.end)}))`;
    case 'like':
      return `(${p(e.operand)} ${not(e.negated)}${e.similar ? 'SIMILAR TO' : 'LIKE'} ${p(e.pattern)}${e.escape === undefined ? '' : ` ESCAPE ${p(e.escape)}`})`;
    case 'case': {
      const branches = e.branches.map((b) => ` WHEN ${p(b.when)} THEN ${p(b.result)}`).join('');
      return `CASE${e.operand === undefined ? '' : ` ${p(e.operand)}`}${branches}${e.otherwise === undefined ? '' : ` ELSE ${p(e.otherwise)}`} END`;
    }
    case 'cast':
      return `${e.tryCast ? 'TRY_CAST' : 'CAST'}(${p(e.operand)} AS ${printType(e.type)})`;
    case 'call':
      return printCall(e, p);
    case 'unit':
      return e.unit;
    case 'field':
      return `(${p(e.operand)}).${printName(e.field)}`;
    case 'item':
      return `${p(e.operand)}[${p(e.index)}]`;
    case 'row':
      return `ROW(${list(e.items)})`;
    case 'constructor':
      return `${e.type}[${list(e.items)}]`;
    case 'subquery':
      return `(${query(e.query.span.start, e.query.span.end)})`;
    case 'exists':
      return `EXISTS (${query(e.query.span.start, e.query.span.end)})`;
    case 'named':
      return `${printName(e.name)} => ${p(e.value)}`;
    case 'descriptor':
      return `DESCRIPTOR(${e.columns.map(printName).join(', ')})`;
    case 'table argument':
      return 'kind' in e.table ? `(${query(e.table.span.start, e.table.span.end)})` : `TABLE ${e.table.parts.map(printName).join('.')}`;
  }
}

export const printName = (n: Identifier): string => `\`${n.text.replaceAll('`', '``')}\``;
const quote = (s: string): string => `'${s.replaceAll("'", "''")}'`;

function printInterval(e: IntervalExpression): string {
  return `INTERVAL ${e.negative ? '-' : ''}${quote(e.value)} ${e.from}${e.to === undefined ? '' : ` TO ${e.to}`}`;
}

function printCall(e: Expression & { kind: 'call' }, p: (x: Expression) => string): string {
  if (e.bare) return e.name;
  const [a, b, c] = e.args;
  switch (e.name) {
    case 'EXTRACT':
      return `EXTRACT(${p(a)} FROM ${p(b)})`;
    case 'POSITION':
      return `POSITION(${p(a)} IN ${p(b)})`;
    case 'FLOOR TO':
    case 'CEIL TO':
      return `${e.name.slice(0, -3)}(${p(a)} TO ${p(b)})`;
    case 'TRIM BOTH':
    case 'TRIM LEADING':
    case 'TRIM TRAILING':
      return `TRIM(${e.name.slice(5)} ${b === undefined ? '' : `${p(b)} `}FROM ${p(a)})`;
    case 'OVERLAY':
      return `OVERLAY(${p(a)} PLACING ${p(b)} FROM ${p(c)}${e.args[3] === undefined ? '' : ` FOR ${p(e.args[3])}`})`;
    default: {
      const inner = e.star ? '*' : `${e.distinct ? 'DISTINCT ' : ''}${e.args.map(p).join(', ')}`;
      return `${e.name}(${inner})${e.filter === undefined ? '' : ` FILTER (WHERE ${p(e.filter)})`}`;
    }
  }
}

/** A type as SQL. */
export function printType(t: TypeNode): string {
  const args = t.args.length === 0 ? '' : `(${t.args.join(', ')})`;
  const fields = t.fields === undefined ? '' : `<${t.fields.map((f) => `${printName(f.name)} ${printType(f.type)}`).join(', ')}>`;
  const elements = t.elements === undefined ? '' : `<${t.elements.map(printType).join(', ')}>`;
  return `${t.name}${args}${fields}${elements}${t.nullable ? '' : ' NOT NULL'}`;
}
