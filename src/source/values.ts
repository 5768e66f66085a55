import { T_BOOL, T_F32, T_F64, T_I8, T_I16, T_I32, T_I64, T_I128, T_STR } from '#abi';
import { MillraceError } from '../base/errors.js';
import { allocBatch, type Batch } from '../batch/batch.js';
import type { ValuesConfig } from '../contract/nodes.js';
import { EMPTY_SNAPSHOT, type OperatorSnapshot } from '../contract/operator.js';
import { POLL_END, POLL_ROWS } from '../contract/source.js';
import { type Leaf, typeCode } from '../types/leaf.js';
import type { Engine } from '../wasm/engine.js';
import type { SourceEvents } from './driver.js';

type Value = ValuesConfig['rows'][number][number];

/** Drives kind 'values': literal rows in batches, then the end. Its position is the number of rows given. */
export class ValuesDriver {
  readonly #rows: ValuesConfig['rows'];
  readonly #engine: Engine;
  readonly #batch: Batch;
  readonly #events: SourceEvents;
  /** texts of all rows, pinned for the driver's life */
  readonly #texts = new Map<string, { ptr: number; length: number; bytes: number }>();
  #next = 0;
  #ended = false;

  constructor(config: ValuesConfig, engine: Engine, leaves: readonly Leaf[], events: SourceEvents) {
    if (leaves.some((l) => l.type.root === 'ROW'))
      throw new MillraceError('NOT_SUPPORTED', 'ROW values in VALUES', { remedy: 'Select their fields one by one.' });
    this.#rows = config.rows;
    this.#engine = engine;
    this.#batch = allocBatch(engine, leaves);
    this.#events = events;
    for (const row of config.rows) for (const v of row) if (typeof v === 'string') this.#pin(v);
  }

  #pin(text: string): void {
    if (this.#texts.has(text)) return;
    const utf8 = new TextEncoder().encode(text);
    const bytes = utf8.length + 64;
    const ptr = this.#engine.alloc(bytes);
    this.#engine.u8.set(utf8, ptr);
    this.#texts.set(text, { ptr, length: utf8.length, bytes });
  }

  step(): number {
    if (this.#ended) return POLL_END;
    if (this.#next >= this.#rows.length) {
      this.#ended = true;
      this.#events.end();
      return POLL_END;
    }
    const batch = this.#batch;
    batch.clear();
    const n = Math.min(batch.capacity, this.#rows.length - this.#next);
    for (let r = 0; r < n; r++) {
      const row = this.#rows[this.#next + r];
      for (let c = 0; c < batch.leaves.length; c++) this.#set(batch, c, r, row[c]);
    }
    this.#next += n;
    batch.selectAll(n);
    this.#events.batch(batch);
    return POLL_ROWS;
  }

  #set(batch: Batch, column: number, row: number, value: Value): void {
    if (value === null) return;
    batch.setPresent(column, row);
    const engine = this.#engine;
    const p = batch.values(column);
    switch (typeCode(batch.leaves[column].type)) {
      case T_BOOL:
      case T_I8:
        engine.u8[p + row] = Number(value);
        break;
      case T_I16:
        new DataView(engine.memory.buffer).setInt16(p + 2 * row, Number(value), true);
        break;
      case T_I32:
        engine.i32[(p >>> 2) + row] = Number(value);
        break;
      case T_I64:
        engine.i64[(p >>> 3) + row] = BigInt(value);
        break;
      case T_F32:
        new DataView(engine.memory.buffer).setFloat32(p + 4 * row, Number(value), true);
        break;
      case T_F64:
        engine.f64[(p >>> 3) + row] = Number(value);
        break;
      case T_I128:
        engine.i64[(p >>> 3) + 2 * row] = BigInt.asIntN(64, BigInt(value));
        engine.i64[(p >>> 3) + 2 * row + 1] = BigInt(value) >> 64n;
        break;
      case T_STR: {
        const t = this.#texts.get(String(value))!;
        engine.u32[(p >>> 2) + 2 * row] = t.ptr;
        engine.u32[(p >>> 2) + 2 * row + 1] = t.length;
        break;
      }
    }
  }

  wakeupMs(): number | undefined {
    return undefined;
  }

  snapshot(): OperatorSnapshot {
    return { ...EMPTY_SNAPSHOT, list: [new TextEncoder().encode(String(this.#next))] };
  }
  restore(snapshot: OperatorSnapshot): void {
    for (const e of snapshot.list) this.#next = Number(new TextDecoder().decode(e));
  }

  close(): void {
    for (const t of this.#texts.values()) this.#engine.free(t.ptr, t.bytes);
    this.#texts.clear();
  }
}
