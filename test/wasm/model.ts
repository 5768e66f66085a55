import type { Call, Expr } from '#src/types/expr.js';
import type { LogicalType } from '#src/types/logical.js';
import type { Value } from './support.js';

type Row = readonly Value[];

export class DivisionByZero extends Error {}

/** What an expression means, in plain JavaScript: BigInt for whole numbers and decimals, null for NULL. */
export function interpret(e: Expr, row: Row): Value {
  if (e.op === 'lit') return e.value;
  if (e.op === 'col') return row[e.index];
  const at = (i: number): Value => interpret(e.args[i], row);
  switch (e.fn) {
    case 'and':
      return junction(e, row, false);
    case 'or':
      return junction(e, row, true);
    case 'case':
      for (let i = 0; i + 1 < e.args.length; i += 2) if (at(i) === true) return at(i + 1);
      return e.args.length % 2 === 1 ? at(e.args.length - 1) : null;
    case 'coalesce':
      for (let i = 0; i < e.args.length; i++) if (at(i) !== null) return at(i);
      return null;
    default:
      return strict(
        e,
        e.args.map((_, i) => at(i)),
      );
  }
}

function junction(e: Call, row: Row, stop: boolean): Value {
  let unknown = false;
  for (const a of e.args) {
    const v = interpret(a, row);
    if (v === stop) return stop;
    unknown ||= v === null;
  }
  return unknown ? null : !stop;
}

function strict(e: Call, v: Value[]): Value {
  const [a, b] = v;
  switch (e.fn) {
    case 'isNull':
      return a === null;
    case 'isNotNull':
      return a !== null;
    case 'isTrue':
      return a === true;
    case 'isFalse':
      return a === false;
    case 'isNotTrue':
      return a !== true;
    case 'isNotFalse':
      return a !== false;
    case 'isDistinctFrom':
      return !(a === null || b === null ? a === b : order(a, b) === 0);
    case 'isNotDistinctFrom':
      return a === null || b === null ? a === b : order(a, b) === 0;
    case 'in': {
      if (a === null) return null;
      if (v.slice(1).some((x) => x !== null && order(a, x) === 0)) return true;
      return v.slice(1).includes(null) ? null : false;
    }
    case 'nullIf':
      return a !== null && b !== null && order(a, b) === 0 ? null : a;
  }
  if (v.includes(null)) return null;
  switch (e.fn) {
    case 'not':
      return !a;
    case 'eq':
      return order(a, b) === 0;
    case 'ne':
      return order(a, b) !== 0;
    case 'lt':
      return order(a, b) < 0;
    case 'le':
      return order(a, b) <= 0;
    case 'gt':
      return order(a, b) > 0;
    case 'ge':
      return order(a, b) >= 0;
    case 'concat':
      return v.join('');
    case 'upper':
      return String(a).toUpperCase();
    case 'charLength':
      return [...String(a)].length;
    case 'substring':
      return [...String(a)].slice(Number(b) - 1, Number(b) - 1 + Number(v[2])).join('');
    case 'cast':
      return cast(a, e.args[0].type, e.type);
    default:
      return e.type.root === 'DECIMAL' ? decimal(e, v as bigint[]) : number(e, a, b);
  }
}

const utf8 = new TextEncoder();

/** Numbers by value (NaN is equal to nothing), strings by their bytes. */
function order(a: Value, b: Value): number {
  if (typeof a === 'string') return Buffer.compare(utf8.encode(a), utf8.encode(String(b)));
  return a! < b! ? -1 : a! > b! ? 1 : a! <= b! ? 0 : Number.NaN;
}

function wrap(type: LogicalType, v: bigint): Value {
  if (type.root === 'BIGINT') return BigInt.asIntN(64, v);
  return Number(BigInt.asIntN(type.root === 'TINYINT' ? 8 : type.root === 'SMALLINT' ? 16 : 32, v));
}

