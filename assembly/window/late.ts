// Which rows of a batch are late: those older than what event time has ended before them.

/** A step of event time, 16 bytes: i32 number of the row after which it comes, i64 end of the slices that have passed from there on. */
const ST_ROW: usize = 0;
const ST_PASSED: usize = 8;

/**
 * Parts the selected rows, in ascending order, by the steps of event time between them: a row whose time lies before what has passed at its place goes
 * to `late`, the others to `onTime` (u32 row numbers, room for one more than `n` each). `times` are i64 by row number; the first step comes before all
 * rows. Returns the number of late rows.
 */
export function lateRows(times: usize, sel: usize, n: u32, steps: usize, count: u32, onTime: usize, late: usize): u32 {
  const last = steps + (((count - 1) as usize) << 4);
  let step = steps;
  let passed = load<i64>(step, ST_PASSED);
  let found: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    while (step < last && load<i32>(step + 16, ST_ROW) < (r as i32)) {
      step += 16;
      passed = load<i64>(step, ST_PASSED);
    }
    // both are written, one counts: no branch to guess
    store<u32>(onTime + (((i - found) as usize) << 2), r);
    store<u32>(late + ((found as usize) << 2), r);
    found += (load<i64>(times + ((r as usize) << 3)) < passed) as u32;
  }
  return found;
}
