// The hand-tuned program on one thread. node node-scan.mjs input.jsonl output.jsonl
import { closeSync, openSync, readSync } from 'node:fs';
import { Scanner } from './scanner.mjs';
import { RowFile } from './windows.mjs';

const [input, output] = process.argv.slice(2);
const chunk = Buffer.allocUnsafe(1 << 20);
const began = performance.now();
const sink = new RowFile(output);
const scanner = new Scanner((ad, w, views) => sink.add(ad, w, views));
const fd = openSync(input, 'r');
let kept = 0;
for (;;) {
  const n = readSync(fd, chunk, kept, chunk.length - kept, null);
  if (n === 0) break;
  const end = kept + n;
  const last = chunk.lastIndexOf(10, end - 1);
  if (last < 0) throw new Error('a line is longer than the buffer');
  scanner.scan(chunk, 0, last + 1);
  chunk.copy(chunk, 0, last + 1, end);
  kept = end - last - 1;
}
if (kept > 0) {
  chunk[kept] = 10;
  scanner.scan(chunk, 0, kept + 1);
}
closeSync(fd);
scanner.fire(Infinity);
sink.commit();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ records: scanner.records, seconds, late: scanner.late }));
