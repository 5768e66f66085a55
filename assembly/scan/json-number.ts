// Numbers with a few decimals, the most common floats of records, without a loop over their digits.
import { F_F64, L_VALUES } from "../abi";
import { L_ARG, setPresent } from "./context";
import { eightDigits, pow10 } from "./number";

// @ts-ignore: decorator
@inline
function digitsValue(p: usize, n: usize): u64 { return eightDigits(load<u64>(p) << ((8 - n) << 3)); }

/**
 * A number of 1 to 7 digits, with or without a minus and behind a dot up to 14 more, 16 characters in all, before a comma or brace, into row `row` of a
 * DOUBLE or DECIMAL column. Returns the address after it, or 0: something else, or no value of the DECIMAL as it stands.
 */
export function shortDecimal(l: usize, type: u32, row: u32, p: usize): usize {
  const minus = u32(load<u8>(p) == 0x2d);
  p += minus as usize;
  const other = <u32>i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(p), i8x16.splat(0x30)), i8x16.splat(9))) | 0x30000;
  const whole = ctz<u32>(other) as usize;
  if (whole - 1 > 6 || (load<u8>(p) == 0x30 && whole > 1)) return 0;
  let w = digitsValue(p, whole);
  let end = p + whole;
  let decimals: usize = 0;
  if (load<u8>(end) == 0x2e) {
    const last = ctz<u32>(other & (other - 1)) as usize;
    decimals = last - whole - 1;
    if (decimals - 1 > 13) return 0;
    const rest = decimals & 7;
    if (rest != 0) w = w * pow10(rest as i32) + digitsValue(end + 1, rest);
    if (decimals >= 8) w = w * 100000000 + eightDigits(load<u64>(end + 1 + rest));
    end = p + last;
  }
  const c: u32 = load<u8>(end);
  if (c != 0x2c && c != 0x7d) return 0;
  const values = load<u32>(l, L_VALUES) as usize;
  if (type == F_F64) {
    // at most 15 digits: both exact, so the quotient is rounded once (Clinger 1990)
    const v = (w as f64) / (pow10(decimals as i32) as f64);
    store<f64>(values + ((row as usize) << 3), minus != 0 ? -v : v);
  } else {
    const arg = load<u32>(l, L_ARG);
    const precision = arg >> 8;
    const scale = arg & 255;
    if (precision > 18 || (decimals as u32) > scale) return 0;
    if (scale > 11) return 0; // 10^7 * 10^11 fits
    const v = w * pow10((scale - (decimals as u32)) as i32);
    if (v >= pow10(precision as i32)) return 0;
    store<u64>(values + ((row as usize) << 3), minus != 0 ? 0 - v : v);
  }
  setPresent(l, row);
  return end;
}
