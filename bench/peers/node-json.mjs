// The program a Node developer writes first: JSON.parse and a Map. node node-json.mjs input.jsonl output.jsonl
// It counts views per ad and 10 s window of event time and fires a window when the watermark (newest event - 2 s) passes its end.
import { eachLine } from './lines.mjs';
import { RowFile, Windows } from './windows.mjs';

const [input, output] = process.argv.slice(2);
const began = performance.now();
const sink = new RowFile(output);
const windows = new Windows((w, counts) => {
  for (const [ad, views] of counts) sink.add(ad, w, views);
});
eachLine(input, (line) => {
  const event = JSON.parse(line);
  const time = event.event_time;
  if (event.event_type === 'view') {
    const counts = windows.of(time);
    if (counts !== undefined) counts.set(event.ad_id, (counts.get(event.ad_id) ?? 0) + 1);
  }
  windows.saw(time);
});
windows.fire(Infinity);
sink.commit();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ records: windows.records, seconds, late: windows.late }));
