import { INPUT_PAD } from '#abi';
import { MillraceError } from '../../base/errors.js';
import { Prng } from '../../base/prng.js';
import { option, optionKind, readOptions } from '../../contract/options.js';
import { type Connector, POLL_END, POLL_ROWS, type ReaderContext, type SourceConfig, type SourceReader } from '../../contract/source.js';
import type { Batch } from '../../batch/batch.js';

/**
 * The generator behind `npm start`: user events as JSON lines, written as bytes and read back by the JSON format,
 * so that the demo takes the way that a real job's records take. Most users behave; a few claim coupons in bursts.
 */
const OPTIONS = {
  'number-of-rows': option(optionKind.int, 'Events to make.', 20_000_000),
  history: option(optionKind.durationMs, 'Event time that the events cover, up to now.', 600_000),
  users: option(optionKind.int, 'Number of users.', 99_000),
  disorder: option(optionKind.durationMs, 'How much event times are out of order.', 2_000),
  seed: option(optionKind.int, 'Seed of the generator.', 1),
} as const;

const TEMPLATE = '{"user_id":"user_00000","event_type":"view         ","amount":000.00,"event_time":"0000-00-00 00:00:00.000"}\n';
const AT_USER = TEMPLATE.indexOf('00000');
const AT_TYPE = TEMPLATE.indexOf('view');
const AT_AMOUNT = TEMPLATE.indexOf('000.00');
const AT_TIME = TEMPLATE.indexOf('0000-00-00');
const LINES_PER_POLL = 1024;
const LATIN1 = new TextEncoder();
const TYPE_WIDTH = 14;
/** The event types' bytes with their closing quote and padding, one entry per hundredth of the traffic. */
const TYPES: readonly Uint8Array[] = (
  [
    ['view', 70],
    ['click', 20],
    ['purchase', 8],
    ['coupon_claim', 2],
  ] as const
).flatMap(([name, share]) => Array.from({ length: share }, () => LATIN1.encode(`${name}"`.padEnd(TYPE_WIDTH))));
/** One burst of so many claims by one user in every so many events. */
const ABUSE_EVERY = 400_000;
const ABUSE_CLAIMS = 12;

class DemoReader implements SourceReader {
  readonly #ctx: ReaderContext;
  readonly #total: number;
  readonly #historyMs: number;
  readonly #users: number;
  readonly #disorderMs: number;
  readonly #prng: Prng;
  #startMs: number;
  readonly #block: number;
  /** the template's bytes in wasm memory */
  readonly #template: number;
  readonly #minuteText = new Uint8Array(17);
  #minute = -1;
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
    this.#template = ctx.engine.alloc(TEMPLATE.length);
    this.#block = ctx.engine.alloc(TEMPLATE.length * LINES_PER_POLL + 2 * INPUT_PAD) + INPUT_PAD;
    ctx.engine.u8.set(LATIN1.encode(TEMPLATE), this.#template);
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
      this.#line(u8, at);
      at += TEMPLATE.length;
      this.#made++;
    }
    this.#at = this.#block;
    this.#end = at;
  }

  #line(u8: Uint8Array, at: number): void {
    u8.copyWithin(at, this.#template, this.#template + TEMPLATE.length);
    const number = this.#made * this.#ctx.parallelism; // about this event's number among all subtasks'
    const abuse = number % ABUSE_EVERY < ABUSE_CLAIMS;
    const user = abuse ? Math.floor(number / ABUSE_EVERY) % this.#users : (this.#random() * 65536 + this.#random()) % this.#users;
    digits(u8, at + AT_USER, user, 5);
    const type = TYPES[abuse ? 99 : this.#random() % 100];
    for (let k = 0; k < TYPE_WIDTH; k++) u8[at + AT_TYPE + k] = type[k];
    digits(u8, at + AT_AMOUNT, 100 + (this.#random() % 900), 3);
    digits(u8, at + AT_AMOUNT + 4, this.#random() % 100, 2);
    const disorder = (this.#random() * this.#disorderMs) >>> 16;
    this.#time(u8, at + AT_TIME, this.#startMs + Math.floor((this.#made / this.#total) * this.#historyMs) - disorder);
  }

  /** 'yyyy-MM-dd HH:mm:ss.SSS'; the part to the minute is kept from the last event. */
  #time(u8: Uint8Array, at: number, ms: number): void {
    const minute = Math.floor(ms / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#minuteText.set(LATIN1.encode(new Date(minute * 60_000).toISOString().replace('T', ' ').slice(0, 17)));
    }
    u8.set(this.#minuteText, at);
    const rest = ms - minute * 60_000;
    digits(u8, at + 17, (rest / 1000) | 0, 2);
    digits(u8, at + 20, rest % 1000, 3);
  }

  snapshot(): Uint8Array[] {
    return [new Uint8Array(Float64Array.of(this.#made, this.#state, this.#startMs, this.#ctx.parallelism).buffer)];
  }
  restore(elements: readonly Uint8Array[]): void {
    const [made, state, startMs, parallelism] = elements.length === 1 ? new Float64Array(elements[0].slice().buffer) : [];
    if (parallelism !== this.#ctx.parallelism) {
      throw new MillraceError('NOT_SUPPORTED', 'the demo generator goes on only at the parallelism of its snapshot', { remedy: 'Keep the parallelism.' });
    }
    this.#made = made;
    this.#state = state;
    this.#startMs = startMs;
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
