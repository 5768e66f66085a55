import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { AggregateCall, WindowAggregateConfig } from '#src/contract/nodes.js';
import { BIGINT, INT, STRING, TIMESTAMP } from '#src/types/logical.js';
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
