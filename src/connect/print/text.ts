import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128 } from '#abi';
import type { Batch } from '../../batch/batch.js';
import { TEXT_FIELD } from '../../batch/element.js';
import { decodeMap } from '../../batch/map.js';
import { ROW_KINDS } from '../../types/kind.js';
import { type Leaf, leafCount, timestampDigits, typeCode } from '../../types/leaf.js';
import type { LogicalType } from '../../types/logical.js';

/** Writes one value of a row; columns count from the type's own leaf. */
type CellText = (batch: Batch, row: number) => string;

/** Rows as Flink's print connector writes them: Java's `Row.toString` over LocalDateTime, Instant, BigDecimal, Double... */
export class RowText {
  readonly #cells: CellText[] = [];
  readonly #bare: boolean;

  constructor(leaves: readonly Leaf[]) {
    this.#bare = leaves.length === 1 && leaves[0].path[0] === TEXT_FIELD;
    for (let i = 0; i < leaves.length; i += leafCount(leaves[i].type)) this.#cells.push(cell(leaves[i].type, i));
  }

  /** `+I[a, 1, null]`; the text of a JS value alone */
  row(batch: Batch, row: number): string {
    if (this.#bare) return this.#cells[0](batch, row);
    let s = `${ROW_KINDS[batch.kinds === 0 ? 0 : batch.engine.u8[batch.kinds + row]]}[`;
    for (let i = 0; i < this.#cells.length; i++) s += (i === 0 ? '' : ', ') + this.#cells[i](batch, row);
    return `${s}]`;
  }
}

const utf8 = new TextDecoder();

function cell(type: LogicalType, leaf: number): CellText {
  const value = presentCell(type, leaf);
  return (batch, row) => (batch.isNull(leaf, row) ? 'null' : value(batch, row));
}

function presentCell(type: LogicalType, leaf: number): CellText {
  switch (type.root) {
    case 'ROW': {
      let at = leaf + 1;
      const cells = type.fields.map((f) => {
        const c = cell(f.type, at);
        at += leafCount(f.type);
        return c;
      });
      return (batch, row) => `+I[${cells.map((c) => c(batch, row)).join(', ')}]`;
    }
    case 'CHAR':
    case 'VARCHAR':
      return (batch, row) => utf8.decode(bytesOf(batch, leaf, row));
    case 'BINARY':
    case 'VARBINARY':
      return (batch, row) => bytesText(bytesOf(batch, leaf, row));
    case 'MAP':
      return (batch, row) => `{${[...decodeMap(bytesOf(batch, leaf, row))].map(([k, v]) => `${k}=${v === null ? 'null' : bytesText(v)}`).join(', ')}}`;
    case 'BOOLEAN':
      return (batch, row) => (Number(numberOf(batch, leaf, row, T_BOOL)) === 0 ? 'false' : 'true');
    case 'DECIMAL':
      return (batch, row) => decimalText(BigInt(numberOf(batch, leaf, row, typeCode(type))), type.scale);
    case 'FLOAT':
      return (batch, row) => floatText(Number(numberOf(batch, leaf, row, T_F32)));
    case 'DOUBLE':
      return (batch, row) => doubleText(Number(numberOf(batch, leaf, row, T_F64)));
    case 'DATE':
      return (batch, row) => dateText(Number(numberOf(batch, leaf, row, T_I32)));
    case 'TIME':
      return (batch, row) => timeText(BigInt(numberOf(batch, leaf, row, T_I32)) * 1_000_000n, false);
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const perUnit = 10n ** BigInt(9 - timestampDigits(type.precision));
      const instant = type.root === 'TIMESTAMP_LTZ';
      return (batch, row) => timestampText(BigInt(numberOf(batch, leaf, row, T_I64)) * perUnit, instant);
    }
    case 'ANY':
      return (batch, row) => String(batch.objects?.[leaf]?.[row]);
    case 'NULL':
      return () => 'null';
    default:
      return (batch, row) => String(numberOf(batch, leaf, row, typeCode(type)));
  }
}

/** Java's Arrays.toString of signed bytes. */
function bytesText(bytes: Uint8Array): string {
  return `[${Array.from(new Int8Array(bytes)).join(', ')}]`;
}

function bytesOf(batch: Batch, leaf: number, row: number): Uint8Array {
  const u32 = batch.engine.u32;
  const at = (batch.values(leaf) >>> 2) + 2 * row;
  // copied: a TextDecoder takes views, but an empty or detached one must not matter
  return batch.engine.u8.slice(u32[at], u32[at] + u32[at + 1]);
}

function numberOf(batch: Batch, leaf: number, row: number, code: number): number | bigint {
  const { engine } = batch;
  const p = batch.values(leaf);
  switch (code) {
    case T_BOOL:
      return engine.u8[p + row];
    case T_I8:
      return (engine.u8[p + row] << 24) >> 24;
    case T_I16: {
      const v = engine.u8[p + 2 * row] | (engine.u8[p + 2 * row + 1] << 8);
      return (v << 16) >> 16;
    }
    case T_I32:
      return engine.i32[(p >>> 2) + row];
    case T_I64:
      return engine.i64[(p >>> 3) + row];
    case T_F32:
      return new DataView(engine.memory.buffer).getFloat32(p + 4 * row, true);
    case T_F64:
      return engine.f64[(p >>> 3) + row];
    case T_I128:
      return (engine.i64[(p >>> 3) + 2 * row + 1] << 64n) | BigInt.asUintN(64, engine.i64[(p >>> 3) + 2 * row]);
    default:
      return 0;
  }
}

/** As java.math.BigDecimal.toString: exponent notation when the adjusted exponent is below -6. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  if (scale === 0) return sign + digits;
  const adjusted = digits.length - 1 - scale;
  if (adjusted < -6) return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}E${adjusted}`;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** As Java's Double.toString, with the shortest digits that read back as the same number; where one would do, the best two. */
export function doubleText(x: number): string {
  return javaFloating(x, (v) => {
    const s = v.toExponential();
    return s.includes('.') ? s : v.toExponential(1);
  });
}
export function floatText(x: number): string {
  return javaFloating(x, (v) => {
    for (let p = 1; p < 9; p++) {
      const s = v.toExponential(p);
      if (Math.fround(Number(s)) === v) return halfToEven(v, p, s);
    }
    return v.toExponential(9);
  });
}

/** toExponential rounds a half up, Java to the even digit. */
function halfToEven(v: number, p: number, text: string): string {
  const exact = v.toExponential(p + 1);
  const [mantissa, exponent] = text.split('e');
  const last = Number(mantissa.at(-1));
  return last % 2 === 1 && Number(exact) === v && exact.includes('5e') ? `${mantissa.slice(0, -1)}${last - 1}e${exponent}` : text;
}

function javaFloating(x: number, shortest: (x: number) => string): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? 'Infinity' : '-Infinity';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const sign = x < 0 ? '-' : '';
  const [mantissa, exponentText] = shortest(Math.abs(x)).replace('.0e', 'e').split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, '0');
  return `${sign}${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1) || '0'}`;
}

