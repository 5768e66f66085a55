// JSON.parse and a Map: orders, their sum and the largest per user and 10 s window of event time. node node-json-users.mjs input.jsonl output.jsonl
import { eachLine } from './lines.mjs';
import { RowFile, timestamp, Windows } from './windows.mjs';

const [input, output] = process.argv.slice(2);
const began = performance.now();
const sink = new RowFile(output);
const windows = new Windows((w, users) => {
  const start = timestamp(w);
  for (const [user, t] of users) {
    const key = typeof user === 'string' ? `"${user}"` : user;
    sink.line(`{"user_id":${key},"window_start":"${start}","orders":${t.orders},"total":${t.total},"largest":${t.largest}}`);
  }
});
eachLine(input, (line) => {
  const order = JSON.parse(line);
  const { event_time: time, user_id: user, amount } = order;
  const users = windows.of(time);
  if (users !== undefined) {
    const t = users.get(user);
    if (t === undefined) users.set(user, { orders: 1, total: amount, largest: amount });
    else {
      t.orders++;
      t.total += amount;
      if (amount > t.largest) t.largest = amount;
    }
  }
  windows.saw(time);
});
windows.fire(Infinity);
sink.commit();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ records: windows.records, seconds, late: windows.late }));
