import { ManualClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import { IO_RING_BYTES } from '../base/limits.js';
import { Prng } from '../base/prng.js';
import { type ArrivedBarrier, Coordinator } from '../checkpoint/coordinator.js';
import type { ClosureTable } from '../contract/closures.js';
import type { StreamGraph } from '../contract/graph.js';
import { Doorbells } from '../ring/doorbell.js';
import { LocalBell } from '../ring/io-bell.js';
import { ringBytes } from '../ring/ring.js';
import { type BuiltSlot, buildSlot } from '../task/build.js';
import { Control, subtaskNumber } from '../task/control.js';
import { slotReport } from '../task/figures.js';
import { IoHub } from '../task/io-hub.js';
import type { IoRings } from '../task/plan.js';
import { runSlot, type Waiter } from '../task/slot.js';
import { type JobSnapshot, Restored, type SubtaskSnapshot } from '../task/snapshot.js';
import { StepResult } from '../task/step.js';
import type { Subtask } from '../task/subtask.js';
import { Engine } from '../wasm/engine.js';
import { coordinated } from './commits.js';
import { readJobOptions } from './options.js';
import { type IoNode, planJob } from './plan.js';
import { type JobResult, result } from './status.js';

export interface SimulateOptions {
  /** decides the order of steps; the same seed replays the same run */
  readonly seed: number;
  readonly closures?: ClosureTable;
  readonly print?: (text: string) => void;
  /** takes warnings: what an operator's subtasks have to say */
  readonly warn?: (about: string, text: string) => void;
  /** wall clock at the start, ms since the epoch */
  readonly startMs?: number;
  /** the state to go on from; the graph may have another parallelism than when it was taken */
  readonly restored?: JobSnapshot;
  /** The sources stop after so many rounds of steps, what is under way is handled, and a snapshot of the whole job is taken. The run then ends as if it had crashed. */
  readonly snapshotAfter?: number;
  /** Every so many rounds a barrier is sent, without snapshots: `complete` is told which positions of a source nothing depends on any more. */
  readonly barriers?: { readonly every: number; complete(nodeId: number, positions: readonly Uint8Array[]): void };
  /** With `snapshotAfter`: what the snapshot commits is committed, and the crash comes so many rounds later. */
  readonly crashAfter?: number;
}

/** How a simulated run ended: by itself (`result`), or at its snapshot. */
export interface SimulatedRun {
  readonly result?: JobResult;
  readonly snapshot?: JobSnapshot;
  /** rounds of steps, those after the sources stopped not counted */
  readonly rounds: number;
  /** wall clock at the end, ms since the epoch */
  readonly endMs: number;
}

/**
 * Runs a whole job, all of its slots, in this thread: one seed decides which subtask steps when, and time moves only when nothing else can.
 * Each slot has its own engine, as in workers. A failure names the seed.
 */
export async function simulateGraph(graph: StreamGraph, options: Omit<SimulateOptions, 'restored' | 'snapshotAfter'>): Promise<JobResult> {
  return (await simulate(graph, options, false)).result!;
}

/** The same with snapshots: sinks make rows visible only with a snapshot (the end of the job is one), and a run may begin with the snapshot of another. */
export function simulateWithSnapshots(graph: StreamGraph, options: SimulateOptions): Promise<SimulatedRun> {
  return simulate(graph, options, true);
}

async function simulate(graph: StreamGraph, options: SimulateOptions, checkpoints: boolean): Promise<SimulatedRun> {
  const clock = new ManualClock(options.startMs ?? 0);
  const startedMs = clock.preciseMs();
  const abort = new AbortController();
  const restored = options.restored === undefined ? undefined : new Restored(options.restored);
  const runId = `simulation-${options.seed}${restored === undefined ? '' : `-at-${clock.nowMs()}`}`;
  const { plan, io } = await planJob(graph, { clock, signal: abort.signal, options: readJobOptions(graph.options), runId, checkpoints, restored });
  const bells = new Doorbells(plan.slots);
  const control = Control.create(subtaskNumber(plan.tasks, plan.tasks.length, 0), plan.slots);
  const sleeping = new SharedArrayBuffer(4);
  const rings = io.map(ioRings);
  const coordinator = new Coordinator(coordinated(plan), (node, positions) => options.barriers?.complete(node, positions));
  let ioError: MillraceError | undefined;
  const print = options.print ?? ((text: string) => void process.stdout.write(text));
  const hub = new IoHub({ clock, signal: abort.signal, options: plan.options, print }, bells, plan.slots, sleeping, (e) => {
    ioError ??= e;
    control.cancel();
  });
  const bell = new LocalBell(sleeping, () => setImmediate(hub.pump));
  const ends = { io: rings, ioBell: bell, hostBell: bell, barrier: (b: ArrivedBarrier) => coordinator.arrived(b) };
  const shared = { clock, bells, control, ...ends, closures: options.closures, restored, warn: options.warn };
  const check = (error: MillraceError | undefined): void => {
    const failure = ioError ?? error;
    if (failure !== undefined) throw replayable(failure, options.seed);
  };
  try {
    await hub.start(io.map((n, i) => ({ nodeId: n.nodeId, name: n.name, role: n.role, spec: n.spec, rings: rings[i].rings })));
    const slots: BuiltSlot[] = [];
    for (let slot = 0; slot < plan.slots; slot++) slots.push(await buildSlot({ plan, slot, engine: new Engine(), ...shared }));
    const subtasks = slots.flatMap((s) => s.subtasks);
    const order = new Prng(options.seed);
    /** Steps until the job is done, or for so many rounds. */
    const run = async (roundsMax: number | undefined): Promise<number> => {
      let rounds = 0;
      const error = await runSlot(subtasks, clock, simulatedWaiter(clock), {
        cancelled: () => control.cancelled,
        barrier: () => control.barrier,
        failed: () => control.cancel(),
        publish: () => {},
        activity: control.activity(0),
        stdioBytes: () => 0,
        order,
        leave: () => {
          if (rounds % (options.barriers?.every ?? Number.NaN) === 0) control.askBarrier(coordinator.next());
          return rounds++ === roundsMax;
        },
      });
      check(error);
      return rounds;
    };
    const rounds = await run(options.snapshotAfter);
    if (subtasks.every((s) => s.done)) {
      // the end of a job is its last snapshot
      if (checkpoints) for (const s of subtasks) s.commit(s.snapshot());
      const reports = slots.map((s) => slotReport(s.subtasks, s.times, undefined));
      return { rounds, endMs: clock.nowMs(), result: result(plan, reports, startedMs) };
    }
    const snapshot: JobSnapshot = structuredClone({ version: 1, maxParallelism: plan.maxParallelism, subtasks: await cut(subtasks, order, check) });
    if (options.crashAfter !== undefined) {
      for (const [i, s] of subtasks.entries()) s.commit(snapshot.subtasks[i]);
      await run(options.crashAfter);
    }
    for (const s of subtasks) s.abandon();
    return { rounds, endMs: clock.nowMs(), snapshot };
  } finally {
    abort.abort();
    await hub.close();
  }
}

function replayable(failure: MillraceError, seed: number): MillraceError {
  return new MillraceError(failure.code, failure.message, { place: failure.place, remedy: `Replay it with seed ${seed}.`, cause: failure });
}

function ioRings(n: IoNode): IoRings {
  const rings = Array.from({ length: n.parallelism }, () => new SharedArrayBuffer(ringBytes(IO_RING_BYTES)));
  return { nodeId: n.nodeId, thread: n.spec.thread, rings };
}

/** A consistent cut without barriers: sources stop, everything under way is handled, then all state is taken. */
async function cut(subtasks: readonly Subtask[], order: Prng, check: (error: MillraceError | undefined) => void): Promise<SubtaskSnapshot[]> {
  for (const s of subtasks) s.pause(true);
  for (;;) {
    await settle(subtasks, order, check);
    let owed = false;
    for (const s of subtasks) owed = s.prepareSnapshot() || owed;
    if (owed) continue;
    for (const s of subtasks) s.pause(false);
    return subtasks.map((s) => s.snapshot());
  }
}

/** Steps until nothing is under way: no row in a ring, a buffer, an operator's hands, or with a sink's other side. */
async function settle(subtasks: readonly Subtask[], order: Prng, check: (error: MillraceError | undefined) => void): Promise<void> {
  let quietRounds = 0;
  for (;;) {
    const first = order.below(subtasks.length);
    let quiet = true;
    for (let k = 0; k < subtasks.length; k++) {
      const r = subtasks[(first + k) % subtasks.length].step();
      if (r === StepResult.Worked || r === StepResult.Held) quiet = false;
    }
    check(subtasks.find((s) => s.error !== undefined)?.error);
    quietRounds = quiet && subtasks.every((s) => s.settled) ? quietRounds + 1 : 0;
    if (quietRounds === 2) return; // what left a buffer in the first round would have been found in the second
    await turn();
  }
}

/** Time stands still while anything can work; then it jumps to the next timer. */
function simulatedWaiter(clock: ManualClock): Waiter {
  return {
    look: () => 0,
    async wait(_seen, timeoutMs) {
      await turn();
      clock.advanceMs(timeoutMs);
    },
    turn,
    rest: turn,
    nap: turn, // a promise of the user's may still be pending on real time
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
