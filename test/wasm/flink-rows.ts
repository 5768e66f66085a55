import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INT,
  type LogicalType,
  SMALLINT,
  STRING,
  TIME,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  TINYINT,
} from '#src/types/logical.js';
import type { Value } from './support.js';

/** The table over which the recorded expressions ran, as columns and JSON lines (one object per row; absent = NULL). */
export const COLUMNS: Readonly<Record<string, LogicalType>> = {
  i: INT(),
  j: INT(),
  b: BIGINT(),
  d: DOUBLE(),
  f: FLOAT(),
  s: STRING(),
  u: STRING(),
  c: DECIMAL(10, 2),
  g: DECIMAL(38, 10),
  h: DECIMAL(18, 4),
  ts: TIMESTAMP(3),
  t6: TIMESTAMP(6),
  lz: TIMESTAMP_LTZ(3),
  dt: DATE(),
  tm: TIME(0),
  bo: BOOLEAN(),
  ti: TINYINT(),
  si: SMALLINT(),
};

export const NAMES = Object.keys(COLUMNS);
export const TYPES = Object.values(COLUMNS);

type Row = Readonly<Record<string, unknown>>;
export const ROWS: readonly Row[] = [
  {
    i: 7,
    j: 2,
    b: 10000000000,
    d: 2.5,
    f: 1.1,
    s: 'hello world',
    u: 'héllo€𝄞x',
    c: '12.35',
    g: '12345678901234567890.0123456789',
    h: '1.5000',
    ts: '2024-02-29 13:04:05.678',
    t6: '2024-02-29 13:04:05.678901',
    lz: '2024-03-31 00:59:59.999Z',
    dt: '2024-02-29',
    tm: '13:04:05',
    bo: true,
    ti: 100,
    si: 30000,
  },
  {
    i: -7,
    j: 3,
    b: -1,
    d: -0.001,
    f: -12345678,
    s: ' 12 ',
    u: 'ÄÖß',
    c: '-0.05',
    g: '-0.0000000001',
    h: '-99999999999999.9999',
    ts: '1969-12-31 23:59:59.999',
    t6: '1969-12-31 23:59:59.999999',
    lz: '1969-12-31 23:59:59.999Z',
    dt: '1969-12-31',
    tm: '00:00:00',
    bo: false,
    ti: -128,
    si: -32768,
  },
  {
    i: 2147483647,
    j: -1,
    b: '9223372036854775807',
    d: 1e10,
    f: 0.001,
    s: '-3.99',
    u: '',
    c: '99999999.99',
    g: '9999999999999999999999999999.9999999999',
    h: '0.0001',
    ts: '2024-12-30 00:00:00',
    t6: '2024-12-30 00:00:00.000001',
    lz: '2024-10-27 00:30:00Z',
    dt: '2024-12-30',
    tm: '23:59:59',
    bo: true,
    ti: 127,
    si: 32767,
  },
  {
    i: -2147483648,
    j: -1,
    b: '-9223372036854775808',
    d: 1234567.125,
    f: 1e30,
    s: 'a/b//c',
    u: 'a_b%c',
    c: '0.00',
    g: '0.5',
    h: '2.5',
    ts: '2000-01-01 12:00:00.5',
    t6: '1900-03-01 01:02:03.4',
    lz: '2100-01-01 12:00:00Z',
    dt: '2001-01-01',
    tm: '12:30:00',
    bo: false,
    ti: 0,
    si: 0,
  },
  {},
  {
    i: 0,
    j: 10,
    b: 1709210096789,
    d: 1e-5,
    f: 16777216,
    s: 'true',
    u: 'xxabcxx',
    c: '1.01',
    g: '-7.5',
    h: '-2.5',
    ts: '2024-05-26 00:00:00',
    t6: '2024-05-26 23:59:59.999999',
    lz: '2024-05-26 23:59:59Z',
    dt: '2024-05-26',
    tm: '06:00:00',
    bo: true,
    ti: 5,
    si: 12,
  },
];

const unscaled = (text: string, scale: number): bigint => {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
};

/** A JSON value as the batch holds it. */
export function physical(value: unknown, type: LogicalType): Value {
  if (value === undefined || value === null) return null;
  const text = String(value);
  switch (type.root) {
    case 'BIGINT':
      return BigInt(text);
    case 'DECIMAL':
      return unscaled(text, type.scale);
    case 'DATE':
      return Date.parse(`${text}T00:00:00Z`) / 86400000;
    case 'TIME':
      return Date.parse(`1970-01-01T${text}Z`);
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const m = /^(.{19})(?:\.(\d+))?Z?$/.exec(text)!;
      const digits = type.precision <= 3 ? 3 : 6;
      return BigInt(Date.parse(`${m[1].replace(' ', 'T')}Z`) / 1000) * 10n ** BigInt(digits) + BigInt((m[2] ?? '').padEnd(digits, '0'));
    }
    default:
      return value as Value;
  }
}

export const physicalRows = (): Value[][] => ROWS.map((r) => NAMES.map((n, k) => physical(r[n], TYPES[k])));
