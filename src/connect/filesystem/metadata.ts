import { basename } from 'node:path';
import type { Batch } from '../../batch/batch.js';
import type { SourceConfig } from '../../contract/source.js';
import { leafCount } from '../../types/leaf.js';
import { BIGINT, type LogicalType, STRING, TIMESTAMP_LTZ } from '../../types/logical.js';
import type { Engine } from '../../wasm/engine.js';
import type { InputFile } from './listing.js';

/** Metadata columns a table may declare, with Flink's keys and types. */
export const FILE_METADATA: Readonly<Record<string, { type: LogicalType; writable: boolean }>> = {
  'file.path': { type: STRING(false), writable: false },
  'file.name': { type: STRING(false), writable: false },
  'file.size': { type: BIGINT(false), writable: false },
  'file.modification-time': { type: TIMESTAMP_LTZ(3, false), writable: false },
};

/** Fills a batch's metadata columns: the same value for every row, because a batch's rows come from one file. */
export class MetadataColumns {
  readonly #engine: Engine;
  readonly #files: readonly InputFile[];
  readonly #columns: { readonly leaf: number; readonly key: string }[] = [];
  /** the file whose texts stand in memory */
  #file = -1;
  #text = 0;
  #textBytes = 0;
  #pathLength = 0;
  #nameStart = 0;

  constructor(engine: Engine, config: SourceConfig, files: readonly InputFile[]) {
    this.#engine = engine;
    this.#files = files;
    let leaf = 0;
    config.schema.fields.forEach((f, i) => {
      const key = config.metadata[i];
      if (key !== undefined) this.#columns.push({ leaf, key });
      leaf += leafCount(f.type);
    });
  }

  fill(batch: Batch, file: number): void {
    if (this.#columns.length === 0) return;
    if (file !== this.#file) this.#load(file);
    const f = this.#files[file];
    const rows = batch.rows;
    for (const { leaf, key } of this.#columns) {
      const values = batch.values(leaf);
      if (key === 'file.size' || key === 'file.modification-time') {
        this.#engine.i64.fill(BigInt(key === 'file.size' ? f.bytes : f.modifiedMs), values >>> 3, (values >>> 3) + rows);
      } else {
        const from = key === 'file.name' ? this.#nameStart : 0;
        const u32 = this.#engine.u32;
        for (let r = 0, at = values >>> 2; r < rows; r++, at += 2) {
          u32[at] = this.#text + from;
          u32[at + 1] = this.#pathLength - from;
        }
      }
      const validity = batch.validity(leaf);
      if (validity !== 0) this.#engine.u8.fill(0xff, validity, validity + ((rows + 7) >>> 3));
    }
  }

  #load(file: number): void {
    this.close();
    const path = new TextEncoder().encode(this.#files[file].path);
    this.#textBytes = path.length + 64;
    this.#text = this.#engine.alloc(this.#textBytes);
    this.#engine.u8.set(path, this.#text);
    this.#pathLength = path.length;
    this.#nameStart = path.length - new TextEncoder().encode(basename(this.#files[file].path)).length;
    this.#file = file;
  }

  close(): void {
    if (this.#text !== 0) this.#engine.free(this.#text, this.#textBytes);
    this.#text = 0;
    this.#file = -1;
  }
}
