/** Text forms of DATE, TIME and TIMESTAMP as JS rows show and accept them. Proleptic Gregorian, UTC. */

const DAY_MS = 86400000;

export function formatDate(days: number): string {
  return new Date(days * DAY_MS).toISOString().split('T')[0];
}

export function parseDate(text: string): number | undefined {
  const m = /^([+-]?\d{4,6})-(\d\d)-(\d\d)$/.exec(text);
  return m === null ? undefined : daysOf(Number(m[1]), Number(m[2]), Number(m[3]));
}

function daysOf(year: number, month: number, day: number): number | undefined {
  const d = new Date(0);
  d.setUTCFullYear(year, month - 1, day);
  if (d.getUTCMonth() !== month - 1 || d.getUTCDate() !== day) return undefined;
  return d.getTime() / DAY_MS;
}

/** ms of the day -> 'HH:mm:ss', with '.SSS' when there are any. */
export function formatTime(ms: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const fraction = ms % 1000;
  return `${two(ms / 3600000)}:${two((ms / 60000) % 60)}:${two((ms / 1000) % 60)}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}`;
}

export function parseTime(text: string): number | undefined {
  const m = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (m === null) return undefined;
  const [h, min, s] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (h > 23 || min > 59 || s > 59) return undefined;
  return (h * 60 + min) * 60000 + s * 1000 + Number((m[4] ?? '').padEnd(3, '0').slice(0, 3));
}

/** 'yyyy-MM-dd HH:mm:ss[.f]', with T or a final Z also -> value with `digits` digits after the second (more are cut). */
export function parseTimestamp(text: string, digits: number): bigint | undefined {
  const m = /^([+-]?\d{4,6}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?Z?$/.exec(text);
  if (m === null) return undefined;
  const days = parseDate(m[1]);
  const ms = parseTime(m[2] + (m[3] ?? ':00'));
  if (days === undefined || ms === undefined) return undefined;
  const seconds = BigInt(days) * 86400n + BigInt(ms / 1000);
  return seconds * 10n ** BigInt(digits) + BigInt((m[4] ?? '').padEnd(9, '0').slice(0, digits) || '0');
}
