import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../batch/batch.js';
import { ElementReader } from '../batch/element.js';
import { owned } from '../batch/rows.js';
import type { ProcessConfig } from '../contract/closure-nodes.js';
import type { OperatorContext, OperatorModule, OperatorSnapshot } from '../contract/operator.js';
import { copiesObjects } from '../contract/user-code.js';
import { type Collector, NO_MORE, UserOperator } from '../contract/user-operator.js';
import { type NamedState, type StateAccess, stateAccess } from '../state/handles.js';
import { BatchKeys } from '../state/keys.js';
import { KeyedObjects } from '../state/objects.js';
import { TimerHeap } from '../state/timer-heap.js';
import type { ProcessContext } from './process.js';

/** Timers of the key under way. A time is kept once per key. Ms. */
export interface TimerService {
  currentWatermark(): number;
  currentProcessingTime(): number;
  registerEventTimeTimer(timeMs: number): void;
  deleteEventTimeTimer(timeMs: number): void;
  registerProcessingTimeTimer(timeMs: number): void;
  deleteProcessingTimeTimer(timeMs: number): void;
}

export interface KeyedContext extends ProcessContext, StateAccess {
  /** the current key: the field's value, an object of the fields' values, or what the key function gave */
  readonly key: unknown;
  readonly timers: TimerService;
}

export interface OnTimerContext extends KeyedContext {
  readonly timeDomain: 'event' | 'processing';
}

export interface KeyedProcessFunction {
  open?(ctx: StateAccess): void;
  processElement(value: unknown, ctx: KeyedContext, out: Collector): unknown;
  onTimer?(timestampMs: number, ctx: OnTimerContext, out: Collector): unknown;
  close?(): void;
}

class Entry {
  readonly key: unknown;
  readonly group: number;
  state: NamedState = new Map();
  eventTimers: Set<number> = new Set();
  processingTimers: Set<number> = new Set();
  constructor(key: unknown, group: number) {
    this.key = key;
    this.group = group;
  }
  get empty(): boolean {
    return this.state.size === 0 && this.eventTimers.size === 0 && this.processingTimers.size === 0;
  }
}

interface PlainEntry {
  state: NamedState;
  event: Set<number>;
  processing: Set<number>;
}

/** kind 'keyedProcess': Flink's KeyedProcessFunction. */
class KeyedProcessOperator extends UserOperator {
  readonly #fn: KeyedProcessFunction;
  readonly #reader: ElementReader;
  readonly #keys: BatchKeys;
  readonly #state: KeyedObjects<Entry>;
  readonly #eventTimers = new TimerHeap<Entry>();
  readonly #processingTimers = new TimerHeap<Entry>();
  readonly #context: OnTimerContext;
  readonly #access: StateAccess;
  #current: Entry | undefined;
  #domain: 'event' | 'processing' = 'event';
  #watermarkMs = Number.MIN_SAFE_INTEGER;

  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(ctx, config.sides);
    const fn = ctx.closures[config.closure];
    this.#fn = typeof fn === 'function' ? { processElement: fn as KeyedProcessFunction['processElement'] } : (fn as KeyedProcessFunction);
    this.#reader = new ElementReader(ctx.inputs[0], config.time, copiesObjects(ctx.closures[config.closure]));
    this.#keys = new BatchKeys(ctx, config.key!, this.#reader);
    this.#state = new KeyedObjects(ctx.name, (key, group) => new Entry(key, group));
    this.#access = stateAccess(() => this.#current!.state);
    this.#context = this.#makeContext();
  }

  #makeContext(): OnTimerContext {
    const self = this;
    const nowMs = (): number => self.ctx.clock.nowMs();
    const timers: TimerService = {
      currentWatermark: () => self.#watermarkMs,
      currentProcessingTime: nowMs,
      registerEventTimeTimer: (t) => self.#register(self.#current!.eventTimers, self.#eventTimers, t),
      deleteEventTimeTimer: (t) => void self.#current!.eventTimers.delete(t),
      registerProcessingTimeTimer: (t) => {
        if (self.#register(self.#current!.processingTimers, self.#processingTimers, t)) self.ctx.registerProcessingTimer(t);
      },
      deleteProcessingTimeTimer: (t) => void self.#current!.processingTimers.delete(t),
    };
    return {
      ...this.#access,
      timers,
      output: (tag, value) => self.output(tag, value),
      get key() {
        return self.#current!.key;
      },
      get timestamp() {
        return self.timeMs;
      },
      get currentWatermark() {
        return self.#watermarkMs;
      },
      get currentProcessingTime() {
        return nowMs();
      },
      get timeDomain() {
        return self.#domain;
      },
    };
  }

  #register(times: Set<number>, heap: TimerHeap<Entry>, timeMs: number): boolean {
    if (times.has(timeMs)) return false;
    times.add(timeMs);
    heap.push(timeMs, this.#current!);
    return true;
  }

  open(): void {
    this.#fn.open?.(this.#access);
  }
  close(): void {
    this.#fn.close?.();
  }

  processBatch(batch: Batch): boolean {
    this.#reader.bind(batch);
    this.#keys.bind(batch);
    const sel = batch.sel >>> 2;
    const n = batch.selCount;
    let k = 0;
    return this.work(
      () => {
        this.#leave();
        if (k === n) return NO_MORE;
        const row = this.ctx.engine.u32[sel + k];
        this.#current = this.#state.entry(this.#keys.group(k), this.#keys.key(row));
        this.timeMs = this.#reader.timeMs(row);
        k++;
        return this.#fn.processElement(this.#reader.get(row), this.#context, this.collector);
      },
      () => this.#reader.release(),
    );
  }

  /** A key without state or timers is forgotten. */
  #leave(): void {
    const e = this.#current;
    if (e?.empty) this.#state.delete(e.group, e.key);
    this.#current = undefined;
  }

  processWatermark(watermark: bigint): boolean {
    this.#watermarkMs = Math.max(this.#watermarkMs, Number(watermark));
    return this.#fire('event', this.#eventTimers, this.#watermarkMs);
  }
  processProcessingTime(nowMs: number): boolean {
    return this.#fire('processing', this.#processingTimers, nowMs);
  }

  #fire(domain: 'event' | 'processing', heap: TimerHeap<Entry>, untilMs: number): boolean {
    this.#domain = domain;
    return this.work(() => {
      this.#leave();
      const timer = heap.pop(untilMs);
      if (timer === undefined) return NO_MORE;
      const entry = timer.what;
      const live = (domain === 'event' ? entry.eventTimers : entry.processingTimers).delete(timer.timeMs);
      if (!live) return undefined;
      this.#current = entry;
      this.timeMs = domain === 'event' ? timer.timeMs : undefined;
      return this.#fn.onTimer?.(timer.timeMs, this.#context, this.collector);
    });
  }

  snapshot(): OperatorSnapshot {
    const keyed = this.#state.snapshot((e): PlainEntry => ({ state: e.state, event: e.eventTimers, processing: e.processingTimers }));
    return { keyed, list: [], union: [serialize(this.#watermarkMs)] };
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#watermarkMs = restoredWatermark(snapshot);
    this.#state.restore(snapshot.keyed, (entry, plain: PlainEntry) => {
      entry.state = plain.state;
      entry.eventTimers = plain.event;
      entry.processingTimers = plain.processing;
      for (const t of plain.event) this.#eventTimers.push(t, entry);
      for (const t of plain.processing) {
        this.#processingTimers.push(t, entry);
        this.ctx.registerProcessingTimer(t);
      }
    });
  }
}

