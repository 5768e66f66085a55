// What the Node programs share, so that they differ only in how they read a record: the way a window ends and its rows are written.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

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
  constructor(path) {
    this.#path = path;
    this.#half = `${path}.inprogress`;
    this.#fd = openSync(this.#half, 'w');
  }
  /** views of an ad */
  add(adId, windowMs, views) {
    this.line(`{"ad_id":"${adId}","window_start":"${timestamp(windowMs)}","view_count":${views}}`);
  }
  line(json) {
    this.#text += `${json}\n`;
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

/** Tumbling windows of event time, each with a Map by key; `fire(windowMs, map)` takes a finished one when the watermark (newest event - 2 s) has passed it. */
export class Windows {
  records = 0;
  late = 0;
  #open = new Map();
  #newest = -Infinity;
  #fireAt = Infinity;
  #fire;
  constructor(fire) {
    this.#fire = fire;
  }
  /** The Map of the window of an event; undefined when it is late. */
  of(time) {
    const w = time - (time % WINDOW_MS);
    let keys = this.#open.get(w);
    if (keys !== undefined) return keys;
    if (w + WINDOW_MS - 1 <= this.#newest - DELAY_MS) {
      this.late++;
      return undefined;
    }
    keys = new Map();
    this.#open.set(w, keys);
    this.#fireAt = Math.min(this.#fireAt, w + WINDOW_MS - 1);
    return keys;
  }
  saw(time) {
    this.records++;
    if (time <= this.#newest) return;
    this.#newest = time;
    if (time - DELAY_MS >= this.#fireAt) this.fire(time - DELAY_MS);
  }
  fire(watermark) {
    const due = [...this.#open.keys()].filter((w) => w + WINDOW_MS - 1 <= watermark).sort((a, b) => a - b);
    for (const w of due) {
      this.#fire(w, this.#open.get(w));
      this.#open.delete(w);
    }
    this.#fireAt = Infinity;
    for (const w of this.#open.keys()) this.#fireAt = Math.min(this.#fireAt, w + WINDOW_MS - 1);
  }
}
