// What the Node programs share, so that they differ only in how they read a record: the way a window ends and its rows are written.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const WINDOW_MS = 10_000;
export const DELAY_MS = 2_000;

const two = (n) => String(n).padStart(2, '0');

/** '2023-11-14 22:13:20', as Flink's JSON format writes a TIMESTAMP(3) without a fraction. */
export function timestamp(ms) {
  const d = new Date(ms);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

/** Rows go to a hidden part and become visible by its renaming: what a committing sink does. */
export class RowFile {
  #path;
  #half;
  #fd;
  #text = '';
  rows = 0;
  constructor(path) {
    this.#path = path;
    this.#half = `${path}.inprogress`;
    this.#fd = openSync(this.#half, 'w');
  }
  add(adId, windowMs, views) {
    this.#text += `{"ad_id":"${adId}","window_start":"${timestamp(windowMs)}","view_count":${views}}\n`;
    this.rows++;
    if (this.#text.length > 1 << 20) this.#flush();
  }
  #flush() {
    writeSync(this.#fd, this.#text);
    this.#text = '';
  }
  commit() {
    this.#flush();
    closeSync(this.#fd);
    renameSync(this.#half, this.#path);
  }
}

/** The number of rows in a file or folder of JSON lines and a checksum of the set of rows; hidden and unfinished parts do not count. */
export function checksum(path) {
  const rows = [];
  const read = (p) => {
    for (const line of readFileSync(p, 'utf8').split('\n')) {
      if (line === '') continue;
      const r = JSON.parse(line);
      rows.push(`${r.ad_id}|${Date.parse(`${r.window_start.replace(' ', 'T')}Z`)}|${r.view_count}`);
    }
  };
  const visit = (p) => {
    if (!statSync(p).isDirectory()) read(p);
    else for (const name of readdirSync(p)) if (!/^[._]/.test(name)) visit(join(p, name));
  };
  visit(path);
  rows.sort();
  return { rows: rows.length, checksum: createHash('sha256').update(rows.join('\n')).digest('hex').slice(0, 16) };
}
