import assert from 'node:assert/strict';
import { systemClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { connector } from '#src/connect/kafka/index.js';
import type { IoModule, IoSink } from '#src/contract/io.js';
import type { SinkConfig, SinkWriter } from '#src/contract/sink.js';
import { flatten } from '#src/types/leaf.js';
import { type Schema, STRING, TIMESTAMP_LTZ } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';
import { hostContext, SinkFrames, WholeValueEncoder } from '../connect/kafka/doubles.js';

const SCHEMA: Schema = {
  fields: [
    { name: 'v', type: STRING() },
    { name: 'k', type: STRING() },
    { name: 'ts', type: TIMESTAMP_LTZ(3) },
  ],
};
export type OutRow = readonly [value: string, key: string | null, time: bigint | null];

/** A sink as the runtime would run it, in this thread: one IoSink, a writer per subtask. */
export class RunningSink {
  readonly writers: SinkWriter[] = [];
  readonly frames: SinkFrames[] = [];
  readonly #engines: Engine[] = [];
  readonly #batches: Batch[] = [];
  readonly #texts: number[] = [];
  sink!: IoSink;

  static async start(options: Record<string, string>, parallelism = 1): Promise<RunningSink> {
    const s = new RunningSink();
    const config: SinkConfig = {
      connector: 'kafka',
      tableName: 'out',
      options,
      schema: SCHEMA,
      metadata: [undefined, undefined, 'timestamp'],
      partitionKeys: [],
      primaryKey: [],
    };
    const signal = new AbortController().signal;
    connector.checkSink?.(config, {});
    const plan = await connector.planSink?.(config, hostContext(parallelism, signal));
    assert.ok(plan?.io !== undefined);
    const module = (await import(plan.io.module)) as IoModule;
    const sink = module.createIoSink?.(plan.io.config as never, { clock: systemClock, signal, parallelism, options: {} });
    assert.ok(sink !== undefined);
    s.sink = sink;
    await sink.open();
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const engine = new Engine();
      const leaves = flatten(SCHEMA);
      const frames = new SinkFrames(engine, sink, subtaskIndex);
      const writer = connector.createWriter?.(config, plan, {
        engine,
        clock: systemClock,
        metrics: new MetricGroup(),
        subtaskIndex,
        parallelism,
        leaves,
        encoder: new WholeValueEncoder(engine),
        frames,
        closures: [],
        runId: 'r',
      });
      assert.ok(writer !== undefined);
      s.writers.push(writer);
      s.frames.push(frames);
      s.#engines.push(engine);
      s.#batches.push(allocBatch(engine, leaves));
      s.#texts.push(engine.alloc(4 << 20));
    }
    return s;
  }

  async write(rows: readonly OutRow[], subtask = 0): Promise<void> {
    const engine = this.#engines[subtask];
    const batch = this.#batches[subtask];
    batch.clear();
    let at = this.#texts[subtask];
    const text = (column: number, row: number, s: string): void => {
      const bytes = Buffer.from(s);
      engine.u8.set(bytes, at);
      engine.u32[(batch.values(column) >> 2) + 2 * row] = at;
      engine.u32[(batch.values(column) >> 2) + 2 * row + 1] = bytes.length;
      batch.setPresent(column, row);
      at += bytes.length;
    };
    rows.forEach(([value, key, time], row) => {
      text(0, row, value);
      if (key !== null) text(1, row, key);
      if (time !== null) {
        engine.i64[(batch.values(2) >> 3) + row] = time;
        batch.setPresent(2, row);
      }
    });
    batch.selectAll(rows.length);
    const writer = this.writers[subtask];
    if (writer.write(batch) === true) while (writer.resume?.() === true) await this.#wait(subtask);
  }

  /** Resolves when every row was acknowledged. */
  async finish(): Promise<void> {
    for (const [i, w] of this.writers.entries()) while (w.finish()) await this.#wait(i);
  }

  async close(): Promise<void> {
    for (const w of this.writers) w.close?.();
    await this.sink.close();
  }

  async #wait(subtask: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (this.frames[subtask].error !== undefined) throw this.frames[subtask].error;
  }
}
