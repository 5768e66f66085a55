import { MillraceError } from '../base/errors.js';
import type { WatermarkConfig } from '../contract/nodes.js';
import type { Expr } from '../types/expr.js';
import { type LogicalType, type Schema, typeToString } from '../types/logical.js';
import { findLeaf } from './graph-builder.js';
import type { WatermarkStrategy } from './time.js';

/** The column a strategy takes timestamps from; `inWasm`: it is a time attribute that the watermark kernel understands. */
export interface AssignedColumn {
  readonly leaf: number;
  readonly type: LogicalType;
  readonly inWasm: boolean;
}

export function assignedColumn(strategy: WatermarkStrategy<never>, schema: Schema): AssignedColumn | undefined {
  if (typeof strategy.assigner !== 'string') return undefined;
  const found = findLeaf(schema, strategy.assigner);
  if (found === undefined) {
    throw new MillraceError('UNKNOWN_COLUMN', `there is no field '${strategy.assigner}' to take timestamps from`, {
      remedy: `Fields: ${schema.fields.map((f) => f.name).join(', ')}.`,
    });
  }
  const { type } = found;
  const time = (type.root === 'TIMESTAMP' || type.root === 'TIMESTAMP_LTZ') && type.precision <= 3;
  if (!time && type.root !== 'BIGINT') {
    throw new MillraceError('TYPE_MISMATCH', `'${strategy.assigner}' is ${typeToString(type)}, which is no event time`, {
      remedy: 'Take a TIMESTAMP(3), TIMESTAMP_LTZ(3) or BIGINT (ms) field, or a function that gives ms.',
    });
  }
  return { ...found, inWasm: time && type.precision === 3 };
}

/** Flink's bounded-out-of-orderness strategy as a watermark expression: it subtracts one more millisecond than SQL's. */
export function watermarkConfig(strategy: WatermarkStrategy<never>, column: AssignedColumn, intervalMs: number): WatermarkConfig {
  const rowtime: Expr = { op: 'col', index: column.leaf, type: column.type };
  const delay: Expr = { op: 'lit', value: BigInt(strategy.outOfOrdernessMs + 1), type: { root: 'INTERVAL_DAY_TIME', nullable: false } };
  return {
    rowtime,
    watermark: { op: 'call', fn: 'sub', args: [rowtime, delay], type: column.type },
    intervalMs,
    perSplit: false,
    idleTimeoutMs: strategy.idlenessMs,
    timeZone: 'UTC',
  };
}
