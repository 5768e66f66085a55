import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricGroup } from '#src/base/metrics.js';
import { createBuilder } from '#src/batch/builder.js';
import type { Batch } from '#src/batch/batch.js';
import type { OperatorContext } from '#src/contract/operator.js';
import { TIMESTAMP } from '#src/types/logical.js';
import { WindowTime } from '#src/window/clock.js';
import { operator as lateFilter } from '#src/window/late-filter.js';
import { Lateness } from '#src/window/lateness.js';
import { floorTo, sliceSpecOf } from '#src/window/spec.js';
import { Engine } from '#src/wasm/engine.js';

const LEAVES = [{ path: ['ts'], type: TIMESTAMP(3, false) }];
interface Marked {
  readonly rows: readonly { ts: number; selected: boolean; mark: number | undefined }[];
}
const marked: fc.Arbitrary<Marked> = fc.record({
  rows: fc.array(
    fc.record({ ts: fc.integer({ min: -60, max: 120 }), selected: fc.boolean(), mark: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }) }),
    { minLength: 1, maxLength: 40 },
  ),
});

/** A batch of these rows; marks rise by what the rows say, from `watermark` on. Returns the last watermark. */
function fill(batch: Batch, { rows }: Marked, watermark: number): number {
  const { u32, i64 } = batch.engine;
  let [selected, marks, last] = [0, 0, watermark];
  rows.forEach((r, i) => {
    i64[(batch.values(0) >>> 3) + i] = BigInt(r.ts);
    if (r.selected) u32[(batch.sel >>> 2) + selected++] = i;
    if (r.mark === undefined) return;
    last += r.mark;
    u32[(batch.marks + 16 * marks) >>> 2] = i;
    i64[(batch.marks + 16 * marks++ + 8) >>> 3] = BigInt(last);
  });
  batch.rows = rows.length;
  batch.selCount = selected;
  batch.markCount = marks;
  return last;
}

const context = (engine: Engine, emit: (b: Batch) => void): OperatorContext =>
  ({ engine, inputs: [LEAVES], output: LEAVES, metrics: new MetricGroup(), out: { emit, emitSide: () => {} } }) as unknown as OperatorContext;

test('a row is late when the watermark before it has reached the end of its slice, batch after batch', () => {
  const engine = new Engine();
  const builder = createBuilder(engine, LEAVES, { capacity: 64 });
  const batch = builder.finish();
  let lateSeen = 0;
  fc.assert(
    fc.property(fc.array(marked, { maxLength: 4 }), fc.integer({ min: 1, max: 25 }), fc.integer({ min: -5, max: 5 }), (batches, sizeMs, offsetMs) => {
      const spec = sliceSpecOf({ type: 'tumble', sizeMs, offsetMs });
      const time = new WindowTime(
        { timeColumn: 0, timeZone: 'UTC' },
        context(engine, () => {}),
      );
      const lateness = new Lateness(engine, spec, time);
      let watermark = -20;
      let began = false;
      for (const b of batches) {
        let now = watermark;
        watermark = fill(batch, b, watermark);
        const late: number[] = [];
        const onTime: number[] = [];
        b.rows.forEach((r, i) => {
          if (r.selected) (began && floorTo(r.ts, sizeMs, offsetMs) + sizeMs - 1 <= now ? late : onTime).push(i);
          if (r.mark !== undefined) {
            now += r.mark;
            began = true;
          }
        });
        const n = lateness.split(batch, time.times(batch));
        const list = (ptr: number, k: number): number[] => [...engine.u32.subarray(ptr >>> 2, (ptr >>> 2) + k)];
        assert.deepEqual([list(lateness.late, n), list(lateness.onTime, batch.selCount - n)], [late, onTime]);
        lateSeen += n;
        if (began) lateness.passedEnd = lateness.endAt(BigInt(watermark));
      }
      lateness.close();
    }),
    { numRuns: 500 },
  );
  assert.ok(lateSeen > 100);
});

test('the filter of late rows passes the others with all marks, and counts', () => {
  const engine = new Engine();
  const batch = createBuilder(engine, LEAVES, { capacity: 64 }).finish();
  const seen: string[] = [];
  const ctx = context(engine, (b) => {
    const rows = Array.from({ length: b.selCount }, (_, i) => engine.i64[(b.values(0) >>> 3) + engine.u32[(b.sel >>> 2) + i]]);
    seen.push(`${rows.join()} | ${Array.from({ length: b.markCount }, (_, i) => b.markWatermark(i)).join()}`);
  });
  const filter = lateFilter.create({ window: { type: 'tumble', sizeMs: 10, offsetMs: 0 }, timeColumn: 0, timeZone: 'UTC' }, ctx);
  const row = (ts: number, mark?: number) => ({ ts, selected: true, mark });
  const last = fill(batch, { rows: [row(3), row(12, 9), row(4), row(15)] }, 0);
  filter.processBatch(batch, 0);
  assert.equal(batch.selCount, 4, 'the header is as it came');
  fill(batch, { rows: [row(9), row(10)] }, last);
  filter.processBatch(batch, 0);
  fill(batch, { rows: [row(9)] }, last);
  filter.processBatch(batch, 0);
  assert.deepEqual(seen, ['3,12,15 | 9', '10 | ']);
  assert.equal(ctx.metrics.counter('numLateRecordsDropped').value, 3);
});
