import type { Clock } from '../base/clock.js';
import type { ExchangeWriter } from '../exchange/writer.js';
import type { ChainedOperator } from './chain.js';
import type { Input } from './gate.js';

/** What the slot learns from a step. */
export enum StepResult {
  /** did something: step again */
  Worked,
  /** nothing to do until a doorbell rings or `nextWakeupMs` */
  Idle,
  /** a promise of its closures is pending: turn the event loop */
  Held,
  Done,
}

/** After a cancel, ms that promises of a subtask's closures get to settle: what is nearly done is kept, what never settles holds up nobody. */
export const HELD_GRACE_MS = 250;

/** Monotonic ms when something may happen without a doorbell: buffer time-outs, timers, the source's own clock. `heldUntilMs`: promises are pending, and what is due waits for them until then. */
export function wakeupMs(
  clock: Clock,
  writers: readonly ExchangeWriter[],
  ops: readonly ChainedOperator[],
  input: Input | undefined,
  heldUntilMs: number | undefined,
): number {
  let t = Number.POSITIVE_INFINITY;
  const now = clock.nowMs();
  const mono = clock.monotonicMs();
  for (const w of writers) t = Math.min(t, w.nextFlushMs());
  if (heldUntilMs !== undefined) return Math.min(t, heldUntilMs);
  if (writers.some((w) => w.blocked) || ops.some((op) => op.pending.length > 0 && op.operator?.waiting)) return t; // and here for room
  for (const op of ops) if (op.timersMs.length > 0) t = Math.min(t, mono + op.timersMs[0] - now);
  const ms = input?.wakeupMs?.();
  return ms === undefined ? t : Math.min(t, mono + ms);
}
