import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KeyedProcessFunction, keyedProcess, reduce } from '#src/chain/keyed.js';
import { filter, map } from '#src/chain/map.js';
import { assignTimestamps, keyHash } from '#src/chain/plumbing.js';
import { flatMap, processElements } from '#src/chain/process.js';
import { MillraceError } from '#src/base/errors.js';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import type { ValueState } from '#src/state/handles.js';
import { hashOfKey, keyId } from '#src/state/keys.js';
import { flatten } from '#src/types/leaf.js';
import { INT, STRING, TIMESTAMP } from '#src/types/logical.js';

const INPUT = flatten({
  fields: [
    { name: 'key', type: STRING() },
    { name: 'n', type: INT() },
    { name: 'ts', type: TIMESTAMP(3) },
  ],
});
const OUTPUT = flatten({
  fields: [
    { name: 'key', type: STRING() },
    { name: 'text', type: STRING() },
  ],
});
interface In {
  key: string;
  n: number;
  ts: number;
}
const rowsArb = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.integer({ min: 0, max: 9 }), ts: fc.integer({ min: 0, max: 100 }) }, { noNullPrototype: true }),
  {
    maxLength: 30,
  },
);
const eventsArb = fc.array(fc.oneof(rowsArb, fc.integer({ min: 0, max: 30 })), { maxLength: 12 }).map((steps): HarnessEvent[] => {
  let wm = 0;
  const events = steps.map((s): HarnessEvent => {
    if (Array.isArray(s)) return { rows: s };
    wm += s;
    return { watermark: wm };
  });
  return [...events, { end: true }];
});
const rowsOf = (events: readonly HarnessEvent[]): In[] => events.flatMap((e) => ('rows' in e ? (e.rows as In[]) : []));
const options = (closures: unknown[], keyed: boolean) => ({ inputs: [INPUT], output: OUTPUT, closures, batchRows: 7, ...(keyed ? { keys: [[0]] } : {}) });

test('map, filter, flatMap and process give what plain arrays give', () => {
  fc.assert(
    fc.property(eventsArb, (events) => {
      const rows = rowsOf(events);
      const mapped = runOperator(map, { closure: 0 }, events, options([(v: In) => ({ key: v.key, text: `${v.n}` })], false));
      assert.deepEqual(
        mapped.rows,
        rows.map((r) => ({ key: r.key, text: `${r.n}` })),
      );
      const kept = runOperator(filter, { closure: 0 }, events, { ...options([(v: In) => v.n % 2 === 0], false), output: INPUT });
      assert.deepEqual(
        kept.rows,
        rows.filter((r) => r.n % 2 === 0),
      );
      const times = (v: In) => Array.from({ length: v.n }, (_, i) => ({ key: v.key, text: `${i}` }));
      const flat = runOperator(flatMap, { closure: 0 }, events, options([times], false));
      assert.deepEqual(flat.rows, rows.flatMap(times));
      const fn = (v: In, ctx: { timestamp: number }, out: { collect(v: unknown): void }): void => out.collect({ key: v.key, text: `${ctx.timestamp}` });
      const stamped = runOperator(processElements, { closure: 0, time: 2 }, events, options([fn], false));
      assert.deepEqual(
        stamped.rows,
        rows.map((r) => ({ key: r.key, text: `${r.ts}` })),
      );
    }),
    { numRuns: 60 },
  );
});

/** Collects numbers per key; a timer 10 ms after the first one gives them out. */
const batcher: KeyedProcessFunction = {
  processElement(value, ctx) {
    const v = value as In;
    const list = ctx.listState<number>('numbers');
    if (list.get().length === 0) ctx.timers.registerEventTimeTimer(v.ts + 10);
    list.add(v.n);
    ctx.reducingState<number>('sum', (a, b) => a + b).add(v.n);
    ctx.mapState<number, number>('seen').put(v.n, v.ts);
    if (v.n === 9) ctx.timers.deleteEventTimeTimer(v.ts + 10);
  },
  onTimer(at, ctx, out) {
    const list = ctx.listState<number>('numbers');
    const seen = [...ctx.mapState<number, number>('seen').keys()].sort();
    const sum = ctx.reducingState<number>('sum', (a, b) => a + b).get();
    out.collect({ key: ctx.key, text: `${at}: ${list.get().join(' ')} = ${sum} of ${seen.join(' ')}` });
    list.clear();
    ctx.mapState('seen').clear();
  },
};

