import type { ManualClock } from '#src/base/clock.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { SINK_OPTIONS } from '#src/connect/filesystem/options.js';
import type { FileCalls } from '#src/connect/filesystem/parts.js';
import { type FileSinkOptions, FileWriter } from '#src/connect/filesystem/writer.js';
import type { RecordEncoder } from '#src/contract/format.js';
import { readOptions } from '#src/contract/options.js';
import type { SinkConfig } from '#src/contract/sink.js';
import { flatten } from '#src/types/leaf.js';
import type { Engine } from '#src/wasm/engine.js';
import { LINE_SCHEMA, text } from './lines_fixture.js';

export function sinkConfig(path: string, options: Record<string, string> = {}): SinkConfig {
  return {
    connector: 'filesystem',
    tableName: 't',
    options: { path, ...options },
    format: { name: 'json', options: {} },
    schema: LINE_SCHEMA,
    metadata: [undefined],
    partitionKeys: [],
    primaryKey: [],
  };
}

/** Writes the STRING column as lines. */
class LineEncoder implements RecordEncoder {
  readonly #engine: Engine;
  #ptr = 0;
  #bytes = 0;
  constructor(engine: Engine) {
    this.#engine = engine;
  }
  encodeLines(batch: Batch): { ptr: number; length: number } {
    const sel = this.#engine.u32.slice(batch.sel >> 2, (batch.sel >> 2) + batch.selCount);
    const bytes = Buffer.from(Array.from(sel, (r) => `${text(batch, r)}\n`).join(''));
    if (bytes.length > this.#bytes) {
      this.#ptr = this.#engine.alloc(bytes.length);
      this.#bytes = bytes.length;
    }
    this.#engine.u8.set(bytes, this.#ptr);
    return { ptr: this.#ptr, length: bytes.length };
  }
  encodeSlices(): { slices: number; count: number } {
    throw new Error('not used');
  }
}

export interface TestWriter {
  writer: FileWriter;
  write(lines: readonly string[]): void;
}

export function openWriter(
  engine: Engine,
  clock: ManualClock,
  config: SinkConfig,
  more: { runId?: string; subtask?: number; checkpoints?: boolean; calls?: FileCalls; restore?: Uint8Array[] } = {},
): TestWriter {
  const leaves = flatten(config.schema);
  const options = readOptions('filesystem', SINK_OPTIONS, config.options) as FileSinkOptions;
  const writer = new FileWriter(
    config,
    options,
    {
      engine,
      clock,
      metrics: new MetricGroup(),
      subtaskIndex: more.subtask ?? 0,
      parallelism: 1,
      leaves,
      encoder: new LineEncoder(engine),
      closures: [],
      runId: more.runId ?? 'run',
    },
    more.checkpoints,
    more.calls,
  );
  if (more.restore !== undefined) writer.restore(more.restore);
  writer.open();
  const batch = allocBatch(engine, leaves);
  const room = engine.alloc(1 << 20);
  return {
    writer,
    write(lines) {
      batch.clear();
      let at = room;
      lines.forEach((l, r) => {
        const bytes = Buffer.from(l);
        engine.u8.set(bytes, at);
        const v = (batch.values(0) >> 2) + 2 * r;
        engine.u32[v] = at;
        engine.u32[v + 1] = bytes.length;
        batch.setPresent(0, r);
        at += bytes.length;
      });
      batch.selectAll(lines.length);
      writer.write(batch);
    },
  };
}
