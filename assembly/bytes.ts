// Moves of few bytes: V8 calls out of WebAssembly for memory.copy and memory.fill, which costs about 8 ns whatever their length.

/** Copies n bytes between blocks that do not overlap; nothing outside of them is touched. */
// @ts-ignore: decorator
@inline
export function copyShort(to: usize, from: usize, n: usize): void {
  if (n >= 16) copyWide(to, from, n);
  else if (n >= 8) {
    const last = load<u64>(from + n - 8);
    store<u64>(to, load<u64>(from));
    store<u64>(to + n - 8, last);
  } else if (n >= 4) {
    const last = load<u32>(from + n - 4);
    store<u32>(to, load<u32>(from));
    store<u32>(to + n - 4, last);
  } else if (n != 0) {
    store<u8>(to, load<u8>(from));
    store<u8>(to + (n >> 1), load<u8>(from + (n >> 1)));
    store<u8>(to + n - 1, load<u8>(from + n - 1));
  }
}

function copyWide(to: usize, from: usize, n: usize): void {
  if (n > 512) {
    memory.copy(to, from, n);
    return;
  }
  const last = n - 16;
  for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
  v128.store(to + last, v128.load(from + last));
}

/** Sets n bytes, a multiple of 8, to zero. */
// @ts-ignore: decorator
@inline
export function zeroWords(to: usize, n: usize): void {
  for (let i: usize = 0; i < n; i += 8) store<u64>(to + i, 0);
}

/** Values of 8 bytes of the given rows, side by side. */
export function gather64(values: usize, rows: usize, n: u32, out: usize): void {
  const whole = n & ~3;
  let k: u32 = 0;
  for (; k < whole; k += 4) {
    const at = rows + ((k as usize) << 2);
    const a = load<u64>(values + ((load<u32>(at) as usize) << 3));
    const b = load<u64>(values + ((load<u32>(at, 4) as usize) << 3));
    const c = load<u64>(values + ((load<u32>(at, 8) as usize) << 3));
    const d = load<u64>(values + ((load<u32>(at, 12) as usize) << 3));
    const to = out + ((k as usize) << 3);
    store<u64>(to, a);
    store<u64>(to, b, 8);
    store<u64>(to, c, 16);
    store<u64>(to, d, 24);
  }
  for (; k < n; k++) store<u64>(out + ((k as usize) << 3), load<u64>(values + ((load<u32>(rows + ((k as usize) << 2)) as usize) << 3)));
}
