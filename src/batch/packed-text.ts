import { BATCH_ROWS_MAX } from '#abi';
import type { Engine } from '../wasm/engine.js';
import type { Batch } from './batch.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    packText(values: number, validity: number, sel: number, n: number, out: number, room: number, at: number): void;
  }
}

const BLOCK_SHIFT = 10;
const BLOCK_BYTES = 1 << BLOCK_SHIFT;
/** Room per row; what does not fit is decoded string by string. */
const BYTES_PER_ROW = 48;
const NOT_PACKED = 0xffffffff;
/** Fewer rows are decoded string by string. */
const ROWS_MIN = 16;

/**
 * The short ASCII strings of one column of one batch, decoded a block at a time: a call into the runtime per kilobyte instead of per string.
 * A string is a slice of its block's text, so that one which is kept keeps at most a kilobyte alive.
 */
export class PackedText {
  readonly #column: number;
  #engine: Engine | undefined;
  #buffer: Buffer | undefined;
  #out = 0;
  #at = 0;
  #rows = 0;
  readonly #blocks: (string | undefined)[] = [];
  #batch: Batch | undefined;
  #packed = false;

  constructor(column: number) {
    this.#column = column;
  }

  /** Another batch: nothing is packed until the first string is asked for. */
  turn(batch: Batch): void {
    this.#batch = batch;
    this.#packed = false;
  }

  /** The string of a selected row, `length` bytes long; undefined when it is not packed. */
  get(row: number, length: number): string | undefined {
    if (!this.#packed && !this.#pack()) return undefined;
    const pos = this.#engine!.u32[(this.#at >>> 2) + row];
    if (pos === NOT_PACKED) return undefined;
    const block = pos >>> BLOCK_SHIFT;
    const start = pos & (BLOCK_BYTES - 1);
    const text = this.#blocks[block] ?? this.#decode(block);
    return text.substring(start, start + length);
  }

  #decode(block: number): string {
    if (this.#buffer === undefined || this.#buffer.length === 0) this.#buffer = Buffer.from(this.#engine!.memory.buffer as ArrayBuffer);
    const from = this.#out + block * BLOCK_BYTES;
    const text = this.#buffer.toString('latin1', from, from + BLOCK_BYTES);
    this.#blocks[block] = text;
    return text;
  }

  #pack(): boolean {
    const batch = this.#batch!;
    if (batch.selCount < ROWS_MIN || typeof Buffer === 'undefined') return false;
    const { engine } = batch;
    if (this.#engine !== engine || this.#rows < batch.rows) {
      this.#engine = engine;
      this.#rows = Math.max(batch.rows, BATCH_ROWS_MAX);
      this.#out = engine.alloc(this.#rows * BYTES_PER_ROW + BLOCK_BYTES);
      this.#at = engine.alloc(this.#rows * 4);
      this.#buffer = undefined;
    }
    engine.u8.fill(0xff, this.#at, this.#at + batch.rows * 4); // rows that are not selected are not packed
    const c = this.#column;
    engine.kernels.packText(batch.values(c), batch.validity(c), batch.sel, batch.selCount, this.#out, this.#rows * BYTES_PER_ROW, this.#at);
    this.#blocks.length = 0;
    this.#packed = true;
    return true;
  }
}
