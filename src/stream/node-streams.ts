import type { Readable, Writable } from 'node:stream';
import type { ElementSink } from '../connect/iterable/writer.js';
import type { JobHandle } from '../job/execute.js';

export type ReadableLike = Readable | AsyncIterable<unknown>;

/** Objects of an object stream, lines of text of any other. */
export function readableElements(stream: ReadableLike): AsyncIterable<unknown> {
  return 'readableObjectMode' in stream && stream.readableObjectMode ? stream : lines(stream);
}

async function* lines(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
    const parts = rest.split('\n');
    rest = parts.pop()!;
    for (const p of parts) yield p.endsWith('\r') ? p.slice(0, -1) : p;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Elements held for a consumer that is behind. */
const QUEUE_MAX = 1024;

/** The job's end of an async iterator: a bounded queue; the job waits while the consumer is behind. */
export class QueueSink<T> implements ElementSink {
  #queue: T[] = [];
  #ended = false;
  #closed = false;
  #wake: (() => void) | undefined;

  push(value: unknown): boolean {
    if (!this.#closed) this.#queue.push(value as T);
    this.#notify();
    return this.ready;
  }
  get ready(): boolean {
    return this.#closed || this.#queue.length < QUEUE_MAX;
  }
  end(): void {
    this.#ended = true;
    this.#notify();
  }
  get finished(): boolean {
    return true;
  }
  abort(): void {
    this.end();
  }
  /** The consumer goes away. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
  }
  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** The elements of a running job, then its failure if it has one; a consumer that leaves early cancels it. */
  async *elementsOf(job: Pick<JobHandle, 'cancel' | 'done'>): AsyncGenerator<T> {
    let ended = false;
    // a job that fails before its sink opened never ends the sink
    job.done.then(
      () => this.end(),
      () => this.end(),
    );
    try {
      yield* this.#elements();
      ended = true;
    } finally {
      if (!ended) {
        this.close();
        await job.cancel();
      }
    }
    await job.done;
  }

  async *#elements(): AsyncGenerator<T> {
    for (;;) {
      const queue = this.#queue;
      this.#queue = [];
      yield* queue;
      if (queue.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** The job's end of a node:stream: waits for 'drain', ends the stream with the job. */
export class WritableSink implements ElementSink {
  readonly #stream: Writable;
  #ready = true;
  #finished = false;
  error: unknown;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => {
      this.#ready = true;
    });
    stream.on('error', (e) => {
      this.error ??= e;
    });
    stream.on('close', () => {
      if (!this.#finished) this.error ??= new Error('the stream was closed before its end');
    });
  }
  get ready(): boolean {
    return this.#ready;
  }
  push(value: unknown): boolean {
    this.#ready = this.#stream.write(value);
    return this.#ready;
  }
  end(): void {
    this.#stream.end(() => {
      this.#finished = true;
    });
  }
  get finished(): boolean {
    return this.#finished;
  }
  abort(): void {
    this.#stream.destroy();
  }
}
