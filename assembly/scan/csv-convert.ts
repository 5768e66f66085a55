// A field's text into its column, as Flink's csv format converts it: java.sql.Date, LocalTime.parse, and no trimming of decimals.
import { F_BYTES, F_DATE, F_DECIMAL, F_LTZ, F_STR, F_TIME, F_TIMESTAMP, L_VALUES } from "../abi";
import { L_ARG, L_KIND } from "./context";
import { convertBase64, convertText, S_LITERAL, S_TEXT, storeView } from "./convert";
import { BAD, GOOD, RESULT } from "./number";
import { daysFromCivil, parseTime, parseTimestamp, TS_SQL } from "./timestamp";
import { trimEnd, trimStart } from "./utf8";

export function convertCsv(x: usize, l: usize, row: u32, p: usize, e: usize): i32 {
  const kind = load<u32>(l, L_KIND);
  const values = load<u32>(l, L_VALUES) as usize;
  const r = row as usize;
  switch (kind) {
    case F_STR: {
      storeView(l, row, p, (e - p) as u32);
      return GOOD;
    }
    case F_TIMESTAMP:
    case F_LTZ: {
      p = trimStart(p, e);
      e = trimEnd(p, e);
      if (parseTimestamp(p, e, TS_SQL, kind == F_LTZ, load<i32>(l, L_ARG), 0) == BAD) return BAD;
      store<i64>(values + (r << 3), load<i64>(RESULT));
      return GOOD;
    }
    case F_DATE: {
      if (parseSqlDate(p, e) == BAD) return BAD;
      store<i32>(values + (r << 2), load<i32>(RESULT));
      return GOOD;
    }
    case F_TIME: {
      if (parseTime(p, e, true) == BAD || load<u32>(RESULT, 8) != (e as u32)) return BAD;
      const nanos = load<i64>(RESULT);
      if (nanos == 86400000000000) return BAD;
      store<i32>(values + (r << 2), (nanos / 1000000) as i32);
      return GOOD;
    }
    case F_BYTES: return convertBase64(x, l, row, p, e);
    case F_DECIMAL: return convertText(x, l, row, p, e, S_LITERAL); // as it stands, untrimmed
    default: return convertText(x, l, row, p, e, S_TEXT);
  }
}

/** java.sql.Date.valueOf: yyyy-[m]m-[d]d, days up to 31 roll into the next month. */
function parseSqlDate(p: usize, e: usize): i32 {
  if (e - p < 8 || load<u8>(p, 4) != 0x2d) return BAD;
  let y: i32 = 0;
  for (let i = 0; i < 4; i++) {
    const d: u32 = <u32>load<u8>(p + i) - 0x30;
    if (d > 9) return BAD;
    y = y * 10 + (d as i32);
  }
  p += 5;
  let m: i32 = 0, n: i32 = 0;
  while (p < e && <u32>load<u8>(p) - 0x30 <= 9) { m = m * 10 + ((load<u8>(p) - 0x30) as i32); p++; n++; }
  if (n < 1 || n > 2 || p >= e || load<u8>(p) != 0x2d) return BAD;
  p++;
  let d: i32 = 0;
  n = 0;
  while (p < e && <u32>load<u8>(p) - 0x30 <= 9) { d = d * 10 + ((load<u8>(p) - 0x30) as i32); p++; n++; }
  if (n < 1 || n > 2 || p != e || m < 1 || m > 12 || d < 1 || d > 31) return BAD;
  store<i32>(RESULT, daysFromCivil(y, m, 1) + d - 1);
  return GOOD;
}
