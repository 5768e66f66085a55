import type { Expression } from '../ast/expression.js';

/** The expressions directly inside one. Queries inside are not entered. */
export function childrenOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'unary':
    case 'is':
    case 'cast':
    case 'field':
    case 'in query':
      return [e.operand];
    case 'binary':
      return [e.left, e.right];
    case 'between':
      return [e.operand, e.low, e.high];
    case 'in':
      return [e.operand, ...e.list];
    case 'like':
      return e.escape === undefined ? [e.operand, e.pattern] : [e.operand, e.pattern, e.escape];
    case 'case':
      return [
        ...(e.operand === undefined ? [] : [e.operand]),
        ...e.branches.flatMap((b) => [b.when, b.result]),
        ...(e.otherwise === undefined ? [] : [e.otherwise]),
      ];
    case 'call':
      return e.filter === undefined ? e.args : [...e.args, e.filter];
    case 'item':
      return [e.operand, e.index];
    case 'row':
    case 'constructor':
      return e.items;
    case 'named':
      return [e.value];
    default:
      return [];
  }
}

/** Is there a node in the tree that `test` accepts? Walks without recursion. */
export function contains(root: Expression, test: (e: Expression) => boolean): boolean {
  const open: Expression[] = [root];
  for (let e = open.pop(); e !== undefined; e = open.pop()) {
    if (test(e)) return true;
    for (const child of childrenOf(e)) open.push(child);
  }
  return false;
}
