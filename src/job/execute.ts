import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { MillraceError, type PlainError } from '../base/errors.js';
import { IO_RING_BYTES } from '../base/limits.js';
import { newRunId } from '../base/run-id.js';
import type { ArrivedBarrier } from '../checkpoint/coordinator.js';
import type { ClosureTable } from '../contract/closures.js';
import type { StreamGraph } from '../contract/graph.js';
import { Doorbells } from '../ring/doorbell.js';
import { ringBytes } from '../ring/ring.js';
import { Control, subtaskNumber } from '../task/control.js';
import { IoHub, type IoJob } from '../task/io-hub.js';
import type { IoRings, ModulePlan } from '../task/plan.js';
import type { SlotReport } from '../task/slot.js';
import type { SlotTask, SlotWarning } from '../task/worker.js';
import { loadKernelModule } from '../wasm/engine.js';
import type { Commits } from './commits.js';
import { IoThread } from './io-thread.js';
import { readJobOptions } from './options.js';
import { SlotPool } from './pool.js';
import { type IoNode, type PlannedJob, planJob } from './plan.js';
import { commitIntervalMs } from './positions.js';
import { type JobResult, type JobStatus, result, status } from './status.js';

export interface ExecuteOptions {
  /** functions of a graph built in this thread: the job then runs here, at parallelism 1 */
  readonly closures?: ClosureTable;
  /** where workers find the functions of a module job */
  readonly module?: ModulePlan;
  readonly signal?: AbortSignal;
  /** threads to run on; they stay with the caller. Default: threads of the job's own */
  readonly pool?: SlotPool;
  /** takes warnings, one line each; default: a process warning */
  readonly warn?: (text: string) => void;
  /** takes what `print` writes; default: stdout */
  readonly print?: (text: string) => void;
}

export interface JobHandle extends AsyncDisposable {
  readonly name: string;
  /** Resolves when every subtask is done and every sink has committed; rejects with the job's first MillraceError. */
  readonly done: Promise<JobResult>;
  /** Stops the sources, lets what is under way reach the sinks, and resolves when the job has ended. */
  cancel(): Promise<void>;
  /** @internal ends the job's threads, whatever they do; does not resolve while one stands in a call of the system */
  kill(): Promise<void>;
  status(): JobStatus;
}

/** After a failure or a cancel, ms that slots get to pass on what is under way before they are ended. */
const GRACE_MS = 5000;

/** Plans the graph and runs it. Resolves when the job is running; planning errors (unknown topic, missing file) reject here. */
export async function executeGraph(graph: StreamGraph, options: ExecuteOptions = {}): Promise<JobHandle> {
  const startedMs = systemClock.preciseMs();
  const jobOptions = readJobOptions(graph.options);
  const abort = new AbortController();
  const pool = options.closures !== undefined ? undefined : (options.pool ?? new SlotPool(jobOptions.parallelism));
  let planned: PlannedJob;
  try {
    planned = await planJob(graph, { clock: systemClock, signal: abort.signal, options: jobOptions, runId: newRunId(), module: options.module });
  } catch (e) {
    abort.abort();
    if (options.pool === undefined) await pool?.destroy();
    throw e;
  }
  const run = new JobRun(planned, options, abort, startedMs, pool);
  await run.start();
  return run;
}

class JobRun implements JobHandle {
  readonly name: string;
  readonly done: Promise<JobResult>;
  readonly #planned: PlannedJob;
  readonly #options: ExecuteOptions;
  readonly #abort: AbortController;
  readonly #startedMs: number;
  readonly #bells: Doorbells;
  readonly #control: Control;
  readonly #ioSleeping = new SharedArrayBuffer(4);
  readonly #hostSleeping = new SharedArrayBuffer(4);
  readonly #ports: MessagePort[] = [];
  readonly #warned = new Set<string>();
  #error: MillraceError | undefined;
  #pool: SlotPool | undefined;
  #io: IoThread | undefined;
  #commits: Commits | undefined;
  #hub: IoHub | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #resolve!: (r: JobResult) => void;
  #reject!: (e: MillraceError) => void;

