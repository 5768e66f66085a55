// Where text lies in other text, and the pieces between.
import { pack, strChars, strIndexOf, width } from "./string";

/** Character number from 1 of `b` in `a` at or behind the character `from`, 0 when absent. Empty text is at 1, as in Flink. */
export function strPosition(a: usize, an: i32, b: usize, bn: i32, from: i32): i32 {
  if (bn == 0) return 1;
  let skipped: i32 = 0;
  let at: i32 = 0;
  while (at < an && skipped < from - 1) {
    at += width(load<u8>(a + at));
    skipped++;
  }
  if (at >= an) return 0;
  const i = strIndexOf(a + at, an - at, b, bn);
  return i < 0 ? 0 : skipped + strChars(a + at, i) + 1;
}

/** The part number `index` (from 0) between separators; NULL when there is none. An empty separator splits at white space. */
export function strSplitIndex(a: usize, an: i32, b: usize, bn: i32, index: i32): u64 {
  if (index < 0 || an == 0) return u64.MAX_VALUE;
  let i = 0;
  while (true) {
    let k = -1;
    if (bn > 0) k = strIndexOf(a + i, an - i, b, bn);
    else for (let j = i; j < an; j++) if (load<u8>(a + j) <= 0x20) { k = j - i; break; }
    if (index == 0) return pack(a + i, k < 0 ? an - i : k);
    if (k < 0) return u64.MAX_VALUE;
    i += k + (bn > 0 ? bn : 1);
    index--;
  }
}
