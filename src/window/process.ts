import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../batch/batch.js';
import { ElementReader } from '../batch/element.js';
import { owned } from '../batch/rows.js';
import type { WindowProcessConfig } from '../contract/closure-nodes.js';
import { needsWholeRows } from '../contract/field-reads.js';
import type { OperatorContext, OperatorModule, OperatorSnapshot } from '../contract/operator.js';
import { type Collector, NO_MORE, UserOperator } from '../contract/user-operator.js';
import { BatchKeys, keyFunction } from '../state/keys.js';
import { KeyedObjects } from '../state/objects.js';
import { TimerHeap } from '../state/timer-heap.js';
import { assignWindows, noTimestamp, type TimeWindow } from './assign.js';
import { addWindow, anyFrom, lastBegin, type LiveWindows, removeWindow, touched, windowAt } from './live.js';

/** What a window function learns beside the elements. */
export interface WindowContext {
  /** [start, end) in ms */
  readonly window: TimeWindow;
  readonly currentWatermark: number;
  readonly currentProcessingTime: number;
  output(tag: string | { readonly id: string }, value: unknown): void;
}

/** (key, context, elements, out): collects any number of results, or returns a list of them. */
export type ProcessWindowFunction = (key: unknown, ctx: WindowContext, elements: readonly unknown[], out: Collector) => unknown;

/** Incremental aggregation of a window's elements, as Flink's AggregateFunction. */
export interface AggregateFunction<In = unknown, Acc = unknown, Out = unknown> {
  createAccumulator(): Acc;
  add(value: In, accumulator: Acc): Acc;
  getResult(accumulator: Acc): Out;
  /** sessions merge */
  merge(a: Acc, b: Acc): Acc;
}

/** A window of one key that holds something. */
interface LiveWindow {
  readonly entry: Entry;
  start: number;
  end: number;
  /** elements, or one combined value */
  contents: unknown[];
  /** the timer at the window's end has fired */
  fired: boolean;
  /** merged away or cleaned up */
  dead: boolean;
}

interface Entry {
  readonly key: unknown;
  readonly group: number;
  readonly windows: LiveWindows<LiveWindow>;
}

type PlainWindow = [start: number, end: number, fired: boolean, contents: unknown[]];

/**
 * kind 'windowProcess': Flink's WindowOperator with the default triggers: fire at the window's end, and at once for each late element that
 * the allowed lateness still lets in; keep the contents until end + lateness; sessions merge. Elements that belong to no live window are late.
 */
class WindowProcessOperator extends UserOperator {
  readonly #config: WindowProcessConfig;
  readonly #event: boolean;
  readonly #process: ProcessWindowFunction | undefined;
  readonly #reduce: ((a: unknown, b: unknown) => unknown) | undefined;
  readonly #aggregate: AggregateFunction | undefined;
  readonly #reader: ElementReader;
  readonly #keys: BatchKeys;
  readonly #state: KeyedObjects<Entry>;
  readonly #timers = new TimerHeap<LiveWindow>();
  readonly #late;
  #watermarkMs = Number.MIN_SAFE_INTEGER;
  /** the window being fired */
  #window: TimeWindow = { start: 0, end: 0 };
  readonly #context = this.#makeContext();
  /** windows to fire before the next element or timer */
  #firing: LiveWindow[] = [];

  constructor(config: WindowProcessConfig, ctx: OperatorContext) {
    super(ctx, ctx.closures[config.closure < 0 ? config.combine! : config.closure], config.sides);
    this.#config = config;
    this.#event = config.domain === 'event';
    this.#process = config.closure < 0 ? undefined : (ctx.closures[config.closure] as ProcessWindowFunction);
    if (config.keep === 'reduce') this.#reduce = ctx.closures[config.combine!] as (a: unknown, b: unknown) => unknown;
    if (config.keep === 'aggregate') this.#aggregate = ctx.closures[config.combine!] as AggregateFunction;
    this.#reader = new ElementReader(ctx.inputs[0], config.time, needsWholeRows(keyFunction(ctx, config.key)));
    this.#keys = new BatchKeys(ctx, config.key, this.#reader);
    this.#state = new KeyedObjects(ctx.name, (key, group) => ({ key, group, windows: [] }));
    this.#late = ctx.metrics.counter('numLateRecordsDropped');
  }

