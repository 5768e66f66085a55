import { MillraceError } from '../base/errors.js';
import type { AggregateCall } from '../contract/nodes.js';
import type { LogicalType, Schema } from '../types/logical.js';
import * as t from '../types/logical.js';
import { findLeaf } from './graph-builder.js';
import { isNumeric } from './types.js';

const AGGREGATE = Symbol.for('millrace.AggregateSpec');
export function isAggregateSpec(x: unknown): x is AggregateSpec {
  return typeof x === 'object' && x !== null && AGGREGATE in x;
}

/** A declarative aggregate, computed in wasm: count(), sum('amount').as('total'). */
export class AggregateSpec {
  /** Known by a registered symbol: a job module may import another copy of this package than the one that runs it. */
  readonly [AGGREGATE] = true;
  readonly fn: AggregateCall['fn'];
  readonly field: string | undefined;
  readonly name: string;
  readonly isDistinct: boolean;
  readonly condition: string | undefined;

  constructor(fn: AggregateCall['fn'], field: string | undefined, name: string, isDistinct = false, condition?: string) {
    this.fn = fn;
    this.field = field;
    this.name = name;
    this.isDistinct = isDistinct;
    this.condition = condition;
  }
  /** The result's field name. */
  as(name: string): AggregateSpec {
    return new AggregateSpec(this.fn, this.field, name, this.isDistinct, this.condition);
  }
  /** Each different value once. */
  distinct(): AggregateSpec {
    if (this.field === undefined)
      throw new MillraceError('GRAPH_INVALID', 'count() has no field to be distinct by', { remedy: "Name one: count('userId').distinct()." });
    return new AggregateSpec(this.fn, this.field, this.name, true, this.condition);
  }
  /** Only elements whose BOOLEAN field is true. */
  where(field: string): AggregateSpec {
    return new AggregateSpec(this.fn, this.field, this.name, this.isDistinct, field);
  }

  /** @internal */
  resolve(schema: Schema): AggregateCall {
    const arg = this.field === undefined ? undefined : leafOf(this.field, schema);
    const filter = this.condition === undefined ? undefined : leafOf(this.condition, schema);
    if (filter !== undefined && filter.type.root !== 'BOOLEAN') throw new MillraceError('TYPE_MISMATCH', `where('${this.condition}') needs a BOOLEAN field`);
    return { fn: this.fn, arg: arg?.leaf, distinct: this.isDistinct, filter: filter?.leaf, type: resultType(this, arg?.type) };
  }
}

export const count = (field?: string): AggregateSpec =>
  new AggregateSpec(field === undefined ? 'countStar' : 'count', field, field === undefined ? 'count' : `count_${leafName(field)}`);
export const sum = (field: string): AggregateSpec => new AggregateSpec('sum', field, `sum_${leafName(field)}`);
export const min = (field: string): AggregateSpec => new AggregateSpec('min', field, `min_${leafName(field)}`);
export const max = (field: string): AggregateSpec => new AggregateSpec('max', field, `max_${leafName(field)}`);
export const avg = (field: string): AggregateSpec => new AggregateSpec('avg', field, `avg_${leafName(field)}`);

const leafName = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

function leafOf(path: string, schema: Schema): { leaf: number; type: LogicalType } {
  const found = findLeaf(schema, path);
  if (found !== undefined) return found;
  throw new MillraceError('UNKNOWN_COLUMN', `there is no field '${path}'`, { remedy: `Fields: ${schema.fields.map((f) => f.name).join(', ')}.` });
}

/** Flink's result types: SUM and AVG keep their argument's type but for DECIMAL, where SUM has 38 digits and AVG at least 6 after the point. */
function resultType(spec: AggregateSpec, arg: LogicalType | undefined): LogicalType {
  if (arg === undefined || spec.fn === 'count') return t.BIGINT(false);
  if (spec.fn === 'min' || spec.fn === 'max') {
    if (arg.root === 'ANY' || arg.root === 'ROW') throw mismatch(spec, arg);
    return t.withNullable(arg, true);
  }
  if (!isNumeric(arg)) throw mismatch(spec, arg);
  if (arg.root !== 'DECIMAL') return t.withNullable(arg, true);
  return t.DECIMAL(38, spec.fn === 'sum' ? arg.scale : Math.max(6, arg.scale));
}

function mismatch(spec: AggregateSpec, arg: LogicalType): MillraceError {
  return new MillraceError('TYPE_MISMATCH', `${spec.fn} does not take ${t.typeToString(arg)} ('${spec.field}')`, {
    remedy: "Convert the field first: select(col('x').castTo('DOUBLE').as('x')).",
  });
}
