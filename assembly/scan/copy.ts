// Copies of the LZ77 decoders (snappy, lz4). Wide steps are taken only where whole words of room are left, so that nothing outside of
// the input or the output is touched.

/** Bytes a wide step moves. */
const WIDE: usize = 16;

/** Copies n literal bytes; n fits before both ends. Bytes of the output behind them may change: they are written later. */
// @ts-ignore: decorator
@inline
export function copyLiteral(to: usize, from: usize, n: usize, toEnd: usize, fromEnd: usize): void {
  if (n <= WIDE && toEnd - to >= WIDE && fromEnd - from >= WIDE) v128.store(to, v128.load(from));
  else memory.copy(to, from, n);
}

/** Repeats what was written `distance` bytes before; the two may overlap. n fits before the end, and the distance before `to`. */
export function copyMatch(to: usize, distance: usize, n: usize, toEnd: usize): void {
  const end = to + n;
  if (distance >= WIDE) {
    while (to < end && toEnd - to >= WIDE) {
      v128.store(to, v128.load(to - distance));
      to += WIDE;
    }
  } else {
    // A short period is written out until a multiple of it is a word wide.
    let far = distance;
    while (far < 8) far += distance;
    let lead = far - distance;
    if (lead > n) lead = n;
    for (; lead != 0; lead--, to++) store<u8>(to, load<u8>(to - distance));
    while (to < end && toEnd - to >= 8) {
      store<u64>(to, load<u64>(to - far));
      to += 8;
    }
  }
  for (; to < end; to++) store<u8>(to, load<u8>(to - distance));
}