  processBatch(batch: Batch): boolean {
    this.#reader.bind(batch);
    this.#keys.bind(batch);
    const sel = batch.sel >>> 2;
    const n = batch.selCount;
    let k = 0;
    return this.work(
      () => {
        const window = this.#firing.pop();
        if (window !== undefined) return this.#fire(window);
        if (k === n) return NO_MORE;
        const row = this.ctx.engine.u32[sel + k];
        this.#element(row, this.#keys.group(k++));
        return undefined;
      },
      () => this.#reader.release(),
    );
  }

  #element(row: number, group: number): void {
    const timeMs = this.#event ? this.#reader.timeMs(row) : this.ctx.clock.nowMs();
    if (timeMs === undefined) throw noTimestamp(this.ctx.name);
    const entry = this.#state.entry(group, this.#keys.key(row));
    const value = this.#reader.keep(row);
    let taken = false;
    for (const w of assignWindows(this.#config.window, timeMs)) {
      const live = this.#config.window.type === 'session' ? this.#session(entry, w) : this.#fixed(entry, w);
      if (live === undefined) continue;
      taken = true;
      this.#add(live, value);
      // the window's end has passed, lateness keeps it open: it fires for each element
      if (this.#event && live.end - 1 <= this.#watermarkMs) this.#firing.unshift(live);
    }
    if (entry.windows.length === 0) this.#state.delete(entry.group, entry.key);
    if (!taken && this.#event && timeMs + this.#config.allowedLatenessMs <= this.#watermarkMs) {
      if (this.#config.lateTag === undefined) this.#late.value++;
      else this.output(this.#config.lateTag, value, timeMs);
    }
  }

  /** The last moment of a window's state. */
  #cleanupMs(w: TimeWindow): number {
    return w.end - 1 + (this.#event ? this.#config.allowedLatenessMs : 0);
  }
  #isLate(w: TimeWindow): boolean {
    return this.#event && this.#cleanupMs(w) <= this.#watermarkMs;
  }

  #fixed(entry: Entry, w: TimeWindow): LiveWindow | undefined {
    if (this.#isLate(w)) return undefined;
    return windowAt(entry.windows, w.start) ?? this.#open(entry, w);
  }

  #open(entry: Entry, w: TimeWindow): LiveWindow {
    const fired = this.#event && w.end - 1 <= this.#watermarkMs; // only its elements fire it
    const live: LiveWindow = { entry, start: w.start, end: w.end, contents: [], fired, dead: false };
    addWindow(entry.windows, live);
    this.#schedule(live);
    return live;
  }

  /** The session that the element's window becomes part of: the first one it touches grows, others are merged into it. */
  #session(entry: Entry, w: TimeWindow): LiveWindow | undefined {
    const touching = touched(entry.windows, w);
    const merged = {
      start: Math.min(w.start, ...touching.map((x) => x.start)),
      end: Math.max(w.end, ...touching.map((x) => x.end)),
    };
    if (this.#isLate(merged)) return undefined; // nothing touched was live, or it would not be late
    const [target, ...others] = touching;
    if (target === undefined) return this.#open(entry, merged);
    for (const o of others) {
      o.dead = true;
      target.contents = this.#merge(target.contents, o.contents);
      removeWindow(entry.windows, o);
    }
    if (target.end !== merged.end) {
      target.end = merged.end;
      if (target.fired && merged.end - 1 > this.#watermarkMs) {
        target.fired = false;
        this.#schedule(target); // its timer for the cleanup stands too late
      }
    }
    target.start = merged.start;
    return target;
  }

  #merge(a: unknown[], b: unknown[]): unknown[] {
    if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
    if (this.#reduce !== undefined) return [owned(this.#reduce(a[0], b[0]))];
    if (this.#aggregate !== undefined) return [this.#aggregate.merge(a[0], b[0])];
    for (const v of b) a.push(v);
    return a;
  }

  #add(live: LiveWindow, value: unknown): void {
    const { contents } = live;
    if (this.#reduce !== undefined) contents[0] = contents.length === 0 ? value : owned(this.#reduce(contents[0], value));
    else if (this.#aggregate !== undefined) {
      const acc = contents.length === 0 ? this.#aggregate.createAccumulator() : contents[0];
      contents[0] = this.#aggregate.add(value, acc);
    } else contents.push(value);
  }

  /** A window has one timer: for its end, then for its cleanup. One that has grown meanwhile is set again when it surfaces. */
  #schedule(live: LiveWindow): void {
    const atMs = live.fired ? this.#cleanupMs(live) : live.end - 1;
    this.#timers.push(atMs, live);
    if (!this.#event) this.ctx.registerProcessingTimer(atMs);
  }

  processWatermark(watermark: bigint): boolean {
    this.#watermarkMs = Math.max(this.#watermarkMs, Number(watermark));
    return this.#event && this.#advance(this.#watermarkMs);
  }
  processProcessingTime(nowMs: number): boolean {
    return !this.#event && this.#advance(nowMs);
  }

  #advance(untilMs: number): boolean {
    return this.work(() => {
      const timer = this.#timers.pop(untilMs);
      if (timer === undefined) return NO_MORE;
      const live = timer.what;
      if (live.dead) return undefined;
      let result: unknown;
      if (live.end - 1 > untilMs) {
        this.#schedule(live);
        return undefined;
      }
      if (!live.fired && timer.timeMs >= live.end - 1) {
        live.fired = true;
        result = this.#fire(live);
      } else if (!live.fired) {
        this.#schedule(live);
        return undefined;
      }
      if (this.#cleanupMs(live) <= timer.timeMs) this.#close(live);
      else this.#schedule(live);
      return result;
    });
  }

  #close(live: LiveWindow): void {
    live.dead = true;
    const { entry } = live;
    removeWindow(entry.windows, live);
    if (entry.windows.length === 0) this.#state.delete(entry.group, entry.key);
  }

  #fire(live: LiveWindow): unknown {
    if (live.dead || live.contents.length === 0) return undefined;
    this.timeMs = live.end - 1;
    const elements = this.#aggregate === undefined ? this.#elements(live) : [this.#aggregate.getResult(live.contents[0])];
    if (this.#process === undefined) {
      this.collector.collect(elements[0]);
      return undefined;
    }
    this.#window = { start: live.start, end: live.end };
    return this.#process(live.entry.key, this.#context, elements, this.collector);
  }

