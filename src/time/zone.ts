import type { Expr } from '../types/expr.js';
import { MillraceError } from '../base/errors.js';
import type { ZoneTable } from '../wasm/zonetable.js';

const YEAR_FIRST = 1880;
const YEAR_LAST = 2100;
/** No zone has changed its offset twice within two weeks. */
const STEP_MS = 14 * 86400000;
const tables = new Map<string, ZoneTable | undefined>();

/**
 * The UTC offsets of a zone from 1880 to 2100 as segments, for the kernels. `zone` is an IANA name ('Europe/Berlin'), 'UTC',
 * or an offset ('+08:00', 'GMT-5', 'UTC+5:30'). Undefined when the offset is always zero. Fails with INVALID_OPTION on an unknown zone.
 */
export function zoneTable(zone: string): ZoneTable | undefined {
  if (!tables.has(zone)) tables.set(zone, build(zone));
  return tables.get(zone);
}

/** The table when these expressions can need it: 220 years of transitions take some 10 ms to find. */
export function zoneTableFor(zone: string, exprs: readonly Expr[]): ZoneTable | undefined {
  return exprs.some(meetsLocalTime) ? zoneTable(zone) : undefined;
}

/** Local time comes in where an instant is read or where 'now' is asked for. */
function meetsLocalTime(e: Expr): boolean {
  if (e.type.root === 'TIMESTAMP_LTZ') return true;
  return e.op === 'call' && (e.fn === 'currentDate' || e.fn === 'localTimestamp' || e.args.some(meetsLocalTime));
}

function build(zone: string): ZoneTable | undefined {
  const fixed = fixedOffsetMs(zone);
  if (fixed !== undefined) return fixed === 0 ? undefined : { startMs: [Number.MIN_SAFE_INTEGER], offsetMs: [fixed] };
  const offsetAt = offsetReader(zone);
  const startMs: number[] = [Number.MIN_SAFE_INTEGER];
  const first = Date.UTC(YEAR_FIRST, 0, 1);
  const offsetMs: number[] = [offsetAt(first)];
  const end = Date.UTC(YEAR_LAST, 0, 1);
  for (let t = first; t < end; t += STEP_MS) {
    const before = offsetMs[offsetMs.length - 1];
    if (offsetAt(t + STEP_MS) === before) continue;
    // to the second: offsets change on whole seconds
    let low = t / 1000;
    let high = (t + STEP_MS) / 1000;
    while (high - low > 1) {
      const mid = Math.floor((low + high) / 2);
      if (offsetAt(mid * 1000) === before) low = mid;
      else high = mid;
    }
    startMs.push(high * 1000);
    offsetMs.push(offsetAt(high * 1000));
  }
  return startMs.length === 1 && offsetMs[0] === 0 ? undefined : { startMs, offsetMs };
}

function fixedOffsetMs(zone: string): number | undefined {
  if (/^(Z|UTC|GMT|UT|Etc\/UTC|Etc\/GMT)$/.test(zone)) return 0;
  const m = /^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(zone);
  if (m === null) return undefined;
  const seconds = Number(m[2]) * 3600 + Number(m[3] ?? 0) * 60 + Number(m[4] ?? 0);
  if (seconds > 18 * 3600) throw unknownZone(zone);
  return (m[1] === '-' ? -seconds : seconds) * 1000;
}

/** The offset in ms at a UTC time, by Intl. */
export function offsetReader(zone: string): (utcMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw unknownZone(zone, cause);
  }
  return (utcMs) => {
    const p: Record<string, number> = {};
    for (const part of format.formatToParts(utcMs)) p[part.type] = Number(part.value);
    return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(utcMs / 1000) * 1000;
  };
}

function unknownZone(zone: string, cause?: unknown): MillraceError {
  return new MillraceError('INVALID_OPTION', `'${zone}' is not a time zone`, {
    cause,
    remedy: "Give table.local-time-zone an IANA name ('Europe/Berlin'), 'UTC', or an offset ('+08:00').",
  });
}

/** Local milliseconds of a UTC time. */
export function toLocalMs(table: ZoneTable | undefined, utcMs: number): number {
  return table === undefined ? utcMs : utcMs + table.offsetMs[segment(table, utcMs)];
}

/** UTC milliseconds of a local time; a time that occurs twice is the earlier one, a time that a gap skips moves on by the gap. */
export function toUtcMs(table: ZoneTable | undefined, localMs: number): number {
  if (table === undefined) return localMs;
  const { startMs, offsetMs } = table;
  let i = segment(table, localMs - 86400000);
  while (i + 1 < startMs.length && localMs - offsetMs[i] >= startMs[i + 1] && localMs - offsetMs[i + 1] >= startMs[i + 1]) i++;
  return localMs - offsetMs[i];
}

function segment(table: ZoneTable, utcMs: number): number {
  const { startMs } = table;
  let low = 0;
  let high = startMs.length;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (startMs[mid] <= utcMs) low = mid;
    else high = mid;
  }
  return low;
}
