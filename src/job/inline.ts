import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import type { ArrivedBarrier } from '../checkpoint/coordinator.js';
import type { ClosureTable } from '../contract/closures.js';
import type { Doorbells } from '../ring/doorbell.js';
import { LocalBell, PortBell } from '../ring/io-bell.js';
import { buildSlot } from '../task/build.js';
import { slotReport } from '../task/figures.js';
import type { Control } from '../task/control.js';
import type { IoRings, JobPlan } from '../task/plan.js';
import { runSlot, type SlotReport, type Waiter } from '../task/slot.js';
import { Engine } from '../wasm/engine.js';

export interface InlineContext {
  readonly plan: JobPlan;
  readonly bells: Doorbells;
  readonly control: Control;
  readonly io: readonly IoRings[];
  readonly ioPort: MessagePort | undefined;
  readonly ioSleeping: SharedArrayBuffer;
  readonly hostSleeping: SharedArrayBuffer;
  readonly pumpHost: () => void;
  readonly closures: ClosureTable;
  readonly failed: (error: MillraceError) => void;
  /** the job has waited long enough after its cancellation */
  readonly abandoned: () => boolean;
  readonly barrier: (b: ArrivedBarrier) => void;
}

/** Runs a job's only slot on the caller's thread, beside the caller's own work: never blocks, waits by timers and promises. */
export async function runInline(ctx: InlineContext): Promise<SlotReport> {
  if (ctx.plan.slots > 1) {
    throw new MillraceError('GRAPH_INVALID', `a job whose functions live in this thread runs at parallelism 1, not ${ctx.plan.slots}`, {
      remedy: 'Put the job into a module whose default export builds the graph, and run that: every worker then imports it.',
    });
  }
  const built = await buildSlot({
    plan: ctx.plan,
    slot: 0,
    engine: new Engine(),
    clock: systemClock,
    bells: ctx.bells,
    control: ctx.control,
    io: ctx.io,
    ioBell: ctx.ioPort === undefined ? undefined : new PortBell(ctx.ioSleeping, ctx.ioPort),
    hostBell: new LocalBell(ctx.hostSleeping, ctx.pumpHost),
    closures: ctx.closures,
    barrier: ctx.barrier,
  });
  const error = await runSlot(built.subtasks, systemClock, timerWaiter(ctx.bells), {
    cancelled: () => ctx.control.cancelled,
    barrier: () => ctx.control.barrier,
    failed: ctx.failed,
    publish: built.publish,
    activity: ctx.control.activity(0),
    stdioBytes: () => 0,
    leave: ctx.abandoned,
  });
  for (const s of built.subtasks) s.abandon();
  return slotReport(built.subtasks, built.times, error);
}

/** Longest wait of an inline slot, ms: bells of other threads are noticed by looking. */
const POLL_MS = 2;

function timerWaiter(bells: Doorbells): Waiter {
  return {
    look: () => bells.look(0),
    async wait(seen, timeoutMs) {
      if (bells.look(0) === seen) await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, POLL_MS)));
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    nap: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    rest: (seen, timeoutMs) => bells.rest(0, seen, timeoutMs),
  };
}
