// A nested value read into a STRING column: Flink gives Jackson's rewriting of it, without white space, with its own escapes and numbers.
import { arenaTake, X_DECIMALS, X_FLAGS, X_TEXT, X_TEXT_LENGTH } from "./context";
import { FLAG_ESCAPED, FLAG_FLOAT, scanNumber, scanString, unescape } from "./json-text";
import { parseFloating, RESULT } from "./number";
import { writeI64 } from "../write/digits";
import { writeDouble } from "../write/double";
import { writeQuoted } from "../write/text";

/** Rewrites the checked value [p, q): X_TEXT, X_TEXT_LENGTH. Returns 0 without memory. */
export function compactValue(x: usize, p: usize, q: usize): usize {
  const out = arenaTake(x, ((q - p) as u32) * 8 + 64);
  if (out == 0) return 0;
  let o = out;
  while (p < q) {
    const c = load<u8>(p);
    if (c <= 0x20) p++;
    else if (c == 0x22) {
      const e = scanString(x, p + 1, q);
      if ((load<u32>(x, X_FLAGS) & FLAG_ESCAPED) == 0) o = writeQuoted(o, p + 1, e, false);
      else {
        const t = unescape(x, p + 1, e);
        if (t == 0) return 0;
        o = writeQuoted(o, t, t + load<u32>(x, X_TEXT_LENGTH), false);
      }
      p = e + 1;
    } else if (c == 0x2d || c - 0x30 <= 9) {
      const e = scanNumber(x, p);
      o = writeNumber(x, o, p, e);
      p = e;
    } else {
      store<u8>(o++, c);
      p++;
    }
  }
  store<u32>(x, out as u32, X_TEXT);
  store<u32>(x, (o - out) as u32, X_TEXT_LENGTH);
  return out;
}

function writeNumber(x: usize, o: usize, p: usize, e: usize): usize {
  if ((load<u32>(x, X_FLAGS) & FLAG_FLOAT) == 0) {
    if (e - p == 2 && load<u16>(p) == 0x302d) p++; // -0
    memory.copy(o, p, e - p);
    return o + (e - p);
  }
  if (load<u32>(x, X_DECIMALS) != 0) return writeBigDecimal(o, p, e);
  parseFloating(p, e, false);
  const v = load<f64>(RESULT);
  if (v - v != 0) { // Jackson quotes what JSON has no number for
    store<u8>(o, 0x22);
    o = writeDouble(o + 1, v);
    store<u8>(o, 0x22);
    return o + 1;
  }
  return writeDouble(o, v);
}

/** new BigDecimal(text).stripTrailingZeros().toString() */
function writeBigDecimal(o: usize, p: usize, e: usize): usize {
  const negative = load<u8>(p) == 0x2d;
  if (negative) p++;
  const digits = o + 1; // collected in place behind room for a sign, then laid out
  let n: usize = 0;
  let scale: i64 = 0;
  let dot = false;
  while (p < e) {
    const c: u32 = load<u8>(p);
    if (c == 0x2e) dot = true;
    else if (c - 0x30 > 9) break;
    else {
      if (dot) scale++;
      if (n != 0 || c != 0x30) { store<u8>(digits + n, c); n++; }
    }
    p++;
  }
  if (p < e) {
    p++;
    let minus = false;
    if (load<u8>(p) == 0x2d) { minus = true; p++; } else if (load<u8>(p) == 0x2b) p++;
    let exp: i64 = 0;
    while (p < e) { if (exp < 100000000000) exp = exp * 10 + ((load<u8>(p) - 0x30) as i64); p++; }
    scale += minus ? exp : -exp;
  }
  if (n == 0) { store<u8>(o, 0x30); return o + 1; }
  while (n > 1 && load<u8>(digits + n - 1) == 0x30) { n--; scale--; }
  if (negative) store<u8>(o, 0x2d);
  else { memory.copy(o, digits, n); }
  const at = negative ? digits : o;
  const adjusted = -scale + (n as i64) - 1;
  if (scale >= 0 && adjusted >= -6) {
    if (scale == 0) return at + n;
    if (scale < (n as i64)) {
      const whole = n - (scale as usize);
      memory.copy(at + whole + 1, at + whole, scale as usize);
      store<u8>(at + whole, 0x2e);
      return at + n + 1;
    }
    const zeros = (scale as usize) - n;
    memory.copy(at + 2 + zeros, at, n);
    store<u16>(at, 0x2e30);
    memory.fill(at + 2, 0x30, zeros);
    return at + 2 + zeros + n;
  }
  let end = at + n;
  if (n > 1) {
    memory.copy(at + 2, at + 1, n - 1);
    store<u8>(at, 0x2e, 1);
    end++;
  }
  store<u8>(end++, 0x45);
  if (adjusted > 0) store<u8>(end++, 0x2b);
  return writeI64(end, adjusted);
}
