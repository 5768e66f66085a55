// The frame every decoder's loop stands in: beginning a batch, refusing a record, selecting what was read.
import { BATCH_ROWS, BATCH_SEL, BATCH_SEL_COUNT, E_OUT_OF_MEMORY, ERR_CODE } from "../abi";
import {
  arenaReset, bindColumns, clearError, clearRow, reportRecord, X_ARENA, X_LEAVES, X_LENIENT, X_REPORT, X_SKIPPED,
} from "./context";

/** Address of the newline at or after p, or end. */
export function findNewline(p: usize, end: usize): usize {
  while (p < end) {
    const m = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a)));
    if (m != 0) {
      p += ctz<i32>(m) as usize;
      return p < end ? p : end;
    }
    p += 16;
  }
  return end;
}

/** Selects the rows from `from` up to the batch's row count. */
export function selectRows(batch: usize, from: u32, rows: u32): void {
  store<u32>(batch, rows, BATCH_ROWS);
  let n = load<u32>(batch, BATCH_SEL_COUNT);
  const sel = load<u32>(batch, BATCH_SEL) as usize;
  for (let r = from; r < rows; r++) {
    store<u32>(sel + ((n as usize) << 2), r);
    n++;
  }
  store<u32>(batch, n, BATCH_SEL_COUNT);
}

/** A refused record: returns true when it is skipped and the scan goes on, false when the caller must return. */
export function skipRefused(x: usize, start: usize, length: u32, row: u32): bool {
  reportRecord(x, start, length);
  clearRow(x, 0, load<u32>(x, X_LEAVES), row);
  if (load<u32>(x, X_LENIENT) == 0 || load<u32>(ERR_CODE) == E_OUT_OF_MEMORY) return false;
  store<u32>(x, load<u32>(x, X_SKIPPED) + 1, X_SKIPPED);
  if (load<u32>(x, X_REPORT) != 0) return false;
  clearError(x);
  return true;
}

/** Start of a call: a batch without rows gives the arena back. */
export function beginBatch(x: usize, batch: usize): void {
  bindColumns(x, batch);
  clearError(x);
  if (load<u32>(batch, BATCH_ROWS) == 0 && load<u32>(x, X_ARENA) != 0) arenaReset(x);
}
