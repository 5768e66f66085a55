// Rows of a few hot keys, told by their hashes.

/**
 * Parts the selected rows into those whose hash is one of `hot` (u32, a multiple of four, 16-byte loads) and the others. Row numbers go to `hits` and
 * `misses`, the hits' hashes to `hitHashes`; all have room for one more than `n`. Returns the number of hits.
 */
export function splitHashes(hashes: usize, sel: usize, n: u32, hot: usize, count: u32, hits: usize, hitHashes: usize, misses: usize): u32 {
  let found: u32 = 0;
  const end = hot + ((count as usize) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    const hash = load<u32>(hashes + ((i as usize) << 2));
    const four = i32x4.splat(hash as i32);
    let same = i32x4.splat(0);
    for (let p = hot; p < end; p += 16) same = v128.or(same, i32x4.eq(four, v128.load(p)));
    // both are written, one counts: no branch to guess
    store<u32>(hits + ((found as usize) << 2), r);
    store<u32>(hitHashes + ((found as usize) << 2), hash);
    store<u32>(misses + (((i - found) as usize) << 2), r);
    found += v128.any_true(same) as u32;
  }
  return found;
}
