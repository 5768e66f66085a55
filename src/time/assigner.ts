import type { Clock } from '../base/clock.js';
import type { MillraceError } from '../base/errors.js';
import type { Batch } from '../batch/batch.js';
import type { WatermarkExprs } from '../wasm/emitwatermark.js';
import type { Engine } from '../wasm/engine.js';
import { ASSIGNER_BYTES, ASSIGNER_LAST, ASSIGNER_MAX, ASSIGNER_OTHERS } from '../wasm/layout.js';
import { LinkedModule } from '../wasm/linked.js';
import type { AssignerState } from './relay.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** The parts of a WatermarkConfig that an assigner needs. */
export interface AssignerConfig extends WatermarkExprs {
  readonly perSplit: boolean;
  readonly idleTimeoutMs: number;
  readonly timeZone: string;
}

interface Split {
  max: bigint;
  idle: boolean;
  lastRecordMs: number;
}

/**
 * Puts watermark marks into batches, as Flink's WatermarkAssignerOperator does for each record: the record first, then the watermark,
 * as soon as it has advanced by more than the interval. With `perSplit` there is one maximum per split and the watermark is the minimum
 * over the active ones; without it there is one for all.
 */
export class WatermarkAssigner {
  readonly #engine: Engine;
  readonly #module: LinkedModule;
  readonly #config: AssignerConfig;
  readonly #clock: Clock;
  readonly #state: number;
  readonly #splits = new Map<number, Split>();
  readonly #name: string;
  #last: bigint;
  /** the split whose maximum stands in the state's memory, ahead of `Split.max`, with `#last` and the minimum over the others; undefined = none */
  #loaded: Split | undefined;
  #idle = false;

  constructor(engine: Engine, exports: WebAssembly.Exports, config: AssignerConfig, clock: Clock, name: string) {
    this.#engine = engine;
    this.#module = new LinkedModule(engine, exports, 'assign');
    this.#config = config;
    this.#clock = clock;
    this.#name = name;
    this.#state = engine.alloc(ASSIGNER_BYTES);
    // Flink's operator starts at 0; a source that knows its splits starts below every time
    this.#last = config.perSplit ? MIN : 0n;
    if (!config.perSplit) this.#splits.set(0, this.#newSplit());
  }

  #newSplit(): Split {
    return { max: this.#config.perSplit ? MIN : 0n, idle: false, lastRecordMs: this.#clock.nowMs() };
  }

  #getMemory(field: number): bigint {
    return this.#engine.i64[(this.#state + field) >>> 3];
  }
  #setMemory(field: number, ms: bigint): void {
    this.#engine.i64[(this.#state + field) >>> 3] = ms;
  }
  /** Takes the maximum of the split that was worked on last out of the memory: the next batch brings its split's state in again. */
  #unload(): void {
    if (this.#loaded !== undefined) this.#loaded.max = this.#getMemory(ASSIGNER_MAX);
    this.#loaded = undefined;
  }

  /** Of an assigner without splits: where it stands, to go on from elsewhere. */
  get state(): AssignerState {
    this.#unload();
    return { max: this.#splits.get(0)!.max, last: this.#last };
  }
  set state({ max, last }: AssignerState) {
    this.#loaded = undefined;
    this.#splits.get(0)!.max = max;
    this.#last = last;
  }

  /** Last watermark given out, in ms. */
  get current(): bigint {
    return this.#last;
  }
  /** No split is active: watermarks of others count alone. */
  get idle(): boolean {
    return this.#idle;
  }

  /**
   * Replaces the batch's marks by those its rows cause. All rows are of split `batch.split`. When a row has no rowtime, the batch is cut
   * before it and the error is returned: hand the batch on, then throw it.
   */
  assign(batch: Batch): MillraceError | undefined {
    if (batch.selCount === 0) {
      batch.markCount = 0;
      return undefined;
    }
    const key = this.#config.perSplit ? batch.split : 0;
    let split = this.#splits.get(key);
    if (split === undefined) {
      split = this.#newSplit();
      this.#splits.set(key, split);
    }
    split.idle = false;
    split.lastRecordMs = this.#clock.nowMs();
    this.#idle = false;
    // one split, as ever: its state is where the last batch left it
    if (split !== this.#loaded || this.#splits.size > 1) {
      this.#unload();
      this.#setMemory(ASSIGNER_MAX, split.max);
      this.#setMemory(ASSIGNER_OTHERS, this.#minimum(split));
      this.#setMemory(ASSIGNER_LAST, this.#last);
      this.#loaded = split;
    }
    const failed = this.#module.call(batch.ptr, this.#state);
    this.#last = this.#getMemory(ASSIGNER_LAST);
    return failed === 0 ? undefined : this.#module.failure(this.#name, [this.#config.rowtime, this.#config.watermark], batch.ptr, batch.leaves);
  }

  /** Minimum over the active splits but one. */
  #minimum(except?: Split): bigint {
    let min = MAX;
    for (const s of this.#splits.values()) if (s !== except && !s.idle && s.max < min) min = s.max;
    return min;
  }

  /** A split begins: it holds the watermark back until its first records. */
  splitAdded(split: number): void {
    this.#unload();
    if (this.#config.perSplit && !this.#splits.has(split)) this.#splits.set(split, this.#newSplit());
  }

  /** A split has ended: the others no longer wait for it. Watermarks this sets free come with the next record or `periodic`. */
  splitFinished(split: number): void {
    this.#unload();
    if (this.#config.perSplit) this.#splits.delete(split);
  }

  /** Every interval of processing time (Flink's periodic emission): the watermark to emit if it has advanced at all. */
  periodic(_nowMs: number): bigint | undefined {
    this.#unload();
    const min = this.#minimum();
    if (min === MAX || min <= this.#last) return undefined;
    this.#last = min;
    return min;
  }

  /** Marks splits without records for the idle timeout as idle. 'idle' when none is left active: the output is then idle. */
  onIdle(nowMs: number): 'idle' | undefined {
    const timeout = this.#config.idleTimeoutMs;
    if (timeout <= 0) return undefined;
    for (const s of this.#splits.values()) if (!s.idle && nowMs - s.lastRecordMs >= timeout) s.idle = true;
    if (this.#idle || this.#splits.size === 0) return undefined;
    for (const s of this.#splits.values()) if (!s.idle) return undefined;
    this.#idle = true;
    return 'idle';
  }

  /** Splits' maxima and the last watermark: i64 last, then { i64 split, i64 max } each, little endian. */
  snapshot(): Uint8Array {
    this.#unload();
    const view = new DataView(new ArrayBuffer(8 + 16 * this.#splits.size));
    view.setBigInt64(0, this.#last, true);
    let at = 8;
    for (const [n, s] of this.#splits) {
      view.setBigInt64(at, BigInt(n), true);
      view.setBigInt64(at + 8, s.max, true);
      at += 16;
    }
    return new Uint8Array(view.buffer);
  }

  restore(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#last = view.getBigInt64(0, true);
    this.#splits.clear();
    this.#loaded = undefined;
    for (let at = 8; at < bytes.length; at += 16) {
      this.#splits.set(Number(view.getBigInt64(at, true)), { ...this.#newSplit(), max: view.getBigInt64(at + 8, true) });
    }
  }

  close(): void {
    this.#engine.free(this.#state, ASSIGNER_BYTES);
    this.#module.close();
  }
}
