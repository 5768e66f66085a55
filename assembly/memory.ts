// The slot's allocator: size classes (four per power of two) with free lists over one growing arena.
// Every block is 64-byte aligned. The caller knows the size it asked for and gives it back with it.
// Grows the memory; callers in TypeScript re-read their views after any call that may allocate.
import { ALIGN, ERR_CODE, E_OUT_OF_MEMORY } from "./abi";

const CLASSES = 128;
/** Free-list heads live at a fixed address in low memory: 128 x u32. */
const FREE_LISTS: usize = 1024;

// The arena's top. Module-level mutable state is allowed here only.
let top: usize = 0;
let used: u64 = 0;

// @ts-ignore: decorator
@inline
function classOf(bytes: u32): u32 {
  if (bytes <= 64) return 0;
  const n = bytes - 1;
  const log: u32 = 31 - clz<u32>(n); // 2^log <= n
  return ((log - 6) << 2) + ((n >>> (log - 2)) & 3) + 1;
}

// @ts-ignore: decorator
@inline
function classBytes(c: u32): u32 {
  if (c == 0) return 64;
  const k = c - 1;
  const log = (k >>> 2) + 6;
  return ((4 + (k & 3) + 1) << (log - 2)) as u32;
}

/** Returns a 64-byte aligned block of at least `bytes` bytes (content undefined), or 0 with ERR_CODE set. */
export function alloc(bytes: u32): usize {
  if (bytes > 0x7000_0000) { store<u32>(ERR_CODE, E_OUT_OF_MEMORY); return 0; }
  const c = classOf(bytes);
  const head = FREE_LISTS + ((c as usize) << 2);
  const p = load<u32>(head) as usize;
  let size = classBytes(c);
  size = (size + (ALIGN - 1)) & ~(ALIGN - 1);
  if (p != 0) {
    store<u32>(head, load<u32>(p));
    used += size;
    return p;
  }
  if (top == 0) top = ((__heap_base as usize) + (ALIGN - 1) + ALIGN) & ~(ALIGN - 1);
  const end = (top as u64) + (size as u64) + 4096; // 4 KiB readable past the last block: SIMD over-reads
  const have = (memory.size() as u64) << 16;
  if (end > have) {
    const want = <i32>((end - have + 0xffff) >> 16);
    // twice as much, at most 256 MiB more: pages not touched cost nothing, and every growth makes the host's collector look through its heap
    let step = min<i32>(<i32>(have >> 16), 4096);
    if (step < want) step = want;
    if (memory.grow(step) < 0 && memory.grow(want) < 0) {
      store<u32>(ERR_CODE, E_OUT_OF_MEMORY);
      return 0;
    }
  }
  const r = top;
  top += size;
  used += size;
  return r;
}

/** Gives back a block of alloc(bytes). */
export function free(ptr: usize, bytes: u32): void {
  if (ptr == 0) return;
  const c = classOf(bytes);
  const head = FREE_LISTS + ((c as usize) << 2);
  store<u32>(ptr, load<u32>(head));
  store<u32>(head, ptr as u32);
  used -= (classBytes(c) + (ALIGN - 1)) & ~(ALIGN - 1);
}

/** Bytes handed out and not given back. */
export function bytesUsed(): f64 { return used as f64; }
