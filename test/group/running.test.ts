import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { AggregateCall, GroupAggregateConfig } from '#src/contract/nodes.js';
import { operator } from '#src/group/aggregate.js';
import { formatDecimal } from '#src/types/decimal.js';
import type { RowKind } from '#src/types/kind.js';
import { rec } from '../window/arbitrary.js';
import { CALLS, INPUT, type Rec } from '../window/model.js';
import { allCalls, type Change, GroupModel, line, type Results } from './model.js';

const row = (r: Rec): unknown[] => [r[0], r[1], r[2], r[3] === null ? null : formatDecimal(r[3], 2), r[4], r[5], r[6]];
const rowsEvent = (changes: readonly Change[]): HarnessEvent => ({ rows: changes.map((c) => row(c.rec)), kinds: changes.map((c) => c.kind) });

const KEYS: Readonly<Record<string, { keys: number[]; keyOf: (r: Rec) => Record<string, unknown> }>> = {
  none: { keys: [], keyOf: () => ({}) },
  string: { keys: [0], keyOf: (r) => ({ k: r[0] }) },
  int: { keys: [1], keyOf: (r) => ({ v: r[1] }) },
  pair: { keys: [0, 5], keyOf: (r) => ({ k: r[0], f: r[5] }) },
};

interface Case {
  readonly by: keyof typeof KEYS;
  readonly calls: readonly number[];
  readonly updateBefore: boolean;
  readonly batchRows: number;
  readonly steps: readonly (readonly Rec[])[];
}

const CALL_SETS = [[], [0], [1], [3], [5], [6, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, 1]];
const cases: fc.Arbitrary<Case> = fc.record({
  by: fc.constantFrom(...Object.keys(KEYS)),
  calls: fc.constantFrom(...CALL_SETS),
  updateBefore: fc.boolean(),
  batchRows: fc.constantFrom(1, 7, 64),
  steps: fc.array(fc.array(rec, { minLength: 1, maxLength: 20 }), { maxLength: 6 }),
});

function setUp(c: Omit<Case, 'steps' | 'batchRows'>, retracts: boolean) {
  const { keys, keyOf } = KEYS[c.by];
  const calls: readonly AggregateCall[] = c.calls.map((i) => CALLS[i]);
  const config: GroupAggregateConfig = { keys, calls, retracts, updateBefore: c.updateBefore };
  const results: Results = (rows) => {
    const all = allCalls(rows);
    return Object.fromEntries(c.calls.map((call, i) => [`r${i}`, all[`c${call}`]]));
  };
  const output = [...keys.map((k) => INPUT[k]), ...calls.map((call, i) => ({ path: [`r${i}`], type: call.type }))];
  return { config, output, model: new GroupModel(keyOf, results, c.updateBefore), keys };
}

const lines = (r: { rows: Record<string, unknown>[]; kinds: readonly RowKind[] }): string[] => r.rows.map((x, i) => line(r.kinds[i], x));

test("a running GROUP BY emits what a per-record model of Flink's GroupAggFunction emits", () => {
  fc.assert(
    fc.property(cases, (c) => {
      const { config, output, model } = setUp(c, false);
      const want = c.steps.flat().flatMap((r) => model.apply({ kind: '+I', rec: r }));
      const events: HarnessEvent[] = c.steps.map((rows) => ({ rows: rows.map(row) }));
      const got = runOperator(operator, config, [...events, { end: true }], { inputs: [INPUT], output, batchRows: c.batchRows });
      assert.deepEqual(lines(got), want);
      assert.ok(got.batchesPerCallMax <= 1);
    }),
    { numRuns: 300 },
  );
});

/** Inserts, and retractions of rows that are there; now and then of one that never was. */
const changelog: fc.Arbitrary<Change[]> = fc.array(fc.tuple(rec, fc.nat(), fc.integer({ min: 0, max: 9 })), { maxLength: 60 }).map((steps) => {
  const live: Rec[] = [];
  const out: Change[] = [];
  for (const [r, pick, what] of steps) {
    if (what < 5 || live.length === 0) {
      live.push(r);
      out.push({ kind: what % 2 === 0 ? '+I' : '+U', rec: r });
    } else if (what === 9 && out.length === 0) out.push({ kind: '-D', rec: r });
    else out.push({ kind: what % 2 === 0 ? '-U' : '-D', rec: live.splice(pick % live.length, 1)[0] });
  }
  return out;
});

