// Where CSV records end, when a newline inside quotes belongs to the record: what a reader of large files needs to cut its input.
// The same rules as csv.ts: a quote opens at a field's start only, doubled quotes and escaped characters stay inside.

/** flags: 1 = comment lines, 2 = blanks before a field do not count (the csv format's own flags) */
const COMMENTS: u32 = 1;
const TRIM: u32 = 2;

// @ts-ignore: decorator
@inline
function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09;
}

/** Does a quote at q open a field? `from` is a record's start, `escaped` the address after the last escaped character. */
function opens(from: usize, escaped: usize, q: usize, delimiter: u32, flags: u32): bool {
  let p = q;
  if ((flags & TRIM) != 0) while (p > escaped && p > from && isBlank(load<u8>(p - 1)) && load<u8>(p - 1) != delimiter) p--;
  if (p == from) return true;
  if (p == escaped) return false;
  const c: u32 = load<u8>(p - 1);
  if (c == delimiter || c == 0x0a || c == 0x0d) return true;
  return p - from == 3 && (load<u32>(from) & 0xffffff) == 0xbfbbef;
}

/** The address after the closing quote of the field that opens at q, or 0 when it does not close before `end`. */
function closing(q: usize, end: usize, quote: u32, escape: u32): usize {
  const quotes = i8x16.splat(quote as i8);
  const escapes = i8x16.splat((escape == 0 ? quote : escape) as i8);
  let p = q + 1;
  while (p < end) {
    const v = v128.load(p);
    const m = i8x16.bitmask(v128.or(i8x16.eq(v, quotes), i8x16.eq(v, escapes)));
    if (m == 0) { p += 16; continue; }
    p += ctz<i32>(m) as usize;
    if (p + 1 >= end) return 0; // whether the next character doubles it is not known yet
    if (load<u8>(p) == quote && load<u8>(p, 1) != quote) return p + 1;
    p += 2;
  }
  return 0;
}

/** The address after the comment line at p, a line's start; 0 when it does not end before `end`. `p` itself when there is none. */
function afterComment(p: usize, end: usize): usize {
  let q = p;
  while (q < end && (isBlank(load<u8>(q)) || load<u8>(q) == 0x0d)) q++;
  if (q >= end || load<u8>(q) != 0x23) return p;
  while (q < end && load<u8>(q) != 0x0a) q++;
  return q < end ? q + 1 : 0;
}

/**
 * The address after the last whole record of [from, end), which begins with a record's start; 0 when none is whole.
 * quote and escape are 0 when there is none. Reads up to 15 bytes past `end`.
 */
export function csvRecordEnd(from: usize, end: usize, delimiter: u32, quote: u32, escape: u32, flags: u32): usize {
  const newlines = i8x16.splat(0x0a);
  const quotes = i8x16.splat((quote == 0 ? 0x0a : quote) as i8);
  const escapes = i8x16.splat((escape == 0 ? 0x0a : escape) as i8);
  let cut: usize = 0;
  let escaped: usize = 0;
  let p = from;
  let lineStart = (flags & COMMENTS) != 0;
  while (p < end) {
    if (lineStart) {
      const q = afterComment(p, end);
      if (q == 0) break;
      if (q != p) { cut = p = q; continue; }
      lineStart = false;
    }
    const v = v128.load(p);
    const m = i8x16.bitmask(v128.or(i8x16.eq(v, newlines), v128.or(i8x16.eq(v, quotes), i8x16.eq(v, escapes))));
    if (m == 0) { p += 16; continue; }
    p += ctz<i32>(m) as usize;
    if (p >= end) break;
    const c: u32 = load<u8>(p);
    if (c == 0x0a) {
      cut = ++p;
      lineStart = (flags & COMMENTS) != 0;
    } else if (c == quote && opens(from, escaped, p, delimiter, flags)) {
      p = closing(p, end, quote, escape);
      if (p == 0) break;
    } else if (c == escape) escaped = p += 2;
    else p++;
  }
  return cut;
}