function batcherModel(events: readonly HarnessEvent[]): unknown[] {
  const out: { key: string; text: string }[] = [];
  const keys = new Map<string, { numbers: number[]; sum: number; seen: Set<number>; timers: Set<number> }>();
  for (const e of events) {
    if ('rows' in e) {
      for (const v of e.rows as In[]) {
        const k = keys.get(v.key) ?? { numbers: [], sum: 0, seen: new Set(), timers: new Set() };
        keys.set(v.key, k);
        if (k.numbers.length === 0) k.timers.add(v.ts + 10);
        k.numbers.push(v.n);
        k.sum += v.n;
        k.seen.add(v.n);
        if (v.n === 9) k.timers.delete(v.ts + 10);
      }
      continue;
    }
    const wm = 'watermark' in e ? Number(e.watermark) : Number.POSITIVE_INFINITY;
    const due = [...keys].flatMap(([key, k]) => [...k.timers].filter((t) => t <= wm).map((t) => ({ key, k, t })));
    for (const { key, k, t } of due.sort((a, b) => a.t - b.t)) {
      k.timers.delete(t);
      out.push({ key, text: `${t}: ${k.numbers.join(' ')} = ${k.sum} of ${[...k.seen].sort().join(' ')}` });
      k.numbers = [];
      k.seen = new Set();
    }
  }
  return out;
}
const sorted = (rows: readonly unknown[]): string[] => rows.map((r) => JSON.stringify(r)).sort();

test('keyed process functions: state and timers as a model has them, moved to fresh instances on the way', () => {
  fc.assert(
    fc.property(eventsArb, (events) => {
      const got = checkRestorable(keyedProcess, { closure: 0, key: { keys: [0], names: ['key'] } }, events, options([batcher], true));
      assert.deepEqual(sorted(got.rows), sorted(batcherModel(events)));
    }),
    { numRuns: 60 },
  );
});

test('value state: its initial value where there is none, handles kept from key to key, states of several names, none left behind', () => {
  const kept = new WeakMap<object, ValueState<string>>();
  const fn: KeyedProcessFunction = {
    processElement(value, ctx, out) {
      const v = value as In;
      const last = kept.get(ctx) ?? ctx.valueState('last', 'none');
      kept.set(ctx, last);
      const count = ctx.valueState('count', 0);
      out.collect({ key: v.key, text: `${last.value()} ${count.value()} ${ctx.valueState('count', -1).value()}` });
      if (v.n === 0) {
        last.clear();
        count.update(undefined as unknown as number);
        return;
      }
      last.update(`${v.n}`);
      if (v.n > 3) count.update(count.value()! + 1);
    },
  };
  const model = (events: readonly HarnessEvent[]): unknown[] => {
    const keys = new Map<string, { last?: string; count?: number }>();
    return events.flatMap((e) =>
      ('rows' in e ? (e.rows as In[]) : []).map((v) => {
        const { last, count } = keys.get(v.key) ?? {};
        if (v.n === 0) keys.delete(v.key);
        else keys.set(v.key, { last: `${v.n}`, count: v.n > 3 ? (count ?? 0) + 1 : count });
        return { key: v.key, text: `${last ?? 'none'} ${count ?? 0} ${count ?? -1}` };
      }),
    );
  };
  fc.assert(
    fc.property(eventsArb, (events) => {
      const got = checkRestorable(keyedProcess, { closure: 0, key: { keys: [0], names: ['key'] } }, events, options([fn], true));
      assert.deepEqual(got.rows, model(events));
    }),
    { numRuns: 60 },
  );
});

test('keyed state without a key under way is an error that says so', () => {
  const fn: KeyedProcessFunction = {
    open: (state) => void state.valueState('x').value(),
    processElement: () => undefined,
  };
  assert.throws(
    () => runOperator(keyedProcess, { closure: 0, key: { keys: [0], names: ['key'] } }, [], options([fn], true)),
    (e: unknown) => e instanceof MillraceError && e.code === 'USER_CODE' && /no element and no timer/.test(e.message),
  );
});

