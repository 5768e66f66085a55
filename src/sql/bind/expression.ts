import { NESTING_MAX } from '../../base/limits.js';
import type { Expr } from '../../types/expr.js';
import { BOOLEAN, CHAR, type LogicalType, NULL_TYPE, typeToString, withNullable } from '../../types/logical.js';
import type { CallExpression, Expression } from '../ast/expression.js';
import { balanced, call, convert, literal, retype } from '../expr.js';
import type { SourceText, Span } from '../source.js';
import { explicitCast } from '../type/cast.js';
import { commonType, isApproximate, isDatetime, isNumeric, isText, plainType, sameType } from '../type/common.js';
import { resolveType } from '../type/resolve.js';
import { bindArithmetic } from './arithmetic.js';
import { bindComparison } from './comparison.js';
import { bindIn } from './in-list.js';
import { bindFunction } from './function.js';
import { bindIs } from './is.js';
import { bindDatetime, bindInterval, bindNumber } from './literal.js';
import { bindConstructor, bindItem } from './map.js';
import { accessField, type Scope } from './scope.js';
import { withPlace } from './written.js';

/** Looks at a node before the binder does: aggregate queries answer for group keys, aggregates and window functions. */
export type BindHook = (node: Expression) => Expr | undefined;

/** Gives expressions their meaning: names resolved, functions chosen, types derived, casts inserted. */
export class ExpressionBinder {
  readonly source: SourceText;
  readonly scope: Scope;
  readonly #hook: BindHook | undefined;

  constructor(source: SourceText, scope: Scope, hook?: BindHook) {
    this.source = source;
    this.scope = scope;
    this.#hook = hook;
  }

  bind(node: Expression): Expr {
    const e = this.#bind(node);
    return e.op === 'call' && e.written === undefined ? withPlace(e, this.source, node.span) : e;
  }

