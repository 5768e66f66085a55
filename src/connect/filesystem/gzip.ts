import { createReadStream, fstat, type ReadStream, type Stats } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../../base/errors.js';
import type { IoContext, IoSource } from '../../contract/io.js';
import { FRAME_HEADER_BYTES, FRAME_LAST } from './frame_lines.js';
import { type InputFile, readError } from './listing.js';
import type { GzipConfig } from './plan.js';
import { checkOpened, shrunk } from './unchanged.js';

/** Inflated bytes of one frame at most. */
const FRAME_BYTES = 256 << 10;

/** Inflates gzip files on the I/O thread and sends their bytes as frames: file after file to each subtask, all subtasks at once. */
class GzipSource implements IoSource {
  readonly #config: GzipConfig;
  readonly #stop = new AbortController();

  constructor(config: GzipConfig, ctx: IoContext) {
    this.#config = config;
    if (ctx.signal.aborted) this.#stop.abort();
    else ctx.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
  }

  async run(send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const subtasks = new Set(this.#config.files.map((f) => f.subtask));
    await Promise.all(
      [...subtasks].map(async (subtask) => {
        for (const f of this.#config.files) if (f.subtask === subtask) await sendInflated(f.file, f.input, this.#stop.signal, (frame) => send(subtask, frame));
      }),
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
  }
}

/** Sends a gzip file's inflated bytes as frames of file number `file`; the last one is empty and flagged. Ends early, without it, when aborted. */
export async function sendInflated(file: number, input: InputFile, signal: AbortSignal, send: (frame: Uint8Array) => Promise<void> | undefined): Promise<void> {
  const { path } = input;
  const raw = createReadStream(path, { highWaterMark: 256 << 10, signal });
  raw.once('open', (fd: number) => fstat(fd, (e: Error | null, stats: Stats) => e === null && destroyOnThrow(raw, () => checkOpened(input, stats))));
  const inflated = raw.on('error', (e) => inflated.destroy(e)).pipe(createGunzip({ chunkSize: FRAME_BYTES }));
  try {
    for await (const chunk of inflated as AsyncIterable<Buffer>) {
      if (signal.aborted) return;
      await send(frame(file, chunk, 0));
    }
    // what was cut off between two members of the file, or altogether, inflates without a word
    if (raw.bytesRead < input.bytes) throw shrunk(input, raw.bytesRead);
    await send(frame(file, new Uint8Array(0), FRAME_LAST));
  } catch (e) {
    if (signal.aborted) return;
    if (e instanceof MillraceError) throw e;
    if (raw.readableEnded && raw.bytesRead < input.bytes) throw shrunk(input, raw.bytesRead);
    const code = (e as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) {
      throw new MillraceError('FILE_READ', `'${path}' is not valid gzip: ${(e as Error).message}`, {
        place: { file: path, offset: raw.bytesRead },
        remedy: 'Check that the file is whole (gzip -t).',
        cause: e,
      });
    }
    throw readError(path, e);
  } finally {
    raw.destroy();
  }
}

function destroyOnThrow(stream: ReadStream, check: () => void): void {
  try {
    check();
  } catch (e) {
    stream.destroy(e as Error);
  }
}

function frame(file: number, bytes: Uint8Array, flags: number): Uint8Array {
  const out = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
  const head = new DataView(out.buffer);
  head.setUint32(0, file, true);
  head.setUint32(4, flags, true);
  out.set(bytes, FRAME_HEADER_BYTES);
  return out;
}

export function createIoSource(config: GzipConfig, ctx: IoContext): IoSource {
  return new GzipSource(config, ctx);
}
