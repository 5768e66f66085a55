// A batch's header and selection, as whole: what would be a loop in JavaScript once a batch.
import {
  BATCH_CAPACITY, BATCH_COLUMNS, BATCH_HEADER_BYTES, BATCH_MARK_COUNT, BATCH_ROWS, BATCH_SEL, BATCH_SEL_COUNT, COL_BYTES, COL_VALIDITY,
} from "./abi";

/** Makes the batch one of `rows` rows, all selected. */
export function batchSelectAll(batch: usize, rows: u32): void {
  const sel = load<u32>(batch, BATCH_SEL) as usize;
  for (let i: u32 = 0; i < rows; i++) store<u32>(sel + ((i as usize) << 2), i);
  store<u32>(batch, rows, BATCH_ROWS);
  store<u32>(batch, rows, BATCH_SEL_COUNT);
}

/** Empties the batch: no rows, no marks, every validity bit 0. */
export function batchClear(batch: usize): void {
  store<u32>(batch, 0, BATCH_ROWS);
  store<u32>(batch, 0, BATCH_SEL_COUNT);
  store<u32>(batch, 0, BATCH_MARK_COUNT);
  const bytes = ((load<u32>(batch, BATCH_CAPACITY) + 7) >> 3) as usize;
  const columns = load<u32>(batch, BATCH_COLUMNS);
  for (let c: u32 = 0; c < columns; c++) {
    const validity = load<u32>(batch + BATCH_HEADER_BYTES + (c as usize) * COL_BYTES, COL_VALIDITY) as usize;
    if (validity != 0) memory.fill(validity, 0, bytes);
  }
}

/** Are all of the first `rows` validity bits set? */
export function allPresent(validity: usize, rows: u32): bool {
  const whole = rows >> 6;
  for (let i: u32 = 0; i < whole; i++) if (load<u64>(validity + ((i as usize) << 3)) != 0xffff_ffff_ffff_ffff) return false;
  const rest = rows & 63;
  if (rest == 0) return true;
  const mask: u64 = ((1 as u64) << rest) - 1;
  return (load<u64>(validity + ((whole as usize) << 3)) & mask) == mask;
}
