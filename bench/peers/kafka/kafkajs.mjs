// The kafkajs programs. node kafkajs.mjs in servers topic output.jsonl | through servers topic outTopic | out servers topic records | dump servers topic file whole|id
// `in` and `through` count views per ad and 10 s with JSON.parse and a Map and write them when the topic is read; `out` sends records of 150 bytes.
import kafkajs from 'kafkajs';
import { closeSync, openSync, writeSync } from 'node:fs';
import { RowFile, timestamp, WINDOW_MS } from '../windows.mjs';

const [mode, servers, topic, target, how] = process.argv.slice(2);
const kafka = new kafkajs.Kafka({ brokers: [servers], logLevel: kafkajs.logLevel.NOTHING });
const COUNT = 1000;

/** Reads a topic to its end: calls `take` for each message; resolves with the time from the first batch on, in seconds. */
async function readAll(take) {
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map((p) => [p.partition, BigInt(p.offset)]));
  await admin.disconnect();
  for (const [p, end] of ends) if (end === 0n) ends.delete(p);
  const consumer = kafka.consumer({ groupId: `bench-${process.pid}`, maxBytesPerPartition: 1 << 20 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let began;
  await new Promise((resolve, reject) => {
    if (ends.size === 0) resolve();
    consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: 2,
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          began ??= performance.now();
          for (const m of batch.messages) take(m.value);
          if (BigInt(batch.lastOffset()) + 1n >= (ends.get(batch.partition) ?? 0n)) ends.delete(batch.partition);
          if (ends.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  const stop = () => consumer.disconnect();
  return { began, stop };
}

async function countViews() {
  const windows = new Map();
  let records = 0;
  const { began, stop } = await readAll((value) => {
    const e = JSON.parse(value);
    records++;
    if (e.event_type !== 'view') return;
    const w = e.event_time - (e.event_time % WINDOW_MS);
    let ads = windows.get(w);
    if (ads === undefined) {
      ads = new Map();
      windows.set(w, ads);
    }
    ads.set(e.ad_id, (ads.get(e.ad_id) ?? 0) + 1);
  });
  return { windows, records, began, stop };
}

async function produce(make, records) {
  const producer = kafka.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const began = performance.now();
  for (let i = 0; i < records; i += COUNT) {
    const messages = [];
    for (let k = i; k < Math.min(records, i + COUNT); k++) messages.push({ value: make(k) });
    await producer.send({ topic: mode === 'through' ? target : topic, acks: -1, messages });
  }
  return { began, stop: () => producer.disconnect() };
}

if (mode === 'in' || mode === 'through') {
  const { windows, records, began, stop } = await countViews();
  let close = stop;
  if (mode === 'in') {
    const out = new RowFile(target);
    for (const [w, ads] of windows) for (const [ad, views] of ads) out.add(ad, w, views);
    out.commit();
  } else {
    const rows = [...windows].flatMap(([w, ads]) => [...ads].map(([ad, views]) => `{"ad_id":"${ad}","window_start":"${timestamp(w)}","view_count":${views}}`));
    const sent = await produce((k) => rows[k], rows.length);
    close = () => Promise.all([stop(), sent.stop()]);
  }
  const seconds = (performance.now() - began) / 1000;
  await close();
  console.log(JSON.stringify({ records, seconds }));
} else if (mode === 'out') {
  const filler = 'x'.repeat(123);
  const { began, stop } = await produce((k) => `{"id":${1_000_000 + k},"filler":"${filler}"}`, Number(target));
  const seconds = (performance.now() - began) / 1000;
  await stop();
  console.log(JSON.stringify({ records: Number(target), seconds }));
} else {
  const fd = openSync(target, 'w');
  let text = '';
  const { stop } = await readAll((value) => {
    const line = value.toString('latin1');
    text += `${how === 'id' ? line.slice(0, line.indexOf(',')) : line}\n`;
    if (text.length > 1 << 20) {
      writeSync(fd, text, null, 'latin1');
      text = '';
    }
  });
  writeSync(fd, text, null, 'latin1');
  closeSync(fd);
  await stop();
}
process.exit(0);
