// The hand-tuned program on two threads. node node-scan-threads.mjs input.jsonl output.jsonl
// Each thread claims blocks in file order from a shared counter; the main thread adds up the two threads' counts of a window when both have passed it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Scanner } from './scanner.mjs';
import { DELAY_MS, RowFile, WINDOW_MS } from './windows.mjs';

const THREADS = 2;
const BLOCK = 1 << 20;
const SLACK = 1 << 16;

if (isMainThread) await main();
else work();

/** Starts the threads and, when all are up, the clock: start-up is not part of the rate. */
async function main() {
  const [input, output] = process.argv.slice(2);
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const sums = new Map();
  const passed = new Array(THREADS).fill(-Infinity);
  let records = 0;
  let late = 0;
  let began = 0;
  let sink;
  const emitUpTo = (watermark) => {
    for (const w of [...sums.keys()].filter((x) => x + WINDOW_MS - 1 <= watermark).sort((a, b) => a - b)) {
      for (const [ad, views] of sums.get(w)) sink.add(ad, w, views);
      sums.delete(w);
    }
  };
  const workers = Array.from({ length: THREADS }, () => new Worker(new URL(import.meta.url), { workerData: { input, shared } }));
  await Promise.all(workers.map((w) => new Promise((up) => w.once('message', up))));
  await Promise.all(
    workers.map(
      (w, i) =>
        new Promise((done, fail) => {
          w.on('error', fail);
          w.on('message', (m) => {
            for (const [ad, window, views] of m.rows) {
              if (!sums.has(window)) sums.set(window, new Map());
              const counts = sums.get(window);
              counts.set(ad, (counts.get(ad) ?? 0) + views);
            }
            passed[i] = m.watermark;
            emitUpTo(Math.min(...passed));
            if (m.watermark !== Infinity) return;
            records += m.records;
            late += m.late;
            done();
          });
          if (began === 0) {
            began = performance.now();
            sink = new RowFile(output);
          }
          w.postMessage('go');
        }),
    ),
  );
  emitUpTo(Infinity);
  sink.commit();
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(workers.map((w) => w.terminate()));
  console.log(JSON.stringify({ records, seconds, late }));
}

function work() {
  const { input, shared } = workerData;
  let rows = [];
  const scanner = new Scanner((ad, w, views) => rows.push([ad, w, views]));
  const chunk = Buffer.allocUnsafe(BLOCK + SLACK + 1);
  parentPort.postMessage('up');
  parentPort.once('message', () => {
    const fd = openSync(input, 'r');
    const size = fstatSync(fd).size;
    for (;;) {
      const from = Atomics.add(shared, 0, 1) * BLOCK;
      if (from >= size) break;
      block(fd, from, size);
      if (rows.length > 0) {
        parentPort.postMessage({ rows, watermark: scanner.newest - DELAY_MS });
        rows = [];
      }
    }
    closeSync(fd);
    scanner.fire(Infinity);
    parentPort.postMessage({ rows, watermark: Infinity, records: scanner.records, late: scanner.late });
  });

  /** Lines that begin in (from - 1, from + BLOCK): one byte before decides whether the first one does. */
  function block(fd, from, size) {
    const at = Math.max(0, from - 1);
    const n = readSync(fd, chunk, 0, Math.min(chunk.length - 1, size - at), at);
    const have = chunk.subarray(0, n);
    const start = from === 0 ? 0 : have.indexOf(10) + 1 || n;
    let end = have.indexOf(10, from + BLOCK - 1 - at) + 1 || n;
    if (end === n && chunk[n - 1] !== 10) chunk[end++] = 10;
    if (start < end) scanner.scan(chunk, start, end);
  }
}
