import { MillraceError } from '../../base/errors.js';
import type { IoContext, IoSink } from '../../contract/io.js';

export interface PrintConfig {
  readonly standardError: boolean;
}

/** Writes frames of text to the terminal, on the host's thread. A frame is done when the stream has taken it. */
export function createIoSink(config: PrintConfig, ctx: IoContext): IoSink {
  const decoder = new TextDecoder();
  const stream = config.standardError ? process.stderr : process.stdout;
  return {
    async open() {},
    write(_subtask, frame) {
      if (!config.standardError && ctx.print !== undefined) {
        ctx.print(decoder.decode(frame));
        return stream.writableNeedDrain ? drained(stream) : undefined;
      }
      return new Promise((resolve, reject) => stream.write(frame.slice(), (e) => (e ? reject(unwritable(e)) : resolve())));
    },
    async close() {},
  };
}

/** One wait per stream, shared by all frames and sinks that wait for it: a listener per frame is what Node warns of. */
const waits = new WeakMap<NodeJS.WriteStream, Promise<void>>();

/** Resolves when the stream takes more, or never will. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  let wait = waits.get(stream);
  if (wait === undefined) {
    wait = new Promise((resolve) => {
      const done = (): void => {
        for (const event of ['drain', 'error', 'close']) stream.off(event, done);
        waits.delete(stream);
        resolve();
      };
      for (const event of ['drain', 'error', 'close']) stream.on(event, done);
    });
    waits.set(stream, wait);
  }
  return wait;
}

function unwritable(cause: Error): MillraceError {
  return new MillraceError('FILE_WRITE', `writing to the standard error failed: ${cause.message}`, { cause, remedy: 'Look at what it is redirected to.' });
}
