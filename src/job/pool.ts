import { ownModule } from '../base/modules.js';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { SlotReport } from '../task/slot.js';
import type { SlotTask } from '../task/worker.js';

/** Most threads a pool may have: more than any job asks for. */
const THREADS_MAX = 256;
/** Most that ending a pool waits for threads that still load, ms. */
const LOAD_MS_MAX = 1000;

/** The worker threads of one or more jobs, one after another: a slot is one long piscina task. Threads start loading when the pool is made. */
export class SlotPool implements AsyncDisposable {
  readonly #piscina: Piscina;
  readonly #loading = new Map<Worker, Promise<void>>();

  /** `threads` start at once, so that they load while a script is planned. */
  constructor(threads: number) {
    this.#piscina = new Piscina({
      filename: ownModule('task/worker.js'),
      minThreads: threads,
      maxThreads: Math.max(threads, THREADS_MAX),
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
    });
    this.#watch();
  }

  run(task: SlotTask, transferList: MessagePort[]): Promise<SlotReport> {
    const report = this.#piscina.run(task, { transferList }) as Promise<SlotReport>;
    this.#watch();
    // a thread that died has been replaced
    return report.finally(() => this.#watch());
  }

  /** Notes threads that are new. The first message of a thread says that its modules are loaded. */
  #watch(): void {
    for (const thread of this.#piscina.threads) {
      if (this.#loading.has(thread)) continue;
      const loaded = new Promise<void>((resolve) => {
        for (const event of ['message', 'error', 'exit']) thread.once(event, () => resolve());
      });
      this.#loading.set(thread, loaded);
    }
  }

  /** Ends all threads, whatever they do; but one that loads its modules is let to: Node 20 aborts the process when it is ended in the middle of that. */
  async destroy(): Promise<void> {
    this.#watch();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOAD_MS_MAX)));
    await Promise.race([Promise.all(this.#piscina.threads.map((t) => this.#loading.get(t))), late]);
    clearTimeout(timer);
    await this.#piscina.destroy();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}
