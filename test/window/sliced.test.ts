import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { AggregateCall, WindowAggregateConfig } from '#src/contract/nodes.js';
import { BIGINT, INT, STRING, TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { operator } from '#src/window/aggregate.js';

const input = [
  { path: ['k'], type: STRING() },
  { path: ['v'], type: INT() },
  { path: ['ts'], type: TIMESTAMP(3, false) },
];
const output = [
  { path: ['k'], type: STRING() },
  { path: ['n'], type: BIGINT(false) },
  { path: ['s'], type: INT() },
  { path: ['start'], type: TIMESTAMP(3, false) },
  { path: ['end'], type: TIMESTAMP(3, false) },
];
const calls: AggregateCall[] = [
  { fn: 'countStar', distinct: false, type: BIGINT(false) },
  { fn: 'sum', arg: 1, distinct: false, type: INT() },
];
const config = (window: WindowAggregateConfig['window']): WindowAggregateConfig => ({
  window,
  time: 'rowtime',
  timeColumn: 2,
  timeZone: 'UTC',
  keys: [0],
  calls,
  windowOutputs: ['start', 'end'],
});

test('a tumbling window counts and sums by key', () => {
  const events: HarnessEvent[] = [
    {
      rows: [
        ['a', 1, 1000],
        ['b', 2, 2000],
        ['a', 3, 9999],
        ['a', null, 10000],
        [null, 7, 5],
      ],
    },
    { watermark: 9998 },
    { watermark: 9999 },
    {
      rows: [
        ['a', 5, 3],
        ['b', 5, 19999],
      ],
    },
    { end: true },
  ];
  const r = runOperator(operator, config({ type: 'tumble', sizeMs: 10000, offsetMs: 0 }), events, { inputs: [input], output });
  assert.deepEqual(r.rows, [
    { k: 'a', n: 2n, s: 4, start: 0, end: 10000 },
    { k: 'b', n: 1n, s: 2, start: 0, end: 10000 },
    { k: null, n: 1n, s: 7, start: 0, end: 10000 },
    { k: 'a', n: 1n, s: null, start: 10000, end: 20000 },
    { k: 'b', n: 1n, s: 5, start: 10000, end: 20000 },
  ]);
  assert.equal(r.counters.numLateRecordsDropped, 1);
});

test('hopping windows share slices, and negative times fall into the right ones', () => {
  const events: HarnessEvent[] = [
    {
      rows: [
        ['a', 1, -1],
        ['a', 2, 0],
        ['a', 4, 5000],
      ],
    },
    { end: true },
  ];
  const r = runOperator(operator, config({ type: 'hop', sizeMs: 10000, slideMs: 5000, offsetMs: 0 }), events, { inputs: [input], output });
  assert.deepEqual(
    r.rows.map((x) => [x.start, x.n, x.s]),
    [
      [-10000, 1n, 1],
      [-5000, 2n, 3],
      [0, 2n, 6],
      [5000, 1n, 4],
    ],
  );
});

const proctime = (window: WindowAggregateConfig['window']): WindowAggregateConfig => ({ ...config(window), time: 'proctime' });
const at = (processingTime: number): HarnessEvent => ({ processingTime });
const rowsAt = (...ks: string[]): HarnessEvent => ({ rows: ks.map((k) => [k, 1, 0]) });
const shown = (r: { rows: Record<string, unknown>[] }): string[] => r.rows.map((x) => `${x.start} ${x.end} ${x.k} ${x.n}`);
const options = { inputs: [input], output, keys: [[0]], startMs: 1000 };

test('processing-time windows fire by the clock; what is pending at the end stays unfired, as in Flink', () => {
  const events = [rowsAt('a', 'b'), at(9000), rowsAt('a'), at(9999), rowsAt('a'), at(10000), rowsAt('a'), at(35000), rowsAt('c'), { end: true } as const];
  const r = checkRestorable(operator, proctime({ type: 'tumble', sizeMs: 10000, offsetMs: 0 }), events, options);
  assert.deepEqual(shown(r), ['0 10000 a 3', '0 10000 b 1', '10000 20000 a 1']);
});

test('processing-time hops and sessions', () => {
  const events = [rowsAt('a'), at(4000), rowsAt('a'), at(7000), rowsAt('b'), at(40000), { end: true } as const];
  const hop = checkRestorable(operator, proctime({ type: 'hop', sizeMs: 4000, slideMs: 2000, offsetMs: 0 }), events, options);
  assert.deepEqual(
    shown(hop).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1)),
    ['-2000 2000 a 1', '0 4000 a 1', '2000 6000 a 1', '4000 8000 a 1', '4000 8000 b 1', '6000 10000 b 1'],
  );
  const session = checkRestorable(operator, proctime({ type: 'session', gapMs: 3500 }), events, options);
  assert.deepEqual(shown(session), ['1000 7500 a 2', '7000 10500 b 1']);
});

