// DATE, TIME and TIMESTAMP as text.
import { pow10 } from "../scan/number";
import { WL_LAST, WL_LAST_LENGTH, WL_MINUTE, WL_MINUTE_TEXT, WL_TEXT } from "./context";
import { writeU64 } from "./digits";

// @ts-ignore: decorator
@inline
function write2(o: usize, v: u32): usize {
  const tens = v / 10;
  store<u16>(o, 0x3030 + tens + ((v - tens * 10) << 8));
  return o + 2;
}

/** yyyy-MM-dd of a day since 1970-01-01; a sign before years outside 0..9999. Hinnant's civil_from_days. */
export function writeDate(o: usize, days: i64): usize {
  const z = days + 719468;
  const era = (z >= 0 ? z : z - 146096) / 146097;
  const doe = (z - era * 146097) as u32;
  const yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const mp = (5 * doy + 2) / 153;
  const d = doy - (153 * mp + 2) / 5 + 1;
  const m = mp < 10 ? mp + 3 : mp - 9;
  let y = (yoe as i64) + era * 400 + (m <= 2 ? 1 : 0);
  if (y < 0) { store<u8>(o++, 0x2d); y = -y; }
  else if (y > 9999) store<u8>(o++, 0x2b);
  if (y <= 9999) {
    const century = (y as u32) / 100;
    o = write2(o, century);
    o = write2(o, (y as u32) - century * 100);
  } else o = writeU64(o, y as u64);
  store<u8>(o, 0x2d);
  o = write2(o + 1, m);
  store<u8>(o, 0x2d);
  return write2(o + 1, d);
}

/** ss and a fraction without trailing zeros; `fraction` counts units of 10^-digits seconds. */
// @ts-ignore: decorator
@inline
function writeSeconds(o: usize, seconds: u32, fraction: u32, digits: i32): usize {
  o = write2(o, seconds);
  if (fraction == 0) return o;
  while (fraction % 10 == 0) { fraction /= 10; digits--; }
  store<u8>(o++, 0x2e);
  for (let i = digits - 1; i >= 0; i--) {
    const q = fraction / 10;
    store<u8>(o + i, 0x30 + (fraction - q * 10));
    fraction = q;
  }
  return o + digits;
}

// @ts-ignore: decorator
@inline
function writeMinutes(o: usize, minutes: u32): usize {
  const hours = minutes / 60;
  o = write2(o, hours);
  store<u8>(o, 0x3a);
  return write2(o + 1, minutes - hours * 60);
}

/** HH:mm:ss and a fraction. */
export function writeTime(o: usize, seconds: u32, fraction: u32, digits: i32): usize {
  const minutes = seconds / 60;
  o = writeMinutes(o, minutes);
  store<u8>(o, 0x3a);
  return writeSeconds(o + 1, seconds - minutes * 60, fraction, digits);
}

/**
 * A timestamp of leaf `l`, which remembers its last text and that of the minute: the rows of a window share their times, those of a stream their
 * minute. Needs 48 bytes of room.
 */
export function writeTimestamp(l: usize, o: usize, v: i64, digits: i32, iso: bool, zulu: bool): usize {
  const length = load<u32>(l, WL_LAST_LENGTH) as usize;
  if (length != 0 && load<i64>(l, WL_LAST) == v) {
    v128.store(o, v128.load(l, WL_TEXT));
    v128.store(o, v128.load(l, WL_TEXT + 16), 16);
    v128.store(o, v128.load(l, WL_TEXT + 32), 32);
    return o + length;
  }
  const start = o;
  const unit: i64 = digits == 3 ? 1000 : pow10(digits) as i64;
  let seconds = v / unit;
  let fraction = v - seconds * unit;
  if (fraction < 0) { fraction += unit; seconds--; }
  let minute = seconds / 60;
  let rest = (seconds - minute * 60) as i32;
  if (rest < 0) { rest += 60; minute--; }
  if (length != 0 && load<i64>(l, WL_MINUTE) == minute) {
    v128.store(o, v128.load(l, WL_MINUTE_TEXT));
    o += 16;
  } else {
    let days = minute / 1440;
    let minutes = (minute - days * 1440) as i32;
    if (minutes < 0) { minutes += 1440; days--; }
    o = writeDate(o, days);
    store<u8>(o, iso ? 0x54 : 0x20);
    o = writeMinutes(o + 1, minutes as u32);
    if (o - start == 16) {
      store<i64>(l, minute, WL_MINUTE);
      v128.store(l, v128.load(start), WL_MINUTE_TEXT);
    }
  }
  store<u8>(o, 0x3a);
  o = writeSeconds(o + 1, rest as u32, fraction as u32, digits);
  if (zulu) store<u8>(o++, 0x5a);
  store<i64>(l, v, WL_LAST);
  store<u32>(l, (o - start) as u32, WL_LAST_LENGTH);
  v128.store(l, v128.load(start), WL_TEXT);
  v128.store(l, v128.load(start, 16), WL_TEXT + 16);
  v128.store(l, v128.load(start, 32), WL_TEXT + 32);
  return o;
}
