import type { ClosureWindow } from '../contract/closure-nodes.js';
import { type TimeWindow, touches } from './assign.js';

/** The windows of one key, by their start. Most keys have one or two; with a watermark far behind they may have thousands. */
export type LiveWindows<W extends TimeWindow> = W[];

/** Number of windows that begin before `start`; the last ones are looked at first, as most elements belong there. */
function before(windows: LiveWindows<TimeWindow>, start: number): number {
  let high = windows.length;
  if (high === 0 || windows[high - 1].start < start) return high;
  let low = 0;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (windows[mid].start < start) low = mid + 1;
    else high = mid;
  }
  return low;
}

export function windowAt<W extends TimeWindow>(windows: LiveWindows<W>, start: number): W | undefined {
  const found = windows[before(windows, start)];
  return found?.start === start ? found : undefined;
}

export function addWindow<W extends TimeWindow>(windows: LiveWindows<W>, window: W): void {
  const at = before(windows, window.start);
  if (at === windows.length) windows.push(window);
  else windows.splice(at, 0, window);
}

export function removeWindow<W extends TimeWindow>(windows: LiveWindows<W>, window: W): void {
  const at = before(windows, window.start);
  if (at === 0) windows.shift();
  else windows.splice(at, 1);
}

/** The sessions that `w` touches. Those of a key do not touch each other, so their ends are in order too. */
export function touched<W extends TimeWindow>(windows: LiveWindows<W>, w: TimeWindow): W[] {
  let from = before(windows, w.start);
  if (from > 0 && touches(windows[from - 1], w)) from--;
  let to = from;
  while (to < windows.length && touches(windows[to], w)) to++;
  return windows.slice(from, to);
}

interface MortalWindow extends TimeWindow {
  readonly dead: boolean;
}

/** Windows that begin later hold no element of today's: not those of the last window, or, as sessions grow, of the last element. Undefined: there are no windows. */
export function lastBegin(windows: Iterable<MortalWindow>, window: ClosureWindow): number | undefined {
  let last: number | undefined;
  for (const w of windows) {
    if (w.dead) continue;
    const begin = window.type === 'session' ? w.end - window.gapMs : w.start;
    if (last === undefined || begin > last) last = begin;
  }
  return last;
}

/** Whether a window is left that began at or before `start`. */
export function anyFrom(windows: Iterable<MortalWindow>, start: number): boolean {
  for (const w of windows) if (!w.dead && w.start <= start) return true;
  return false;
}
