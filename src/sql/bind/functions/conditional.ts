import { withNullable } from '../../../types/logical.js';
import { call, convert, literal } from '../../expr.js';
import { isText, mergedType, plainType } from '../../type/common.js';
import type { FunctionDef, FunctionTable } from '../function.js';

/** COALESCE and IFNULL: NOT NULL as soon as one argument is. */
const coalesce = (name: string, min: number, max: number): FunctionDef => ({
  min,
  max,
  forms: ['<COMMON>, <COMMON>...'],
  bind: (args, b, node) => {
    if (args.every((a) => a.type.root === 'NULL')) throw b.illegalNull(node.span);
    // a text that cannot be NULL keeps its own length
    if (name === 'IFNULL' && !args[0].type.nullable && args.every((a) => isText(a.type))) return args[0];
    const type = b.unify(args, node.span, `the arguments of ${name} have no common type`, mergedType);
    const nullable = args.every((a) => a.type.nullable);
    return call(
      'coalesce',
      args.map((a) => convert(a, type)),
      withNullable(type, nullable),
    );
  },
});

const nullIf: FunctionDef = {
  min: 2,
  max: 2,
  forms: ['<ANY>, <ANY>'],
  bind: ([a, other], b, node) => {
    if (a.type.root === 'NULL') throw b.illegalNull(node.span);
    const type = withNullable(plainType(a.type), true);
    return call('case', [b.compare('=', a, other, node.span), literal(null, type), convert(a, type)], type);
  },
};

const choose: FunctionDef = {
  min: 3,
  max: 3,
  forms: ['<BOOLEAN>, <COMMON>, <COMMON>'],
  bind: ([condition, a, other], b, node) => {
    if (condition.type.root !== 'BOOLEAN') return undefined;
    if (a.type.root === 'NULL' && other.type.root === 'NULL') throw b.illegalNull(node.span);
    const type = withNullable(b.unify([a, other], node.span, 'the arguments of IF have no common type'), true);
    return call('case', [condition, convert(a, type), convert(other, type)], type);
  },
};

/** The greatest or least argument, NULL when one is NULL. */
const extreme = (fn: 'greatest' | 'least'): FunctionDef => ({
  min: 1,
  max: Number.POSITIVE_INFINITY,
  forms: ['<COMMON>, <COMMON>...'],
  bind: (args, b, node) => {
    if (args.every((a) => a.type.root === 'NULL')) throw b.illegalNull(node.span);
    const type = b.unify(args, node.span, 'the arguments have no common type', mergedType);
    const alike = args.map((a) => convert(a, type));
    return alike.length === 1
      ? alike[0]
      : call(
          fn,
          alike,
          withNullable(
            type,
            alike.some((a) => a.type.nullable),
          ),
        );
  },
});

export const CONDITIONAL_FUNCTIONS: FunctionTable = {
  COALESCE: coalesce('COALESCE', 1, Number.POSITIVE_INFINITY),
  IFNULL: coalesce('IFNULL', 2, 2),
  NULLIF: nullIf,
  IF: choose,
  GREATEST: extreme('greatest'),
  LEAST: extreme('least'),
};
