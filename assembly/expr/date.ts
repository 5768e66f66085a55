// Calendar arithmetic on days since 1970-01-01 in the proleptic Gregorian calendar.
// Algorithms: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days).

export function floorDiv(a: i64, b: i64): i64 {
  const q = a / b;
  return a % b < 0 ? q - 1 : q;
}

export function floorMod(a: i64, b: i64): i64 {
  const r = a % b;
  return r < 0 ? r + b : r;
}

/** Days since 1970-01-01 of a date. */
export function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yoe = y - era * 400;
  const doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

/** year << 16 | month << 8 | day; the year keeps its sign. */
export function civilFromDays(days: i32): i64 {
  const z = (days as i64) + 719468;
  const era = (z >= 0 ? z : z - 146096) / 146097;
  const doe = z - era * 146097;
  const yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const mp = (5 * doy + 2) / 153;
  const day = doy - (153 * mp + 2) / 5 + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + era * 400 + i64(month <= 2);
  return (year << 16) | (month << 8) | day;
}

export function isLeap(year: i32): bool { return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0); }

export function daysInMonth(year: i32, month: i32): i32 {
  if (month == 2) return isLeap(year) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

/** 1 = Monday ... 7 = Sunday. */
// @ts-ignore: decorator
@inline
export function isoWeekday(days: i32): i32 { return floorMod((days as i64) + 3, 7) as i32 + 1; }

/** The year that ISO week of the date belongs to. */
function isoYear(days: i32): i32 {
  return (civilFromDays(days + 4 - isoWeekday(days)) >> 16) as i32;
}

/** A field of a date: 0 year, 1 quarter, 2 month, 3 ISO week, 4 day, 5 day of week (1 = Sunday), 6 day of year, 7 ISO day of week, 8 ISO year, 9 decade, 10 century, 11 millennium. */
export function extractDate(unit: i32, days: i32): i64 {
  const civil = civilFromDays(days);
  const year = civil >> 16;
  switch (unit) {
    case 0: return year;
    case 1: return (((civil >> 8) & 255) + 2) / 3;
    case 2: return (civil >> 8) & 255;
    case 3: return (days + 4 - isoWeekday(days) - daysFromCivil(isoYear(days), 1, 1)) / 7 + 1;
    case 4: return civil & 255;
    case 5: return isoWeekday(days) % 7 + 1;
    case 6: return days - daysFromCivil(year as i32, 1, 1) + 1;
    case 7: return isoWeekday(days);
    case 8: return isoYear(days);
    case 9: return floorDiv(year, 10);
    case 10: return year > 0 ? (year + 99) / 100 : (year - 99) / 100;
    default: return year > 0 ? (year + 999) / 1000 : (year - 999) / 1000;
  }
}

/** The same day some months away, or that month's last day. */
export function addMonths(days: i32, months: i32): i32 {
  const civil = civilFromDays(days);
  const total = (civil >> 16) * 12 + ((civil >> 8) & 255) - 1 + (months as i64);
  const year = floorDiv(total, 12) as i32;
  const month = floorMod(total, 12) as i32 + 1;
  const day = (civil & 255) as i32;
  const last = daysInMonth(year, month);
  return daysFromCivil(year, month, day < last ? day : last);
}

/** First day of the unit a date lies in, or of the next one when `up` and it is not the first. Units as extractDate; weeks begin on Sunday. */
export function floorDate(days: i32, unit: i32, up: i32): i32 {
  const civil = civilFromDays(days);
  const year = (civil >> 16) as i32;
  const month = ((civil >> 8) & 255) as i32;
  let from = days;
  let months = 0;
  if (unit == 0) { from = daysFromCivil(year, 1, 1); months = 12; }
  else if (unit == 1) { from = daysFromCivil(year, (month - 1) / 3 * 3 + 1, 1); months = 3; }
  else if (unit == 2) { from = daysFromCivil(year, month, 1); months = 1; }
  else if (unit == 3) {
    from = days - isoWeekday(days) % 7;
    return up && from != days ? from + 7 : from;
  } else if (unit == 9) { from = daysFromCivil(floorDiv(year, 10) as i32 * 10, 1, 1); months = 120; }
  else if (unit == 10) { from = daysFromCivil(floorDiv(year - 1, 100) as i32 * 100 + 1, 1, 1); months = 1200; }
  else if (unit == 11) { from = daysFromCivil(floorDiv(year - 1, 1000) as i32 * 1000 + 1, 1, 1); months = 12000; }
  return up && from != days ? addMonths(from, months) : from;
}

// Zone table: u32 segments, u32 last one found, then { i64 UTC start ms, i64 offset ms }[], ascending.

/** Offset to add to a UTC time, in ms. */
export function zoneOffset(table: usize, utcMs: i64): i64 {
  return load<i64>(table + 8 + (segment(table, utcMs) << 4), 8);
}

function segment(table: usize, utcMs: i64): usize {
  const n = load<u32>(table) as usize;
  const hint = load<u32>(table, 4) as usize;
  const at = table + 8 + (hint << 4);
  if (utcMs >= load<i64>(at) && (hint + 1 == n || utcMs < load<i64>(at, 16))) return hint;
  let low: usize = 0;
  let high = n;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (load<i64>(table + 8 + (mid << 4)) <= utcMs) low = mid;
    else high = mid;
  }
  store<u32>(table, low as u32, 4);
  return low;
}

/** Offset to subtract from a local time. A time that occurs twice is the earlier one; one that a gap skips is counted with the offset before the gap. */
export function zoneOffsetLocal(table: usize, localMs: i64): i64 {
  const n = load<u32>(table) as usize;
  let i = segment(table, localMs - 86400000);
  // the first segment in which the time can still lie
  while (i + 1 < n) {
    const at = table + 8 + (i << 4);
    const offset = load<i64>(at, 8);
    const next = load<i64>(at, 16);
    if (localMs - offset < next) break;
    const after = load<i64>(at, 24);
    if (localMs - after < next) break; // in the gap between the two
    i++;
  }
  return load<i64>(table + 8 + (i << 4), 8);
}
