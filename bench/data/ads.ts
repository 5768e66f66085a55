import { bytes, copy, type Cursor, decimal, type Field, field as fieldOf, inputFile, oneOf, Random, uuids, type Write, writeRecords } from './records.js';

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
export const START_MS = 1_700_000_000_000;
export const EVENTS_PER_MS = 10;
export const DISORDER_MS = 2000;

/** An event time that grows by 1 ms every `eventsPerMs` records, each up to `DISORDER_MS` - 1 older than it could be. */
export const eventTime =
  (random: Random, cursor: Cursor, eventsPerMs: number): Write =>
  (out, at) =>
    decimal(out, at, START_MS + Math.floor(cursor.record / eventsPerMs) - random.below(DISORDER_MS), 13);

function fieldsOf(shape: Shape, random: Random, cursor: Cursor, eventsPerMs: number): Field[] {
  const escaped = shape === 'escapes';
  const adTypes = escaped
    ? ['"ban\\"ner"', '"m\\u006fdal"', '"sponsored \\\\ search"', '"größe"', '"\\ud83d\\ude00 mail"', '"mobile"']
    : ['"banner"', '"modal"', '"sponsored-search"', '"mail"', '"mobile"'];
  const addresses = Array.from({ length: 4096 }, () => {
    const ip = [0, 0, 0, 0].map(() => random.below(256)).join('.');
    return bytes(escaped && random.below(4) === 0 ? `"${ip}\\/24"` : `"${ip}"`);
  });
  const optional = (percent: number): number => (shape === 'optional' ? percent : 100);
  const colon = shape === 'spaced' ? ': ' : ':';
  const field = (name: string, write: Write, percent = 100): Field => fieldOf(name, write, percent, colon);
  const fields = [
    field('user_id', oneOf(random, uuids(random, USERS))),
    field('page_id', oneOf(random, uuids(random, PAGES)), optional(80)),
    field('ad_id', oneOf(random, uuids(random, ADS))),
    field('ad_type', oneOf(random, adTypes.map(bytes)), optional(90)),
    field('event_type', oneOf(random, ['"view"', '"click"', '"purchase"'].map(bytes))),
    field('event_time', eventTime(random, cursor, eventsPerMs)),
    field('ip_address', oneOf(random, addresses), optional(50)),
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

/** The file of `records` events in `shape`; made when it is not there. */
export const adsFile = (records: number, shape: Shape = 'plain'): string =>
  inputFile(shape === 'plain' ? `ads-${records}.jsonl` : `ads-${shape}-${records}.jsonl`, (path) => writeAds(path, records, shape));

/** `eventsPerMs` of event time: fewer events span more windows. */
export function writeAds(path: string, records: number, shape: Shape, eventsPerMs = EVENTS_PER_MS): void {
  const random = new Random(42);
  const cursor: Cursor = { record: 0 };
  const fields = fieldsOf(shape, random, cursor, eventsPerMs);
  writeRecords(path, records, { cursor, fields, comma: shape === 'spaced' ? ', ' : ',', random, shuffled: shape === 'shuffled' });
}
