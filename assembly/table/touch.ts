// Fetching memory ahead. There is no prefetch in WebAssembly, but plain loads whose results nobody waits for do the same.

/**
 * Reads a word at each of `n` addresses. A loop as short as this keeps as many misses in flight as the processor can (some 40, where a loop
 * that also computes the addresses keeps 10); the sum is there so that no load is left out.
 */
export function touchAll(addresses: usize, n: u32): u64 {
  const end = addresses + ((n as usize) << 2);
  const whole = addresses + (((n & ~7) as usize) << 2);
  let a: u64 = 0;
  let b: u64 = 0;
  while (addresses < whole) {
    a += load<u64>(load<u32>(addresses) as usize) + load<u64>(load<u32>(addresses, 4) as usize);
    b += load<u64>(load<u32>(addresses, 8) as usize) + load<u64>(load<u32>(addresses, 12) as usize);
    a += load<u64>(load<u32>(addresses, 16) as usize) + load<u64>(load<u32>(addresses, 20) as usize);
    b += load<u64>(load<u32>(addresses, 24) as usize) + load<u64>(load<u32>(addresses, 28) as usize);
    addresses += 32;
  }
  while (addresses < end) {
    a += load<u64>(load<u32>(addresses) as usize);
    addresses += 4;
  }
  return a + b;
}

/** The same `offset` bytes behind each address, where a row of some length goes on. */
export function touchBehind(addresses: usize, n: u32, offset: usize): u64 {
  const end = addresses + ((n as usize) << 2);
  let a: u64 = 0;
  while (addresses < end) {
    a += load<u64>((load<u32>(addresses) as usize) + offset);
    addresses += 4;
  }
  return a;
}
