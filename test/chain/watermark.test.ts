import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import type { WatermarkConfig } from '#src/contract/nodes.js';
import { WatermarkAssigner } from '#src/time/assigner.js';
import type { Expr } from '#src/types/expr.js';
import { TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { hostFunctions } from '#src/wasm/host.js';
import { call, col, leavesOf, lit, makeBatch, openOperator, selectedRows, type Value, watermarkOperator } from '../wasm/support.js';

const TS = TIMESTAMP(3);
const minus5s: Expr = call('sub', TS, col(0, TS), lit(5000n, { root: 'INTERVAL_DAY_TIME', nullable: false }));
const config = (intervalMs: number, perSplit = false, idleTimeoutMs = 0): WatermarkConfig => ({
  rowtime: col(0, TS),
  watermark: minus5s,
  intervalMs,
  perSplit,
  idleTimeoutMs,
  timeZone: 'UTC',
});

/** Flink's WatermarkAssignerOperator, record by record. */
function model(times: bigint[], intervalMs: bigint, state: { current: bigint; last: bigint }): { afterRow: number; watermark: bigint }[] {
  const marks: { afterRow: number; watermark: bigint }[] = [];
  times.forEach((t, row) => {
    if (t - 5000n > state.current) state.current = t - 5000n;
    if (state.current - state.last > intervalMs && state.current > state.last) {
      state.last = state.current;
      marks.push({ afterRow: row, watermark: state.current });
    }
  });
  return marks;
}

test('marks stand where Flink emits watermarks, over batch boundaries', () => {
  const times = fc.array(
    fc.array(
      fc.bigInt(0n, 200n).map((t) => t * 100n),
      { maxLength: 20 },
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(times, fc.constantFrom(0, 100, 200, 3000), (batches, intervalMs) => {
      const leaves = leavesOf([TS]);
      const run = openOperator(watermarkOperator, config(intervalMs), leaves, leaves);
      const state = { current: 0n, last: 0n };
      for (const b of batches) {
        const before = run.emissions.length;
        run.op.processBatch(
          makeBatch(
            run.engine,
            leaves,
            b.map((t) => [t]),
          ),
          0,
        );
        const marks = run.emissions.slice(before).flatMap((e) => e.marks);
        assert.deepEqual(marks, model(b, BigInt(intervalMs), state));
      }
    }),
    { numRuns: 40 },
  );
});

test('a NULL rowtime fails after the rows before it', () => {
  const leaves = leavesOf([TS]);
  const run = openOperator(watermarkOperator, config(0), leaves, leaves);
  const batch = makeBatch(run.engine, leaves, [[10000n], [20000n], [null], [30000n]]);
  assert.throws(
    () => run.op.processBatch(batch, 0),
    (e: unknown) => e instanceof MillraceError && e.code === 'NULL_ROWTIME' && e.place.operator === 'test',
  );
  assert.deepEqual(
    run.emissions[0].rows.map((r) => r.values[0]),
    [10000n, 20000n],
  );
  assert.deepEqual(run.emissions[0].marks, [
    { afterRow: 0, watermark: 5000n },
    { afterRow: 1, watermark: 15000n },
  ]);
});

test('every interval of processing time the watermark that has advanced at all is emitted', () => {
  const leaves = leavesOf([TS]);
  const clock = new ManualClock(1000);
  const run = openOperator(watermarkOperator, config(200), leaves, leaves, clock);
  assert.deepEqual(run.timers, [1200]);
  run.op.processBatch(makeBatch(run.engine, leaves, [[5100n]]), 0);
  assert.deepEqual(run.emissions[0].marks, []);
  clock.advanceMs(200);
  run.op.processProcessingTime?.(1200);
  assert.deepEqual(run.emissions[1], { rows: [], marks: [{ afterRow: 0, watermark: 100n }] });
  run.op.processProcessingTime?.(1400);
  assert.equal(run.emissions.length, 2);
});

function assigner(intervalMs: number, idleTimeoutMs = 0) {
  const engine = new Engine();
  const clock = new ManualClock(0);
  const leaves = leavesOf([TS]);
  const c = config(intervalMs, true, idleTimeoutMs);
  const exports = engine.link(new WebAssembly.Module(watermarkOperator.emit(c, [leaves]) as BufferSource), hostFunctions(engine));
  const a = new WatermarkAssigner(engine, exports, c, clock, 'source');
  const feed = (split: number, times: Value[]): bigint[] => {
    const batch = makeBatch(
      engine,
      leaves,
      times.map((t) => [t]),
    );
    batch.split = split;
    const error = a.assign(batch);
    if (error !== undefined) throw error;
    assert.equal(selectedRows(batch).length, times.length);
    return Array.from({ length: batch.markCount }, (_, i) => batch.markWatermark(i));
  };
  return { a, clock, feed };
}

test('per split: the minimum over active splits, a new one holds it back, an idle or finished one does not', () => {
  const { a, clock, feed } = assigner(0, 1000);
  a.splitAdded(0);
  a.splitAdded(1);
  assert.deepEqual(feed(0, [10000n, 20000n]), []);
  assert.deepEqual(feed(1, [8000n, 12000n]), [3000n, 7000n]);
  assert.deepEqual(feed(1, [30000n, 40000n]), [15000n]);
  assert.equal(a.periodic(0), undefined);
  a.splitFinished(0);
  assert.equal(a.periodic(0), 35000n);
  a.splitAdded(2);
  assert.deepEqual(feed(1, [50000n]), []);
  clock.advanceMs(1000);
  feed(1, [50001n]);
  assert.equal(a.onIdle(1000), undefined);
  assert.equal(a.periodic(1000), 45001n);
  assert.equal(a.onIdle(2000), 'idle');
  assert.equal(a.onIdle(2001), undefined);
  assert.equal(a.idle, true);
  // a split that comes back late does not make the watermark go back
  assert.deepEqual(feed(2, [6000n]), []);
  assert.equal(a.idle, false);
  assert.equal(a.current, 45001n);
});

test('a snapshot carries the maxima of the splits', () => {
  const one = assigner(0);
  one.a.splitAdded(0);
  one.a.splitAdded(1);
  one.feed(0, [10000n]);
  one.feed(1, [20000n]);
  const two = assigner(0);
  two.a.restore(one.a.snapshot());
  assert.equal(two.a.current, 5000n);
  assert.deepEqual(two.feed(0, [30000n]), [15000n]);
});
