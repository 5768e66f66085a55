import { ownModule } from '../../base/modules.js';
import { MillraceError } from '../../base/errors.js';
import { OUTPUT_BUFFER_BYTES } from '../../base/limits.js';
import type { Batch } from '../../batch/batch.js';
import type { FrameWriter } from '../../contract/io.js';
import { option, optionKind, readOptions } from '../../contract/options.js';
import type { SinkWriter, WriterContext } from '../../contract/sink.js';
import type { Connector } from '../../contract/source.js';
import type { PrintConfig } from './io.js';
import { RowText } from './text.js';

const OPTIONS = {
  'print-identifier': option(optionKind.string, 'stands before every row'),
  'standard-error': option(optionKind.boolean, 'prints to the standard error instead of the standard output', false),
};

/** Rows as text on the host's terminal, through frames: Flink's connector 'print'. */
class PrintWriter implements SinkWriter {
  readonly #ctx: WriterContext;
  readonly #frames: FrameWriter;
  readonly #text: RowText;
  readonly #prefix: string;
  readonly #sent;
  readonly #encoder = new TextEncoder();
  /** text that waits for room, in pieces of about OUTPUT_BUFFER_BYTES */
  #pieces: string[] = [];
  #piece = '';
  #buffer = 0;
  #capacity = 0;

  constructor(ctx: WriterContext, identifier: string | undefined) {
    if (ctx.frames === undefined) throw new MillraceError('INTERNAL', 'the print sink needs frames to the host');
    this.#ctx = ctx;
    this.#frames = ctx.frames;
    this.#text = new RowText(ctx.leaves);
    this.#sent = ctx.metrics.counter('numRecordsSend');
    // Flink: identifier, ':' when there are several subtasks too, then the subtask's number from 1
    const subtask = ctx.parallelism > 1 ? String(ctx.subtaskIndex + 1) : '';
    const id = identifier ?? '';
    const prefix = id !== '' && subtask !== '' ? `${id}:${subtask}` : id + subtask;
    this.#prefix = prefix === '' ? '' : `${prefix}> `;
  }

  write(batch: Batch): boolean {
    const sel = batch.sel >>> 2;
    const n = batch.selCount;
    for (let i = 0; i < n; i++) {
      this.#piece += `${this.#prefix}${this.#text.row(batch, this.#ctx.engine.u32[sel + i])}\n`;
      if (this.#piece.length >= OUTPUT_BUFFER_BYTES / 3) this.#cut();
    }
    this.#cut();
    this.#sent.add(n);
    return this.resume();
  }

  #cut(): void {
    if (this.#piece !== '') this.#pieces.push(this.#piece);
    this.#piece = '';
  }

  resume(): boolean {
    while (this.#pieces.length > 0) {
      const text = this.#pieces[0];
      const bytes = 3 * text.length;
      if (bytes > this.#capacity) {
        if (this.#capacity > 0) this.#ctx.engine.free(this.#buffer, this.#capacity);
        this.#buffer = this.#ctx.engine.alloc(bytes);
        this.#capacity = bytes;
      }
      const { written } = this.#encoder.encodeInto(text, this.#ctx.engine.u8.subarray(this.#buffer, this.#buffer + this.#capacity));
      if (!this.#frames.offer(this.#buffer, written)) return true;
      this.#pieces.shift();
    }
    return false;
  }

  finish(): boolean {
    return this.resume() || this.#frames.pending > 0;
  }

  close(): void {
    if (this.#capacity > 0) this.#ctx.engine.free(this.#buffer, this.#capacity);
    this.#capacity = 0;
  }
}

export const connector: Connector = {
  name: 'print',
  sinkOptions: OPTIONS,
  changelog: 'all',
  formats: 'none',
  checkSink(config, place) {
    readOptions("connector 'print'", OPTIONS, config.options, place);
  },
  async planSink(config) {
    const options = readOptions("connector 'print'", OPTIONS, config.options, { operator: config.tableName });
    return {
      io: { thread: 'host', module: ownModule('connect/print/io.js'), config: { standardError: options['standard-error'] } satisfies PrintConfig },
      detail: options['print-identifier'],
    };
  },
  createWriter: (_config, plan, ctx) => new PrintWriter(ctx, plan.detail as string | undefined),
};
