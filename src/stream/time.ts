import { MillraceError } from '../base/errors.js';
import { parseDurationMs } from '../base/quantity.js';
import type { ClosureWindow } from '../contract/closure-nodes.js';

/** Milliseconds as a number, or text with a unit: '10 s', '5 min'. */
export type Duration = number | string;

export function durationMs(d: Duration): number {
  try {
    const ms = typeof d === 'number' ? d : parseDurationMs(d);
    if (Number.isFinite(ms)) return ms;
  } catch {
    // said below
  }
  throw new MillraceError('INVALID_OPTION', `'${String(d)}' is no duration`, { remedy: "Give milliseconds, or text such as '10 s' or '5 min'." });
}

/** Durations by unit, in ms. */
export const Time = {
  milliseconds: (n: number): number => n,
  seconds: (n: number): number => n * 1000,
  minutes: (n: number): number => n * 60000,
  hours: (n: number): number => n * 3600000,
  days: (n: number): number => n * 86400000,
};

/** How elements find their windows. */
export interface WindowAssigner {
  readonly window: ClosureWindow;
  readonly domain: 'event' | 'processing';
  toString(): string;
}

function assigner(window: ClosureWindow, domain: 'event' | 'processing'): WindowAssigner {
  const sizes = [window.type === 'session' ? window.gapMs : window.sizeMs, window.type === 'hop' ? window.slideMs : 1];
  if (sizes.some((n) => n <= 0 || !Number.isInteger(n))) {
    throw new MillraceError('INVALID_OPTION', 'sizes of windows are whole milliseconds above 0', {
      remedy: "For instance TumblingEventTimeWindows.of('10 s').",
    });
  }
  const what =
    window.type === 'tumble'
      ? `TUMBLE ${window.sizeMs} ms`
      : window.type === 'hop'
        ? `HOP ${window.sizeMs} ms, ${window.slideMs} ms`
        : `SESSION ${window.gapMs} ms`;
  return { window, domain, toString: () => (domain === 'event' ? what : `${what}, processing time`) };
}

const tumbling = (domain: 'event' | 'processing') => ({
  of: (size: Duration, offset: Duration = 0): WindowAssigner => assigner({ type: 'tumble', sizeMs: durationMs(size), offsetMs: durationMs(offset) }, domain),
});
const sliding = (domain: 'event' | 'processing') => ({
  of: (size: Duration, slide: Duration, offset: Duration = 0): WindowAssigner =>
    assigner({ type: 'hop', sizeMs: durationMs(size), slideMs: durationMs(slide), offsetMs: durationMs(offset) }, domain),
});
const session = (domain: 'event' | 'processing') => ({
  withGap: (gap: Duration): WindowAssigner => assigner({ type: 'session', gapMs: durationMs(gap) }, domain),
});

export const TumblingEventTimeWindows = tumbling('event');
export const TumblingProcessingTimeWindows = tumbling('processing');
export const SlidingEventTimeWindows = sliding('event');
export const SlidingProcessingTimeWindows = sliding('processing');
export const EventTimeSessionWindows = session('event');
export const ProcessingTimeSessionWindows = session('processing');

/** An event time that a function gives: ms since 1970. */
export type Timestamp = number | bigint | Date;
/** The element's event time: a field (TIMESTAMP(0..3), TIMESTAMP_LTZ(0..3) or BIGINT ms), or a function that gives ms. */
export type TimestampAssigner<T> = string | ((value: T) => Timestamp);

/** What the compiler says of a function that gives something else. */
type GivesTimestamp<R> = [R] extends [Timestamp]
  ? R
  : [R] extends [Timestamp | null | undefined]
    ? 'An event time cannot be null: declare the field NOT NULL, or say what null means (row.at ?? 0n).'
    : 'An event time is a number or bigint of milliseconds, or a Date.';

/** How event time is found and how far records may be out of order. Immutable; each step gives a new one. */
export class WatermarkStrategy<T = unknown> {
  readonly outOfOrdernessMs: number;
  readonly assigner: TimestampAssigner<T> | undefined;
  readonly idlenessMs: number;

  private constructor(outOfOrdernessMs: number, assigner: TimestampAssigner<T> | undefined, idlenessMs: number) {
    this.outOfOrdernessMs = outOfOrdernessMs;
    this.assigner = assigner;
    this.idlenessMs = idlenessMs;
  }
  /** The watermark trails the highest timestamp by the delay and one more millisecond, as in Flink. */
  static forBoundedOutOfOrderness<T = unknown>(delay: Duration): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(durationMs(delay), undefined, 0);
  }
  static forMonotonousTimestamps<T = unknown>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(0, undefined, 0);
  }
  /** Where timestamps are: a field, or a function that gives ms. */
  withTimestampAssigner<U = T>(field: string): WatermarkStrategy<U>;
  withTimestampAssigner<U = T, R = Timestamp>(assigner: (value: U) => GivesTimestamp<R>): WatermarkStrategy<U>;
  withTimestampAssigner<U>(assigner: string | ((value: U) => unknown)): WatermarkStrategy<U> {
    return new WatermarkStrategy<U>(this.outOfOrdernessMs, assigner as TimestampAssigner<U>, this.idlenessMs);
  }
  /** An input without records for so long does not hold back the others. */
  withIdleness(timeout: Duration): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>(this.outOfOrdernessMs, this.assigner, durationMs(timeout));
  }
}
