import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import type { MillraceError, PlainError } from '../base/errors.js';
import { Doorbells } from '../ring/doorbell.js';
import { IoHub, type IoJob } from './io-hub.js';

/** What the host posts to the I/O thread at its start. */
export interface IoWorkerData {
  readonly jobs: readonly IoJob[];
  readonly bells: SharedArrayBuffer;
  readonly slots: number;
  /** one from each slot: a message means that a ring has frames */
  readonly slotPorts: readonly MessagePort[];
  readonly sleeping: SharedArrayBuffer;
  readonly options: Readonly<Record<string, string>>;
}

/** host -> I/O thread: what the sinks have for good of a source's input; `end` is the last message */
export type IoWorkerOrder = { readonly type: 'complete'; readonly nodeId: number; readonly positions: readonly Uint8Array[] } | { readonly type: 'end' };

/** I/O thread -> host. */
export type IoWorkerMessage = { readonly type: 'ready' } | { readonly type: 'error'; readonly error: PlainError } | { readonly type: 'closed' };

const port = parentPort!;
const data = workerData as IoWorkerData;
const abort = new AbortController();
const post = (m: IoWorkerMessage): void => port.postMessage(m);
const fail = (e: MillraceError): void => post({ type: 'error', error: e.toPlain() });
const hub = new IoHub({ clock: systemClock, signal: abort.signal, options: data.options }, new Doorbells(data.bells), data.slots, data.sleeping, fail);

for (const p of data.slotPorts) p.on('message', hub.pump);
port.on('message', (m: IoWorkerOrder) => {
  if (m.type === 'complete') {
    hub.complete(m.nodeId, m.positions);
    return;
  }
  abort.abort();
  hub.close().finally(() => {
    post({ type: 'closed' });
    for (const p of data.slotPorts) p.close();
    port.close();
  });
});
hub.start(data.jobs).then(() => post({ type: 'ready' }), fail);
