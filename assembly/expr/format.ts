// Values as text, as Flink's CAST to STRING and DATE_FORMAT print them.
import { arenaAlloc, pack } from "./string";
import { civilFromDays, daysFromCivil, floorDiv, floorMod, isoWeekday } from "./date";

/** Writes the digits of v, at least `width` of them; returns the address after them. */
function digits(to: usize, v: u64, width: i32): usize {
  let n = 1;
  let x = v;
  while (x >= 10) { x /= 10; n++; }
  if (n < width) n = width;
  let at = to + n;
  for (let i = 0; i < n; i++) {
    store<u8>(--at, 0x30 + (v % 10) as u8);
    v /= 10;
  }
  return to + n;
}

export function i64ToStr(arena: usize, v: i64): u64 {
  const to = arenaAlloc(arena, 24);
  if (to <= 4096) return pack(to, 0);
  let at = to;
  let u = v as u64;
  if (v < 0) { store<u8>(at++, 0x2d); u = 0 - u; }
  return pack(to, (digits(at, u, 1) - to) as u32);
}

const TRUE_TEXT: u32 = 0x45555254; // "TRUE"
const FALS_TEXT: u32 = 0x534c4146; // "FALS"

export function boolToStr(arena: usize, v: i32): u64 {
  const to = arenaAlloc(arena, 8);
  if (to <= 4096) return pack(to, 0);
  store<u32>(to, v ? TRUE_TEXT : FALS_TEXT);
  store<u8>(to, 0x45, 4);
  return pack(to, v ? 4 : 5);
}

/** A DECIMAL of up to 38 digits (two's complement low, high) with `scale` digits after the point. */
export function decToStr(arena: usize, low: u64, high: i64, scale: i32): u64 {
  const to = arenaAlloc(arena, 48);
  if (to <= 4096) return pack(to, 0);
  let start = to;
  let h = high as u64;
  if (high < 0) {
    store<u8>(start++, 0x2d);
    low = 0 - low;
    h = ~h + u64(low == 0);
  }
  // digits from the right, by dividing four 32-bit limbs by ten
  let at = to + 47;
  const end = at;
  let count = 0;
  while (count <= scale || (low | h) != 0) {
    if (count == scale && scale > 0) store<u8>(--at, 0x2e);
    let r: u64 = 0;
    let d: u8 = 0;
    if (h == 0) {
      d = (low % 10) as u8;
      low /= 10;
    } else {
      const a = h / 10; r = h % 10;
      const m = (r << 32) | (low >> 32);
      const b = m / 10; r = m % 10;
      const l = (r << 32) | (low & 0xffffffff);
      h = a;
      low = (b << 32) | (l / 10);
      d = (l % 10) as u8;
    }
    store<u8>(--at, 0x30 + d);
    count++;
  }
  memory.copy(start, at, end - at);
  return pack(to, (start + (end - at) - to) as u32);
}

function putDate(to: usize, days: i32): usize {
  const civil = civilFromDays(days);
  let year = civil >> 16;
  if (year < 0) { store<u8>(to++, 0x2d); year = -year; }
  to = digits(to, year, 4);
  store<u8>(to++, 0x2d);
  to = digits(to, (civil >> 8) & 255, 2);
  store<u8>(to++, 0x2d);
  return digits(to, civil & 255, 2);
}

function putClock(to: usize, ms: u32): usize {
  const s = ms / 1000;
  to = digits(to, s / 3600, 2);
  store<u8>(to++, 0x3a);
  to = digits(to, s / 60 % 60, 2);
  store<u8>(to++, 0x3a);
  return digits(to, s % 60, 2);
}

/** yyyy-MM-dd */
export function dateToStr(arena: usize, days: i32): u64 {
  const to = arenaAlloc(arena, 24);
  if (to <= 4096) return pack(to, 0);
  return pack(to, (putDate(to, days) - to) as u32);
}

/** HH:mm:ss, with up to `precision` digits after the second, of which the zeros at the end but one are left out. */
export function timeToStr(arena: usize, ms: i32, precision: i32): u64 {
  const to = arenaAlloc(arena, 24);
  if (to <= 4096) return pack(to, 0);
  let at = putClock(to, ms);
  if (precision > 0) {
    at = putFraction(at, (ms % 1000) as i64 * 1000000, precision < 3 ? precision : 3);
    while (load<u8>(at - 1) == 0x30 && load<u8>(at - 2) != 0x2e) at--;
  }
  return pack(to, (at - to) as u32);
}

