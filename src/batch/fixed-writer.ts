import { parseDecimal } from '../types/decimal.js';
import { timestampDigits } from '../types/leaf.js';
import type { LogicalType } from '../types/logical.js';
import type { Engine } from '../wasm/engine.js';
import { parseDate, parseTime, parseTimestamp } from './calendar.js';

/** Writes a present value of a fixed-width type; false when the value has no such form. */
export function fixedWriter(engine: Engine, type: LogicalType, values: number): (row: number, value: unknown) => boolean {
  const i32 = (row: number, n: number | undefined): boolean => {
    if (n === undefined) return false;
    engine.i32[(values >>> 2) + row] = n;
    return true;
  };
  const i64 = (row: number, n: bigint | undefined): boolean => {
    if (n === undefined || BigInt.asIntN(64, n) !== n) return false;
    engine.i64[(values >>> 3) + row] = n;
    return true;
  };
  switch (type.root) {
    case 'BOOLEAN':
      return (row, v) => {
        if (typeof v !== 'boolean') return false;
        engine.u8[values + row] = v ? 1 : 0;
        return true;
      };
    case 'TINYINT':
      return (row, v) => {
        if (!inRange(v, 7)) return false;
        engine.u8[values + row] = Number(v);
        return true;
      };
    case 'SMALLINT':
      return (row, v) => {
        if (!inRange(v, 15)) return false;
        const n = Number(v);
        engine.u8[values + row * 2] = n;
        engine.u8[values + row * 2 + 1] = n >> 8;
        return true;
      };
    case 'INTEGER':
    case 'INTERVAL_YEAR_MONTH':
      return (row, v) => inRange(v, 31) && i32(row, Number(v));
    case 'DATE':
      return (row, v) => i32(row, dateDays(v));
    case 'TIME':
      return (row, v) =>
        i32(row, typeof v === 'string' ? parseTime(v) : Number.isInteger(v) && (v as number) >= 0 && (v as number) < 86400000 ? (v as number) : undefined);
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return (row, v) => i64(row, typeof v === 'bigint' ? v : Number.isSafeInteger(v) ? BigInt(v as number) : undefined);
    case 'FLOAT': {
      const f = new DataView(new ArrayBuffer(4));
      return (row, v) => {
        if (typeof v !== 'number') return false;
        f.setFloat32(0, v, true);
        return i32(row, f.getInt32(0, true));
      };
    }
    case 'DOUBLE':
      return (row, v) => {
        if (typeof v !== 'number') return false;
        engine.f64[(values >>> 3) + row] = v;
        return true;
      };
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const digits = timestampDigits(type.precision);
      return (row, v) => i64(row, timestampOf(v, digits));
    }
    case 'DECIMAL': {
      const { precision, scale } = type;
      return (row, v) => {
        const n = typeof v === 'string' || typeof v === 'number' || typeof v === 'bigint' ? parseDecimal(String(v), precision, scale) : undefined;
        if (n === undefined || precision <= 18) return i64(row, n);
        const at = (values >>> 3) + row * 2;
        engine.i64[at] = BigInt.asIntN(64, n);
        engine.i64[at + 1] = n >> 64n;
        return true;
      };
    }
    default:
      return () => false;
  }
}

function inRange(v: unknown, bits: number): boolean {
  if (typeof v === 'bigint') return BigInt.asIntN(bits + 1, v) === v;
  return Number.isInteger(v) && (v as number) >= -(2 ** bits) && (v as number) < 2 ** bits;
}

function dateDays(v: unknown): number | undefined {
  if (typeof v === 'string') return parseDate(v);
  if (v instanceof Date && !Number.isNaN(v.getTime())) return Math.floor(v.getTime() / 86400000);
  return Number.isInteger(v) ? (v as number) : undefined;
}

/** A bigint is in the type's unit, a number or Date in ms. */
function timestampOf(v: unknown, digits: 3 | 6 | 9): bigint | undefined {
  if (typeof v === 'bigint') return v;
  if (typeof v === 'string') return parseTimestamp(v, digits);
  const ms = v instanceof Date ? v.getTime() : v;
  if (!Number.isSafeInteger(ms)) return undefined;
  const n = ms as number;
  if (digits === 3) return BigInt(n);
  return BigInt(n) * 10n ** BigInt(digits - 3);
}
