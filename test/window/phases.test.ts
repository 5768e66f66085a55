import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { LocalWindowAggregateConfig, WindowAggregateConfig, WindowSpec } from '#src/contract/nodes.js';
import { Prng } from '#src/base/prng.js';
import { createBuilder } from '#src/batch/builder.js';
import { KeyHasher } from '#src/batch/hash.js';
import { HotKeys } from '#src/batch/hot.js';
import { flatten } from '#src/types/leaf.js';
import { STRING, TIMESTAMP } from '#src/types/logical.js';
import { operator as globalPhase } from '#src/window/aggregate.js';
import { localPhase, operator as productLocalPhase } from '#src/window/local.js';
import { partialSchema } from '#src/window/partial-schema.js';
import { Engine } from '#src/wasm/engine.js';
import { event, rising, spec, toInput } from './arbitrary.js';
import { CALLS, canonical, INPUT, model } from './model.js';

type Sliced = Exclude<WindowSpec, { type: 'session' }>;
const calls = CALLS.filter((c) => !c.distinct);
const local = (window: Sliced): LocalWindowAggregateConfig => ({ window, timeColumn: 6, timeZone: 'UTC', keys: [0], calls, decides: false });
const TUMBLE = { type: 'tumble', sizeMs: 10, offsetMs: 0 } as const;
const partials = flatten(partialSchema(INPUT, { ...local(TUMBLE), decides: false }));
const output = [
  { path: ['k'], type: STRING() },
  ...CALLS.flatMap((c, i) => (c.distinct ? [] : [{ path: [`c${i}`], type: c.type }])),
  { path: ['start'], type: TIMESTAMP(3, false) },
  { path: ['end'], type: TIMESTAMP(3, false) },
];
const global = (window: Sliced): WindowAggregateConfig => ({ ...local(window), time: 'rowtime', windowOutputs: ['start', 'end'] });

/** What the local phase sends after each event, with the watermark behind it: rows on input 0, partial results on input 1. */
function throughLocal(
  phase: ReturnType<typeof localPhase>,
  config: LocalWindowAggregateConfig,
  events: readonly HarnessEvent[],
  every?: number,
): { between: HarnessEvent[]; counters: Readonly<Record<string, number>> } {
  const out: HarnessEvent[] = [];
  const sent = [0, 0];
  let counters: Readonly<Record<string, number>> = {};
  events.forEach((e, i) => {
    const restore = every === undefined ? undefined : { every };
    const result = runOperator(phase, config, events.slice(0, i + 1), { inputs: [INPUT], output: INPUT, batchRows: 3 }, restore);
    const { rows, side } = result;
    counters = result.counters;
    [rows, side.partials ?? []].forEach((r, input) => {
      if (r.length > sent[input]) out.push({ rows: r.slice(sent[input]), input });
      sent[input] = r.length;
    });
    if (!('rows' in e)) out.push(e);
  });
  return { between: out, counters };
}

/** As it is, and with all keys, with hot keys only, and by turns. */
const PHASES = [
  productLocalPhase,
  localPhase({ groupsMax: 1e9, trialRows: 1e9, retryRows: 0 }),
  localPhase({ groupsMax: 0, trialRows: 0, retryRows: 1e9 }),
  localPhase({ groupsMax: 1, trialRows: 6, retryRows: 5 }),
];

test('two phases give what one gives, late rows counted alike, whatever is restored on the way', () => {
  const used = { rows: 0, partials: 0, both: 0 };
  fc.assert(
    fc.property(
      spec.filter((s): s is Sliced => s.type !== 'session'),
      fc.array(event, { maxLength: 8 }),
      fc.constantFrom(undefined, 1, 2),
      fc.constantFrom(...PHASES),
      (window, list, every, phase) => {
        const events = rising(list);
        const want = model(window, events);
        // the first watermark opens the local phase
        const { between } = throughLocal(phase, local(window), [{ watermark: Number.MIN_SAFE_INTEGER }, ...toInput(events)], every);
        const inputs = new Set(between.map((e) => ('rows' in e ? e.input : -1)));
        if (inputs.has(0)) used.rows++;
        if (inputs.has(1)) used.partials++;
        if (inputs.has(0) && inputs.has(1)) used.both++;
        const got = checkRestorable(globalPhase, global(window), between, { inputs: [INPUT, partials], output, keys: [[0], [0]] });
        const plain = want.rows.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => k !== 'c3' && k !== 'c4')));
        assert.deepEqual(canonical(got.rows), canonical(plain));
        assert.equal(got.counters.numLateRecordsDropped ?? 0, want.late);
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(used.rows > 10 && used.partials > 10 && used.both > 5, JSON.stringify(used));
});

