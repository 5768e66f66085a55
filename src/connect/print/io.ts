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
        return stream.writableNeedDrain ? new Promise((resolve) => stream.once('drain', resolve)) : undefined;
      }
      return new Promise((resolve, reject) => stream.write(frame.slice(), (e) => (e ? reject(e) : resolve())));
    },
    async close() {},
  };
}
