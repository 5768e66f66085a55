// Session windows: each key row holds the head of a list of its open sessions, which never touch each other. A row joins every session
// its own window [time, time + gap] touches; joined sessions become one. Late is a row that joins none and whose own window has fired
// (as Flink's merging windows decide).
//
// Session: f64 start, f64 end, u32 next, u32 key row, accumulators. A dead session has end = NaN and `next` names the one it went into.
import { tableBlob } from "../table/table";

const SES_START: usize = 0;
const SES_END: usize = 8;
const SES_NEXT: usize = 16;
const SES_KEY: usize = 20;

/** What one call of sessionAssign did, at `report`: u32 rows kept, created, merged pairs, late rows. */
const R_KEPT: usize = 0;
const R_CREATED: usize = 4;
const R_MERGED: usize = 8;
const R_LATE: usize = 12;

/** A session [start, end) of key row `key`, whose list head is at `head`. Zeroed accumulators. 0 = out of memory. */
export function sessionNew(t: usize, bytes: u32, key: usize, head: usize, start: f64, end: f64): usize {
  const s = tableBlob(t, bytes);
  if (s == 0) return 0;
  for (let p = s, stop = s + bytes; p < stop; p += 8) store<u64>(p, 0);
  store<f64>(s, start, SES_START);
  store<f64>(s, end, SES_END);
  store<u32>(s, load<u32>(head), SES_NEXT);
  store<u32>(s, key as u32, SES_KEY);
  store<u32>(head, s as u32);
  return s;
}

/**
 * Assigns `n` rows to sessions. keys[i]: key row of selected row sel[i], `head` the offset of its list; times: i64 by row number, or 0: all
 * are at `now`. Kept rows go to outSessions/outSel in order, new sessions to `created`, pairs to merge (in order) to mergeInto/mergeFrom.
 * `bytes` is the size of a session. false = out of memory.
 */
export function sessionAssign(
  t: usize, bytes: u32, keys: usize, head: u32, sel: usize, n: u32, times: usize, now: f64, gap: f64, progress: f64,
  outSessions: usize, outSel: usize, created: usize, mergeInto: usize, mergeFrom: usize, report: usize,
): bool {
  let kept: u32 = 0;
  let fresh: u32 = 0;
  let merged: u32 = 0;
  let late: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(sel + ((i as usize) << 2));
    const key = load<u32>(keys + ((i as usize) << 2)) as usize;
    const start: f64 = times == 0 ? now : (load<i64>(times + ((r as usize) << 3)) as f64);
    const end = start + gap;
    let into: usize = 0;
    let link = key + head;
    let s = load<u32>(link) as usize;
    while (s != 0) {
      const next = load<u32>(s, SES_NEXT) as usize;
      const sStart = load<f64>(s, SES_START);
      const sEnd = load<f64>(s, SES_END);
      if (sStart <= end && sEnd >= start) {
        if (into == 0) {
          into = s;
          if (start < sStart) store<f64>(s, start, SES_START);
          if (end > sEnd) store<f64>(s, end, SES_END);
        } else {
          if (sStart < load<f64>(into, SES_START)) store<f64>(into, sStart, SES_START);
          if (sEnd > load<f64>(into, SES_END)) store<f64>(into, sEnd, SES_END);
          store<u32>(link, next as u32);
          store<f64>(s, NaN, SES_END);
          store<u32>(s, into as u32, SES_NEXT);
          store<u32>(mergeInto + ((merged as usize) << 2), into as u32);
          store<u32>(mergeFrom + ((merged as usize) << 2), s as u32);
          merged++;
          s = next;
          continue;
        }
      }
      link = s + SES_NEXT;
      s = next;
    }
    if (into == 0) {
      if (end - 1 <= progress) {
        late++;
        continue;
      }
      into = sessionNew(t, bytes, key, key + head, start, end);
      if (into == 0) return false;
      store<u32>(created + ((fresh as usize) << 2), into as u32);
      fresh++;
    }
    store<u32>(outSessions + ((kept as usize) << 2), into as u32);
    store<u32>(outSel + ((kept as usize) << 2), r);
    kept++;
  }
  if (merged > 0) sessionResolve(outSessions, kept);
  store<u32>(report, kept, R_KEPT);
  store<u32>(report, fresh, R_CREATED);
  store<u32>(report, merged, R_MERGED);
  store<u32>(report, late, R_LATE);
  return true;
}

/** Replaces merged sessions by those they are part of now. */
export function sessionResolve(sessions: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    let s = load<u32>(sessions + ((i as usize) << 2)) as usize;
    while (load<f64>(s, SES_END) != load<f64>(s, SES_END)) s = load<u32>(s, SES_NEXT) as usize;
    store<u32>(sessions + ((i as usize) << 2), s as u32);
  }
}

/** Takes sessions off their keys' lists and marks them dead. */
export function sessionClose(sessions: usize, n: u32, head: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = load<u32>(sessions + ((i as usize) << 2)) as usize;
    let link: usize = (load<u32>(s, SES_KEY) as usize) + head;
    while ((load<u32>(link) as usize) != s) link = (load<u32>(link) as usize) + SES_NEXT;
    store<u32>(link, load<u32>(s, SES_NEXT));
    store<f64>(s, NaN, SES_END);
  }
}

/** The key rows of sessions. */
export function sessionKeys(sessions: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + ((i as usize) << 2), load<u32>(load<u32>(sessions + ((i as usize) << 2)) as usize, SES_KEY));
}

/** Starts (`what` 0), ends (1) or last milliseconds (2) of sessions as i64 values of rows 0..n-1. */
export function sessionTimes(sessions: usize, n: u32, what: u32, values: usize, validity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = load<u32>(sessions + ((i as usize) << 2)) as usize;
    const t: f64 = what == 0 ? load<f64>(s, SES_START) : what == 1 ? load<f64>(s, SES_END) : load<f64>(s, SES_END) - 1;
    store<i64>(values + ((i as usize) << 3), t as i64);
  }
  if (validity != 0) memory.fill(validity, 0xff, (n + 7) >> 3);
}
