import type { WindowSpec } from '../contract/nodes.js';

/**
 * Arithmetic of tumbling and hopping windows in slices: a slice is the longest range that lies in every window it touches
 * (the greatest common divisor of size and slide), so windows that overlap share their slices' accumulators.
 * All times are ms on the window's own time line (UTC, or local wall-clock time read as UTC).
 */
export interface SliceSpec {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly sliceMs: number;
}

export function sliceSpecOf(window: Exclude<WindowSpec, { type: 'session' }>): SliceSpec {
  const { sizeMs, offsetMs } = window;
  const slideMs = window.type === 'hop' ? window.slideMs : sizeMs;
  return { sizeMs, slideMs, offsetMs, sliceMs: gcd(sizeMs, slideMs) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** x rounded down to offset modulo step; right for negative times. */
export function floorTo(x: number, step: number, offset: number): number {
  return Math.floor((x - offset) / step) * step + offset;
}

/** End of the first window that contains the slice starting at `slice`. */
export function firstWindowEnd(spec: SliceSpec, slice: number): number {
  return -floorTo(-(slice + spec.sliceMs - spec.sizeMs), spec.slideMs, -spec.offsetMs) + spec.sizeMs;
}

/** End of the last window that contains the slice; less than firstWindowEnd when it lies in a gap between windows (slide > size). */
export function lastWindowEnd(spec: SliceSpec, slice: number): number {
  return floorTo(slice, spec.slideMs, spec.offsetMs) + spec.sizeMs;
}

/** Does the slice lie in no window (slide > size)? */
export function isBetweenWindows(spec: SliceSpec, slice: number): boolean {
  return lastWindowEnd(spec, slice) < firstWindowEnd(spec, slice);
}

/** End of the last window that has passed at this progress (the last millisecond that event time has reached). */
export function lastPassedEnd(spec: SliceSpec, progress: number): number {
  return floorTo(progress + 1, spec.slideMs, spec.offsetMs + spec.sizeMs);
}