  #bind(node: Expression): Expr {
    const answered = this.#hook?.(node);
    if (answered !== undefined) return answered;
    switch (node.kind) {
      case 'column':
        return this.scope.resolve(node.parts, this.source);
      case 'number':
        return bindNumber(node, false, this.source);
      case 'string':
        return literal(node.value, CHAR(node.value.length, false)); // UTF-16 units, as Flink's
      case 'boolean':
        return literal(node.value, BOOLEAN(node.value === null));
      case 'null':
        return literal(null, NULL_TYPE());
      case 'datetime':
        return bindDatetime(node, this.source);
      case 'interval':
        return bindInterval(node, this.source);
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return this.#binary(node);
      case 'is':
        return bindIs(this, node);
      case 'between':
        return this.#between(node);
      case 'in':
        return bindIn(this, node);
      case 'like':
        return this.#like(node);
      case 'case':
        return this.#case(node);
      case 'cast':
        return this.#cast(node);
      case 'field':
        return accessField(this.bind(node.operand), node.field, this.source);
      case 'item':
        return bindItem(this, node);
      case 'constructor':
        return bindConstructor(this, node);
      case 'call':
        return this.#call(node);
      case 'star':
        throw this.source.error('SQL_VALIDATION', '* is not a value', node.span, 'It stands in a SELECT list or in COUNT(*).');
      case 'named':
      case 'descriptor':
      case 'table argument':
        throw this.source.error('SQL_VALIDATION', 'this argument belongs to a table function in FROM', node.span);
      case 'unit':
        throw this.source.error('SQL_SYNTAX', 'a time unit is not a value', node.span);
      default:
        throw this.source.error('NOT_SUPPORTED', `${NAMES[node.kind] ?? node.kind} is not supported yet`, node.span);
    }
  }

  /** A value that must have a type: NULL alone has none. */
  bindTyped(node: Expression): Expr {
    const e = this.bind(node);
    if (e.type.root === 'NULL') throw this.illegalNull(node.span);
    return e;
  }

  illegalNull(span: Span): Error {
    return this.source.error('TYPE_MISMATCH', "illegal use of 'NULL': its type is not known here", span, 'Write CAST(NULL AS <type>).');
  }

  /** A condition: BOOLEAN or NULL. */
  bindCondition(node: Expression, clause: string): Expr {
    const e = this.bind(node);
    if (e.type.root === 'NULL') return literal(null, BOOLEAN());
    if (e.type.root !== 'BOOLEAN') throw this.source.error('TYPE_MISMATCH', `${clause} must be a condition, not ${typeToString(e.type)}`, node.span);
    return e;
  }

  /** "Cannot apply 'AND' to arguments of type ..." */
  mismatch(what: string, args: readonly Expr[], span: Span, forms: readonly string[] = []): Error {
    const types = args.map((a) => `<${typeToString(withNullable(a.type, true))}>`);
    const shown =
      /^[A-Z]/.test(what) && types.length !== 2
        ? `${what}(${types.join(', ')})`
        : types.length === 2
          ? `${types[0]} ${what} ${types[1]}`
          : `${what}${types[0]}`;
    const list = forms.length === 0 ? '' : `Supported form${forms.length > 1 ? 's' : ''}: ${forms.join('; ')}.`;
    return this.source.error('TYPE_MISMATCH', `cannot apply '${what}' to arguments of type ${shown}`, span, list);
  }

  #unary(node: Expression & { kind: 'unary' }): Expr {
    if (node.op === '-' && node.operand.kind === 'number') return bindNumber(node.operand, true, this.source);
    const operand = this.bind(node.operand);
    if (node.op === 'NOT') {
      if (operand.type.root === 'NULL') throw this.illegalNull(node.operand.span);
      if (operand.type.root !== 'BOOLEAN') throw this.mismatch('NOT', [operand], node.span, ['NOT <BOOLEAN>']);
      return call('not', [operand], operand.type);
    }
    if (!isNumeric(operand.type) && operand.type.root !== 'INTERVAL_DAY_TIME' && operand.type.root !== 'INTERVAL_YEAR_MONTH') {
      throw this.mismatch(node.op, [operand], node.span, [`${node.op}<NUMERIC>`, `${node.op}<INTERVAL>`]);
    }
    if (node.op === '+') return operand;
    if (operand.op === 'lit' && operand.value !== null)
      return literal(typeof operand.value === 'bigint' ? -operand.value : -(operand.value as number), operand.type);
    return call('neg', [operand], operand.type);
  }

  #binary(node: Expression & { kind: 'binary' }): Expr {
    // long chains of AND, OR, + nest to the left: walked without recursion
    const chain: (Expression & { kind: 'binary' })[] = [];
    let first: Expression = node;
    while (first.kind === 'binary' && (first === node || this.#hook === undefined)) {
      chain.push(first);
      first = first.left;
    }
    if (chain.filter((x) => x.op !== 'AND' && x.op !== 'OR').length > NESTING_MAX) {
      throw this.source.error(
        'SQL_VALIDATION',
        `more than ${NESTING_MAX} operators in a row`,
        node.span,
        'Only chains of AND or of OR may be longer. Simplify it.',
      );
    }
    let left = this.bind(first);
    for (const step of chain.reverse()) left = this.#apply(step, left, this.bind(step.right));
    return chain.length > BALANCED_FROM ? balanced(left) : left;
  }

  #apply(node: Expression & { kind: 'binary' }, left: Expr, right: Expr): Expr {
    switch (node.op) {
      case 'AND':
      case 'OR': {
        const operands = [left, right];
        if (operands.some((e) => e.type.root === 'NULL')) throw this.illegalNull(node.span);
        if (operands.some((e) => e.type.root !== 'BOOLEAN')) throw this.mismatch(node.op, [left, right], node.span, [`<BOOLEAN> ${node.op} <BOOLEAN>`]);
        return call(node.op === 'AND' ? 'and' : 'or', operands, BOOLEAN(operands.some((e) => e.type.nullable)));
      }
      case '||':
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        return bindArithmetic(this, node.op, left, right, node.span);
      default:
        return this.compare(node.op, left, right, node.span);
    }
  }

  compare(op: string, left: Expr, right: Expr, span: Span): Expr {
    return bindComparison(this, op, left, right, span);
  }

  #between(node: Expression & { kind: 'between' }): Expr {
    const operand = this.bind(node.operand);
    const low = this.bind(node.low);
    const high = this.bind(node.high);
    const within = (from: Expr, to: Expr): Expr => this.#and(this.compare('>=', operand, from, node.span), this.compare('<=', operand, to, node.span));
    let e = within(low, high);
    if (node.symmetric) {
      const other = within(high, low);
      e = call('or', [e, other], BOOLEAN(e.type.nullable || other.type.nullable));
    }
    return node.negated ? call('not', [e], e.type) : e;
  }

  #and(a: Expr, b: Expr): Expr {
    return call('and', [a, b], BOOLEAN(a.type.nullable || b.type.nullable));
  }

  #like(node: Expression & { kind: 'like' }): Expr {
    if (node.similar) throw this.source.error('NOT_SUPPORTED', 'SIMILAR TO is not supported yet', node.span);
    const args = [node.operand, node.pattern, ...(node.escape === undefined ? [] : [node.escape])].map((x) => this.bindTyped(x));
    if (!args.every((a) => isText(a.type))) throw this.mismatch('LIKE', args.slice(0, 2), node.span, ['<STRING> LIKE <STRING>']);
    const e = call('like', args, BOOLEAN(args.some((a) => a.type.nullable)));
    return node.negated ? call('not', [e], e.type) : e;
  }

  #case(node: Expression & { kind: 'case' }): Expr {
    const operand = node.operand === undefined ? undefined : this.bindTyped(node.operand);
    const conditions = node.branches.map((b) =>
      operand === undefined ? this.bindCondition(b.when, 'WHEN') : this.compare('=', operand, this.bind(b.when), b.when.span),
    );
    const values = node.branches.map((b) => this.bind(b.result));
    values.push(node.otherwise === undefined ? literal(null, NULL_TYPE()) : this.bind(node.otherwise));
    if (values.every((v) => v.type.root === 'NULL')) throw this.source.error('TYPE_MISMATCH', 'ELSE or at least one THEN must not be NULL', node.span);
    const type = this.unify(values, node.span, 'illegal mixing of types in CASE');
    const results = values.map((v) => (widensPrinted(v, type) ? retype(v, withNullable(type, v.type.nullable)) : convert(v, type)));
    const args = conditions.flatMap((c, i) => [c, results[i]]);
    return call('case', [...args, results[results.length - 1]], plainType(type));
  }

  /** The common type of results; ROW values cannot be chosen between yet. */
  unify(values: readonly Expr[], span: Span, message: string, common: typeof commonType = commonType): LogicalType {
    const type = common(values.map((v) => v.type));
    if (type === undefined) {
      const types = values.map((v) => typeToString(plainType(v.type))).join(', ');
      const times = values.every((v) => isDatetime(v.type) || v.type.root === 'NULL');
      if (times) throw this.source.error('NOT_SUPPORTED', `mixing ${types} in one expression is not supported yet`, span, 'CAST them to one type.');
      throw this.source.error('TYPE_MISMATCH', `${message}: ${types}`, span, 'CAST them to one type.');
    }
    if (type.root === 'ROW') throw this.source.error('NOT_SUPPORTED', 'choosing between ROW values is not supported yet', span);
    return plainType(type);
  }

  #cast(node: Expression & { kind: 'cast' }): Expr {
    const operand = this.bind(node.operand);
    const target = resolveType(node.type, this.source);
    if (operand.type.root === 'NULL') {
      if (target.root === 'ROW') throw this.source.error('NOT_SUPPORTED', 'a NULL of a ROW type is not supported yet', node.span);
      return literal(null, withNullable(target, true));
    }
    const answer = explicitCast(operand.type, target);
    const types = `from ${typeToString(withNullable(operand.type, true))} to ${typeToString(target)}`;
    if (answer === 'unsupported') throw this.source.error('NOT_SUPPORTED', `CAST ${types} is not supported yet`, node.span);
    if (answer === 'no') {
      const hint = /^TIMESTAMP/.test(target.root) && isNumeric(operand.type) ? 'Use TO_TIMESTAMP_LTZ(number, 0 or 3).' : '';
      throw this.source.error('TYPE_MISMATCH', `there is no CAST ${types}`, node.span, hint);
    }
    const type = withNullable(target, operand.type.nullable || node.tryCast);
    if (sameType(operand.type, type)) return node.tryCast || operand.type !== plainType(operand.type) ? retype(operand, type) : operand;
    if (node.tryCast) return call('tryCast', [operand], type);
    if (operand.op === 'lit') return convert(operand, type);
    return widensPrinted(operand, type) ? retype(operand, type) : call('cast', [operand], type);
  }

  #call(node: CallExpression): Expr {
    if (node.over !== undefined) throw this.source.error('NOT_SUPPORTED', 'OVER windows are not supported yet', node.over);
    return bindFunction(this, node);
  }
}

/** CAST(CAST(double AS VARCHAR(3)) AS STRING): Flink leaves the inner cast out, as if it lost nothing. */
function widensPrinted(e: Expr, to: LogicalType): boolean {
  const printed = e.op === 'call' && e.fn === 'cast' && isApproximate(e.args[0].type);
  return printed && e.type.root === 'VARCHAR' && to.root === 'VARCHAR' && e.type.length <= to.length;
}

/** Operators in a row from which a chain of AND or OR is made a tree. */
const BALANCED_FROM = 8;

const NAMES: Readonly<Record<string, string>> = {
  'binary string': 'a binary literal',
  'in query': 'IN with a query',
  row: 'a ROW value',
  subquery: 'a query as a value',
  exists: 'EXISTS',
};