const DAY_NS = 86_400_000_000_000n;

/** LocalDateTime.toString, or Instant.toString for TIMESTAMP_LTZ. */
export function timestampText(ns: bigint, instant: boolean): string {
  const days = ns / DAY_NS - (ns % DAY_NS < 0n ? 1n : 0n);
  const text = `${dateText(Number(days))}T${timeText(ns - days * DAY_NS, instant)}`;
  return instant ? `${text}Z` : text;
}

/** LocalTime.toString leaves out zero seconds; both print fractions in groups of three digits. */
function timeText(ns: bigint, seconds: boolean): string {
  const total = ns / 1_000_000_000n;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0');
  const two = (n: bigint) => n.toString().padStart(2, '0');
  let s = `${two(total / 3600n)}:${two((total / 60n) % 60n)}`;
  if (!seconds && total % 60n === 0n && fraction === '000000000') return s;
  s += `:${two(total % 60n)}`;
  if (fraction === '000000000') return s;
  return `${s}.${fraction.endsWith('000000') ? fraction.slice(0, 3) : fraction.endsWith('000') ? fraction.slice(0, 6) : fraction}`;
}

/** LocalDate.toString of a day number (proleptic Gregorian; Hinnant's civil_from_days). */
export function dateText(day: number): string {
  const z = day + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const d = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const m = mp < 10 ? mp + 3 : mp - 9;
  const y = yoe + era * 400 + (m <= 2 ? 1 : 0);
  const year = y > 9999 ? `+${y}` : y < 0 ? `-${String(-y).padStart(4, '0')}` : String(y).padStart(4, '0');
  return `${year}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`;
}
