import { dirname, join, relative } from 'node:path';
import { MillraceError } from '../../base/errors.js';
import { OUTPUT_BUFFER_BYTES } from '../../base/limits.js';
import type { Batch } from '../../batch/batch.js';
import type { RecordEncoder } from '../../contract/format.js';
import type { SinkConfig, SinkWriter, WriterContext } from '../../contract/sink.js';
import { localPath } from './listing.js';
import { commitPart, type FileCalls, makeFolder, type OpenPart, PartFile, type PendingPart } from './parts.js';

export interface FileSinkOptions {
  readonly path: string;
  readonly 'sink.rolling-policy.file-size': number;
  readonly 'sink.rolling-policy.rollover-interval': number;
  readonly 'sink.rolling-policy.check-interval': number;
}

interface Bucket {
  readonly folder: string;
  readonly pieces: Uint8Array;
  filled: number;
  part: PartFile | undefined;
  /** number of the first batch whose lines are in no committed part; 0 = all are */
  since: number;
}

interface StoredWriter {
  readonly counter: number;
  readonly open: readonly OpenPart[];
}

/**
 * Writes lines into part files `part-<run>-<subtask>-<n>`. While it is written a part is the hidden file
 * `.part-<run>-<subtask>-<n>.inprogress.<unique>`; closed and synced it is pending; committing renames it.
 * Without checkpoints a part is committed when it is rolled and at the end of the input, so a visible part is always whole.
 */
export class FileWriter implements SinkWriter {
  readonly #ctx: WriterContext;
  readonly #encoder: RecordEncoder;
  readonly #options: FileSinkOptions;
  readonly #checkpoints: boolean;
  readonly #folder: string;
  readonly #buckets = new Map<string, Bucket>();
  readonly #calls: FileCalls | undefined;
  readonly #bytesOut;
  readonly #recordsOut;
  readonly #committed;
  #pending: PendingPart[] = [];
  #counter = 0;
  /** batches so far */
  #batches = 0;
  #nextCheckMs = 0;
  #restored: OpenPart[] = [];

  constructor(config: SinkConfig, options: FileSinkOptions, ctx: WriterContext, checkpoints = false, calls?: FileCalls) {
    if (ctx.encoder === undefined) throw new MillraceError('INTERNAL', 'a file writer needs an encoder');
    this.#ctx = ctx;
    this.#encoder = ctx.encoder;
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.#calls = calls;
    this.#folder = localPath(options.path, config.tableName);
    this.#bytesOut = ctx.metrics.counter('numBytesOut');
    this.#recordsOut = ctx.metrics.counter('numRecordsSend');
    this.#committed = ctx.metrics.counter('numPartsCommitted');
  }

