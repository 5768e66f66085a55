// Doubles as text and back where that is exact arithmetic on at most 15 digits (Clinger 1990); -1 tells the caller to ask the host.
import { arenaAlloc, pack } from "./string";

/** Double.toString for what prints with at most 15 digits between 10^-3 and 10^7; -1 for the rest. */
export function doubleToStr64(arena: usize, v: f64): u64 {
  const a = abs<f64>(v);
  if (!(a >= 1e-3 && a < 1e7)) return u64.MAX_VALUE;
  let places = 0;
  let unit: f64 = 1;
  let r = nearest<f64>(a);
  while (r / unit != a) {
    if (++places > 12) return u64.MAX_VALUE;
    unit *= 10;
    r = nearest<f64>(a * unit);
    if (r >= 1e15) return u64.MAX_VALUE;
  }
  const to = arenaAlloc(arena, 32);
  if (to <= 4096) return pack(to, 0);
  // digits from the right
  const end = to + 32;
  let at = end;
  let n = r as u64;
  if (places == 0) {
    store<u8>(--at, 0x30);
    store<u8>(--at, 0x2e);
  }
  let written = 0;
  do {
    store<u8>(--at, 0x30 + (n % 10) as u8);
    n /= 10;
    written++;
    if (written == places) {
      store<u8>(--at, 0x2e);
      if (n == 0) store<u8>(--at, 0x30);
    }
  } while (n != 0 || written < places);
  if (v < 0) store<u8>(--at, 0x2d);
  return pack(at, (end - at) as u32);
}

/** A sign, at most 15 digits and a point: 1 with the value at out, else -1. */
export function strToDouble64(a: usize, n: i32, out: usize): i32 {
  let end = a + n;
  while (a < end && load<u8>(a) == 0x20) a++;
  while (a < end && load<u8>(end - 1) == 0x20) end--;
  let negative = false;
  if (a < end && (load<u8>(a) == 0x2d || load<u8>(a) == 0x2b)) negative = load<u8>(a++) == 0x2d;
  if (a == end || end - a > 16) return -1;
  let v: u64 = 0;
  let digits = 0;
  let unit: f64 = 1;
  let point = false;
  for (; a < end; a++) {
    const b = load<u8>(a) as u32;
    if (b == 0x2e && !point) { point = true; continue; }
    if (b - 0x30 > 9 || digits == 15) return -1;
    v = v * 10 + (b - 0x30);
    digits++;
    if (point) unit *= 10;
  }
  if (digits == 0) return -1;
  const d = (v as f64) / unit;
  store<f64>(out, negative ? -d : d);
  return 1;
}
