import type { HarnessEvent } from '#src/contract/harness.js';
import type { AggregateCall, WindowSpec } from '#src/contract/nodes.js';
import { formatDecimal } from '#src/types/decimal.js';
import { BIGINT, BOOLEAN, DECIMAL, DOUBLE, INT, STRING, TIMESTAMP } from '#src/types/logical.js';

/** A record of the model: key, int, double, decimal (unscaled, scale 2), text, filter, time. */
export type Rec = readonly [k: string | null, v: number | null, d: number | null, m: bigint | null, s: string | null, f: boolean | null, ts: number];

export const INPUT = [
  { path: ['k'], type: STRING() },
  { path: ['v'], type: INT() },
  { path: ['d'], type: DOUBLE() },
  { path: ['m'], type: DECIMAL(10, 2) },
  { path: ['s'], type: STRING() },
  { path: ['f'], type: BOOLEAN() },
  { path: ['ts'], type: TIMESTAMP(3, false) },
];

export const CALLS: readonly AggregateCall[] = [
  { fn: 'countStar', distinct: false, type: BIGINT(false) },
  { fn: 'count', arg: 1, distinct: false, type: BIGINT(false) },
  { fn: 'sum', arg: 1, distinct: false, filter: 5, type: INT() },
  { fn: 'count', arg: 4, distinct: true, type: BIGINT(false) },
  { fn: 'sum', arg: 1, distinct: true, filter: 5, type: INT() },
  { fn: 'min', arg: 4, distinct: false, type: STRING() },
  { fn: 'max', arg: 2, distinct: false, type: DOUBLE() },
  { fn: 'sum', arg: 3, distinct: false, type: DECIMAL(38, 2) },
  { fn: 'avg', arg: 3, distinct: false, type: DECIMAL(38, 6) },
  { fn: 'avg', arg: 1, distinct: false, type: INT() },
];

export const OUTPUT = [
  { path: ['k'], type: STRING() },
  ...CALLS.map((c, i) => ({ path: [`c${i}`], type: c.type })),
  { path: ['start'], type: TIMESTAMP(3, false) },
  { path: ['end'], type: TIMESTAMP(3, false) },
];

const bytesLess = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** The aggregates of one group's records in their order, as the reader shows them. */
export function aggregate(k: string | null, rows: readonly Rec[], start: number, end: number): Record<string, unknown> {
  const ints = rows.map((r) => r[1]).filter((v) => v !== null);
  const filtered = rows.filter((r) => r[5] === true && r[1] !== null).map((r) => r[1]!);
  const texts = rows.map((r) => r[4]).filter((v) => v !== null);
  const doubles = rows.map((r) => r[2]).filter((v) => v !== null);
  const decimals = rows.map((r) => r[3]).filter((v) => v !== null);
  const sum = (xs: readonly number[]): bigint => xs.reduce((a, x) => a + BigInt(x), 0n);
  const int = (x: bigint): number => Number(BigInt.asIntN(32, x));
  const total = decimals.reduce((a, x) => a + x, 0n);
  return {
    k,
    c0: BigInt(rows.length),
    c1: BigInt(ints.length),
    c2: filtered.length === 0 ? null : int(sum(filtered)),
    c3: BigInt(new Set(texts).size),
    c4: filtered.length === 0 ? null : int(sum([...new Set(filtered)])),
    c5: texts.length === 0 ? null : texts.reduce((a, x) => (bytesLess(x, a) ? x : a)),
    c6: doubles.length === 0 ? null : Math.max(...doubles),
    c7: decimals.length === 0 ? null : formatDecimal(total, 2),
    c8: decimals.length === 0 ? null : formatDecimal(roundedDivision(total * 10000n, BigInt(decimals.length)), 6),
    c9: ints.length === 0 ? null : int(sum(ints) / BigInt(ints.length)),
    start,
    end,
  };
}

function roundedDivision(a: bigint, b: bigint): bigint {
  const abs = a < 0n ? -a : a;
  const q = (abs * 2n + b) / (b * 2n);
  return a < 0n ? -q : q;
}

const mod = (x: number, m: number): number => ((x % m) + m) % m;

/** Flink's window assigners, per record. */
function windowsOf(spec: Exclude<WindowSpec, { type: 'session' }>, ts: number): number[] {
  const slide = spec.type === 'hop' ? spec.slideMs : spec.sizeMs;
  const out: number[] = [];
  for (let start = ts - mod(ts - spec.offsetMs, slide); start > ts - spec.sizeMs; start -= slide) out.push(start);
  return out;
}

interface Open {
  readonly k: string | null;
  start: number;
  end: number;
  rows: Rec[];
}

/** A per-record model of the window operator: rows it fires and the number of late records. */
export function model(spec: WindowSpec, events: readonly HarnessEvent[]): { rows: Record<string, unknown>[]; late: number } {
  let open: Open[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  let late = 0;
  const rows: Record<string, unknown>[] = [];
  const add = (rec: Rec): void => {
    const [k, , , , , , ts] = rec;
    if (spec.type === 'session') {
      const start = ts;
      const end = ts + spec.gapMs;
      const touched = open.filter((w) => w.k === k && w.start <= end && w.end >= start);
      if (touched.length === 0 && end - 1 <= watermark) {
        late++;
        return;
      }
      const merged: Open = { k, start: Math.min(start, ...touched.map((w) => w.start)), end: Math.max(end, ...touched.map((w) => w.end)), rows: [] };
      merged.rows = [...touched.flatMap((w) => w.rows), rec];
      open = open.filter((w) => !touched.includes(w));
      open.push(merged);
      return;
    }
    const starts = windowsOf(spec, ts).filter((s) => s + spec.sizeMs - 1 > watermark);
    if (starts.length === 0) late++;
    for (const start of starts) {
      const w = open.find((o) => o.k === k && o.start === start);
      if (w !== undefined) w.rows.push(rec);
      else open.push({ k, start, end: start + spec.sizeMs, rows: [rec] });
    }
  };
  const fire = (wm: number): void => {
    watermark = Math.max(watermark, wm);
    const due = open.filter((w) => w.end - 1 <= watermark);
    open = open.filter((w) => !due.includes(w));
    for (const w of due) rows.push(aggregate(w.k, w.rows, w.start, w.end));
  };
  for (const e of events) {
    if ('rows' in e) for (const r of e.rows) add(r as unknown as Rec);
    else if ('watermark' in e) fire(Number(e.watermark));
    else if ('end' in e) fire(Number.POSITIVE_INFINITY);
  }
  return { rows, late };
}

/** Rows in a canonical order and form. */
export function canonical(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((r) => JSON.stringify(r, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))).sort();
}
