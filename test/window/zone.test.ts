import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { WindowSpec } from '#src/contract/nodes.js';
import { BIGINT, STRING, TIMESTAMP, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { operator } from '#src/window/aggregate.js';

// Windows over TIMESTAMP_LTZ in Europe/Berlin across both clock changes of 2024. Recorded from Flink 2.3 (pipeline.auto-watermark-interval = 0,
// watermark = the time itself), rows as: key start end count, local time.
const ROWS: readonly (readonly [string, number])[] = [
  ['a', 1711846200000],
  ['a', 1711846799999],
  ['a', 1711846800000],
  ['a', 1711847400000],
  ['b', 1711845000000],
  ['a', 1711850400000],
  ['b', 1711846900000],
  ['a', 1711854000000],
  ['a', 1729987200000],
  ['a', 1729989000000],
  ['a', 1729990800000],
  ['b', 1729988500000],
  ['a', 1729992600000],
  ['c', 1729990700000],
  ['a', 1729994400000],
  ['c', 1729992500000],
  ['a', 1729998000000],
];
const FLINK: Readonly<Record<string, readonly string[]>> = {
  tumble: [
    'a 2024-03-31T01:30:00 2024-03-31T02:00:00 2',
    'a 2024-03-31T03:00:00 2024-03-31T03:30:00 2',
    'a 2024-03-31T04:00:00 2024-03-31T04:30:00 1',
    'a 2024-03-31T05:00:00 2024-03-31T05:30:00 1',
    'a 2024-10-27T02:00:00 2024-10-27T02:30:00 2',
    'b 2024-10-27T02:00:00 2024-10-27T02:30:00 1',
    'a 2024-10-27T02:30:00 2024-10-27T03:00:00 2',
    'c 2024-10-27T02:30:00 2024-10-27T03:00:00 1',
    'a 2024-10-27T03:00:00 2024-10-27T03:30:00 1',
    'a 2024-10-27T04:00:00 2024-10-27T04:30:00 1',
  ],
  tumble60: [
    'a 2024-03-31T01:00:00 2024-03-31T02:00:00 2',
    'a 2024-03-31T03:00:00 2024-03-31T04:00:00 2',
    'a 2024-03-31T04:00:00 2024-03-31T05:00:00 1',
    'a 2024-03-31T05:00:00 2024-03-31T06:00:00 1',
    'a 2024-10-27T02:00:00 2024-10-27T03:00:00 4',
    'b 2024-10-27T02:00:00 2024-10-27T03:00:00 1',
    'c 2024-10-27T02:00:00 2024-10-27T03:00:00 1',
    'a 2024-10-27T03:00:00 2024-10-27T04:00:00 1',
    'a 2024-10-27T04:00:00 2024-10-27T05:00:00 1',
  ],
  hop: [
    'a 2024-03-31T00:30:00 2024-03-31T02:00:00 2',
    'a 2024-03-31T01:00:00 2024-03-31T02:30:00 2',
    'a 2024-03-31T01:30:00 2024-03-31T03:00:00 2',
    'a 2024-03-31T02:00:00 2024-03-31T03:30:00 2',
    'a 2024-03-31T02:30:00 2024-03-31T04:00:00 2',
    'a 2024-03-31T03:00:00 2024-03-31T04:30:00 3',
    'b 2024-03-31T03:00:00 2024-03-31T04:30:00 1',
    'a 2024-03-31T03:30:00 2024-03-31T05:00:00 1',
    'a 2024-03-31T04:00:00 2024-03-31T05:30:00 2',
    'a 2024-03-31T04:30:00 2024-03-31T06:00:00 1',
    'a 2024-03-31T05:00:00 2024-03-31T06:30:00 1',
    'a 2024-10-27T01:00:00 2024-10-27T02:30:00 2',
    'b 2024-10-27T01:00:00 2024-10-27T02:30:00 1',
    'a 2024-10-27T01:30:00 2024-10-27T03:00:00 4',
    'b 2024-10-27T01:30:00 2024-10-27T03:00:00 1',
    'c 2024-10-27T01:30:00 2024-10-27T03:00:00 1',
    'b 2024-10-27T02:00:00 2024-10-27T03:30:00 1',
    'a 2024-10-27T02:00:00 2024-10-27T03:30:00 5',
    'c 2024-10-27T02:00:00 2024-10-27T03:30:00 2',
    'a 2024-10-27T02:30:00 2024-10-27T04:00:00 3',
    'c 2024-10-27T02:30:00 2024-10-27T04:00:00 1',
    'a 2024-10-27T03:00:00 2024-10-27T04:30:00 2',
    'a 2024-10-27T03:30:00 2024-10-27T05:00:00 1',
    'a 2024-10-27T04:00:00 2024-10-27T05:30:00 1',
  ],
  session: [
    'a 2024-03-31T01:50:00 2024-03-31T02:19:59.999 2',
    'a 2024-03-31T03:00:00 2024-03-31T03:30:00 2',
    'a 2024-03-31T04:00:00 2024-03-31T04:20:00 1',
    'a 2024-03-31T05:00:00 2024-03-31T05:20:00 1',
    'a 2024-10-27T02:00:00 2024-10-27T02:20:00 2',
    'b 2024-10-27T02:21:40 2024-10-27T02:41:40 1',
    'a 2024-10-27T02:30:00 2024-10-27T02:50:00 2',
    'c 2024-10-27T02:58:20 2024-10-27T03:18:20 1',
    'a 2024-10-27T03:00:00 2024-10-27T03:20:00 1',
    'a 2024-10-27T04:00:00 2024-10-27T04:20:00 1',
  ],
};
const MINUTE = 60_000;
const SPECS: Readonly<Record<string, WindowSpec>> = {
  tumble: { type: 'tumble', sizeMs: 30 * MINUTE, offsetMs: 0 },
  tumble60: { type: 'tumble', sizeMs: 60 * MINUTE, offsetMs: 0 },
  hop: { type: 'hop', sizeMs: 90 * MINUTE, slideMs: 30 * MINUTE, offsetMs: 0 },
  session: { type: 'session', gapMs: 20 * MINUTE },
};
const input = [
  { path: ['k'], type: STRING() },
  { path: ['ts'], type: TIMESTAMP_LTZ(3, false) },
];
const output = [
  { path: ['k'], type: STRING() },
  { path: ['n'], type: BIGINT(false) },
  { path: ['start'], type: TIMESTAMP(3, false) },
  { path: ['end'], type: TIMESTAMP(3, false) },
  { path: ['time'], type: TIMESTAMP_LTZ(3, false) },
];

/** Each record with the watermark Flink emits after it. */
function events(): HarnessEvent[] {
  let wm = Number.NEGATIVE_INFINITY;
  const out: HarnessEvent[] = [];
  for (const [k, ms] of ROWS) {
    out.push({ rows: [[k, ms]] });
    if (ms > wm) out.push({ watermark: ms });
    wm = Math.max(wm, ms);
  }
  return [...out, { end: true }];
}
const text = (ms: unknown): string => new Date(ms as number).toISOString().slice(0, -1).replace('.000', '');

for (const [name, window] of Object.entries(SPECS)) {
  test(`${name} windows follow local time over clock changes as Flink's do`, () => {
    const config = {
      window,
      time: 'rowtime',
      timeColumn: 1,
      timeZone: 'Europe/Berlin',
      keys: [0],
      calls: [{ fn: 'countStar', distinct: false, type: BIGINT(false) }],
      windowOutputs: ['start', 'end', 'rowtime'],
    } as const;
    const got = runOperator(operator, config, events(), { inputs: [input], output });
    assert.deepEqual(got.rows.map((r) => [r.k, text(r.start), text(r.end), String(r.n)].join(' ')).sort(), [...FLINK[name]].sort());
    for (const r of got.rows) {
      const local = new Date(r.time as number).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }).replace(' ', 'T');
      const lastMs = (r.end as number) - 1;
      const skipped = lastMs >= Date.UTC(2024, 2, 31, 2) && lastMs < Date.UTC(2024, 2, 31, 3);
      assert.equal(local, text(skipped ? lastMs + 60 * MINUTE : lastMs).slice(0, 19), 'the time attribute is the last millisecond of the window');
    }
  });
}
