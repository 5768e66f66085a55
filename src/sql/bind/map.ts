import type { Expr } from '../../types/expr.js';
import { MAP, withNullable } from '../../types/logical.js';
import type { Expression } from '../ast/expression.js';
import { call, convert } from '../expr.js';
import { commonType, isMapOfBytes, isText } from '../type/common.js';
import type { ExpressionBinder } from './expression.js';

/** map['key'] */
export function bindItem(b: ExpressionBinder, node: Expression & { kind: 'item' }): Expr {
  const operand = b.bindTyped(node.operand);
  const index = b.bindTyped(node.index);
  if (operand.type.root !== 'MAP') {
    if (operand.type.root === 'ROW') throw b.source.error('NOT_SUPPORTED', 'a field of a ROW by [] is not supported yet', node.span, 'Write row.field.');
    throw b.mismatch('ITEM', [operand, index], node.span, ['<ARRAY>[<INTEGER>]', '<MAP>[<ANY>]', '<ROW>[<CHARACTER>|<INTEGER>]']);
  }
  if (!isText(index.type)) throw b.mismatch('ITEM', [operand, index], node.span, ['<MAP>[<ANY>]']);
  return call('item', [operand, index], withNullable(operand.type.value, true));
}

/** MAP['a', x, 'b', y] */
export function bindConstructor(b: ExpressionBinder, node: Expression & { kind: 'constructor' }): Expr {
  if (node.type !== 'MAP') throw b.source.error('NOT_SUPPORTED', `an ${node.type} value is not supported yet`, node.span);
  if (node.items.length === 0 || node.items.length % 2 === 1)
    throw b.source.error('SQL_VALIDATION', 'Map requires an even number of arguments', node.span, "Write MAP['key', value, ...].");
  const items = node.items.map((i) => b.bindTyped(i));
  const keys = items.filter((_, i) => i % 2 === 0);
  const key = commonType(keys.map((e) => e.type));
  const value = commonType(items.filter((_, i) => i % 2 === 1).map((e) => e.type));
  if (key === undefined || value === undefined) throw b.source.error('TYPE_MISMATCH', 'the keys or the values of MAP have no common type', node.span);
  if (!isMapOfBytes(key, value))
    throw b.source.error('NOT_SUPPORTED', 'a MAP other than of text to bytes is not supported yet', node.span, "Write MAP['key', CAST(value AS BYTES)].");
  return call(
    'map',
    items.map((e, i) => convert(e, i % 2 === 0 ? key : value)),
    MAP(key, value, false),
  );
}
