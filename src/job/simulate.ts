import { ManualClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import { IO_RING_BYTES } from '../base/limits.js';
import { Prng } from '../base/prng.js';
import type { ClosureTable } from '../contract/closures.js';
import type { StreamGraph } from '../contract/graph.js';
import { Doorbells } from '../ring/doorbell.js';
import { LocalBell } from '../ring/io-bell.js';
import { ringBytes } from '../ring/ring.js';
import { buildSlot, slotReport } from '../task/build.js';
import { Control } from '../task/control.js';
import { IoHub } from '../task/io-hub.js';
import type { IoRings } from '../task/plan.js';
import { runSlot, type Waiter } from '../task/slot.js';
import { Engine } from '../wasm/engine.js';
import { readJobOptions } from './options.js';
import { planJob } from './plan.js';
import { type JobResult, result } from './status.js';

export interface SimulateOptions {
  /** decides the order of steps; the same seed replays the same run */
  readonly seed: number;
  readonly closures?: ClosureTable;
  readonly print?: (text: string) => void;
  /** wall clock at the start, ms since the epoch */
  readonly startMs?: number;
}

/**
 * Runs a whole job, all of its slots, in this thread: one seed decides which subtask steps when, and time moves only when nothing else can.
 * Each slot has its own engine, as in workers. A failure names the seed.
 */
export async function simulateGraph(graph: StreamGraph, options: SimulateOptions): Promise<JobResult> {
  const clock = new ManualClock(options.startMs ?? 0);
  const startedMs = clock.preciseMs();
  const abort = new AbortController();
  const runId = `simulation-${options.seed}`;
  const { plan, io } = await planJob(graph, { clock, signal: abort.signal, options: readJobOptions(graph.options), runId });
  const bells = new Doorbells(plan.slots);
  const control = new Control(plan.tasks.reduce((n, t) => n + t.parallelism, 0));
  const sleeping = new SharedArrayBuffer(4);
  const rings: IoRings[] = io.map((n) => ({
    nodeId: n.nodeId,
    thread: n.spec.thread,
    rings: Array.from({ length: n.parallelism }, () => new SharedArrayBuffer(ringBytes(IO_RING_BYTES))),
  }));
  let ioError: MillraceError | undefined;
  const print = options.print ?? ((text: string) => void process.stdout.write(text));
  const hub = new IoHub({ clock, signal: abort.signal, options: plan.options, print }, bells, plan.slots, sleeping, (e) => {
    ioError ??= e;
    control.cancel();
  });
  const bell = new LocalBell(sleeping, () => setImmediate(hub.pump));
  try {
    await hub.start(io.map((n, i) => ({ nodeId: n.nodeId, name: n.name, role: n.role, spec: n.spec, rings: rings[i].rings })));
    const slots = [];
    for (let slot = 0; slot < plan.slots; slot++) {
      slots.push(
        await buildSlot({ plan, slot, engine: new Engine(), clock, bells, control, io: rings, ioBell: bell, hostBell: bell, closures: options.closures }),
      );
    }
    const subtasks = slots.flatMap((s) => s.subtasks);
    const error = await runSlot(subtasks, clock, simulatedWaiter(clock), {
      cancelled: () => control.cancelled,
      failed: () => control.cancel(),
      publish: () => {},
      stdioBytes: () => 0,
      order: new Prng(options.seed),
    });
    const failure = ioError ?? error;
    if (failure !== undefined)
      throw new MillraceError(failure.code, failure.message, { place: failure.place, remedy: `Replay it with seed ${options.seed}.`, cause: failure });
    return result(
      plan,
      slots.map((s) => slotReport(s.subtasks, s.times, undefined)),
      startedMs,
    );
  } finally {
    abort.abort();
    await hub.close();
  }
}

/** Time stands still while anything can work; then it jumps to the next timer. */
function simulatedWaiter(clock: ManualClock): Waiter {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    look: () => 0,
    async wait(_seen, timeoutMs) {
      await turn();
      clock.advanceMs(timeoutMs);
    },
    turn,
    nap: turn, // a promise of the user's may still be pending on real time
  };
}
