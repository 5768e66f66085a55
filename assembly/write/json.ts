// Rows as JSON, byte for byte as Flink's json format (Jackson) writes them.
import { BATCH_SEL, BATCH_SEL_COUNT, F_BYTES, F_DATE, F_F32, F_F64, F_I64, F_LTZ, F_NULL, F_ROW, F_STR, F_TIME, F_TIMESTAMP } from "../abi";
import {
  isPresent, W_BUFFER, W_ISO, W_LEAF, W_LEAVES, W_LENGTH, W_PLAIN, W_SKIP_NULLS, WL_BYTES, WL_END, WL_KIND, WL_NAME, WL_NAME_LENGTH,
  WL_VALUES, writeBegin, writeReserve, writeReserveSlices,
} from "./context";
import { copyShort, writeI64 } from "./digits";
import { writeQuoted } from "./text";
import { writeBase64, writeValue } from "./values";

/** Writes fields [from, to) of a row between braces. */
function writeObject(w: usize, o: usize, from: u32, to: u32, row: u32): usize {
  const leaves = load<u32>(w, W_LEAF) as usize;
  const skipNulls = load<u32>(w, W_SKIP_NULLS) != 0;
  const start = o;
  for (let i = from; i < to;) {
    const l = leaves + (i as usize) * WL_BYTES;
    const next = load<u32>(l, WL_END);
    const kind = load<u32>(l, WL_KIND);
    const present = kind != F_NULL && isPresent(l, row);
    if (!present && skipNulls) { i = next; continue; }
    const n = load<u32>(l, WL_NAME_LENGTH) as usize;
    copyShort(o, load<u32>(l, WL_NAME) as usize, n);
    o += n;
    if (!present) { store<u32>(o, 0x6c6c756e); o += 4; }
    else if (kind == F_I64) o = writeI64(o, load<i64>((load<u32>(l, WL_VALUES) as usize) + ((row as usize) << 3)));
    else if (kind == F_ROW) o = writeObject(w, o, i + 1, next, row);
    else o = writeScalar(w, o, l, kind, row);
    i = next;
  }
  if (o == start) o++;
  store<u8>(start, 0x7b); // where the first field's comma stands
  store<u8>(o, 0x7d);
  return o + 1;
}

function writeScalar(w: usize, o: usize, l: usize, kind: u32, row: u32): usize {
  const values = load<u32>(l, WL_VALUES) as usize;
  if (kind == F_STR) {
    const p = load<u32>(values + ((row as usize) << 3)) as usize;
    return writeQuoted(o, p, p + load<u32>(values + ((row as usize) << 3), 4), true);
  }
  let quoted = kind == F_BYTES || kind == F_DATE || kind == F_TIME || kind == F_TIMESTAMP || kind == F_LTZ;
  // JSON has no number for NaN and the infinities: Jackson quotes them
  if (kind == F_F64) {
    const v = load<f64>(values + ((row as usize) << 3));
    quoted = v - v != 0;
  } else if (kind == F_F32) {
    const v = load<f32>(values + ((row as usize) << 2));
    quoted = v - v != 0;
  }
  if (quoted) store<u8>(o++, 0x22);
  if (kind == F_BYTES) {
    const p = load<u32>(values + ((row as usize) << 3)) as usize;
    o = writeBase64(o, p, p + load<u32>(values + ((row as usize) << 3), 4));
  } else o = writeValue(o, l, row, load<u32>(w, W_ISO) != 0, load<u32>(w, W_PLAIN) != 0);
  if (quoted) store<u8>(o++, 0x22);
  return o;
}

/** Encodes the selected rows, a newline after each when `lines`, else a slice for each. Returns 1, or 0 without memory. */
export function jsonWrite(w: usize, batch: usize, lines: u32): u32 {
  writeBegin(w, batch);
  let slices: usize = 0;
  if (lines == 0) {
    slices = writeReserveSlices(w, batch);
    if (slices == 0) return 0;
  }
  const n = load<u32>(batch, BATCH_SEL_COUNT);
  const sel = load<u32>(batch, BATCH_SEL) as usize;
  const leaves = load<u32>(w, W_LEAVES);
  let used: usize = 0;
  for (let k: u32 = 0; k < n; k++) {
    const row = load<u32>(sel + ((k as usize) << 2));
    const buffer = writeReserve(w, row, used);
    if (buffer == 0) return 0;
    const start = buffer + used;
    let o = writeObject(w, start, 0, leaves, row);
    if (lines != 0) store<u8>(o++, 0x0a);
    else {
      store<u32>(slices + ((k as usize) << 3), used as u32); // an offset until the buffer stops moving
      store<u32>(slices + ((k as usize) << 3), (o - start) as u32, 4);
    }
    used = o - buffer;
  }
  const buffer = load<u32>(w, W_BUFFER);
  if (lines == 0) {
    for (let k: u32 = 0; k < n; k++) {
      const s = slices + ((k as usize) << 3);
      store<u32>(s, load<u32>(s) + buffer);
    }
  }
  store<u32>(w, used as u32, W_LENGTH);
  return 1;
}