  /** A window that stays after it fires shows a copy, so that the function may keep or change what it gets. */
  #elements(live: LiveWindow): readonly unknown[] {
    return this.#config.allowedLatenessMs === 0 ? live.contents : live.contents.slice();
  }

  #makeContext(): WindowContext {
    const self = this;
    return {
      get window() {
        return self.#window;
      },
      get currentWatermark() {
        return self.#watermarkMs;
      },
      get currentProcessingTime() {
        return self.ctx.clock.nowMs();
      },
      output: (tag, value) => this.output(tag, value),
    };
  }

  retains(): number | undefined {
    return lastBegin(this.#timers.all(), this.#config.window);
  }
  released(start: number): boolean {
    return !anyFrom(this.#timers.all(), start);
  }

  snapshot(): OperatorSnapshot {
    const keyed = this.#state.snapshot((e) => e.windows.map((w): PlainWindow => [w.start, w.end, w.fired, w.contents]));
    return { keyed, list: [], union: [serialize(this.#watermarkMs)] };
  }
  restore(snapshot: OperatorSnapshot): void {
    if (snapshot.union.length > 0) this.#watermarkMs = Math.min(...snapshot.union.map((b) => deserialize(b) as number));
    this.#state.restore(snapshot.keyed, (entry, windows: PlainWindow[]) => {
      for (const [start, end, fired, contents] of windows) {
        const live: LiveWindow = { entry, start, end, contents, fired, dead: false };
        addWindow(entry.windows, live);
        this.#schedule(live);
      }
    });
  }
}

export const windowProcess: OperatorModule<WindowProcessConfig> = { create: (config, ctx) => new WindowProcessOperator(config, ctx) };
