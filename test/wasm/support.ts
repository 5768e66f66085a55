import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_STR } from '#abi';
import { type Clock, ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import * as calcModule from '#src/chain/calc.js';
import * as emitters from '#src/chain/emit.js';
import * as watermarkModule from '#src/chain/watermark.js';
import type { CalcConfig } from '#src/contract/nodes.js';
import type { OperatorContext, OperatorEmitter, OperatorModule } from '#src/contract/operator.js';
import type { Call, Expr, FunctionName } from '#src/types/expr.js';
import { flatten, type Leaf, typeCode, typeWidth } from '#src/types/leaf.js';
import type { LogicalType, Schema } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { loadRegex } from '#src/wasm/host.js';

// emitted modules are linked here without the runtime, which loads what their host functions need
await loadRegex();

export type Value = null | boolean | number | bigint | string;

export const col = (index: number, type: LogicalType): Expr => ({ op: 'col', index, type });
export const lit = (value: Value, type: LogicalType): Expr => ({ op: 'lit', value, type });
export const call = (fn: FunctionName, type: LogicalType, ...args: Expr[]): Call => ({ op: 'call', fn, args, type });

export const schemaOf = (types: readonly LogicalType[]): Schema => ({ fields: types.map((type, i) => ({ name: `c${i}`, type })) });
export const leavesOf = (types: readonly LogicalType[]): Leaf[] => flatten(schemaOf(types));

export function writeValue(batch: Batch, column: number, row: number, value: Value): void {
  const e = batch.engine;
  const code = typeCode(batch.leaves[column].type);
  const at = batch.values(column) + row * typeWidth(code);
  if (value === null) {
    if (batch.validity(column) !== 0) batch.setNull(column, row);
    return;
  }
  batch.setPresent(column, row);
  const view = new DataView(e.memory.buffer);
  switch (code) {
    case T_BOOL:
      view.setUint8(at, value ? 1 : 0);
      break;
    case T_I8:
      view.setInt8(at, Number(value));
      break;
    case T_I16:
      view.setInt16(at, Number(value), true);
      break;
    case T_I32:
      view.setInt32(at, Number(value), true);
      break;
    case T_I64:
      view.setBigInt64(at, BigInt(value as bigint), true);
      break;
    case T_F32:
      view.setFloat32(at, Number(value), true);
      break;
    case T_F64:
      view.setFloat64(at, Number(value), true);
      break;
    case T_I128:
      view.setBigInt64(at, BigInt.asIntN(64, BigInt(value as bigint)), true);
      view.setBigInt64(at + 8, BigInt(value as bigint) >> 64n, true);
      break;
    case T_STR: {
      const bytes = new TextEncoder().encode(String(value));
      const p = e.alloc(bytes.length + 128) + 64;
      e.u8.set(bytes, p);
      e.u32[at >> 2] = p;
      e.u32[(at >> 2) + 1] = bytes.length;
      break;
    }
  }
}

export function readValue(batch: Batch, column: number, row: number): Value {
  if (batch.isNull(column, row)) return null;
  const e = batch.engine;
  const code = typeCode(batch.leaves[column].type);
  const at = batch.values(column) + row * typeWidth(code);
  const view = new DataView(e.memory.buffer);
  switch (code) {
    case T_BOOL:
      return view.getUint8(at) !== 0;
    case T_I8:
      return view.getInt8(at);
    case T_I16:
      return view.getInt16(at, true);
    case T_I32:
      return view.getInt32(at, true);
    case T_I64:
      return view.getBigInt64(at, true);
    case T_F32:
      return view.getFloat32(at, true);
    case T_F64:
      return view.getFloat64(at, true);
    case T_I128:
      return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
    case T_STR:
      return new TextDecoder().decode(e.u8.slice(view.getUint32(at, true), view.getUint32(at, true) + view.getUint32(at + 4, true)));
    default:
      return null;
  }
}

/** A batch of rows given as JS values. */
export function makeBatch(engine: Engine, leaves: readonly Leaf[], rows: readonly (readonly Value[])[], capacity?: number): Batch {
  const batch = allocBatch(engine, leaves, { capacity });
  rows.forEach((row, r) => {
    row.forEach((v, c) => {
      writeValue(batch, c, r, v);
    });
  });
  batch.selectAll(rows.length);
  return batch;
}

export const readRow = (batch: Batch, row: number): Value[] => batch.leaves.map((_, c) => readValue(batch, c, row));
export const selectedRows = (batch: Batch): number[] => [...batch.engine.u32.subarray(batch.sel >> 2, (batch.sel >> 2) + batch.selCount)];

export interface Emission {
  rows: { row: number; values: Value[] }[];
  marks: { afterRow: number; watermark: bigint }[];
}

/** An operator and what the host emits for it. */
export type EmittedOperator<C> = OperatorModule<C> & { readonly emit: OperatorEmitter<C> };
export const calcOperator = { ...calcModule.operator, emit: emitters.calc };
export const watermarkOperator = { ...watermarkModule.operator, emit: emitters.watermark };

/** Runs one operator module in an engine of its own and collects what it emits. */
export function openOperator<C>(
  module: EmittedOperator<C>,
  config: C,
  input: readonly Leaf[],
  output: readonly Leaf[],
  clock: Clock = new ManualClock(1_700_000_000_000),
) {
  const engine = new Engine();
  const emissions: Emission[] = [];
  const timers: number[] = [];
  const bytes = module.emit(config, [input]);
  let last: Batch | undefined;
  const emit = (b: Batch): void => {
    last = b;
    emissions.push({
      rows: selectedRows(b).map((row) => ({ row, values: readRow(b, row) })),
      marks: Array.from({ length: b.markCount }, (_, i) => ({ afterRow: b.markRow(i), watermark: b.markWatermark(i) })),
    });
  };
  const base = {
    engine,
    inputs: [input],
    output,
    clock,
    metrics: new MetricGroup(),
    name: 'test',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    options: {},
    registerProcessingTimer: (at: number) => {
      timers.push(at);
    },
    hold: () => {},
    closures: [],
    out: {
      emit,
      emitSide: () => {},
    },
  };
  const emitted = engine.link(new WebAssembly.Module(bytes as BufferSource), module.host?.(config, base));
  const ctx: OperatorContext = { ...base, emitted };
  const op = module.create(config, ctx);
  op.open?.();
  return { engine, op, emissions, timers, last: (): Batch => last! };
}

/** Evaluates projections (and a filter) over rows of JS values. */
export function calc(
  config: Omit<CalcConfig, 'timeZone'> & { timeZone?: string },
  types: readonly LogicalType[],
  rows: readonly (readonly Value[])[],
  clock?: Clock,
): Emission {
  const input = leavesOf(types);
  const run = openOperator(calcOperator, { timeZone: 'UTC', ...config }, input, leavesOf(config.project.map((p) => p.type)), clock);
  run.op.processBatch(makeBatch(run.engine, input, rows, Math.max(rows.length, 16)), 0);
  return run.emissions[0] ?? { rows: [], marks: [] };
}

/** One expression over one row. */
export function evaluate(expr: Expr, types: readonly LogicalType[] = [], row: readonly Value[] = [], timeZone = 'UTC'): Value {
  return calc({ project: [expr], timeZone }, types, [row]).rows[0].values[0];
}