test('output comes a batch at a time, and memory goes back after each window', () => {
  const keys = Array.from({ length: 9000 }, (_, i) => `key ${i}`);
  const events: HarnessEvent[] = [];
  for (let w = 0; w < 6; w++) events.push({ rows: keys.map((k) => [k, w, w * 1000]) }, { watermark: w * 1000 });
  for (const window of [
    { type: 'tumble', sizeMs: 1000, offsetMs: 0 },
    { type: 'hop', sizeMs: 2000, slideMs: 1000, offsetMs: 0 },
    { type: 'session', gapMs: 500 },
  ] as const) {
    const r = runOperator(operator, config(window), [...events, { end: true }], { inputs: [input], output, batchRows: 1024 });
    assert.equal(r.rows.length, window.type === 'hop' ? 7 * 9000 : 6 * 9000);
    assert.equal(r.batchesPerCallMax, 1);
  }
});

test('long sessions keep their values while many short ones come and go', () => {
  const calls: AggregateCall[] = [
    { fn: 'countStar', distinct: false, type: BIGINT(false) },
    { fn: 'sum', arg: 1, distinct: true, type: INT() },
  ];
  const events: HarnessEvent[] = [];
  for (let step = 0; step < 9; step++) {
    const rows: unknown[][] = [];
    for (let i = 0; i < 10; i++) rows.push([`long ${i}`, (step % 3) + i, step * 1000]);
    for (let i = 0; i < 3000; i++) rows.push([`short ${step} ${i}`, i, step * 1000 + (i % 1000)]);
    events.push({ rows: rows as object[] }, { watermark: step * 1000 - 1 });
  }
  const r = runOperator(operator, { ...config({ type: 'session', gapMs: 1500 }), calls }, [...events, { end: true }], {
    inputs: [input],
    output,
    batchRows: 500,
  });
  assert.equal(r.rows.length, 10 + 9 * 3000);
  for (let i = 0; i < 10; i++) {
    const long = r.rows.find((x) => x.k === `long ${i}`);
    assert.deepEqual(long, { k: `long ${i}`, n: 9n, s: 3 + 3 * i, start: 0, end: 9500 });
  }
});

test('a watermark matters only when it passes the end of a window', () => {
  const engine = new Engine();
  const op = operator.create(config({ type: 'hop', sizeMs: 10000, slideMs: 5000, offsetMs: 1 }), {
    engine,
    out: { emit: () => undefined, emitSide: () => undefined },
    inputs: [input],
    output,
    emitted: {},
    clock: new ManualClock(),
    metrics: new MetricGroup(),
    name: 'w',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    options: {},
    closures: [],
    registerProcessingTimer: () => undefined,
    hold: () => undefined,
  });
  assert.equal(op.watermarkMatters!(-(2n ** 63n)), false);
  assert.equal(op.watermarkMatters!(100n), true);
  op.processWatermark!(100n);
  assert.equal(op.watermarkMatters!(4999n), false);
  assert.equal(op.watermarkMatters!(5000n), true);
});

test('a session that took one in and goes into a third brings all DISTINCT values along', () => {
  const calls: AggregateCall[] = [
    { fn: 'countStar', distinct: false, type: BIGINT(false) },
    { fn: 'sum', arg: 1, distinct: true, type: INT() },
  ];
  const one = [
    ['a', 1, 0],
    ['a', 2, 23],
  ];
  const two = [
    ['a', 4, 1],
    ['a', 8, -23],
    ['a', 16, -1],
  ];
  const r = runOperator(operator, { ...config({ type: 'session', gapMs: 22 }), calls }, [{ rows: one }, { rows: two }, { end: true }], {
    inputs: [input],
    output,
  });
  assert.deepEqual(r.rows, [{ k: 'a', n: 5n, s: 31, start: -23, end: 45 }]);
});
