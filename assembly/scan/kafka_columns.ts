// Kafka's metadata columns.

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
