import { type MessagePort, Worker } from 'node:worker_threads';
import { ownModule } from '../base/modules.js';
import type { SlotReport } from '../task/slot.js';
import type { Preload, SlotTask, WorkerMessage } from '../task/worker.js';

/** Most that ending a pool waits for threads that still load, ms. */
const LOAD_MS_MAX = 1000;

interface Task {
  resolve(report: SlotReport): void;
  reject(cause: unknown): void;
}

/** One thread, which runs one task at a time. */
class SlotThread {
  /** Resolves when the thread's modules are loaded, or the thread is gone. */
  readonly loaded: Promise<void>;
  readonly #worker: Worker;
  #task: Task | undefined;

  constructor(preload: Preload, gone: (thread: SlotThread) => void) {
    const worker = new Worker(new URL(ownModule('task/worker.js')), { workerData: preload });
    this.#worker = worker;
    this.loaded = new Promise((resolve) => {
      worker.on('message', (m: WorkerMessage) => {
        if (m === 'loaded') resolve();
        else this.#end((t) => t.resolve(m));
      });
      worker.on('messageerror', (e) => this.#end((t) => t.reject(e)));
      worker.on('error', (e) => {
        gone(this);
        this.#end((t) => t.reject(e));
      });
      worker.on('exit', (code) => {
        gone(this);
        this.#end((t) => t.reject(new Error(`worker exited with code: ${code}`)));
        resolve();
      });
    });
    void this.loaded.then(() => this.#task ?? worker.unref());
  }

  get idle(): boolean {
    return this.#task === undefined;
  }

  run(task: SlotTask, transferList: MessagePort[]): Promise<SlotReport> {
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(task, transferList);
      this.#task = { resolve, reject };
      this.#worker.ref();
    });
  }

  /** An idle thread does not keep the process. */
  #end(settle: (task: Task) => void): void {
    const task = this.#task;
    if (task === undefined) return;
    this.#task = undefined;
    this.#worker.unref();
    settle(task);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The worker threads of one or more jobs, one after another: a slot is one long task of a thread. Threads start loading when the pool is made. */
export class SlotPool implements AsyncDisposable {
  readonly #threads = new Set<SlotThread>();

  readonly #preload: Preload;

  /** `threads` start at once, so that they load while a script is planned; more start when a job needs them. */
  constructor(threads: number, preload: Preload = { modules: [], operators: [] }) {
    this.#preload = preload;
    for (let i = 0; i < threads; i++) this.#start();
  }

  /** Rejects when the thread dies before its task is done; another takes its place at the next task. */
  run(task: SlotTask, transferList: MessagePort[]): Promise<SlotReport> {
    for (const t of this.#threads) if (t.idle) return t.run(task, transferList);
    return this.#start().run(task, transferList);
  }

  #start(): SlotThread {
    const thread = new SlotThread(this.#preload, (t) => this.#threads.delete(t));
    this.#threads.add(thread);
    return thread;
  }

  /** Ends all threads, whatever they do; but one that loads its modules is let to: Node 20 aborts the process when it is ended in the middle of that. */
  async destroy(): Promise<void> {
    const threads = [...this.#threads];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOAD_MS_MAX)));
    await Promise.race([Promise.all(threads.map((t) => t.loaded)), late]);
    clearTimeout(timer);
    await Promise.all(threads.map((t) => t.terminate()));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}
