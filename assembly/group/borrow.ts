// MIN and MAX of strings while results of single rows are on their way: an accumulator points into the input, so that earlier results, which
// are views, stay what they were. When they have left, the bytes move into the table.
// Accumulator: u32 pointer, u32 length, u32 room of the table's own bytes, u32 where those are while the pointer is borrowed (1 = none yet).
import { GC_ACC, GC_BYTES, GC_KIND } from "../abi";
import { copyShort } from "../bytes";
import { ACC_MIN_BYTES } from "../aggregate/merge";
import { compareBytes } from "../aggregate/update";
import { tableBlob } from "../table/table";

const LENGTH: usize = 4;
const ROOM: usize = 8;
const HOME: usize = 12;

/** Points the accumulator `p` at the string {pointer, length} at `value` when that is better. */
export function borrowExtreme(p: usize, flag: usize, value: usize, max: bool): void {
  const bytes = load<u32>(value) as usize;
  const len = load<u32>(value, 4);
  if (load<u8>(flag) != 0) {
    const order = compareBytes(bytes, len, load<u32>(p) as usize, load<u32>(p, LENGTH));
    if (max ? order <= 0 : order >= 0) return;
  }
  if (load<u32>(p, HOME) == 0) store<u32>(p, load<u32>(p) == 0 ? 1 : load<u32>(p), HOME);
  store<u32>(p, bytes as u32);
  store<u32>(p, len, LENGTH);
  store<u8>(flag, 1);
}

/** Copies what the groups have borrowed into table `t`. false = out of memory. */
export function groupSettle(t: usize, calls: usize, callCount: u32, groups: usize, n: u32): bool {
  for (let c: u32 = 0; c < callCount; c++) {
    const d = calls + (c as usize) * GC_BYTES;
    if (load<u32>(d, GC_KIND) < ACC_MIN_BYTES) continue;
    const acc = load<u32>(d, GC_ACC);
    for (let i: u32 = 0; i < n; i++) {
      const p = (load<u32>(groups + ((i as usize) << 2)) as usize) + acc;
      const home = load<u32>(p, HOME);
      if (home == 0) continue;
      const len = load<u32>(p, LENGTH);
      let own: usize = home == 1 ? 0 : (home as usize);
      if (own == 0 || load<u32>(p, ROOM) < len) {
        const room = len == 0 ? 8 : (len + 7) & ~7;
        own = tableBlob(t, room);
        if (own == 0) return false;
        store<u32>(p, room, ROOM);
      }
      copyShort(own, load<u32>(p) as usize, len);
      store<u32>(p, own as u32);
      store<u32>(p, 0, HOME);
    }
  }
  return true;
}
