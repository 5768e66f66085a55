import { X_ROWS_MAX } from '#abi';
import { JSON_FIRST_RECORDS, JSON_LEARN_RECORDS, JSON_RELEARN_MAX, JSON_RETRY_RECORDS } from '../base/limits.js';
import type { Engine } from '../wasm/engine.js';
import { emitReader } from './json-emit.js';
import { forgetHits, readGraph } from './json-graph.js';

declare module '../wasm/engine.js' {
  interface Kernels {
    jsonEmitted(x: number, emitted: number): void;
    jsonTakeLeft(x: number): number;
    scanLeafAt(x: number, leaf: number): number;
  }
}

/** An emitted reader that leaves more than one record in so many to the graph is replaced: the first, which has seen few records, sooner. */
const LEFT_MAX = 8;
const FIRST_LEFT_MAX = 64;

/**
 * Decides when a decoder's records have shown their shapes and are read by code emitted for them. The graph of shapes learns from the first records; when
 * the emitted reader later leaves many records to it, the graph learns anew and another reader is emitted, a few times at most.
 */
export class ShapeReaders {
  readonly #engine: Engine;
  readonly #context: number;
  readonly #graph: number;
  /** number in the kernels' table, 0 = none yet */
  #slot = 0;
  #constants = 0;
  #constantBytes = 0;
  #emitted = false;
  #attempts = 0;
  /** records until the next look */
  #wait = JSON_FIRST_RECORDS;
  #seen = 0;
  /** what is emitted now, or will be, has seen the first few records only */
  #onTrial = true;

  constructor(engine: Engine, context: number, graph: number) {
    this.#engine = engine;
    this.#context = context;
    this.#graph = graph;
    this.#limit();
  }

  /** Tells that `rows` more were read. True: the kernel came back because there is another reader now. */
  decoded(rows: number): boolean {
    this.#seen += rows;
    const due = this.#seen >= this.#wait;
    const learned = due && !this.#emitted;
    if (learned) this.#emit();
    else if (due) this.#judge();
    if (due) this.#seen = 0;
    this.#limit();
    return learned;
  }

  #judge(): void {
    const left = this.#engine.kernels.jsonTakeLeft(this.#context);
    const most = this.#onTrial ? FIRST_LEFT_MAX : LEFT_MAX;
    this.#onTrial = false;
    this.#wait = 4 * JSON_LEARN_RECORDS;
    if (left * most > this.#seen) this.#learnAgain();
  }

  /** What is learned from ends early: the rest of a block goes to the emitted reader already. */
  #limit(): void {
    this.#engine.u32[(this.#context + X_ROWS_MAX) >>> 2] = this.#emitted ? 0xffff_ffff : this.#wait - this.#seen;
  }

  #emit(): void {
    const nodes = readGraph(this.#engine, this.#graph);
    if (nodes === undefined && this.#onTrial) {
      this.#onTrial = false;
      this.#wait = JSON_LEARN_RECORDS;
      return;
    }
    this.#wait = JSON_RETRY_RECORDS;
    if (nodes === undefined || ++this.#attempts > JSON_RELEARN_MAX) return;
    const k = this.#engine.kernels;
    const { bytes, constants } = emitReader(nodes, (leaf) => k.scanLeafAt(this.#context, leaf) >>> 0);
    if (constants.length > this.#constantBytes) {
      if (this.#constantBytes > 0) this.#engine.free(this.#constants, this.#constantBytes);
      this.#constantBytes = constants.length;
      this.#constants = this.#engine.alloc(constants.length);
    }
    this.#engine.u8.set(constants, this.#constants);
    const exports = this.#engine.link(new WebAssembly.Module(bytes as BufferSource));
    (exports.constants as WebAssembly.Global).value = this.#constants;
    if (this.#slot === 0) this.#slot = k.table.grow(1);
    k.table.set(this.#slot, exports.read);
    k.jsonTakeLeft(this.#context);
    k.jsonEmitted(this.#context, this.#slot);
    this.#emitted = true;
    this.#wait = this.#onTrial ? JSON_LEARN_RECORDS : 4 * JSON_LEARN_RECORDS;
  }

  #learnAgain(): void {
    this.#engine.kernels.jsonEmitted(this.#context, 0);
    forgetHits(this.#engine, this.#graph);
    this.#emitted = false;
    // the more often shapes changed, the longer they must have stayed the same
    this.#wait = JSON_LEARN_RECORDS << (this.#attempts - 1);
  }
}
