import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DISORDER_MS, shapeNames, writeAds } from '../../bench/data/ads.js';
import { ordersShapes, writeOrders } from '../../bench/data/orders.js';
import { outputRows } from '../../bench/lib/output.js';
import { peer } from '../../bench/lib/paths.js';
import { ratios } from '../../bench/lib/program.js';
import { median, spread } from '../../bench/lib/stats.js';

const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
after(() => rmSync(dir, { recursive: true, force: true }));

interface Event {
  ad_id: string;
  event_type: string;
  event_time: number;
}

/** The number of result rows and of views, counted without windows that fire. */
function expected(file: string): { rows: number; views: number; records: number } {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const counts = new Map<string, number>();
  for (const line of lines) {
    const e = JSON.parse(line) as Event;
    if (e.event_type !== 'view') continue;
    const key = `${e.ad_id}|${e.event_time - (e.event_time % 10_000)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { rows: counts.size, views: [...counts.values()].reduce((a, b) => a + b, 0), records: lines.length };
}

function run(program: string, input: string): { records: number; rows: number; checksum: string; late: number; views: number } {
  const output = join(dir, `${program}.jsonl`);
  const out = execFileSync(process.execPath, [peer(program), input, output], { encoding: 'utf8' });
  const views = readFileSync(output, 'utf8')
    .trim()
    .split('\n')
    .reduce((n, line) => n + (JSON.parse(line) as { view_count: number }).view_count, 0);
  return { ...(JSON.parse(out) as { records: number; late: number }), ...outputRows(output), views };
}

for (const shape of shapeNames) {
  test(`the peers agree on ads of the ${shape} shape`, () => {
    const input = join(dir, `${shape}.jsonl`);
    writeAds(input, 6_000, shape, 0.1); // a minute of event time
    const want = expected(input);
    const results = ['node-json.mjs', 'node-scan.mjs', 'node-scan-threads.mjs'].map((p) => run(p, input));
    for (const r of results) {
      assert.deepEqual({ rows: r.rows, views: r.views, records: r.records, late: r.late }, { ...want, late: 0 });
      assert.equal(r.checksum, results[0].checksum);
    }
  });
}

interface Order {
  user_id: number | string;
  amount: number;
  event_time: number;
}

for (const shape of ordersShapes) {
  test(`the peer that adds up orders of the ${shape} shape`, () => {
    const input = join(dir, `orders-${shape}.jsonl`);
    writeOrders(input, 6_000, shape, 0.1, 500);
    const totals = new Map<string, number[]>();
    for (const line of readFileSync(input, 'utf8').trim().split('\n')) {
      const o = JSON.parse(line) as Order;
      const key = JSON.stringify([o.user_id, o.event_time - (o.event_time % 10_000)]);
      totals.set(key, [...(totals.get(key) ?? []), o.amount]);
    }
    const want = [...totals].map(([key, amounts]) => {
      const [user, w] = JSON.parse(key) as [number | string, number];
      const start = new Date(w).toISOString().slice(0, 19).replace('T', ' ');
      return { user_id: user, window_start: start, orders: amounts.length, total: amounts.reduce((a, b) => a + b, 0), largest: Math.max(...amounts) };
    });
    const wanted = join(dir, `orders-${shape}-wanted.jsonl`);
    writeFileSync(wanted, want.map((r) => `${JSON.stringify(r)}\n`).join(''));
    const output = join(dir, `orders-${shape}-out.jsonl`);
    const said = JSON.parse(execFileSync(process.execPath, [peer('node-json-users.mjs'), input, output], { encoding: 'utf8' })) as Record<string, number>;
    assert.equal(said.records, 6_000);
    assert.equal(said.late, 0);
    assert.deepEqual(outputRows(output), outputRows(wanted));
    assert.ok(want.length > 2_500 && want.length < 5_500, `${want.length} rows`);
  });
}

test('outputs are compared as sets of lines', () => {
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  };
  const a = outputRows(file('rows-a', '{"x":1}\n{"x":2}\n{"x":2}\n'));
  assert.equal(a.rows, 3);
  assert.deepEqual(outputRows(file('rows-b', '{"x":2}\n{"x":1}\n{"x":2}\n')), a);
  assert.notDeepEqual(outputRows(file('rows-c', '{"x":2}\n{"x":1}\n{"x":1}\n')), a);
  assert.notDeepEqual(outputRows(file('rows-d', '{"x":3}\n{"x":0}\n{"x":2}\n')), a);
  mkdirSync(join(dir, 'parts'));
  file('parts/part-0', '{"x":2}\n{"x":1}\n');
  file('parts/part-1', '{"x":2}\n');
  file('parts/.part-2.inprogress', '{"x":9}\n');
  assert.deepEqual(outputRows(join(dir, 'parts')), a);
});

test('ads are the same in every run, and out of order by less than the watermark waits', () => {
  const [a, b] = ['a', 'b'].map((name) => join(dir, name));
  writeAds(a, 20_000, 'plain');
  writeAds(b, 20_000, 'plain');
  const text = readFileSync(a, 'utf8');
  assert.equal(text, readFileSync(b, 'utf8'));
  let newest = 0;
  let disorder = 0;
  for (const line of text.trim().split('\n')) {
    const { event_time } = JSON.parse(line) as Event;
    newest = Math.max(newest, event_time);
    disorder = Math.max(disorder, newest - event_time);
  }
  assert.ok(disorder > DISORDER_MS / 2 && disorder < DISORDER_MS, `${disorder} ms`);
  const bytes = text.length / 20_000;
  assert.ok(bytes > 240 && bytes < 250, `${bytes} bytes a record`);
});

test('medians and spreads', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(spread([2, 4, 3]), 2 / 3);
});

test('ratios are to peers with as many threads', () => {
  const rate = (name: string, r: number) => ({ name, rate: r });
  const text = ratios([rate('millrace 1 slot', 10), rate('millrace 2 slots', 18), rate('node', 5), rate('timely, 1 worker', 4), rate('timely, 2 workers', 9)]);
  assert.equal(text.trim(), '- millrace 1 slot: 2.00 x node, 2.50 x timely\n- millrace 2 slots: 2.00 x timely\n- two slots over one: 1.80 x');
  assert.equal(ratios([rate('node', 5)]), '');
});