function number(e: Call, a: Value, b: Value): Value {
  if (e.type.root === 'DOUBLE') {
    const [x, y] = [Number(a), Number(b)];
    return e.fn === 'add' ? x + y : e.fn === 'sub' ? x - y : e.fn === 'mul' ? x * y : e.fn === 'div' ? x / y : e.fn === 'neg' ? -x : Math.abs(x);
  }
  const x = BigInt(a as bigint);
  if (e.fn === 'neg') return wrap(e.type, -x);
  if (e.fn === 'abs') return wrap(e.type, x < 0n ? -x : x);
  const y = BigInt(b as bigint);
  if ((e.fn === 'div' || e.fn === 'mod') && y === 0n) throw new DivisionByZero();
  return wrap(e.type, e.fn === 'add' ? x + y : e.fn === 'sub' ? x - y : e.fn === 'mul' ? x * y : e.fn === 'div' ? x / y : x % y);
}

export const halfUp = (n: bigint, d: bigint): bigint => {
  const [an, ad] = [n < 0n ? -n : n, d < 0n ? -d : d];
  const q = (2n * an + ad) / (2n * ad);
  return n < 0n === d < 0n ? q : -q;
};

const scaleOf = (t: LogicalType): number => (t.root === 'DECIMAL' ? t.scale : 0);
const fit = (v: bigint, t: LogicalType): Value => (t.root === 'DECIMAL' && (v >= 10n ** BigInt(t.precision) || v <= -(10n ** BigInt(t.precision))) ? null : v);
const rescale = (v: bigint, from: number, to: number): bigint => (to >= from ? v * 10n ** BigInt(to - from) : halfUp(v, 10n ** BigInt(from - to)));

function decimal(e: Call, v: bigint[]): Value {
  const to = scaleOf(e.type);
  const [sa, sb] = [scaleOf(e.args[0].type), e.args[1] === undefined ? 0 : scaleOf(e.args[1].type)];
  if (e.fn === 'neg') return -v[0];
  if (e.fn === 'abs') return v[0] < 0n ? -v[0] : v[0];
  const s = Math.max(sa, sb);
  const [x, y] = [rescale(v[0], sa, s), rescale(v[1], sb, s)];
  if ((e.fn === 'div' || e.fn === 'mod') && y === 0n) throw new DivisionByZero();
  switch (e.fn) {
    case 'add':
      return fit(rescale(x + y, s, to), e.type);
    case 'sub':
      return fit(rescale(x - y, s, to), e.type);
    case 'mul':
      return fit(rescale(v[0] * v[1], sa + sb, to), e.type);
    case 'mod':
      return fit(rescale(x % y, s, to), e.type);
    default:
      return fit(halfUp(x * 10n ** BigInt(to), y), e.type);
  }
}

function cast(v: Value, from: LogicalType, to: LogicalType): Value {
  switch (to.root) {
    case 'DOUBLE':
      return from.root === 'DECIMAL' ? Number(`${v}e-${from.scale}`) : Number(v);
    case 'DECIMAL':
      return fit(rescale(BigInt(v as bigint), scaleOf(from), to.scale), to);
    case 'VARCHAR':
      return String(v);
    default: {
      if (from.root === 'DECIMAL') return wrap(to, (v as bigint) / 10n ** BigInt(from.scale));
      if (from.root !== 'DOUBLE') return wrap(to, BigInt(v as bigint));
      const wide = to.root === 'BIGINT';
      const [low, high] = wide ? [-(2n ** 63n), 2n ** 63n - 1n] : [-(2n ** 31n), 2n ** 31n - 1n];
      if (Number.isNaN(v as number)) return wrap(to, 0n);
      const t = Number.isFinite(v as number) ? BigInt(Math.trunc(v as number)) : (v as number) > 0 ? high : low;
      return wrap(to, t < low ? low : t > high ? high : t);
    }
  }
}
