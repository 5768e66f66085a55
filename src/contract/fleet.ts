import type { ManualClock } from '../base/clock.js';
import { MillraceError } from '../base/errors.js';
import { MAX_PARALLELISM_DEFAULT } from '../base/limits.js';
import { MetricGroup } from '../base/metrics.js';
import type { Batch } from '../batch/batch.js';
import { createBuilder, type RowBuilder, type RowLike } from '../batch/builder.js';
import { KeyHasher, keyGroupOf } from '../batch/hash.js';
import { createReader, type RowReader } from '../batch/rows.js';
import { Engine } from '../wasm/engine.js';
import { ROW_KINDS, type RowKind } from '../types/kind.js';
import type { HarnessEvent, HarnessOptions } from './harness.js';
import { type Operator, type OperatorModule, type OperatorSnapshot, subtaskOfKeyGroup, WATERMARK_MAX } from './operator.js';
import { shareOf } from './redistribute.js';

/** Everything collected across restores. */
export interface Sinks {
  rows: Record<string, unknown>[];
  kinds: RowKind[];
  side: Record<string, Record<string, unknown>[]>;
  counters: Record<string, number>;
  batchesPerCallMax: number;
}

/** One instance of the operator with an engine of its own. */
class Subtask {
  readonly engine = new Engine();
  readonly metrics = new MetricGroup();
  readonly operator: Operator;
  readonly builders: readonly RowBuilder[];
  readonly #sinks: Sinks;
  readonly #reader: RowReader;
  readonly #timers = new Set<number>();
  #made = 0;

  constructor(module: OperatorModule<never>, config: unknown, options: HarnessOptions, index: number, parallelism: number, clock: ManualClock, sinks: Sinks) {
    this.#sinks = sinks;
    this.#reader = createReader(options.output);
    const collect = (batch: Batch, into: Record<string, unknown>[], kinds?: RowKind[]): void => {
      this.#made++;
      const reader = batch.leaves === options.output ? this.#reader : createReader(batch.leaves);
      reader.bind(batch);
      for (let i = 0; i < batch.selCount; i++) {
        const row = batch.engine.u32[(batch.sel >>> 2) + i];
        into.push(structuredCopy(reader.object(row)));
        kinds?.push(ROW_KINDS[batch.kinds === 0 ? 0 : batch.engine.u8[batch.kinds + row]]);
      }
      reader.release();
    };
    const base = {
      engine: this.engine,
      inputs: options.inputs,
      output: options.output,
      clock,
      metrics: this.metrics,
      name: 'operator under test',
      subtaskIndex: index,
      parallelism,
      maxParallelism: options.maxParallelism ?? MAX_PARALLELISM_DEFAULT,
      options: options.options ?? {},
      closures: options.closures ?? [],
      registerProcessingTimer: (atMs: number) => void this.#timers.add(atMs),
      hold: () => {
        throw new MillraceError('INTERNAL', 'the harness is synchronous: an operator that waits for promises needs the simulation');
      },
      out: {
        emit: (batch: Batch) => collect(batch, sinks.rows, sinks.kinds),
        emitSide: (tag: string, batch: Batch) => {
          sinks.side[tag] ??= [];
          collect(batch, sinks.side[tag]);
        },
      },
    };
    this.operator = module.create(config as never, { ...base, emitted: {} });
    this.builders = options.inputs.map((leaves) => createBuilder(this.engine, leaves, { capacity: options.batchRows ?? 64, kinds: options.changelog }));
  }

  /** Runs one call and the resumes it owes. */
  call(first: () => boolean | void): void {
    this.#made = 0;
    let more = first();
    this.#sinks.batchesPerCallMax = Math.max(this.#sinks.batchesPerCallMax, this.#made);
    while (more === true) {
      this.#made = 0;
      more = this.operator.resume?.() ?? false;
      this.#sinks.batchesPerCallMax = Math.max(this.#sinks.batchesPerCallMax, this.#made);
    }
  }

  flush(input: number): void {
    const builder = this.builders[input];
    if (builder.count === 0) return;
    const batch = builder.finish();
    this.call(() => this.operator.processBatch(batch, input));
    builder.clear();
  }

  /** The earliest timer at or before `limit`, taken out; undefined when there is none. */
  nextTimer(limit: number): number | undefined {
    const at = this.#timers.size === 0 ? undefined : Math.min(...this.#timers);
    return at !== undefined && at <= limit ? at : undefined;
  }
  dropTimer(atMs: number): void {
    this.#timers.delete(atMs);
  }

