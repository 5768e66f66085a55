// Composite keys as bytes, and keys back to columns.
// Encoded key: u32 null bits by key column, u32 total length, one slot per column (8 bytes; 16 for I128; 0 for ROW), then string bytes.
// A string's slot is {u32 offset from the key's start, u32 length}. Slots of NULLs are zero, so equal keys are equal bytes.
import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_ROW, T_STR } from "../abi";
import { copyShort, gather64, zeroWords } from "../bytes";
import { wordAt } from "../hash";
import { isNullRow } from "./flat";
import { NULL_LENGTH, ROW_META, ROW_WORD } from "./table";

/** Descriptor of one key column, 16 bytes: u32 type, u32 values, u32 validity, u32 slot offset. */
const D_TYPE: usize = 0;
const D_VALUES: usize = 4;
const D_VALIDITY: usize = 8;
const D_SLOT: usize = 12;

// @ts-ignore: decorator
@inline
function isPresent(validity: usize, row: u32): bool {
  return validity == 0 || ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0;
}

/** Lengths of the encoded keys into refs[i].length; returns their sum, each rounded up to 8. */
export function keyMeasure(columns: usize, count: u32, fixedBytes: u32, sel: usize, n: u32, refs: usize): f64 {
  for (let i: u32 = 0; i < n; i++) store<u32>(refs + ((i as usize) << 3), fixedBytes, 4);
  for (let c: u32 = 0; c < count; c++) {
    const d = columns + ((c as usize) << 4);
    if (load<u32>(d, D_TYPE) != T_STR) continue;
    const values = load<u32>(d, D_VALUES) as usize;
    const validity = load<u32>(d, D_VALIDITY) as usize;
    for (let i: u32 = 0; i < n; i++) {
      const r = load<u32>(sel + ((i as usize) << 2));
      if (!isPresent(validity, r)) continue;
      const at = refs + ((i as usize) << 3);
      store<u32>(at, load<u32>(at, 4) + load<u32>(values + ((r as usize) << 3), 4), 4);
    }
  }
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) total += ((load<u32>(refs + ((i as usize) << 3), 4) + 7) & ~7) as u64;
  return total as f64;
}

/** Encodes the keys after keyMeasure into `buffer` and completes refs. */
export function keyEncode(columns: usize, count: u32, fixedBytes: u32, sel: usize, n: u32, refs: usize, buffer: usize): void {
  let p = buffer;
  for (let i: u32 = 0; i < n; i++) {
    const at = refs + ((i as usize) << 3);
    store<u32>(at, p as u32);
    zeroWords(p, fixedBytes);
    store<u32>(p, fixedBytes, 4); // where the next string goes; the total length in the end
    p += (load<u32>(at, 4) + 7) & ~7;
  }
  for (let c: u32 = 0; c < count; c++) {
    const d = columns + ((c as usize) << 4);
    const values = load<u32>(d, D_VALUES) as usize;
    const validity = load<u32>(d, D_VALIDITY) as usize;
    const slot = load<u32>(d, D_SLOT) as usize;
    switch (load<u32>(d, D_TYPE)) {
      case T_BOOL: putWords<u8>(values, validity, sel, n, refs, slot, c); break;
      case T_I8: putWords<i8>(values, validity, sel, n, refs, slot, c); break;
      case T_I16: putWords<i16>(values, validity, sel, n, refs, slot, c); break;
      case T_I32: putWords<i32>(values, validity, sel, n, refs, slot, c); break;
      case T_I64: putWords<i64>(values, validity, sel, n, refs, slot, c); break;
      case T_F32: putWords<f32>(values, validity, sel, n, refs, slot, c); break;
      case T_F64: putWords<f64>(values, validity, sel, n, refs, slot, c); break;
      default: putOthers(load<u32>(d, D_TYPE), values, validity, sel, n, refs, slot, c); break;
    }
  }
}

// @ts-ignore: decorator
@inline
export function putWords<T>(values: usize, validity: usize, sel: usize, n: u32, refs: usize, slot: usize, c: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    const key = load<u32>(refs + ((i as usize) << 3)) as usize;
    if (isPresent(validity, r)) store<u64>(key + slot, wordAt<T>(values, r));
    else store<u32>(key, load<u32>(key) | (1 << c));
  }
}

function putOthers(type: u32, values: usize, validity: usize, sel: usize, n: u32, refs: usize, slot: usize, c: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    const key = load<u32>(refs + ((i as usize) << 3)) as usize;
    if (!isPresent(validity, r)) {
      store<u32>(key, load<u32>(key) | (1 << c));
    } else if (type == T_STR) {
      const v = values + ((r as usize) << 3);
      const len = load<u32>(v, 4);
      const at = load<u32>(key, 4);
      store<u32>(key + slot, at);
      store<u32>(key + slot, len, 4);
      copyShort(key + at, load<u32>(v) as usize, len);
      store<u32>(key, at + len, 4);
    } else if (type == T_I128) {
      const v = values + ((r as usize) << 4);
      store<u64>(key + slot, load<u64>(v));
      store<u64>(key + slot, load<u64>(v, 8), 8);
    }
  }
}

