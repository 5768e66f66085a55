import { EVENT_LOOP_TURN_MS } from '../base/limits.js';
import type { Clock } from '../base/clock.js';
import type { Prng } from '../base/prng.js';
import type { MillraceError, PlainError } from '../base/errors.js';
import { type Activity, CALLBACKS, IDLE } from './activity.js';
import { StepResult } from './step.js';
import type { Subtask } from './subtask.js';

/** What a slot says when all of its subtasks are done. */
export interface SlotReport {
  readonly error?: PlainError;
  /** wall clock when the first record was read and when the last subtask was done; absent when that never came */
  readonly firstReadMs?: number;
  readonly doneMs?: number;
  /** metrics by "operator name (subtask)" */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** How a slot waits: a worker sleeps on its doorbell, a slot on a user's thread waits for promises and timers. */
export interface Waiter {
  /** the doorbell's counter before the last look for work */
  look(): number;
  /** Waits until the bell rings after `seen`, or for `timeoutMs`. May block the thread only when `mayBlock`. */
  wait(seen: number, timeoutMs: number, mayBlock: boolean): Promise<void> | undefined;
  /** Lets the event loop run once: microtasks, promises, stdio, messages. */
  turn(): Promise<void>;
  /** The same, but the event loop may sleep for `ms` when it has nothing to do. */
  nap(ms: number): Promise<void>;
  /** As `wait`, with the event loop running: for promises, whose ends ring the bell too. */
  rest(seen: number, timeoutMs: number): Promise<void>;
}

export interface SlotHooks {
  cancelled(): boolean;
  /** number of the barrier that sources are to send; 0 = none yet */
  barrier(): number;
  /** A subtask failed: the whole job must stop now, not when this slot's other subtasks are done. Called once. */
  failed(error: MillraceError): void;
  /** publishes figures; called every few ms of work and before sleeping */
  publish(): void;
  /** where the slot says what it does */
  activity: Activity;
  /** bytes that closures printed and the event loop still has to carry away */
  stdioBytes(): number;
  /** seeded order of steps, for simulation */
  order?: Prng;
  /** asked before every round of steps: true leaves the subtasks as they are */
  leave?(): boolean;
}

/** Steps of a subtask in one turn of its slot. */
const SOURCE_STEPS = 1;
const STEPS_MAX = 64;
/** After so many steps, and every so many more, a subtask's turn ends when its slot's has taken longer than this, ms. */
const STEPS_UNTIMED = 8;
const STEPS_MS = 2;

/** Most a slot sleeps: a bound on how late a lost wake-up is noticed. */
const SLEEP_MAX_MS = 100;

/** While a promise is pending: so many turns at full speed (a promise that is settled already takes one or two), then rests, so that waiting costs no CPU. */
const TURNS_AWAKE = 50;
const NAP_MS = 1;

/** Closures that print more than their reader takes wait for it from so many bytes on. */
const STDIO_BYTES_MAX = 1 << 20;
/** A cancelled job does not wait longer than this for a reader of its closures' output that takes nothing any more, ms. */
const STDIO_GRACE_MS = 250;

/** The only scheduler: steps the subtasks until all are done. */
export async function runSlot(subtasks: readonly Subtask[], clock: Clock, waiter: Waiter, hooks: SlotHooks): Promise<MillraceError | undefined> {
  let lastTurnMs = clock.monotonicMs();
  let cancelled = false;
  let barrier = 0;
  /** turns of the event loop since a step last found work */
  let idleTurns = 0;
  let failed = false;
  for (;;) {
    if (hooks.leave?.()) return firstError(subtasks);
    const seen = waiter.look();
    const cancel = !cancelled && hooks.cancelled();
    const asked = hooks.barrier(); // after the cancel flag: a barrier asked for with it comes first
    if (asked !== barrier) {
      barrier = asked;
      for (const s of subtasks) s.askBarrier(barrier);
    }
    if (cancel) {
      cancelled = true;
      for (const s of subtasks) s.cancel();
    }
    let now = clock.monotonicMs();
    const found = stepAll(subtasks, now, clock, hooks);
    const held = (found & HELD) !== 0;
    if (!failed) {
      const error = firstError(subtasks);
      if (error !== undefined) {
        failed = true;
        hooks.failed(error);
      }
    }
    if (found === 0) break;
    now = clock.monotonicMs();
    if ((found & WORKED) !== 0) {
      idleTurns = 0;
      if (now - lastTurnMs >= EVENT_LOOP_TURN_MS) {
        hooks.publish();
        hooks.activity.begin(CALLBACKS, clock.nowMs());
        await waiter.turn();
        while (hooks.stdioBytes() > STDIO_BYTES_MAX && !hooks.cancelled()) await waiter.nap(NAP_MS);
        lastTurnMs = clock.monotonicMs();
      }
      continue;
    }
    hooks.publish();
    hooks.activity.begin(CALLBACKS, clock.nowMs());
    const awake = held && ++idleTurns <= TURNS_AWAKE;
    if (awake || hooks.stdioBytes() > 0) {
      await (awake ? waiter.turn() : waiter.nap(NAP_MS));
      lastTurnMs = clock.monotonicMs();
      continue;
    }
    let wakeMs = now + SLEEP_MAX_MS;
    for (const s of subtasks) wakeMs = Math.min(wakeMs, s.nextWakeupMs());
    if (wakeMs > now && !held) hooks.activity.begin(IDLE, clock.nowMs());
    if (wakeMs > now) await (held ? waiter.rest(seen, wakeMs - now) : waiter.wait(seen, wakeMs - now, true));
    if (held) lastTurnMs = clock.monotonicMs();
    if (clock.monotonicMs() - lastTurnMs >= EVENT_LOOP_TURN_MS) {
      hooks.activity.begin(CALLBACKS, clock.nowMs());
      await waiter.turn();
      lastTurnMs = clock.monotonicMs();
    }
  }
  hooks.publish();
  hooks.activity.begin(CALLBACKS, clock.nowMs());
  await stdioEmpty(waiter, clock, hooks);
  hooks.activity.begin(IDLE, clock.nowMs());
  return firstError(subtasks);
}

/** Waits until what closures printed has left; a reader that stands still is waited for only while the job is not cancelled. */
async function stdioEmpty(waiter: Waiter, clock: Clock, hooks: SlotHooks): Promise<void> {
  let bytes = hooks.stdioBytes();
  let movedMs = clock.monotonicMs();
  for (let turns = 1; bytes > 0; turns++) {
    await (turns <= TURNS_AWAKE ? waiter.turn() : waiter.nap(NAP_MS));
    const left = hooks.stdioBytes();
    if (left < bytes || !hooks.cancelled()) movedMs = clock.monotonicMs();
    else if (clock.monotonicMs() - movedMs > STDIO_GRACE_MS) return;
    bytes = left;
  }
}

/** What a round of steps found, as bits; 0 = all are done. */
const WORKED = 1;
const HELD = 2;
const OPEN = 4;
function stepAll(subtasks: readonly Subtask[], nowMs: number, clock: Clock, hooks: SlotHooks): number {
  let found = 0;
  const first = hooks.order === undefined ? 0 : hooks.order.below(subtasks.length);
  for (let k = 0; k < subtasks.length; k++) {
    const r = stepSome(subtasks[(first + k) % subtasks.length], nowMs, clock, hooks);
    if (r !== StepResult.Done) found |= r === StepResult.Worked ? WORKED | OPEN : r === StepResult.Held ? HELD | OPEN : OPEN;
  }
  return found;
}

function firstError(subtasks: readonly Subtask[]): MillraceError | undefined {
  for (let i = 0; i < subtasks.length; i++) if (subtasks[i].error !== undefined) return subtasks[i].error;
  return undefined;
}

/**
 * Steps of one subtask while it has work. A source gets one, the others many: they take what is there before more is made, so a source that is polled again finds more
 * rows at once the busier its slot is. The other way round, a source that always has a few new rows would fill the rings with small batches.
 */
function stepSome(subtask: Subtask, fromMs: number, clock: Clock, { order, activity }: SlotHooks): StepResult {
  const steps = order !== undefined ? 1 + order.below(4) : subtask.isSource ? SOURCE_STEPS : STEPS_MAX;
  activity.begin(subtask.head, clock.nowMs());
  let r = subtask.step();
  for (let k = 1; k < steps && r === StepResult.Worked; k++) {
    if (k % STEPS_UNTIMED === 0 && clock.monotonicMs() - fromMs > STEPS_MS) break;
    activity.begin(subtask.head, clock.nowMs());
    r = subtask.step();
  }
  return r;
}
