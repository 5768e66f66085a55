import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { GlobalWindowAggregateConfig, LocalWindowAggregateConfig, WindowSpec } from '#src/contract/nodes.js';
import { BIGINT, type LogicalType, STRING, STRING_LENGTH, TIMESTAMP } from '#src/types/logical.js';
import { operator as globalPhase } from '#src/window/global.js';
import { operator as localPhase } from '#src/window/local.js';
import { event, rising, spec, toInput } from './arbitrary.js';
import { CALLS, canonical, INPUT, model } from './model.js';

type Sliced = Exclude<WindowSpec, { type: 'session' }>;
const BYTES: LogicalType = { root: 'VARBINARY', length: STRING_LENGTH, nullable: false };
const calls = CALLS.filter((c) => !c.distinct);
const between = [
  { path: ['k'], type: STRING() },
  { path: ['acc'], type: BYTES },
  { path: ['end'], type: BIGINT(false) },
];
const output = [
  { path: ['k'], type: STRING() },
  ...CALLS.flatMap((c, i) => (c.distinct ? [] : [{ path: [`c${i}`], type: c.type }])),
  { path: ['start'], type: TIMESTAMP(3, false) },
  { path: ['end'], type: TIMESTAMP(3, false) },
];
const local = (window: Sliced): LocalWindowAggregateConfig => ({ window, timeColumn: 6, timeZone: 'UTC', keys: [0], calls });
const global = (window: Sliced): GlobalWindowAggregateConfig => ({
  window,
  timeZone: 'UTC',
  keys: [0],
  calls,
  inputTypes: INPUT.map((l) => l.type),
  windowOutputs: ['start', 'end'],
});

/** What the local phase sends after each event, with the watermark behind it. */
function throughLocal(window: Sliced, events: readonly HarnessEvent[], every?: number): HarnessEvent[] {
  const out: HarnessEvent[] = [];
  let sent = 0;
  events.forEach((e, i) => {
    const { rows } = runOperator(
      localPhase,
      local(window),
      events.slice(0, i + 1),
      { inputs: [INPUT], output: between },
      every === undefined ? undefined : { every },
    );
    if (rows.length > sent) out.push({ rows: rows.slice(sent) });
    sent = rows.length;
    if (!('rows' in e)) out.push(e);
  });
  return out;
}

test('two phases give what one gives, whatever is restored on the way', () => {
  fc.assert(
    fc.property(
      spec.filter((s): s is Sliced => s.type !== 'session'),
      fc.array(event, { maxLength: 8 }),
      fc.constantFrom(undefined, 1, 2),
      (window, list, every) => {
        const events = rising(list);
        const want = model(window, events);
        const got = checkRestorable(globalPhase, global(window), throughLocal(window, toInput(events), every), { inputs: [between], output, keys: [[0]] });
        const plain = want.rows.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => k !== 'c3' && k !== 'c4')));
        assert.deepEqual(canonical(got.rows), canonical(plain));
        assert.equal((got.counters.numLateRecordsDropped ?? 0) > 0, want.late > 0);
      },
    ),
    { numRuns: 60 },
  );
});

test('the local phase waits for the end of a slice, and says which watermarks matter', () => {
  const window = { type: 'tumble', sizeMs: 10, offsetMs: 0 } as const;
  const row = (k: string, ts: number): unknown[] => [k, 1, null, null, 'text', null, ts];
  const sent = (events: HarnessEvent[]): unknown[] =>
    runOperator(localPhase, local(window), events, { inputs: [INPUT], output: between }).rows.map((r) => `${r.k} ${r.end}`);
  assert.deepEqual(sent([{ rows: [row('a', 3), row('b', 12), row('a', 4)] }, { watermark: 8 }]), []);
  assert.deepEqual(sent([{ rows: [row('a', 3), row('b', 12), row('a', 4)] }, { watermark: 9 }]), ['a 10']);
  assert.deepEqual(sent([{ watermark: 9 }, { rows: [row('a', 3)] }, { watermark: 10 }]), ['a 10'], 'rows of an ended slice go with the next watermark');
});

test('DISTINCT is refused in two phases', () => {
  const config = { ...local({ type: 'tumble', sizeMs: 10, offsetMs: 0 }), calls: CALLS };
  assert.throws(() => runOperator(localPhase, config, [], { inputs: [INPUT], output: between }), { code: 'GRAPH_INVALID' });
});
