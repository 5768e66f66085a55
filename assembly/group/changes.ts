// From results before and after to rows of a changelog, as Flink's GroupAggFunction emits them.
import {
  GC_BYTES, GC_OUT, GC_OUT_TYPE, GC_OUT_VALIDITY, KIND_DELETE, KIND_INSERT, KIND_UPDATE_AFTER, KIND_UPDATE_BEFORE, T_BOOL, T_F32, T_F64, T_I128, T_I16, T_I32,
  T_I8, T_STR,
} from "../abi";
import { sameBytes } from "../table/find";

// @ts-ignore: decorator
@inline
function isSet(bits: usize, row: u32): bool { return ((load<u8>(bits + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0; }

/** Are rows `a` and a + 1 of a result column equal? NaN differs from itself, as in Flink's generated equaliser. */
function same(d: usize, a: u32): bool {
  const validity = load<u32>(d, GC_OUT_VALIDITY) as usize;
  if (validity != 0) {
    const present = isSet(validity, a);
    if (present != isSet(validity, a + 1)) return false;
    if (!present) return true;
  }
  const values = load<u32>(d, GC_OUT) as usize;
  const i = a as usize;
  switch (load<u32>(d, GC_OUT_TYPE)) {
    case T_BOOL: case T_I8: return load<u8>(values + i) == load<u8>(values + i, 1);
    case T_I16: return load<u16>(values + (i << 1)) == load<u16>(values + (i << 1), 2);
    case T_I32: return load<u32>(values + (i << 2)) == load<u32>(values + (i << 2), 4);
    case T_F32: return load<f32>(values + (i << 2)) == load<f32>(values + (i << 2), 4);
    case T_F64: return load<f64>(values + (i << 3)) == load<f64>(values + (i << 3), 8);
    case T_I128: return !v128.any_true(v128.xor(v128.load(values + (i << 4)), v128.load(values + (i << 4), 16)));
    case T_STR: {
      const v = values + (i << 3);
      return load<u32>(v, 4) == load<u32>(v, 12) && sameBytes(load<u32>(v) as usize, load<u32>(v, 8) as usize, load<u32>(v, 4));
    }
    default: return load<u64>(values + (i << 3)) == load<u64>(values + (i << 3), 8);
  }
}

/**
 * Chooses what leaves of `n` pairs of results: rows 2i (before) and 2i + 1 (after). `counter` holds the rows of the group before and after.
 * Writes row kinds and the selection; returns the number of selected rows.
 */
export function groupChanges(calls: usize, callCount: u32, counter: usize, n: u32, updateBefore: bool, kinds: usize, sel: usize): u32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const before = load<u64>(counter + ((i as usize) << 4));
    const after = load<u64>(counter + ((i as usize) << 4), 8);
    const a = i << 1;
    if (before == 0) {
      if (after == 0) continue;
      store<u8>(kinds + a, KIND_INSERT, 1);
      store<u32>(sel + ((m as usize) << 2), a + 1);
      m++;
      continue;
    }
    if (after == 0) {
      store<u8>(kinds + a, KIND_DELETE);
      store<u32>(sel + ((m as usize) << 2), a);
      m++;
      continue;
    }
    let equal = true;
    for (let c: u32 = 0; c < callCount && equal; c++) {
      const d = calls + (c as usize) * GC_BYTES;
      equal = load<u32>(d, GC_OUT) == 0 || same(d, a);
    }
    if (equal) continue;
    if (updateBefore) {
      store<u8>(kinds + a, KIND_UPDATE_BEFORE);
      store<u32>(sel + ((m as usize) << 2), a);
      m++;
    }
    store<u8>(kinds + a, KIND_UPDATE_AFTER, 1);
    store<u32>(sel + ((m as usize) << 2), a + 1);
    m++;
  }
  return m;
}

/** Row kinds of results after each of `n` rows when every row changes its group's: INSERT for the first of a group. */
export function groupUpserts(counter: usize, n: u32, kinds: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u8>(kinds + i, load<u64>(counter + ((i as usize) << 3)) == 1 ? KIND_INSERT : KIND_UPDATE_AFTER);
  }
}

/** Writes every group pointer twice: the rows of pairs. */
export function groupTwice(groups: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(groups + ((i as usize) << 2)) as u64;
    store<u64>(out + ((i as usize) << 3), g | (g << 32));
  }
}