/** '.' and the first `precision` digits of nanoseconds. */
function putFraction(to: usize, nanos: i64, precision: i32): usize {
  store<u8>(to++, 0x2e);
  const end = digits(to, nanos, 9);
  return end - 9 + precision;
}

/** A timestamp in units of 10^-unit seconds as 'yyyy-MM-dd HH:mm:ss' and `precision` digits. */
export function timestampToStr(arena: usize, v: i64, unit: i32, precision: i32): u64 {
  const to = arenaAlloc(arena, 48);
  if (to <= 4096) return pack(to, 0);
  let perSecond: i64 = 1;
  for (let i = 0; i < unit; i++) perSecond *= 10;
  const seconds = floorDiv(v, perSecond);
  let at = putDate(to, floorDiv(seconds, 86400) as i32);
  store<u8>(at++, 0x20);
  at = putClock(at, floorMod(seconds, 86400) as u32 * 1000);
  if (precision > 0) at = putFraction(at, floorMod(v, perSecond) * (1000000000 / perSecond), precision);
  return pack(to, (at - to) as u32);
}

const WEEKDAYS = memory.data<u8>([
  0x4d, 0x6f, 0x6e, 0x64, 0x61, 0x79, 0, 0, 0, 0, 0x54, 0x75, 0x65, 0x73, 0x64, 0x61, 0x79, 0, 0, 0, 0x57, 0x65, 0x64, 0x6e, 0x65, 0x73, 0x64, 0x61, 0x79, 0,
  0x54, 0x68, 0x75, 0x72, 0x73, 0x64, 0x61, 0x79, 0, 0, 0x46, 0x72, 0x69, 0x64, 0x61, 0x79, 0, 0, 0, 0, 0x53, 0x61, 0x74, 0x75, 0x72, 0x64, 0x61, 0x79, 0, 0,
  0x53, 0x75, 0x6e, 0x64, 0x61, 0x79, 0, 0, 0, 0,
]);
const MONTHS = memory.data<u8>([
  0x4a, 0x61, 0x6e, 0x75, 0x61, 0x72, 0x79, 0, 0, 0, 0x46, 0x65, 0x62, 0x72, 0x75, 0x61, 0x72, 0x79, 0, 0, 0x4d, 0x61, 0x72, 0x63, 0x68, 0, 0, 0, 0, 0,
  0x41, 0x70, 0x72, 0x69, 0x6c, 0, 0, 0, 0, 0, 0x4d, 0x61, 0x79, 0, 0, 0, 0, 0, 0, 0, 0x4a, 0x75, 0x6e, 0x65, 0, 0, 0, 0, 0, 0,
  0x4a, 0x75, 0x6c, 0x79, 0, 0, 0, 0, 0, 0, 0x41, 0x75, 0x67, 0x75, 0x73, 0x74, 0, 0, 0, 0, 0x53, 0x65, 0x70, 0x74, 0x65, 0x6d, 0x62, 0x65, 0x72, 0,
  0x4f, 0x63, 0x74, 0x6f, 0x62, 0x65, 0x72, 0, 0, 0, 0x4e, 0x6f, 0x76, 0x65, 0x6d, 0x62, 0x65, 0x72, 0, 0, 0x44, 0x65, 0x63, 0x65, 0x6d, 0x62, 0x65, 0x72, 0, 0,
]);

/** A name of a table of 10-byte entries: three letters when width < 4, else all. */
function putName(to: usize, table: usize, index: i32, width: i32): usize {
  const from = table + index * 10;
  for (let i = 0; i < (width < 4 ? 3 : width == 5 ? 1 : 10); i++) {
    const b = load<u8>(from + i);
    if (b == 0) break;
    store<u8>(to++, b);
  }
  return to;
}

/** AD or BC; from four letters on by name, five: one letter. */
function putEra(to: usize, after: bool, w: i32): usize {
  if (w == 5) { store<u8>(to, after ? 0x41 : 0x42); return to + 1; }
  if (w < 4) {
    store<u8>(to, after ? 0x41 : 0x42);
    store<u8>(to, after ? 0x44 : 0x43, 1);
    return to + 2;
  }
  const name = after ? AFTER : BEFORE;
  const n: usize = after ? 11 : 13;
  memory.copy(to, name, n);
  return to + n;
}
// "Anno Domini", "Before Christ"
const AFTER = memory.data<u8>([0x41, 0x6e, 0x6e, 0x6f, 0x20, 0x44, 0x6f, 0x6d, 0x69, 0x6e, 0x69]);
const BEFORE = memory.data<u8>([0x42, 0x65, 0x66, 0x6f, 0x72, 0x65, 0x20, 0x43, 0x68, 0x72, 0x69, 0x73, 0x74]);