/** Event time that every old subtask had reached. */
export function restoredWatermark(snapshot: OperatorSnapshot): number {
  return snapshot.union.length === 0 ? Number.MIN_SAFE_INTEGER : Math.min(...snapshot.union.map((b) => deserialize(b) as number));
}

/** kind 'reduce': the rolling reduce of a keyed stream; each element gives the value so far. */
class ReduceOperator extends UserOperator {
  readonly #fn: (a: unknown, b: unknown) => unknown;
  readonly #reader: ElementReader;
  readonly #keys: BatchKeys;
  readonly #state: KeyedObjects<{ value: unknown; some: boolean }>;

  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(ctx);
    this.#fn = ctx.closures[config.closure] as (a: unknown, b: unknown) => unknown;
    this.#reader = new ElementReader(ctx.inputs[0], config.time, copiesObjects(ctx.closures[config.closure]));
    this.#keys = new BatchKeys(ctx, config.key!, this.#reader);
    this.#state = new KeyedObjects(ctx.name, () => ({ value: undefined, some: false }));
  }

  processBatch(batch: Batch): boolean {
    this.#reader.bind(batch);
    this.#keys.bind(batch);
    const sel = batch.sel >>> 2;
    const n = batch.selCount;
    let k = 0;
    return this.work(
      () => {
        if (k === n) return NO_MORE;
        const row = this.ctx.engine.u32[sel + k];
        const entry = this.#state.entry(this.#keys.group(k), this.#keys.key(row));
        k++;
        this.timeMs = this.#reader.timeMs(row);
        entry.value = entry.some ? owned(this.#fn(entry.value, this.#reader.get(row))) : this.#reader.keep(row);
        entry.some = true;
        this.collector.collect(entry.value);
        return undefined;
      },
      () => this.#reader.release(),
    );
  }
  snapshot(): OperatorSnapshot {
    return { keyed: this.#state.snapshot((e) => e.value), list: [], union: [] };
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#state.restore(snapshot.keyed, (entry, value) => {
      entry.value = value;
      entry.some = true;
    });
  }
}

export const keyedProcess: OperatorModule<ProcessConfig> = { create: (config, ctx) => new KeyedProcessOperator(config, ctx) };
export const reduce: OperatorModule<ProcessConfig> = { create: (config, ctx) => new ReduceOperator(config, ctx) };