  constructor(planned: PlannedJob, options: ExecuteOptions, abort: AbortController, startedMs: number, pool: SlotPool | undefined) {
    this.#pool = pool;
    this.name = planned.plan.name;
    this.#planned = planned;
    this.#options = options;
    this.#abort = abort;
    this.#startedMs = startedMs;
    this.#bells = new Doorbells(planned.plan.slots);
    this.#control = Control.create(subtaskNumber(planned.plan.tasks, planned.plan.tasks.length, 0), planned.plan.slots);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // a handle whose promise nobody reads must not end the process
  }

  async start(): Promise<void> {
    const { plan, io } = this.#planned;
    const ioRings: IoRings[] = io.map((n) => ({
      nodeId: n.nodeId,
      thread: n.spec.thread,
      rings: Array.from({ length: n.parallelism }, () => new SharedArrayBuffer(ringBytes(IO_RING_BYTES))),
    }));
    const jobsOf = (thread: 'io' | 'host'): IoJob[] => io.filter((n) => n.spec.thread === thread).map((n) => ioJob(n, ioRings));
    try {
      const slotIoPorts = await this.#startIo(jobsOf('io'));
      await this.#startHub(jobsOf('host'));
      await this.#startCommits();
      this.#options.signal?.addEventListener('abort', () => this.cancel(), { once: true });
      if (this.#options.signal?.aborted) this.#stop();
      const reports = this.#options.closures === undefined ? this.#runWorkers(ioRings, slotIoPorts) : this.#runHere(ioRings, slotIoPorts);
      reports.then((r) => this.#end(r)).catch((e: unknown) => this.#fail(MillraceError.from(e)));
    } catch (e) {
      await this.#release();
      throw e;
    }
    if (plan.slots === 0) this.#end([]);
  }

  /** The I/O thread, only when a node needs it. Returns the slots' ends of their ports to it. */
  async #startIo(jobs: readonly IoJob[]): Promise<readonly MessagePort[]> {
    if (jobs.length === 0) return [];
    const { slots, options } = this.#planned.plan;
    const io = new IoThread(jobs, { bells: this.#bells.sab, slots, sleeping: this.#ioSleeping, options }, (e) => this.#fail(e));
    this.#io = io;
    await io.ready();
    return io.slotPorts;
  }

  /** Positions go back to sources that want to know what the sinks have. */
  async #startCommits(): Promise<void> {
    const { plan } = this.#planned;
    const intervalMs = commitIntervalMs(plan);
    if (intervalMs === undefined) return;
    const { Commits } = await import('./commits.js');
    this.#commits = new Commits(
      plan,
      intervalMs,
      this.#control,
      () => this.#wakeSlots(),
      (nodeId, positions) => this.#io?.complete(nodeId, positions),
    );
  }

  async #startHub(jobs: readonly IoJob[]): Promise<void> {
    const print = this.#options.print ?? ((text: string) => void process.stdout.write(text));
    this.#hub = new IoHub(
      { clock: systemClock, signal: this.#abort.signal, options: this.#planned.plan.options, print },
      this.#bells,
      this.#planned.plan.slots,
      this.#hostSleeping,
      (e) => this.#fail(e),
    );
    await this.#hub.start(jobs);
  }

