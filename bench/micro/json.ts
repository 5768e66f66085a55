// decodeLines and encodeLines of the json and csv formats: millions of records and GB a second by record shape. `node .build/bench/micro/json.js [shape...]`
import { performance } from 'node:perf_hooks';
import { INPUT_PAD } from '#abi';
import { Prng } from '#src/base/prng.js';
import { allocBatch } from '#src/batch/batch.js';
import type { Format } from '#src/contract/format.js';
import { format as csv } from '#src/format/csv.js';
import { format as json } from '#src/format/json.js';
import { BIGINT, DECIMAL, DOUBLE, STRING, TIMESTAMP, type Schema } from '#src/types/logical.js';
import { flatten } from '#src/types/leaf.js';
import { Engine } from '#src/wasm/engine.js';

const RECORDS = 50_000;
const SECONDS = 1.2;

const prng = new Prng(7);
const hex = (n: number): string => Array.from({ length: n }, () => prng.below(16).toString(16)).join('');
const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)];
const ids = Array.from({ length: 5000 }, uuid);

type Fields = [string, string][];
const ad = (): Fields => [
  ['user_id', `"${pick(ids)}"`],
  ['page_id', `"${pick(ids)}"`],
  ['ad_id', `"${pick(ids)}"`],
  ['ad_type', `"${pick(['banner', 'modal', 'sponsored-search', 'mail', 'mobile'])}"`],
  ['event_type', `"${pick(['view', 'click', 'purchase'])}"`],
  ['event_time', String(1700000000000 + prng.below(1e9))],
  ['ip_address', `"${prng.below(256)}.${prng.below(256)}.${prng.below(256)}.${prng.below(256)}"`],
];
const object = (f: Fields, gap = ''): string => `{${f.map(([k, v]) => `"${k}":${gap}${v}`).join(`,${gap}`)}}`;
const shuffle = (f: Fields): Fields => {
  for (let i = f.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [f[i], f[j]] = [f[j], f[i]];
  }
  return f;
};
/** Times go on as in a stream: a hundred records a second. */
let clock = 0;
const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
const user = (fraction: string): string =>
  `{"user_id":"u${prng.below(1000000)}","event_type":"${pick(['view', 'coupon_claim', 'buy'])}","amount":${prng.below(100000) / 100},"event_time":"2024-03-01 ${two(clock++ / 360000)}:${two((clock / 6000) % 60)}:${two((clock / 100) % 60)}${fraction}"}`;

const adSchema: Schema = {
  fields: [
    { name: 'ad_id', type: STRING() },
    { name: 'event_type', type: STRING() },
    { name: 'event_time', type: BIGINT() },
  ],
};
const userSchema: Schema = {
  fields: [
    { name: 'user_id', type: STRING() },
    { name: 'event_type', type: STRING() },
    { name: 'amount', type: DECIMAL(10, 2) },
    { name: 'event_time', type: TIMESTAMP(3) },
  ],
};
const doubleSchema: Schema = { fields: ['a', 'b', 'c', 'd'].map((name) => ({ name, type: DOUBLE() })) };

const shapes: Record<string, { schema: Schema; record: () => string; format?: Format; table?: Schema }> = {
  ads: { schema: adSchema, record: () => object(ad()) },
  shuffled: { schema: adSchema, record: () => object(shuffle(ad())) },
  optional: { schema: adSchema, record: () => object(ad().filter(([k]) => !['page_id', 'ad_type', 'ip_address'].includes(k) || prng.below(4) > 0)) },
  spaced: { schema: adSchema, record: () => object(ad(), ' ') },
  unicode: { schema: adSchema, record: () => object(ad().map(([k, v]) => [k, k === 'ad_type' ? '"Größe 日本"' : v])) },
  escapes: { schema: adSchema, record: () => object(ad().map(([k, v]) => [k, k === 'ad_type' ? '"a\\"b\\u00e9"' : v])) },
  wide: {
    schema: adSchema,
    record: () =>
      object([...ad(), ...Array.from({ length: 8 }, (_, i): [string, string] => [`f${i}`, String(prng.below(100000))]), ['tags', '["a","b",{"c":1}]']]),
  },
  users: { schema: userSchema, record: () => user(`.${String(prng.below(1000)).padStart(3, '0')}`) },
  csv: {
    schema: adSchema,
    record: () =>
      ad()
        .map(([, v]) => v.replaceAll('"', ''))
        .join(','),
    format: csv,
    table: { fields: ad().map(([name]) => ({ name, type: STRING() })) },
  },
  doubles: { schema: doubleSchema, record: () => object(['a', 'b', 'c', 'd'].map((k) => [k, String(prng.next() * 10 ** prng.below(6))])) },
};

function run(name: string): void {
  const { schema, record, format = json, table = schema } = shapes[name];
  const bytes = new TextEncoder().encode(`${Array.from({ length: RECORDS }, record).join('\n')}\n`);
  const engine = new Engine();
  const leaves = flatten(schema);
  const block = engine.alloc(bytes.length + 2 * INPUT_PAD);
  engine.u8.set(bytes, block + INPUT_PAD);
  const end = block + INPUT_PAD + bytes.length;
  const decoder = format.createDecoder(engine, {}, leaves, flatten(table));
  const batch = allocBatch(engine, leaves);
  let best = 0;
  let rows = 0;
  const stop = performance.now() + SECONDS * 1000;
  do {
    const t = performance.now();
    rows = 0;
    for (let at = block + INPUT_PAD; at < end; ) {
      batch.clear();
      at = decoder.decodeLines(at, end, batch);
      rows += batch.rows;
    }
    best = Math.max(best, rows / (performance.now() - t) / 1000);
  } while (performance.now() < stop);
  // the last batch again and again
  const encoder = format.createEncoder(engine, {}, leaves);
  let written = 0;
  const until = performance.now() + SECONDS * 300;
  do {
    const t = performance.now();
    for (let i = 0; i < 20; i++) encoder.encodeLines(batch);
    written = Math.max(written, (20 * batch.selCount) / (performance.now() - t) / 1000);
  } while (performance.now() < until);
  if (rows !== RECORDS) throw new Error(`${rows} rows`);
  const size = bytes.length / RECORDS;
  console.log(
    JSON.stringify({
      shape: name,
      bytesPerRecord: Math.round(size),
      millionsPerSecond: Number(best.toFixed(2)),
      gbPerSecond: Number(((best * size) / 1000).toFixed(2)),
      millionsPerSecondWritten: Number(written.toFixed(2)),
    }),
  );
}

for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(shapes)) run(name);
