import type { Expr, FunctionName } from '../../../types/expr.js';
import { BOOLEAN, INT, type LogicalType, STRING, VARCHAR } from '../../../types/logical.js';
import { call, convert, literal } from '../../expr.js';
import { isInteger, isText } from '../../type/common.js';
import type { FunctionDef, FunctionTable } from '../function.js';

const nullableIn = (args: readonly Expr[]): boolean => args.some((a) => a.type.nullable);
const lengthOf = (t: LogicalType): number => (t as LogicalType & { length: number }).length;
const int = (e: Expr): Expr => convert(e, INT());

/** Every argument is text. */
const texts = (fn: FunctionName, min: number, max: number, type: (args: readonly Expr[]) => LogicalType, order?: (args: Expr[]) => Expr[]): FunctionDef => ({
  min,
  max,
  forms: [Array(min).fill('<STRING>').join(', ') + (max > min ? '...' : '')],
  bind: (args) => (args.every((a) => isText(a.type)) ? call(fn, order === undefined ? args : order(args), type(args)) : undefined),
});

const string = (args: readonly Expr[]): LogicalType => STRING(nullableIn(args));
const integer = (args: readonly Expr[]): LogicalType => INT(nullableIn(args));
const swap = ([a, b]: Expr[]): Expr[] => [b, a];

/** Text first, then integers. */
const substring: FunctionDef = {
  min: 2,
  max: 3,
  forms: ['<STRING>, <INTEGER>', '<STRING>, <INTEGER>, <INTEGER>'],
  bind: ([a, ...numbers]) => {
    if (!isText(a.type) || !numbers.every((n) => isInteger(n.type))) return undefined;
    return call('substring', [a, ...numbers.map(int)], VARCHAR(lengthOf(a.type)));
  },
};

/** LEFT(s, n) is SUBSTRING(s, 1, n), and '' when n is not positive. */
const left: FunctionDef = {
  min: 2,
  max: 2,
  forms: ['<STRING>, <INTEGER>'],
  bind: ([a, n]) => {
    if (!isText(a.type) || !isInteger(n.type)) return undefined;
    const zero = literal(0, INT(false));
    const length = int(n);
    const negative = call('lt', [length, zero], BOOLEAN(length.type.nullable));
    const atLeastZero =
      length.op === 'lit' && length.value !== null ? (Number(length.value) < 0 ? zero : length) : call('case', [negative, zero, length], length.type);
    return call('substring', [a, literal(1, INT(false)), atLeastZero], VARCHAR(lengthOf(a.type)));
  },
};

const trim = (fn: 'trim' | 'ltrim' | 'rtrim', forms: readonly string[]): FunctionDef => ({
  min: 1,
  max: 2,
  forms,
  bind: (args) => (args.every((a) => isText(a.type)) ? call(fn, args, VARCHAR(Math.max(1, lengthOf(args[0].type)), nullableIn(args))) : undefined),
});

const TRIM_FORMS = ['<STRING>', '<STRING> FROM <STRING>'];
const CALL_FORMS = ['<STRING>', '<STRING>, <STRING>'];

const changeCase = (fn: 'upper' | 'lower'): FunctionDef => ({
  min: 1,
  max: 1,
  forms: ['<STRING>'],
  bind: ([a]) => (isText(a.type) ? call(fn, [a], a.type) : undefined),
});

/** What is sought, the text, the character to begin at. */
const position: FunctionDef = {
  min: 2,
  max: 3,
  forms: ['<STRING>, <STRING>', '<STRING>, <STRING>, <INTEGER>'],
  bind: ([sought, text, from]) => {
    if (!isText(sought.type) || !isText(text.type) || (from !== undefined && !isInteger(from.type))) return undefined;
    const args = from === undefined ? [sought, text] : [sought, text, int(from)];
    return call('position', args, integer(args));
  },
};

const splitIndex: FunctionDef = {
  min: 3,
  max: 3,
  forms: ['<STRING>, <STRING>, <INTEGER>'],
  bind: ([a, separator, index], b, node) => {
    if (!isText(a.type) || !isInteger(index.type)) return undefined;
    if (isInteger(separator.type)) throw b.source.error('NOT_SUPPORTED', 'SPLIT_INDEX with a number as separator is not supported yet', node.span);
    return isText(separator.type) ? call('splitIndex', [a, separator, int(index)], STRING()) : undefined;
  },
};

const regexpExtract: FunctionDef = {
  min: 2,
  max: 3,
  forms: ['<STRING>, <STRING>', '<STRING>, <STRING>, <INTEGER>'],
  bind: ([a, pattern, group]) => {
    if (!isText(a.type) || !isText(pattern.type) || (group !== undefined && !isInteger(group.type))) return undefined;
    return call('regexpExtract', group === undefined ? [a, pattern] : [a, pattern, int(group)], STRING());
  },
};

export const TEXT_FUNCTIONS: FunctionTable = {
  UPPER: changeCase('upper'),
  LOWER: changeCase('lower'),
  CHAR_LENGTH: texts('charLength', 1, 1, integer),
  CHARACTER_LENGTH: texts('charLength', 1, 1, integer),
  CONCAT: texts('concat', 1, Number.POSITIVE_INFINITY, string),
  CONCAT_WS: texts('concatWs', 2, Number.POSITIVE_INFINITY, (args) => STRING(args[0].type.nullable || nullableIn(args))),
  REPLACE: texts('replace', 3, 3, string),
  POSITION: position,
  LOCATE: position,
  INSTR: { ...texts('position', 2, 2, integer, swap), flinkMax: 4 },
  SUBSTRING: substring,
  SUBSTR: substring,
  LEFT: left,
  'TRIM BOTH': trim('trim', TRIM_FORMS),
  'TRIM LEADING': trim('ltrim', TRIM_FORMS),
  'TRIM TRAILING': trim('rtrim', TRIM_FORMS),
  BTRIM: trim('trim', CALL_FORMS),
  LTRIM: trim('ltrim', CALL_FORMS),
  RTRIM: trim('rtrim', CALL_FORMS),
  SPLIT_INDEX: splitIndex,
  REGEXP_EXTRACT: regexpExtract,
};