/** {pointer, 16} for each selected value of an I128 column, by position; NULLs get length 0 and `validity` must be given to the find. */
export function keyRefs128(values: usize, n: u32, refs: usize): void {
  for (let r: u32 = 0; r < n; r++) {
    store<u32>(refs + ((r as usize) << 3), (values + ((r as usize) << 4)) as u32);
    store<u32>(refs + ((r as usize) << 3), 16, 4);
  }
}

// @ts-ignore: decorator
@inline
export function putBit(validity: usize, i: u32, present: bool): void {
  const at = validity + (i >> 3);
  const bit: u8 = 1 << ((i & 7) as u8);
  store<u8>(at, present ? load<u8>(at) | bit : load<u8>(at) & ~bit);
}

// @ts-ignore: decorator
@inline
export function putWord(type: u32, values: usize, i: u32, word: u64): void {
  switch (type) {
    case T_BOOL: case T_I8: store<u8>(values + i, word as u8); break;
    case T_I16: store<u16>(values + ((i as usize) << 1), word as u16); break;
    case T_I32: case T_F32: store<u32>(values + ((i as usize) << 2), word as u32); break;
    case T_I64: case T_F64: store<u64>(values + ((i as usize) << 3), word); break;
    default: break;
  }
}

/** Writes the keys of WORD or FLAT rows into rows 0..n-1 of a column of type `type`; NULLs clear their validity bit (validity 0: none are). */
export function keyWordsToColumn(rows: usize, n: u32, flat: bool, type: u32, values: usize, validity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + ((i as usize) << 2)) as usize;
    putWord(type, values, i, load<u64>(row, ROW_WORD));
    if (validity != 0) putBit(validity, i, flat ? !isNullRow(row) : load<u32>(row, ROW_META) == 0);
  }
}

/**
 * Writes the keys of selected rows as they stand in their own column: as keyWordsToColumn does with the rows' groups, but in the order of memory.
 * `copies` (1 or 2): how often each is written.
 */
export function keyWordsOfRows(type: u32, from: usize, fromValidity: usize, sel: usize, n: u32, copies: u32, values: usize, validity: usize): void {
  if (type == T_I64 && copies == 1) gather64(from, sel, n, values);
  else {
    for (let i: u32 = 0; i < n; i++) {
      const word = bitsAt(type, from, load<u32>(sel + ((i as usize) << 2)));
      for (let c: u32 = 0; c < copies; c++) putWord(type, values, i * copies + c, word);
    }
  }
  if (validity == 0) return;
  if (fromValidity == 0) {
    memory.fill(validity, 0xff, ((n * copies + 7) >> 3) as usize);
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const present = isPresent(fromValidity, load<u32>(sel + ((i as usize) << 2)));
    for (let c: u32 = 0; c < copies; c++) putBit(validity, i * copies + c, present);
  }
}

// @ts-ignore: decorator
@inline
function bitsAt(type: u32, values: usize, row: u32): u64 {
  const r = row as usize;
  switch (type) {
    case T_BOOL: case T_I8: return load<u8>(values + r) as u64;
    case T_I16: return load<u16>(values + (r << 1)) as u64;
    case T_I32: case T_F32: return load<u32>(values + (r << 2)) as u64;
    default: return load<u64>(values + (r << 3));
  }
}

/** The same for rows of a BYTES table with one STRING or I128 key. Strings stay views of the rows. */
export function keyBytesToColumn(rows: usize, n: u32, keyOffset: u32, type: u32, values: usize, validity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + ((i as usize) << 2)) as usize;
    const meta = load<u32>(row, ROW_META);
    if (type == T_STR) {
      store<u32>(values + ((i as usize) << 3), (row + keyOffset) as u32);
      store<u32>(values + ((i as usize) << 3), meta & ~NULL_LENGTH, 4);
    } else if (meta == 16) {
      store<u64>(values + ((i as usize) << 4), load<u64>(row + keyOffset));
      store<u64>(values + ((i as usize) << 4), load<u64>(row + keyOffset, 8), 8);
    }
    if (validity != 0) putBit(validity, i, meta != NULL_LENGTH);
  }
}

/** The same for key column number `c` of composite keys, whose slot is at `slot`. */
export function keyPartToColumn(rows: usize, n: u32, keyOffset: u32, slot: u32, c: u32, type: u32, values: usize, validity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const key = (load<u32>(rows + ((i as usize) << 2)) as usize) + keyOffset;
    const at = key + slot;
    if (type == T_STR) {
      store<u32>(values + ((i as usize) << 3), (key as u32) + load<u32>(at));
      store<u32>(values + ((i as usize) << 3), load<u32>(at, 4), 4);
    } else if (type == T_I128) {
      store<u64>(values + ((i as usize) << 4), load<u64>(at));
      store<u64>(values + ((i as usize) << 4), load<u64>(at, 8), 8);
    } else if (type != T_ROW) {
      putWord(type, values, i, load<u64>(at));
    }
    if (validity != 0) putBit(validity, i, ((load<u32>(key) >> c) & 1) == 0);
  }
}
