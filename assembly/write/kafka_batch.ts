// Writes records into Kafka RecordBatches (magic 2), one open batch per partition. The batch's header is written when it leaves.
import {
  KB_BUFFER, KB_BYTES, KB_CAPACITY, KB_COUNT, KB_FILLED, KB_FIRST_TIME, KB_HEADER, KB_MAX_TIME, KW_BYTES, KW_FIXED, KW_FULL, KW_HEADERS, KW_HEADER_VALIDITY, KW_KEYS, KW_KEY_VALIDITY, KW_NEED,
  KW_PARTITIONS, KW_STICKY, KW_TIMES, KW_TIME_VALIDITY,
} from "../abi";
import { copyShort } from "../bytes";
import { mapHeaders, mapHeadersBytes } from "../expr/map";

const M: u32 = 0x5bd1_e995;

/** Kafka's murmur2 (org.apache.kafka.common.utils.Utils), by which keys choose partitions. */
export function kafkaMurmur2(p: usize, length: u32): u32 {
  let h: u32 = 0x9747_b28c ^ length;
  const end4 = p + ((length & ~3) as usize);
  for (; p < end4; p += 4) {
    let k = load<u32>(p) * M;
    k ^= k >>> 24;
    h = (h * M) ^ (k * M);
  }
  const rest = length & 3;
  if (rest == 3) h ^= (load<u8>(p, 2) as u32) << 16;
  if (rest >= 2) h ^= (load<u8>(p, 1) as u32) << 8;
  if (rest >= 1) h = (h ^ (load<u8>(p) as u32)) * M;
  h ^= h >>> 13;
  h *= M;
  return h ^ (h >>> 15);
}

/** Bytes of an unsigned varint. */
// @ts-ignore: decorator
@inline
function uvarintBytes(v: u64): u32 { return (<u32>(63 - clz<u64>(v | 1))) / 7 + 1; }

/** Writes an unsigned varint; returns the pointer after it. */
function putUvarint(p: usize, v: u64): usize {
  while (v >= 0x80) {
    store<u8>(p++, <u8>(v | 0x80));
    v >>>= 7;
  }
  store<u8>(p, <u8>v);
  return p + 1;
}

// @ts-ignore: decorator
@inline
function zigzag(v: i64): u64 { return (v << 1) ^ (v >> 63); }

// @ts-ignore: decorator
@inline
function isPresent(validity: usize, row: usize): bool {
  return validity == 0 || ((load<u8>(validity + (row >> 3)) >> ((row & 7) as u8)) & 1) != 0;
}

/**
 * Appends records [first, count): values from `slices` (one at 0 is NULL), keys, timestamps and headers from the columns of the context at the rows `sel` names;
 * without a timestamp a record gets `now`. Stops before a record whose partition has no room (KW_FULL, KW_NEED). Returns how many it took.
 */
export function kafkaAppend(w: usize, slices: usize, first: u32, count: u32, sel: usize, now: i64): u32 {
  const partitions = load<u32>(w, KW_PARTITIONS);
  const sticky = load<u32>(w, KW_STICKY);
  const keyed = load<u32>(w, KW_FIXED) == 0;
  const keys = load<u32>(w, KW_KEYS) as usize;
  const keyValidity = load<u32>(w, KW_KEY_VALIDITY) as usize;
  const times = load<u32>(w, KW_TIMES) as usize;
  const timeValidity = load<u32>(w, KW_TIME_VALIDITY) as usize;
  const headerMaps = load<u32>(w, KW_HEADERS) as usize;
  const headerValidity = load<u32>(w, KW_HEADER_VALIDITY) as usize;
  for (let k = first; k < count; k++) {
    const row = load<u32>(sel + ((k as usize) << 2)) as usize;
    const value = load<u32>(slices + ((k as usize) << 3)) as usize;
    const valueLength = load<u32>(slices + ((k as usize) << 3), 4);
    const hasKey = keys != 0 && isPresent(keyValidity, row);
    const key = hasKey ? load<u32>(keys + (row << 3)) as usize : 0;
    const keyLength = hasKey ? load<u32>(keys + (row << 3), 4) : 0;
    const partition = hasKey && keyed ? (kafkaMurmur2(key, keyLength) & 0x7fff_ffff) % partitions : sticky;
    const b = w + KW_BYTES + (partition as usize) * KB_BYTES;
    const time = times != 0 && isPresent(timeValidity, row) ? load<i64>(times + (row << 3)) : now;
    const n = load<u32>(b, KB_COUNT);
    const delta = n == 0 ? 0 : zigzag(time - load<i64>(b, KB_FIRST_TIME));
    const keyVarint: u64 = hasKey ? (keyLength as u64) << 1 : 1; // -1 = no key
    const valueVarint: u64 = value == 0 ? 1 : (valueLength as u64) << 1; // -1 = no value: the key is gone
    const deltaVarint = (n as u64) << 1;
    const headers = headerMaps != 0 && isPresent(headerValidity, row) ? load<u32>(headerMaps + (row << 3)) as usize : 0;
    const headerBytes: u32 = headers == 0 ? 1 : mapHeadersBytes(headers); // a count of 0 is one byte, as the attributes are
    const body = 1 + headerBytes + uvarintBytes(delta) + uvarintBytes(deltaVarint) + uvarintBytes(keyVarint) + keyLength + uvarintBytes(valueVarint) + valueLength;
    const bytes = uvarintBytes((body as u64) << 1) + body;
    const filled = load<u32>(b, KB_FILLED);
    if (load<u32>(b, KB_BUFFER) == 0 || bytes > load<u32>(b, KB_CAPACITY) - filled) {
      store<u32>(w, partition, KW_FULL);
      store<u32>(w, bytes, KW_NEED);
      return k - first;
    }
    let p = putUvarint((load<u32>(b, KB_BUFFER) + filled) as usize, (body as u64) << 1);
    store<u8>(p, 0);
    p = putUvarint(p + 1, delta);
    p = putUvarint(p, deltaVarint);
    p = putUvarint(p, keyVarint);
    copyShort(p, key, keyLength as usize);
    p = putUvarint(p + (keyLength as usize), valueVarint);
    copyShort(p, value, valueLength as usize);
    p += valueLength as usize;
    if (headers == 0) store<u8>(p, 0);
    else mapHeaders(headers, p);
    store<u32>(b, filled + bytes, KB_FILLED);
    store<u32>(b, n + 1, KB_COUNT);
    if (n == 0) store<i64>(b, time, KB_FIRST_TIME);
    if (n == 0 || time > load<i64>(b, KB_MAX_TIME)) store<i64>(b, time, KB_MAX_TIME);
  }
  return count - first;
}
