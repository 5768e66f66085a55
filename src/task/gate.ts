import { MARK_BYTES } from '#abi';
import type { Batch } from '../batch/batch.js';
import { BARRIER_LAST, type OperatorSnapshot } from '../contract/operator.js';
import type { ExchangeReader } from '../exchange/reader.js';
import { type CoalescedChange, WatermarkCoalescer } from '../time/coalesce.js';
import type { ChainedOperator } from './chain.js';
import type { GateState } from './snapshot.js';

/** What a step found: the same three words for a gate and for a source. */
export const STEP_IDLE = 0;
export const STEP_WORKED = 1;
export const STEP_END = 2;

/** What a subtask reads from: a gate, or a source driver. */
export interface Input {
  step(): number;
  /** a sender failed or was cancelled: nothing is to fire at the end */
  readonly failed?: boolean;
  /** ms from now after which `step` may find something although no doorbell rang */
  wakeupMs?(): number | undefined;
  /** what an idle input waits for comes through the event loop */
  readonly awaits?: boolean;
  /** false: it has to read on until a snapshot can be taken */
  readonly resting?: boolean;
  /** a source's position and watermarks */
  snapshot?(): OperatorSnapshot;
  /** of a source that wants to know what the sinks have for good: its positions, elements of list state */
  positions?(): readonly Uint8Array[];
  gate?(): GateState;
  close?(): void;
}

export interface Channel {
  readonly reader: ExchangeReader;
  /** input number of the head operator */
  readonly input: number;
  /** who sends: head operator's uid and subtask */
  readonly sender: string;
}

/** The receiving side of a subtask: takes events from its channels in turn and coalesces their watermarks. */
export class Gate {
  readonly #channels: readonly Channel[];
  readonly #valve: WatermarkCoalescer;
  readonly #head: ChainedOperator;
  /** the last barrier of each channel; one that has ended is behind all */
  readonly #barriers: number[];
  #barrier = 0;
  #next = 0;
  #open: number;
  /** a sender failed or was cancelled */
  failed = false;

  constructor(channels: readonly Channel[], head: ChainedOperator) {
    this.#channels = channels;
    this.#head = head;
    this.#valve = new WatermarkCoalescer(channels.length);
    this.#open = channels.length;
    this.#barriers = channels.map(() => 0);
  }

  /** Handles the next event of the next channel that has one. */
  step(): number {
    const n = this.#channels.length;
    for (let k = 0; k < n; k++) {
      const c = (this.#next + k) % n;
      const { reader, input } = this.#channels[c];
      if (reader.ended) continue;
      const event = reader.next();
      if (event === undefined) continue;
      this.#next = c + 1;
      switch (event.type) {
        case 'batch':
          this.#coalesceMarks(event.batch, c);
          this.#head.deliver(event.batch, input);
          break;
        case 'watermark':
          this.#change(this.#valve.watermark(c, event.watermark));
          break;
        case 'barrier':
          this.#barrierOf(c, event.barrier);
          break;
        case 'idle':
          this.#change(this.#valve.markIdle(c));
          break;
        case 'active':
          this.#change(this.#valve.markActive(c));
          break;
        case 'end':
          this.failed ||= event.failed;
          this.#open--;
          if (!event.failed) this.#barrierOf(c, BARRIER_LAST);
          break;
      }
      return STEP_WORKED;
    }
    return this.#open === 0 ? STEP_END : STEP_IDLE;
  }

  get senders(): string[] {
    return this.#channels.map((c) => c.sender);
  }
  gate(): GateState {
    return { ...this.#valve.snapshot(), senders: this.senders };
  }
  /** Before the first event. */
  restore(state: GateState): void {
    this.#valve.restore(state);
  }

  /** The subtask takes nothing more: senders that wait for room here throw away what they have for it. */
  close(): void {
    for (const c of this.#channels) if (!c.reader.ended) c.reader.fail();
  }

  /** Replaces a batch's marks by the marks of the minimum over all channels. */
  #coalesceMarks(batch: Batch, channel: number): void {
    const count = batch.markCount;
    if (count === 0 || this.#channels.length === 1) return;
    const { u32, i64 } = batch.engine;
    const base = batch.marks;
    let kept = 0;
    for (let m = 0; m < count; m++) {
      const combined = this.#valve.watermark(channel, i64[(base + m * MARK_BYTES + 8) >>> 3]).watermark;
      if (combined === undefined) continue;
      u32[(base + kept * MARK_BYTES) >>> 2] = u32[(base + m * MARK_BYTES) >>> 2];
      i64[(base + kept * MARK_BYTES + 8) >>> 3] = combined;
      kept++;
    }
    batch.markCount = kept;
  }
  /** A barrier goes on when it, or a later one, has come from all channels: what came before it on any of them has been handled then. Nobody waits for it. */
  #barrierOf(channel: number, barrier: number): void {
    this.#barriers[channel] = barrier;
    const common = Math.min(...this.#barriers);
    if (common <= this.#barrier || common === BARRIER_LAST) return;
    this.#barrier = common;
    this.#head.barrier(common);
  }
  #change(change: CoalescedChange): void {
    if (change.watermark !== undefined) this.#head.watermark(change.watermark);
    if (change.status !== undefined) this.#head.status(change.status === 'idle');
  }
}
