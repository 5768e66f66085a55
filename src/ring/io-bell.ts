import type { MessagePort } from 'node:worker_threads';
import type { Bell } from './doorbell.js';

/** Wakes a thread that lives on its event loop: a message, sent only when the thread said that it sleeps. */
export class PortBell implements Bell {
  readonly #sleeping: Int32Array;
  readonly #port: MessagePort;
  constructor(sleeping: SharedArrayBuffer, port: MessagePort) {
    this.#sleeping = new Int32Array(sleeping);
    this.#port = port;
  }
  ring(): void {
    if (Atomics.exchange(this.#sleeping, 0, 0) === 1) this.#port.postMessage(0);
  }
}

/** The same within one thread: calls back at once when the owner sleeps. */
export class LocalBell implements Bell {
  readonly #sleeping: Int32Array;
  readonly #wake: () => void;
  constructor(sleeping: SharedArrayBuffer, wake: () => void) {
    this.#sleeping = new Int32Array(sleeping);
    this.#wake = wake;
  }
  ring(): void {
    if (Atomics.exchange(this.#sleeping, 0, 0) === 1) this.#wake();
  }
}
