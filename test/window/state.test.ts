import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { createBuilder } from '#src/batch/builder.js';
import type { AggregateCall, WindowAggregateConfig } from '#src/contract/nodes.js';
import type { Operator, OperatorSnapshot } from '#src/contract/operator.js';
import { BIGINT, TIMESTAMP } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { operator } from '#src/window/aggregate.js';

const input = [
  { path: ['k'], type: BIGINT() },
  { path: ['ts'], type: TIMESTAMP(3, false) },
];
const count: AggregateCall = { fn: 'countStar', distinct: false, type: BIGINT(false) };
const config: WindowAggregateConfig = {
  window: { type: 'tumble', sizeMs: 10, offsetMs: 0 },
  time: 'rowtime',
  timeColumn: 1,
  timeZone: 'UTC',
  keys: [0],
  calls: [count],
  windowOutputs: ['start'],
};

function make(changed: Partial<WindowAggregateConfig> = {}): { operator: Operator; engine: Engine } {
  const engine = new Engine();
  const output = [
    { path: ['k'], type: BIGINT() },
    ...(changed.calls ?? [count]).map((c, i) => ({ path: [`c${i}`], type: c.type })),
    { path: ['s'], type: TIMESTAMP(3, false) },
  ];
  const created = operator.create(
    { ...config, ...changed },
    {
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
    },
  );
  return { operator: created, engine };
}

function snapshotOf(): OperatorSnapshot {
  const { operator: op, engine } = make();
  const rows = createBuilder(engine, input);
  rows.append([7n, 3]);
  rows.append([7n, 5]);
  op.processBatch(rows.finish(), 0);
  op.processWatermark!(4n);
  return op.snapshot!();
}

const hex = (b: Uint8Array): string =>
  Buffer.from(b)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');

test("the state's bytes are those of the format's page", () => {
  const page = readFileSync(new URL('../../../docs/formats/window-state.md', import.meta.url), 'utf8');
  const fixture = /```hex\n([^`]*)```/.exec(page)![1].trim().split(/\s+/).join(' ');
  const s = snapshotOf();
  assert.equal(s.keyed.length, 1);
  assert.equal(`${hex(s.keyed[0].bytes)} ${hex(s.union[0])}`, fixture);
});

test('state of other calls, and damaged state, is refused', () => {
  const s = snapshotOf();
  const refused = (changed: Partial<WindowAggregateConfig>, state: OperatorSnapshot): void => {
    assert.throws(() => make(changed).operator.restore!(state), { code: 'STATE_INCOMPATIBLE' });
  };
  refused({ calls: [count, count] }, s);
  refused({ window: { type: 'session', gapMs: 5 } }, s);
  refused({ keys: [] }, s);
  const { group, bytes } = s.keyed[0];
  for (let cut = 0; cut < bytes.length; cut += 5) refused({}, { ...s, keyed: [{ group, bytes: bytes.slice(0, cut) }] });
  const rowCount = bytes.slice();
  rowCount[40] = 9;
  refused({}, { ...s, keyed: [{ group, bytes: rowCount }] });
  refused({}, { ...s, union: [new Uint8Array(16)] });
  make().operator.restore!(s);
});
