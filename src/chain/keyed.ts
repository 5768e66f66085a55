import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import { ElementReader } from '../batch/element.js';
import { owned } from '../batch/rows.js';
import type { ProcessConfig } from '../contract/closure-nodes.js';
import type { OperatorContext, OperatorModule, OperatorSnapshot } from '../contract/operator.js';
import { needsWholeRows, onlyReadsFields } from '../contract/field-reads.js';
import { type Collector, NO_MORE, UserOperator } from '../contract/user-operator.js';
import { KeyStates, type NamedState, type StateAccess, StateNames, stateAccess } from '../state/handles.js';
import { BatchKeys, keyFunction } from '../state/keys.js';
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

type Domain = 'event' | 'processing';
type TimesOfKey = Record<Domain, Set<number>>;

class Entry extends KeyStates {
  readonly key: unknown;
  readonly group: number;
  timers: TimesOfKey | undefined = undefined;
  constructor(key: unknown, group: number) {
    super();
    this.key = key;
    this.group = group;
  }
  get hasTimers(): boolean {
    return this.timers !== undefined && (this.timers.event.size > 0 || this.timers.processing.size > 0);
  }
}

interface PlainEntry extends TimesOfKey {
  state: NamedState;
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
  readonly #names = new StateNames();
  readonly #access: StateAccess;
  #current: Entry | undefined;
  #domain: Domain = 'event';
  #watermarkMs = Number.MIN_SAFE_INTEGER;

  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(ctx, ctx.closures[config.closure], config.sides);
    const fn = ctx.closures[config.closure];
    this.#fn = typeof fn === 'function' ? { processElement: fn as KeyedProcessFunction['processElement'] } : (fn as KeyedProcessFunction);
    this.#reader = new ElementReader(ctx.inputs[0], config.time, needsWholeRows(fn, keyFunction(ctx, config.key!)));
    this.#keys = new BatchKeys(ctx, config.key!, this.#reader);
    this.#state = new KeyedObjects(ctx.name, (key, group) => new Entry(key, group));
    this.#access = stateAccess(this.#names, () => this.#entry());
    this.#context = this.#makeContext();
  }

  #makeContext(): OnTimerContext {
    const self = this;
    const nowMs = (): number => self.ctx.clock.nowMs();
    const timers: TimerService = {
      currentWatermark: () => self.#watermarkMs,
      currentProcessingTime: nowMs,
      registerEventTimeTimer: (t) => void self.#register('event', self.#eventTimers, t),
      deleteEventTimeTimer: (t) => void self.#entry().timers?.event.delete(t),
      registerProcessingTimeTimer: (t) => {
        if (self.#register('processing', self.#processingTimers, t)) self.ctx.registerProcessingTimer(t);
      },
      deleteProcessingTimeTimer: (t) => void self.#entry().timers?.processing.delete(t),
    };
    return {
      ...this.#access,
      timers,
      output: (tag, value) => self.output(tag, value),
      get key() {
        return self.#entry().key;
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

  /** False when the key has such a timer. */
  #register(domain: Domain, heap: TimerHeap<Entry>, timeMs: number): boolean {
    const entry = this.#entry();
    entry.timers ??= { event: new Set(), processing: new Set() };
    const times = entry.timers[domain];
    if (times.has(timeMs)) return false;
    times.add(timeMs);
    heap.push(timeMs, entry);
    return true;
  }

  /** Of the key under way. */
  #entry(): Entry {
    if (this.#current === undefined) {
      throw new MillraceError('USER_CODE', `'${this.ctx.name}' used keyed state or timers when no element and no timer was being processed`, {
        place: { operator: this.ctx.name },
        remedy: 'Make handles in open, and use them in processElement and onTimer.',
      });
    }
    return this.#current;
  }

  open(): void {
    this.guarded(() => this.#fn.open?.(this.#access));
  }
  close(): void {
    this.guarded(() => this.#fn.close?.());
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
    if (e?.isEmpty && !e.hasTimers) this.#state.delete(e.group, e.key);
    this.#current = undefined;
  }

  processWatermark(watermark: bigint): boolean {
    this.#watermarkMs = Math.max(this.#watermarkMs, Number(watermark));
    return this.#fire('event', this.#eventTimers, this.#watermarkMs);
  }
  processProcessingTime(nowMs: number): boolean {
    return this.#fire('processing', this.#processingTimers, nowMs);
  }

  #fire(domain: Domain, heap: TimerHeap<Entry>, untilMs: number): boolean {
    this.#domain = domain;
    return this.work(() => {
      this.#leave();
      const timer = heap.pop(untilMs);
      if (timer === undefined) return NO_MORE;
      const entry = timer.what;
      if (!entry.timers?.[domain].delete(timer.timeMs)) return undefined;
      this.#current = entry;
      this.timeMs = domain === 'event' ? timer.timeMs : undefined;
      return this.#fn.onTimer?.(timer.timeMs, this.#context, this.collector);
    });
  }

  snapshot(): OperatorSnapshot {
    const none = { event: new Set<number>(), processing: new Set<number>() };
    const keyed = this.#state.snapshot((e): PlainEntry => ({ state: this.#names.save(e), ...(e.timers ?? none) }));
    return { keyed, list: [], union: [serialize(this.#watermarkMs)] };
  }
  restore(snapshot: OperatorSnapshot): void {
    this.#watermarkMs = restoredWatermark(snapshot);
    this.#state.restore(snapshot.keyed, (entry, plain: PlainEntry) => {
      this.#names.load(plain.state, entry);
      const { event, processing } = plain;
      if (event.size > 0 || processing.size > 0) entry.timers = { event, processing };
      for (const t of event) this.#eventTimers.push(t, entry);
      for (const t of processing) {
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
  readonly #state: KeyedObjects<{ readonly key: unknown; value: unknown; some: boolean }>;

  constructor(config: ProcessConfig, ctx: OperatorContext) {
    super(ctx, ctx.closures[config.closure]);
    this.#fn = ctx.closures[config.closure] as (a: unknown, b: unknown) => unknown;
    const whole = !onlyReadsFields(this.#fn, 1) || needsWholeRows(keyFunction(ctx, config.key!));
    this.#reader = new ElementReader(ctx.inputs[0], config.time, whole);
    this.#keys = new BatchKeys(ctx, config.key!, this.#reader);
    this.#state = new KeyedObjects(ctx.name, (key) => ({ key, value: undefined, some: false }));
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
