import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DATA, ensure } from '../lib/paths.js';

/** What the makers of input files share: one seed, the same bytes every time, about 250 MB/s. */

const FLUSH_BYTES = 8 << 20;
const RECORD_BYTES_MAX = 2048;

/** Mulberry32: a 32-bit generator, quick enough to make 250 MB/s of records. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.u32() / 4294967296) * n);
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const HEX = bytes('0123456789abcdef');

/** Quoted version-4 UUIDs. */
export function uuids(random: Random, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const out = new Uint8Array(38);
    let bits = 0;
    for (let i = 1, digit = 0; i < 37; i++) {
      if (i === 9 || i === 14 || i === 19 || i === 24) out[i] = 45;
      else {
        if (digit % 8 === 0) bits = random.u32();
        out[i] = HEX[bits & 15];
        bits >>>= 4;
        digit++;
      }
    }
    out[0] = 34;
    out[37] = 34;
    out[15] = 52;
    out[20] = 97;
    return out;
  });
}

/** Writes a value at `at` and returns the position after it. */
export type Write = (out: Uint8Array, at: number) => number;

export interface Field {
  readonly key: Uint8Array;
  readonly write: Write;
  /** percent of records that have the field */
  readonly percent: number;
}

export function copy(out: Uint8Array, at: number, from: Uint8Array): number {
  for (let i = 0; i < from.length; i++) out[at + i] = from[i];
  return at + from.length;
}

export function decimal(out: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    const next = Math.floor(rest / 10);
    out[at + i] = 48 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** The record number, from which the time of the event follows. */
export interface Cursor {
  record: number;
}

export interface RecordSet {
  readonly cursor: Cursor;
  readonly fields: readonly Field[];
  readonly comma: string;
  /** draws which fields are there and, when keys are shuffled, their order */
  readonly random: Random;
  readonly shuffled: boolean;
}

export const oneOf =
  (random: Random, values: readonly Uint8Array[]): Write =>
  (out, at) =>
    copy(out, at, values[random.below(values.length)]);

/** A whole number in [from, from + count), without leading zeros. */
export const integer =
  (random: Random, from: number, count: number): Write =>
  (out, at) => {
    const value = from + random.below(count);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    return decimal(out, at, value, digits);
  };

export const field = (name: string, write: Write, percent = 100, colon = ':'): Field => ({ key: bytes(`"${name}"${colon}`), write, percent });

function shuffle(order: number[], random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
}

/** Writes `records` JSON lines. */
export function writeRecords(path: string, records: number, { cursor, fields, comma, random, shuffled }: RecordSet): void {
  const order = fields.map((_, i) => i);
  const between = bytes(comma);
  const out = new Uint8Array(FLUSH_BYTES + RECORD_BYTES_MAX);
  const fd = openSync(path, 'w');
  let at = 0;
  for (; cursor.record < records; cursor.record++) {
    if (shuffled) shuffle(order, random);
    out[at++] = 123;
    const start = at;
    for (let i = 0; i < order.length; i++) {
      const f = fields[order[i]];
      if (f.percent < 100 && random.below(100) >= f.percent) continue;
      if (at > start) at = copy(out, at, between);
      at = f.write(out, copy(out, at, f.key));
    }
    out[at++] = 125;
    out[at++] = 10;
    if (at >= FLUSH_BYTES) {
      writeAll(fd, out, at);
      at = 0;
    }
  }
  writeAll(fd, out, at);
  closeSync(fd);
}

function writeAll(fd: number, data: Uint8Array, length: number): void {
  for (let at = 0; at < length; ) at += writeSync(fd, data, at, length - at);
}

/** The file of this name among the inputs; `write` makes it when it is not there. */
export function inputFile(name: string, write: (path: string) => void): string {
  const path = join(ensure(DATA), name);
  if (!existsSync(path)) {
    const half = `${path}.part`;
    write(half);
    renameSync(half, path);
  }
  return path;
}
