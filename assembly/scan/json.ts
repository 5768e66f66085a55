// JSON records into columns: lines and slices.
import { BATCH_CAPACITY, BATCH_ROWS, E_MALFORMED, E_RECORD_TOO_LONG, R_ENDS_EARLY, R_NOT_OBJECT, R_TOO_LONG } from "../abi";
import { refuse, X_EMITTED, X_EMITTED_LEFT, X_LENIENT, X_LINES, X_RECORD, X_RECORD_MAX, X_ROOT, X_ROW, X_ROWS_MAX, X_SHAPES } from "./context";
import { beginBatch, findNewline, selectRows, skipRefused } from "./frame";
import { readObject } from "./json-read";
import { readShaped } from "./json-shape";
import { skipSpace } from "./json-text";

/**
 * One record at p, no further than end. Returns the address after its closing brace, or 0. The row's bits must be clear. An emitted reader goes on to further
 * lines while rows are less than `capacity`: X_ROW and X_RECORD say which record was the last, or refused.
 */
function readRecord(x: usize, p: usize, end: usize, row: u32, capacity: u32): usize {
  if ((load<u32>(p) & 0xffffff) == 0xbfbbef) p += 3; // byte order mark
  p = skipSpace(x, p);
  if (load<u8>(p) != 0x7b || p >= end) return refuse(x, E_MALFORMED, R_NOT_OBJECT, p);
  const emitted = load<u32>(x, X_EMITTED);
  if (emitted != 0) p = call_indirect<usize>(emitted, x, p, end, row, capacity);
  else p = load<u32>(x, X_SHAPES) != 0 ? readShaped(x, p, end, row) : readObject(x, load<u32>(x, X_ROOT), p + 1, end, row);
  // a record that is cut off may have gone on in the bytes behind it
  if (p > end) return refuse(x, E_MALFORMED, R_ENDS_EARLY, end);
  return p;
}

/** Number of the row before which a call must come back that begins at `from`. */
function rowsEnd(x: usize, batch: usize, from: u32): u32 {
  const capacity = load<u32>(batch, BATCH_CAPACITY);
  const max = load<u32>(x, X_ROWS_MAX);
  return max < capacity - from ? from + max : capacity;
}

/**
 * Reads newline-separated records of [p, end) until the batch is full or X_ROWS_MAX rows are read. Returns the address after the last consumed record.
 * With ERR_CODE set the record at ERR_PTR was refused: in strict mode it is not consumed, in lenient mode (X_REPORT) it is.
 */
export function jsonLines(x: usize, p: usize, end: usize, batch: usize): usize {
  beginBatch(x, batch);
  store<u32>(x, 1, X_LINES);
  const from = load<u32>(batch, BATCH_ROWS);
  const capacity = rowsEnd(x, batch, from);
  const recordMax = load<u32>(x, X_RECORD_MAX) as usize;
  let row = from;
  while (p < end && row < capacity) {
    const c = load<u8>(p);
    if (c == 0x0a) { p++; continue; }
    if (c == 0x0d && (p + 1 >= end || load<u8>(p, 1) == 0x0a)) { p++; continue; }
    store<u32>(x, row, X_ROW);
    store<u32>(x, p as u32, X_RECORD);
    let q = readRecord(x, p, end, row, capacity);
    p = load<u32>(x, X_RECORD) as usize;
    row = load<u32>(x, X_ROW);
    let next = q;
    if (q != 0) {
      if (load<u8>(q) != 0x0a || q >= end) next = findNewline(q, end);
      if (next - p > recordMax) { refuse(x, E_RECORD_TOO_LONG, R_TOO_LONG, p); q = 0; }
    } else next = findNewline(p, end);
    if (q == 0) {
      if (!skipRefused(x, p, (next - p) as u32, row)) {
        if (load<u32>(x, X_LENIENT) != 0) p = next < end ? next + 1 : end;
        break;
      }
    } else row++;
    p = next < end ? next + 1 : end;
  }
  selectRows(batch, from, row);
  return p;
}

/**
 * Reads records given as { u32 ptr, u32 length }[count] until the batch is full or X_ROWS_MAX rows are read. Returns how many were consumed; ERR_CODE as for jsonLines.
 * rowSlice, when not 0, receives the slice number of every row.
 */
export function jsonSlices(x: usize, slices: usize, count: u32, batch: usize, rowSlice: usize): u32 {
  beginBatch(x, batch);
  store<u32>(x, 0, X_LINES);
  const from = load<u32>(batch, BATCH_ROWS);
  const capacity = rowsEnd(x, batch, from);
  const recordMax = load<u32>(x, X_RECORD_MAX);
  let row = from;
  let i: u32 = 0;
  while (i < count && row < capacity) {
    const p = load<u32>(slices + ((i as usize) << 3)) as usize;
    const length = load<u32>(slices + ((i as usize) << 3), 4);
    if (length == 0) { i++; continue; } // Flink reads an empty message as no row
    store<u32>(x, row, X_ROW);
    let q: usize = 0;
    if (length > recordMax) refuse(x, E_RECORD_TOO_LONG, R_TOO_LONG, p);
    else q = readRecord(x, p, p + length, row, row + 1);
    if (q == 0) {
      if (!skipRefused(x, p, length, row)) {
        if (load<u32>(x, X_LENIENT) != 0) i++;
        break;
      }
    } else {
      if (rowSlice != 0) store<u32>(rowSlice + ((row as usize) << 2), i);
      row++;
    }
    i++;
  }
  selectRows(batch, from, row);
  return i;
}

/** Reads records with function number `emitted` of the table from now on: (x, p, end, row, capacity) -> address after the last record, or 0. 0 = with the graph again. */
export function jsonEmitted(x: usize, emitted: u32): void { store<u32>(x, emitted, X_EMITTED); }

/** Records that the emitted reader left to the graph since this was last asked. */
export function jsonTakeLeft(x: usize): u32 {
  const n = load<u32>(x, X_EMITTED_LEFT);
  store<u32>(x, 0, X_EMITTED_LEFT);
  return n;
}
