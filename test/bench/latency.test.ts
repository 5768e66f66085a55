import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { SinkFigures } from '../../bench/latency/connector.js';
import { Histogram } from '../../bench/latency/histogram.js';
import { figuresOf, measureLatency } from '../../bench/latency/measure.js';

const dir = mkdtempSync(join(tmpdir(), 'millrace-latency-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('percentiles of the histogram are within a step of the exact ones', () => {
  const times = fc.array(fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 270_000_000_000 })), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.9, 0.99, 0.999, 1), (ns, share) => {
      const [a, b] = [new Histogram(), new Histogram()];
      ns.forEach((x, i) => (i % 3 === 0 ? a : b).record(x));
      a.add(b.data);
      const sorted = [...ns].sort((x, y) => x - y);
      const exact = sorted[Math.max(1, Math.ceil(share * ns.length)) - 1];
      const read = a.percentileNs(share);
      assert.equal(a.total, ns.length);
      assert.equal(a.maxNs, sorted.at(-1));
      assert.ok(read >= exact || read === a.maxNs, `${read} for ${exact}`);
      assert.ok(read <= exact * (1 + 1 / 128) + 128, `${read} for ${exact}`);
    }),
  );
});

/** Figures of a sink that sees `rate` records/ms and handles `capacity` of them: the backlog is the latency. */
function queue(rate: number, capacity: number): SinkFigures {
  const h = new Histogram();
  const intervals = Array.from({ length: 30 }, (_, k): [number, number, number] => {
    const waitNs = 1e6 + Math.max(0, k * 100 * (rate / capacity - 1)) * 1e6;
    for (let i = 0; i < 10; i++) h.record(waitNs);
    return [rate * 100, rate * 100 * waitNs, waitNs];
  });
  return { histogram: h.data, intervals };
}

test('a rate is sustainable while the latency does not grow', () => {
  assert.equal(figuresOf([queue(100, 120), queue(100, 101)], 1000).sustained, true);
  assert.equal(figuresOf([queue(120, 100)], 1000).sustained, false);
  assert.equal(figuresOf([queue(100, 120), queue(120, 80)], 1000).sustained, false);
});

for (const work of ['exchange', 'state'] as const) {
  test(`every record that was due is measured (${work})`, async () => {
    const f = await measureLatency({ rate: 5_000, seconds: 0.4, warmupSeconds: 0.2, work, parallelism: 2, bufferTimeoutMs: 0, dir });
    // 0.2 of 0.6 s are warm-up, counted from the first record a sink sees; the sources need not start together
    assert.ok(f.records > 1_900 && f.records < 3_000, `${f.records} records`);
    assert.ok(f.p50Ms > 0 && f.p50Ms <= f.p99Ms && f.p99Ms <= f.maxMs);
    assert.equal(f.spectrum.at(-1)?.[1], f.maxMs);
  });
}
