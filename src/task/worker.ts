import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { MillraceError, type PlainError } from '../base/errors.js';
import { applyRegistrations } from '../contract/registry.js';
import { Doorbells } from '../ring/doorbell.js';
import { PortBell } from '../ring/io-bell.js';
import { Engine, setKernelModule } from '../wasm/engine.js';
import { STARTING } from './activity.js';
import { buildSlot } from './build.js';
import { slotReport } from './figures.js';
import { loadClosures } from './closures.js';
import { Control } from './control.js';
import { loadOperator } from './operators.js';
import type { IoRings, JobPlan } from './plan.js';
import { runSlot, type SlotReport, type Waiter } from './slot.js';
import type { StrayWatch } from './stray.js';

/** What a worker gets: one slot's part of a job. */
export interface SlotTask {
  readonly plan: JobPlan;
  readonly slot: number;
  readonly kernels: WebAssembly.Module;
  readonly bells: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly io: readonly IoRings[];
  /** how to wake the threads with event loops */
  readonly ioPort?: MessagePort;
  readonly ioSleeping: SharedArrayBuffer;
  readonly hostPort: MessagePort;
  readonly hostSleeping: SharedArrayBuffer;
}

/** What a slot has to say to the user, beside failures. */
export interface SlotWarning {
  readonly about: string;
  readonly text: string;
}

/** What a thread loads when it starts: a guess, so that it need not when its task comes. */
export interface Preload {
  /** URLs of connectors and formats */
  readonly modules: readonly string[];
  /** kinds of operators */
  readonly operators: readonly string[];
}

/** What a thread posts: once that its modules are loaded, then the report of each task. */
export type WorkerMessage = 'loaded' | SlotReport;

/** A slot: one long task that runs until its subtasks are done. Never rejects: an error comes back in the report. */
async function slotMain(task: SlotTask): Promise<SlotReport> {
  const { plan, slot } = task;
  setKernelModule(task.kernels);
  applyRegistrations(plan.registrations);
  const bells = new Doorbells(task.bells);
  const control = new Control(task.control);
  const activity = control.activity(slot);
  activity.begin(STARTING, systemClock.nowMs());
  const failed = (e: PlainError): void => task.hostPort.postMessage(e);
  let watch: StrayWatch | undefined;
  let built: Awaited<ReturnType<typeof buildSlot>> | undefined;
  let error: MillraceError | undefined;
  try {
    if (plan.module !== undefined) watch = new (await import('./stray.js')).StrayWatch(plan, activity, failed);
    const closures = plan.module === undefined ? undefined : await loadClosures(plan.module);
    built = await buildSlot({
      plan,
      slot,
      engine: new Engine(task.kernels),
      clock: systemClock,
      bells,
      control,
      io: task.io,
      ioBell: task.ioPort === undefined ? undefined : new PortBell(task.ioSleeping, task.ioPort),
      hostBell: new PortBell(task.hostSleeping, task.hostPort),
      closures,
      barrier: (b) => task.hostPort.postMessage(b),
      warn: (about, text) => task.hostPort.postMessage({ about, text } satisfies SlotWarning),
    });
    error = await runSlot(built.subtasks, systemClock, blockingWaiter(bells, slot), {
      cancelled: () => control.cancelled,
      barrier: () => control.barrier,
      failed: (e) => failed((watch?.blamed(e) ?? e).toPlain()),
      publish: built.publish,
      activity,
      stdioBytes: closures === undefined ? () => 0 : stdioBytes,
    });
  } catch (e) {
    error = MillraceError.from(e);
  }
  if (watch !== undefined) {
    await new Promise((resolve) => setImmediate(resolve)); // promises that were rejected in the last step are told now
    watch.end();
    error = error && watch.blamed(error);
  }
  task.ioPort?.close();
  task.hostPort.close();
  return slotReport(built?.subtasks ?? [], built?.times, error);
}

function blockingWaiter(bells: Doorbells, slot: number): Waiter {
  return {
    look: () => bells.look(slot),
    wait(seen, timeoutMs) {
      bells.sleep(slot, seen, timeoutMs);
      return undefined;
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    nap: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    rest: (seen, timeoutMs) => bells.rest(slot, seen, timeoutMs),
  };
}

/** A worker's stdio reaches the terminal only through its event loop. */
function stdioBytes(): number {
  return process.stdout.writableLength + process.stderr.writableLength;
}

const port = parentPort!;
const post = (m: WorkerMessage): void => port.postMessage(m);
port.on('message', (task: SlotTask) => void slotMain(task).then(post));
const { modules, operators } = workerData as Preload;
// what cannot be loaded is said by the task that needs it
void Promise.allSettled([...modules.map((url) => import(url)), ...operators.map(loadOperator)]).then(() => post('loaded'));
