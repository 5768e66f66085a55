// Kafka's RecordBatch format, magic 2 (kafka.apache.org/documentation/#recordbatch): batches one after another, big endian,
// records with zigzag varints. The cursor (KC_* in abi.ts) makes the scan resumable at any record. Input is never trusted: every
// length is compared with what encloses it before a byte is read, and damage ends in an error code with the offset, never a trap.
import {
  BATCH_V2_HEADER_BYTES, E_BATCH_CODEC, E_BATCH_CORRUPT, E_BATCH_MAGIC, ERR_ARG, ERR_CODE, ERR_LEN, ERR_PTR, ERR_ROW, KC_ATTRIBUTES, KC_BASE_OFFSET,
  KC_BASE_TIME, KC_BATCH, KC_BATCH_END, KC_CAPACITY, KC_CRC, KC_END, KC_EPOCH, KC_FLAGS, KC_FROM, KC_HEADERS, KC_KEYS, KC_LEFT, KC_NEXT, KC_NULLS,
  KC_OFFSETS, KC_PTR, KC_STATE, KC_TIMES, KC_TO, KC_VALUES, KF_CHECK_CRC, KF_KEEP_NULLS, KF_ONE_BATCH, KS_EMPTY, KS_MORE, KS_PARTIAL, KS_STOPPED,
} from "../abi";
import { crc32c } from "./crc32c";

const HEADER: usize = BATCH_V2_HEADER_BYTES as usize;
const ATTRIBUTE_CODEC: u32 = 7;
const ATTRIBUTE_LOG_APPEND_TIME: u32 = 8;
const ATTRIBUTE_CONTROL: u32 = 32;
/** A varint that does not end, or ends outside. */
const BAD: u64 = u64.MAX_VALUE;

/** A zigzag varint of at most 32 bits at [p, end): value << 8 | bytes taken (the value as u32 bits), or BAD. */
function varint(p: usize, end: usize): u64 {
  let raw: u32 = 0;
  let shift: u32 = 0;
  for (let n: u64 = 1; n <= 5; n++) {
    if (p >= end) return BAD;
    const b = load<u8>(p++) as u32;
    raw |= (b & 0x7f) << shift;
    if (b < 0x80) {
      if (n == 5 && b > 15) return BAD;
      const value = (raw >>> 1) ^ (0 - (raw & 1));
      return ((value as u64) << 8) | n;
    }
    shift += 7;
  }
  return BAD;
}

/** Bytes of the varint of at most 64 bits at [p, end), or 0. */
function varlongBytes(p: usize, end: usize): usize {
  for (let n: usize = 1; n <= 10; n++) {
    if (p >= end) return 0;
    const b = load<u8>(p++);
    if (b < 0x80) return n == 10 && b > 1 ? 0 : n;
  }
  return 0;
}

/** The zigzag varint of `bytes` bytes at p. */
function varlong(p: usize, bytes: usize): i64 {
  let raw: u64 = 0;
  for (let n: usize = 0; n < bytes; n++) raw |= ((load<u8>(p + n) & 0x7f) as u64) << ((n * 7) as u64);
  return (raw >>> 1) as i64 ^ (0 - (raw & 1) as i64);
}

function fail(code: u32, at: usize, length: usize, offset: i64): void {
  store<u32>(ERR_CODE, code);
  store<u32>(ERR_ROW, 0xffff_ffff);
  store<i64>(ERR_ARG, offset);
  store<u32>(ERR_PTR, at as u32);
  store<u32>(ERR_LEN, length as u32);
}

