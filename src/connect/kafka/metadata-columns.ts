import { T_I32, T_I64, T_STR } from '#abi';
import { MillraceError } from '../../base/errors.js';
import type { Batch } from '../../batch/batch.js';
import type { SourceConfig } from '../../contract/source.js';
import { flatten, typeCode } from '../../types/leaf.js';
import type { Engine } from '../../wasm/engine.js';
import type { RecordCursor } from './record-cursor.js';

const ATTRIBUTE_LOG_APPEND_TIME = 8;

type Metadata = 'topic' | 'partition' | 'leader-epoch' | 'offset' | 'timestamp' | 'timestamp-type' | 'headers';
const CODES: Readonly<Record<Metadata, number>> = {
  topic: T_STR,
  partition: T_I32,
  'leader-epoch': T_I32,
  offset: T_I64,
  timestamp: T_I64,
  'timestamp-type': T_STR,
  headers: T_STR,
};

/** Fills the metadata columns of decoded rows. */
export class MetadataColumns {
  readonly #engine: Engine;
  readonly #columns: readonly { readonly key: Metadata; readonly leaf: number }[];
  readonly #texts: [ptr: number, bytes: number][] = [];
  readonly #createTime: bigint;
  readonly #logAppendTime: bigint;
  /** a column is the same for a whole record batch: a call of the cursor must not pass from one batch to the next */
  readonly perBatch: boolean;

  /** a column holds the records' headers */
  readonly headers: boolean;

  constructor(config: SourceConfig, engine: Engine) {
    this.#engine = engine;
    this.#columns = columnsOf(config);
    this.headers = this.#columns.some((m) => m.key === 'headers');
    this.perBatch = this.#columns.some((m) => m.key === 'leader-epoch' || m.key === 'timestamp-type');
    this.#createTime = this.perBatch ? this.#text('CreateTime') : 0n;
    this.#logAppendTime = this.perBatch ? this.#text('LogAppendTime') : 0n;
  }

  /** The topic as a value for `fill`; 0n when no column wants it. */
  topicName(topic: string): bigint {
    return this.#columns.some((m) => m.key === 'topic') ? this.#text(topic) : 0n;
  }

  /** Rows [0, rows) of the batch come from the cursor's slices first + rowSlice[row]. */
  fill(batch: Batch, cursor: RecordCursor, rowSlice: number, rows: number, first: number, partition: number, topicName: bigint): void {
    const { kernels } = this.#engine;
    for (const { key, leaf } of this.#columns) {
      const values = batch.values(leaf);
      const validity = batch.validity(leaf);
      if (key === 'offset') kernels.kafkaGather(values, validity, cursor.offsets + 8 * first, rowSlice, rows, 0);
      else if (key === 'timestamp') kernels.kafkaGather(values, validity, cursor.times + 8 * first, rowSlice, rows, 0);
      else if (key === 'headers') kernels.kafkaGather(values, validity, cursor.headers + 8 * first, rowSlice, rows, 0);
      else if (key === 'leader-epoch') {
        if (cursor.leaderEpoch >= 0) this.#same32(values, validity, rows, cursor.leaderEpoch);
      } else if (key === 'partition') this.#same32(values, validity, rows, partition);
      else if (key === 'topic') this.#same64(values, validity, rows, topicName);
      else this.#same64(values, validity, rows, (cursor.attributes & ATTRIBUTE_LOG_APPEND_TIME) !== 0 ? this.#logAppendTime : this.#createTime);
    }
  }

  close(): void {
    for (const [ptr, bytes] of this.#texts) this.#engine.free(ptr, bytes);
    this.#texts.length = 0;
  }

  #same32(values: number, validity: number, rows: number, value: number): void {
    this.#engine.i32.fill(value, values >>> 2, (values >>> 2) + rows);
    this.#present(validity, rows);
  }
  #same64(values: number, validity: number, rows: number, value: bigint): void {
    this.#engine.i64.fill(value, values >>> 3, (values >>> 3) + rows);
    this.#present(validity, rows);
  }
  #present(validity: number, rows: number): void {
    if (validity !== 0) this.#engine.u8.fill(0xff, validity, validity + ((rows + 7) >>> 3));
  }

  /** A text in wasm memory as one value of a string column: length << 32 | pointer. */
  #text(s: string): bigint {
    const bytes = new TextEncoder().encode(s);
    const size = bytes.length + 64;
    const p = this.#engine.alloc(size);
    this.#texts.push([p, size]);
    this.#engine.u8.set(bytes, p);
    return (BigInt(bytes.length) << 32n) | BigInt(p);
  }
}

function columnsOf(config: SourceConfig): { key: Metadata; leaf: number }[] {
  const leaves = flatten(config.schema);
  const out: { key: Metadata; leaf: number }[] = [];
  config.schema.fields.forEach((field, i) => {
    const key = config.metadata[i];
    if (key === undefined) return;
    const leaf = leaves.findIndex((l) => l.path.length === 1 && l.path[0] === field.name);
    const code = CODES[key as Metadata];
    if (code === undefined || typeCode(field.type) !== code) {
      throw new MillraceError('NOT_SUPPORTED', `the metadata '${key}' cannot be read into the column '${field.name}' of that type`, {
        place: { operator: config.tableName },
        remedy: "Declare it with the type Flink's Kafka connector documents, and CAST it in the query.",
      });
    }
    out.push({ key: key as Metadata, leaf });
  });
  return out;
}
