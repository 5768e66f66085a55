// Text among constants: the table that src/wasm/inlist.ts writes.
import { strEq } from "./string";

/** Whether the text is in the table: slots of (offset from `bytes`, length), free ones with the length -1. */
export function strInTable(a: usize, n: i32, slots: usize, mask: i32, bytes: usize): i32 {
  let h: u32 = 0x811c9dc5;
  for (let i = 0; i < n; i++) h = (h ^ load<u8>(a + i)) * 0x01000193;
  let slot = <i32>(h ^ (h >> 15)) & mask;
  while (true) {
    const entry = slots + ((slot as usize) << 3);
    const length = load<i32>(entry, 4);
    if (length < 0) return 0;
    if (length == n && strEq(a, n, bytes + load<u32>(entry), n)) return 1;
    slot = (slot + 1) & mask;
  }
}
