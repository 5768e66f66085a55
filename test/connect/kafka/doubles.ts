import { INPUT_PAD } from '#abi';
import { systemClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import type { BadRecord, RecordDecoder, RecordEncoder, RecordPlace } from '#src/contract/format.js';
import type { FrameReader, FrameRoom, FrameWriter, IoContext, IoModule, IoSink, IoSource } from '#src/contract/io.js';
import type { TextOptions } from '#src/contract/options.js';
import { type HostContext, POLL_END, POLL_IDLE, type SourceConfig, type SourcePlan, type SourceReader } from '#src/contract/source.js';
import { connector } from '#src/connect/kafka/index.js';
import { flatten } from '#src/types/leaf.js';
import { type Schema, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

/** A slot's end of a ring, without the ring: frames wait here, and `send` tells when there was room. */
export class FrameQueue implements FrameReader {
  readonly #engine: Engine;
  readonly #waiting: { bytes: Uint8Array; taken: () => void }[] = [];
  readonly #limit: number;
  #bytes = 0;
  #ptr = 0;
  #capacity = 0;
  over = false;
  taken = 0;
  #reserved: Uint8Array | undefined;

  constructor(engine: Engine, limit = 1 << 20) {
    this.#engine = engine;
    this.#limit = limit;
  }

  send(frame: Uint8Array): Promise<void> | undefined {
    const bytes = Uint8Array.from(frame);
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#limit && this.#reserved === undefined) {
      this.#waiting.push({ bytes, taken: () => {} });
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push({ bytes, taken: resolve }));
  }

  /** As a ring does: in place while there is room, one at a time. */
  reserve(bytes: number): Uint8Array | undefined {
    if (this.#reserved !== undefined || this.#bytes + bytes > this.#limit) return undefined;
    this.#reserved = new Uint8Array(new SharedArrayBuffer(bytes)).fill(0xdd);
    return this.#reserved;
  }

  fits(bytes: number): boolean {
    return this.#limit - this.#bytes >= Math.min(bytes, this.#limit >> 1);
  }

  commit(bytes: number): void {
    const reserved = this.#reserved;
    if (reserved === undefined) throw new Error('nothing is reserved');
    this.#reserved = undefined;
    if (bytes === 0) return;
    this.#bytes += bytes;
    this.#waiting.push({ bytes: Uint8Array.from(reserved.subarray(0, bytes)), taken: () => {} });
  }

  take(): { ptr: number; length: number } | undefined {
    const next = this.#waiting.shift();
    if (next === undefined) return undefined;
    const { bytes } = next;
    if (bytes.length > this.#capacity) {
      this.#capacity = bytes.length + 4096;
      this.#ptr = this.#engine.alloc(this.#capacity + 2 * INPUT_PAD) + INPUT_PAD;
    }
    this.#engine.u8.fill(0xee, this.#ptr, this.#ptr + this.#capacity);
    this.#engine.u8.set(bytes, this.#ptr);
    this.#bytes -= bytes.length;
    this.taken++;
    next.taken();
    return { ptr: this.#ptr, length: bytes.length };
  }

  /** The next frame as it was sent. */
  takeBytes(): Uint8Array | undefined {
    const next = this.#waiting.shift();
    next?.taken();
    return next?.bytes;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  get ended(): boolean {
    return this.over && this.#waiting.length === 0;
  }
}

/** A format of the tests: the whole value is the first column; a value 'skip' gives no row, 'bad' fails. */
export class WholeValueDecoder implements RecordDecoder {
  readonly #engine: Engine;
  skipped = 0;
  nulled = 0;
  onBadRecord?: BadRecord;
  place: RecordPlace = () => ({});

  constructor(engine: Engine) {
    this.#engine = engine;
  }
  decodeLines(): number {
    throw new Error('not used');
  }
  decodeSlices(slices: number, count: number, batch: Batch, rowSlice: number): number {
    let k = 0;
    for (; k < count && batch.rows < batch.capacity; k++) {
      const { u32, u8 } = this.#engine;
      const ptr = u32[(slices >> 2) + 2 * k];
      const length = u32[(slices >> 2) + 2 * k + 1];
      const value = Buffer.from(u8.subarray(ptr, ptr + length)).toString();
      if (value === 'bad') throw Object.assign(new Error('bad'), { place: this.place(ptr, length) });
      if (value === 'skip') {
        this.skipped++;
        continue;
      }
      const row = batch.rows;
      u32[(batch.values(0) >> 2) + 2 * row] = ptr;
      u32[(batch.values(0) >> 2) + 2 * row + 1] = length;
      batch.setPresent(0, row);
      if (rowSlice !== 0) u32[(rowSlice >> 2) + row] = k;
      batch.rows = row + 1;
    }
    return k;
  }
}

/** The inverse: the first column's bytes. */
export class WholeValueEncoder implements RecordEncoder {
  readonly #engine: Engine;
  readonly #slices: number;
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#slices = engine.alloc(8 * 2048);
  }
  encodeLines(): { ptr: number; length: number } {
    throw new Error('not used');
  }
  encodeSlices(batch: Batch): { slices: number; count: number } {
    const { u32 } = this.#engine;
    for (let k = 0; k < batch.selCount; k++) {
      const row = u32[(batch.sel >> 2) + k];
      u32[(this.#slices >> 2) + 2 * k] = u32[(batch.values(0) >> 2) + 2 * row];
      u32[(this.#slices >> 2) + 2 * k + 1] = u32[(batch.values(0) >> 2) + 2 * row + 1];
    }
    return { slices: this.#slices, count: batch.selCount };
  }
}

export interface Row {
  value: string;
  split: number;
  time: bigint;
  topic?: string | null;
  partition?: number | null;
  'leader-epoch'?: number | null;
  offset?: bigint | null;
  timestamp?: bigint | null;
  'timestamp-type'?: string | null;
}

export function sourceConfig(options: TextOptions, metadata: readonly (keyof NonNullable<typeof connector.metadata>)[] = []): SourceConfig {
  const types = connector.metadata ?? {};
  const schema: Schema = { fields: [{ name: 'v', type: STRING() }, ...metadata.map((m) => ({ name: `m_${m}`, type: types[m].type }))] };
  return { connector: 'kafka', tableName: 't', options, schema, metadata: [undefined, ...(metadata as string[])], order: 'matters' };
}

export function hostContext(parallelism: number, signal: AbortSignal, restored?: readonly Uint8Array[]): HostContext {
  return { parallelism, clock: systemClock, options: {}, signal, ...(restored === undefined ? {} : { restored }) };
}

/** A source as the runtime would run it, in this thread. */
export class RunningSource {
  static readonly #running = new Set<RunningSource>();
  readonly rows: Row[] = [];
  readonly readers: SourceReader[] = [];
  readonly events: string[] = [];
  readonly metrics: MetricGroup[] = [];
  plan!: SourcePlan;
  #config!: SourceConfig;
  readonly #engines: Engine[] = [];
  readonly #queues: FrameQueue[] = [];
  readonly #batches: Batch[] = [];
  readonly #ended: boolean[] = [];
  readonly #abort = new AbortController();
  #io: Promise<void> = Promise.resolve();
  source: IoSource | undefined;
  #error: unknown;

  static async start(
    config: SourceConfig,
    o: { parallelism?: number; limit?: number; restored?: readonly Uint8Array[]; readerRestored?: readonly Uint8Array[]; copied?: boolean } = {},
  ): Promise<RunningSource> {
    const s = new RunningSource();
    RunningSource.#running.add(s);
    s.#config = config;
    if (connector.planSource === undefined || connector.createReader === undefined) throw new Error('no source');
    s.plan = await connector.planSource(config, hostContext(o.parallelism ?? 1, s.#abort.signal, o.restored));
    const spec = s.plan.io;
    if (spec === undefined) throw new Error('no io');
    s.plan.splits.forEach((splits, subtaskIndex) => {
      const engine = new Engine();
      const frames = new FrameQueue(engine, o.limit);
      const leaves = flatten(config.schema);
      const metrics = new MetricGroup();
      const reader = connector.createReader?.(config, s.plan, splits, {
        engine,
        clock: systemClock,
        metrics,
        subtaskIndex,
        parallelism: s.plan.splits.length,
        leaves,
        decoder: new WholeValueDecoder(engine),
        frames,
        closures: [],
        splitAdded: (n) => s.events.push(`added ${n}`),
        splitFinished: (n) => s.events.push(`finished ${n}`),
      });
      if (reader === undefined) throw new Error('no reader');
      if (o.readerRestored !== undefined) reader.restore(o.readerRestored);
      reader.open?.();
      s.readers.push(reader);
      s.metrics.push(metrics);
      s.#engines.push(engine);
      s.#queues.push(frames);
      s.#batches.push(allocBatch(engine, leaves, { capacity: 100, times: subtaskIndex === 0 }));
      s.#ended.push(false);
    });
    const module = (await import(spec.module)) as IoModule;
    const ctx: IoContext = { clock: systemClock, signal: s.#abort.signal, parallelism: s.plan.splits.length, options: {} };
    const io = module.createIoSource?.(spec.config as never, ctx);
    s.source = io;
    const room: FrameRoom = {
      reserve: (subtask, bytes) => s.#queues[subtask].reserve(bytes),
      fits: (subtask, bytes) => s.#queues[subtask].fits(bytes),
      commit: (subtask, bytes) => s.#queues[subtask].commit(bytes),
    };
    s.#io = (io?.run((subtask, frame) => s.#queues[subtask].send(frame), o.copied === true ? undefined : room) ?? Promise.resolve()).then(
      () => {
        for (const q of s.#queues) q.over = true;
      },
      (e: unknown) => {
        s.#error = e;
      },
    );
    return s;
  }

  /** Polls every reader once; true when something moved. */
  step(): boolean {
    let moved = false;
    this.readers.forEach((r, i) => {
      if (this.#ended[i]) return;
      const batch = this.#batches[i];
      batch.clear();
      const found = r.poll(batch);
      if (found === POLL_IDLE) return;
      moved = true;
      if (found === POLL_END) this.#ended[i] = true;
      else this.#collect(batch, this.#engines[i]);
    });
    return moved;
  }

  get ended(): boolean {
    return this.#ended.every(Boolean);
  }

  /** Steps until `done` says so, all readers ended, or the source failed. */
  async until(done: (rows: readonly Row[]) => boolean = () => false, timeoutMs = 30_000): Promise<Row[]> {
    const deadline = performance.now() + timeoutMs;
    while (!this.ended && !done(this.rows)) {
      if (!this.step()) await new Promise((resolve) => setTimeout(resolve, 2));
      else await new Promise((resolve) => setImmediate(resolve));
      if (this.#error !== undefined) throw this.#error;
      if (performance.now() > deadline) throw new Error(`timed out with ${this.rows.length} rows`);
    }
    return this.rows;
  }

  queuedBytes(): number {
    return this.#queues.reduce((n, q) => n + q.queuedBytes, 0);
  }

  snapshot(): Uint8Array[] {
    return this.readers.flatMap((r) => r.snapshot());
  }

  /** Whatever a test that failed left behind. */
  static async stopAll(): Promise<void> {
    await Promise.all([...RunningSource.#running].map((s) => s.stop()));
  }

  async stop(): Promise<void> {
    if (!RunningSource.#running.delete(this)) return;
    this.#abort.abort();
    for (const q of this.#queues) while (q.take() !== undefined);
    await this.#io;
    await this.source?.close();
    for (const r of this.readers) r.close?.();
  }

  #collect(batch: Batch, engine: Engine): void {
    const { u32, u8, i64, i32 } = engine;
    const text = (column: number, row: number): string => {
      const at = (batch.values(column) >> 2) + 2 * row;
      return Buffer.from(u8.subarray(u32[at], u32[at] + u32[at + 1])).toString();
    };
    for (let k = 0; k < batch.selCount; k++) {
      const row = u32[(batch.sel >> 2) + k];
      const out: Row = { value: text(0, row), split: batch.split, time: i64[(batch.times >> 3) + row] };
      this.#config.metadata.forEach((m, c) => {
        if (m === undefined) return;
        let v: unknown = null;
        if (!batch.isNull(c, row)) {
          if (m === 'topic' || m === 'timestamp-type') v = text(c, row);
          else if (m === 'partition' || m === 'leader-epoch') v = i32[(batch.values(c) >> 2) + row];
          else v = i64[(batch.values(c) >> 3) + row];
        }
        Object.assign(out, { [m]: v });
      });
      this.rows.push(out);
    }
  }
}

/** A slot's end of a ring to a sink. */
export class SinkFrames implements FrameWriter {
  readonly #engine: Engine;
  readonly #sink: IoSink;
  readonly #subtask: number;
  pending = 0;
  error: unknown;
  get failed(): boolean {
    return this.error !== undefined;
  }
  room = Number.POSITIVE_INFINITY;
  constructor(engine: Engine, sink: IoSink, subtask: number) {
    this.#engine = engine;
    this.#sink = sink;
    this.#subtask = subtask;
  }
  offer(ptr: number, length: number): boolean {
    if (this.pending >= this.room) return false;
    this.pending++;
    const done = this.#sink.write(this.#subtask, this.#engine.u8.slice(ptr, ptr + length)) ?? Promise.resolve();
    done.then(
      () => this.pending--,
      (e: unknown) => {
        this.error = e;
      },
    );
    return true;
  }
}
