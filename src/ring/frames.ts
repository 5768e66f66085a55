import { INPUT_PAD } from '#abi';
import type { FrameReader, FrameWriter } from '../contract/io.js';
import type { Engine } from '../wasm/engine.js';
import type { RingReader, RingWriter } from './ring.js';

/** Frames of one or more rings, taken into wasm memory one at a time. The block is the reader's until the next take. */
export class RingFrameReader implements FrameReader {
  readonly #engine: Engine;
  readonly #ring: RingReader;
  #block = 0;
  #blockBytes = 0;

  constructor(engine: Engine, ring: RingReader) {
    this.#engine = engine;
    this.#ring = ring;
  }

  take(): { ptr: number; length: number } | undefined {
    const length = this.#ring.take((bytes) => {
      const need = bytes + 2 * INPUT_PAD;
      if (need > this.#blockBytes) {
        if (this.#block !== 0) this.#engine.free(this.#block, this.#blockBytes);
        this.#blockBytes = Math.max(need, this.#blockBytes * 2, 1 << 16);
        this.#block = this.#engine.alloc(this.#blockBytes);
      }
      return { view: this.#engine.u8, ptr: this.#block + INPUT_PAD };
    });
    if (length < 0) return undefined;
    this.#engine.u8.fill(0, this.#block + INPUT_PAD + length, this.#block + INPUT_PAD + length + INPUT_PAD);
    return { ptr: this.#block + INPUT_PAD, length };
  }

  get ended(): boolean {
    return this.#ring.ended;
  }
}

/** The consumer's failure fails the whole job through the host; until that arrives its frames are swallowed so that nobody waits for it. */
export class RingFrameWriter implements FrameWriter {
  readonly #engine: Engine;
  readonly #ring: RingWriter;

  constructor(engine: Engine, ring: RingWriter) {
    this.#engine = engine;
    this.#ring = ring;
  }

  offer(ptr: number, length: number): boolean {
    return this.#ring.consumerFailed || this.#ring.offer(this.#engine.u8, ptr, length);
  }
  get failed(): boolean {
    return this.#ring.consumerFailed;
  }
  get pending(): number {
    return this.#ring.consumerFailed ? 0 : this.#ring.pending;
  }
}
