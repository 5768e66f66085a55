// What every decoder carries: its options, the projected leaves, the arena of strings that are not views, and its counters.
// A context and its leaf descriptors are laid out in wasm memory and set up once by TypeScript through the functions below.
import {
  BATCH_HEADER_BYTES, COL_BYTES, COL_VALIDITY, COL_VALUES, E_MALFORMED, ERR_ARG, ERR_CODE, ERR_LEN, ERR_PTR, ERR_ROW, L_VALIDITY, L_VALUES, R_ENDS_EARLY, R_NONE,
  X_RECORD, X_RECORD_MAX, X_ROW, X_ROWS_MAX,
} from "../abi";
import { alloc, free } from "../memory";

export { X_RECORD, X_RECORD_MAX, X_ROW, X_ROWS_MAX };

export const X_LENIENT: usize = 0; // u32: bad fields become NULL, bad records are skipped
export const X_FAIL_MISSING: usize = 4; // u32
export const X_TS_FORM: usize = 8; // TS_*
export const X_REPORT: usize = 12; // u32: return at every skipped record
export const X_LEAVES: usize = 16; // number of leaves
export const X_LEAF: usize = 20; // -> leaf descriptors
export const X_ROOT: usize = 24; // format's own table (json: root object)
export const X_SKIPPED: usize = 28; // u32 since last taken
export const X_NULLED: usize = 32; // u32 since last taken
export const X_ARENA: usize = 36; // -> newest chunk { u32 next, u32 bytes }, 0 = none
export const X_ARENA_POS: usize = 40;
export const X_ARENA_END: usize = 44;
export const X_LINES: usize = 52; // u32: a newline ends the record
export const X_REASON: usize = 60; // R_*
export const X_FAIL_AT: usize = 64; // address of the trouble
export const X_BAD_LEAF: usize = 68; // leaf of the trouble
export const X_TEXT: usize = 72; // u32 pointer, u32 length of the last unescaped string
export const X_TEXT_LENGTH: usize = 76;
export const X_FLAGS: usize = 80; // of the last string or number
export const X_DECIMALS: usize = 84; // u32: Flink keeps floats of nested text as decimals
export const X_SEEN: usize = 88; // u32: number of the object, to count distinct fields
export const X_SHAPES: usize = 92; // json: -> learned shapes
export const X_OWN: usize = 96; // 32 bytes for the format (csv: its options; json: the timestamp cache)
export const X_STACK: usize = 128; // 512 bytes: nesting of skipped values
export const X_EMITTED: usize = 640; // json: u32 number of the emitted record reader in the table, 0 = none
export const X_EMITTED_LEFT: usize = 644; // u32 records it left to the graph, in part, since last taken; X_RECORD and X_ROWS_MAX follow
export const X_BYTES: u32 = 704;

export const L_KIND: usize = 8; // F_*
export const L_ARG: usize = 12;
export const L_AUX: usize = 16; // json: last descendant leaf + 1; csv: position in the record
export const L_BYTES: usize = 32;

const CHUNK_BYTES: u32 = 65536;

export function scanCreate(leaves: u32): usize {
  const x = alloc(X_BYTES);
  if (x == 0) return 0;
  memory.fill(x, 0, X_BYTES);
  const bytes = leaves * (L_BYTES as u32) + 64;
  const l = alloc(bytes);
  if (l == 0) return 0;
  memory.fill(l, 0, bytes);
  store<u32>(x, leaves, X_LEAVES);
  store<u32>(x, l as u32, X_LEAF);
  store<u32>(x, u32.MAX_VALUE, X_ROWS_MAX);
  return x;
}

export function scanOptions(x: usize, lenient: u32, failMissing: u32, tsForm: u32, decimals: u32, recordMax: u32): void {
  store<u32>(x, lenient, X_LENIENT);
  store<u32>(x, failMissing, X_FAIL_MISSING);
  store<u32>(x, tsForm, X_TS_FORM);
  store<u32>(x, decimals, X_DECIMALS);
  store<u32>(x, recordMax, X_RECORD_MAX);
}

export function scanLeaf(x: usize, i: u32, kind: u32, arg: u32, aux: u32): void {
  const l = leafOf(x, i);
  store<u32>(l, kind, L_KIND);
  store<u32>(l, arg, L_ARG);
  store<u32>(l, aux, L_AUX);
}

/** Address of a leaf's descriptor (L_VALUES, L_VALIDITY), which stays for the context's life. */
export function scanLeafAt(x: usize, i: u32): usize { return leafOf(x, i); }

