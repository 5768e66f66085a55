import type { Batch } from '../../batch/batch.js';
import { ElementReader } from '../../batch/element.js';
import type { SinkWriter, WriterContext } from '../../contract/sink.js';
import { userError } from '../../contract/user-code.js';

/** Takes elements on the job's thread. */
export interface ElementSink {
  /** Takes one element; false = no more for now, `ready` says when. */
  push(value: unknown): boolean;
  readonly ready: boolean;
  /** No more elements come. */
  end(): void;
  /** everything pushed is done with, after `end` */
  readonly finished: boolean;
  /** what went wrong on the other side */
  readonly error?: unknown;
  /** The job ended without `end`. */
  abort(): void;
}

/** Hands elements, as owned JS values, to an ElementSink; waits while it is full. */
export class IterableWriter implements SinkWriter {
  readonly #sink: ElementSink;
  readonly #name: string;
  readonly #reader: ElementReader;
  readonly #ctx: WriterContext;
  readonly #sent;
  #waiting: unknown[] = [];
  #at = 0;
  #done = false;
  /** the other side threw: it will say nothing more */
  #failed = false;

  constructor(sink: ElementSink, name: string, ctx: WriterContext) {
    this.#sink = sink;
    this.#name = name;
    this.#ctx = ctx;
    this.#reader = new ElementReader(ctx.leaves);
    this.#sent = ctx.metrics.counter('numRecordsSend');
  }

  write(batch: Batch): boolean {
    this.#reader.bind(batch);
    const sel = batch.sel >>> 2;
    for (let k = 0; k < batch.selCount; k++) this.#waiting.push(this.#reader.keep(this.#ctx.engine.u32[sel + k]));
    this.#reader.release();
    this.#sent.add(batch.selCount);
    return this.resume();
  }

  resume(): boolean {
    if (this.#sink.error !== undefined) throw userError(this.#sink.error, this.#name);
    while (this.#at < this.#waiting.length && this.#sink.ready) {
      try {
        this.#sink.push(this.#waiting[this.#at++]);
      } catch (e) {
        this.#failed = true;
        throw userError(e, this.#name);
      }
    }
    if (this.#at < this.#waiting.length) return true;
    this.#waiting = [];
    this.#at = 0;
    return false;
  }

  get waiting(): boolean {
    if (this.#sink.error !== undefined) return false;
    return this.#done ? !this.#sink.finished : this.#at < this.#waiting.length && !this.#sink.ready;
  }

  finish(): boolean {
    if (this.#failed) return false;
    if (this.resume()) return true;
    if (!this.#done) {
      this.#done = true;
      this.#sink.end();
    }
    return !this.#sink.finished;
  }

  close(): void {
    if (!this.#done) this.#sink.abort();
  }
}
