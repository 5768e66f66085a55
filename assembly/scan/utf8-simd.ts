// UTF-8 validation 16 bytes at a time: Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021. Three lookups, by the high and
// low half of a byte and by the high half of the next, whose common bits name what is wrong with the pair.

const TOO_SHORT: u8 = 1; // a lead byte, then no continuation
const TOO_LONG: u8 = 2; // ASCII, then a continuation
const OVERLONG_3: u8 = 4;
const TOO_LARGE: u8 = 8;
const SURROGATE: u8 = 16;
const OVERLONG_2: u8 = 32;
const TOO_LARGE_1000: u8 = 64; // and OVERLONG_4
const TWO_CONTS: u8 = 128; // right only as the third or fourth byte of a sequence
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTS;
const LARGE: u8 = CARRY | TOO_LARGE | TOO_LARGE_1000;
const AFTER: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTS;

// @ts-ignore: decorator
@inline
function firstHigh(i: v128): v128 {
  return i8x16.swizzle(
    i8x16(
      TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTS as i8, TWO_CONTS as i8, TWO_CONTS as i8, TWO_CONTS as i8,
      (TOO_SHORT | OVERLONG_2) as i8, TOO_SHORT, (TOO_SHORT | OVERLONG_3 | SURROGATE) as i8, (TOO_SHORT | TOO_LARGE | TOO_LARGE_1000) as i8,
    ), i);
}

// @ts-ignore: decorator
@inline
function firstLow(i: v128): v128 {
  return i8x16.swizzle(
    i8x16(
      (CARRY | OVERLONG_3 | OVERLONG_2 | TOO_LARGE_1000) as i8, (CARRY | OVERLONG_2) as i8, CARRY as i8, CARRY as i8, (CARRY | TOO_LARGE) as i8,
      LARGE as i8, LARGE as i8, LARGE as i8, LARGE as i8, LARGE as i8, LARGE as i8, LARGE as i8, LARGE as i8, (LARGE | SURROGATE) as i8, LARGE as i8, LARGE as i8,
    ), i);
}

// @ts-ignore: decorator
@inline
function secondHigh(i: v128): v128 {
  return i8x16.swizzle(
    i8x16(
      TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, (AFTER | OVERLONG_3 | TOO_LARGE_1000) as i8,
      (AFTER | OVERLONG_3 | TOO_LARGE) as i8, (AFTER | SURROGATE | TOO_LARGE) as i8, (AFTER | SURROGATE | TOO_LARGE) as i8,
      TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    ), i);
}

/** Is [p, e) well-formed UTF-8? Reads up to 15 bytes past e. */
export function utf8Valid(p: usize, e: usize): bool {
  let before = i8x16.splat(0);
  let wrong = i8x16.splat(0);
  while (true) {
    let bytes = v128.load(p);
    const left = e - p;
    // what is behind the end counts as ASCII, and the last block has some of it: a sequence cut off is too short
    if (left < 16) bytes = v128.and(bytes, i8x16.lt_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(left as i8)));
    if (i8x16.bitmask(v128.or(before, bytes)) == 0) { // ASCII after ASCII
      if (left < 16) return !v128.any_true(wrong);
      before = bytes;
      p += 16;
      continue;
    }
    const one = i8x16.shuffle(before, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
    const two = i8x16.shuffle(before, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
    const three = i8x16.shuffle(before, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
    const pair = v128.and(
      v128.and(firstHigh(i8x16.shr_u(one, 4)), firstLow(v128.and(one, i8x16.splat(15)))), secondHigh(i8x16.shr_u(bytes, 4)));
    // the third byte of three or four, the fourth of four: exactly there a second continuation is due
    const due = v128.and(v128.or(i8x16.sub_sat_u(two, i8x16.splat(0x60)), i8x16.sub_sat_u(three, i8x16.splat(0x70))), i8x16.splat(-128));
    wrong = v128.or(wrong, v128.xor(due, pair));
    if (left < 16) return !v128.any_true(wrong);
    before = bytes;
    p += 16;
  }
}
