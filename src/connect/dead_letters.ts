import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ErrorPlace, MillraceError } from '../base/errors.js';
import type { RecordDecoder } from '../contract/format.js';
import type { ReaderContext, SourceConfig } from '../contract/source.js';
import type { Engine } from '../wasm/engine.js';

/** Bytes collected before they are written. */
const WRITE_BYTES = 64 << 10;

/**
 * The option 'dead-letter.path' of sources that read a format: keeps skipped bad records, one JSON line { place, reason, record | recordBase64 } each, in one file per subtask of the run.
 * `record` is the text when the bytes are valid UTF-8, else `recordBase64` has the bytes.
 */
export class DeadLetters {
  readonly #engine: Engine;
  readonly #path: string;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #fd = -1;
  #lines: string[] = [];
  #chars = 0;

  constructor(folder: string, ctx: ReaderContext) {
    this.#engine = ctx.engine;
    this.#path = join(resolve(folder.replace(/^file:\/\/(?=\/)/, '')), `dead-letters-${ctx.runId ?? 'run'}-${ctx.subtaskIndex}.jsonl`);
  }

  /** Takes the bad records of a decoder. Its `place` must be set. The reader calls `flush` when it idles or is snapshotted, and `close`. */
  attach(decoder: RecordDecoder): void {
    decoder.onBadRecord = (ptr, length, reason) => {
      const bytes = this.#engine.u8.slice(ptr, ptr + length);
      const place = decoder.place(ptr, length);
      const line: Record<string, unknown> = { place: { ...place, offset: place.offset === undefined ? undefined : String(place.offset) }, reason };
      try {
        line.record = this.#utf8.decode(bytes);
      } catch {
        line.recordBase64 = Buffer.from(bytes).toString('base64');
      }
      const text = `${JSON.stringify(line)}\n`;
      this.#lines.push(text);
      this.#chars += text.length;
      if (this.#chars >= WRITE_BYTES) this.flush();
    };
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    try {
      if (this.#fd < 0) {
        mkdirSync(join(this.#path, '..'), { recursive: true });
        this.#fd = openSync(this.#path, 'a');
      }
      const bytes = Buffer.from(this.#lines.join(''));
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (cause) {
      throw new MillraceError('FILE_WRITE', `dead letters could not be written: ${(cause as Error).message}`, {
        place: { file: this.#path },
        remedy: "Check 'dead-letter.path': it must be a folder that can be written to.",
        cause,
      });
    }
    this.#lines = [];
    this.#chars = 0;
  }

  close(): void {
    this.flush();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** For a reader whose decoder has its `place`: takes the skipped records when the table says where to keep them. */
export function openDeadLetters(config: SourceConfig, ctx: ReaderContext): DeadLetters | undefined {
  const folder = config.options['dead-letter.path'];
  if (folder === undefined || ctx.decoder === undefined) return undefined;
  const letters = new DeadLetters(folder, ctx);
  letters.attach(ctx.decoder);
  return letters;
}

/** Plan time: dead letters without skipped records are a mistake. */
export function checkDeadLetters(config: SourceConfig, place: ErrorPlace): void {
  if (config.options['dead-letter.path'] === undefined || config.format?.options['ignore-parse-errors']?.toLowerCase() === 'true') return;
  throw new MillraceError('INVALID_OPTION', "'dead-letter.path' keeps records that are skipped, but nothing is skipped", {
    place,
    remedy: `Set '${config.format?.name ?? 'json'}.ignore-parse-errors' = 'true' too, or leave 'dead-letter.path' out.`,
  });
}
