import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DATA, ensure } from '../lib/paths.js';

/**
 * Ad events as JSON lines, about 245 bytes each in the plain shape: user_id, page_id, ad_id (UUIDs), ad_type, event_type (view, click, purchase),
 * event_time (ms), ip_address. 1,000 ads, 10,000 events per second of event time, each up to 1,999 ms older than the newest before it,
 * so that nothing is late under a watermark of 2 s. One seed: the same file every time.
 */
export type Shape = keyof typeof SHAPES;

const SHAPES = {
  plain: 'one key order, seven fields',
  shuffled: 'each record in its own key order',
  optional: 'page_id, ad_type and ip_address missing now and then',
  escapes: 'ad_type and ip_address with escapes and non-ASCII text',
  wide: 'sixteen fields, a nested object and an array among them',
  spaced: 'a blank after every colon and comma',
} as const;

export const shapeNames = Object.keys(SHAPES) as Shape[];

const ADS = 1000;
const USERS = 100_000;
const PAGES = 10_000;
const START_MS = 1_700_000_000_000;
const EVENTS_PER_MS = 10;
export const DISORDER_MS = 2000;
const FLUSH_BYTES = 8 << 20;
const RECORD_BYTES_MAX = 2048;

/** Mulberry32: a 32-bit generator, quick enough to make 250 MB/s of records. */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.u32() / 4294967296) * n);
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const HEX = bytes('0123456789abcdef');

/** Quoted version-4 UUIDs. */
function uuids(random: Random, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const out = new Uint8Array(38);
    let bits = 0;
    for (let i = 1, digit = 0; i < 37; i++) {
      if (i === 9 || i === 14 || i === 19 || i === 24) out[i] = 45;
      else {
        if (digit % 8 === 0) bits = random.u32();
        out[i] = HEX[bits & 15];
        bits >>>= 4;
        digit++;
      }
    }
    out[0] = 34;
    out[37] = 34;
    out[15] = 52;
    out[20] = 97;
    return out;
  });
}

/** Writes a value at `at` and returns the position after it. */
type Write = (out: Uint8Array, at: number) => number;

interface Field {
  readonly key: Uint8Array;
  readonly write: Write;
  /** percent of records that have the field */
  readonly percent: number;
}

function copy(out: Uint8Array, at: number, from: Uint8Array): number {
  for (let i = 0; i < from.length; i++) out[at + i] = from[i];
  return at + from.length;
}

function decimal(out: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    const next = Math.floor(rest / 10);
    out[at + i] = 48 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** The record number, from which the time of the event follows. */
interface Cursor {
  record: number;
  readonly eventsPerMs: number;
}

function fieldsOf(shape: Shape, random: Random, cursor: Cursor): Field[] {
  const oneOf =
    (values: readonly Uint8Array[]): Write =>
    (out, at) =>
      copy(out, at, values[random.below(values.length)]);
  const escaped = shape === 'escapes';
  const adTypes = escaped
    ? ['"ban\\"ner"', '"m\\u006fdal"', '"sponsored \\\\ search"', '"größe"', '"\\ud83d\\ude00 mail"', '"mobile"']
    : ['"banner"', '"modal"', '"sponsored-search"', '"mail"', '"mobile"'];
  const addresses = Array.from({ length: 4096 }, () => {
    const ip = [0, 0, 0, 0].map(() => random.below(256)).join('.');
    return bytes(escaped && random.below(4) === 0 ? `"${ip}\\/24"` : `"${ip}"`);
  });
  const time: Write = (out, at) => {
    const ms = START_MS + Math.floor(cursor.record / cursor.eventsPerMs) - random.below(DISORDER_MS);
    return decimal(out, at, ms, 13);
  };
  const optional = (percent: number): number => (shape === 'optional' ? percent : 100);
  const colon = shape === 'spaced' ? ': ' : ':';
  const field = (name: string, write: Write, percent = 100): Field => ({ key: bytes(`"${name}"${colon}`), write, percent });
  const fields = [
    field('user_id', oneOf(uuids(random, USERS))),
    field('page_id', oneOf(uuids(random, PAGES)), optional(80)),
    field('ad_id', oneOf(uuids(random, ADS))),
    field('ad_type', oneOf(adTypes.map(bytes)), optional(90)),
    field('event_type', oneOf(['"view"', '"click"', '"purchase"'].map(bytes))),
    field('event_time', time),
    field('ip_address', oneOf(addresses), optional(50)),
  ];
  if (shape === 'wide') fields.splice(3, 0, ...wideFields(random, field));
  return fields;
}

function wideFields(random: Random, field: (name: string, write: Write) => Field): Field[] {
  const number =
    (digits: number): Write =>
    (out, at) => {
      out[at] = 49 + random.below(9);
      return decimal(out, at + 1, random.below(10 ** (digits - 1)), digits - 1);
    };
  const constant = (text: string): Write => {
    const b = bytes(text);
    return (out, at) => copy(out, at, b);
  };
  return [
    field('campaign', number(6)),
    field('price', constant('12.3400')),
    field('browser', constant('"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"')),
    field('geo', constant('{"country":"DE","city":{"name":"Köln","zip":"50667"},"lat":50.94,"lon":-6.96}')),
    field('tags', constant('["a","b",["c",{"d":null}],true]')),
    field('consent', constant('true')),
    field('referrer', constant('null')),
    field('session', number(12)),
    field('sequence', number(4)),
  ];
}

function shuffle(order: number[], random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
}

/** The file of `records` events in `shape`; made when it is not there. */
export function adsFile(records: number, shape: Shape = 'plain'): string {
  const path = join(ensure(DATA), shape === 'plain' ? `ads-${records}.jsonl` : `ads-${shape}-${records}.jsonl`);
  if (!existsSync(path)) {
    const half = `${path}.part`;
    writeAds(half, records, shape);
    renameSync(half, path);
  }
  return path;
}

/** `eventsPerMs` of event time: fewer events span more windows. */
export function writeAds(path: string, records: number, shape: Shape, eventsPerMs = EVENTS_PER_MS): void {
  const random = new Random(42);
  const cursor: Cursor = { record: 0, eventsPerMs };
  const fields = fieldsOf(shape, random, cursor);
  const order = fields.map((_, i) => i);
  const comma = bytes(shape === 'spaced' ? ', ' : ',');
  const out = new Uint8Array(FLUSH_BYTES + RECORD_BYTES_MAX);
  const fd = openSync(path, 'w');
  let at = 0;
  for (; cursor.record < records; cursor.record++) {
    if (shape === 'shuffled') shuffle(order, random);
    out[at++] = 123;
    const start = at;
    for (let i = 0; i < order.length; i++) {
      const f = fields[order[i]];
      if (f.percent < 100 && random.below(100) >= f.percent) continue;
      if (at > start) at = copy(out, at, comma);
      at = f.write(out, copy(out, at, f.key));
    }
    out[at++] = 125;
    out[at++] = 10;
    if (at >= FLUSH_BYTES) {
      writeAll(fd, out, at);
      at = 0;
    }
  }
  writeAll(fd, out, at);
  closeSync(fd);
}

function writeAll(fd: number, data: Uint8Array, length: number): void {
  for (let at = 0; at < length; ) at += writeSync(fd, data, at, length - at);
}