/** Doubles are left out: taking values out again leaves rounding behind. */
const RETRACTABLE = [[], [0], [1], [2], [7, 1], [8], [9, 2], [0, 1, 2, 7, 8, 9], [9, 8, 7, 2, 1]];

test('rows that are taken back are taken out of COUNT, SUM and AVG, and a group that is empty is deleted', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(KEYS)),
      fc.constantFrom(...RETRACTABLE),
      fc.boolean(),
      fc.constantFrom(1, 7, 64),
      changelog,
      (by, calls, updateBefore, batchRows, changes) => {
        const { config, output, model } = setUp({ by, calls, updateBefore }, true);
        const want = changes.flatMap((x) => model.apply(x));
        const got = runOperator(operator, config, [rowsEvent(changes), { end: true }], { inputs: [INPUT], output, batchRows, changelog: true });
        assert.deepEqual(lines(got), want);
      },
    ),
    { numRuns: 300 },
  );
});

test('a retraction for a group that is not there is passed over', () => {
  const { config, output } = setUp({ by: 'string', calls: [0, 1, 2, 7, 8, 9], updateBefore: true }, true);
  const a: Rec = ['a', 1, 1, 100n, 'x', true, 0];
  const changes: Change[] = [
    { kind: '-D', rec: a },
    { kind: '+I', rec: a },
    { kind: '-D', rec: a },
    { kind: '-U', rec: a },
    { kind: '+U', rec: a },
  ];
  const got = runOperator(operator, config, [rowsEvent(changes)], { inputs: [INPUT], output, changelog: true });
  assert.deepEqual(got.kinds, ['+I', '-D', '+I']);
  assert.deepEqual(got.rows[0], got.rows[2]);
  assert.equal(got.rows[0].r2, 1);
});

test('groups restored after any event, in another number of subtasks, go on', () => {
  fc.assert(
    fc.property(cases, (c) => {
      const { config, output, keys } = setUp(c, false);
      const events: HarnessEvent[] = [...c.steps.map((rows) => ({ rows: rows.map(row) })), { end: true }];
      checkRestorable(operator, config, events, { inputs: [INPUT], output, keys: [keys] }, keys.length === 0 ? [{ every: 1 }] : undefined);
    }),
    { numRuns: 60 },
  );
});

/** Changes of a bundle by group, in the order in which the groups come up. */
function bundles(changes: readonly Change[], rows: number, keyOf: (r: Rec) => unknown): Change[][] {
  const out: Change[][] = [];
  for (let i = 0; i < changes.length; i += rows) {
    const groups = new Map<string, Change[]>();
    for (const c of changes.slice(i, i + rows)) {
      const id = JSON.stringify(keyOf(c.rec));
      groups.set(id, [...(groups.get(id) ?? []), c]);
    }
    out.push(...groups.values());
  }
  return out;
}

test('in mini-batches each group that changed leaves once per bundle', () => {
  fc.assert(
    fc.property(cases, fc.constantFrom(1, 3, 10, 1000), (c, rows) => {
      const { config, output, model } = setUp(c, false);
      const changes = c.steps.flat().map((r): Change => ({ kind: '+I', rec: r }));
      const want = bundles(changes, rows, KEYS[c.by].keyOf).flatMap((g) => model.applyAll(g[0].rec, g));
      const events: HarnessEvent[] = c.steps.map((step) => ({ rows: step.map(row) }));
      const mini = { ...config, miniBatch: { latencyMs: 1000, rows } };
      const got = runOperator(operator, mini, [...events, { end: true }], { inputs: [INPUT], output, batchRows: c.batchRows });
      assert.deepEqual(lines(got), want);
      assert.ok(got.batchesPerCallMax <= 1);
    }),
    { numRuns: 300 },
  );
});

