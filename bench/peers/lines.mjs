import { closeSync, openSync, readSync } from 'node:fs';

/** Calls `take(line)` for every line of a file. */
export function eachLine(path, take) {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, 'r');
  let kept = 0;
  for (;;) {
    const n = readSync(fd, chunk, kept, chunk.length - kept, null);
    if (n === 0) break;
    const end = kept + n;
    const last = chunk.lastIndexOf(10, end - 1);
    if (last < 0) throw new Error('a line is longer than the buffer');
    const text = chunk.toString('utf8', 0, last + 1);
    for (let at = 0; at < text.length; ) {
      const newline = text.indexOf('\n', at);
      take(text.slice(at, newline));
      at = newline + 1;
    }
    chunk.copy(chunk, 0, last + 1, end);
    kept = end - last - 1;
  }
  if (kept > 0) take(chunk.toString('utf8', 0, kept));
  closeSync(fd);
}