/** Number of the week, from Sundays, that day number `day` of a year or month lies in; the first may be short (the rule of the United States). */
function weekOf(day: i32, days: i32): i32 { return (day - 1 + (isoWeekday(days - day + 1) % 7)) / 7 + 1; }

/** The year that the week of a date counts to: its Saturday's. */
function usWeekYear(days: i32, year: i32): i32 { return days + 6 - isoWeekday(days) % 7 >= daysFromCivil(year + 1, 1, 1) ? year + 1 : year; }

function usWeek(days: i32, year: i32): i32 {
  return usWeekYear(days, year) > year ? 1 : weekOf(days - daysFromCivil(year, 1, 1) + 1, days);
}

/**
 * Local ms and nanoseconds below them by a compiled pattern: `count` pairs { u8 letter, u8 width or literal byte }; letters are numbered
 * from 1 in "yuMdHhmsSaEDQkKnAGwWYFeN" (src/wasm/datepattern.ts).
 */
export function formatTimestamp(arena: usize, ms: i64, nanos: i32, tokens: usize, count: i32): u64 {
  const to = arenaAlloc(arena, count * 24 + 16);
  if (to <= 4096) return pack(to, 0);
  const days = floorDiv(ms, 86400000) as i32;
  const ofDay = floorMod(ms, 86400000) as i32;
  const civil = civilFromDays(days);
  const month = ((civil >> 8) & 255) as i32;
  const hour = ofDay / 3600000;
  let at = to;
  for (let i = 0; i < count; i++) {
    const letter = load<u8>(tokens + (i << 1));
    const w = load<u8>(tokens + (i << 1), 1) as i32;
    switch (letter) {
      case 0: store<u8>(at++, w as u8); break;
      case 1: // year of era
      case 2: {
        let year = civil >> 16;
        if (letter == 1 && year <= 0) year = 1 - year;
        if (year < 0) { store<u8>(at++, 0x2d); year = -year; }
        at = w == 2 ? digits(at, year % 100, 2) : digits(at, year, w);
        break;
      }
      case 3: at = w >= 3 ? putName(at, MONTHS, month - 1, w) : digits(at, month, w); break;
      case 4: at = digits(at, civil & 255, w); break;
      case 5: at = digits(at, hour, w); break;
      case 6: at = digits(at, (hour + 11) % 12 + 1, w); break;
      case 7: at = digits(at, ofDay / 60000 % 60, w); break;
      case 8: at = digits(at, ofDay / 1000 % 60, w); break;
      case 9: {
        const k = w < 9 ? w : 9;
        at = digits(at, (ofDay % 1000) as i64 * 1000000 + (nanos as i64), 9) - 9 + k;
        break;
      }
      case 10: store<u8>(at++, hour < 12 ? 0x41 : 0x50); store<u8>(at++, 0x4d); break;
      case 11: at = putName(at, WEEKDAYS, isoWeekday(days) - 1, w); break;
      case 12: at = digits(at, days - daysFromCivil((civil >> 16) as i32, 1, 1) + 1, w); break;
      case 13: // quarter
        if (w == 3) store<u8>(at++, 0x51);
        at = digits(at, (month + 2) / 3, w == 3 ? 1 : w);
        break;
      case 14: at = digits(at, hour == 0 ? 24 : hour, w); break;
      case 15: at = digits(at, hour % 12, w); break;
      case 16: at = digits(at, (ofDay % 1000) as i64 * 1000000 + (nanos as i64), w); break;
      case 17: at = digits(at, ofDay, w); break;
      case 18: at = putEra(at, (civil >> 16) > 0, w); break;
      case 19: at = digits(at, usWeek(days, (civil >> 16) as i32), w); break;
      case 20: at = digits(at, weekOf((civil & 255) as i32, days), w); break;
      case 21: {
        const year = usWeekYear(days, (civil >> 16) as i32);
        at = w == 2 ? digits(at, year % 100, 2) : digits(at, year, w);
        break;
      }
      case 22: at = digits(at, ((civil & 255) - 1) % 7 + 1, w); break;
      case 23: at = digits(at, isoWeekday(days) % 7 + 1, w); break;
      case 24: at = digits(at, (ofDay as i64) * 1000000 + (nanos as i64), w); break;
    }
  }
  return pack(to, (at - to) as u32);
}
