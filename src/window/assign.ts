import { MillraceError } from '../base/errors.js';
import type { ClosureWindow } from '../contract/closure-nodes.js';

/** [start, end) in ms, as Flink's TimeWindow. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

/** Flink's TimeWindow.getWindowStartWithOffset: windows are aligned to the epoch plus the offset, times before it included. */
export function windowStart(timeMs: number, offsetMs: number, sizeMs: number): number {
  const remainder = (timeMs - offsetMs) % sizeMs;
  return timeMs - (remainder < 0 ? remainder + sizeMs : remainder);
}

/** The windows of an element, latest start first (as Flink assigns sliding ones). A session's is the gap after the element, yet unmerged. */
export function assignWindows(window: ClosureWindow, timeMs: number): TimeWindow[] {
  switch (window.type) {
    case 'tumble': {
      const start = windowStart(timeMs, window.offsetMs, window.sizeMs);
      return [{ start, end: start + window.sizeMs }];
    }
    case 'hop': {
      const out: TimeWindow[] = [];
      const last = windowStart(timeMs, window.offsetMs, window.slideMs);
      for (let start = last; start > timeMs - window.sizeMs; start -= window.slideMs) out.push({ start, end: start + window.sizeMs });
      return out;
    }
    case 'session':
      return [{ start: timeMs, end: timeMs + window.gapMs }];
  }
}

/** Sessions that touch are one (Flink's TimeWindow.intersects counts equal borders). */
export function touches(a: TimeWindow, b: TimeWindow): boolean {
  return a.start <= b.end && a.end >= b.start;
}

/** The error of an element that belongs to no event-time window because it has no timestamp. */
export function noTimestamp(operator: string): MillraceError {
  return new MillraceError('NULL_ROWTIME', 'a record has no timestamp, so it belongs to no event-time window', {
    place: { operator },
    remedy: 'Call assignTimestampsAndWatermarks(...) before the window, or use a processing-time window.',
  });
}
