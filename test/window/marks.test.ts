import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import type { Batch } from '#src/batch/batch.js';
import { createBuilder } from '#src/batch/builder.js';
import { createReader } from '#src/batch/rows.js';
import { type HarnessEvent, runOperator } from '#src/contract/harness.js';
import { type LocalWindowAggregateConfig, PARTIALS, type WindowAggregateConfig, type WindowSpec } from '#src/contract/nodes.js';
import type { Operator, OperatorContext } from '#src/contract/operator.js';
import { ChainedOperator } from '#src/task/chain.js';
import { flatten } from '#src/types/leaf.js';
import { BIGINT, STRING, TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { operator as globalPhase } from '#src/window/aggregate.js';
import { localPhase } from '#src/window/local.js';
import { partialSchema } from '#src/window/partial-schema.js';
import { spec } from './arbitrary.js';

/** Batches whose watermarks stand between their rows, through a local phase and its receiver, against a model that takes record by record. */

const INPUT = [
  { path: ['k'], type: STRING() },
  { path: ['ts'], type: TIMESTAMP(3, false) },
];
const OUTPUT = [
  { path: ['k'], type: STRING() },
  { path: ['n'], type: BIGINT(false) },
  { path: ['start'], type: TIMESTAMP(3, false) },
];
type Sliced = Exclude<WindowSpec, { type: 'session' }>;
interface Row {
  readonly k: string;
  readonly ts: number;
  /** by how much the watermark rises behind the row */
  readonly rises: number | undefined;
}
const row: fc.Arbitrary<Row> = fc.record({
  k: fc.constantFrom('a', 'b', 'c'),
  ts: fc.integer({ min: -10, max: 90 }),
  rises: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined, freq: 2 }),
});

/** Rows that count, by window and key, and the number of late ones. `cap`: event time of another sender, which holds the receiver's back. */
function model(window: Sliced, batches: readonly (readonly Row[])[], cap: number): { counts: string[]; late: number } {
  const slide = window.type === 'hop' ? window.slideMs : window.sizeMs;
  const mod = (x: number): number => ((x % slide) + slide) % slide;
  const counts = new Map<string, number>();
  let [watermark, late] = [0, 0];
  for (const r of batches.flat()) {
    const now = Math.min(watermark, cap);
    let counted = false;
    for (let start = r.ts - mod(r.ts - window.offsetMs); start > r.ts - window.sizeMs; start -= slide) {
      if (start + window.sizeMs - 1 <= now) continue;
      counted = true;
      counts.set(`${r.k} ${start}`, (counts.get(`${r.k} ${start}`) ?? 0) + 1);
    }
    if (!counted) late++;
    watermark += r.rises ?? 0;
  }
  return { counts: [...counts].map(([k, n]) => `${k} ${n}`).sort(), late };
}

/** What a local phase sends, in order: rows (input 0), partial results (input 1), and watermarks where they stand. */
function throughLocal(config: LocalWindowAggregateConfig, batches: readonly (readonly Row[])[], many: boolean): { events: HarnessEvent[]; late: number } {
  const engine = new Engine();
  const events: HarnessEvent[] = [];
  const plan = (name: string): never => ({ nodeId: 0, uid: name, name, kind: 'test', config, inputs: [INPUT], output: INPUT, targets: [] }) as never;
  const record = (input: number): Operator => ({
    passesMarks: true,
    processBatch(batch: Batch): void {
      const reader = createReader(batch.leaves);
      reader.bind(batch);
      let mark = 0;
      for (let i = 0; i < batch.selCount; i++) {
        const at = engine.u32[(batch.sel >>> 2) + i];
        for (; mark < batch.markCount && (batch.markRow(mark) | 0) < at; mark++) events.push({ watermark: batch.markWatermark(mark) });
        events.push({ rows: [Object.values(structuredClone(reader.object(at))) as never], input });
      }
      for (; mark < batch.markCount; mark++) events.push({ watermark: batch.markWatermark(mark) });
      reader.release();
    },
    processWatermark: (w) => void (input === 0 && events.push({ watermark: w })),
  });
  const [head, main, side] = [new ChainedOperator(plan('local'), true), new ChainedOperator(plan('rows'), false), new ChainedOperator(plan('partials'), false)];
  main.operator = record(0);
  side.operator = record(1);
  head.addChild(undefined, { op: main, input: 0 });
  head.addChild(PARTIALS, { op: side, input: 0 });
  const ctx = {
    engine,
    inputs: [INPUT],
    output: INPUT,
    clock: systemClock,
    metrics: head.metrics ?? new MetricGroup(),
    out: head,
    parallelism: 2,
    name: 'local',
  };
  head.operator = localPhase({ groupsMax: many ? 0 : 1e9, trialRows: many ? 0 : 1e9, retryRows: 1e9 }).create(config, ctx as unknown as OperatorContext);
  head.watermark(0n);
  let watermark = 0n;
  const builder = createBuilder(engine, INPUT, { capacity: 64 });
  for (const rows of batches) {
    for (const r of rows) builder.append([r.k, r.ts]);
    const batch = builder.finish();
    let marks = 0;
    rows.forEach((r, i) => {
      if (r.rises === undefined) return;
      watermark += BigInt(r.rises);
      engine.u32[(batch.marks + 16 * marks) >>> 2] = i;
      engine.i64[(batch.marks + 16 * marks++ + 8) >>> 3] = watermark;
    });
    batch.markCount = marks;
    head.deliver(batch, 0);
    head.drain();
    batch.markCount = 0;
    builder.clear();
  }
  head.watermark(2n ** 63n - 1n);
  head.drain();
  events.push({ end: true });
  return { events, late: head.metrics.counters.get('numLateRecordsDropped')?.value ?? 0 };
}

for (const decides of [false, true]) {
  test(`rows late within their batch: a local phase that ${decides ? 'decides' : 'leaves it to the receiver'} gives what a record-by-record model gives`, () => {
    let late = 0;
    fc.assert(
      fc.property(
        spec.filter((s): s is Sliced => s.type !== 'session'),
        fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { maxLength: 4 }),
        fc.oneof(fc.constant(1e15), fc.integer({ min: 0, max: 100 })),
        fc.boolean(),
        (window, batches, cap, many) => {
          // where it decides nobody else brings rows: the receiver is behind, but what was late at the sender stays so
          const want = model(window, batches, decides ? 1e15 : cap);
          const config = {
            window,
            timeColumn: 1,
            timeZone: 'UTC',
            keys: [0],
            calls: [{ fn: 'countStar' as const, distinct: false, type: BIGINT(false) }],
            decides,
          };
          const local = throughLocal(config, batches, many);
          const capped = local.events.map((e) => ('watermark' in e && BigInt(e.watermark) < 2n ** 62n ? { watermark: Math.min(Number(e.watermark), cap) } : e));
          const global: WindowAggregateConfig = { ...config, time: 'rowtime', windowOutputs: ['start'] };
          const got = runOperator(globalPhase, global, capped, { inputs: [INPUT, flatten(partialSchema(INPUT, config))], output: OUTPUT, keys: [[0], [0]] });
          assert.deepEqual(got.rows.map((r) => `${r.k} ${Number(r.start)} ${Number(r.n)}`).sort(), want.counts);
          assert.equal((got.counters.numLateRecordsDropped ?? 0) + local.late, want.late);
          late += want.late;
        },
      ),
      { numRuns: 150 },
    );
    assert.ok(late > 100, `${late} late rows`);
  });
}
