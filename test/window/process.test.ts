import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/base/errors.js';
import type { ClosureWindow, WindowProcessConfig } from '#src/contract/closure-nodes.js';
import { checkRestorable, type HarnessEvent, runOperator } from '#src/contract/harness.js';
import { flatten } from '#src/types/leaf.js';
import { INT, STRING, TIMESTAMP } from '#src/types/logical.js';
import { type ProcessWindowFunction, windowProcess } from '#src/window/process.js';

const INPUT = {
  fields: [
    { name: 'key', type: STRING() },
    { name: 'id', type: INT() },
    { name: 'ts', type: TIMESTAMP(3) },
  ],
};
const OUTPUT = flatten({
  fields: [
    { name: 'key', type: STRING() },
    { name: 'start', type: TIMESTAMP(3) },
    { name: 'end', type: TIMESTAMP(3) },
    { name: 'ids', type: STRING() },
  ],
});
interface Element {
  key: string;
  id: number;
  ts: number;
}
const ids = (elements: readonly unknown[]): string =>
  elements
    .map((e) => (e as Element).id)
    .sort((a, b) => a - b)
    .join(' ');
const listIds: ProcessWindowFunction = (key, ctx, elements, out) => out.collect({ key, ...ctx.window, ids: ids(elements) });

const config = (window: ClosureWindow, more: Partial<WindowProcessConfig> = {}): WindowProcessConfig => ({
  closure: 0,
  key: { keys: [0], names: ['key'] },
  window,
  domain: 'event',
  time: 2,
  allowedLatenessMs: 0,
  keep: 'elements',
  lateTag: 'late',
  sides: { late: INPUT },
  ...more,
});
const options = (closures: unknown[]) => ({ inputs: [flatten(INPUT)], output: OUTPUT, keys: [[0]], closures, batchRows: 5 });

/** Flink's semantics for each record, written down anew: windows as an array searched from end to end. */
function model(window: ClosureWindow, latenessMs: number, events: readonly HarnessEvent[]): { rows: unknown[]; late: number[] } {
  type W = { key: string; start: number; end: number; elements: Element[]; fired: boolean };
  let windows: W[] = [];
  let wm = Number.NEGATIVE_INFINITY;
  const rows: unknown[] = [];
  const late: number[] = [];
  const fire = (w: W): void => void rows.push({ key: w.key, start: w.start, end: w.end, ids: ids(w.elements) });
  const gone = (end: number): boolean => end - 1 + latenessMs <= wm;
  const advance = (to: number): void => {
    wm = to;
    for (const w of windows) {
      if (!w.fired && w.end - 1 <= wm) fire(w);
      w.fired ||= w.end - 1 <= wm;
    }
    windows = windows.filter((w) => !gone(w.end));
  };
  const add = (e: Element): void => {
    const spans: [number, number][] = [];
    if (window.type === 'session') spans.push([e.ts, e.ts + window.gapMs]);
    else {
      const slide = window.type === 'hop' ? window.slideMs : window.sizeMs;
      for (let s = Math.floor((e.ts - window.offsetMs) / slide) * slide + window.offsetMs; s + window.sizeMs > e.ts; s -= slide)
        spans.push([s, s + window.sizeMs]);
    }
    let taken = false;
    for (let [start, end] of spans) {
      const same = windows.filter((w) => w.key === e.key && (window.type === 'session' ? w.start <= end && w.end >= start : w.start === start));
      start = Math.min(start, ...same.map((w) => w.start));
      end = Math.max(end, ...same.map((w) => w.end));
      if (gone(end)) continue;
      taken = true;
      windows = windows.filter((w) => !same.includes(w));
      const w: W = { key: e.key, start, end, elements: [...same.flatMap((x) => x.elements), e], fired: end - 1 <= wm };
      windows.push(w);
      if (w.fired) fire(w);
    }
    if (!taken) late.push(e.id);
  };
  for (const event of events) {
    if ('rows' in event) for (const r of event.rows) add(r as Element);
    else if ('watermark' in event) advance(Math.max(wm, Number(event.watermark)));
    else if ('end' in event) advance(Number.POSITIVE_INFINITY);
  }
  return { rows, late };
}

const sorted = (rows: readonly unknown[]): string[] => rows.map((r) => JSON.stringify(r)).sort();

const windowArb: fc.Arbitrary<ClosureWindow> = fc.oneof(
  fc.record({ type: fc.constant('tumble' as const), sizeMs: fc.integer({ min: 1, max: 30 }), offsetMs: fc.integer({ min: 0, max: 5 }) }),
  fc
    .record({ slideMs: fc.integer({ min: 1, max: 10 }), times: fc.integer({ min: 1, max: 4 }), odd: fc.integer({ min: 0, max: 3 }) })
    .map((r) => ({ type: 'hop' as const, slideMs: r.slideMs, sizeMs: r.slideMs * r.times + r.odd, offsetMs: 0 })),
  fc.record({ type: fc.constant('session' as const), gapMs: fc.integer({ min: 1, max: 15 }) }),
);
const eventsArb = fc
  .array(
    fc.oneof(
      fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), ts: fc.integer({ min: -20, max: 100 }) }), { maxLength: 8 }),
      fc.integer({ min: -10, max: 100 }),
    ),
    { maxLength: 14 },
  )
  .map((steps): HarnessEvent[] => {
    let id = 0;
    let wm = -100;
    const events = steps.map((s): HarnessEvent => {
      if (Array.isArray(s)) return { rows: s.map((r) => ({ ...r, id: id++ })) };
      wm = Math.max(wm, s);
      return { watermark: wm };
    });
    return [...events, { end: true }];
  });

