import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '#src/base/clock.js';
import { MillraceError } from '#src/base/errors.js';
import { MetricGroup } from '#src/base/metrics.js';
import { allocBatch, type Batch } from '#src/batch/batch.js';
import { planFiles } from '#src/connect/filesystem/plan.js';
import { FileReader } from '#src/connect/filesystem/reader.js';
import type { BadRecord, RecordDecoder, RecordPlace } from '#src/contract/format.js';
import type { FrameReader } from '#src/contract/io.js';
import { type HostContext, POLL_END, POLL_IDLE, type SourceConfig, type SourcePlan } from '#src/contract/source.js';
import { flatten, type Leaf } from '#src/types/leaf.js';
import { type Schema, STRING } from '#src/types/logical.js';
import { Engine } from '#src/wasm/engine.js';

export const LINE_SCHEMA: Schema = { fields: [{ name: 'line', type: STRING() }] };

/** A format for tests: each line is one STRING. A line `bad` fails, or is skipped when told to ignore. */
export class LineDecoder implements RecordDecoder {
  skipped = 0;
  nulled = 0;
  onBadRecord?: BadRecord;
  place: RecordPlace = () => ({});
  readonly #engine: Engine;
  readonly #ignore: boolean;
  constructor(engine: Engine, ignore = false) {
    this.#engine = engine;
    this.#ignore = ignore;
  }
  decodeLines(from: number, end: number, batch: Batch): number {
    const { u8, u32 } = this.#engine;
    let ptr = from;
    let row = batch.rows;
    while (ptr < end && row < batch.capacity) {
      const newline = u8.subarray(ptr, end).indexOf(10);
      const stop = newline < 0 ? end : ptr + newline;
      const length = stop - ptr - (stop > ptr && u8[stop - 1] === 13 ? 1 : 0);
      if (length === 3 && Buffer.from(u8.subarray(ptr, ptr + 3)).toString() === 'bad') {
        if (!this.#ignore) throw new MillraceError('MALFORMED_RECORD', 'bad line', { place: this.place(ptr, length) });
        this.skipped++;
        this.onBadRecord?.(ptr, length, 'bad line');
      } else {
        u32[(batch.values(0) >> 2) + 2 * row] = ptr;
        u32[(batch.values(0) >> 2) + 2 * row + 1] = length;
        batch.setPresent(0, row);
        row++;
      }
      ptr = newline < 0 ? end : stop + 1;
    }
    batch.rows = row;
    return ptr;
  }
  decodeSlices(): number {
    throw new Error('not used');
  }
}

export function sourceConfig(path: string, more: Partial<SourceConfig> = {}): SourceConfig {
  return {
    connector: 'filesystem',
    tableName: 't',
    options: { path },
    format: { name: 'json', options: {} },
    schema: LINE_SCHEMA,
    metadata: [undefined],
    order: 'ignored',
    ...more,
  };
}

export function host(parallelism: number): HostContext {
  return { parallelism, clock: new ManualClock(), options: {}, signal: new AbortController().signal };
}

export interface TestReader {
  reader: FileReader;
  batch: Batch;
  leaves: readonly Leaf[];
  metrics: MetricGroup;
  ended: boolean;
}

export function openReaders(
  config: SourceConfig,
  plan: SourcePlan,
  parallelism: number,
  options: { frames?: (engine: Engine, subtask: number) => FrameReader; rows?: number; restore?: Uint8Array[][] } = {},
): TestReader[] {
  const readers = Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const engine = new Engine();
    const leaves = flatten(config.schema);
    const metrics = new MetricGroup();
    const reader = new FileReader(config, plan, {
      engine,
      clock: new ManualClock(),
      metrics,
      subtaskIndex,
      parallelism,
      leaves,
      decoder: new LineDecoder(engine, config.format?.options['ignore-parse-errors'] === 'true'),
      frames: options.frames?.(engine, subtaskIndex),
      closures: [],
      splitAdded: () => undefined,
      splitFinished: () => undefined,
    });
    if (options.restore !== undefined) reader.restore(options.restore[subtaskIndex]);
    return { reader, batch: allocBatch(engine, leaves, { capacity: options.rows ?? 7 }), leaves, metrics, ended: false };
  });
  for (const r of readers) r.reader.open();
  return readers;
}

/** Text of a STRING column's row. */
export function text(batch: Batch, row: number, column = 0): string {
  const at = (batch.values(column) >> 2) + 2 * row;
  const { u32, u8 } = batch.engine;
  return Buffer.from(u8.subarray(u32[at], u32[at] + u32[at + 1])).toString('utf8');
}

/** One poll; its lines are appended. */
export function pollInto(r: TestReader, out: string[]): number {
  r.batch.clear();
  const p = r.reader.poll(r.batch);
  if (p === POLL_END) r.ended = true;
  else if (p !== POLL_IDLE) for (let i = 0; i < r.batch.rows; i++) out.push(text(r.batch, i));
  return p;
}

/** All lines that readers give when they are polled in turn (or as `order` says). */
export function readAll(config: SourceConfig, parallelism: number, limits = { blockBytes: 16, aheadMax: 4 }): string[][] {
  const plan = planFiles(config, host(parallelism), limits);
  const readers = openReaders(config, plan, parallelism);
  const out: string[][] = readers.map(() => []);
  for (let turns = 0; readers.some((r) => !r.ended); turns++) {
    if (turns > 1_000_000) throw new Error('readers hang');
    readers.forEach((r, i) => {
      if (!r.ended) pollInto(r, out[i]);
    });
  }
  for (const r of readers) r.reader.close();
  return out;
}

export function tempFolder(): { path: string; [Symbol.dispose](): void; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  return { path, remove, [Symbol.dispose]: remove };
}