test('processing-time timers fire by the clock, once each, also after a restore', () => {
  const fn: KeyedProcessFunction = {
    processElement(_, ctx) {
      ctx.timers.registerProcessingTimeTimer(Math.ceil((ctx.currentProcessingTime + 1) / 100) * 100);
    },
    onTimer: (at, ctx, out) => out.collect({ key: ctx.key, text: `${at} ${ctx.timeDomain}` }),
  };
  const row = (key: string): HarnessEvent => ({ rows: [{ key, n: 1, ts: 0 }] });
  const events: HarnessEvent[] = [row('a'), row('a'), { processingTime: 50 }, row('b'), { processingTime: 150 }, row('a'), { processingTime: 250 }];
  const got = checkRestorable(keyedProcess, { closure: 0, key: { keys: [0], names: ['key'] } }, events, options([fn], true));
  assert.deepEqual(
    sorted(got.rows),
    sorted([
      { key: 'a', text: '100 processing' },
      { key: 'b', text: '100 processing' },
      { key: 'a', text: '200 processing' },
    ]),
  );
});

test('rolling reduce', () => {
  const fn = (a: { key: string; text: string }, b: { key: string; text: string }) => ({ key: a.key, text: a.text + b.text });
  const rows = ['a1', 'b2', 'a3', 'a4', 'b5'].map((s) => ({ key: s[0], text: s[1] }));
  const got = checkRestorable(
    reduce,
    { closure: 0, key: { keys: [0], names: ['key'] } },
    rows.map((r) => ({ rows: [r] })),
    { inputs: [OUTPUT], output: OUTPUT, keys: [[0]], closures: [fn] },
  );
  assert.deepEqual(sorted(got.rows.map((r) => r.text)), sorted(['1', '2', '13', '134', '25']));
});

test('bounded out-of-orderness: a mark behind the record by which the watermark advanced by more than the interval', () => {
  const marks: [number, bigint][] = [];
  const times: bigint[] = [];
  const spy = {
    create: (config: never, ctx: never) => {
      const operator = assignTimestamps.create(config, {
        ...(ctx as object),
        out: {
          emit: (b: {
            markCount: number;
            markRow(i: number): number;
            markWatermark(i: number): bigint;
            times: number;
            rows: number;
            engine: { i64: BigInt64Array };
          }) => {
            for (let i = 0; i < b.markCount; i++) marks.push([b.markRow(i), b.markWatermark(i)]);
            for (let r = 0; r < b.rows; r++) times.push(b.engine.i64[(b.times >> 3) + r]);
          },
        },
      } as never);
      return operator;
    },
  };
  const rows = [1000, 900, 1100, 1201, 1202, 1500].map((ts) => ({ key: 'a', n: 0, ts }));
  runOperator(spy, { column: 2, outOfOrdernessMs: 50, intervalMs: 200, idleTimeoutMs: 0 }, [{ rows }], { inputs: [INPUT], output: INPUT });
  assert.deepEqual(marks, [
    [0, 949n],
    [3, 1150n],
    [5, 1449n],
  ]);
  assert.deepEqual(
    times,
    rows.map((r) => BigInt(r.ts)),
  );
});

test('keys: equal content is one key, whatever its form; the hash column follows', () => {
  const pairs: [unknown, unknown, boolean][] = [
    [{ a: 1, b: [2, 'x'] }, { b: [2, 'x'], a: 1 }, true],
    [{ a: 1 }, { a: '1' }, false],
    [['ab', 'c'], ['a', 'bc'], false],
    [1, 1n, false],
    [new Date(5), new Date(5), true],
    [null, undefined, false],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
  ];
  for (const [a, b, same] of pairs) assert.equal(keyId(a) === keyId(b), same, `${String(a)} ${String(b)}`);
  fc.assert(fc.property(fc.jsonValue(), (v) => hashOfKey(v) === hashOfKey(structuredClone(v)) && (hashOfKey(v) | 0) === hashOfKey(v)));
  const hashes = new Set(Array.from({ length: 10000 }, (_, i) => hashOfKey(`user-${i}`) >>> 22));
  assert.equal(hashes.size, 1024); // the top bits spread
  const output = flatten({ fields: [...['key', 'n', 'ts'].map((name, i) => ({ name, type: INPUT[i].type })), { name: '$keyHash', type: INT(false) }] });
  const got = runOperator(keyHash, { closure: 0 }, [{ rows: [{ key: 'x', n: 1, ts: 0 }] }], { inputs: [INPUT], output, closures: [(v: In) => [v.key, v.n]] });
  assert.deepEqual(got.rows, [{ key: 'x', n: 1, ts: 0, $keyHash: hashOfKey(['x', 1]) }]);
});
