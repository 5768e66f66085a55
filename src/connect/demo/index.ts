import { INPUT_PAD } from '#abi';
import { Prng } from '../../base/prng.js';
import { option, optionKind, readOptions } from '../../contract/options.js';
import { type Connector, POLL_END, POLL_ROWS, type ReaderContext, type SourceConfig, type SourceReader } from '../../contract/source.js';
import type { Batch } from '../../batch/batch.js';

/**
 * The generator behind `npm start`: user events as JSON lines, written as bytes and read back by the JSON format,
 * so that the demo takes the way that a real job's records take. Most users behave; a few claim coupons in bursts.
 */
const OPTIONS = {
  'number-of-rows': option(optionKind.int, 'Events to make.', 6_000_000),
  history: option(optionKind.durationMs, 'Event time that the events cover, up to now.', 600_000),
  users: option(optionKind.int, 'Number of users.', 20_000),
  disorder: option(optionKind.durationMs, 'How much event times are out of order.', 2_000),
  seed: option(optionKind.int, 'Seed of the generator.', 1),
} as const;

const TEMPLATE = '{"user_id":"user_00000","event_type":"view         ","amount":000.00,"event_time":"0000-00-00 00:00:00.000"}\n';
const AT_USER = TEMPLATE.indexOf('00000');
const AT_TYPE = TEMPLATE.indexOf('view');
const AT_AMOUNT = TEMPLATE.indexOf('000.00');
const AT_TIME = TEMPLATE.indexOf('0000-00-00');
const LINES_PER_POLL = 1024;
/** Shares of 1000: views, clicks, purchases; the rest are coupon claims. */
const TYPES: readonly (readonly [string, number])[] = [
  ['view', 700],
  ['click', 900],
  ['purchase', 985],
  ['coupon_claim', 1000],
];
/** One in so many events is a claim by one of the abusers. */
const ABUSE_EVERY = 20_000;

class DemoReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #total: number;
  readonly #historyMs: number;
  readonly #users: number;
  readonly #disorderMs: number;
  readonly #prng: Prng;
  readonly #startMs: number;
  readonly #block: number;
  readonly #template = Buffer.from(TEMPLATE, 'latin1');
  #made = 0;
  #at = 0;
  #end = 0;
  /** multiplicative generator: the demo needs speed, not quality */
  #state: number;

  constructor(config: SourceConfig, ctx: ReaderContext) {
    const o = readOptions('demo', OPTIONS, config.options);
    this.#ctx = ctx;
    this.#total = Math.floor(o['number-of-rows'] / ctx.parallelism) + (ctx.subtaskIndex < o['number-of-rows'] % ctx.parallelism ? 1 : 0);
    this.#historyMs = o.history;
    this.#users = o.users;
    this.#disorderMs = o.disorder;
    this.#prng = new Prng(o.seed + ctx.subtaskIndex);
    this.#state = this.#prng.below(2 ** 31) | 1;
    this.#startMs = ctx.clock.nowMs() - o.history;
    this.#block = ctx.engine.alloc(TEMPLATE.length * LINES_PER_POLL + 2 * INPUT_PAD) + INPUT_PAD;
  }

  poll(batch: Batch): number {
    if (this.#at === this.#end) {
      if (this.#made === this.#total) return POLL_END;
      this.#fill();
    }
    this.#at = this.#ctx.decoder!.decodeLines(this.#at, this.#end, batch);
    return POLL_ROWS;
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) | 0;
    return (this.#state >>> 8) & 0xffff;
  }

  #fill(): void {
    const u8 = this.#ctx.engine.u8;
    const n = Math.min(LINES_PER_POLL, this.#total - this.#made);
    let at = this.#block;
    for (let i = 0; i < n; i++) {
      u8.set(this.#template, at);
      const abuse = (this.#made * this.#ctx.parallelism) % ABUSE_EVERY < 8 && this.#made % 2 === 0;
      const user = abuse
        ? Math.floor((this.#made * this.#ctx.parallelism) / ABUSE_EVERY) % this.#users
        : (this.#random() * 65536 + this.#random()) % this.#users;
      digits(u8, at + AT_USER, user, 5);
      const draw = abuse ? 999 : this.#random() % 1000;
      const type = TYPES.find((t) => draw < t[1])![0];
      for (let k = 0; k < type.length; k++) u8[at + AT_TYPE + k] = type.charCodeAt(k);
      u8[at + AT_TYPE + type.length] = 34; // the quote, then spaces before the comma
      for (let k = type.length + 1; k < 14; k++) u8[at + AT_TYPE + k] = 32;
      digits(u8, at + AT_AMOUNT, 100 + (this.#random() % 900), 3);
      digits(u8, at + AT_AMOUNT + 4, this.#random() % 100, 2);
      const late = (this.#random() * this.#disorderMs) >>> 16;
      this.#time(u8, at + AT_TIME, this.#startMs + Math.floor((this.#made / this.#total) * this.#historyMs) - late);
      at += TEMPLATE.length;
      this.#made++;
    }
    this.#at = this.#block;
    this.#end = at;
  }

  #time(u8: Uint8Array, at: number, ms: number): void {
    const d = new Date(ms);
    digits(u8, at, d.getUTCFullYear(), 4);
    digits(u8, at + 5, d.getUTCMonth() + 1, 2);
    digits(u8, at + 8, d.getUTCDate(), 2);
    digits(u8, at + 11, d.getUTCHours(), 2);
    digits(u8, at + 14, d.getUTCMinutes(), 2);
    digits(u8, at + 17, d.getUTCSeconds(), 2);
    digits(u8, at + 20, d.getUTCMilliseconds(), 3);
  }

  snapshot(): Uint8Array[] {
    return [new Uint8Array(Float64Array.of(this.#made).buffer)];
  }
  restore(elements: readonly Uint8Array[]): void {
    if (elements.length > 0) this.#made = new Float64Array(elements[0].slice().buffer)[0];
  }
}

function digits(u8: Uint8Array, at: number, value: number, count: number): void {
  let v = value;
  for (let k = count - 1; k >= 0; k--) {
    u8[at + k] = 48 + (v % 10);
    v = (v / 10) | 0;
  }
}

export const connector: Connector = {
  name: 'demo',
  sourceOptions: OPTIONS,
  formats: 'required',
  planSource: async (config) => {
    readOptions('demo', OPTIONS, config.options);
    return { bounded: true, splits: [] };
  },
  createReader: (config, _plan, _splits, ctx) => new DemoReader(config, ctx),
};
