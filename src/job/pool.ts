import { ownModule } from '../base/modules.js';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { SlotReport } from '../task/slot.js';
import type { SlotTask } from '../task/worker.js';

/** Most threads a pool may have: more than any job asks for. */
const THREADS_MAX = 256;

/** The worker threads of one or more jobs, one after another: a slot is one long piscina task. Threads start loading when the pool is made. */
export class SlotPool implements AsyncDisposable {
  readonly #piscina: Piscina;

  /** `threads` start at once, so that they load while a script is planned. */
  constructor(threads: number) {
    this.#piscina = new Piscina({
      filename: ownModule('task/worker.js'),
      minThreads: threads,
      maxThreads: Math.max(threads, THREADS_MAX),
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
    });
  }

  run(task: SlotTask, transferList: MessagePort[]): Promise<SlotReport> {
    return this.#piscina.run(task, { transferList }) as Promise<SlotReport>;
  }
  /** Ends all threads, whatever they do. */
  async destroy(): Promise<void> {
    await this.#piscina.destroy();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}
