// The program a Node developer writes first: JSON.parse and a Map. node node-json.mjs input.jsonl output.jsonl
// It counts views per ad and 10 s window of event time and fires a window when the watermark (newest event - 2 s) passes its end.
import { closeSync, openSync, readSync } from 'node:fs';
import { checksum, DELAY_MS, RowFile, WINDOW_MS } from './windows.mjs';

const [input, output] = process.argv.slice(2);
const chunk = Buffer.allocUnsafe(1 << 20);
const windows = new Map();
let newest = -Infinity;
let fireAt = Infinity;
let records = 0;
let late = 0;

const began = performance.now();
const sink = new RowFile(output);

function fire(watermark) {
  const due = [...windows.keys()].filter((w) => w + WINDOW_MS - 1 <= watermark).sort((a, b) => a - b);
  for (const w of due) {
    for (const [ad, views] of windows.get(w)) sink.add(ad, w, views);
    windows.delete(w);
  }
  fireAt = Infinity;
  for (const w of windows.keys()) fireAt = Math.min(fireAt, w + WINDOW_MS - 1);
}

function take(line) {
  const event = JSON.parse(line);
  records++;
  const time = event.event_time;
  if (event.event_type === 'view') {
    const w = time - (time % WINDOW_MS);
    let counts = windows.get(w);
    if (counts === undefined && w + WINDOW_MS - 1 <= newest - DELAY_MS) late++;
    else {
      if (counts === undefined) {
        counts = new Map();
        windows.set(w, counts);
        fireAt = Math.min(fireAt, w + WINDOW_MS - 1);
      }
      counts.set(event.ad_id, (counts.get(event.ad_id) ?? 0) + 1);
    }
  }
  if (time > newest) {
    newest = time;
    if (newest - DELAY_MS >= fireAt) fire(newest - DELAY_MS);
  }
}

const fd = openSync(input, 'r');
let kept = 0;
for (;;) {
  const n = readSync(fd, chunk, kept, chunk.length - kept, null);
  if (n === 0) break;
  const end = kept + n;
  const last = chunk.lastIndexOf(10, end - 1);
  if (last < 0) throw new Error('a line is longer than the buffer');
  const text = chunk.toString('utf8', 0, last + 1);
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    take(text.slice(at, newline));
    at = newline + 1;
  }
  chunk.copy(chunk, 0, last + 1, end);
  kept = end - last - 1;
}
if (kept > 0) take(chunk.toString('utf8', 0, kept));
closeSync(fd);
fire(Infinity);
sink.commit();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ records, seconds, late, ...checksum(output) }));
