// Text as a point in time by a pattern, as Flink's TO_TIMESTAMP reads it.
import { daysFromCivil, daysInMonth } from "./date";

/** Codes of the fields that strToFixedTime reads: places in src/wasm/datepattern.ts's list of letters. */
const YEAR: u32 = 1;
const PROLEPTIC_YEAR: u32 = 2;
const MONTH: u32 = 3;
const DAY: u32 = 4;
const HOUR: u32 = 5;
const MINUTE: u32 = 7;
const SECOND: u32 = 8;
const FRACTION: u32 = 9;

/** Bytes before the fraction, and tokens before the time of day, of the pattern yyyy-MM-dd HH:mm:ss. */
const SECONDS_END = 19;
const DATE_TOKENS = 5;

/**
 * Milliseconds of local time by a pattern whose fields all have a width: `tokens` are pairs of bytes, a field's code and its width, or 0 and a byte that
 * stands there. `standard`: none was given; it is yyyy-MM-dd HH:mm:ss, and a fraction or a bare date will do too. -1 for everything else: the host knows whether it fits.
 */
export function strToFixedTime(a: usize, n: i32, tokens: usize, count: i32, standard: bool, out: usize): i32 {
  let end = a + n;
  let ms: i32 = 0;
  if (standard) {
    if (n == 10) count = DATE_TOKENS;
    else if (n > SECONDS_END + 1 && n <= SECONDS_END + 10 && load<u8>(a, SECONDS_END) == 0x2e) {
      for (let i = SECONDS_END + 1; i < n; i++) if ((load<u8>(a + i) as u32) - 0x30 > 9) return -1;
      for (let i = SECONDS_END + 1; i < SECONDS_END + 4; i++) ms = ms * 10 + (i < n ? (load<u8>(a + i) as i32) - 0x30 : 0);
      end = a + SECONDS_END;
    }
  }
  let year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  for (const last = tokens + ((count as usize) << 1); tokens < last; tokens += 2) {
    const code = load<u8>(tokens) as u32;
    const width = load<u8>(tokens, 1) as i32;
    if (code == 0) {
      if (a >= end || load<u8>(a) != (width as u8)) return -1;
      a++;
      continue;
    }
    if (a + width > end) return -1;
    let v: i32 = 0;
    for (const to = a + width; a < to; a++) {
      const d = (load<u8>(a) as u32) - 0x30;
      if (d > 9) return -1;
      v = v * 10 + (d as i32);
    }
    if (code == YEAR || code == PROLEPTIC_YEAR) year = width == 2 ? 2000 + v : v;
    else if (code == MONTH) month = v;
    else if (code == DAY) day = v;
    else if (code == HOUR) hour = v;
    else if (code == MINUTE) minute = v;
    else if (code == SECOND) second = v;
    else if (code == FRACTION) {
      for (let w = width; w < 3; w++) v *= 10;
      for (let w = width; w > 3; w--) v /= 10;
      ms = v;
    } else return -1;
  }
  if (a != end || year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return -1;
  const days = daysFromCivil(year, month, min<i32>(day, daysInMonth(year, month))) as i64;
  store<i64>(out, ((days * 24 + hour) * 60 + minute) * 60000 + (second * 1000 + ms));
  return 1;
}