/** Opens the batch at KC_PTR. 1 = open, 0 = nothing whole is left (KC_STATE says which), 2 = passed over, -1 = error slot set. */
function openBatch(c: usize): i32 {
  const p = load<u32>(c, KC_PTR) as usize;
  const left = (load<u32>(c, KC_END) as usize) - p;
  if (left == 0) { store<u32>(c, KS_EMPTY, KC_STATE); return 0; }
  if (left < 17) { store<u32>(c, KS_PARTIAL, KC_STATE); return 0; }
  const base = bswap<i64>(load<i64>(p));
  const length = bswap<i32>(load<i32>(p, 8));
  const magic = load<u8>(p, 16);
  if (magic != 2) { fail(E_BATCH_MAGIC, p, 17, base); return -1; }
  if (length < <i32>(HEADER - 12) || base < 0) { fail(E_BATCH_CORRUPT, p, 17, base); return -1; }
  if ((length as usize) > left - 12) { store<u32>(c, KS_PARTIAL, KC_STATE); return 0; }
  const end = p + 12 + (length as usize);
  if ((load<u32>(c, KC_FLAGS) & KF_CHECK_CRC) != 0) {
    if (crc32c(load<u32>(c, KC_CRC) as usize, p + 21, end - p - 21) != bswap<u32>(load<u32>(p, 17))) { fail(E_BATCH_CORRUPT, p, end - p, base); return -1; }
  }
  const attributes = bswap<u16>(load<u16>(p, 21)) as u32;
  const lastDelta = bswap<i32>(load<i32>(p, 23));
  const count = bswap<i32>(load<i32>(p, 57));
  const next = base + (lastDelta as i64) + 1;
  if (lastDelta < 0 || count < 0 || next < base) { fail(E_BATCH_CORRUPT, p, HEADER, base); return -1; }
  if (base >= load<i64>(c, KC_TO)) { store<u32>(c, KS_STOPPED, KC_STATE); return 0; }
  if ((attributes & ATTRIBUTE_CONTROL) != 0 || count == 0 || next <= load<i64>(c, KC_FROM)) {
    store<u32>(c, end as u32, KC_PTR);
    store<i64>(c, next, KC_NEXT);
    return 2;
  }
  if ((attributes & ATTRIBUTE_CODEC) != 0) { fail(E_BATCH_CODEC, p, attributes & ATTRIBUTE_CODEC, base); return -1; }
  store<u32>(c, p as u32, KC_BATCH);
  store<u32>(c, end as u32, KC_BATCH_END);
  store<u32>(c, count, KC_LEFT);
  store<u32>(c, attributes, KC_ATTRIBUTES);
  store<i64>(c, base, KC_BASE_OFFSET);
  store<i64>(c, bswap<i64>(load<i64>(p + ((attributes & ATTRIBUTE_LOG_APPEND_TIME) != 0 ? 35 : 27))), KC_BASE_TIME);
  store<i32>(c, bswap<i32>(load<i32>(p, 12)), KC_EPOCH);
  store<u32>(c, (p + HEADER) as u32, KC_PTR);
  return 1;
}

/** Closes the open batch: its last offset is passed, with gaps that compaction left. Bytes after the last record are ignored. */
function closeBatch(c: usize): void {
  const batch = load<u32>(c, KC_BATCH) as usize;
  const end = load<u32>(c, KC_BATCH_END) as usize;
  const next = load<i64>(c, KC_BASE_OFFSET) + (bswap<i32>(load<i32>(batch, 23)) as i64) + 1;
  store<u32>(c, 0, KC_BATCH);
  store<u32>(c, end as u32, KC_PTR);
  store<i64>(c, next, KC_NEXT);
}

/**
 * Reads records of the cursor's region into its outputs, from KC_FROM up to KC_TO, at most KC_CAPACITY of them. Returns how many.
 * KC_STATE says how it ended. Damage is reported only by a call that gives nothing: records before it are handed out first.
 */
export function kafkaRecords(c: usize): u32 {
  const capacity = load<u32>(c, KC_CAPACITY);
  let n: u32 = 0;
  store<u32>(c, KS_MORE, KC_STATE);
  while (n < capacity) {
    if (load<u32>(c, KC_BATCH) == 0) {
      const r = openBatch(c);
      if (r == 2) continue;
      if (r < 0) { if (n != 0) store<u32>(ERR_CODE, 0); return n; }
      if (r == 0) return n;
    }
    n = readRecords(c, n, capacity);
    if (load<u32>(ERR_CODE) != 0) { if (n != 0) store<u32>(ERR_CODE, 0); return n; }
    if (load<u32>(c, KC_STATE) == KS_STOPPED) return n;
    if (n != 0 && (load<u32>(c, KC_FLAGS) & KF_ONE_BATCH) != 0) return n;
  }
  return n;
}

