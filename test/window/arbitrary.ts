import fc from 'fast-check';
import type { HarnessEvent } from '#src/contract/harness.js';
import type { WindowSpec } from '#src/contract/nodes.js';
import { formatDecimal } from '#src/types/decimal.js';
import type { Rec } from './model.js';

const nullable = <T>(a: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(a, { nil: null, freq: 5 });
export const rec: fc.Arbitrary<Rec> = fc.tuple(
  nullable(fc.constantFrom('a', 'b', 'c', '', 'a long key of more than sixteen bytes', 'a long key of more than sixteen bytez')),
  nullable(fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }))),
  nullable(fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((d) => d + 0)),
  nullable(fc.bigInt({ min: -(10n ** 10n) + 1n, max: 10n ** 10n - 1n })),
  nullable(fc.constantFrom('', 'x', 'y', 'yy', 'é', '😀', '￿', 'a text of more than sixteen bytes')),
  nullable(fc.boolean()),
  fc.integer({ min: -40, max: 120 }),
);
export const event: fc.Arbitrary<HarnessEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.array(rec, { minLength: 1, maxLength: 12 }).map((rows) => ({ rows })) },
  { weight: 1, arbitrary: fc.integer({ min: -60, max: 140 }).map((watermark) => ({ watermark })) },
);
export const spec: fc.Arbitrary<WindowSpec> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -5, max: 5 })).map(([sizeMs, offsetMs]) => ({ type: 'tumble' as const, sizeMs, offsetMs })),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: -5, max: 5 }))
    .map(([sizeMs, slideMs, offsetMs]) => ({ type: 'hop' as const, sizeMs, slideMs, offsetMs })),
  fc.integer({ min: 1, max: 30 }).map((gapMs) => ({ type: 'session' as const, gapMs })),
);

/** Watermarks only rise: the runtime never passes an earlier one. */
export function rising(events: readonly HarnessEvent[]): HarnessEvent[] {
  let wm = Number.NEGATIVE_INFINITY;
  const out: HarnessEvent[] = [];
  for (const e of events) {
    if ('watermark' in e) {
      wm = Math.max(wm, Number(e.watermark));
      out.push({ watermark: wm });
    } else out.push(e);
  }
  out.push({ end: true });
  return out;
}

/** Decimals as the builder takes them. */
export const toInput = (events: readonly HarnessEvent[]): HarnessEvent[] =>
  events.map((e) =>
    'rows' in e
      ? { ...e, rows: (e.rows as unknown as Rec[]).map((r) => [r[0], r[1], r[2], r[3] === null ? null : formatDecimal(r[3], 2), r[4], r[5], r[6]]) }
      : e,
  );
