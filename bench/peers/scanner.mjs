// A byte scanner tuned by hand for exactly this record: it knows the order and the lengths of the fields, looks only at the bytes it needs, and
// gives any record that looks otherwise to JSON.parse. It does not check the bytes it skips. Counts stand in a typed array, one row of it per window.
import { DELAY_MS, WINDOW_MS } from './windows.mjs';

const SLOTS = 1 << 14;
const RING = 16;
/** {"user_id":"36","page_id":"36","ad_id":" : the ad's first byte */
const AD = 108;
/** ...36","ad_type":" : the type's first byte */
const TYPE = AD + 36 + 13;
const QUOTE = 34;

export class Scanner {
  records = 0;
  late = 0;
  /** newest event time seen, ms */
  newest = 0;
  /** ads by table slot */
  names = new Array(SLOTS);
  #keys = new Uint8Array(SLOTS * 36);
  #used = new Uint8Array(SLOTS);
  #counts = new Uint32Array(SLOTS * RING);
  #windows = new Float64Array(RING).fill(-1);
  #base = 0;
  #head = 0;
  #baseMs = -1;
  #emit;
  /** the earliest last millisecond of an open window */
  #fireAt = Infinity;

  /** `emit(adId, windowMs, views)` takes a finished window's rows. */
  constructor(emit) {
    this.#emit = emit;
  }

  /** Whole lines of b[start, end). */
  scan(b, start, end) {
    let p = start;
    while (p < end) {
      let time = 0;
      let view = false;
      const type = p + TYPE;
      let q = type;
      while (q < end && b[q] !== QUOTE && b[q] !== 92) q++;
      // ","event_type":" is 16 bytes: the event's first byte is at q + 16
      const known =
        q + 60 < end &&
        b[p + 2] === 117 &&
        b[p + 51] === 112 &&
        b[p + 100] === 97 &&
        b[AD + p + 36] === QUOTE &&
        b[p + 150] === 116 &&
        b[q] === QUOTE &&
        b[q + 3] === 101 &&
        b[q + 10] === 121;
      let e = q + 16;
      if (known) {
        const c = b[e];
        view = c === 118;
        e += view ? 4 : c === 99 ? 5 : 8;
      }
      // ","event_time": is 15 bytes, a time has 13 digits
      if (known && b[e] === QUOTE && b[e + 10] === 105 && b[e + 28] === 44) {
        time = this.#time(b, e + 15);
        if (view) this.#count(b, p + AD, time);
        q = e + 28 + 16;
        while (b[q] !== 10) q++;
      } else {
        q = b.indexOf(10, p);
        const event = JSON.parse(b.toString('utf8', p, q));
        time = event.event_time;
        if (event.event_type === 'view') this.#count(Buffer.from(event.ad_id, 'latin1'), 0, time);
      }
      p = q + 1;
      this.records++;
      if (time > this.newest) {
        this.newest = time;
        if (time - DELAY_MS >= this.#fireAt) this.fire(time - DELAY_MS);
      }
    }
  }

  /** 13 digits: the first eight change every 100 s and are kept. */
  #time(b, p) {
    const base = (b[p + 4] << 24) | (b[p + 5] << 16) | (b[p + 6] << 8) | b[p + 7];
    const head = (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
    if (base !== this.#base || head !== this.#head) {
      let n = 0;
      for (let i = 0; i < 8; i++) n = n * 10 + b[p + i] - 48;
      this.#base = base;
      this.#head = head;
      this.#baseMs = n * 100_000;
    }
    return this.#baseMs + b[p + 8] * 10_000 + b[p + 9] * 1_000 + b[p + 10] * 100 + b[p + 11] * 10 + b[p + 12] - 533_328;
  }

  #count(b, p, time) {
    const w = time - (time % WINDOW_MS);
    const ring = (w / WINDOW_MS) & (RING - 1);
    if (this.#windows[ring] !== w) {
      if (w + WINDOW_MS - 1 <= this.newest - DELAY_MS) {
        this.late++;
        return;
      }
      this.#windows[ring] = w;
      if (w + WINDOW_MS - 1 < this.#fireAt) this.#fireAt = w + WINDOW_MS - 1;
    }
    const h = (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
    const g = (b[p + 4] << 24) | (b[p + 5] << 16) | (b[p + 6] << 8) | b[p + 7];
    let slot = (Math.imul(h ^ Math.imul(g, 0x85ebca6b), 0x9e3779b1) >>> 18) & (SLOTS - 1);
    while (this.#used[slot] !== 0 && !this.#same(slot * 36, b, p)) slot = (slot + 1) & (SLOTS - 1);
    if (this.#used[slot] === 0) this.#add(slot, b, p);
    this.#counts[slot * RING + ring]++;
  }

  #same(k, b, p) {
    const keys = this.#keys;
    for (let i = 0; i < 36; i++) if (keys[k + i] !== b[p + i]) return false;
    return true;
  }

  #add(slot, b, p) {
    this.#used[slot] = 1;
    for (let i = 0; i < 36; i++) this.#keys[slot * 36 + i] = b[p + i];
    this.names[slot] = Buffer.from(this.#keys.buffer, slot * 36, 36).toString('latin1');
  }

  fire(watermark) {
    const due = [...this.#windows].filter((w) => w >= 0 && w + WINDOW_MS - 1 <= watermark).sort((a, b) => a - b);
    for (const w of due) {
      const ring = (w / WINDOW_MS) & (RING - 1);
      for (let s = 0; s < SLOTS; s++) {
        const n = this.#counts[s * RING + ring];
        if (n === 0) continue;
        this.#emit(this.names[s], w, n);
        this.#counts[s * RING + ring] = 0;
      }
      this.#windows[ring] = -1;
    }
    this.#fireAt = Infinity;
    for (const w of this.#windows) if (w >= 0 && w + WINDOW_MS - 1 < this.#fireAt) this.#fireAt = w + WINDOW_MS - 1;
  }
}
