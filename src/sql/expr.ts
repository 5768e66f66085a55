import type { Call, Expr, FunctionName, Literal } from '../types/expr.js';
import { timestampDigits } from '../types/leaf.js';
import { type LogicalType, withNullable } from '../types/logical.js';
import { isInteger, isText, plainType, sameType } from './type/common.js';

/** Small constructors and walks over the typed expressions of src/types/expr.ts. */

export const call = (fn: FunctionName, args: readonly Expr[], type: LogicalType): Call => ({ op: 'call', fn, args, type });
export const literal = (value: Literal['value'], type: LogicalType): Literal => ({ op: 'lit', value, type });
export const column = (index: number, type: LogicalType): Expr => ({ op: 'col', index, type });

const VOLATILE: readonly FunctionName[] = ['currentTimestamp', 'currentDate', 'localTimestamp', 'proctime', 'currentWatermark'];

export function isVolatile(e: Expr): boolean {
  return e.op === 'call' && (VOLATILE.includes(e.fn) || e.args.some(isVolatile));
}

/** The same value under another nullability or without its time attribute. */
export function retype(e: Expr, type: LogicalType): Expr {
  return { ...e, type } as Expr;
}

/** Every column an expression reads, into `into`. */
export function columnsOf(e: Expr, into: Set<number> = new Set()): Set<number> {
  if (e.op === 'col') into.add(e.index);
  else if (e.op === 'call') for (const a of e.args) columnsOf(a, into);
  return into;
}

/** The expression with every column replaced. */
export function mapColumns(e: Expr, map: (index: number, e: Expr) => Expr): Expr {
  if (e.op === 'col') return map(e.index, e);
  if (e.op === 'lit') return e;
  return { ...e, args: e.args.map((a) => mapColumns(a, map)) };
}

export function conjuncts(e: Expr): Expr[] {
  return operandsOf(e, 'and');
}

/** The operands of a tree of one associative operation, in order. Without recursion: such trees are as deep as the script is long. */
function operandsOf(e: Expr, fn: 'and' | 'or'): Expr[] {
  const out: Expr[] = [];
  const open: Expr[] = [e];
  for (let x = open.pop(); x !== undefined; x = open.pop()) {
    if (x.op === 'call' && x.fn === fn) for (let i = x.args.length - 1; i >= 0; i--) open.push(x.args[i]);
    else out.push(x);
  }
  return out;
}

/** The same expression with long chains of AND and OR as trees of logarithmic depth, so that nobody who walks it runs out of stack. */
export function balanced(e: Expr): Expr {
  if (e.op !== 'call') return e;
  if (e.fn !== 'and' && e.fn !== 'or') return e.args.length === 0 ? e : { ...e, args: e.args.map(balanced) };
  const fn = e.fn;
  let level = operandsOf(e, fn).map(balanced);
  while (level.length > 1) {
    const pairs: Expr[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [a, b] = [level[i], level[i + 1]];
      pairs.push(b === undefined ? a : call(fn, [a, b], { root: 'BOOLEAN', nullable: a.type.nullable || b.type.nullable }));
    }
    level = pairs;
  }
  return level[0];
}

/** Conditions in a chain that reads well in EXPLAIN and is no burden to the stack. */
const CHAIN_MAX = 64;

export function conjunction(parts: readonly Expr[]): Expr | undefined {
  if (parts.length === 0) return undefined;
  const chain = parts.reduce((a, b) => call('and', [a, b], { root: 'BOOLEAN', nullable: a.type.nullable || b.type.nullable }));
  return parts.length > CHAIN_MAX ? balanced(chain) : chain;
}

/** Equal as written after resolution: same operations over the same columns. */
export function sameExpr(a: Expr, b: Expr): boolean {
  if (a.op === 'col') return b.op === 'col' && a.index === b.index;
  if (a.op === 'lit') return b.op === 'lit' && a.value === b.value && sameType(a.type, b.type);
  return b.op === 'call' && a.fn === b.fn && a.args.length === b.args.length && sameType(a.type, b.type) && a.args.every((x, i) => sameExpr(x, b.args[i]));
}

/** Inserts the cast that `e` needs to have type `to`; nullability stays e's. Literals are converted at once where that is exact. */
export function convert(e: Expr, to: LogicalType): Expr {
  const target = withNullable(plainType(to), e.type.nullable || e.type.root === 'NULL');
  if (sameType(e.type, target)) return e;
  if (e.op === 'lit') {
    const folded = foldCast(e, target);
    if (folded !== undefined) return folded;
  }
  // longer text columns hold shorter text as it is; a cast's own type is what it cuts to
  const cut = e.op === 'call' && (e.fn === 'cast' || e.fn === 'tryCast');
  if (!cut && isText(e.type) && target.root === 'VARCHAR' && (e.type as { length: number }).length <= target.length && e.type.root === 'VARCHAR') {
    return { ...e, type: target } as Expr;
  }
  return call('cast', [e], target);
}

/** Casts of constants that came together when expressions were merged are done now. */
export function simplify(e: Expr): Expr {
  if (e.op !== 'call') return e;
  const args = e.args.map(simplify);
  const [a] = args;
  if (e.fn === 'cast' && a.op === 'lit') {
    const folded = foldCast(a, e.type);
    if (folded !== undefined) return folded;
  }
  return args.every((x, i) => x === e.args[i]) ? e : { ...e, args };
}

const RANGES: Readonly<Record<string, bigint>> = { TINYINT: 2n ** 7n, SMALLINT: 2n ** 15n, INTEGER: 2n ** 31n, BIGINT: 2n ** 63n };

/** The constant in another type when that is exact; else undefined. */
export function foldCast(e: Literal, to: LogicalType): Literal | undefined {
  if (e.value === null) return literal(null, withNullable(to, true));
  const from = e.type;
  if (isText(from) && (to.root === 'VARCHAR' || to.root === 'CHAR')) {
    const length = [...String(e.value)].length;
    return length <= to.length && (to.root === 'VARCHAR' || length === to.length) ? literal(e.value, to) : undefined;
  }
  if ((from.root === 'TIMESTAMP' || from.root === 'TIMESTAMP_LTZ') && from.root === to.root) {
    const more = timestampDigits(to.precision) - timestampDigits(from.precision);
    return more >= 0 && to.precision >= from.precision ? literal(BigInt(e.value as bigint) * 10n ** BigInt(more), to) : undefined;
  }
  if (!isInteger(from) && from.root !== 'DECIMAL') return undefined;
  const unscaled = BigInt(e.value as number | bigint);
  const scale = from.root === 'DECIMAL' ? from.scale : 0;
  if (isInteger(to)) {
    if (scale !== 0 || unscaled >= RANGES[to.root] || unscaled < -RANGES[to.root]) return undefined;
    return literal(to.root === 'BIGINT' ? unscaled : Number(unscaled), to);
  }
  if (to.root === 'DECIMAL') {
    if (to.scale < scale) return undefined;
    const value = unscaled * 10n ** BigInt(to.scale - scale);
    return (value < 0n ? -value : value) < 10n ** BigInt(to.precision) ? literal(value, to) : undefined;
  }
  if (to.root === 'DOUBLE') return literal(Number(`${unscaled}e-${scale}`), to);
  if (to.root === 'FLOAT') return literal(Math.fround(Number(`${unscaled}e-${scale}`)), to);
  return undefined;
}