test('mini-batches of rows that are taken back', () => {
  const params = [fc.constantFrom(...Object.keys(KEYS)), fc.constantFrom(...RETRACTABLE), fc.boolean(), fc.constantFrom(1, 3, 10, 1000), changelog] as const;
  fc.assert(
    fc.property(...params, (by, calls, updateBefore, rows, all) => {
      const changes = all[0]?.kind === '-D' ? all.slice(1) : all;
      const { config, output, model } = setUp({ by, calls, updateBefore }, true);
      const want = bundles(changes, rows, KEYS[by].keyOf).flatMap((g) => model.applyAll(g[0].rec, g));
      const mini = { ...config, miniBatch: { latencyMs: 1000, rows } };
      const got = runOperator(operator, mini, [rowsEvent(changes), { end: true }], { inputs: [INPUT], output, changelog: true });
      assert.deepEqual(lines(got), want);
    }),
    { numRuns: 300 },
  );
});

test('a mini-batch ends at the next multiple of its latency, and before a snapshot', () => {
  const { config, output, keys } = setUp({ by: 'string', calls: [0, 3, 5], updateBefore: true }, false);
  const mini = { ...config, miniBatch: { latencyMs: 100, rows: 1000 } };
  const a = row(['a', 1, 1, 100n, 'x', true, 0]);
  const options = { inputs: [INPUT], output, startMs: 1030 };
  const kinds = (events: HarnessEvent[]): readonly RowKind[] => runOperator(operator, mini, events, options).kinds;
  assert.deepEqual(kinds([{ rows: [a, a] }, { processingTime: 1099 }]), []);
  assert.deepEqual(kinds([{ rows: [a, a] }, { processingTime: 1100 }, { rows: [a] }, { processingTime: 1199 }]), ['+I']);
  assert.deepEqual(kinds([{ rows: [a, a] }, { processingTime: 1100 }, { rows: [a] }, { processingTime: 1200 }]), ['+I', '-U', '+U']);
  const restored = runOperator(operator, mini, [{ rows: [a] }, { rows: [a] }, { end: true }], { ...options, keys: [keys] }, { every: 1, parallelism: [2, 1] });
  assert.deepEqual(restored.kinds, ['+I', '-U', '+U']);
});

test('more groups than a batch holds, row by row and in one mini-batch', () => {
  const { config, output } = setUp({ by: 'int', calls: [0, 5], updateBefore: true }, false);
  const rows = Array.from({ length: 9000 }, (_, i) => row(['k', i % 3000, 0, 0n, `text ${(i * 7) % 9000}`, true, 0]));
  const options = { inputs: [INPUT], output, batchRows: 2048 };
  const whole = runOperator(operator, config, [{ rows }, { end: true }], options);
  const bundled = runOperator(operator, { ...config, miniBatch: { latencyMs: 1000, rows: 6000 } }, [{ rows }, { end: true }], options);
  const final = (r: { rows: Record<string, unknown>[] }): Map<unknown, string> => new Map(r.rows.map((x) => [x.v, line('+I', x)]));
  assert.equal(whole.rows.filter((_, i) => whole.kinds[i] === '+I').length, 3000);
  assert.deepEqual(bundled.kinds.filter((k) => k === '+U').length, 3000, 'the second bundle changes every group once');
  assert.deepEqual(final(bundled), final(whole));
  for (const [v, text] of final(whole)) {
    const texts = [0, 1, 2].map((j) => `text ${(((v as number) + 3000 * j) * 7) % 9000}`);
    assert.equal(text, line('+I', { v, r0: 3n, r1: texts.sort()[0] }));
  }
  assert.ok(whole.batchesPerCallMax <= 1 && bundled.batchesPerCallMax <= 1);
});

test('MIN and MAX refuse rows that are taken back', () => {
  const { config, output } = setUp({ by: 'string', calls: [6], updateBefore: true }, true);
  assert.throws(() => runOperator(operator, config, [], { inputs: [INPUT], output }), { code: 'NOT_SUPPORTED' });
});
