import type { Engine } from '../wasm/engine.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();
/** Below this many bytes a loop in JS beats a call into the runtime. */
const SHORT_BYTES = 24;

/** Strings between JS and wasm memory (UTF-8). One per engine user; re-reads its view when the memory has grown. */
export class Text {
  readonly #engine: Engine;
  #buffer: Buffer | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  #view(): Buffer | undefined {
    if (typeof Buffer === 'undefined') return undefined;
    if (this.#buffer === undefined || this.#buffer.length === 0) this.#buffer = Buffer.from(this.#engine.memory.buffer as ArrayBuffer);
    return this.#buffer; // growing the memory detaches it: length 0
  }

  decode(ptr: number, length: number): string {
    const u8 = this.#engine.u8;
    const end = ptr + length;
    if (length < SHORT_BYTES) {
      let s = '';
      let at = ptr;
      for (; at < end; at++) {
        const c = u8[at];
        if (c >= 0x80) break;
        s += String.fromCharCode(c);
      }
      if (at === end) return s;
    }
    const buffer = this.#view();
    return buffer === undefined ? decoder.decode(u8.subarray(ptr, end)) : buffer.toString('utf8', ptr, end);
  }

  /** Bytes `encode` needs room for at most. */
  static bytesMax(text: string): number {
    return text.length * 3;
  }

  /** Writes UTF-8 at `ptr`, where `bytesMax(text)` bytes are free; returns the bytes written. A lone surrogate becomes U+FFFD. */
  encode(text: string, ptr: number): number {
    const u8 = this.#engine.u8;
    const n = text.length;
    if (n < SHORT_BYTES) {
      let i = 0;
      for (; i < n; i++) {
        const c = text.charCodeAt(i);
        if (c >= 0x80) break;
        u8[ptr + i] = c;
      }
      if (i === n) return n;
    }
    const buffer = this.#view();
    return buffer === undefined ? encoder.encodeInto(text, u8.subarray(ptr)).written : buffer.write(text, ptr, n * 3, 'utf8');
  }
}