/** `decides`, and a receiver whose event time is behind: it gets only some of the watermarks between, as from a slower second sender. */
test('a local phase that decides what is late gives what one phase gives, however far behind the receiver is', () => {
  let late = 0;
  const used = { beside: 0 };
  fc.assert(
    fc.property(
      spec.filter((s): s is Sliced => s.type !== 'session'),
      fc.array(event, { maxLength: 10 }),
      fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
      fc.constantFrom(...PHASES),
      (window, list, behind, phase) => {
        const events = rising(list);
        const want = model(window, events);
        const config = { ...local(window), decides: true };
        const fed: HarnessEvent[] = [{ watermark: Number.MIN_SAFE_INTEGER }, ...toInput(events)];
        const sides = flatten(partialSchema(INPUT, config));
        const { between, counters } = throughLocal(phase, config, fed);
        used.beside += between.filter(
          (e) => 'rows' in e && e.input === 1 && e.rows.some((r) => Number((r as { firedEnd?: bigint }).firedEnd ?? -1e18) > -1e17),
        ).length;
        const some = between.filter((e, i) => !('watermark' in e) || !behind[i % 10]);
        const got = checkRestorable(globalPhase, global(window), some, { inputs: [INPUT, sides], output, keys: [[0], [0]] });
        const plain = want.rows.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => k !== 'c3' && k !== 'c4')));
        assert.deepEqual(canonical(got.rows), canonical(plain));
        assert.equal((counters.numLateRecordsDropped ?? 0) + (got.counters.numLateRecordsDropped ?? 0), want.late);
        late += want.late;
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(late > 20 && used.beside > 0, JSON.stringify({ late, used }));
});

const tumble = { type: 'tumble', sizeMs: 10, offsetMs: 0 } as const;
const row = (k: string, ts: number): unknown[] => [k, 1, null, null, 'text', null, ts];
function sent(events: HarnessEvent[], phase = productLocalPhase): string[] {
  const { rows, side } = runOperator(phase, local(tumble), events, { inputs: [INPUT], output: INPUT, batchRows: 4 });
  return [...rows.map((r) => `row ${r.k}`), ...(side.partials ?? []).map((r) => `${r.key0} ${r.sliceEnd}`)];
}
const first: HarnessEvent = { watermark: 0 };

test('the local phase waits for the end of a slice, and lets rows of ended slices and rows before the first watermark pass', () => {
  const rows = { rows: [row('a', 3), row('b', 12), row('a', 4)] };
  assert.deepEqual(sent([rows, { watermark: 8 }]), ['row a', 'row b', 'row a']);
  assert.deepEqual(sent([first, rows, { watermark: 8 }]), []);
  assert.deepEqual(sent([first, rows, { watermark: 9 }]), ['a 10']);
  assert.deepEqual(sent([{ watermark: 9 }, { rows: [row('a', 3)] }]), ['row a']);
});

test('with many keys the local phase keeps the hot ones only, and tries all again later', () => {
  const phase = localPhase({ groupsMax: 100, trialRows: 1e9, retryRows: 100_000 });
  // every second row is of one key, the others of a thousand
  const some = (n: number): HarnessEvent => ({ rows: Array.from({ length: n }, (_, i) => row(i % 2 === 0 ? 'hot' : `k${(i * 7919) % 1000}`, 3)) });
  const { rows, side } = runOperator(phase, local(tumble), [first, some(80_000), { watermark: 9 }], { inputs: [INPUT], output: INPUT, batchRows: 2048 });
  const hotRows = rows.filter((r) => r.k === 'hot').length;
  assert.ok(hotRows < 34_000 && hotRows > 0, `${hotRows} rows of the hot key travel, all before enough samples were taken`);
  assert.ok(rows.length - hotRows > 35_000);
  assert.ok(side.partials.length > 100 && side.partials.length < 2200);
});

test('groups of several slices leave together, and those that fill more than a batch in several', () => {
  const phase = localPhase({ groupsMax: 1e9, trialRows: 1e9, retryRows: 0 });
  const rows = Array.from({ length: 20_000 }, (_, i) => row(`k${i % 7000}`, i % 30));
  const { side } = runOperator(phase, local(tumble), [first, { rows }, { watermark: 29 }], { inputs: [INPUT], output: INPUT, batchRows: 2048 });
  const want = rows.map(([k, , , , , , ts]) => `${String(k)} ${10 * Math.floor(Number(ts) / 10) + 10}`);
  assert.deepEqual(side.partials.map((p) => `${String(p.key0)} ${String(p.sliceEnd)}`).sort(), [...new Set(want)].sort());
});

test('hot keys are found by their share, and how many receivers there are', () => {
  const engine = new Engine();
  const hasher = new KeyHasher(engine, INPUT, [0]);
  const found = (share: number, receivers: number): [number, number] => {
    const hot = new HotKeys(engine, hasher, receivers);
    const builder = createBuilder(engine, INPUT, { capacity: 2000 });
    const prng = new Prng(5);
    let judged = 0;
    for (let b = 0; b < 40; b++) {
      for (let i = 0; i < 2000; i++) builder.append(row(prng.below(1000) < share * 1000 ? 'hot' : `k${prng.below(100_000)}`, 3));
      if (hot.sample(builder.finish())) judged++;
      builder.clear();
    }
    assert.ok(judged >= 2);
    hot.close();
    return [hot.hot.length, hot.share];
  };
  const [n, share] = found(0.5, 2);
  assert.equal(n, 1);
  assert.ok(Math.abs(share - 0.5) < 0.12);
  assert.equal(found(0.25, 2)[0], 1);
  assert.equal(found(0.02, 2)[0], 0);
  assert.equal(found(0.08, 8)[0], 1);
});

test('DISTINCT is refused in two phases', () => {
  assert.throws(() => runOperator(productLocalPhase, { ...local(tumble), calls: CALLS }, [], { inputs: [INPUT], output: INPUT }), { code: 'GRAPH_INVALID' });
});