  async #runWorkers(io: readonly IoRings[], ioPorts: readonly MessagePort[]): Promise<SlotReport[]> {
    const { plan } = this.#planned;
    const pool = this.#pool!;
    const kernels = loadKernelModule();
    return Promise.all(
      Array.from({ length: plan.slots }, async (_, slot) => {
        const { port1, port2 } = new MessageChannel();
        const take = (m: 0 | PlainError | SlotWarning | ArrivedBarrier): void => {
          if (m === 0) this.#hub!.pump();
          else if ('barrier' in m) this.#commits?.arrived(m);
          else if ('about' in m) this.#warn(m);
          else this.#fail(MillraceError.fromPlain(m));
        };
        port1.on('message', take);
        this.#ports.push(port1);
        const task: SlotTask = {
          plan,
          slot,
          kernels,
          bells: this.#bells.sab,
          control: this.#control.sab,
          io,
          ioPort: ioPorts[slot],
          ioSleeping: this.#ioSleeping,
          hostPort: port2,
          hostSleeping: this.#hostSleeping,
        };
        try {
          const report = await pool.run(task, ioPorts[slot] === undefined ? [port2] : [port2, ioPorts[slot]]);
          for (let m = receiveMessageOnPort(port1); m !== undefined; m = receiveMessageOnPort(port1)) take(m.message); // what the report has overtaken
          if (report.error !== undefined) this.#fail(MillraceError.fromPlain(report.error));
          return report;
        } catch (e) {
          // its last words say more than its end
          for (let m = receiveMessageOnPort(port1); m !== undefined; m = receiveMessageOnPort(port1)) take(m.message);
          this.#fail((await import('./slot-failure.js')).slotFailure(e, plan, slot));
          return { metrics: {} };
        }
      }),
    );
  }

  /** Every subtask may find the same: it is said once. */
  #warn({ about, text }: SlotWarning): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    if (this.#options.warn !== undefined) this.#options.warn(text);
    else process.emitWarning(text, 'MillraceWarning');
  }

  async #runHere(io: readonly IoRings[], ioPorts: readonly MessagePort[]): Promise<SlotReport[]> {
    const { runInline } = await import('./inline.js'); // with all of the runtime, which only a job on this thread needs here
    const report = await runInline({
      plan: this.#planned.plan,
      bells: this.#bells,
      control: this.#control,
      io,
      ioPort: ioPorts[0],
      ioSleeping: this.#ioSleeping,
      hostSleeping: this.#hostSleeping,
      pumpHost: () => this.#hub!.pump(),
      closures: this.#options.closures!,
      failed: (e) => this.#fail(e),
      abandoned: () => this.#abort.signal.aborted,
      barrier: (b) => this.#commits?.arrived(b),
    });
    ioPorts[0]?.close();
    if (report.error !== undefined) this.#fail(MillraceError.fromPlain(report.error));
    return [report];
  }

  /** The first failure decides; the rest of the job is told to stop. */
  #fail(error: MillraceError): void {
    this.#error ??= error;
    this.#stop();
  }
  #stop(): void {
    this.#commits?.last();
    this.#control.cancel();
    this.#wakeSlots();
    this.#graceTimer ??= setTimeout(() => {
      const place = { operator: this.status().standing.at(0)?.operator };
      this.#error ??= new MillraceError('CANCELLED', `the job did not end within ${GRACE_MS} ms of its cancellation`, { place });
      void (this.#pool?.destroy() ?? this.#abort.abort());
    }, GRACE_MS);
  }

  #wakeSlots(): void {
    for (let i = 0; i < this.#planned.plan.slots; i++) this.#bells.ring(i);
  }

  async #end(reports: readonly SlotReport[]): Promise<void> {
    await this.#release();
    if (this.#error !== undefined) this.#reject(this.#error);
    else this.#resolve(result(this.#planned.plan, reports, this.#startedMs));
  }

  async #release(): Promise<void> {
    clearTimeout(this.#graceTimer);
    this.#commits?.stop();
    await this.#io?.close(GRACE_MS);
    this.#abort.abort();
    await this.#hub?.close();
    for (const p of this.#ports) p.close();
    if (this.#options.pool === undefined) await this.#pool?.destroy();
  }
  async kill(): Promise<void> {
    await Promise.all([this.#pool?.destroy(), this.#io?.kill()]);
  }
  async cancel(): Promise<void> {
    this.#stop();
    await this.done.catch(() => {});
  }
  status(): JobStatus {
    return status(this.#planned.plan, this.#control, this.#startedMs);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }
}

function ioJob(n: IoNode, rings: readonly IoRings[]): IoJob {
  return { nodeId: n.nodeId, name: n.name, role: n.role, spec: n.spec, rings: rings.find((r) => r.nodeId === n.nodeId)!.rings };
}