/** Records of the open batch. Returns the new count; on damage the error slot is set and the cursor stands before the bad record. */
function readRecords(c: usize, first: u32, capacity: u32): u32 {
  let n = first;
  let p = load<u32>(c, KC_PTR) as usize;
  let left = load<u32>(c, KC_LEFT);
  const batchEnd = load<u32>(c, KC_BATCH_END) as usize;
  const base = load<i64>(c, KC_BASE_OFFSET);
  const baseTime = load<i64>(c, KC_BASE_TIME);
  const from = load<i64>(c, KC_FROM);
  const to = load<i64>(c, KC_TO);
  const appendTime = (load<u32>(c, KC_ATTRIBUTES) & ATTRIBUTE_LOG_APPEND_TIME) != 0;
  const keepNulls = (load<u32>(c, KC_FLAGS) & KF_KEEP_NULLS) != 0;
  const values = load<u32>(c, KC_VALUES) as usize;
  const keys = load<u32>(c, KC_KEYS) as usize;
  const offsets = load<u32>(c, KC_OFFSETS) as usize;
  const times = load<u32>(c, KC_TIMES) as usize;
  const headers = load<u32>(c, KC_HEADERS) as usize;
  const lastDelta = bswap<i32>(load<i32>(load<u32>(c, KC_BATCH) as usize, 23));
  while (left != 0 && n < capacity) {
    // length
    let v = varint(p, batchEnd);
    const start = p + ((v & 0xff) as usize);
    const length = (v >> 8) as i32;
    if (v == BAD || length < 0 || (length as usize) > batchEnd - start) return damaged(c, p, n, left, batchEnd);
    const end = start + (length as usize);
    let q = start + 1; // attributes: none are defined
    // timestamp delta
    const timeBytes = varlongBytes(q, end);
    if (timeBytes == 0) return damaged(c, p, n, left, end);
    const time = appendTime ? baseTime : baseTime + varlong(q, timeBytes);
    q += timeBytes;
    // offset delta
    v = varint(q, end);
    const delta = (v >> 8) as i32;
    if (v == BAD || delta < 0 || delta > lastDelta) return damaged(c, p, n, left, end);
    q += (v & 0xff) as usize;
    const offset = base + (delta as i64);
    // key
    v = varint(q, end);
    if (v == BAD) return damaged(c, p, n, left, end);
    q += (v & 0xff) as usize;
    const keyLength = (v >> 8) as i32;
    const key = q;
    if (keyLength > 0) {
      if ((keyLength as usize) > end - q) return damaged(c, p, n, left, end);
      q += keyLength as usize;
    }
    // value
    v = varint(q, end);
    if (v == BAD) return damaged(c, p, n, left, end);
    q += (v & 0xff) as usize;
    const valueLength = (v >> 8) as i32;
    const value = q;
    if (valueLength > 0) {
      if ((valueLength as usize) > end - q) return damaged(c, p, n, left, end);
      q += valueLength as usize;
    }
    if (q >= end) return damaged(c, p, n, left, end); // the header count takes a byte
    if (headers != 0 && !headersFit(q, end)) return damaged(c, p, n, left, end);
    if (offset >= to) {
      store<u32>(c, p as u32, KC_PTR);
      store<u32>(c, left, KC_LEFT);
      store<i64>(c, to, KC_NEXT);
      store<u32>(c, KS_STOPPED, KC_STATE);
      return n;
    }
    p = end;
    left--;
    store<i64>(c, offset + 1, KC_NEXT);
    if (offset < from) continue;
    if (valueLength < 0 && !keepNulls) { store<u32>(c, load<u32>(c, KC_NULLS) + 1, KC_NULLS); continue; }
    const at = (n as usize) << 3;
    store<u32>(values + at, valueLength < 0 ? 0 : value as u32);
    store<u32>(values + at, valueLength < 0 ? 0 : valueLength, 4);
    if (keys != 0) {
      store<u32>(keys + at, keyLength < 0 ? 0 : key as u32);
      store<u32>(keys + at, keyLength < 0 ? 0 : keyLength, 4);
    }
    if (offsets != 0) store<i64>(offsets + at, offset);
    if (times != 0) store<i64>(times + at, time);
    if (headers != 0) {
      store<u32>(headers + at, q as u32);
      store<u32>(headers + at, (end - q) as u32, 4);
    }
    n++;
  }
  store<u32>(c, p as u32, KC_PTR);
  store<u32>(c, left, KC_LEFT);
  if (left == 0) closeBatch(c);
  return n;
}

/** The record at p is damaged: the cursor stays before it. */
function damaged(c: usize, p: usize, n: u32, left: u32, end: usize): u32 {
  store<u32>(c, p as u32, KC_PTR);
  store<u32>(c, left, KC_LEFT);
  const seen = load<i64>(c, KC_NEXT);
  const base = load<i64>(c, KC_BASE_OFFSET);
  fail(E_BATCH_CORRUPT, p, end > p ? end - p : 0, seen > base ? seen : base);
  return n;
}

/** Whether [q, end) is a count of headers and as many well-formed ones, exactly. */
function headersFit(q: usize, end: usize): bool {
  let v = varint(q, end);
  if (v == BAD) return false;
  let count = (v >> 8) as i32;
  if (count < 0) return false;
  q += (v & 0xff) as usize;
  for (; count > 0; count--) {
    v = varint(q, end);
    const keyLength = (v >> 8) as i32;
    if (v == BAD || keyLength < 0) return false;
    q += (v & 0xff) as usize;
    if ((keyLength as usize) > end - q) return false;
    q += keyLength as usize;
    v = varint(q, end);
    if (v == BAD) return false;
    q += (v & 0xff) as usize;
    const valueLength = (v >> 8) as i32;
    if (valueLength > 0) {
      if ((valueLength as usize) > end - q) return false;
      q += valueLength as usize;
    }
  }
  return q == end;
}