  close(): void {
    for (const [name, counter] of this.metrics.counters) this.#sinks.counters[name] = (this.#sinks.counters[name] ?? 0) + counter.value;
    this.operator.close?.();
  }
}

/** All subtasks of the operator under test, fed like a job feeds them. */
export class Fleet {
  readonly #subtasks: Subtask[];
  readonly #options: HarnessOptions;
  readonly #clock: ManualClock;
  readonly #hashers: (KeyHasher | undefined)[];

  constructor(
    module: OperatorModule<never>,
    config: unknown,
    options: HarnessOptions,
    parallelism: number,
    clock: ManualClock,
    sinks: Sinks,
    from: readonly OperatorSnapshot[],
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#subtasks = Array.from({ length: parallelism }, (_, i) => new Subtask(module, config, options, i, parallelism, clock, sinks));
    this.#hashers = options.inputs.map((leaves, i) => {
      const keys = options.keys?.[i];
      return keys === undefined ? undefined : new KeyHasher(this.#subtasks[0].engine, leaves, keys);
    });
    this.#subtasks.forEach((s, i) => {
      if (from.length > 0) s.operator.restore?.(shareOf(from, i, parallelism, options.maxParallelism ?? MAX_PARALLELISM_DEFAULT));
      s.operator.open?.();
    });
  }

  feed(event: HarnessEvent): void {
    if ('rows' in event) this.#rows(event.rows, event.input ?? 0, event.kinds);
    else if ('watermark' in event) this.#watermark(BigInt(event.watermark));
    else if ('processingTime' in event) this.#turnClock(event.processingTime);
    else {
      this.#watermark(WATERMARK_MAX);
      for (const s of this.#subtasks) s.call(() => s.operator.finish?.());
    }
  }

  #rows(rows: readonly RowLike[], input: number, kinds: readonly RowKind[] | undefined): void {
    for (const [i, row] of rows.entries()) {
      const s = this.#subtasks[this.#subtasks.length === 1 ? 0 : this.#route(row, input)];
      s.builders[input].append(row, undefined, kinds === undefined ? 0 : ROW_KINDS.indexOf(kinds[i]));
      if (s.builders[input].full) s.flush(input);
    }
    for (const s of this.#subtasks) s.flush(input);
  }

  /** Hashes the row in an engine of its own. */
  #route(row: RowLike, input: number): number {
    const hasher = this.#hashers[input];
    if (hasher === undefined) return 0;
    const first = this.#subtasks[0];
    const builder = createBuilder(first.engine, this.#options.inputs[input], { capacity: 1 });
    builder.append(row);
    const batch = builder.finish();
    const at = first.engine.alloc(64);
    hasher.hash(batch, at);
    const max = this.#options.maxParallelism ?? MAX_PARALLELISM_DEFAULT;
    const group = keyGroupOf(first.engine.u32[at >>> 2], max);
    first.engine.free(at, 64);
    return subtaskOfKeyGroup(max, this.#subtasks.length, group);
  }

  #watermark(watermark: bigint): void {
    for (const s of this.#subtasks) s.call(() => s.operator.processWatermark?.(watermark));
  }

  #turnClock(toMs: number): void {
    for (;;) {
      const due = this.#subtasks.map((s) => s.nextTimer(toMs) ?? Number.POSITIVE_INFINITY);
      const at = Math.min(...due);
      if (at === Number.POSITIVE_INFINITY) break;
      this.#clock.advanceMs(Math.max(0, at - this.#clock.nowMs()));
      this.#subtasks.forEach((s, i) => {
        if (due[i] !== at) return;
        s.dropTimer(at);
        s.call(() => s.operator.processProcessingTime?.(this.#clock.nowMs()));
      });
    }
    this.#clock.advanceMs(Math.max(0, toMs - this.#clock.nowMs()));
  }

  snapshot(): OperatorSnapshot[] {
    for (const s of this.#subtasks) s.call(() => s.operator.prepareSnapshot?.());
    return this.#subtasks.map((s) => s.operator.snapshot?.() ?? { keyed: [], list: [], union: [] });
  }
  close(): void {
    for (const s of this.#subtasks) s.close();
  }
}

function structuredCopy(row: Record<string, unknown>): Record<string, unknown> {
  return { ...row };
}
