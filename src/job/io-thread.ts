import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { MillraceError } from '../base/errors.js';
import { ownModule } from '../base/modules.js';
import type { IoJob } from '../task/io-hub.js';
import type { IoWorkerData, IoWorkerMessage, IoWorkerOrder } from '../task/io-worker.js';

/** The thread that owns the sockets of a job. */
export class IoThread {
  readonly #worker: Worker;
  /** the slots' ends of their ports to it */
  readonly slotPorts: readonly MessagePort[];
  readonly #ready: Promise<void>;

  /** `failed` takes every failure, those before `ready` too. */
  constructor(jobs: readonly IoJob[], shared: Omit<IoWorkerData, 'jobs' | 'slotPorts'>, failed: (error: MillraceError) => void) {
    const channels = Array.from({ length: shared.slots }, () => new MessageChannel());
    const workerData: IoWorkerData = { ...shared, jobs, slotPorts: channels.map((c) => c.port1) };
    const worker = new Worker(new URL(ownModule('task/io-worker.js')), { workerData, transferList: channels.map((c) => c.port1) });
    this.#worker = worker;
    this.slotPorts = channels.map((c) => c.port2);
    this.#ready = new Promise<void>((resolve, reject) => {
      const fail = (error: MillraceError): void => {
        reject(error);
        failed(error);
      };
      worker.on('message', (m: IoWorkerMessage) => {
        if (m.type === 'ready') resolve();
        else if (m.type === 'error') fail(MillraceError.fromPlain(m.error));
      });
      worker.on('error', (e) => fail(MillraceError.from(e, 'SLOT_DIED', { operator: 'I/O thread' })));
    });
  }

  /** Resolves when sources and sinks are open; rejects with the first failure before. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** What the sinks have for good of a source's input begins at these positions. */
  complete(nodeId: number, positions: readonly Uint8Array[]): void {
    this.#order({ type: 'complete', nodeId, positions });
  }

  /** Ends it, within `graceMs` or by force. */
  async close(graceMs: number): Promise<void> {
    const worker = this.#worker;
    const closed = new Promise<void>((resolve) => {
      worker.on('message', (m: IoWorkerMessage) => m.type === 'closed' && resolve());
      worker.on('exit', () => resolve());
      setTimeout(resolve, graceMs).unref();
    });
    this.#order({ type: 'end' });
    await closed;
    await worker.terminate();
  }

  /** Ends it by force, whatever it does. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: IoWorkerOrder): void {
    this.#worker.postMessage(order);
  }
}
