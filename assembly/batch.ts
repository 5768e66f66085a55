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
