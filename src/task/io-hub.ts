import type { Clock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import type { IoContext, IoModule, IoSink, IoSource, IoSpec } from '../contract/io.js';
import type { Doorbells } from '../ring/doorbell.js';
import { RingReader, RingWriter } from '../ring/ring.js';
import { slotOf } from './plan.js';

/** One node whose bytes pass through this thread. */
export interface IoJob {
  readonly nodeId: number;
  readonly name: string;
  readonly role: 'source' | 'sink';
  readonly spec: IoSpec;
  /** one ring per subtask */
  readonly rings: readonly SharedArrayBuffer[];
}

interface SinkState {
  readonly sink: IoSink;
  readonly readers: readonly RingReader[];
  readonly name: string;
  /** bytes taken from the rings and not yet done */
  outstandingBytes: number;
}

/** Frames taken ahead of a sink, in bytes: enough to keep several requests in flight. */
const SINK_AHEAD_BYTES = 8 << 20;
/** Poll for room in a full ring, ms: a ring of 8 MiB holds several ms of input at 1 GB/s. */
const ROOM_POLL_MS = 1;

/**
 * The event-loop end of I/O: runs IoSources and IoSinks and moves frames between them and the slots' rings. It never blocks.
 * Used on the I/O thread and on the host's thread.
 */
export class IoHub {
  readonly #context: Omit<IoContext, 'parallelism'>;
  readonly #bells: Doorbells;
  readonly #slots: number;
  readonly #onError: (error: MillraceError) => void;
  readonly #sleeping: Int32Array;
  readonly #sinks: SinkState[] = [];
  /** by node */
  readonly #sources = new Map<number, IoSource>();
  #running: Promise<void>[] = [];
  #pumping = false;

  constructor(context: Omit<IoContext, 'parallelism'>, bells: Doorbells, slots: number, sleeping: SharedArrayBuffer, onError: (error: MillraceError) => void) {
    this.#context = context;
    this.#bells = bells;
    this.#slots = slots;
    this.#onError = onError;
    this.#sleeping = new Int32Array(sleeping);
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  async start(jobs: readonly IoJob[]): Promise<void> {
    for (const job of jobs) {
      const module = (await import(job.spec.module)) as IoModule;
      const context: IoContext = { ...this.#context, parallelism: job.rings.length };
      const bell = (i: number) => ({ ring: () => this.#bells.ring(slotOf(i, this.#slots)) });
      if (job.role === 'source') {
        const source = module.createIoSource!(job.spec.config as never, context);
        this.#sources.set(job.nodeId, source);
        this.#running.push(
          this.#runSource(
            job,
            source,
            job.rings.map((r, i) => new RingWriter(r, bell(i))),
          ),
        );
      } else {
        const sink = module.createIoSink!(job.spec.config as never, context);
        await sink.open();
        this.#sinks.push({ sink, readers: job.rings.map((r, i) => new RingReader(r, bell(i))), name: job.name, outstandingBytes: 0 });
      }
    }
    this.pump();
  }

  async #runSource(job: IoJob, source: IoSource, rings: readonly RingWriter[]): Promise<void> {
    try {
      await source.run((subtask, frame) => (rings[subtask].offer(frame, 0, frame.length) ? undefined : this.#room(rings[subtask], frame)), {
        reserve: (subtask, bytes) => rings[subtask].reserve(bytes),
        fits: (subtask, bytes) => rings[subtask].fits(bytes),
        commit: (subtask, bytes) => rings[subtask].commit(bytes),
      });
      for (const r of rings) r.end();
    } catch (e) {
      if (!this.#context.signal.aborted) this.#onError(MillraceError.from(e, 'INTERNAL', { operator: job.name }));
    }
  }
  async #room(ring: RingWriter, frame: Uint8Array): Promise<void> {
    do {
      await new Promise((resolve) => setTimeout(resolve, ROOM_POLL_MS));
      if (this.#context.signal.aborted) return;
    } while (!ring.offer(frame, 0, frame.length));
  }

  /** Takes what the sinks' rings hold; goes on by itself until they are empty, then sleeps until the bell wakes it. */
  pump = (): void => {
    if (this.#pumping) return;
    this.#pumping = true;
    let took = false;
    for (const s of this.#sinks) took = this.#pumpSink(s) || took;
    this.#pumping = false;
    if (this.#sinks.length === 0) return;
    if (took) {
      setImmediate(this.pump);
      return;
    }
    Atomics.store(this.#sleeping, 0, 1);
    if (this.#sinks.some((s) => s.outstandingBytes < SINK_AHEAD_BYTES && s.readers.some((r) => !r.empty)) && Atomics.exchange(this.#sleeping, 0, 0) === 1)
      setImmediate(this.pump);
  };

  #pumpSink(s: SinkState): boolean {
    let took = false;
    for (let i = 0; i < s.readers.length; i++) {
      if (s.outstandingBytes >= SINK_AHEAD_BYTES) break;
      const reader = s.readers[i];
      let frame = new Uint8Array(0);
      const length = reader.take((bytes) => {
        frame = new Uint8Array(bytes);
        return { view: frame, ptr: 0 };
      });
      if (length < 0) continue;
      took = true;
      try {
        const done = s.sink.write(i, frame);
        if (done === undefined) reader.acknowledge(1);
        else this.#track(s, reader, frame.length, done);
      } catch (e) {
        this.#failSink(s, e);
      }
    }
    return took;
  }
  #track(s: SinkState, reader: RingReader, bytes: number, done: Promise<void>): void {
    s.outstandingBytes += bytes;
    done.then(
      () => {
        s.outstandingBytes -= bytes;
        reader.acknowledge(1);
        this.pump();
      },
      (e: unknown) => this.#failSink(s, e),
    );
  }
  #failSink(s: SinkState, e: unknown): void {
    for (const r of s.readers) r.fail();
    this.#onError(MillraceError.from(e, 'INTERNAL', { operator: s.name }));
  }

  /** What the sinks have for good of a source's input begins at these positions. */
  complete(nodeId: number, positions: readonly Uint8Array[]): void {
    this.#sources.get(nodeId)?.complete?.(positions);
  }

  /** After the slots are done: lets sinks end; sources are told to stop. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled([...[...this.#sources.values()].map((s) => s.close()), ...this.#sinks.map((s) => s.sink.close())]);
    await Promise.allSettled(this.#running);
    this.#running = [];
    for (const r of closed) if (r.status === 'rejected') this.#onError(MillraceError.from(r.reason));
  }
}
