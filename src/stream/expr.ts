import { MillraceError } from '../base/errors.js';
import type { Expr, FunctionName } from '../types/expr.js';
import { leafCount } from '../types/leaf.js';
import type { LogicalType, Schema } from '../types/logical.js';
import * as t from '../types/logical.js';
import { findLeaf } from './graph-builder.js';
import { parseType } from './schema.js';
import { commonType, decimalResult, isNumeric } from './types.js';

/** What can stand where an expression is wanted: an expression, or a JS value as a literal. */
export type Operand = ColumnExpr | null | boolean | number | bigint | string;

type Resolve = (schema: Schema) => Expr;

const COLUMN_EXPR = Symbol.for('millrace.ColumnExpr');

/** An expression over columns. It becomes wasm; types follow Flink's SQL rules. */
export class ColumnExpr {
  /** Known by a registered symbol: a job module may import another copy of this package than the one that runs it. */
  readonly [COLUMN_EXPR] = true;
  readonly #resolve: Resolve;
  readonly #text: string;
  readonly #path: string | undefined;
  readonly name: string;

  constructor(resolve: Resolve, text: string, name: string = text, path?: string) {
    this.#resolve = resolve;
    this.#text = text;
    this.#path = path;
    this.name = name;
  }

  /** @internal */
  resolve(schema: Schema): Expr {
    return this.#resolve(schema);
  }
  describe(): string {
    return this.#text;
  }
  /** @internal is this just the column at a leaf? */
  isLeaf(schema: Schema, leaf: number): boolean {
    return this.#path !== undefined && findLeaf(schema, this.#path)?.leaf === leaf;
  }
  as(name: string): ColumnExpr {
    return new ColumnExpr(this.#resolve, this.#text, name, this.#path);
  }

  plus(o: Operand): ColumnExpr {
    return arithmetic('add', '+', this, o);
  }
  minus(o: Operand): ColumnExpr {
    return arithmetic('sub', '-', this, o);
  }
  times(o: Operand): ColumnExpr {
    return arithmetic('mul', '*', this, o);
  }
  div(o: Operand): ColumnExpr {
    return arithmetic('div', '/', this, o);
  }
  mod(o: Operand): ColumnExpr {
    return arithmetic('mod', '%', this, o);
  }
  eq(o: Operand): ColumnExpr {
    return comparison('eq', '=', this, o);
  }
  ne(o: Operand): ColumnExpr {
    return comparison('ne', '<>', this, o);
  }
  lt(o: Operand): ColumnExpr {
    return comparison('lt', '<', this, o);
  }
  le(o: Operand): ColumnExpr {
    return comparison('le', '<=', this, o);
  }
  gt(o: Operand): ColumnExpr {
    return comparison('gt', '>', this, o);
  }
  ge(o: Operand): ColumnExpr {
    return comparison('ge', '>=', this, o);
  }
  and(o: Operand): ColumnExpr {
    return logic('and', this, o);
  }
  or(o: Operand): ColumnExpr {
    return logic('or', this, o);
  }
  not(): ColumnExpr {
    return logic('not', this);
  }
  isNull(): ColumnExpr {
    return call('isNull', `${this.#text} IS NULL`, [this], () => t.BOOLEAN(false));
  }
  isNotNull(): ColumnExpr {
    return call('isNotNull', `${this.#text} IS NOT NULL`, [this], () => t.BOOLEAN(false));
  }
  in(...values: Operand[]): ColumnExpr {
    const all = values.map((v) => this.eq(v));
    return all.slice(1).reduce((a, b) => a.or(b), all[0] ?? lit(false));
  }
  between(low: Operand, high: Operand): ColumnExpr {
    return this.ge(low).and(this.le(high));
  }
  like(pattern: string): ColumnExpr {
    return call('like', `${this.#text} LIKE '${pattern}'`, [this, lit(pattern)], (a) => {
      if (!isText(a[0].type)) throw mismatch('like', a);
      return t.BOOLEAN(a[0].type.nullable);
    });
  }
  upper(): ColumnExpr {
    return textCall('upper', this);
  }
  lower(): ColumnExpr {
    return textCall('lower', this);
  }
  trim(): ColumnExpr {
    return textCall('trim', this);
  }
  charLength(): ColumnExpr {
    return call('charLength', `charLength(${this.#text})`, [this], (a) => {
      if (!isText(a[0].type)) throw mismatch('charLength', a);
      return t.INT(a[0].type.nullable);
    });
  }
  /** From position `start` (1 is the first character), `length` characters or to the end. */
  substring(start: number, length?: number): ColumnExpr {
    const args: Operand[] = length === undefined ? [this, start] : [this, start, length];
    return call('substring', `substring(${this.#text})`, args, (a) => {
      if (!isText(a[0].type)) throw mismatch('substring', a);
      return t.STRING(a[0].type.nullable);
    });
  }
  concat(...others: Operand[]): ColumnExpr {
    return call('concat', `concat(${this.#text})`, [this, ...others], (a) => {
      if (!a.every((e) => isText(e.type))) throw mismatch('concat', a);
      return t.STRING(a.some((e) => e.type.nullable));
    });
  }
  abs(): ColumnExpr {
    return call('abs', `abs(${this.#text})`, [this], (a) => {
      if (!isNumeric(a[0].type)) throw mismatch('abs', a);
      return a[0].type;
    });
  }
  coalesce(...others: Operand[]): ColumnExpr {
    return new ColumnExpr((schema) => {
      const given = [this, ...others].map((o) => toExpr(o).resolve(schema));
      const type = given.map((e) => e.type).reduce((a, b) => commonType(a, b) ?? fail('coalesce', given));
      const nullable = given.every((e) => e.type.nullable);
      return { op: 'call', fn: 'coalesce', args: given.map((e) => castExpr(e, t.withNullable(type, e.type.nullable))), type: t.withNullable(type, nullable) };
    }, `coalesce(${this.#text})`);
  }
  /** SQL's CAST: `castTo('BIGINT')`. */
  castTo(type: string | LogicalType): ColumnExpr {
    const wanted = typeof type === 'string' ? parseType(this.name, type) : type;
    return new ColumnExpr(
      (schema) => {
        const e = this.resolve(schema);
        return castExpr(e, t.withNullable(wanted, e.type.nullable));
      },
      `cast(${this.#text})`,
      this.name,
      this.#path,
    );
  }
}

/** A column by name; 'person.id' for a nested field. */
export function col(path: string): ColumnExpr {
  return columnOf(path);
}
export function columnOf(path: string): ColumnExpr {
  const name = path.slice(path.lastIndexOf('.') + 1);
  return new ColumnExpr(
    (schema) => {
      const found = findLeaf(schema, path);
      if (found === undefined) {
        throw new MillraceError('UNKNOWN_COLUMN', `there is no field '${path}'`, { remedy: `Fields: ${schema.fields.map((f) => f.name).join(', ')}.` });
      }
      return { op: 'col', index: found.leaf, type: found.type };
    },
    path,
    name,
    path,
  );
}

/** A constant. Whole numbers are INT (BIGINT when they are large), others DOUBLE; bigints BIGINT. */
export function lit(value: null | boolean | number | bigint | string): ColumnExpr {
  return new ColumnExpr(() => literal(value), typeof value === 'string' ? `'${value}'` : String(value), 'literal');
}

export function resolveExpr(e: ColumnExpr, schema: Schema): Expr {
  return e.resolve(schema);
}
/** Every field as it is; a ROW goes with all of its leaves. */
export function resolveColumns(schema: Schema): Expr[] {
  let index = 0;
  return schema.fields.map((f) => {
    const e: Expr = { op: 'col', index, type: f.type };
    index += leafCount(f.type);
    return e;
  });
}

function literal(value: null | boolean | number | bigint | string): Expr {
  if (value === null) return { op: 'lit', value, type: t.NULL_TYPE() };
  switch (typeof value) {
    case 'boolean':
      return { op: 'lit', value, type: t.BOOLEAN(false) };
    case 'string':
      return { op: 'lit', value, type: t.STRING(false) };
    case 'bigint':
      return { op: 'lit', value, type: t.BIGINT(false) };
    default:
      if (!Number.isInteger(value)) return { op: 'lit', value, type: t.DOUBLE(false) };
      if (value >= -(2 ** 31) && value < 2 ** 31) return { op: 'lit', value, type: t.INT(false) };
      return { op: 'lit', value: BigInt(value), type: t.BIGINT(false) };
  }
}

function toExpr(o: Operand): ColumnExpr {
  return typeof o === 'object' && o !== null && COLUMN_EXPR in o ? o : lit(o);
}

function call(fn: FunctionName, text: string, args: readonly Operand[], type: (args: Expr[]) => LogicalType): ColumnExpr {
  return new ColumnExpr((schema) => {
    const resolved = args.map((a) => toExpr(a).resolve(schema));
    return { op: 'call', fn, args: resolved, type: type(resolved) };
  }, text);
}

function textCall(fn: 'upper' | 'lower' | 'trim', e: ColumnExpr): ColumnExpr {
  return call(fn, `${fn}(${e.describe()})`, [e], (a) => {
    if (!isText(a[0].type)) throw mismatch(fn, a);
    return t.STRING(a[0].type.nullable);
  });
}

function comparison(fn: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', sign: string, left: ColumnExpr, right: Operand): ColumnExpr {
  const r = toExpr(right);
  return new ColumnExpr((schema) => {
    const args = [left.resolve(schema), r.resolve(schema)];
    const type = commonType(args[0].type, args[1].type) ?? fail(sign, args);
    return { op: 'call', fn, args: args.map((a) => castExpr(a, t.withNullable(type, a.type.nullable))), type: t.BOOLEAN(args.some((a) => a.type.nullable)) };
  }, `${left.describe()} ${sign} ${r.describe()}`);
}

function logic(fn: 'and' | 'or' | 'not', left: ColumnExpr, right?: Operand): ColumnExpr {
  const operands = right === undefined ? [left] : [left, toExpr(right)];
  const text = fn === 'not' ? `NOT (${left.describe()})` : operands.map((o) => `(${o.describe()})`).join(` ${fn.toUpperCase()} `);
  return call(fn, text, operands, (args) => {
    if (!args.every((a) => a.type.root === 'BOOLEAN')) throw mismatch(fn, args);
    return t.BOOLEAN(args.some((a) => a.type.nullable));
  });
}

function arithmetic(fn: 'add' | 'sub' | 'mul' | 'div' | 'mod', sign: string, left: ColumnExpr, right: Operand): ColumnExpr {
  const r = toExpr(right);
  return new ColumnExpr((schema) => {
    const args = [left.resolve(schema), r.resolve(schema)];
    if (!args.every((a) => isNumeric(a.type))) throw mismatch(sign, args);
    const nullable = args.some((a) => a.type.nullable);
    const exact = decimalResult(fn, args[0].type, args[1].type);
    if (exact !== undefined) {
      const [a, b] = args.map((e, i) => castExpr(e, t.withNullable(exact.operands[i], e.type.nullable)));
      return { op: 'call', fn, args: [a, b], type: t.withNullable(exact.result, nullable || fn !== 'add') };
    }
    const type = t.withNullable(commonType(args[0].type, args[1].type)!, nullable);
    return { op: 'call', fn, args: args.map((a) => castExpr(a, t.withNullable(type, a.type.nullable))), type };
  }, `${left.describe()} ${sign} ${r.describe()}`);
}

function castExpr(e: Expr, type: LogicalType): Expr {
  if (t.typeToString(e.type) === t.typeToString(type)) return e;
  if (e.op === 'lit' && e.value === null) return { op: 'lit', value: null, type: t.withNullable(type, true) };
  return { op: 'call', fn: 'cast', args: [e], type };
}

function isText(type: LogicalType): boolean {
  return type.root === 'VARCHAR' || type.root === 'CHAR';
}

function mismatch(what: string, args: readonly Expr[]): MillraceError {
  return new MillraceError('TYPE_MISMATCH', `${what} does not take ${args.map((a) => t.typeToString(a.type)).join(' and ')}`, {
    remedy: "Convert with castTo('...').",
  });
}
function fail(what: string, args: readonly Expr[]): never {
  throw mismatch(what, args);
}
