import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRestorable, runOperator } from '#src/contract/harness.js';
import type { WindowAggregateConfig, WindowSpec } from '#src/contract/nodes.js';
import { operator } from '#src/window/aggregate.js';
import { event, rec, rising, spec, toInput } from './arbitrary.js';
import { CALLS, canonical, INPUT, model, OUTPUT } from './model.js';

const configOf = (window: WindowSpec): WindowAggregateConfig => ({
  window,
  time: 'rowtime',
  timeColumn: 6,
  timeZone: 'UTC',
  keys: [0],
  calls: CALLS,
  windowOutputs: ['start', 'end'],
});

test('windows of every kind give what a per-record model of Flink gives', () => {
  fc.assert(
    fc.property(spec, fc.array(event, { maxLength: 14 }), fc.constantFrom(1, 7, 64), (window, list, batchRows) => {
      const events = rising(list);
      const want = model(window, events);
      const got = runOperator(operator, configOf(window), toInput(events), { inputs: [INPUT], output: OUTPUT, batchRows });
      assert.deepEqual(canonical(got.rows), canonical(want.rows));
      assert.equal(got.counters.numLateRecordsDropped ?? 0, want.late);
    }),
    { numRuns: 150 },
  );
});

test('windows fire in the order of their ends', () => {
  fc.assert(
    fc.property(spec, fc.array(rec, { maxLength: 40 }), (window, rows) => {
      const got = runOperator(operator, configOf(window), toInput([{ rows }, { end: true }]), { inputs: [INPUT], output: OUTPUT });
      const ends = got.rows.map((r) => r.end as number);
      assert.deepEqual(
        ends,
        [...ends].sort((a, b) => a - b),
      );
    }),
    { numRuns: 60 },
  );
});

test('state restored after any event, in another number of subtasks, gives the same', () => {
  fc.assert(
    fc.property(spec, fc.array(event, { minLength: 1, maxLength: 8 }), (window, list) => {
      const events = toInput(rising(list));
      checkRestorable(operator, configOf(window), events, { inputs: [INPUT], output: OUTPUT, keys: [[0]] });
    }),
    { numRuns: 40 },
  );
});
