import type { Expr } from '../../types/expr.js';
import { BOOLEAN } from '../../types/logical.js';
import type { Expression } from '../ast/expression.js';
import { call, literal } from '../expr.js';
import type { ExpressionBinder } from './expression.js';

/** x IS [NOT] NULL, UNKNOWN, TRUE, FALSE. */
export function bindIs(b: ExpressionBinder, node: Expression & { kind: 'is' }): Expr {
  const operand = b.bind(node.operand);
  if (node.test === 'NULL' || node.test === 'UNKNOWN') {
    if (node.test === 'UNKNOWN' && operand.type.root !== 'BOOLEAN' && operand.type.root !== 'NULL') throw b.mismatch('IS UNKNOWN', [operand], node.span);
    const known = operand.type.root === 'NULL' ? !node.negated : operand.type.nullable ? undefined : node.negated; // NOT NULL is believed, as in Flink
    if (known !== undefined) return literal(known, BOOLEAN(false));
    return call(node.negated ? 'isNotNull' : 'isNull', [operand], BOOLEAN(false));
  }
  if (operand.type.root !== 'BOOLEAN') throw b.mismatch(`IS ${node.test}`, [operand], node.span);
  const fn = node.test === 'TRUE' ? (node.negated ? 'isNotTrue' : 'isTrue') : node.negated ? 'isNotFalse' : 'isFalse';
  return call(fn, [operand], BOOLEAN(false));
}
