// Kafka's metadata columns on the way in, and packed records on the way out.

/** Bytes before a record's key in a frame for the producer: i64 timestamp, i32 key length or -1, u32 value length. */
const SEND_HEADER: usize = 16;

/**
 * Packs records [first, count) for the producer at `dst`, as many as fit before `end`: values from `slices`, keys from the string
 * column `keys` and timestamps from the i64 column `times` (0 = none) at the rows `sel` names. Returns how many; their bytes are
 * stored as u32 at `packed`.
 */
export function kafkaPack(
  dst: usize, end: usize, slices: usize, first: u32, count: u32, sel: usize, keys: usize, keyValidity: usize, times: usize, timeValidity: usize, packed: usize,
): u32 {
  let p = dst;
  let k = first;
  for (; k < count; k++) {
    const row = load<u32>(sel + ((k as usize) << 2)) as usize;
    const value = load<u32>(slices + ((k as usize) << 3)) as usize;
    const valueLength = load<u32>(slices + ((k as usize) << 3), 4) as usize;
    const hasKey = keys != 0 && (keyValidity == 0 || ((load<u8>(keyValidity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0);
    const keyLength: usize = hasKey ? load<u32>(keys + (row << 3), 4) as usize : 0;
    if (SEND_HEADER + keyLength + valueLength > end - p) break;
    const hasTime = times != 0 && (timeValidity == 0 || ((load<u8>(timeValidity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0);
    store<i64>(p, hasTime ? load<i64>(times + (row << 3)) : i64.MIN_VALUE);
    store<i32>(p, hasKey ? keyLength as i32 : -1, 8);
    store<u32>(p, valueLength as u32, 12);
    p += SEND_HEADER;
    if (keyLength != 0) memory.copy(p, load<u32>(keys + (row << 3)) as usize, keyLength);
    memory.copy(p + keyLength, value, valueLength);
    p += keyLength + valueLength;
  }
  store<u32>(packed, (p - dst) as u32);
  return k - first;
}

/** dst[r] = src[index[r]] for 8-byte values: metadata columns of decoded rows. Sets the validity bits of rows [0, rows) when `validity` is not 0; nulls have a low word of 0 when `nullable`. */
export function kafkaGather(dst: usize, validity: usize, src: usize, index: usize, rows: u32, nullable: bool): void {
  for (let r: usize = 0; r < (rows as usize); r++) {
    const v = load<u64>(src + ((load<u32>(index + (r << 2)) as usize) << 3));
    store<u64>(dst + (r << 3), v);
    if (validity != 0 && !(nullable && (v as u32) == 0)) {
      const at = validity + (r >> 3);
      store<u8>(at, load<u8>(at) | ((1 as u8) << ((r & 7) as u8)));
    }
  }
}