test('windows of every kind fire, keep late elements and merge as the model says, with the state moved on the way', () => {
  fc.assert(
    fc.property(windowArb, fc.constantFrom(0, 0, 7, 40), eventsArb, (window, allowedLatenessMs, events) => {
      const want = model(window, allowedLatenessMs, events);
      const got = checkRestorable(windowProcess, config(window, { allowedLatenessMs }), events, options([listIds]));
      assert.deepEqual(sorted(got.rows), sorted(want.rows));
      assert.deepEqual((got.side.late ?? []).map((r) => r.id).sort(), want.late.sort());
    }),
    { numRuns: 150 },
  );
});

test('reduce and aggregate keep one value per window and give what the elements would', () => {
  const window: ClosureWindow = { type: 'session', gapMs: 10 };
  const concat = (a: unknown, b: unknown): unknown => {
    const [x, y] = [a, b] as { ids?: string; id?: number; key: string }[];
    return { key: x.key, ids: `${x.ids ?? x.id} ${y.ids ?? y.id}` };
  };
  const aggregate = {
    createAccumulator: () => [] as number[],
    add: (e: Element, acc: number[]) => [...acc, e.id],
    getResult: (acc: number[]) => acc.sort((a, b) => a - b).join(' '),
    merge: (a: number[], b: number[]) => [...a, ...b],
  };
  const fromReduce: ProcessWindowFunction = (key, ctx, [e], out) => {
    const { ids: list, id } = e as { ids?: string; id?: number };
    const text = list ?? String(id);
    out.collect({
      key,
      ...ctx.window,
      ids: text
        .split(' ')
        .sort((a, b) => Number(a) - Number(b))
        .join(' '),
    });
  };
  const fromAggregate: ProcessWindowFunction = (key, ctx, [list], out) => out.collect({ key, ...ctx.window, ids: list });
  fc.assert(
    fc.property(eventsArb, (events) => {
      const want = sorted(model(window, 0, events).rows);
      const reduced = checkRestorable(windowProcess, config(window, { keep: 'reduce', combine: 0, closure: 1 }), events, options([concat, fromReduce]));
      const aggregated = checkRestorable(
        windowProcess,
        config(window, { keep: 'aggregate', combine: 0, closure: 1 }),
        events,
        options([aggregate, fromAggregate]),
      );
      assert.deepEqual(sorted(reduced.rows), want);
      assert.deepEqual(sorted(aggregated.rows), want);
    }),
    { numRuns: 40 },
  );
});

test('late elements without a side output are counted', () => {
  const late = config({ type: 'tumble', sizeMs: 10, offsetMs: 0 }, { lateTag: undefined, sides: undefined });
  const events: HarnessEvent[] = [
    { watermark: 9 },
    {
      rows: [
        { key: 'a', id: 1, ts: 9 },
        { key: 'a', id: 2, ts: 10 },
      ],
    },
    { end: true },
  ];
  const got = runOperator(windowProcess, late, events, options([listIds]));
  assert.equal(got.counters.numLateRecordsDropped, 1);
  assert.deepEqual(
    got.rows.map((r) => r.ids),
    ['2'],
  );
});

test('processing-time windows follow the clock that was given', () => {
  const c = config({ type: 'tumble', sizeMs: 1000, offsetMs: 0 }, { domain: 'processing', time: undefined, lateTag: undefined, sides: undefined });
  const events: HarnessEvent[] = [
    { rows: [{ key: 'a', id: 1, ts: 0 }] },
    { processingTime: 5500 },
    { rows: [{ key: 'a', id: 2, ts: 0 }] },
    { processingTime: 5900 },
    { rows: [{ key: 'a', id: 3, ts: 0 }] },
    { processingTime: 7000 },
  ];
  const got = checkRestorable(windowProcess, c, events, { ...options([listIds]), startMs: 4200 });
  assert.deepEqual(got.rows, [
    { key: 'a', start: 4000, end: 5000, ids: '1' },
    { key: 'a', start: 5000, end: 6000, ids: '2 3' },
  ]);
});

test('a record without a timestamp and a function that throws name the operator', () => {
  const c = config({ type: 'tumble', sizeMs: 10, offsetMs: 0 });
  const code = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      if (e instanceof MillraceError) return `${e.code} ${e.place.operator} ${e.place.file?.endsWith('process.test.js') ?? ''}`;
    }
    return 'no error';
  };
  const row = { rows: [{ key: 'a', id: 1, ts: null }] };
  assert.equal(
    code(() => runOperator(windowProcess, c, [row], options([listIds]))),
    'NULL_ROWTIME operator under test ',
  );
  const boom: ProcessWindowFunction = () => {
    throw new TypeError('boom');
  };
  const events: HarnessEvent[] = [{ rows: [{ key: 'a', id: 1, ts: 1 }] }, { end: true }];
  assert.equal(
    code(() => runOperator(windowProcess, c, events, options([boom]))),
    'USER_CODE operator under test true',
  );
});

test('an operator makes about one batch per call, however many windows fire', () => {
  const rows = Array.from({ length: 6000 }, (_, i) => ({ key: `k${i}`, id: i, ts: i % 100 }));
  const got = runOperator(windowProcess, config({ type: 'tumble', sizeMs: 10, offsetMs: 0 }), [{ rows }, { end: true }], {
    ...options([listIds]),
    batchRows: 2048,
  });
  assert.equal(got.rows.length, 6000);
  assert.equal(got.batchesPerCallMax, 1);
});