export function scanReport(x: usize, on: u32): void { store<u32>(x, on, X_REPORT); }
export function scanTakeSkipped(x: usize): u32 { const n = load<u32>(x, X_SKIPPED); store<u32>(x, 0, X_SKIPPED); return n; }
export function scanTakeNulled(x: usize): u32 { const n = load<u32>(x, X_NULLED); store<u32>(x, 0, X_NULLED); return n; }
export function scanReason(x: usize): u32 { return load<u32>(x, X_REASON); }
export function scanFailAt(x: usize): u32 { return load<u32>(x, X_FAIL_AT); }
export function scanBadLeaf(x: usize): u32 { return load<u32>(x, X_BAD_LEAF); }

// @ts-ignore: decorator
@inline
export function leafOf(x: usize, i: u32): usize {
  return (load<u32>(x, X_LEAF) as usize) + (i as usize) * L_BYTES;
}

/** Points the leaves at the batch's columns. */
export function bindColumns(x: usize, batch: usize): void {
  const n = load<u32>(x, X_LEAVES);
  let l = load<u32>(x, X_LEAF) as usize;
  let c = batch + BATCH_HEADER_BYTES;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(l, load<u32>(c, COL_VALUES), L_VALUES);
    store<u32>(l, load<u32>(c, COL_VALIDITY), L_VALIDITY);
    l += L_BYTES;
    c += COL_BYTES;
  }
}

// @ts-ignore: decorator
@inline
export function setPresent(l: usize, row: u32): void {
  const a = (load<u32>(l, L_VALIDITY) as usize) + (row >> 3);
  store<u8>(a, load<u8>(a) | ((1 as u8) << ((row & 7) as u8)));
}

// @ts-ignore: decorator
@inline
export function setNull(l: usize, row: u32): void {
  const a = (load<u32>(l, L_VALIDITY) as usize) + (row >> 3);
  store<u8>(a, load<u8>(a) & ~((1 as u8) << ((row & 7) as u8)));
}

/** Makes leaves [from, to) of the row NULL. */
export function clearRow(x: usize, from: u32, to: u32, row: u32): void {
  for (let i = from; i < to; i++) setNull(leafOf(x, i), row);
}

/** Records why the current record is refused; returns 0, which every scanner passes up. */
export function refuse(x: usize, code: u32, reason: u32, at: usize): usize {
  if (code == E_MALFORMED && load<u32>(x, X_LINES) != 0 && load<u8>(at) == 0x0a) reason = R_ENDS_EARLY; // something was awaited where the line ends
  store<u32>(ERR_CODE, code);
  store<u32>(x, reason, X_REASON);
  store<u32>(x, at as u32, X_FAIL_AT);
  return 0;
}

/** Completes the error slot for a refused record. */
export function reportRecord(x: usize, start: usize, length: u32): void {
  store<u32>(ERR_ROW, load<u32>(x, X_ROW));
  store<i64>(ERR_ARG, load<u32>(x, X_BAD_LEAF) as i64);
  store<u32>(ERR_PTR, start as u32);
  store<u32>(ERR_LEN, length);
}

export function clearError(x: usize): void {
  store<u32>(ERR_CODE, 0);
  store<u32>(x, R_NONE, X_REASON);
}

/** Room for `bytes` bytes (and 16 more to write over) that live until the arena is reset; 0 with ERR_CODE set. */
export function arenaTake(x: usize, bytes: u32): usize {
  const need = (bytes + 16 + 15) & ~15;
  const pos = load<u32>(x, X_ARENA_POS);
  if (pos + need <= load<u32>(x, X_ARENA_END) && pos != 0) {
    store<u32>(x, pos + need, X_ARENA_POS);
    return pos as usize;
  }
  let size = CHUNK_BYTES;
  if (need + 16 > size) size = need + 16;
  const c = alloc(size);
  if (c == 0) return 0;
  store<u32>(c, load<u32>(x, X_ARENA));
  store<u32>(c, size, 4);
  store<u32>(x, c as u32, X_ARENA);
  store<u32>(x, (c + 16) as u32 + need, X_ARENA_POS);
  store<u32>(x, (c as u32) + size, X_ARENA_END);
  return c + 16;
}

/** Forgets every string of the arena; keeps one chunk. */
export function arenaReset(x: usize): void {
  let c = load<u32>(x, X_ARENA) as usize;
  if (c == 0) return;
  while (load<u32>(c) != 0) {
    const next = load<u32>(c) as usize;
    free(c, load<u32>(c, 4));
    c = next;
  }
  store<u32>(x, c as u32, X_ARENA);
  store<u32>(x, (c + 16) as u32, X_ARENA_POS);
  store<u32>(x, (c as u32) + load<u32>(c, 4), X_ARENA_END);
}