  open(): void {
    makeFolder(this.#folder);
    for (const part of this.#restored) {
      const bucket = this.#bucket(relative(this.#folder, dirname(part.visible)));
      // a bucket goes on with one part; others that were open are finished as they are
      const file = new PartFile(bucket.folder, '', '', 0, part, this.#calls);
      if (bucket.part === undefined) bucket.part = file;
      else this.#pending.push(file.close());
    }
    this.#restored = [];
    this.#nextCheckMs = this.#ctx.clock.nowMs() + this.#options['sink.rolling-policy.check-interval'];
  }

  write(batch: Batch): void {
    this.#recordsOut.add(batch.selCount);
    this.#append(this.#bucket(''), batch);
  }

  #append(bucket: Bucket, batch: Batch): void {
    this.#batches++;
    if (bucket.since === 0) bucket.since = this.#batches;
    const { ptr, length } = this.#encoder.encodeLines(batch);
    this.#bytesOut.add(length);
    const bytes = this.#ctx.engine.u8.subarray(ptr, ptr + length);
    if (bucket.filled + length <= bucket.pieces.length) {
      bucket.pieces.set(bytes, bucket.filled);
      bucket.filled += length;
    } else {
      this.#drain(bucket);
      if (length >= bucket.pieces.length) this.#part(bucket).write(bytes);
      else {
        bucket.pieces.set(bytes, 0);
        bucket.filled = length;
      }
    }
    if ((bucket.part?.bytes ?? 0) + bucket.filled >= this.#options['sink.rolling-policy.file-size']) this.#roll(bucket);
  }

  #bucket(name: string): Bucket {
    let b = this.#buckets.get(name);
    if (b === undefined) {
      const folder = join(this.#folder, name);
      if (name !== '') makeFolder(folder);
      b = { folder, pieces: new Uint8Array(2 * OUTPUT_BUFFER_BYTES), filled: 0, part: undefined, since: 0 };
      this.#buckets.set(name, b);
    }
    return b;
  }

  #part(bucket: Bucket): PartFile {
    if (bucket.part === undefined) {
      const { runId, subtaskIndex, clock } = this.#ctx;
      const n = this.#counter++;
      bucket.part = new PartFile(bucket.folder, `part-${runId}-${subtaskIndex}-${n}`, `${runId}-${subtaskIndex}-${n}`, clock.nowMs(), undefined, this.#calls);
    }
    return bucket.part;
  }

  #drain(bucket: Bucket): void {
    const filled = bucket.filled;
    if (filled === 0) return;
    bucket.filled = 0; // lines that the disk refuses are not tried again: the part is committed as it is
    this.#part(bucket).write(bucket.pieces.subarray(0, filled));
  }

  #roll(bucket: Bucket): void {
    this.#drain(bucket);
    if (bucket.part === undefined) return;
    const pending = bucket.part.close();
    bucket.part = undefined;
    if (this.#checkpoints) this.#pending.push(pending);
    else {
      this.#commit(pending);
      bucket.since = 0;
    }
  }

  #commit(part: PendingPart): void {
    commitPart(part, this.#calls);
    this.#committed.add(1);
  }

  /** Rolls parts that are old, every check interval. */
  flush(): void {
    const now = this.#ctx.clock.nowMs();
    if (now < this.#nextCheckMs) return;
    this.#nextCheckMs = now + this.#options['sink.rolling-policy.check-interval'];
    const oldest = now - this.#options['sink.rolling-policy.rollover-interval'];
    for (const b of this.#buckets.values()) {
      // lines that still wait in memory get a part, so that their age counts too
      this.#drain(b);
      if (b.part !== undefined && b.part.openedMs <= oldest) this.#roll(b);
    }
  }

  finish(): boolean {
    for (const b of this.#buckets.values()) this.#roll(b);
    return false;
  }

  /** Parts closed since the last call. */
  prepareCommit(): Uint8Array[] {
    const out = this.#pending.map((p) => new TextEncoder().encode(JSON.stringify(p)));
    this.#pending = [];
    return out;
  }

  commit(committables: readonly Uint8Array[]): void {
    for (const c of committables) this.#commit(JSON.parse(new TextDecoder().decode(c)) as PendingPart);
  }

  /** Lines whose part nobody sees yet: a crash loses them. */
  retains(): number | undefined {
    return [...this.#buckets.values()].some((b) => b.since > 0) ? this.#batches : undefined;
  }
  released(point: number): boolean {
    return [...this.#buckets.values()].every((b) => b.since === 0 || b.since > point);
  }

  snapshot(): Uint8Array[] {
    for (const b of this.#buckets.values()) this.#drain(b);
    const open = [...this.#buckets.values()].flatMap((b) => (b.part === undefined ? [] : [b.part.snapshot()]));
    const stored: StoredWriter = { counter: this.#counter, open };
    return [new TextEncoder().encode(JSON.stringify(stored))];
  }

  restore(elements: readonly Uint8Array[]): void {
    for (const e of elements) {
      const stored = JSON.parse(new TextDecoder().decode(e)) as StoredWriter;
      this.#counter = Math.max(this.#counter, stored.counter);
      this.#restored.push(...stored.open);
    }
  }

  close(): void {
    for (const b of this.#buckets.values()) b.part?.abandon();
    this.#buckets.clear();
  }
}
