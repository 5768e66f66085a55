import type { Expr, FunctionName } from '../../../types/expr.js';
import { DECIMAL, DOUBLE, type LogicalType, withNullable } from '../../../types/logical.js';
import { call, convert } from '../../expr.js';
import { isExact, isInterval, isNumeric, roundType } from '../../type/common.js';
import { bindArithmetic } from '../arithmetic.js';
import type { FunctionDef, FunctionTable } from '../function.js';

const nullableIn = (args: readonly Expr[]): boolean => args.some((a) => a.type.nullable);

/** f(DOUBLE, ...) -> DOUBLE */
const doubles = (fn: FunctionName, count: number): FunctionDef => ({
  min: count,
  max: count,
  forms: [Array(count).fill('<NUMERIC>').join(', ')],
  bind: (args) =>
    args.every((a) => isNumeric(a.type))
      ? call(
          fn,
          args.map((a) => convert(a, DOUBLE())),
          DOUBLE(nullableIn(args)),
        )
      : undefined,
});

/** The result has the argument's type. */
const same = (fn: FunctionName, takes: (t: LogicalType) => boolean = isNumeric): FunctionDef => ({
  min: 1,
  max: 1,
  forms: ['<NUMERIC>'],
  bind: ([a]) => (takes(a.type) ? call(fn, [a], a.type) : undefined),
});

const whole = (fn: 'floor' | 'ceil'): FunctionDef => ({
  min: 1,
  max: 1,
  forms: ['<NUMERIC>'],
  bind: ([a]) => {
    if (!isNumeric(a.type)) return undefined;
    return call(fn, [a], a.type.root === 'DECIMAL' ? DECIMAL(a.type.precision, 0, a.type.nullable) : a.type);
  },
});

const mod: FunctionDef = {
  min: 2,
  max: 2,
  forms: ['<EXACT_NUMERIC>, <EXACT_NUMERIC>'],
  bind: ([a, b], binder, node) => (isExact(a.type) && isExact(b.type) ? bindArithmetic(binder, '%', a, b, node.span) : undefined),
};

const round: FunctionDef = {
  min: 1,
  max: 2,
  forms: ['<NUMERIC>', '<NUMERIC>, <INTEGER>'],
  bind: (args, b, node) => {
    const [a, digits] = args;
    if (!isNumeric(a.type) || (digits !== undefined && digits.type.root !== 'INTEGER')) return undefined;
    if (digits !== undefined && digits.op !== 'lit')
      throw b.source.error('NOT_SUPPORTED', 'ROUND with digits that are not a constant is not supported yet', node.span);
    if (a.type.root !== 'DECIMAL') return call('round', args, a.type);
    return call('round', args, withNullable(roundType(a.type, digits === undefined ? 0 : Number(digits.value)), a.type.nullable));
  },
};

export const MATH_FUNCTIONS: FunctionTable = {
  ABS: same('abs', (t) => isNumeric(t) && !isInterval(t)),
  SIGN: same('sign'),
  FLOOR: whole('floor'),
  CEIL: whole('ceil'),
  ROUND: round,
  MOD: mod,
  POWER: doubles('power', 2),
  SQRT: doubles('sqrt', 1),
  LN: doubles('ln', 1),
  LOG10: doubles('log10', 1),
  EXP: doubles('exp', 1),
};
